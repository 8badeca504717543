/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_table.h - the connections of this process: places, lists, life.
 *
 * Private to client_*.c.
 */
#ifndef NET_CLIENT_CLIENT_TABLE_H
#define NET_CLIENT_CLIENT_TABLE_H

#include "net/client/client.h"

/* `seed` is random: clients must not know how their paths are hashed. */
void client_table_init(struct client_proc *p, uint64_t seed);

/*
 * A new connection, which owns `fd`.  NULL: all places are taken, and `fd` is
 * the caller's still.
 */
struct client *client_open(struct client_proc *p, int fd,
                           const struct sockaddr *peer);

/* Close now; unsent output is lost.  Harmless twice. */
void client_drop(struct client_proc *p, struct client *c);

/* In a later turn, for a watch that is firing must not lose its watchers. */
void client_drop_later(struct client_proc *p, struct client *c);

/* Send what is written, then close: CLIENT_CLOSING. */
void client_close(struct client_proc *p, struct client *c);

/* Give back the buffer that its identities are in, if they are in one. */
void client_give_ids(struct client_proc *p, struct client *c);

/* It is the youngest in that state. */
void client_set_state(struct client_proc *p, struct client *c,
                      enum client_state state);

/* Who has `id` now, or NULL. */
struct client *client_find(const struct client_proc *p, uint32_t id);

/* Once a turn: free the places of those that are gone. */
void client_sweep(struct client_proc *p);

void client_drop_all(struct client_proc *p);

/* --- client_room.c -------------------------------------------------------- */

/* conn_ops.make_room: who holds buffers and is silent gives them back. */
bool client_make_room(struct conn *asker);

/* --- lists of those that have something to do ----------------------------- */

/* Append `c`, unless it is in a list already. */
void client_list_add(struct client_proc *p, struct client_list *list,
                     struct client *c);

/* Take the first away; there is one. */
struct client *client_list_take(struct client_proc *p,
                                struct client_list *list);

/* Append all of `more`, which is empty then. */
void client_list_join(struct client_proc *p, struct client_list *list,
                      struct client_list *more);

/* --- for the log ---------------------------------------------------------- */

/* The peer as the log names it: "/1.2.3.4:567".  Good until the next call. */
const char *client_name(const struct client_proc *p, const struct client *c);

#endif
