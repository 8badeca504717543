/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch.c - see watch.h.  Pure; client processes.
 *
 * A path's place in the arena:
 *
 *      0  struct wpath   28 bytes
 *     28  the path
 */
#include "net/watch.h"

#include "daemon/check.h"
#include "net/watch_set.h"

enum { BUCKETS_FIRST = 64, HINTS_FIRST = 4 };

struct wpath {
    uint32_t next; /* in the bucket */
    uint32_t hash;
    uint32_t hints; /* the only one itself, or a handle of an array */
    uint32_t count; /* hints, stale ones included */
    uint32_t live;  /* connections that watch it */
    uint32_t data;  /* of those, in the data table */
    uint32_t size;  /* of the path */
    uint8_t path[];
};

static struct wpath *
path_at(const struct watch *w, uint32_t handle)
{
    return watch_at(&w->arena, handle);
}

static struct bytes
path_bytes(const struct wpath *p)
{
    return (struct bytes){p->path, (int32_t)p->size};
}

static struct watch_set *
set_of(const struct watch *w, uint32_t conn)
{
    return &w->set[conn & ((1U << WATCH_CONN_BITS) - 1)];
}

/* FNV-1a, eight bytes at a time. */
static uint32_t
hash_of(struct bytes path)
{
    uint64_t h = UINT64_C(14695981039346656037), word;
    int32_t i = 0;

    for (; i + 8 <= path.size; i += 8) {
        memcpy(&word, path.data + i, sizeof word);
        h = (h ^ word) * UINT64_C(1099511628211);
        h ^= h >> 32;
    }
    for (; i < path.size; i++)
        h = (h ^ path.data[i]) * UINT64_C(1099511628211);
    return (uint32_t)(h ^ h >> 32);
}

size_t
watch_bytes(uint32_t conns, size_t arena_bytes)
{
    return ALIGN_UP(conns * sizeof(struct watch_set), (size_t)WATCH_UNIT) +
           arena_bytes / 16 + arena_bytes;
}

void
watch_init(struct watch *w, void *memory, uint32_t conns, size_t arena_bytes)
{
    uint8_t *at = memory;
    uint32_t places = BUCKETS_FIRST;

    *w = (struct watch){.set = memory, .buckets = BUCKETS_FIRST};
    at += ALIGN_UP(conns * sizeof(struct watch_set), (size_t)WATCH_UNIT);
    w->bucket = (uint32_t *)(void *)at;
    while ((size_t)places * 2 * sizeof(uint32_t) <= arena_bytes / 16)
        places *= 2;
    w->buckets_max = places;
    at += arena_bytes / 16;
    watch_arena_init(&w->arena, at, arena_bytes);
}

/* --- paths ----------------------------------------------------------------- */

static uint32_t
find_path(const struct watch *w, struct bytes path, uint32_t hash)
{
    uint32_t handle = w->bucket[hash & (w->buckets - 1)];

    for (; handle; handle = path_at(w, handle)->next)
        if (path_at(w, handle)->hash == hash &&
            bytes_equal(path_bytes(path_at(w, handle)), path))
            return handle;
    return 0;
}

/*
 * Twice the buckets: chains are split in place.  It happens when paths have
 * doubled, so its cost per path is constant.
 */
static void
double_buckets(struct watch *w)
{
    uint32_t half = w->buckets;

    for (uint32_t i = 0; i < half; i++) {
        uint32_t handle = w->bucket[i], next;

        w->bucket[i] = w->bucket[i + half] = 0;
        for (; handle; handle = next) {
            struct wpath *p = path_at(w, handle);
            uint32_t *b = &w->bucket[p->hash & (2 * half - 1)];

            next = p->next;
            p->next = *b;
            *b = handle;
        }
    }
    w->buckets = 2 * half;
}

