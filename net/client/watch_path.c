/* SPDX-License-Identifier: Apache-2.0 */
/* watch_path.c - see watch_path.h.  Pure; client processes. */
#include "net/client/watch_path.h"

#include "daemon/hash.h"

enum { HINTS_LOG2_FIRST = 3, HINTS_HEAD = 3 };

/*
 * Of a path whose first `at` bytes, a multiple of eight, made `h`; both go on
 * as far as that is the same for a longer path.
 */
static uint32_t
hash_on(const struct watch *w, struct bytes path, uint64_t *h, int32_t *at)
{
    int32_t left;
    uint64_t end;

    for (; *at + 8 <= path.size; *at += 8)
        *h = hash_mix(*h ^ hash_load(path.data + *at, 8), w->seed);
    left = path.size - *at;
    end = hash_load(path.data + *at, left > 0 ? (size_t)left : 0);
    end = hash_mix(*h ^ end, w->seed ^ (uint32_t)path.size);
    return (uint32_t)(end ^ end >> 32);
}

static uint32_t
hash_of(const struct watch *w, struct bytes path)
{
    uint64_t h = w->seed;
    int32_t at = 0;

    return hash_on(w, path, &h, &at);
}

/* --- paths ---------------------------------------------------------------- */

/*
 * The head of a chain.  Linear hashing (Litwin 1980): as many bits of the hash
 * as name the last bucket, and one less where that names none that is in use.
 */
static uint32_t *
bucket_of(const struct watch *w, uint32_t hash)
{
    uint32_t last = w->buckets - 1;
    uint32_t bits = UINT32_MAX >> __builtin_clz(last);
    uint32_t bucket = hash & bits;

    return &w->bucket[bucket <= last ? bucket : bucket & bits >> 1];
}

static uint32_t
find(const struct watch *w, struct bytes path, uint32_t hash)
{
    uint32_t handle = *bucket_of(w, hash);

    for (; handle; handle = watch_path_at(w, handle)->next)
        if (bytes_equal(watch_path_bytes(watch_path_at(w, handle)), path))
            return handle;
    return 0;
}

uint32_t
watch_path_find(const struct watch *w, struct bytes path)
{
    return find(w, path, hash_of(w, path));
}

/* "/a/b" is below "/" and "/a", "/" and what has no slash below nothing. */
void
watch_each_above(struct watch *w, struct bytes path, watch_above_fn *above,
                 void *arg)
{
    const uint8_t *slash = path.data;
    const uint8_t *end = path.data + bytes_size(path);
    uint64_t h = w->seed;
    int32_t hashed = 0;

    while (slash < end &&
           (slash = memchr(slash, '/', (size_t)(end - slash))) != NULL) {
        int32_t size = (int32_t)(slash++ - path.data);
        struct bytes up = {path.data, size > 0 ? size : 1};
        uint32_t handle;

        if (up.size == path.size)
            return;
        handle = find(w, up, hash_on(w, up, &h, &hashed));
        if (handle)
            above(w, handle, arg);
    }
}

/*
 * One bucket more: what belongs there is in the one that lacks its top bit.
 * Twice as many at once would be a second in which nobody is served, where
 * millions of paths are watched.
 */
static void
split_bucket(struct watch *w)
{
    uint32_t fresh = w->buckets++;
    uint32_t top = (UINT32_MAX >> __builtin_clz(fresh)) / 2 + 1;
    uint32_t handle = w->bucket[fresh - top], next;

    w->bucket[fresh - top] = w->bucket[fresh] = 0;
    for (; handle; handle = next) {
        struct wpath *p = watch_path_at(w, handle);
        uint32_t *b = bucket_of(w, hash_of(w, watch_path_bytes(p)));

        next = p->next;
        p->next = *b;
        *b = handle;
    }
}

uint32_t
watch_path_new(struct watch *w, struct bytes path)
{
    size_t bytes = sizeof(struct wpath) + (size_t)path.size;
    uint32_t handle = watch_take(&w->arena, bytes);
    struct wpath *p = watch_path_at(w, handle);
    uint32_t *bucket;

    if (!handle)
        return 0;
    if (w->paths >= w->buckets && w->buckets < w->buckets_max)
        split_bucket(w);
    bucket = bucket_of(w, hash_of(w, path));
    *p = (struct wpath){
        .next = *bucket,
        .size = (uint32_t)path.size & INT32_MAX,
    };
    if (path.size > 0)
        memcpy(p->path, path.data, (size_t)path.size);
    *bucket = handle;
    w->paths++;
    return handle;
}

/* --- hints ---------------------------------------------------------------- */

