/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl.h - what the files of the replication process share.
 *
 *   request rings --repl_take--> prep --> ring entry --repl_publish--> log
 *                                                                       |
 *   clients <--bell-- tree, sessions <--repl_apply-- committed <-- durable
 *
 * In an ensemble `committed` is the leader's word, ours or another's: the
 * role says so (role.h), and a learner's entries are its leader's proposals.
 *
 * Private to repl_*.c.  One thread; all state is this struct, the tree, the
 * session table and shm->replication.
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
#include "net/repl/role.h"
#include "storage/log/identity.h"

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
    SERVICE_READ_ONLY,    /* looking in vain: reads, for who asked for that */
};

struct service {
    enum service_state state;
    bool was_held;            /* since this period began */
    mono_ms_t hold_until;     /* HELD: then they are let go */
    uint64_t again_end;       /* ASKING_AGAIN: up to this place of `forward` */
    int64_t epoch;            /* of the last leader */
    mono_ms_t unserved_since; /* NONE, READ_ONLY; 0: never served before */
};

/* A look for a leader: shm->replication->look, and when. */
struct looking {
    uint64_t number;
    bool is_asked;    /* the election process knows */
    mono_ms_t since;  /* for the read-only mode */
    mono_ms_t ask_at; /* not before */
    mono_ms_t found;  /* the election gave us the last role then */
};

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
    sid_t snap_from;        /* who asked for what our log does not have, and
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
    zxid_t commit_zxid; /* everything up to here is to be applied: it is
                           committed, or a learner is alone with its tree */
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
    ev_timer expire, reap, stall, rest;
};

/* --- repl_load.c ---------------------------------------------------------- */

/* Fill tree and sessions from image and log, or end here. */
void repl_load(struct repl *r);

/* --- repl_main.c --------------------------------------------------------- */

/* Let others see what is in the ring; the log is woken as the turn ends. */
void repl_publish(struct repl *r);

/* The timers of whoever orders: expiry of sessions, the reaper. */
void repl_start_clocks(struct repl *r);
void repl_stop_clocks(struct repl *r);

/* --- repl_role.c --------------------------------------------------------- */

/* Take the first role; once, when all is loaded and the loop is there. */
void repl_role_start(struct repl *r);

/* The role is over, for this reason: look for a leader. */
void repl_look(struct repl *r, const char *why);

/*
 * Prepare requests over the tree as it is, from the zxid behind `zxid`; every
 * session begins with a full timeout, and from now on they expire.
 */
void repl_prepare_from(struct repl *r, zxid_t zxid);

/* Begin the role that the election gave us. */
void repl_lead(struct repl *r);
void repl_learn(struct repl *r, sid_t leader);

/* The members, for /zookeeper/config: every server writes its own. */
void repl_put_config(struct repl *r);

/* Tell the election process that its choice leads in `epoch`. */
void repl_established(struct repl *r, int64_t epoch);

/* The tree misses nothing before `epoch`: clients of its leader may come. */
void repl_reached(struct repl *r, int64_t epoch);

/* One order to the log process at a time; see enum log_order. */
void repl_order(struct repl *r, enum log_order kind, int64_t value);

/* One that stores the ensemble's id as well, unless there is none. */
void repl_order_named(struct repl *r, enum log_order kind, int64_t value,
                      const struct identity *id);

/* The order is carried out; `result` 0 or -errno.  Once per order. */
bool repl_order_done(struct repl *r, int *result);

/* What the log process has made durable. */
zxid_t repl_durable(const struct repl *r);

/* A quorum has everything up to `zxid`. */
static inline void
repl_commit(struct repl *r, zxid_t zxid)
{
    r->commit_zxid = r->known_committed = zxid;
}

/* Everything committed is in the tree when this returns. */
void repl_apply_all(struct repl *r);

/* --- repl_serve.c -------------------------------------------------------- */

/* A role in `epoch` is taken and up to date: clients may come, or go on. */
void repl_serve(struct repl *r, enum server_role kind, int64_t epoch);

/* Clients that are held go their way, and the mode begins: looking. */
void repl_serve_read_only(struct repl *r);

/* A leader, or a quorum, was with us at `when`, or later: shm.h, vouched. */
void repl_vouched(struct repl *r, mono_ms_t when);

/* Nobody is served any more; client processes drop their connections. */
void repl_end_serving(struct repl *r);

/* The role is lost: clients are held for a while, until there is another. */
void repl_hold(struct repl *r);

/* A few times a second: they are let go in the end. */
void repl_hold_tick(struct repl *r);

/* What the last leader had goes to this one; false: not all of it yet. */
bool repl_ask_again(struct repl *r);

/* No client process looks at the tree: it may be replaced. */
bool repl_is_alone_with_tree(const struct repl *r);

/*
 * Requests are of connections that are closed by now.  In a period of service
 * somebody waits for them, even if the role that is to take them has just
 * given up and this turn will hold its clients.
 */
static inline bool
repl_is_nobodys(const struct repl *r)
{
    return r->service.state == SERVICE_NONE;
}

/* What always holds of the service, checked in every turn. */
void repl_service_check(const struct repl *r);

