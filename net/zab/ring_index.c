/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring_index.c - see ring_index.h.
 *
 * Samples whose entry is gone are dropped by ring_index_trim, so that all
 * that are left, and everything behind them, can be read.
 */
#include "net/zab/ring_index.h"

#include <errno.h>

#include "daemon/check.h"

static uint64_t
slot_of(uint64_t number)
{
    return number % RING_INDEX_ROOM;
}

void
ring_index_init(struct ring_index *x, const struct txring *ring,
                ring_pos_t head, zxid_t last)
{
    x->ring = ring;
    x->reach = head;
    x->low = 0;
    x->last = last;
    x->taken = x->dropped = 0;
}

/* Below this the ring's memory holds something newer, or nothing. */
static ring_pos_t
lowest(const struct ring_index *x)
{
    return x->reach > x->ring->size ? x->reach - x->ring->size : 0;
}

/* Far enough from the last sample for another. */
static bool
is_due(const struct ring_index *x, ring_pos_t pos)
{
    return x->taken == x->dropped ||
           pos - x->sample[slot_of(x->taken - 1)].pos >=
               x->ring->size / RING_INDEX_PARTS;
}

void
ring_index_note(struct ring_index *x, zxid_t zxid, ring_pos_t pos)
{
    check(zxid > x->last);
    if (is_due(x, pos)) {
        if (x->taken - x->dropped == RING_INDEX_ROOM)
            x->dropped++;
        x->sample[slot_of(x->taken)].after = x->last;
        x->sample[slot_of(x->taken)].pos = pos;
        x->taken++;
    }
    x->last = zxid;
}

void
ring_index_cut(struct ring_index *x, zxid_t zxid)
{
    while (x->taken > x->dropped &&
           x->sample[slot_of(x->taken - 1)].after > zxid)
        x->taken--;
    if (x->last > zxid)
        x->last = zxid;
}

void
ring_index_trim(struct ring_index *x, ring_pos_t kept)
{
    x->low = lowest(x) > kept ? lowest(x) : kept;
    while (x->taken > x->dropped && x->sample[slot_of(x->dropped)].pos < x->low)
        x->dropped++;
}

bool
ring_index_has(const struct ring_index *x, zxid_t after)
{
    return x->taken > x->dropped &&
           x->sample[slot_of(x->dropped)].after <= after;
}

/* The last sample not behind `after`; there is one. */
static ring_pos_t
search(const struct ring_index *x, zxid_t after)
{
    uint64_t low = x->dropped, high = x->taken;

    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;

        if (x->sample[slot_of(middle)].after <= after)
            low = middle;
        else
            high = middle;
    }
    return x->sample[slot_of(low)].pos;
}

/*
 * Stand right behind `after`: by a step, or by a search.  The entry that the
 * cursor stood on may be gone while what follows it is there.
 */
static void
place(const struct ring_index *x, struct ring_cursor *c, zxid_t after)
{
    if (c->pos < x->low)
        c->is_set = false;
    if (c->is_set && c->found != 0 && c->found == after)
        c->pos += txring_at(x->ring, c->pos)->size;
    else if (!c->is_set || c->after != after)
        c->pos = search(x, after);
    else
        return;
    c->is_set = true;
    c->after = after;
    c->found = 0;
}

int
ring_index_next(const struct ring_index *x, struct ring_cursor *c, zxid_t after,
                ring_pos_t published, const struct ring_entry **entry)
{
    if (!ring_index_has(x, after))
        return -ESTALE;
    place(x, c, after);
    while (c->pos < published) {
        const struct ring_entry *e = txring_at(x->ring, c->pos);

        if (e->kind == RING_TXN && e->zxid > after) {
            c->found = e->zxid;
            *entry = e;
            return 1;
        }
        c->pos += e->size;
    }
    return 0;
}
