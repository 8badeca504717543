/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hold.h - clients through a change of leader: as net/repl/repl_serve.c.
 *
 * Private to tests/sim.
 */
#ifndef TESTS_SIM_HOLD_H
#define TESTS_SIM_HOLD_H

#include "tests/sim/server.h"

void hold_init(struct server *s);

/* The role is lost: clients keep their connections for a while. */
void hold_begin(struct server *s);
void hold_is_over(struct server *s, uint32_t hold);

/* A leader again, in this epoch. */
void hold_serve(struct server *s, int64_t epoch);

/* A role ends, and we followed somebody until `when`; 0: we led. */
void hold_parts(struct server *s, mono_ms_t when);

/* A leader, or a quorum, was with us at `when`. */
void hold_vouched(struct server *s, mono_ms_t when);

/* Nobody is served any more. */
void hold_end(struct server *s);

/* The log is cut behind so many transactions. */
void hold_cut(struct server *s, uint32_t keep);

/* What went to the leader is kept; then it is the last of the log. */
void hold_keep(struct server *s, const struct req *about, struct bytes body,
               uint32_t worker, session_id_t session);
void hold_comes_back(struct server *s, uint32_t id);
void hold_note(struct server *s, uint32_t id);
bool hold_has_left(const struct server *s, session_id_t session);

/* True: what the last leader was asked is not all asked again yet. */
bool hold_asks_again(struct server *s);

#endif
