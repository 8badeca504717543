/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring_readers.h - the client processes that read the transaction ring.
 *
 * Each says in shm->client[w]->delivered how far it has read.  What lies below
 * the slowest of them may be overwritten or given back, ACL lists included
 * that only entries below it name.  Readers come and go while replication goes
 * on, and neither waits for the other.
 */
#ifndef DAEMON_RING_READERS_H
#define DAEMON_RING_READERS_H

#include "daemon/shm.h"

/*
 * Client process w will read: what is applied behind this stays until it has
 * passed it.  It looks where that is, begins there, and says so in `delivered`;
 * until then a little more stays than it needs.
 */
void ring_readers_join(const struct shm *shm, uint32_t w);

/* It reads no more; the supervisor says so for one that died. */
void ring_readers_leave(const struct shm *shm, uint32_t w);

/*
 * Up to where all have read, at most `applied`, which is what replication has
 * said to be applied last.  Replication; `zab ring` asks, too.
 */
ring_pos_t ring_readers_slowest(const struct shm *shm, ring_pos_t applied);

#endif
