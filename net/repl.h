/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl.h - what the files of the replication process share.
 *
 *   request rings --repl_take--> prep --> ring entry --repl_publish--> log
 *                                                                       |
 *   clients <--bell-- tree, sessions <--repl_apply-- committed <-- durable
 *
 * Private to repl_*.c.  One thread; all state is this struct, the tree, the
 * session table and shm->replication.
 */
#ifndef NET_REPL_H
#define NET_REPL_H

#include <ev.h>

#include "daemon/bell.h"
#include "daemon/ring_memory.h"
#include "net/expiry.h"
#include "net/prep.h"
#include "net/reaper.h"
#include "net/role.h"

struct repl {
    struct shm *shm;
    struct conf conf;
    uint32_t conf_version;
    const struct role *role;
    bool is_failed; /* the log cannot write: nothing is acknowledged */

    struct tree *tree;
    struct session_table *sessions;
    struct prep prep;
    struct expiry expiry;
    struct reaper reaper;

    ring_pos_t head;      /* where the next entry goes */
    ring_pos_t published; /* what others were told of it */
    ring_pos_t committed, applied;
    ring_pos_t slowest; /* as of the last look */
    struct ring_memory ring_memory;
    zxid_t zxid;          /* of the last transaction prepared */
    uint64_t outstanding; /* transactions prepared and not applied */
    uint64_t concerned;   /* client processes to ring; bit w is w */
    bool is_stalled;      /* no room, or too much pending */
    uint32_t turn;        /* the client process to begin with */
    session_id_t next_session;

    struct ev_loop *loop;
    struct bell bell;
    ev_timer expire, reap, stall, rest;
};

/* repl_load.c: fill tree and sessions from image and log, or end here. */
void repl_load(struct repl *r);

/* repl_take.c ------------------------------------------------------------- */

/* Take a bounded number of requests; true if there are more. */
bool repl_take(struct repl *r);

/* Give back what a ring at rest does not need; a few times a second. */
void repl_rest(struct repl *r);

/*
 * A transaction of the server's own: closeSession of `session`, or
 * deleteContainer with its record.  False: not now, ask again later.
 */
bool repl_submit(struct repl *r, int32_t op, session_id_t session,
                 struct bytes body);

/* repl_apply.c ------------------------------------------------------------- */

/* Apply a bounded number of what is committed; true if there is more. */
bool repl_apply(struct repl *r);

/* One transaction to tree and session table, inside a batch. */
void repl_apply_txn(struct repl *r, struct txn *txn, struct outcome *outcomes);

/* repl_session.c ----------------------------------------------------------- */

/* Ids of this life begin here. */
void repl_session_start(struct repl *r);
session_id_t repl_session_id(struct repl *r);

/* A client came back: ZK_OK, or ZK_SESSION_EXPIRED. */
enum zk_code repl_session_resume(struct repl *r, session_id_t id,
                                 const struct origin *origin,
                                 int32_t timeout_ms);

/* createSession was applied for a connection of this server. */
void repl_session_owned(struct repl *r, const struct ring_entry *e);

/* Sessions that nobody heard of end. */
void repl_session_expire(struct repl *r);

#endif
