/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_session.h - which connection of this process serves a session.
 *
 * Private to client_*.c.
 */
#ifndef NET_CLIENT_CLIENT_SESSION_H
#define NET_CLIENT_CLIENT_SESSION_H

#include "net/client/client.h"

void client_session_init(struct client_proc *p);

/* Who has `session` here, or NULL. */
struct client *client_of_session(const struct client_proc *p,
                                 session_id_t session);

/* `c`, which has none, gets `session`, which is at `slot` of shm->heard. */
void client_bind_session(struct client_proc *p, struct client *c,
                         session_id_t session, uint32_t slot,
                         int32_t timeout_ms);

/* It has none any more.  Harmless if it never had one. */
void client_unbind_session(struct client_proc *p, struct client *c);

/*
 * The place in shm->heard of a global session; UINT32_MAX: there is no such
 * session.
 */
uint32_t client_find_slot(const struct client_proc *p, session_id_t session);

/* Whatever a client says keeps its session alive. */
void client_heard(struct client_proc *p, struct client *c);

#endif
