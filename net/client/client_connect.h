/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_connect.h - sessions, from the ConnectRequest on.
 *
 * Private to client_*.c.
 */
#ifndef NET_CLIENT_CLIENT_CONNECT_H
#define NET_CLIENT_CLIENT_CONNECT_H

#include "net/client/client.h"
#include "net/wire/request.h"

/*
 * The first frame should be a ConnectRequest.  False: not taken; again when the
 * request ring has room.
 */
bool client_on_connect(struct client_proc *p, struct client *c,
                       struct bytes frame);

/* Its session is there, at `slot` of shm->heard: answer, and read on. */
void client_accepted(struct client_proc *p, struct client *c,
                     session_id_t session, uint32_t slot, int32_t timeout_ms);

/* It is not: say so, then close. */
void client_refused(struct client_proc *p, struct client *c);

/* --- client_local.c: sessions of this server ------------------------------ */

/* Skip what was said to an earlier life of this process. */
void client_local_init(struct client_proc *p);

/* Hear what replication says of local sessions. */
void client_local_hear(struct client_proc *p);

/* closeSession of a local session: nobody else is asked. */
void client_local_close(struct client_proc *p, struct client *c,
                        const struct request *r, uint32_t heard_ms);

/* Its session is global from now on. */
void client_local_upgraded(struct client_proc *p, struct client *c);

/*
 * The leader refuses a local session, of which it knows nothing, an ephemeral
 * (`e`): that can be said better, ZK_EPHEMERAL_ON_LOCAL_SESSION.
 */
bool client_local_is_refused(const struct client *c,
                             const struct ring_entry *e);

#endif
