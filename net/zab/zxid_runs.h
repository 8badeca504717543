/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zxid_runs.h - which transactions our history holds, from some point on.
 *
 * Within an epoch zxids have no gaps, so a history is one run for each epoch
 * that has any, and whether a zxid is in it is answered without reading.
 * What lies before the first run is not known here; when there are too many
 * runs the oldest is forgotten.  Pure.
 */
#ifndef NET_ZAB_ZXID_RUNS_H
#define NET_ZAB_ZXID_RUNS_H

#include "daemon/types.h"

enum { ZXID_RUNS_MAX = 64 };

struct zxid_runs {
    uint32_t count; /* at least 1 */
    struct {
        zxid_t first, last;
    } run[ZXID_RUNS_MAX]; /* oldest first */
};

/* The history ends with `last`, which may be no transaction: epoch<<32. */
void zxid_runs_begin(struct zxid_runs *r, zxid_t last);

/* The next one; above all before. */
void zxid_runs_add(struct zxid_runs *r, zxid_t zxid);

/* Forget all above `zxid`, which then ends the history. */
void zxid_runs_cut(struct zxid_runs *r, zxid_t zxid);

static inline zxid_t
zxid_runs_first(const struct zxid_runs *r)
{
    return r->run[0].first;
}

static inline zxid_t
zxid_runs_last(const struct zxid_runs *r)
{
    return r->run[r->count - 1].last;
}

/*
 * The largest not above `zxid`, and the smallest above it; 0: none is known.
 * Where `zxid` is before the first run, a smaller one above it may be unknown.
 */
zxid_t zxid_runs_floor(const struct zxid_runs *r, zxid_t zxid);
zxid_t zxid_runs_ceiling(const struct zxid_runs *r, zxid_t zxid);

#endif
