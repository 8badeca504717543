/* SPDX-License-Identifier: Apache-2.0 */
/* reqring.c - see reqring.h.  Client processes send, replication receives. */
#include "daemon/reqring.h"

#include <errno.h>

#include "daemon/check.h"

static uint8_t *
at(const struct reqring *ring, ring_pos_t pos)
{
    return ring->base + (pos & (ring->size - 1));
}

struct req *
reqring_reserve(struct reqring *ring, uint32_t auth_size, uint32_t body_size)
{
    uint64_t size = sizeof(struct req) + (uint64_t)auth_size + body_size;
    ring_pos_t tail, taken;
    struct req *r;

    size = ALIGN_UP(size, UINT64_C(8));
    tail = atomic_load_explicit(ring->tail, memory_order_relaxed);
    taken = atomic_load_explicit(ring->taken, memory_order_acquire);
    if (tail - taken + size > ring->size)
        return NULL;
    r = (struct req *)(void *)at(ring, tail);
    *r = (struct req){
        .size = (uint32_t)size,
        .auth_size = auth_size,
        .body_size = body_size,
    };
    return r;
}

void
reqring_send(struct reqring *ring, const struct req *req)
{
    ring_pos_t tail = atomic_load_explicit(ring->tail, memory_order_relaxed);

    check((const uint8_t *)req == at(ring, tail));
    atomic_store_explicit(ring->tail, tail + req->size, memory_order_release);
}

int
reqring_next(const struct reqring *ring, ring_pos_t pos, const struct req **req)
{
    ring_pos_t tail = atomic_load_explicit(ring->tail, memory_order_acquire);
    const struct req *r = (const struct req *)(const void *)at(ring, pos);

    *req = NULL;
    if (pos == tail)
        return 0;
    if (tail - pos > ring->size || tail - pos < sizeof *r ||
        r->size > tail - pos ||
        sizeof *r + (uint64_t)r->auth_size + r->body_size > r->size)
        return -EBADMSG;
    *req = r;
    return 0;
}
