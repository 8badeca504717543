/* SPDX-License-Identifier: Apache-2.0 */
/* watch_set.c - see watch_set.h.  Pure; client processes. */
#include "net/client/watch_set.h"

#include "daemon/check.h"

enum { LOG2_FIRST = 2 };

static uint32_t
capacity(const struct watch_set *s)
{
    return UINT32_C(1) << s->log2;
}

static uint32_t *
array(const struct watch_arena *a, const struct watch_set *s)
{
    return watch_at(a, s->list);
}

/* Where `path` is, unless others came first: neighbours are spread. */
static uint32_t
home(uint32_t path, uint32_t log2)
{
    return (path * UINT32_C(2654435769)) >> (32 - log2);
}

uint32_t *
watch_set_find(const struct watch_arena *a, struct watch_set *s, uint32_t path)
{
    uint32_t *e, mask = capacity(s) - 1;

    if (s->count == 0)
        return NULL;
    if (s->log2 == 0)
        return watch_entry_path(s->list) == path ? &s->list : NULL;
    e = array(a, s);
    for (uint32_t i = home(path, s->log2); e[i]; i = (i + 1) & mask)
        if (watch_entry_path(e[i]) == path)
            return &e[i];
    return NULL;
}

static void
place(uint32_t *e, uint32_t log2, uint32_t entry)
{
    uint32_t mask = (UINT32_C(1) << log2) - 1;
    uint32_t i = home(watch_entry_path(entry), log2);

    while (e[i])
        i = (i + 1) & mask;
    e[i] = entry;
}

/* Move all entries into an array of 1 << log2 places. */
static bool
resize(struct watch_arena *a, struct watch_set *s, uint32_t log2)
{
    size_t bytes = sizeof(uint32_t) << log2;
    uint32_t list = watch_take(a, bytes), places = watch_set_places(s);

    if (!list)
        return false;
    memset(watch_at(a, list), 0, bytes);
    for (uint32_t i = 0; i < places; i++)
        if (watch_set_at(a, s, i))
            place(watch_at(a, list), log2, watch_set_at(a, s, i));
    if (s->log2 > 0)
        watch_give(a, s->list, sizeof(uint32_t) << s->log2);
    s->list = list;
    s->log2 = log2 & 63;
    return true;
}

bool
watch_set_add(struct watch_arena *a, struct watch_set *s, uint32_t path,
              unsigned modes)
{
    uint32_t entry = path << WATCH_MODE_BITS | modes;

    check(modes != 0 && modes <= WATCH_ANY);
    if (s->count == 0) {
        s->list = entry;
        s->count = 1;
        s->log2 = 0;
        return true;
    }
    if (s->log2 == 0 && !resize(a, s, LOG2_FIRST))
        return false;
    if (s->count + 1 > capacity(s) - capacity(s) / 8 - (s->log2 < 3) &&
        !resize(a, s, s->log2 + 1U))
        return false;
    place(array(a, s), s->log2, entry);
    s->count++;
    return true;
}

/* Close the gap at `i`: entries that probed past it move up. */
static void
close_gap(uint32_t *e, uint32_t log2, uint32_t i)
{
    uint32_t mask = (UINT32_C(1) << log2) - 1, from = i;

    for (;;) {
        uint32_t want;

        e[i] = 0;
        do {
            from = (from + 1) & mask;
            if (!e[from])
                return;
            want = home(watch_entry_path(e[from]), log2);
        } while (((from - want) & mask) < ((from - i) & mask));
        e[i] = e[from];
        i = from;
    }
}

/* One entry is kept in the set; a set of a quarter shrinks. */
static void
shrink(struct watch_arena *a, struct watch_set *s)
{
    uint32_t only = 0;

    if (s->count > 1) {
        if (s->log2 > LOG2_FIRST && s->count < capacity(s) / 4)
            resize(a, s, s->log2 - 1U); /* no memory: it stays as it is */
        return;
    }
    for (uint32_t i = 0; i < capacity(s); i++)
        only |= array(a, s)[i];
    watch_give(a, s->list, sizeof(uint32_t) << s->log2);
    s->list = only;
    s->log2 = 0;
}

void
watch_set_remove(struct watch_arena *a, struct watch_set *s, uint32_t path)
{
    uint32_t *e = watch_set_find(a, s, path);

    check(e);
    s->count--;
    if (s->log2 == 0) {
        s->list = 0;
        return;
    }
    close_gap(array(a, s), s->log2, (uint32_t)(e - array(a, s)));
    shrink(a, s);
}

uint32_t
watch_set_places(const struct watch_set *s)
{
    return s->count == 0 ? 0 : capacity(s);
}

uint32_t
watch_set_at(const struct watch_arena *a, const struct watch_set *s,
             uint32_t at)
{
    return s->log2 == 0 ? s->list : array(a, s)[at];
}

void
watch_set_clear(struct watch_arena *a, struct watch_set *s)
{
    if (s->log2 > 0)
        watch_give(a, s->list, sizeof(uint32_t) << s->log2);
    s->list = s->count = 0;
    s->log2 = 0;
    s->data = 0;
}
