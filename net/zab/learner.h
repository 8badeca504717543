/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learner.h - a follower or an observer, the pure core.
 *
 * One `struct learner` is one connection to a leader, from the first word to
 * the end.  It is told what happened and appends to `out` what to do, in the
 * order to do it.  What each state promises:
 *
 *   DISCOVERY   our info is sent; LEADER_INFO comes
 *   PROMISING   the new acceptedEpoch goes to disk, then ACK_EPOCH
 *   AWAITING    DIFF, TRUNC or SNAP comes
 *   CUTTING     the log is cut (TRUNC); the shell reads nothing
 *   SNAPPING    a snapshot comes and is made durable (SNAP); the shell reads
 *               the payload and no packet behind it
 *   SYNCING     PROPOSAL+COMMIT pairs come, then NEW_LEADER
 *   SEALING     everything before NEW_LEADER goes to disk, then currentEpoch
 *   SEALED      NEW_LEADER is acknowledged; UP_TO_DATE comes
 *   BROADCAST   serves; PROPOSAL, COMMIT, INFORM, PING, SYNC, ...
 *   OVER        nothing any more
 *
 * Four marks, all in our own history:
 *
 *      committed <= agreed <= last     durable <= last     acked <= durable
 *
 * Before UP_TO_DATE the leader's COMMITs are its opinion: it sends them for
 * its whole log, and no quorum may have that yet.  They raise `agreed`; with
 * UP_TO_DATE that becomes `committed`, and clients may see it.
 *
 * An ACK leaves only after what it acknowledges is on disk: it comes out of
 * learner_durable, learner_stored and UP_TO_DATE, never of a PROPOSAL; and
 * the first is the one for NEW_LEADER.
 *
 * A server that knows for good of which ensemble it is (storage/log/identity.h)
 * takes nothing from the leader of another one, and promises it nothing; what
 * it has stays as it is.
 *
 * Life: learner_init, then the events; it owns nothing, allocates nothing.
 *
 * ZK: Learner.syncWithLeader, Follower, Observer
 *     (spec/quorum-protocol.md 4.5, 4.8 to 4.10, 5.4, 6.3, 8, 14)
 */
#ifndef NET_ZAB_LEARNER_H
#define NET_ZAB_LEARNER_H

#include "net/wire/qpacket.h"

enum { LEARNER_ACTS_MAX = 8 };

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
    int64_t accepted, current; /* epochs as on disk; current -1: we may have
                                  lost what we acknowledged, our promise says
                                  nothing of that (storage/log/epoch.h) */
    struct identity identity;  /* likewise */
    zxid_t last;               /* of our log, all on disk, committed or not */
    zxid_t committed; /* known to be: what an earlier LEARNER_COMMIT of this
                         process said; 0 after a start, when all of the log
                         is in the tree and nobody knows */
    int64_t served;   /* the epoch in which our clients were served last */
    bool wants_snap;  /* our history is of no use to this leader, which said
                         so before: claim none */
    int64_t config_version;
    int32_t flags; /* ours, for a leader that is zabd, too */
    int32_t tick_ms;
    int32_t init_ticks, sync_ticks;
    int32_t silence_ms; /* a leader that is zabd, too, and silent for so long
                           is dead; 0: sync_ticks decide */
};

struct learner_silence {
    mono_ms_t since;
    int64_t ms; /* of that, as we saw it while we ran */
};

struct learner {
    struct learner_conf conf;
    enum learner_state state;
    int64_t epoch;       /* the leader's */
    bool is_leader_zabd; /* it said so, with these flags */
    int32_t leader_flags;
    struct identity theirs; /* the ensemble's, by the leader's plan */
    bool is_storing;        /* SEALING: history is on disk, epoch on its way */
    bool needs_snap;        /* gave up: this leader is to be asked again, with
                               wants_snap */
    zxid_t last;            /* received, or had before */
    zxid_t durable;         /* on our disk */
    zxid_t agreed;          /* committed, says the leader; the next one up to
                               `last` is the oldest pending */
    zxid_t committed;       /* known to be committed */
    zxid_t seal;  /* the last before NEW_LEADER; CUTTING: what stays */
    zxid_t acked; /* told to the leader one by one, or need not be */
    mono_ms_t ticked;
    struct learner_silence words; /* of the leader, or an end of our own work */
    struct learner_silence signs; /* ... or data that cannot be read yet */
    bool is_silent;               /* gave up for that reason */
    bool is_taken;                /* likewise: another server has our number */
    bool is_ahead;      /* likewise: the leader lacks what is committed here */
    mono_ms_t told;     /* the leader of our sessions, the last time, or 0 */
    mono_ms_t timed;    /* ... the time that may still be in vain; 0: none */
    mono_ms_t has_read; /* all that had come by then */
};

