/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring_memory.h - a ring at rest gives its memory back.
 *
 * A busy ring walks through all of its memory within a second and will need
 * it again; a quiet one holds on to it for nothing.  Its producer looks now and
 * then: while less than a 64th of the ring goes by between two looks, pages
 * that all readers have left go back to the system, for the page faults of
 * taking them again then cost nothing that can be measured.  They come back,
 * zero, when they are written again.
 *
 * The producer's process only.
 */
#ifndef DAEMON_RING_MEMORY_H
#define DAEMON_RING_MEMORY_H

#include "daemon/types.h"

struct ring_memory {
    uint8_t *base; /* borrowed: mapped shared, twice in a row */
    uint64_t size;
    uint64_t page;   /* of the system: gone as a whole, or not at all */
    ring_pos_t seen; /* head at the last look */
    ring_pos_t kept; /* all pages below this were given back */
};

/* `head` is where the next entry goes: not 0 after an earlier life. */
void ring_memory_init(struct ring_memory *m, uint8_t *base, uint64_t size,
                      ring_pos_t head);

/* All have read up to `done`, at most `head`. */
void ring_memory_look(struct ring_memory *m, ring_pos_t done, ring_pos_t head);

#endif
