/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elect.h - fast leader election, the pure core.
 *
 * One `struct elect` is one server's view of all its elections, one after
 * the other.  It is told what happened (look for a leader, a note came, the
 * alarm rang, who can be reached) and appends to `out` what to do, in the
 * order to do it.  The same events always give the same actions; the
 * election process performs them for the server, tests/sim for the simulator.
 *
 * Life: elect_init, then the events as often as you like; it owns nothing.
 *
 * ZK: FastLeaderElection.lookForLeader and Messenger.WorkerReceiver;
 *     FastLeaderElection.tla
 */
#ifndef ELECTION_ELECT_H
#define ELECTION_ELECT_H

#include "election/tally.h"

enum {
    ELECT_SETTLE_MS = 200,     /* ZK: finalizeWait */
    ELECT_RESEND_MIN_MS = 200, /* ZK: minNotificationInterval */
    ELECT_RESEND_MAX_MS = 60000,
    ELECT_ASK_MAX_MS = 1000, /* of a server that does not vote */
};

/*
 * What each state promises:
 *   IDLE      no election yet, or the role that the last gave is over
 *   LOOKING   `mine` is told to all; no quorum agrees with it yet
 *   SETTLING  a quorum agrees with `mine`; a better vote may still come
 *   DECIDED   `mine` is the outcome; later notes only get answers
 */
enum elect_state {
    ELECT_IDLE,
    ELECT_LOOKING,
    ELECT_SETTLING,
    ELECT_DECIDED,
};

enum elect_act_kind {
    ELECT_TELL,      /* send `vote` to server `to` */
    ELECT_TELL_ALL,  /* send `vote` to every voter but ourselves */
    ELECT_SET_ALARM, /* elect_alarm in `ms`; replaces an alarm set before */
    ELECT_DECIDE,    /* `vote` won; its state is our role now */
};

struct elect_act {
    enum elect_act_kind kind;
    sid_t to;
    int32_t ms;
    struct vote vote;
    const char *why; /* for the log */
};

enum { ELECT_ACTS_MAX = 4 };

struct elect_out {
    uint32_t count;
    struct elect_act act[ELECT_ACTS_MAX];
};

struct elect {
    const struct quorum *quorum; /* borrowed: outlives us */
    sid_t me;
    uint64_t ensemble;    /* ours, known for good; else 0 */
    quorum_set_t foreign; /* members that said they are of another one; they
                            do not count, nor does a vote for them */
    enum elect_state state;
    struct vote self;       /* what we would vote knowing nobody */
    struct vote mine;       /* what we vote now; never worse than self */
    int64_t round;          /* of this election, and of `mine`; ZooKeeper:
                               logicalclock */
    struct tally tally;     /* of this round */
    struct tally outside;   /* of servers that have a leader, in any round */
    quorum_set_t reachable; /* voters that can answer now */
    bool has_left;          /* the leader we followed looks itself */
    quorum_set_t lost;      /* that leader, until it looks, too */
    int32_t resend_ms;
    int32_t resend_max_ms;
};

/*
 * IDLE.  What is told to all is told again after ELECT_RESEND_MIN_MS, then
 * twice as late each time, up to `resend_max_ms` (0: ELECT_RESEND_MAX_MS); by
 * who does not vote up to ELECT_ASK_MAX_MS.
 */
void elect_init(struct elect *e, const struct quorum *q, sid_t me,
                int32_t resend_max_ms);

/*
 * Life after a death: what was decided before, by `leader`, `zxid`, `round`
 * and `epoch` of `outcome`, stands; or, if elect_look follows, rounds go on
 * from there.  Right after elect_init only.
 */
void elect_restore(struct elect *e, const struct vote *outcome);

/* Of which ensemble we are for good; before any event, as often as you like. */
void elect_know(struct elect *e, uint64_t ensemble);

/*
 * Look for a leader, in a new round, with our last logged zxid (-1: we are
 * empty and must not vote) and currentEpoch.
 */
void elect_look(struct elect *e, zxid_t zxid, int64_t epoch,
                struct elect_out *out);

/* A note came from `v->from`; in every state. */
void elect_hear(struct elect *e, const struct vote *v, struct elect_out *out);

/* The alarm that was set last rang; nothing is done in a state without one. */
void elect_alarm(struct elect *e, struct elect_out *out);

/*
 * Which voters may answer now: those with a connection, and those of whom
 * nobody knows yet that they cannot have one.  Ourselves left out or not.
 */
void elect_reach(struct elect *e, quorum_set_t reachable,
                 struct elect_out *out);

/*
 * The role that was decided is over, or we look no more; until the next look
 * we have nothing to say.  Notes that come meanwhile are dropped.
 */
void elect_over(struct elect *e);

/* The decided leader is established: later notes carry its new epoch. */
void elect_established(struct elect *e, int64_t epoch);

#endif
