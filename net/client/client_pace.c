/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_pace.c - replication does not run away from the events.
 *
 * A node with many watchers makes thousands of events out of one entry of the
 * ring, and replication applies faster than anybody can tell.  But a read has
 * to wait until everything that is applied is told (client_read.c), so it
 * would wait for a whole ring of entries.
 *
 *      delivered ......... apply_until
 *       |---- ahead ----->|
 *
 * So events go out in slices.  When one was full before all that is applied
 * was delivered, replication may only be that many bytes of the ring ahead of
 * us, as the slice took.  Each turn without a full one doubles that, until it
 * is as long as the ring and holds nobody up.
 *
 * The mark moves once in a turn, when everything is on its way: so a read,
 * which waits for all that is applied, sees an end of that.
 *
 * And a read that is torn again and again, for it takes longer than there is
 * between two batches, has replication stand still for as long as it takes.
 * Replication goes on with all else: its peers do not take it for frozen.
 *
 * Apache's writers wait as well: there the thread that applies also queues the
 * events.
 */
#include "net/client/client_deliver.h"

enum {
    SLICE_BYTES = 256 * 1024, /* of events */
    SLICE_EACH = 2048,        /* and so many for each connection: a write(2)
                                 is worth it */
    NOTHING = 1,              /* no entry ends before that */
};

size_t
client_pace_slice(const struct client_proc *p)
{
    return SLICE_BYTES + SLICE_EACH * (size_t)p->client_count;
}

/* Replication looks for this before it applies anything. */
static void
publish(struct client_proc *p)
{
    atomic_store_explicit(&p->own->apply_until, p->is_held ? NOTHING : p->mark,
                          memory_order_release);
    p->must_ring = true;
}

static void
set_mark(struct client_proc *p)
{
    p->mark = p->ahead ? p->delivered + p->ahead : 0;
    publish(p);
}

void
client_pace_full(struct client_proc *p, uint64_t ring_bytes)
{
    bool is_news = p->ahead == 0;

    p->ahead = ring_bytes;
    p->was_full = true;
    if (is_news)
        set_mark(p);
}

void
client_pace_turn(struct client_proc *p)
{
    if (p->ahead == 0)
        return;
    if (!p->was_full)
        p->ahead *= 2;
    p->was_full = false;
    if (p->ahead >= p->shm->ring.size)
        p->ahead = 0;
    set_mark(p);
}

void
client_pace_hold(struct client_proc *p, bool is_held)
{
    if (p->is_held == is_held)
        return;
    p->is_held = is_held;
    publish(p);
}

void
client_pace_end(struct client_proc *p)
{
    p->ahead = 0;
    p->is_held = false;
    set_mark(p);
}
