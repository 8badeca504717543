/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch.c - see watch.h.  Pure; client processes.
 *
 * A path's place in the arena, and that of its hints if it has had more than
 * one watcher; the only watcher of a path is always live.
 *
 *      0  struct wpath   12 bytes        0  struct hints   12 bytes
 *     12  the path                      12  connections
 */
#include "net/watch.h"

#include "daemon/check.h"
#include "net/watch_set.h"

enum { BUCKETS_FIRST = 64, HINTS_LOG2_FIRST = 3, HINTS_HEAD = 3 };

struct wpath {
    uint32_t next;      /* in the bucket */
    uint32_t hints;     /* the only watcher, or a handle of struct hints */
    uint32_t size : 31; /* of the path */
    uint32_t is_many : 1;
    uint8_t path[];
};

struct hints {
    uint32_t count;     /* stale ones included */
    uint32_t live;      /* connections that watch the path */
    uint32_t data : 26; /* of those, in the data table */
    uint32_t log2 : 6;  /* of the words, this head included */
    uint32_t conn[];
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

static struct hints *
hints_of(const struct watch *w, const struct wpath *p)
{
    return watch_at(&w->arena, p->hints);
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

enum {
    IN_DATA = WATCH_DATA | WATCH_PERSISTENT | WATCH_RECURSIVE,
    IN_CHILD = WATCH_CHILD | WATCH_PERSISTENT
};

/* --- paths ---------------------------------------------------------------- */

static uint32_t
find_path(const struct watch *w, struct bytes path, uint32_t hash)
{
    uint32_t handle = w->bucket[hash & (w->buckets - 1)];

    for (; handle; handle = path_at(w, handle)->next)
        if (bytes_equal(path_bytes(path_at(w, handle)), path))
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
            uint32_t *b = &w->bucket[hash_of(path_bytes(p)) & (2 * half - 1)];

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
    struct hints *from = hints_of(w, p), *to;
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

/* The entry of a hint, or NULL if it is stale. */
static uint32_t *
entry_of_hint(const struct watch *w, uint32_t handle, uint32_t conn)
{
    struct watch_set *s = set_of(w, conn);

    return s->conn == conn ? watch_set_find(&w->arena, s, handle) : NULL;
}

/* From one watcher to a block with that one in it. */
static bool
become_many(struct watch *w, uint32_t handle)
{
    struct wpath *p = path_at(w, handle);
    uint32_t only = p->hints;
    uint32_t block = watch_take(&w->arena, hints_bytes(HINTS_LOG2_FIRST));
    struct hints *h = watch_at(&w->arena, block);

    if (!block)
        return false;
    *h = (struct hints){.count = 1, .live = 1, .log2 = HINTS_LOG2_FIRST};
    h->data =
        (watch_entry_modes(*entry_of_hint(w, handle, only)) & IN_DATA) != 0;
    h->conn[0] = only;
    p->hints = block;
    p->is_many = 1;
    return true;
}

/* The first watcher of a new path needs no memory. */
static bool
add_hint(struct watch *w, uint32_t handle, uint32_t conn)
{
    struct wpath *p = path_at(w, handle);
    struct hints *h;

    if (!p->hints) {
        p->hints = conn;
        return true;
    }
    if (!p->is_many && !become_many(w, handle))
        return false;
    h = hints_of(w, p);
    if (h->count == hints_places(h->log2)) {
        if (!move_hints(w, p, h->log2 + 1U))
            return false;
        h = hints_of(w, p);
    }
    h->conn[h->count++] = conn;
    return true;
}

/* `count` hints are left in the block: one needs none, few a smaller one. */
static void
keep_hints(struct watch *w, struct wpath *p, uint32_t count)
{
    struct hints *h = hints_of(w, p);
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

static void
free_path(struct watch *w, uint32_t handle)
{
    struct wpath *p = path_at(w, handle);
    uint32_t *at = &w->bucket[hash_of(path_bytes(p)) & (w->buckets - 1)];

    while (*at != handle)
        at = &path_at(w, *at)->next;
    *at = p->next;
    if (p->is_many)
        watch_give(&w->arena, p->hints, hints_bytes(hints_of(w, p)->log2));
    watch_give(&w->arena, handle, sizeof *p + p->size);
    w->paths--;
    if (w->paths == 0)
        w->buckets = BUCKETS_FIRST;
}

/* Drop hints that tell nothing any more, or tell it twice. */
static void
sweep(struct watch *w, struct wpath *p, uint32_t handle)
{
    struct hints *h = hints_of(w, p);
    uint32_t kept = 0;

    w->stamp++;
    for (uint32_t i = 0; i < h->count; i++) {
        if (!entry_of_hint(w, handle, h->conn[i]) ||
            set_of(w, h->conn[i])->stamp == w->stamp)
            continue;
        set_of(w, h->conn[i])->stamp = w->stamp;
        h->conn[kept++] = h->conn[i];
    }
    keep_hints(w, p, kept);
}

/*
 * A connection watches the path no more: forget the path, or the hints if
 * most are stale or `now` says so.
 */
static void
after_loss(struct watch *w, uint32_t handle, bool now)
{
    struct wpath *p = path_at(w, handle);
    struct hints *h = hints_of(w, p);

    if (!p->is_many || h->live == 0)
        free_path(w, handle);
    else if (now || h->count - h->live > h->live)
        sweep(w, p, handle);
}

/* --- modes and counters --------------------------------------------------- */

/* Count a change of connection `s` from `before` to `after` on path `p`. */
static void
count_change(struct watch *w, struct watch_set *s, struct wpath *p,
             unsigned before, unsigned after)
{
    int data = ((after & IN_DATA) != 0) - ((before & IN_DATA) != 0);
    struct hints *h = p->is_many ? hints_of(w, p) : NULL;
    uint32_t others = h ? h->data - (uint32_t)((before & IN_DATA) != 0) : 0;

    if (h) {
        h->data = (others + ((after & IN_DATA) != 0)) & 0x3ffffff;
        h->live += (before == 0);
        h->live -= (after == 0);
    }
    if (data != 0) {
        w->totals.data_watches += (uint64_t)(int64_t)data;
        w->totals.data_paths += others ? 0 : (uint64_t)(int64_t)data;
        w->totals.connections += data > 0 && s->data == 0;
        s->data = (s->data + (uint32_t)data) & 0x3ffffff;
        w->totals.connections -= data < 0 && s->data == 0;
    }
    w->totals.child_watches += ((after & IN_CHILD) != 0);
    w->totals.child_watches -= ((before & IN_CHILD) != 0);
    w->recursive += ((after & WATCH_RECURSIVE) != 0);
    w->recursive -= ((before & WATCH_RECURSIVE) != 0);
}

/* Change an entry's modes, in the connection's set; hints are left alone. */
static void
set_modes(struct watch *w, uint32_t conn, uint32_t handle, uint32_t *entry,
          unsigned after)
{
    struct watch_set *s = set_of(w, conn);

    count_change(w, s, path_at(w, handle), watch_entry_modes(*entry), after);
    if (after != 0)
        *entry = handle << WATCH_MODE_BITS | after;
    else
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

    *s = (struct watch_set){.conn = UINT32_MAX}; /* its hints are stale now */
    for (uint32_t i = 0; i < watch_set_places(&old); i++) {
        uint32_t entry = watch_set_at(&w->arena, &old, i);
        uint32_t handle = watch_entry_path(entry);

        if (!entry)
            continue;
        count_change(w, &old, path_at(w, handle), watch_entry_modes(entry), 0);
        after_loss(w, handle, false);
    }
    watch_set_clear(&w->arena, &old);
}

/* A path that has just been made and has no watcher. */
static void
undo_path(struct watch *w, uint32_t handle, bool is_new)
{
    if (is_new)
        free_path(w, handle);
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
        undo_path(w, handle, is_new);
        return false;
    }
    if (!add_hint(w, handle, conn)) {
        watch_set_remove(&w->arena, s, handle);
        undo_path(w, handle, is_new);
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
    if ((had & ~modes) == 0)
        after_loss(w, handle, true); /* or a later watch makes two hints */
    return had & modes;
}

/* --- firing --------------------------------------------------------------- */

/* Tell one connection, use its standard watch up.  False: it was the last. */
static bool
fire_hint(struct watch *w, uint32_t handle, uint32_t conn, unsigned modes,
          watch_hit_fn *hit, void *arg)
{
    uint32_t *entry = entry_of_hint(w, handle, conn);
    struct watch_set *s = set_of(w, conn);
    unsigned had = entry ? watch_entry_modes(*entry) : 0;
    unsigned left = had & ~(modes & (WATCH_DATA | WATCH_CHILD));

    if ((had & modes) && s->stamp != w->stamp) {
        s->stamp = w->stamp;
        hit(arg, conn);
    }
    if (left != had)
        set_modes(w, conn, handle, entry, left);
    return left != 0;
}

/*
 * Tell the connections that watch `path` by one of `modes`.  Hints that are
 * stale go on the way.
 */
static void
fire(struct watch *w, struct bytes path, unsigned modes, watch_hit_fn *hit,
     void *arg)
{
    uint32_t handle = find_path(w, path, hash_of(path));
    struct wpath *p = path_at(w, handle);
    uint32_t kept = 0;
    struct hints *h;

    if (!handle)
        return;
    if (!p->is_many) {
        if (!fire_hint(w, handle, p->hints, modes, hit, arg))
            free_path(w, handle);
        return;
    }
    h = hints_of(w, p);
    for (uint32_t i = 0; i < h->count; i++)
        if (fire_hint(w, handle, h->conn[i], modes, hit, arg))
            h->conn[kept++] = h->conn[i];
    if (h->live == 0)
        free_path(w, handle);
    else if (kept != h->count)
        keep_hints(w, p, kept);
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
