/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_ask.h - what this process asks of replication.
 *
 * Private to client_*.c.
 */
#ifndef NET_CLIENT_CLIENT_ASK_H
#define NET_CLIENT_CLIENT_ASK_H

#include "net/client/client.h"
#include "net/wire/request.h"

/*
 * Each sends one message, in the name of `c`; false: the request ring is full,
 * and nothing was sent.  client_may_ask says so beforehand.
 */

/* A new session (0), or one that `c` comes back to. */
bool client_ask_session(struct client_proc *p, const struct client *c,
                        session_id_t session, int32_t timeout_ms);

/* The local session of `c` ends. */
bool client_ask_local_close(struct client_proc *p, const struct client *c);

/* A write or a sync; `ids` are its asker's, a vector<Id>.  Both are copied. */
bool client_ask(struct client_proc *p, const struct client *c,
                const struct request *r, struct bytes ids);

/* Whether a message with so many bytes of identities and body has room. */
bool client_may_ask(struct client_proc *p, uint32_t ids_size,
                    uint32_t body_size);

/* Is `op` replication's to answer? */
bool client_goes_out(const struct client_proc *p, const struct client *c,
                     int32_t op);

#endif
