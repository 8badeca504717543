/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client.h - clients, what they ask and what they see; see client.c.
 * Private to tests/sim.
 */
#ifndef TESTS_SIM_CLIENT_H
#define TESTS_SIM_CLIENT_H

#include "tests/sim/sim.h"

void clients_init(void);
void client_event(struct client *c, const struct event *e);
void client_receives(struct client *c, struct conn *conn, const struct msg *m);

/* The faults are over: one more write each, then rest. */
void clients_wind_up(void);

/* That write was answered, everywhere. */
bool clients_are_done(void);

#endif
