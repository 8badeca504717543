/* SPDX-License-Identifier: Apache-2.0 */
/* watch_arena.c - see watch_arena.h.  Pure; client processes. */
#include "net/client/watch_arena.h"

#include "daemon/check.h"

/* Units of a block, and the list it belongs to. */
static uint32_t
class_of(size_t bytes, uint32_t *units)
{
    uint32_t n = (uint32_t)((bytes + WATCH_UNIT - 1) / WATCH_UNIT);
    uint32_t class = WATCH_SMALL_UNITS, size = WATCH_SMALL_UNITS;

    if (n <= WATCH_SMALL_UNITS) {
        *units = n;
        return n;
    }
    for (; size < n; size *= 2)
        class ++;
    *units = size;
    return class;
}

void
watch_arena_init(struct watch_arena *a, void *memory, size_t bytes)
{
    size_t units = bytes / WATCH_UNIT;

    if (units > (size_t)1 << WATCH_HANDLE_BITS)
        units = (size_t)1 << WATCH_HANDLE_BITS;
    *a = (struct watch_arena){
        .base = memory,
        .units = (uint32_t)units,
        .fresh = 1,
    };
}

static uint32_t
take_free(struct watch_arena *a, uint32_t class)
{
    uint32_t handle = a->free[class];

    if (handle)
        memcpy(&a->free[class], watch_at(a, handle), sizeof handle);
    return handle;
}

static void
put_free(struct watch_arena *a, uint32_t handle, uint32_t class)
{
    memcpy(watch_at(a, handle), &a->free[class], sizeof handle);
    a->free[class] = handle;
}

/* Begin to cut the smallest large block that is free. */
static void
next_cut(struct watch_arena *a)
{
    uint32_t units = WATCH_SMALL_UNITS;

    if (a->cut < a->cut_end)
        put_free(a, a->cut, a->cut_end - a->cut); /* less than a small one */
    a->cut = a->cut_end = 0;
    for (uint32_t c = WATCH_SMALL_UNITS + 1; c < WATCH_CLASSES; c++) {
        units *= 2;
        a->cut = take_free(a, c);
        if (a->cut) {
            a->cut_end = a->cut + units;
            return;
        }
    }
}

static uint32_t
take_cut(struct watch_arena *a, uint32_t units)
{
    uint32_t handle;

    if (units > WATCH_SMALL_UNITS)
        return 0;
    if (a->cut_end - a->cut < units)
        next_cut(a);
    if (a->cut_end - a->cut < units)
        return 0;
    handle = a->cut;
    a->cut += units;
    return handle;
}

uint32_t
watch_take(struct watch_arena *a, size_t bytes)
{
    uint32_t units, class = class_of(bytes, &units);
    uint32_t handle = take_free(a, class);

    if (!handle)
        handle = take_cut(a, units);
    if (!handle) {
        if (a->units - a->fresh < units)
            return 0;
        handle = a->fresh;
        a->fresh += units;
    }
    a->used += units;
    return handle;
}

void
watch_give(struct watch_arena *a, uint32_t handle, size_t bytes)
{
    uint32_t units, class = class_of(bytes, &units);

    check(handle > 0 && handle < a->fresh);
    check(a->used >= units);
    a->used -= units;
    if (a->used == 0) {
        memset(a->free, 0, sizeof a->free);
        a->fresh = 1;
        a->cut = a->cut_end = 0;
        return;
    }
    put_free(a, handle, class);
}
