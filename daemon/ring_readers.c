/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring_readers.c - see ring_readers.h.  Both sides meet on `delivered`:
 *
 *      reader:       delivered = where it was; fence; begin at `applied`
 *      replication:  `applied` moves; fence; look at each `delivered`
 *
 * One of the two sees what the other has written.  If replication looked too
 * early to see the reader, the reader sees all that was applied until then,
 * and begins behind it.  A reader that began where it said first could have
 * lost that place before anybody saw it there.
 */
#include "daemon/ring_readers.h"

void
ring_readers_join(const struct shm *shm, uint32_t w)
{
    ring_pos_t was =
        atomic_load_explicit(&shm->replication->applied, memory_order_relaxed);

    atomic_store_explicit(&shm->client[w]->delivered, was,
                          memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
}

/* Released: it has read what it has read. */
void
ring_readers_leave(const struct shm *shm, uint32_t w)
{
    atomic_store_explicit(&shm->client[w]->delivered, RING_POS_NONE,
                          memory_order_release);
}

ring_pos_t
ring_readers_slowest(const struct shm *shm, ring_pos_t applied)
{
    ring_pos_t slowest = applied;

    atomic_thread_fence(memory_order_seq_cst);
    for (uint32_t w = 0; w < shm->super->client_count; w++) {
        ring_pos_t pos = atomic_load_explicit(&shm->client[w]->delivered,
                                              memory_order_acquire);

        if (pos < slowest) /* RING_POS_NONE is the highest */
            slowest = pos;
    }
    return slowest;
}