static size_t
hints_bytes(uint32_t log2)
{
    return sizeof(uint32_t) << log2;
}

static uint32_t
hints_places(uint32_t log2)
{
    return (UINT32_C(1) << log2) - HINTS_HEAD;
}

/* Move the hints into a block of 1 << log2 words; false: no memory. */
static bool
move_hints(struct watch *w, struct wpath *p, uint32_t log2)
{
    struct hints *from = watch_path_hints(w, p), *to;
    uint32_t old = p->hints, new = watch_take(&w->arena, hints_bytes(log2));

    if (!new)
        return false;
    to = watch_at(&w->arena, new);
    memcpy(to, from, sizeof *to + from->count * sizeof(uint32_t));
    to->log2 = log2 & 63;
    p->hints = new;
    watch_give(&w->arena, old, hints_bytes(from->log2));
    return true;
}

uint32_t *
watch_hint_entry(const struct watch *w, uint32_t handle, uint32_t conn)
{
    struct watch_set *s = watch_set_of(w, conn);

    return s->conn == conn ? watch_set_find(&w->arena, s, handle) : NULL;
}

/* From one watcher to a block with that one in it. */
static bool
become_many(struct watch *w, uint32_t handle)
{
    struct wpath *p = watch_path_at(w, handle);
    uint32_t only = p->hints;
    uint32_t block = watch_take(&w->arena, hints_bytes(HINTS_LOG2_FIRST));
    struct hints *h = watch_at(&w->arena, block);

    if (!block)
        return false;
    *h = (struct hints){.count = 1, .live = 1, .log2 = HINTS_LOG2_FIRST};
    h->modes =
        watch_entry_modes(*watch_hint_entry(w, handle, only)) & WATCH_ANY;
    h->data = (h->modes & WATCH_IN_DATA) != 0;
    h->conn[0] = only;
    p->hints = block;
    p->is_many = 1;
    return true;
}

/* The first watcher of a new path needs no memory. */
bool
watch_hint_add(struct watch *w, uint32_t handle, uint32_t conn)
{
    struct wpath *p = watch_path_at(w, handle);
    struct hints *h;

    if (!p->hints) {
        p->hints = conn;
        return true;
    }
    if (!p->is_many && !become_many(w, handle))
        return false;
    h = watch_path_hints(w, p);
    if (h->count == hints_places(h->log2)) {
        if (!move_hints(w, p, h->log2 + 1U))
            return false;
        h = watch_path_hints(w, p);
    }
    h->conn[h->count++] = conn;
    return true;
}

void
watch_hints_keep(struct watch *w, struct wpath *p, uint32_t count)
{
    struct hints *h = watch_path_hints(w, p);
    uint32_t only = h->conn[0];

    h->count = count;
    if (count == 1) {
        watch_give(&w->arena, p->hints, hints_bytes(h->log2));
        p->hints = only;
        p->is_many = 0;
    } else if (h->log2 > HINTS_LOG2_FIRST &&
               count < hints_places(h->log2) / 4) {
        move_hints(w, p, h->log2 - 1U); /* no memory: it stays as it is */
    }
}

void
watch_path_free(struct watch *w, uint32_t handle)
{
    struct wpath *p = watch_path_at(w, handle);
    uint32_t *at = bucket_of(w, hash_of(w, watch_path_bytes(p)));

    while (*at != handle)
        at = &watch_path_at(w, *at)->next;
    *at = p->next;
    if (p->is_many)
        watch_give(&w->arena, p->hints,
                   hints_bytes(watch_path_hints(w, p)->log2));
    watch_give(&w->arena, handle, sizeof *p + p->size);
    w->paths--;
    if (w->paths == 0)
        w->buckets = WATCH_BUCKETS_FIRST;
}

void
watch_next_stamp(struct watch *w)
{
    if (++w->stamp != 0)
        return;
    for (uint32_t i = 0; i < w->conns; i++)
        w->set[i].stamp = 0;
    w->stamp = 1;
}

void
watch_hints_sweep(struct watch *w, struct wpath *p, uint32_t handle)
{
    struct hints *h = watch_path_hints(w, p);
    uint32_t kept = 0;

    watch_next_stamp(w);
    for (uint32_t i = 0; i < h->count; i++) {
        if (!watch_hint_entry(w, handle, h->conn[i]) ||
            watch_set_of(w, h->conn[i])->stamp == w->stamp)
            continue;
        watch_set_of(w, h->conn[i])->stamp = w->stamp;
        h->conn[kept++] = h->conn[i];
    }
    watch_hints_keep(w, p, kept);
}
