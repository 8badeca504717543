/* SPDX-License-Identifier: Apache-2.0 */
/* watch.c - see watch.h.  Pure; client processes. */
#include "net/client/watch.h"

#include "daemon/check.h"
#include "net/client/watch_path.h"

/* The memory: sets of connections, buckets of paths, the arena. */
static size_t
set_bytes(uint32_t conns)
{
    return ALIGN_UP(conns * sizeof(struct watch_set), (size_t)WATCH_UNIT);
}

static size_t
bucket_bytes(size_t arena_bytes)
{
    return arena_bytes / 16;
}

size_t
watch_bytes(uint32_t conns, size_t arena_bytes)
{
    return set_bytes(conns) + bucket_bytes(arena_bytes) + arena_bytes;
}

void
watch_init(struct watch *w, void *memory, uint32_t conns, size_t arena_bytes,
           uint64_t seed)
{
    uint8_t *at = memory;
    uint32_t places = WATCH_BUCKETS_FIRST;

    *w = (struct watch){
        .set = memory,
        .conns = conns,
        .buckets = WATCH_BUCKETS_FIRST,
        .seed = seed | UINT64_C(1) << 63, /* a factor: never 0 */
    };
    at += set_bytes(conns);
    w->bucket = (uint32_t *)(void *)at;
    while ((size_t)places * 2 * sizeof(uint32_t) <= bucket_bytes(arena_bytes))
        places *= 2;
    w->buckets_max = places;
    at += bucket_bytes(arena_bytes);
    watch_arena_init(&w->arena, at, arena_bytes);
}

/*
 * A connection watches the path no more: forget the path, or the hints if most
 * are stale.  One that is left may come to life again, when its connection sets
 * a watch anew: then two hints lead there, and a trigger's stamp sees to it
 * that it is told once.
 */
static void
after_loss(struct watch *w, uint32_t handle)
{
    struct wpath *p = watch_path_at(w, handle);
    const struct hints *h = p->is_many ? watch_path_hints(w, p) : NULL;

    if (!h || h->live == 0)
        watch_path_free(w, handle);
    else if (h->count - h->live > h->live)
        watch_hints_sweep(w, p, handle);
}

/* --- modes and counters --------------------------------------------------- */

/* 3.8 keeps a recursive watch in this table as well, where it hears nothing. */
enum { COUNTED_IN_CHILD = WATCH_IN_CHILD | WATCH_RECURSIVE };

/* In the data table; `is_only`: nobody else watches the path there. */
static void
count_into_data(struct watch *w, struct watch_set *s, bool is_only)
{
    w->totals.data_watches++;
    w->totals.data_paths += is_only;
    w->totals.connections += s->data == 0;
    s->data = (s->data + 1) & WATCH_COUNT_MAX;
}

static void
count_out_of_data(struct watch *w, struct watch_set *s, bool is_only)
{
    w->totals.data_watches--;
    w->totals.data_paths -= is_only;
    s->data = (s->data - 1) & WATCH_COUNT_MAX;
    w->totals.connections -= s->data == 0;
}

/* Count a change of connection `s` from `before` to `after` on path `p`. */
static void
count_change(struct watch *w, struct watch_set *s, struct wpath *p,
             unsigned before, unsigned after)
{
    bool was_in_data = (before & WATCH_IN_DATA) != 0;
    bool is_in_data = (after & WATCH_IN_DATA) != 0;
    struct hints *h = p->is_many ? watch_path_hints(w, p) : NULL;
    uint32_t others = h ? h->data - was_in_data : 0;

    if (h) {
        h->data = (others + is_in_data) & HINT_COUNT_MAX;
        h->modes = (h->modes | after) & WATCH_ANY;
        h->live += (before == 0);
        h->live -= (after == 0);
    }
    if (is_in_data && !was_in_data)
        count_into_data(w, s, others == 0);
    if (was_in_data && !is_in_data)
        count_out_of_data(w, s, others == 0);
    w->totals.child_watches += ((after & COUNTED_IN_CHILD) != 0);
    w->totals.child_watches -= ((before & COUNTED_IN_CHILD) != 0);
    w->recursive += ((after & WATCH_RECURSIVE) != 0);
    w->recursive -= ((before & WATCH_RECURSIVE) != 0);
}

/* Change an entry's modes, in the connection's set; hints are left alone. */
static void
set_modes(struct watch *w, uint32_t conn, uint32_t handle, uint32_t *entry,
          unsigned after)
{
    struct watch_set *s = watch_set_of(w, conn);

    count_change(w, s, watch_path_at(w, handle), watch_entry_modes(*entry),
                 after);
    if (after != 0)
        *entry = handle << WATCH_MODE_BITS | after;
    else
        watch_set_remove(&w->arena, s, handle);
}

/* The set of its place, which is its own from its first watch on. */
static struct watch_set *
own_set(struct watch *w, uint32_t conn)
{
    struct watch_set *s = watch_set_of(w, conn);

    if (s->conn == conn)
        return s;
    check(s->conn == 0); /* or the one before was not closed */
    s->conn = conn;
    return s;
}

void
watch_close(struct watch *w, uint32_t conn)
{
    struct watch_set *s = watch_set_of(w, conn);
    struct watch_set old = *s;

    if (old.conn != conn)
        return;
    *s = (struct watch_set){.conn = 0}; /* its hints are stale now */
    for (uint32_t i = 0; i < watch_set_places(&old); i++) {
        uint32_t entry = watch_set_at(&w->arena, &old, i);
        uint32_t handle = watch_entry_path(entry);

        if (!entry)
            continue;
        count_change(w, &old, watch_path_at(w, handle),
                     watch_entry_modes(entry), 0);
        after_loss(w, handle);
    }
    watch_set_clear(&w->arena, &old);
}