static uint32_t
new_path(struct watch *w, struct bytes path, uint32_t hash)
{
    size_t bytes = sizeof(struct wpath) + (size_t)path.size;
    uint32_t handle = watch_take(&w->arena, bytes);
    struct wpath *p = path_at(w, handle);
    uint32_t *bucket;

    if (!handle)
        return 0;
    if (w->paths >= 2 * w->buckets && w->buckets < w->buckets_max)
        double_buckets(w);
    bucket = &w->bucket[hash & (w->buckets - 1)];
    *p = (struct wpath){
        .next = *bucket,
        .hash = hash,
        .size = (uint32_t)path.size,
    };
    if (path.size > 0)
        memcpy(p->path, path.data, (size_t)path.size);
    *bucket = handle;
    w->paths++;
    return handle;
}

/* --- hints ------------------------------------------------------------------ */

/* Places of the array that holds `count` hints. */
static uint32_t
hint_places(uint32_t count)
{
    uint32_t places = HINTS_FIRST;

    if (count <= 1)
        return 0;
    while (places < count)
        places *= 2;
    return places;
}

static uint32_t *
hints_of(const struct watch *w, struct wpath *p)
{
    return p->count <= 1 ? &p->hints : watch_at(&w->arena, p->hints);
}

/* Make room for `count` hints, or less room if there are less. */
static bool
resize_hints(struct watch *w, struct wpath *p, uint32_t count)
{
    uint32_t old = hint_places(p->count), new = hint_places(count);
    uint32_t keep = count < p->count ? count : p->count;
    uint32_t *from = hints_of(w, p);
    uint32_t list = p->hints, only = *from;

    if (old == new)
        return true;
    if (new > 0) {
        p->hints = watch_take(&w->arena, new * sizeof(uint32_t));
        if (!p->hints) {
            p->hints = list;
            return false;
        }
        if (old == 0)
            from = &only;
        memcpy(watch_at(&w->arena, p->hints), from, keep * sizeof(uint32_t));
    } else {
        p->hints = only;
    }
    if (old > 0)
        watch_give(&w->arena, list, old * sizeof(uint32_t));
    return true;
}

static void
set_hint_count(struct watch *w, struct wpath *p, uint32_t count)
{
    if (resize_hints(w, p, count))
        p->count = count;
    else /* no memory to shrink: fill up with a hint that is nobody's */
        for (uint32_t *h = hints_of(w, p); count < p->count; count++)
            h[count] = UINT32_MAX;
}

static bool
add_hint(struct watch *w, struct wpath *p, uint32_t conn)
{
    if (!resize_hints(w, p, p->count + 1))
        return false;
    p->count++;
    hints_of(w, p)[p->count - 1] = conn;
    return true;
}

static void
free_path(struct watch *w, uint32_t handle)
{
    struct wpath *p = path_at(w, handle);
    uint32_t *at = &w->bucket[p->hash & (w->buckets - 1)];
    size_t bytes = sizeof *p + p->size;

    while (*at != handle)
        at = &path_at(w, *at)->next;
    *at = p->next;
    if (hint_places(p->count) > 0)
        watch_give(&w->arena, p->hints,
                   hint_places(p->count) * sizeof(uint32_t));
    watch_give(&w->arena, handle, bytes);
    w->paths--;
    if (w->paths == 0)
        w->buckets = BUCKETS_FIRST;
}

/* The entry of a hint, or NULL if it is stale. */
static uint32_t *
entry_of_hint(const struct watch *w, uint32_t handle, uint32_t conn)
{
    struct watch_set *s = set_of(w, conn);

    return s->conn == conn ? watch_set_find(&w->arena, s, handle) : NULL;
}

/* Drop hints that tell nothing any more, or tell it twice. */
static void
sweep(struct watch *w, uint32_t handle)
{
    struct wpath *p = path_at(w, handle);
    uint32_t *h = hints_of(w, p), kept = 0;

    w->stamp++;
    for (uint32_t i = 0; i < p->count; i++) {
        if (!entry_of_hint(w, handle, h[i]) ||
            set_of(w, h[i])->stamp == w->stamp)
            continue;
        set_of(w, h[i])->stamp = w->stamp;
        h[kept++] = h[i];
    }
    set_hint_count(w, p, kept);
}

