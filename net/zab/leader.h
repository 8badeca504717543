/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leader.h - the leader of an ensemble, the pure core.
 *
 * One `struct leader` is one term of leadership.  It is told what happened
 * (a learner came, a packet came, something is durable, time passed) and
 * appends to `out` what to do.  What to send is pulled: leader_next says what
 * goes to a learner now, as long as its connection has room; so nothing is
 * queued here, and the order of packets is decided in one place.
 *
 *   leader                                       a peer (one learner)
 *   DISCOVERY      learn accepted epochs         NEW, INFORMED
 *   PROMISING      our acceptedEpoch to disk
 *   EPOCH_ACKS     LEADER_INFO > ACK_EPOCH       PROMISED, ACCEPTED
 *   TAKING_OVER    our currentEpoch to disk
 *   SYNCHRONIZING  DIFF|TRUNC|SNAP .. NEW_LEADER SYNCING, SEALING, SEALED
 *   BROADCAST      UP_TO_DATE, PROPOSAL, COMMIT  FOLLOWING
 *   OVER           nothing any more
 *
 * Before NEW_LEADER a learner gets committed transactions only, as
 * PROPOSAL+COMMIT pairs (observers too); behind it live proposals and
 * commits, observers INFORM.  All of our log counts as committed once
 * NEW_LEADER has its quorum.
 *
 * An observer master is a leader that was established when it began: its epoch
 * and what is committed are its own leader's, it is a quorum by itself, takes
 * observers only, and answers no sync itself.
 *
 * Which ensemble this is (storage/log/identity.h) is decided with TAKING_OVER,
 * of what those who promised know of it; the plan tells it to a learner, and a
 * ping when it is confirmed.  A server of another ensemble is told ours in
 * LEADER_INFO, and nothing else; it is never counted.
 *
 * A number has one learner.  If another connection comes with it, the one that
 * is here is pinged, and keeps it if it answers (election/twin.h): the other
 * one is told, and is never counted either.
 *
 * A LEADER_REQUEST must have become its proposal (leader_proposed) before the
 * next REQUEST of that learner is heard: a sync behind it counts on that.
 *
 * Life: leader_init, then the events; it owns nothing and allocates nothing.
 *
 * ZK: Leader, LearnerHandler (spec/quorum-protocol.md 4, 5, 6.2, 14.1);
 *     ObserverMaster (8)
 */
#ifndef NET_ZAB_LEADER_H
#define NET_ZAB_LEADER_H

#include "election/quorum.h"
#include "net/wire/qpacket.h"
#include "net/zab/history.h"

enum {
    LEADER_PEERS_MAX = 128,
    LEADER_SYNCS_MAX = 256, /* groups of syncs waiting, of one learner */
    LEADER_ACTS_MAX = 2 * LEADER_PEERS_MAX + 8,
};

enum leader_state {
    LEADER_DISCOVERY,
    LEADER_PROMISING,
    LEADER_EPOCH_ACKS,
    LEADER_TAKING_OVER,
    LEADER_SYNCHRONIZING,
    LEADER_BROADCAST,
    LEADER_OVER,
};

enum peer_stage {
    PEER_FREE,
    PEER_NEW,        /* connected, has said nothing */
    PEER_RIVAL,      /* of a number that is here: waits until that learner
                        has answered, or is gone */
    PEER_TAKEN,      /* it has: LEADER_INFO, which says so, is all it gets */
    PEER_FOREIGN,    /* of another ensemble: LEADER_INFO is all it gets */
    PEER_DISMISSED,  /* ... and got, as those before; it hangs up */
    PEER_INFORMED,   /* its info came; LEADER_INFO goes when an epoch is ours */
    PEER_PROMISED,   /* LEADER_INFO sent */
    PEER_ACCEPTED,   /* ACK_EPOCH came; waits until the epoch is taken over */
    PEER_SYNCING,    /* the plan is made, transactions or snapshot flow */
    PEER_SEALING,    /* NEW_LEADER sent */
    PEER_SEALED,     /* it acknowledged that; UP_TO_DATE goes when we lead */
    PEER_UP_TO_DATE, /* UP_TO_DATE sent */
};

struct leader_conf {
    const struct quorum *quorum; /* borrowed, outlives the leader */
    sid_t me;
    int64_t accepted, current; /* epochs as on disk */
    struct identity identity;  /* likewise */
    uint64_t fresh_id;         /* for an ensemble that has none yet; 0: then it
                                  gets none */
    int64_t heard; /* the largest acceptedEpoch that a term before heard of */
    zxid_t last;   /* of our log, committed or not */
    int32_t tick_ms;
    int32_t init_ticks, sync_ticks;
    int32_t snaps_max, diffs_max; /* learners that are brought up at a time;
                                     then observers wait; 0: no limit */
    int32_t ping_ms;              /* between pings to LEARNER_QUICK ones; the
                                     others get two a tick */
    int32_t silence_ms;           /* after which the former leave a leader; 0:
                                     only after syncLimit, as the others */
    int64_t config_version;       /* see leader_know_config */
    struct bytes config;          /* the text for NEW_LEADER; borrowed */
    int32_t flags; /* for learners that are zabd, too: LEARNER_ZSTD,
                      LEARNER_QUICK, LEARNER_IDENTITY, LEARNER_COMMON */
};

