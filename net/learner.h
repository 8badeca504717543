/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learner.h - a follower or an observer, the pure core.
 *
 * One `struct learner` is one connection to a leader, from the first word to
 * the end.  It is told what happened and appends to `out` what to do, in the
 * order to do it.
 *
 *   DISCOVERY   our info is sent; LEADER_INFO comes
 *   PROMISING   the new acceptedEpoch goes to disk, then ACK_EPOCH
 *   AWAITING    DIFF, TRUNC or SNAP comes
 *   CUTTING     the log is cut (TRUNC)
 *   SNAPPING    a snapshot comes and is made durable (SNAP)
 *   SYNCING     PROPOSAL+COMMIT pairs come, then NEW_LEADER
 *   SEALING     everything received goes to disk, then currentEpoch does
 *   SEALED      NEW_LEADER is acknowledged; UP_TO_DATE comes
 *   BROADCAST   serves; PROPOSAL, COMMIT, INFORM, PING, SYNC, ...
 *   OVER        nothing any more
 *
 * An ACK leaves only after what it acknowledges is on disk: LEARNER_ACK comes
 * out of learner_durable and learner_stored alone.
 *
 * Life: learner_init, then the events; it owns nothing, allocates nothing.
 *
 * ZK: Learner.syncWithLeader, Follower, Observer
 *     (spec/quorum-protocol.md 4.5, 4.8 to 4.10, 5.4, 14)
 */
#ifndef NET_LEARNER_H
#define NET_LEARNER_H

#include "net/qpacket.h"

enum { LEARNER_ACTS_MAX = 8, LEARNER_RUNS_MAX = 8 };

enum learner_state {
    LEARNER_DISCOVERY,
    LEARNER_PROMISING,
    LEARNER_AWAITING,
    LEARNER_CUTTING,
    LEARNER_SNAPPING,
    LEARNER_SYNCING,
    LEARNER_SEALING,
    LEARNER_SEALED,
    LEARNER_BROADCAST,
    LEARNER_OVER,
};

struct learner_conf {
    sid_t me;
    bool is_observer;
    int64_t accepted, current; /* epochs as on disk */
    zxid_t last;               /* of our log, committed or not */
    bool wants_snap;           /* our history is of no use: claim none */
    int64_t config_version;
    int32_t tick_ms;
    int32_t init_ticks, sync_ticks;
    int32_t silence_ms; /* a leader that is zabd, too, and silent for so long
                           is dead; 0: sync_ticks decide */
};

/* Transactions received and not committed: zxids without a gap. */
struct learner_run {
    zxid_t first, last;
};

struct learner {
    struct learner_conf conf;
    enum learner_state state;
    int64_t epoch;        /* the leader's */
    bool is_leader_zabd;
    bool is_stored;       /* SEALING: history is on disk, epoch on its way */
    zxid_t last;          /* received, or had before */
    zxid_t durable;       /* on our disk */
    zxid_t committed;
    zxid_t acked;         /* told to the leader one by one */
    mono_ms_t heard;
    struct learner_run run[LEARNER_RUNS_MAX]; /* pending, oldest first */
    uint32_t run_count;
};

enum learner_act_kind {
    LEARNER_SEND,           /* `packet` to the leader */
    LEARNER_PONG,           /* PING of `zxid` back, with the touched sessions */
    LEARNER_ACK,            /* one ACK for each zxid of `from`..`zxid` */
    LEARNER_STORE_ACCEPTED, /* `epoch` to disk, then learner_stored */
    LEARNER_STORE_CURRENT,  /* likewise */
    LEARNER_TRUNCATE,       /* cut the log behind `zxid`: learner_truncated */
    LEARNER_TAKE_SNAP,      /* the payload follows on the connection, and
                               replaces all we have: learner_snapped */
    LEARNER_APPEND,         /* `packet` is a transaction: publish it */
    LEARNER_COMMIT,         /* everything up to `zxid` is committed */
    LEARNER_SERVE,          /* up to date: serve clients */
    LEARNER_SYNCED,         /* the oldest sync has come back */
    LEARNER_REVALIDATED,    /* `packet` answers for a session */
    LEARNER_GIVE_UP,        /* this connection is over */
};

struct learner_act {
    enum learner_act_kind kind;
    int64_t epoch;
    zxid_t zxid, from;
    struct qpacket packet; /* APPEND, REVALIDATED: borrowed from the event;
                              its data is the transaction's bytes */
    uint8_t small[32];     /* LEARNER_SEND keeps short data here */
    const char *why;       /* for the log */
};

struct learner_out {
    uint32_t count;
    struct learner_act act[LEARNER_ACTS_MAX];
};

/* Connected: says who we are. */
void learner_init(struct learner *l, const struct learner_conf *conf,
                  mono_ms_t now, struct learner_out *out);

void learner_hear(struct learner *l, const struct qpacket *p, mono_ms_t now,
                  struct learner_out *out);

/* The epoch of the last LEARNER_STORE_* is on disk. */
void learner_stored(struct learner *l, mono_ms_t now, struct learner_out *out);

/* Our log is on disk up to `zxid`. */
void learner_durable(struct learner *l, zxid_t zxid, mono_ms_t now,
                     struct learner_out *out);

/* The cut is done; rc 0, or -ENOENT: that transaction is not in our log. */
void learner_truncated(struct learner *l, int rc, mono_ms_t now,
                       struct learner_out *out);

/* What SNAP brought is durable and in the tree, exact at `zxid`. */
void learner_snapped(struct learner *l, zxid_t zxid, mono_ms_t now,
                     struct learner_out *out);

/* Bytes came that are no whole packet yet, or are of a snapshot. */
void learner_stirs(struct learner *l, mono_ms_t now);

/* Time passed; a few times a tick, and a few times each silence_ms. */
void learner_tick(struct learner *l, mono_ms_t now, struct learner_out *out);

/* The guarantees above hold; for tests and the simulator. */
void learner_check(const struct learner *l);

#endif
