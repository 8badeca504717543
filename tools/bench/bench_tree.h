/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_tree.h - the znodes that a run works on: names, making, removing.
 *
 *     PREFIX
 *       dNNNNNN/kNNNNNNNN    keys, 1,000 to a parent
 *       wNNNNNN/...          what the workload itself creates
 *       list/cNNNNNN         what `children' lists
 *
 * Names have a fixed length, so every request of a workload has one, too.
 */
#ifndef TOOLS_BENCH_BENCH_TREE_H
#define TOOLS_BENCH_BENCH_TREE_H

#include "tools/bench/bench_hist.h"
#include "tools/bench/bench_loop.h"

enum {
    BENCH_KEYS_PER_PARENT = 1000,
    BENCH_WORK_PARENTS = 64,
    BENCH_PATH_BYTES = 256,
};

struct bench_path {
    char text[BENCH_PATH_BYTES];
    struct bytes bytes; /* borrows text */
};

struct bench_tree {
    char prefix[204];
    bool is_ours;                  /* we made it, so we may remove it */
    const struct bench_opts *opts; /* borrowed */
};

/* What a workload wants to find. */
enum bench_needs {
    NEED_KEYS = 1,
    NEED_WORK_PARENTS = 2,
    NEED_LIST = 4,
    NEED_KEY_PARENTS = 8, /* the parents only */
};

void bench_tree_init(struct bench_tree *t, const struct bench_opts *opts);

/* The names; of some there is one only.  `p` is written whole each time. */
typedef void bench_name_fn(const struct bench_tree *t, uint64_t n,
                           struct bench_path *p);
void bench_path_key(const struct bench_tree *t, uint64_t key,
                    struct bench_path *p);
void bench_path_key_parent(const struct bench_tree *t, uint64_t n,
                           struct bench_path *p);
void bench_path_work_parent(const struct bench_tree *t, uint64_t n,
                            struct bench_path *p);
void bench_path_list(const struct bench_tree *t, uint64_t n,
                     struct bench_path *p);
void bench_path_list_child(const struct bench_tree *t, uint64_t n,
                           struct bench_path *p);

/* The n-th node that connection `conn` creates; maybe a sequence follows. */
void bench_path_work(const struct bench_tree *t, unsigned conn, uint64_t n,
                     struct bench_path *p);

/* `size` bytes that differ from key to key; borrowed from a static pool. */
struct bytes bench_data(uint64_t key, uint64_t size);

/*
 * Create name(0) .. name(count - 1) with `value_size` bytes each, `batch` to
 * a multi (1: plain creates), `depth` requests in flight a connection.
 * Latencies of requests go to `hist` unless it is NULL, the number of znodes
 * created to *made.  0 or -errno, as bench_loop_run; a znode that could not be
 * created is an error, too.
 */
struct bench_making {
    const char *label;
    bench_name_fn *name;
    uint64_t count;
    uint64_t value_size;
    unsigned batch;
    unsigned depth;
    struct bench_hist *hist;
    uint64_t made;
};

int bench_tree_make(struct bench_tree *t, struct bench_loop *l,
                    struct bench_making *making);

/* Create what `needs` says, a set of enum bench_needs. */
int bench_tree_prepare(struct bench_tree *t, struct bench_loop *l,
                       unsigned needs);

/* Delete everything under the prefix, and it. */
int bench_tree_remove(struct bench_tree *t, struct bench_loop *l);

/* The longest request that any workload of these options makes, in bytes. */
size_t bench_request_max(const struct bench_opts *opts);

#endif
