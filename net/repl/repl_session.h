/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_session.h - sessions: their ids, owners, and ends.
 *
 * Private to repl_*.c.
 */
#ifndef NET_REPL_REPL_SESSION_H
#define NET_REPL_REPL_SESSION_H

#include "net/repl/repl.h"

/*
 * A period of service begins: new ids begin at the clock's, or go on behind
 * the last one if the clock was set back.
 */
void repl_session_start(struct repl *r);

/* A new id, which no session has. */
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
 * Its client has this timeout (ms) now, not that of its createSession any more,
 * which is all that a server knows that was told nothing.
 * ZK: SessionTracker.touchSession
 */
void repl_session_lasts(struct repl *r, session_id_t id, int32_t timeout_ms);

/*
 * What `req` asks was held through a change of leader, and its session has
 * done something elsewhere since, or has ended: it must not be done behind
 * that.  A leader would not mind: it takes an unknown session for a local one.
 */
bool repl_session_has_left(const struct repl *r, const struct req *req);

/*
 * A session is asked for by a connection of ours that was closed meanwhile,
 * which happens when it had to wait for a leader: nobody waits, and it must not
 * be taken from the connection that came next.
 */
bool repl_session_is_unwanted(const struct repl *r, const struct req *req,
                              const struct origin *o);

/*
 * When a client process or a learner last heard of the session with this slot;
 * 0: never.  An expiry_heard_fn: `repl` is a struct repl.
 */
mono_ms_t repl_last_heard(void *repl, uint32_t slot, mono_ms_t now);

/* Full timeouts from now, for every session; nobody owns one. */
void repl_revive_sessions(struct repl *r);

/* Sessions that nobody heard of end; if there are many, not all at once. */
void repl_session_expire(struct repl *r);

/* --- repl_local.c: sessions of this server -------------------------------- */

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

#endif
