/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history.h - what a leader's history can give to a learner that is behind.
 *
 * The leader core asks two questions of its own past and does not know where
 * the answers come from: the server looks into ring, log files and image
 * (repl_history.c), the simulator into an array.  sync_decide is the choice
 * between DIFF, TRUNC and SNAP, made from facts alone.  Pure.
 *
 * ZK: LearnerHandler.syncFollower (spec/quorum-protocol.md 4.6)
 */
#ifndef NET_ZAB_HISTORY_H
#define NET_ZAB_HISTORY_H

#include "daemon/types.h"

enum sync_op { SYNC_DIFF, SYNC_TRUNC, SYNC_SNAP };

/* How a learner is brought up. */
struct sync_plan {
    enum sync_op op;
    zxid_t zxid;   /* of the packet: DIFF the end of the history, TRUNC what
                      stays; SNAP: known when the snapshot is taken */
    zxid_t from;   /* transactions behind this one follow; not for SNAP */
    zxid_t common; /* SNAP: our last that is not above the learner's last, which
                      is not ours; 0: that is ours, or nobody knows */
};

struct sync_facts {
    zxid_t learner; /* its last logged transaction */
    zxid_t end;     /* of the history that counts as committed */
    zxid_t floor;   /* the largest in our history that is not above
                       `learner`; 0: that is older than what we can read */
    zxid_t ceiling; /* the smallest in our history above `learner`; 0: none */
    bool must_snap; /* forceSnapshotSync, or reading the log costs more */
};

struct sync_plan sync_decide(const struct sync_facts *facts);

struct history {
    void *arg;
    /* How to bring the learner in `slot`, whose last is `last`, to `end`. */
    struct sync_plan (*plan)(void *arg, uint32_t slot, zxid_t last, zxid_t end);
    /*
     * The first transaction behind `after`, borrowed until the next call.
     * 1: there it is; 0: there is none yet, or it is still being read: ask
     * again; -errno: it can no longer be had, close the learner.
     */
    int (*next)(void *arg, uint32_t slot, zxid_t after, zxid_t *zxid,
                struct bytes *txn);
};

#endif
