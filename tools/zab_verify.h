/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zab_verify.h - whether an image is what it says it is.
 *
 * Three digests must agree: the sum over all nodes as they are there, the one
 * that the image keeps as it changes, and the leader's in the transaction log.
 * And each node has a parent, each ephemeral an entry in its session's list.
 */
#ifndef TOOLS_ZAB_VERIFY_H
#define TOOLS_ZAB_VERIFY_H

#include "storage/image/image.h"
#include "tools/zab_node.h"

/* What to do about a damaged one, while its server may be running. */
extern const char zab_image_remedy[];

/* Sees one node; a negative result ends the walk. */
typedef int zab_visit_fn(void *arg, struct bytes path,
                         const struct image_row *row);

/* Visit every node of the image under `txn`. */
int zab_each_node(const struct image *im, MDB_txn *txn, zab_visit_fn *visit,
                  void *arg);

struct zab_verdict {
    struct zab_count count;
    struct image_meta meta;
    uint64_t orphans;  /* nodes without a parent */
    uint64_t unlisted; /* ephemerals that no session would delete */
    bool has_log_digest;
    uint64_t log_digest; /* as of meta.zxid */
};

/*
 * Look at everything; `progress` may be NULL.  0 with `v`; or -errno, and
 * `e` tells, when image or log cannot be read.  A bad verdict is a 0.
 */
int zab_verify(struct image *im, const char *log_dir, progress_fn *progress,
               void *progress_arg, struct zab_verdict *v, struct data_error *e);

/* Print it; true: all agrees. */
bool zab_put_verdict(FILE *to, const struct zab_verdict *v);

#endif
