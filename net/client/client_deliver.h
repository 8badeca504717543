/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_deliver.h - following replication along the transaction ring.
 *
 * Private to client_*.c.
 */
#ifndef NET_CLIENT_CLIENT_DELIVER_H
#define NET_CLIENT_CLIENT_DELIVER_H

#include "net/client/client.h"
#include "storage/tree/txn.h"

/*
 * Deliver entries up to what is applied, at most `max_bytes` of the ring or a
 * slice of events.  True: there is more.
 */
bool client_deliver(struct client_proc *p, uint64_t max_bytes);

/*
 * All of it.  Between two slices what was written leaves, so that others may be
 * read on: what there was room for before may find none behind this.
 */
void client_catch_up(struct client_proc *p);

/* --- client_tell.c -------------------------------------------------------- */

/* Tell the events of `t` (rewound), which had these outcomes. */
void client_tell(struct client_proc *p, struct txn *t, const struct outcome *o,
                 uint32_t outcome_count);

/* --- client_pace.c -------------------------------------------------------- */

/* Bytes of events that are told before others have their turn. */
size_t client_pace_slice(const struct client_proc *p);

/* A slice was full: so many bytes of the ring were in it. */
void client_pace_full(struct client_proc *p, uint64_t ring_bytes);

/* Once a turn, with everything on its way. */
void client_pace_turn(struct client_proc *p);

/* A read begins or ceases to need a tree that stands still. */
void client_pace_hold(struct client_proc *p, bool is_held);

/* Replication may apply what it likes. */
void client_pace_end(struct client_proc *p);

/* --- client_life.c -------------------------------------------------------- */

/*
 * A leader's epoch begins before there is a transaction in it.  Who goes on
 * following through that sees it when it looks: if all that is applied is
 * delivered, our zxid is the tree's.
 */
void client_reach(struct client_proc *p);

/* Begin to follow if it serves, drop everybody if it is gone. */
void client_follow(struct client_proc *p);

#endif