struct leader_peer {
    enum peer_stage stage;
    sid_t sid;
    bool is_observer;  /* OBSERVER_INFO: gets INFORM */
    quorum_set_t vote; /* its bit in our quorum; empty: is not counted */
    bool is_zabd;      /* it said so */
    int32_t flags;     /* LEARNER_ZSTD, LEARNER_QUICK, ...: that both have */
    struct identity identity; /* as it knew it when it came */
    int64_t accepted;         /* its acceptedEpoch, as it said then */
    bool knows_identity;      /* and that it is confirmed */
    bool is_told_plan;        /* the packet of the plan is sent */
    bool is_snapping;         /* the shell streams a snapshot */
    bool owes_ping;
    int64_t current; /* its currentEpoch, as it said */
    zxid_t last;     /* its history, as it said */
    struct sync_plan plan;
    zxid_t seal;     /* the last transaction before NEW_LEADER */
    zxid_t sent;     /* last transaction sent: proposed or informed */
    zxid_t told;     /* last commit sent */
    zxid_t acked;    /* everything up to here is on its disk */
    zxid_t early;    /* an ACK that overtook the one for NEW_LEADER */
    zxid_t ready_at; /* UP_TO_DATE goes behind the commit of this one */
    mono_ms_t joined, ping_due;
    mono_ms_t heard;   /* while it is brought up: or there was room to send */
    int64_t silent_ms; /* since then, as we saw it while we ran */
    uint32_t pings;    /* that it has not answered */
    uint32_t timed;    /* answers until that to the ping of `timed_at`, or 0 */
    mono_ms_t timed_at;
    mono_ms_t vouched; /* it followed us then, or later; 0: not known */
    zxid_t owing;      /* 0: every proposal sent has its ACK; else this one */
    mono_ms_t owing_since; /* ... has none, and was sent then or before */
    struct {
        uint32_t first, count;
        struct {
            zxid_t behind; /* SYNC goes after this one's COMMIT */
            uint32_t times;
        } at[LEADER_SYNCS_MAX];
    } syncs;
};

struct leader {
    struct leader_conf conf;
    const struct history *history; /* borrowed */
    enum leader_state state;
    bool is_master;  /* for observers, of a follower */
    mono_ms_t began; /* this state */
    mono_ms_t ticked;
    mono_ms_t check_due;      /* do we still have a quorum? */
    int64_t accepted_max;     /* of all accepted epochs ever heard, and ours */
    int64_t epoch;            /* of this term, once fixed; else 0 */
    quorum_set_t promised;    /* sent a true ACK_EPOCH, now connected or not */
    struct identity identity; /* that stands of ours and of theirs; from
                                 TAKING_OVER on that of this term */
    bool owes_identity;       /* it has changed since we stored it */
    zxid_t durable;           /* our own log */
    zxid_t proposed;          /* BROADCAST: last given out, from epoch<<32 on */
    zxid_t committed;         /* BROADCAST: at least conf.last */
    uint32_t peer_end;        /* slots ever used */
    struct leader_peer peer[LEADER_PEERS_MAX];
};

enum leader_act_kind {
    LEADER_STORE_ACCEPTED, /* `epoch` to disk, then leader_stored */
    LEADER_STORE_CURRENT,  /* `identity`, if it has an id, then likewise */
    LEADER_KEEP_IDENTITY,  /* `identity` to disk, when there is time */
    LEADER_LEAD,           /* established: serve, propose from epoch<<32|1 */
    LEADER_COMMIT,         /* everything up to `zxid` is committed */
    LEADER_REQUEST,        /* `packet` of the learner in `slot` is a request */
    LEADER_REVALIDATE,     /* ... asks for a session */
    LEADER_TOUCH,          /* ... names sessions it heard of */
    LEADER_FOREIGN,        /* the server in `slot` is of the ensemble
                              `identity`: say so, keep out of its elections */
    LEADER_TWIN,           /* the server in `slot` has the number of the one in
                              `first`, which is alive: it is kept out */
    LEADER_CLOSE,          /* drop the connection in `slot`; it is free now */
    LEADER_GIVE_UP,        /* this term is over */
};

struct leader_act {
    enum leader_act_kind kind;
    uint32_t slot, first;
    int64_t epoch;
    zxid_t zxid;
    struct identity identity;
    const struct qpacket *packet; /* borrowed, as given to leader_hear */
    const char *why;              /* for the log */
};

struct leader_out {
    uint32_t count; /* to be 0 before an event; the acts are 17 KB, and need
                       not be cleared */
    struct leader_act act[LEADER_ACTS_MAX];
};