/* --- modes and counters ----------------------------------------------------- */

enum { IN_DATA = WATCH_DATA | WATCH_PERSISTENT | WATCH_RECURSIVE,
       IN_CHILD = WATCH_CHILD | WATCH_PERSISTENT };

/* Count a change of connection `s` from `before` to `after` on path `p`. */
static void
count_change(struct watch *w, struct watch_set *s, struct wpath *p,
             unsigned before, unsigned after)
{
    if (!(before & IN_DATA) && (after & IN_DATA)) {
        w->totals.data_watches++;
        w->totals.data_paths += p->data++ == 0;
        w->totals.connections += s->data == 0;
        s->data++;
    } else if ((before & IN_DATA) && !(after & IN_DATA)) {
        w->totals.data_watches--;
        w->totals.data_paths -= --p->data == 0;
        s->data--;
        w->totals.connections -= s->data == 0;
    }
    w->totals.child_watches += ((after & IN_CHILD) != 0);
    w->totals.child_watches -= ((before & IN_CHILD) != 0);
    w->recursive += ((after & WATCH_RECURSIVE) != 0);
    w->recursive -= ((before & WATCH_RECURSIVE) != 0);
    p->live += (before == 0);
    p->live -= (after == 0);
}

/* Change an entry's modes, in the connection's set; hints are left alone. */
static void
set_modes(struct watch *w, uint32_t conn, uint32_t handle, uint32_t *entry,
          unsigned after)
{
    struct watch_set *s = set_of(w, conn);
    unsigned before = watch_entry_modes(*entry);

    count_change(w, s, path_at(w, handle), before, after);
    if (after != 0) {
        *entry = handle << WATCH_MODE_BITS | after;
        return;
    }
    watch_set_remove(&w->arena, s, handle);
}

void
watch_open(struct watch *w, uint32_t conn)
{
    struct watch_set *s = set_of(w, conn);

    check(s->count == 0);
    *s = (struct watch_set){.conn = conn};
}

void
watch_close(struct watch *w, uint32_t conn)
{
    struct watch_set *s = set_of(w, conn);
    struct watch_set old = *s;

    s->list = s->count = 0;
    s->log2 = 0;
    s->data = 0;
    s->conn = UINT32_MAX; /* its hints are stale from here on */
    for (uint32_t i = 0; i < watch_set_places(&old); i++) {
        uint32_t entry = watch_set_at(&w->arena, &old, i);
        uint32_t handle = watch_entry_path(entry);
        struct wpath *p = path_at(w, handle);

        if (!entry)
            continue;
        count_change(w, &old, p, watch_entry_modes(entry), 0);
        if (p->live == 0)
            free_path(w, handle);
        else if (p->count - p->live > p->live)
            sweep(w, handle);
    }
    watch_set_clear(&w->arena, &old);
}

bool
watch_add(struct watch *w, uint32_t conn, struct bytes path, unsigned modes)
{
    struct watch_set *s = set_of(w, conn);
    uint32_t hash = hash_of(path), handle = find_path(w, path, hash);
    bool is_new = !handle;
    uint32_t *entry = handle ? watch_set_find(&w->arena, s, handle) : NULL;

    check(s->conn == conn);
    if (entry) {
        set_modes(w, conn, handle, entry, watch_entry_modes(*entry) | modes);
        return true;
    }
    if (is_new)
        handle = new_path(w, path, hash);
    if (!handle)
        return false;
    if (!watch_set_add(&w->arena, s, handle, modes)) {
        if (is_new)
            free_path(w, handle);
        return false;
    }
    if (!add_hint(w, path_at(w, handle), conn)) {
        watch_set_remove(&w->arena, s, handle);
        if (is_new)
            free_path(w, handle);
        return false;
    }
    count_change(w, s, path_at(w, handle), 0, modes);
    return true;
}

