/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_accept.h - connections come, now to one process, now to another, and
 * go.
 *
 * Private to client_*.c.
 */
#ifndef NET_CLIENT_CLIENT_ACCEPT_H
#define NET_CLIENT_CLIENT_ACCEPT_H

#include "net/client/client.h"

enum { CLOSING_MS = 5000 }; /* to take more of our last answers */

void client_accept_init(struct client_proc *p);

/* Once a turn: begin or cease to accept, as client_share_whose says. */
void client_accept_look(struct client_proc *p);

/*
 * A few times a second: close connections that have been without a session, or
 * closing, for too long.
 */
void client_expire(struct client_proc *p);

/* --- client_share.c ------------------------------------------------------- */

void client_share_init(struct client_proc *p);

/* The process that should accept the next connection; ours if none can. */
enum proc_id client_share_whose(const struct client_proc *p);

/* A few times a second: note whose loop turns. */
void client_share_tick(struct client_proc *p);

/* --- client_end.c --------------------------------------------------------- */

void client_end_init(struct client_proc *p);

/* Once a turn: exit if we were told to stop and everything is answered. */
void client_end_look(struct client_proc *p);

/* See conn.h; where it is, the client is CLIENT_CLOSING from then on. */
bool client_end_is_last(struct conn *conn);

#endif
