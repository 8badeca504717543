/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl.h - the replication process.
 *
 *   request rings --repl_take--> repl_prepare --> ring --repl_publish--> log
 *                                                                         |
 *   clients <--bell-- tree, sessions <--repl_apply-- committed <---- durable
 *
 * In an ensemble `committed` is the leader's word, ours or another's: the
 * role says so, and a learner's entries are its leader's proposals.
 *
 *   repl_take.h      requests come
 *   repl_prepare.h   ... and become transactions
 *   repl_ring.h      ... in the ring
 *   repl_order.h     what the log process does beside its log
 *   repl_apply.h     what is committed goes into the tree
 *   repl_session.h   sessions, local ones too
 *   repl_serve.h     who is served, and for how long
 *   repl_role.h      alone, leading, learning, or looking for a leader
 *   repl_config.h    who the members are
 *   repl_lead.h      the shell of a leader, and of an observer master
 *   repl_learn.h     the shell of a learner
 *   repl_master.h    ... that has observers
 *   repl_history.h   the past, for learners that are behind
 *
 * Private to repl_*.c, as those are.  One thread; all state is this struct, the
 * tree, the session table and shm->replication.
 */
#ifndef NET_REPL_REPL_H
#define NET_REPL_REPL_H

#include <ev.h>

#include "daemon/bell.h"
#include "daemon/ring_memory.h"
#include "election/quorum.h"
#include "election/resolve.h"
#include "net/prep/expiry.h"
#include "net/prep/local.h"
#include "net/prep/prep.h"
#include "net/prep/reaper.h"

/*
 * What clients get, which outlives a role:
 *
 *      NONE -> OPEN -> HELD -> ASKING_AGAIN -> OPEN    a change of leader
 *      NONE -> READ_ONLY -> NONE                       want of a leader
 *
 * and from everywhere back to NONE.  Client processes see a period, a number
 * in shm->replication->serving: 0 in NONE, a new one whenever clients cannot
 * go on as they were.
 */
enum service_state {
    SERVICE_NONE,         /* no client has a connection */
    SERVICE_OPEN,         /* the role takes requests */
    SERVICE_HELD,         /* no leader: reads go on, requests wait */
    SERVICE_ASKING_AGAIN, /* a leader again: what the last one had goes first */
    SERVICE_READ_ONLY,    /* looking in vain: reads, for those who asked */
};

struct service {
    enum service_state state;
    bool was_held;        /* since this period began */
    mono_ms_t hold_until; /* HELD: then they are let go */
    mono_ms_t parted;     /* ... and so long we had a leader; 0: it was us */
    uint64_t again_end;   /* ASKING_AGAIN: up to this place of `forward` */
    int64_t epoch;        /* of the last leader */
    mono_ms_t unserved_since; /* NONE, READ_ONLY; 0: never served before */
};

/* A look for a leader: shm->replication->look, and when. */
struct looking {
    uint64_t number;
    bool is_asked;    /* the election process knows */
    mono_ms_t since;  /* for the read-only mode */
    mono_ms_t ask_at; /* not before */
    mono_ms_t found;  /* the election gave us the last role then */
    uint32_t ahead;   /* leaders in a row that lack what is committed here */
};

struct role;

struct repl {
    struct shm *shm;
    struct conf conf;
    uint32_t conf_version;
    bool is_failed; /* the log cannot write: nothing is acknowledged */

    const struct role *role;
    int64_t epoch;          /* of the leader; 0 without one */
    bool is_preparing;      /* prep and the clocks run */
    bool is_worn;           /* leading: this epoch has no zxid left */
    bool has_differed;      /* from the leader's tree, which has been told */
    sid_t snap_from;        /* it asked for what our log does not have, and
                               has to give us a snapshot; or SID_NONE */
    zxid_t known_committed; /* a quorum has it; what was loaded at the start
                               or came with a snapshot beyond that may have
                               to go again */
    struct looking looking; /* repl_role.c */
    struct service service; /* repl_serve.c, repl_readonly.c */

    /* of an ensemble, or nothing */
    struct quorum quorum;
    struct resolver resolver;     /* names of the others, and ours */
    struct repl_history *history; /* repl_history.h */
    struct repl_lead *lead;       /* repl_lead.c, made at its first term */
    struct repl_learn *learn;     /* repl_learn.c, likewise */
    struct forward *forward;      /* requests that went to the leader */
    struct local local;           /* no table: there are none */
    uint32_t *heard_remote;       /* as shm->heard, told by our learners */
    uint64_t order;               /* number of our last one to the log */
    bool is_ordering;             /* it has not been answered */

    struct tree *tree;
    struct session_table *sessions;
    struct prep prep;
    void *prep_memory;
    size_t prep_size;
    struct expiry expiry;
    struct reaper reaper;

    ring_pos_t head;      /* where the next entry goes */
    ring_pos_t published; /* what others can see of it */
    ring_pos_t rung;      /* what the log process was woken for */
    ring_pos_t committed, applied;
    zxid_t apply_to;    /* what is up to here is to be applied: it is
                           known_committed, or a learner is alone with its tree */
    ring_pos_t slowest; /* as of the last look */
    struct ring_memory ring_memory;
    zxid_t zxid; /* of the last transaction prepared, or to count from */
    zxid_t last; /* of the last transaction in the ring or before it */
    uint64_t outstanding; /* transactions prepared and not applied */
    uint64_t concerned;   /* client processes to ring; bit w is w */
    bool is_stalled;      /* no room, or too much pending */
    uint32_t turn;        /* the client process to begin with */
    session_id_t next_session;

    struct ev_loop *loop;
    struct bell bell;
    ev_timer expire, reap, stall;
};

/* --- repl_load.c ---------------------------------------------------------- */

/* Fill tree and sessions from image and log, or end here. */
void repl_load(struct repl *r);

/* --- repl_report.c -------------------------------------------------------- */

/* Tell operators where a member stands. */
void repl_report(const struct repl *r);

/* A leader's transaction of so many bytes was proposed. */
void repl_report_proposal(const struct repl *r, uint32_t bytes);

#endif
