/* SPDX-License-Identifier: Apache-2.0 */
/*
 * election.h - the election of a server: election.c drives elect.c or poll.c,
 * as election/elect_main.c; only.c plays roles without cores, for elections
 * alone.
 *
 * Private to tests/sim.
 */
#ifndef TESTS_SIM_ELECTION_H
#define TESTS_SIM_ELECTION_H

#include "tests/sim/server.h"

/* --- election.c ----------------------------------------------------------- */

void election_start(struct server *s); /* with the process */
void election_look(struct server *s);
void election_alarm(struct server *s);
void election_established(struct server *s, int64_t epoch);
void election_receives(struct server *s, struct conn *c, const struct msg *m);
void election_datagram(struct server *s, const struct msg *m);
void election_poll(struct server *s);
void election_over(struct server *s);
void election_dies(struct server *s); /* and another process takes over */

/* --- only.c --------------------------------------------------------------- */

void only_begin(struct server *s, int leader);
void only_tick(struct server *s);

#endif
