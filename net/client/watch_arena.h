/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_arena.h - memory of the watches, in units of 16 bytes.
 *
 * A handle is a unit's number and takes 28 bits, so the arena is 4 GiB at
 * most.  Blocks up to 1 KiB come in every number of units, larger ones as
 * powers of two.  What was given back serves its own size again; large blocks
 * are also cut into small ones, before fresh memory is touched.  All of it is
 * fresh when nothing is in use.  Private to watch*.c.  Pure; memory is given.
 */
#ifndef NET_CLIENT_WATCH_ARENA_H
#define NET_CLIENT_WATCH_ARENA_H

#include "daemon/types.h"

enum {
    WATCH_UNIT = 16,
    WATCH_HANDLE_BITS = 28,
    WATCH_SMALL_UNITS = 64,
    WATCH_CLASSES = WATCH_SMALL_UNITS + 1 + WATCH_HANDLE_BITS,
};

struct watch_arena {
    uint8_t *base;
    uint32_t units; /* reserved */
    uint32_t fresh; /* never used begin here; 0 is no handle */
    uint32_t used;
    uint32_t cut, cut_end; /* of a large block: small ones come from here */
    uint32_t free[WATCH_CLASSES]; /* lists through the first word */
};

void watch_arena_init(struct watch_arena *a, void *memory, size_t bytes);

/* 0 when the arena is full. */
uint32_t watch_take(struct watch_arena *a, size_t bytes);
void watch_give(struct watch_arena *a, uint32_t handle, size_t bytes);

static inline void *
watch_at(const struct watch_arena *a, uint32_t handle)
{
    return a->base + (size_t)handle * WATCH_UNIT;
}

#endif
