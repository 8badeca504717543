/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch.h - who watches what.
 *
 *      hash of the path --> [bucket] -> path -> path
 *                                        |
 *                                 hints: connection, connection, ...
 *      connection --> set of (path, modes)          <- the truth
 *
 * A path knows which connections may watch it; how, only the connection's
 * own set says.  So the end of a connection costs its own watches: its hints
 * stay behind and are swept when they outnumber the live ones.
 *
 * A path of 20 bytes with one watcher takes 32 bytes, a set at most 9 bytes
 * per watch, its bucket 4; a further watcher of a path takes 4 to 8.
 *
 * Pure: memory is given, nothing is allocated after watch_init.  Client
 * processes, each its own.  ZK: WatchManager, WatcherModeManager
 */
#ifndef NET_CLIENT_WATCH_H
#define NET_CLIENT_WATCH_H

#include "net/client/watch_arena.h"

/* How a connection watches a path; bits, each stands for itself. */
enum watch_mode {
    WATCH_DATA = 1,       /* standard, in the data table */
    WATCH_CHILD = 2,      /* standard, in the child table */
    WATCH_PERSISTENT = 4, /* in both tables */
    WATCH_RECURSIVE = 8,  /* in the data table, for descendants too */
    WATCH_ANY = 15,
};

/*
 * A connection: its place in the table in the low bits, and above them a
 * number that changes with each connection that gets the place.
 */
enum { WATCH_CONN_BITS = 17 };

/* Counts share a word with the size of an array. */
enum {
    WATCH_COUNT_BITS = 26,
    WATCH_COUNT_MAX = (1 << WATCH_COUNT_BITS) - 1,
};

struct watch_set {
    uint32_t list; /* the only entry itself, or a handle of an array */
    uint32_t count;
    uint32_t conn;     /* whose it is, from its first watch on; 0: nobody */
    uint32_t stamp;    /* of the last trigger that served it */
    uint32_t log2 : 6; /* of the array's capacity */
    uint32_t data : WATCH_COUNT_BITS; /* entries in the data table */
};

/* What the process as a whole watches. */
struct watch_totals {
    uint64_t data_watches;  /* in the data table, as `wchs` counts */
    uint64_t child_watches; /* in the child table, as 3.8 counts: recursive
                               ones too */
    uint64_t data_paths;
    uint64_t connections; /* with a watch in the data table */
};

struct watch {
    struct watch_arena arena;
    struct watch_set *set; /* one per connection place */
    uint32_t conns;
    uint32_t *bucket;
    uint32_t buckets; /* in use */
    uint32_t buckets_max;
    uint64_t seed; /* of the hash: clients must not know it */
    uint32_t paths;
    uint32_t recursive; /* recursive watches, of all connections */
    uint32_t stamp;     /* of the last trigger; never 0 then */
    struct watch_totals totals;
};

/* Bytes of the tables for `conns` connections, and of an arena. */
size_t watch_bytes(uint32_t conns, size_t arena_bytes);

/*
 * `memory` is zero, reserved, aligned to 16; it stays the caller's.  `seed` is
 * random, for the hash of paths.
 */
void watch_init(struct watch *w, void *memory, uint32_t conns,
                size_t arena_bytes, uint64_t seed);

/*
 * Add `modes` to what it has.  False when memory is out: nothing changed.
 * Before its first watch a connection has no memory here that is touched.
 */
bool watch_add(struct watch *w, uint32_t conn, struct bytes path,
               unsigned modes);

/* How `conn` watches `path`. */
unsigned watch_modes(const struct watch *w, uint32_t conn, struct bytes path);

/* Take away `modes`; returns those that it had. */
unsigned watch_remove(struct watch *w, uint32_t conn, struct bytes path,
                      unsigned modes);

/* It is gone, and all its watches.  Harmless if it never had one. */
void watch_close(struct watch *w, uint32_t conn);

/* Whether a change can concern anybody. */
static inline bool
watch_is_empty(const struct watch *w)
{
    return w->paths == 0;
}

/* Called at most once per trigger for a connection; must not change `w`. */
typedef void watch_hit_fn(void *arg, uint32_t conn);

/*
 * The data table's watches on `path`, and recursive ones above it.
 * Standard ones are used up.
 */
void watch_fire_data(struct watch *w, struct bytes path, watch_hit_fn *hit,
                     void *arg);

/*
 * The child table's watches on `path`.  With `skip_served`, connections that
 * the trigger before this one served are not told, but lose their standard
 * watch all the same.
 */
void watch_fire_child(struct watch *w, struct bytes path, bool skip_served,
                      watch_hit_fn *hit, void *arg);

#endif