/* --- repl_readonly.c ----------------------------------------------------- */

/* A few times a second: the mode begins when nobody has led for long. */
void repl_readonly_tick(struct repl *r);

/* The election has decided, or the log has failed. */
void repl_readonly_end(struct repl *r);

/* --- repl_local.c -------------------------------------------------------- */

/* Local sessions are possible from now on, if the configuration has them. */
void repl_local_start(struct repl *r);

/* A client's request, seen by local sessions first, then by the role. */
bool repl_local_take(struct repl *r, const struct req *req,
                     const struct origin *o);

/* `session` is local and ours. */
bool repl_local_has(const struct repl *r, session_id_t session);

/* A transaction of this type was applied: it may have made one global. */
void repl_local_applied(struct repl *r, const struct ring_entry *e,
                        int32_t type);

/* What was to make them global may be lost with the role. */
void repl_local_hold(struct repl *r);

/* ... but has been asked again: one that `req` opens cannot move meanwhile. */
void repl_local_asked_again(struct repl *r, const struct req *req);

/* The period of service is over, and they with it. */
void repl_local_clear(struct repl *r);

/* A few times a second: those that nobody heard of end. */
void repl_local_tick(struct repl *r);

/* --- repl_report.c ------------------------------------------------------- */

/* Tell operators where a member stands. */
void repl_report(const struct repl *r);

/* A leader's transaction of so many bytes was proposed. */
void repl_report_proposal(const struct repl *r, uint32_t bytes);

/* --- repl_take.c --------------------------------------------------------- */

/* Take a bounded number of requests; true if there are more. */
bool repl_take(struct repl *r);

/* The place for an entry of at most `size` bytes, or NULL: not now. */
struct ring_entry *repl_reserve(struct repl *r, uint32_t size);

/* What repl_reserve gave is written. */
void repl_append(struct repl *r, struct ring_entry *e);

/* A word to one connection, in order with the transactions.  False: no room. */
bool repl_put_word(struct repl *r, enum ring_kind kind, const struct req *req,
                   const struct origin *o, int32_t err);

/* Prepare one request, in as many transactions as it takes. */
enum prep_verdict repl_prepare(struct repl *r, struct prep_request *q,
                               int32_t timeout_ms, int32_t *err);

/* role.take of those who order transactions. */
bool repl_take_ordering(struct repl *r, const struct req *req,
                        const struct origin *o);

/* Give back what a ring at rest does not need; a few times a second. */
void repl_rest(struct repl *r);

/*
 * A transaction of the server's own: closeSession of `session`, or
 * deleteContainer with its record.  False: not now, ask again later.
 */
bool repl_submit(struct repl *r, int32_t op, session_id_t session,
                 struct bytes body);

/* --- repl_ahead.c -------------------------------------------------------- */

/* Fetch what the requests of client process `w` from `pos` on will need. */
void repl_ahead_requests(const struct repl *r, uint32_t w, ring_pos_t pos);

/* ... and the committed entries from `pos` on; up to the place it returns. */
ring_pos_t repl_ahead_entries(const struct repl *r, ring_pos_t pos);

/* --- repl_apply.c -------------------------------------------------------- */

/*
 * Apply a bounded number of what is committed, as far as the client processes
 * let us; true if there is more.
 */
bool repl_apply(struct repl *r);

/* One transaction to tree and session table, inside a batch. */
void repl_apply_txn(struct repl *r, struct txn *txn, struct outcome *outcomes);

/* --- repl_session.c ------------------------------------------------------ */

/* Ids of this life begin here. */
void repl_session_start(struct repl *r);
session_id_t repl_session_id(struct repl *r);

/* A client came back: ZK_OK, or ZK_SESSION_EXPIRED. */
enum zk_code repl_session_resume(struct repl *r, session_id_t id,
                                 const struct origin *origin,
                                 int32_t timeout_ms);

/* createSession was applied for a connection of this server. */
void repl_session_owned(struct repl *r, const struct ring_entry *e);

/*
 * Where a session's client is, as far as this server knows: it was given back
 * to `origin`; it has asked for the transaction that is the last one now.
 */
void repl_session_moves(struct repl *r, session_id_t id,
                        const struct origin *origin);
void repl_session_acts(struct repl *r, const struct ring_entry *e);

/*
 * What `req` asks was held through a change of leader, and its session has
 * done something elsewhere since, or has ended: it must not be done behind
 * that.  A leader would not mind: it takes an unknown session for a local one.
 */
bool repl_session_has_left(const struct repl *r, const struct req *req);

/*
 * A session is asked for by a connection of ours that was closed meanwhile, as
 * when it had to wait for a leader: nobody waits, and it must not be taken from
 * the connection that came next.
 */
bool repl_session_is_unwanted(const struct repl *r, const struct req *req,
                              const struct origin *o);

/* When a client process or a learner last heard of what has this slot. */
mono_ms_t repl_last_heard(void *repl, uint32_t slot, mono_ms_t now);

/* Full timeouts from now, for every session; nobody owns one. */
void repl_revive_sessions(struct repl *r);

/* Sessions that nobody heard of end. */
void repl_session_expire(struct repl *r);

#endif
