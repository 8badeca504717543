/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn.h - a server that learns.
 *
 *   learn.c       drives learner.c              (net/repl/repl_learn.c)
 *   learn_ask.c   what it sends                 (net/repl/repl_learn_ask.c ...)
 *   learn_past.c  TRUNC and SNAP                (net/repl/repl_learn_past.c)
 *
 * Private to tests/sim.
 */
#ifndef TESTS_SIM_LEARN_H
#define TESTS_SIM_LEARN_H

#include "tests/sim/server.h"

/* --- learn.c -------------------------------------------------------------- */

void learn_begin(struct server *s, int leader);
void learn_end(struct server *s);
void learn_dial(struct server *s);
void learn_tick(struct server *s);
void learn_receives(struct server *s, struct conn *c, const struct msg *m);
void learn_stored(struct server *s);
void learn_durable(struct server *s);
void learn_perform(struct server *s, const struct learner_out *out);

/* Whether there is room for what this brings. */
bool learn_takes(const struct server *s, const struct msg *m);

/* EV_STALL: is there room now? */
void learn_resumes(struct server *s);

/* --- learn_ask.c ---------------------------------------------------------- */

void learn_send(struct server *s, const struct qpacket *p);
void learn_request(struct server *s, int32_t op, session_id_t session,
                   int32_t xid, struct bytes body);
void learn_revalidate(struct server *s, session_id_t session,
                      int32_t timeout_ms);

/* A client was heard of; the next pong tells. */
void learn_touches(struct server *s, session_id_t session, int32_t timeout_ms);
void learn_pong(struct server *s, const struct learner_act *a);

/* --- learn_past.c --------------------------------------------------------- */

/* TRUNC: the log ends behind `zxid`.  SNAP: all is replaced. */
void learn_cut(struct server *s, zxid_t zxid);
void learn_take_snap(struct server *s);

/* EV_ALONE: the tree may be replaced. */
void learn_alone(struct server *s);
void learn_takes_piece(struct server *s, const struct msg_piece *piece);

/* What the disk has done, in this role or behind it. */
void learn_truncated(struct server *s, const struct disk_op *op);
void learn_rebased(struct server *s, const struct disk_op *op);

/* What comes does not fit into the ring, and may never: true, loads again. */
bool learn_past_full(struct server *s);

/* The role ends: who has the past of nobody must load again. */
void learn_past_end(struct server *s);

#endif
