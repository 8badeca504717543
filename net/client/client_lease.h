/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_lease.h - connections whose session may have ended elsewhere.
 *
 * Private to client_*.c.
 */
#ifndef NET_CLIENT_CLIENT_LEASE_H
#define NET_CLIENT_CLIENT_LEASE_H

#include "net/client/client.h"

/* Once, at the start; the loop is there. */
void client_lease_init(struct client_proc *p);

/* A period of service begins: nobody has a session. */
void client_lease_start(struct client_proc *p);

/* `c` has a session that others know: for how long without their word? */
void client_lease_begin(struct client_proc *p, const struct client *c);

/* A session of this timeout (ms) may have ended elsewhere. */
bool client_lease_is_over(const struct client_proc *p, int32_t timeout_ms);

/*
 * `c` waited so long to have its session back, with this timeout (ms), that it
 * may end: who answers heard of it when it asked, and of nothing since.
 */
bool client_lease_is_late(const struct client_proc *p, const struct client *c,
                          int32_t timeout_ms);

/* As the loop wakes: close the connections of those. */
void client_lease_wakes(struct client_proc *p);

/* Before it sleeps: all that it read is noted. */
void client_lease_rests(struct client_proc *p);

#endif