unsigned
watch_modes(const struct watch *w, uint32_t conn, struct bytes path)
{
    uint32_t handle = find_path(w, path, hash_of(path));
    uint32_t *entry = handle ? entry_of_hint(w, handle, conn) : NULL;

    return entry ? watch_entry_modes(*entry) : 0;
}

unsigned
watch_remove(struct watch *w, uint32_t conn, struct bytes path, unsigned modes)
{
    uint32_t handle = find_path(w, path, hash_of(path));
    uint32_t *entry = handle ? entry_of_hint(w, handle, conn) : NULL;
    unsigned had = entry ? watch_entry_modes(*entry) : 0;

    if (!(had & modes))
        return 0;
    set_modes(w, conn, handle, entry, had & ~modes);
    if (path_at(w, handle)->live == 0)
        free_path(w, handle);
    else if ((had & ~modes) == 0)
        sweep(w, handle); /* else a later watch would make two hints */
    return had & modes;
}

/* --- firing ------------------------------------------------------------------ */

/*
 * Tell the connections that watch `path` by one of `modes`; standard ones
 * are used up.  Hints that are stale go on the way.
 */
static void
fire(struct watch *w, struct bytes path, unsigned modes, watch_hit_fn *hit,
     void *arg)
{
    uint32_t handle = find_path(w, path, hash_of(path));
    struct wpath *p = path_at(w, handle);
    uint32_t *h, kept = 0;

    if (!handle)
        return;
    h = hints_of(w, p);
    for (uint32_t i = 0; i < p->count; i++) {
        uint32_t conn = h[i];
        uint32_t *entry = entry_of_hint(w, handle, conn);
        unsigned had = entry ? watch_entry_modes(*entry) : 0;
        unsigned left = had & ~(modes & (WATCH_DATA | WATCH_CHILD));

        if (!entry)
            continue;
        if ((had & modes) && set_of(w, conn)->stamp != w->stamp) {
            set_of(w, conn)->stamp = w->stamp;
            hit(arg, conn);
        }
        if (left != had)
            set_modes(w, conn, handle, entry, left);
        if (left)
            h[kept++] = conn;
    }
    if (p->live == 0)
        free_path(w, handle);
    else if (kept != p->count)
        set_hint_count(w, p, kept);
}

/* "/a/b" gives "/a", "/a" gives "/", "/" and what has no slash gives null. */
static struct bytes
above(struct bytes path)
{
    int32_t size = path.size;

    if (size <= 1)
        return BYTES_NULL;
    while (size > 0 && path.data[size - 1] != '/')
        size--;
    if (size == 0)
        return BYTES_NULL;
    return (struct bytes){path.data, size > 1 ? size - 1 : 1};
}

void
watch_fire_data(struct watch *w, struct bytes path, watch_hit_fn *hit,
                void *arg)
{
    w->stamp++;
    fire(w, path, IN_DATA, hit, arg);
    if (w->recursive == 0)
        return;
    for (path = above(path); path.size > 0; path = above(path))
        fire(w, path, WATCH_RECURSIVE, hit, arg);
}

void
watch_fire_child(struct watch *w, struct bytes path, bool skip_served,
                 watch_hit_fn *hit, void *arg)
{
    if (!skip_served)
        w->stamp++;
    fire(w, path, IN_CHILD, hit, arg);
}

void
watch_visit(const struct watch *w, uint32_t conn, watch_seen_fn *seen,
            void *arg)
{
    const struct watch_set *s = set_of(w, conn);

    if (s->conn != conn)
        return;
    for (uint32_t i = 0; i < watch_set_places(s); i++) {
        uint32_t entry = watch_set_at(&w->arena, s, i);

        if (entry)
            seen(arg, path_bytes(path_at(w, watch_entry_path(entry))),
                 watch_entry_modes(entry));
    }
}