/* What goes to one learner next. */
struct leader_item {
    bool is_snapshot;      /* SNAP and its payload: the shell chooses the
                              snapshot, streams it, then leader_snapped */
    struct qpacket packet; /* else this; its data is borrowed until the next
                              call */
    uint8_t small[LEADER_INFO_BYTES_MAX]; /* where the core keeps its own */
};

/*
 * Begin a term.  Who is a quorum alone gets its order to store at once; where
 * no epoch is left the term is over.
 */
void leader_init(struct leader *l, const struct leader_conf *conf,
                 const struct history *history, mono_ms_t now,
                 struct leader_out *out);

/*
 * Begin as an observer master.  `conf.quorum` is a quorum of us alone,
 * `current` the epoch of our leader, `last` what is committed of it here.
 * What it commits later is told by leader_proposed, then leader_durable;
 * nothing need be done for the LEADER_COMMIT that comes of it.
 */
void leader_init_master(struct leader *l, const struct leader_conf *conf,
                        const struct history *history, mono_ms_t now);

/*
 * Members call the configuration that we all have by a later `version`; `text`
 * says so, and is borrowed.  No learner with a later one than we know is taken.
 *
 * ZK: with reconfigEnabled the first leader gives a static configuration the
 * beginning of its epoch for a version (spec/quorum-protocol.md 4.4, 14.1.10)
 */
void leader_know_config(struct leader *l, int64_t version, struct bytes text);

/*
 * A connection was accepted into `slot`, which is PEER_FREE.  Members of our
 * configuration find a place there whoever else has come: the others get those
 * that members do not need, but for one, where nobody has said yet who he is.
 */
void leader_join(struct leader *l, uint32_t slot, mono_ms_t now);

/*
 * How many bytes of data the next packet of the learner in `slot` may have.
 * Whoever has not been brought up has little to say, and may be a stranger:
 * what it sends is not kept for more.
 */
uint32_t leader_data_max(const struct leader *l, uint32_t slot);

/* A packet came.  After LEADER_CLOSE for its slot nothing may come. */
void leader_hear(struct leader *l, uint32_t slot, const struct qpacket *p,
                 mono_ms_t now, struct leader_out *out);

/* The connection is gone; `slot` is free.  Not after LEADER_CLOSE. */
void leader_leave(struct leader *l, uint32_t slot, mono_ms_t now);

/* The epoch of the last LEADER_STORE_* is on disk. */
void leader_stored(struct leader *l, mono_ms_t now, struct leader_out *out);

/* Our own log is on disk up to `zxid`. */
void leader_durable(struct leader *l, zxid_t zxid, mono_ms_t now,
                    struct leader_out *out);

/*
 * The pipeline gave out transactions up to `zxid`, or nothing new.  BROADCAST
 * only.  There is none with counter 0xffffffff: behind 0xfffffffe the shell
 * resigns.
 */
void leader_proposed(struct leader *l, zxid_t zxid);

/* A part of the payload for `slot` left: that is no silence of its peer's. */
void leader_stirs(struct leader *l, uint32_t slot, mono_ms_t now);

/*
 * Its machine has acknowledged something since the last tick: it has not left
 * us unheard, however long it says nothing itself.
 */
void leader_link_lives(struct leader *l, uint32_t slot);

/*
 * So long a quorum is known to have followed us; 0: not known, MONO_MS_MAX: we
 * are a quorum by ourselves.  It may go back when a connection is lost.
 */
mono_ms_t leader_vouched(const struct leader *l);

/*
 * The payload for `slot` is written; it holds everything up to `zxid`, and
 * that is committed.
 */
void leader_snapped(struct leader *l, uint32_t slot, zxid_t zxid);

/*
 * Master: our leader answered the sync of `slot`, a LEADER_REQUEST; all that
 * it had committed before was told.
 */
void leader_answer_sync(struct leader *l, uint32_t slot);

/* Master: our leader says that this is the ensemble's id for good. */
void leader_identified(struct leader *l, const struct identity *id,
                       struct leader_out *out);

/*
 * Say in `item`, which has no data, which ensemble this is, and in a SNAP what
 * is common, if the learner in `slot` listens: for the shell, whose packet SNAP
 * is.
 */
void leader_sign(struct leader *l, uint32_t slot, struct leader_item *item);

/* We want this term to end: we are told to stop, or zxids run out. */
void leader_resign(struct leader *l, const char *why, struct leader_out *out);

/* Time passed; at least every ping_ms. */
void leader_tick(struct leader *l, mono_ms_t now, struct leader_out *out);

/*
 * What to send to `slot` now; false: nothing.  What it returns counts as
 * sent.  Pull again after any event.  A history that fails closes: see `out`.
 */
bool leader_next(struct leader *l, uint32_t slot, mono_ms_t now,
                 struct leader_item *item, struct leader_out *out);

/* The guarantees above hold; for tests and the simulator. */
void leader_check(const struct leader *l);

#endif
