/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local.h - sessions that one server knows alone: as net/repl/repl_local.c.
 *
 * Private to tests/sim.
 */
#ifndef TESTS_SIM_LOCAL_H
#define TESTS_SIM_LOCAL_H

#include "tests/sim/server.h"

void local_begins(struct server *s); /* with the process */

/* The local session of this id, or NULL. */
struct session *local_of(const struct server *s, session_id_t id);

/* A new one for this connection; it has it back; it is over. */
void local_opens(struct server *s, struct attached *a);
void local_comes_back(struct server *s, struct attached *a,
                      struct session *own);
void local_closes(struct server *s, struct attached *a);
void local_touches(struct server *s, session_id_t session);

/* The session that is to own what `body` makes becomes global first. */
enum asked local_upgrades(struct server *s, const struct attached *a,
                          int32_t op, struct bytes body);

/* That was asked of a leader who is lost; false: not now. */
bool local_upgrades_again(struct server *s, const struct req *req,
                          const struct origin *o);

/* A createSession was applied: it may have made one global. */
void local_applied(struct server *s, session_id_t session);
void local_stays(struct server *s);   /* the role is lost, */
void local_is_over(struct server *s); /* and the period of service */
void local_tick(struct server *s);    /* those that nobody heard of end */

#endif
