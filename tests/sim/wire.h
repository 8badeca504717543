/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire.h - what links are told; see wire.c.  Private to tests/sim.
 */
#ifndef TESTS_SIM_WIRE_H
#define TESTS_SIM_WIRE_H

#include "tests/sim/sim.h"

struct msg *msg_take(enum msg_kind kind);
void msg_give(struct msg *m);

void wire_reset(void);

/* The answer comes as MSG_UP or MSG_REFUSED. */
struct conn *wire_dial(int from, int to, enum port port);
void wire_syn(struct conn *c);

/* `m` is taken, whether or not the connection is still open. */
void wire_send(struct conn *c, int node, struct msg *m);
void wire_datagram(struct msg *m);
void wire_deliver(struct conn *c, uint32_t k);

/* `node` reads nothing until it is told to go on. */
void wire_pause(struct conn *c, int node, bool is_paused);

/* Messages from `node` that have not arrived. */
uint32_t wire_under_way(const struct conn *c, int node);

/* `node` closes its end; the other hears MSG_END behind what was sent. */
void wire_close(struct conn *c, int node);

/* Both ends hear the end, and some of what was sent is lost. */
void wire_break(struct conn *c);
void wire_break_all(int node);

void wire_node_died(int node);
void wire_node_thaws(int node);
void wire_block(int from, int to, bool is_blocked);

#endif
