/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sched.c - what happens next: a heap of events by time, then by order.
 */
#include "tests/sim/sched.h"

#include "tests/sim/sim.h"

enum { EVENTS_MAX = 1 << 17 };

static struct event heap[EVENTS_MAX];
static uint32_t count;
static uint64_t seq;

void
sched_reset(void)
{
    count = 0;
    seq = 0;
}

static bool
is_before(const struct event *a, const struct event *b)
{
    return a->at != b->at ? a->at < b->at : a->seq < b->seq;
}

void
sched_after(usec_t delay, enum event_kind kind, int node, uint32_t gen, void *p)
{
    struct event e = {
        .at = sim.now + delay,
        .seq = ++seq,
        .kind = (uint8_t)kind,
        .node = (uint8_t)node,
        .gen = gen,
        .p = p,
    };
    uint32_t i = count;

    if (count == EVENTS_MAX)
        sim_full();
    count++;
    for (; i > 0 && is_before(&e, &heap[(i - 1) / 2]); i = (i - 1) / 2)
        heap[i] = heap[(i - 1) / 2];
    heap[i] = e;
}

bool
sched_next(struct event *e)
{
    struct event last;
    uint32_t i = 0;

    if (count == 0)
        return false;
    *e = heap[0];
    last = heap[--count];
    for (;;) {
        uint32_t child = 2 * i + 1;

        if (child >= count)
            break;
        if (child + 1 < count && is_before(&heap[child + 1], &heap[child]))
            child++;
        if (!is_before(&heap[child], &last))
            break;
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = last;
    return true;
}
