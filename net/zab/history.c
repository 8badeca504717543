/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history.c - DIFF, TRUNC or SNAP; see history.h.  Pure; any process.
 *
 * Why a few facts suffice: whoever holds transaction (e,1) or a later one of
 * epoch e holds all that leader e began with, because only an established
 * leader proposes.  So the learner's history and ours are equal up to the
 * smaller one of two transactions of one epoch.  And if we have none of an
 * epoch of which the learner has some, what its leader began with, which is
 * committed, ends with our last one before.
 *
 * ZK: LearnerHandler.syncFollower and queueCommittedProposals
 *     (spec/quorum-protocol.md 4.6, 14.3)
 */
#include "net/zab/history.h"

/* epoch<<32 names the beginning of an epoch, 0 an empty history. */
static bool
is_transaction(zxid_t zxid)
{
    return zxid_counter(zxid) != 0;
}

/*
 * Ours: whoever takes a snapshot gives up what it has beyond that, and may know
 * that it was acknowledged.  Not asked of the beginning of an epoch, which is
 * in no history.
 */
static zxid_t
common_with(const struct sync_facts *f)
{
    return is_transaction(f->learner) && f->floor < f->learner ? f->floor : 0;
}

static struct sync_plan
snap(const struct sync_facts *f)
{
    return (struct sync_plan){.op = SYNC_SNAP, .common = common_with(f)};
}

static struct sync_plan
diff(const struct sync_facts *f, zxid_t from)
{
    return (struct sync_plan){SYNC_DIFF, f->end, from, 0};
}

/* Only to a transaction: a log cut elsewhere may keep one too many. */
static struct sync_plan
trunc_to(const struct sync_facts *f, zxid_t zxid)
{
    if (!is_transaction(zxid))
        return snap(f);
    return (struct sync_plan){SYNC_TRUNC, zxid, zxid, 0};
}

/*
 * The learner is at the beginning of an epoch.  It holds what that leader
 * began with, and so do we if we hold the leader's first transaction;
 * otherwise that leader may have begun with more than survived.
 *
 * Ours: Apache gives it DIFF whenever the zxid is in its range.
 */
static struct sync_plan
from_epoch_start(const struct sync_facts *f)
{
    if (f->learner > 0 && f->ceiling == f->learner + 1)
        return diff(f, f->learner);
    return snap(f);
}

struct sync_plan
sync_decide(const struct sync_facts *f)
{
    if (f->must_snap)
        return snap(f);
    if (f->learner == f->end)
        return diff(f, f->end);
    if (!is_transaction(f->end))
        return snap(f); /* no transactions lead there */
    if (f->learner > f->end)
        return is_transaction(f->learner) ? trunc_to(f, f->end) : snap(f);
    if (f->floor > 0 && f->floor == f->learner)
        return diff(f, f->learner);
    if (!is_transaction(f->learner))
        return from_epoch_start(f);
    /* Ours: across epochs, too, where Apache sends a snapshot; an older one
       than the learner's log would take back what is committed, until the
       rest has followed. */
    return trunc_to(f, f->floor);
}
