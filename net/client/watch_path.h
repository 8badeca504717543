/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_path.h - the watched paths, and hints of who may watch them.
 *
 * A path's place in the arena, and that of its hints if it has had more than
 * one watcher; the only watcher of a path is always live.
 *
 *      0  struct wpath   12 bytes        0  struct hints   12 bytes
 *     12  the path                      12  connections
 *
 * Private to watch*.c.  Pure.
 */
#ifndef NET_CLIENT_WATCH_PATH_H
#define NET_CLIENT_WATCH_PATH_H

#include "net/client/watch_set.h"

enum { WATCH_BUCKETS_FIRST = 64 };

/* The modes that each table serves. */
enum {
    WATCH_IN_DATA = WATCH_DATA | WATCH_PERSISTENT | WATCH_RECURSIVE,
    WATCH_IN_CHILD = WATCH_CHILD | WATCH_PERSISTENT
};

struct wpath {
    uint32_t next;      /* in the bucket */
    uint32_t hints;     /* the only watcher, or a handle of struct hints */
    uint32_t size : 31; /* of the path */
    uint32_t is_many : 1;
    uint8_t path[];
};

enum {
    HINT_COUNT_BITS = 22,
    HINT_COUNT_MAX = (1 << HINT_COUNT_BITS) - 1,
};

_Static_assert((int)HINT_COUNT_BITS > (int)WATCH_CONN_BITS,
               "every connection may watch a path");

/*
 * `modes`: in no other way does anybody watch the path; in these somebody may,
 * or did.  So an event that concerns none of them costs no look at each.
 */
struct hints {
    uint32_t count;                  /* stale ones included */
    uint32_t live;                   /* connections that watch the path */
    uint32_t data : HINT_COUNT_BITS; /* of those, in the data table */
    uint32_t modes : WATCH_MODE_BITS;
    uint32_t log2 : 6; /* of the words, this head included */
    uint32_t conn[];
};

static inline struct wpath *
watch_path_at(const struct watch *w, uint32_t handle)
{
    return watch_at(&w->arena, handle);
}

static inline struct bytes
watch_path_bytes(const struct wpath *p)
{
    return (struct bytes){p->path, (int32_t)p->size};
}

static inline struct hints *
watch_path_hints(const struct watch *w, const struct wpath *p)
{
    return watch_at(&w->arena, p->hints);
}

static inline struct watch_set *
watch_set_of(const struct watch *w, uint32_t conn)
{
    return &w->set[conn & ((1U << WATCH_CONN_BITS) - 1)];
}

/* The handle of `path`, or 0. */
uint32_t watch_path_find(const struct watch *w, struct bytes path);

/*
 * Each watched path above `path`, from the root down.  A path may have
 * thousands of levels: each costs the same.
 */
typedef void watch_above_fn(struct watch *w, uint32_t handle, void *arg);
void watch_each_above(struct watch *w, struct bytes path, watch_above_fn *above,
                      void *arg);

/* A path that is not there yet, with no watcher; 0 when memory is out. */
uint32_t watch_path_new(struct watch *w, struct bytes path);
void watch_path_free(struct watch *w, uint32_t handle);

/* The entry of a hint in its connection's set, or NULL if it is stale. */
uint32_t *watch_hint_entry(const struct watch *w, uint32_t handle,
                           uint32_t conn);

/* One more hint; false when memory is out. */
bool watch_hint_add(struct watch *w, uint32_t handle, uint32_t conn);

/* `count` hints are left in the block: one needs none, few a smaller one. */
void watch_hints_keep(struct watch *w, struct wpath *p, uint32_t count);

/* A number that no connection has: for a trigger, or a walk over hints. */
void watch_next_stamp(struct watch *w);

/* Drop hints that tell nothing any more, or tell it twice. */
void watch_hints_sweep(struct watch *w, struct wpath *p, uint32_t handle);

#endif