enum learner_act_kind {
    LEARNER_SEND,           /* `packet` to the leader */
    LEARNER_PONG,           /* PING of `zxid` back; if it `tells` with sessions:
                               those heard of since the last time, or all that
                               are ours, if it `is_first`; its data is never
                               null */
    LEARNER_VOUCHED,        /* the leader has heard what was told it at `when`,
                               and so of all sessions of ours */
    LEARNER_ACK,            /* one ACK for each zxid of `from`..`zxid`, which
                               are of one epoch */
    LEARNER_STORE_ACCEPTED, /* `epoch` to disk, then learner_stored */
    LEARNER_STORE_CURRENT,  /* `identity`, if it has an id, then likewise */
    LEARNER_KEEP_IDENTITY,  /* `identity` to disk, when there is time */
    LEARNER_TRUNCATE,       /* cut the log behind `zxid`, read no packet until
                               learner_truncated; 0 is before every log's
                               first, so all of it goes */
    LEARNER_TAKE_SNAP,      /* the payload follows on the connection, exact
                               or fuzzy at `zxid`, and replaces all we have;
                               read no packet until learner_snapped */
    LEARNER_APPEND,         /* `packet` is a transaction: publish it */
    LEARNER_COMMIT,         /* everything up to `zxid` is committed */
    LEARNER_SERVE,          /* up to date: serve clients */
    LEARNER_SYNCED,         /* the oldest sync has come back */
    LEARNER_REVALIDATED,    /* `packet` answers for a session */
    LEARNER_GIVE_UP,        /* this connection is over: `why`; see needs_snap */
};

struct learner_act {
    enum learner_act_kind kind;
    int64_t epoch;
    zxid_t zxid, from;
    bool tells, is_first;
    mono_ms_t when;
    struct identity identity;
    struct qpacket packet; /* APPEND, REVALIDATED: borrowed from the event;
                              its data is the transaction's bytes */
    uint8_t small[LEARNER_INFO_BYTES_MAX]; /* where LEARNER_SEND keeps data */
    const char *why;                       /* for the log */
};

struct learner_out {
    uint32_t count;
    struct learner_act act[LEARNER_ACTS_MAX];
};

/* Connected: says who we are. */
void learner_init(struct learner *l, const struct learner_conf *conf,
                  mono_ms_t now, struct learner_out *out);

/* A packet came; not while CUTTING or SNAPPING. */
void learner_hear(struct learner *l, const struct qpacket *p, mono_ms_t now,
                  struct learner_out *out);

/* The epoch of the last LEARNER_STORE_* is on disk. */
void learner_stored(struct learner *l, mono_ms_t now, struct learner_out *out);

/*
 * Our log is on disk up to `zxid`.  It is the log as it is now: what was
 * reported before a cut or a snapshot is not reported again.
 */
void learner_durable(struct learner *l, zxid_t zxid, struct learner_out *out);

/* The cut is on disk; rc 0, or -ENOENT: that transaction is not in our log. */
void learner_truncated(struct learner *l, int rc, mono_ms_t now,
                       struct learner_out *out);

/*
 * What SNAP brought is durable and in the tree, exact at `zxid`.  If the
 * connection ends before that, the shell throws what came away.
 */
void learner_snapped(struct learner *l, zxid_t zxid, mono_ms_t now,
                     struct learner_out *out);

/*
 * Bytes came that are no whole packet yet, or are of a snapshot; or we do not
 * read: a snapshot is still on its way to the disk, there is no room.
 */
void learner_stirs(struct learner *l, mono_ms_t now);

/*
 * All that had come by `came` has been heard.  Told ten times a second, or
 * clients are let go: LEARNER_VOUCHED waits for it.
 */
void learner_has_read(struct learner *l, mono_ms_t came);

/*
 * Data of the leader's has come since the last tick, whether it can be read
 * yet or not: what was lost on the way holds up all that is behind it.  No
 * leader that lives is left for that sooner than after sync_ticks.
 */
void learner_link_lives(struct learner *l, mono_ms_t now);

/*
 * Time passed; at least four times each limit (init_ticks, sync_ticks,
 * silence_ms).  Of the time between two calls no more than a quarter of the
 * limit counts: if they are further apart it was we who did not run.
 */
void learner_tick(struct learner *l, mono_ms_t now, struct learner_out *out);

/* The guarantees above hold; for tests and the simulator. */
void learner_check(const struct learner *l);

#endif
