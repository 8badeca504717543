/* SPDX-License-Identifier: Apache-2.0 */
/* ring_memory.c - see ring_memory.h. */
#include "daemon/ring_memory.h"

#include <sys/mman.h>

#include "daemon/memory.h"

enum { BUSY_PART = 64 }; /* of the ring between two looks: keep it all */

/* Where the oldest bytes lie that are still in the ring. */
static ring_pos_t
oldest(const struct ring_memory *m, ring_pos_t head)
{
    ring_pos_t page = ALIGN_UP(head, (ring_pos_t)m->page);

    return page > m->size ? page - m->size : 0;
}

/* Whole pages; a page that has something behind `done` stays. */
static void
give_back(struct ring_memory *m, ring_pos_t done, ring_pos_t head)
{
    ring_pos_t from = oldest(m, head), to = done / m->page * m->page;

    if (from < m->kept)
        from = m->kept;
    if (from >= to)
        return;
    /* Only a loss of memory if it cannot be done: nothing to answer. */
    (void)madvise(m->base + (from & (m->size - 1)), to - from, MADV_REMOVE);
    m->kept = to;
}

void
ring_memory_init(struct ring_memory *m, uint8_t *base, uint64_t size,
                 ring_pos_t head)
{
    *m = (struct ring_memory){
        .base = base, .size = size, .page = memory_page(), .seen = head};
}

void
ring_memory_look(struct ring_memory *m, ring_pos_t done, ring_pos_t head)
{
    if (head - m->seen < m->size / BUSY_PART)
        give_back(m, done, head);
    m->seen = head;
}
