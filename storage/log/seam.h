/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seam.h - where one epoch's transactions end and another's begin.
 *
 * Within an epoch each transaction has the next number, so a missing one is
 * seen.  Those of another epoch begin with 1, whatever the last number before
 * was: if that transaction is missing with its file, only the trees tell.  In
 * each transaction the leader says what its tree's digest is after it.  A
 * replay that agreed with the last one of an epoch, but not with the first one
 * of the next, has missed what was between.
 *
 * Pure; for what replays a log at a start.
 */
#ifndef STORAGE_LOG_SEAM_H
#define STORAGE_LOG_SEAM_H

#include "daemon/types.h"

struct seam {
    zxid_t last; /* replayed */
    bool agreed; /* its digest was the tree's */
    bool is_on;  /* another epoch has begun since, without a digest so far */
};

/* Whether `zxid`, which comes next, begins another epoch. */
static inline bool
seam_is_before(const struct seam *s, zxid_t zxid)
{
    return zxid_epoch(zxid) != zxid_epoch(s->last);
}

/*
 * `zxid` was replayed: whether it has a digest, and whether that is the tree's.
 * False: transactions are missing between s->last and this one.
 */
static inline bool
seam_step(struct seam *s, zxid_t zxid, bool has_digest, bool agrees)
{
    s->is_on = seam_is_before(s, zxid) ? s->agreed : s->is_on;
    if (has_digest && s->is_on && !agrees)
        return false;
    s->last = zxid;
    if (has_digest) {
        s->agreed = agrees;
        s->is_on = false;
    }
    return true;
}

#endif