/* A path that has just been made and has no watcher. */
static void
undo_path(struct watch *w, uint32_t handle, bool is_new)
{
    if (is_new)
        watch_path_free(w, handle);
}

bool
watch_add(struct watch *w, uint32_t conn, struct bytes path, unsigned modes)
{
    struct watch_set *s = own_set(w, conn);
    uint32_t handle = watch_path_find(w, path);
    bool is_new = !handle;
    uint32_t *entry = handle ? watch_set_find(&w->arena, s, handle) : NULL;

    if (entry) {
        set_modes(w, conn, handle, entry, watch_entry_modes(*entry) | modes);
        return true;
    }
    if (is_new)
        handle = watch_path_new(w, path);
    if (!handle)
        return false;
    if (!watch_set_add(&w->arena, s, handle, modes)) {
        undo_path(w, handle, is_new);
        return false;
    }
    if (!watch_hint_add(w, handle, conn)) {
        watch_set_remove(&w->arena, s, handle);
        undo_path(w, handle, is_new);
        return false;
    }
    count_change(w, s, watch_path_at(w, handle), 0, modes);
    return true;
}

unsigned
watch_modes(const struct watch *w, uint32_t conn, struct bytes path)
{
    uint32_t handle = watch_path_find(w, path);
    uint32_t *entry = handle ? watch_hint_entry(w, handle, conn) : NULL;

    return entry ? watch_entry_modes(*entry) : 0;
}

unsigned
watch_remove(struct watch *w, uint32_t conn, struct bytes path, unsigned modes)
{
    uint32_t handle = watch_path_find(w, path);
    uint32_t *entry = handle ? watch_hint_entry(w, handle, conn) : NULL;
    unsigned had = entry ? watch_entry_modes(*entry) : 0;

    if (!(had & modes))
        return 0;
    set_modes(w, conn, handle, entry, had & ~modes);
    if ((had & ~modes) == 0)
        after_loss(w, handle);
    return had & modes;
}

/* --- firing --------------------------------------------------------------- */

/* Whom to tell, and by which watches. */
struct trigger {
    unsigned modes;
    watch_hit_fn *hit;
    void *arg;
};

/* Tell one connection, use its standard watch up.  How it watches then. */
static unsigned
fire_hint(struct watch *w, uint32_t handle, uint32_t conn,
          const struct trigger *t)
{
    uint32_t *entry = watch_hint_entry(w, handle, conn);
    struct watch_set *s = watch_set_of(w, conn);
    unsigned had = entry ? watch_entry_modes(*entry) : 0;
    unsigned left = had & ~(t->modes & (WATCH_DATA | WATCH_CHILD));

    if ((had & t->modes) && s->stamp != w->stamp) {
        s->stamp = w->stamp;
        t->hit(t->arg, conn);
    }
    if (left != had)
        set_modes(w, conn, handle, entry, left);
    return left;
}

/*
 * Tell the connections of `h` that watch by one of the trigger's modes.  Hints
 * that are stale go on the way; how many are left.
 */
static uint32_t
fire_hints(struct watch *w, uint32_t handle, struct hints *h,
           const struct trigger *t)
{
    uint32_t kept = 0;
    unsigned modes = 0;

    for (uint32_t i = 0; i < h->count; i++) {
        unsigned left = fire_hint(w, handle, h->conn[i], t);

        if (left != 0)
            h->conn[kept++] = h->conn[i];
        modes |= left;
    }
    h->modes = modes & WATCH_ANY;
    return kept;
}

/*
 * Tell whoever watches a path by one of the trigger's modes.  A hundred
 * thousand that watch its data are not looked at because it has a child more.
 */
static void
fire(struct watch *w, uint32_t handle, void *arg)
{
    const struct trigger *t = arg;
    struct wpath *p = watch_path_at(w, handle);
    struct hints *h;
    uint32_t kept;

    if (!p->is_many) {
        if (!fire_hint(w, handle, p->hints, t))
            watch_path_free(w, handle);
        return;
    }
    h = watch_path_hints(w, p);
    if (!(h->modes & t->modes))
        return;
    kept = fire_hints(w, handle, h, t);
    if (h->live == 0)
        watch_path_free(w, handle);
    else if (kept != h->count)
        watch_hints_keep(w, p, kept);
}

void
watch_fire_data(struct watch *w, struct bytes path, watch_hit_fn *hit,
                void *arg)
{
    struct trigger here = {WATCH_IN_DATA, hit, arg};
    struct trigger above = {WATCH_RECURSIVE, hit, arg};
    uint32_t handle = watch_path_find(w, path);

    watch_next_stamp(w);
    if (handle)
        fire(w, handle, &here);
    if (w->recursive > 0)
        watch_each_above(w, path, fire, &above);
}

void
watch_fire_child(struct watch *w, struct bytes path, bool skip_served,
                 watch_hit_fn *hit, void *arg)
{
    struct trigger here = {WATCH_IN_CHILD, hit, arg};
    uint32_t handle = watch_path_find(w, path);

    if (!skip_served)
        watch_next_stamp(w);
    if (handle)
        fire(w, handle, &here);
}
