/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_lease.h - connections whose session may have ended elsewhere.
 *
 * Private to client_*.c.
 */
#ifndef NET_CLIENT_CLIENT_LEASE_H
#define NET_CLIENT_CLIENT_LEASE_H

#include "net/client/client.h"

/* `c` has a session that others know: for how long without their word? */
void client_lease_begin(struct client_proc *p, const struct client *c);

/* A session of this timeout (ms) may have ended elsewhere. */
bool client_lease_is_over(const struct client_proc *p, int32_t timeout_ms);

/* As the loop wakes: close the connections of those. */
void client_lease_look(struct client_proc *p);

#endif
