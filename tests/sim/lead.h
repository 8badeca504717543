/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lead.h - a server that leads, or has observers for learners.
 *
 *   lead.c          drives leader.c             (net/repl/repl_lead*.c)
 *   lead_ask.c      what it is asked            (net/repl/repl_prepare.c ...)
 *   lead_history.c  what it can read            (net/repl/repl_history.c)
 *   lead_late.c     requests that find no room  (net/repl/repl_lead_hear.c)
 *   lead_snap.c     what goes behind SNAP       (net/repl/repl_history_snap.c)
 *   master.c        a follower's observers      (net/repl/repl_master.c)
 *
 * Private to tests/sim.
 */
#ifndef TESTS_SIM_LEAD_H
#define TESTS_SIM_LEAD_H

#include "tests/sim/server.h"

/* --- lead.c --------------------------------------------------------------- */

void lead_begin(struct server *s);
void lead_end(struct server *s);
void lead_resigns(struct server *s);
void lead_tick(struct server *s);
void lead_perform(struct server *s, const struct leader_out *out);
struct leader_conf lead_conf(const struct server *s);
void lead_receives(struct server *s, struct conn *c, const struct msg *m);
void lead_stored(struct server *s);
void lead_durable(struct server *s);
void lead_pump(struct server *s);
void lead_send(struct server *s, struct conn *c, struct leader_item *item);
void lead_drop(struct server *s, uint32_t slot, const char *why);

/* --- lead_ask.c ----------------------------------------------------------- */

/* A request of our own client or of a learner: prepare, publish, propose. */
enum asked lead_request(struct server *s, const struct origin *origin,
                        int32_t op, session_id_t session, int32_t xid,
                        struct bytes body);
struct origin lead_own_origin(const struct attached *a);

/* May this client have its session back? */
bool lead_revalidates(struct server *s, session_id_t session,
                      int32_t timeout_ms, const struct origin *origin);
void lead_touches(struct server *s, session_id_t session);

/* createSession was applied: its owner is who asked for it. */
void lead_owns(struct server *s, struct session *opened);

/* What a learner says through the core; false: not now. */
bool lead_answers(struct server *s, uint32_t slot, const struct qpacket *p);
void lead_on_touch(struct server *s, const struct qpacket *p);

/* Sessions that nobody heard of end. */
void lead_expire(struct server *s);

/* --- lead_history.c ------------------------------------------------------- */

/* Where its core looks for what a learner lacks; lent. */
const struct history *lead_history(struct server *s);

/* --- lead_late.c ---------------------------------------------------------- */

/* A packet came, or waits behind others. */
void lead_late_hears(struct server *s, uint32_t slot, const struct msg *m);

/* Those whose turn has come. */
void lead_late_resumes(struct server *s);
void lead_late_forget(struct server *s, uint32_t slot);

/* --- lead_snap.c ---------------------------------------------------------- */

/* The core wants a snapshot sent to this learner: soon. */
void lead_snap(struct server *s, struct conn *c);

/* A disk has no more of it, or no room for it: it ends here. */
bool lead_snap_is_torn(void);

/* EV_SNAP: SNAP itself, or a piece behind it. */
void lead_snap_more(struct server *s, struct conn *c);

/* --- master.c ------------------------------------------------------------- */

void master_begin(struct server *s, int64_t epoch);
void master_commits(struct server *s, zxid_t zxid);
void master_asks(struct server *s, const struct leader_act *a);
void master_synced(struct server *s, uint32_t conn);

/* False: no observer asked for this session. */
bool master_revalidated(struct server *s, const struct qpacket *p);

#endif
