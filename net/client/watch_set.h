/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_set.h - what one connection watches: entries of path and modes.
 *
 * One entry lies in the set itself; more lie in an array of a power of two,
 * open addressing, at most seven eighths full.  An entry is the path's handle
 * above four bits of modes; 0 is none.  Private to watch*.c.  Pure.
 */
#ifndef NET_CLIENT_WATCH_SET_H
#define NET_CLIENT_WATCH_SET_H

#include "net/client/watch.h"

enum { WATCH_MODE_BITS = 4 };

static inline uint32_t
watch_entry_path(uint32_t entry)
{
    return entry >> WATCH_MODE_BITS;
}

static inline unsigned
watch_entry_modes(uint32_t entry)
{
    return entry & WATCH_ANY;
}

/* The entry of `path`, or NULL.  Good until the set changes. */
uint32_t *watch_set_find(const struct watch_arena *a, struct watch_set *s,
                         uint32_t path);

/* Add an entry for a path that has none; false when memory is out. */
bool watch_set_add(struct watch_arena *a, struct watch_set *s, uint32_t path,
                   unsigned modes);

void watch_set_remove(struct watch_arena *a, struct watch_set *s,
                      uint32_t path);

/* Places to look at with watch_set_at; empty ones give 0. */
uint32_t watch_set_places(const struct watch_set *s);
uint32_t watch_set_at(const struct watch_arena *a, const struct watch_set *s,
                      uint32_t place);

/* Give the memory back; the set is empty. */
void watch_set_clear(struct watch_arena *a, struct watch_set *s);

#endif
