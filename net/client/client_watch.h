/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_watch.h - the watches of this process, among those of all.
 *
 * Tree and watches together may take memory.limit: when they do, no new watch
 * is set.  Private to client_*.c.
 */
#ifndef NET_CLIENT_CLIENT_WATCH_H
#define NET_CLIENT_CLIENT_WATCH_H

#include "net/client/client.h"

/* Set a watch; false: the limit is reached, nothing changed. */
bool client_watch(struct client_proc *p, struct client *c, struct bytes path,
                  unsigned modes);

/* Tell the other processes how many watches there are, and what they take. */
void client_watch_publish(struct client_proc *p);

/* As the others know: replication rings us for every change. */
bool client_is_watching(const struct client_proc *p);

/* A few times a second: is the limit reached? */
void client_watch_tick(struct client_proc *p);

#endif
