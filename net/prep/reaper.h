/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reaper.h - containers and TTL nodes that are to go.
 *
 * Every check interval all of them are looked at, some at a time; those that
 * may go are handed out one by one, spaced, to be deleted by ordinary
 * transactions that look again.  Then the look goes on.
 *
 * A TTL is of time that passed: when the wall's clock is set forwards, nodes
 * from before do not become older by that.
 *
 * Pure: it is told the time.  The replication process, standalone or leading.
 * ZK: ContainerManager.  Facts: spec/client-protocol.md 4.7
 */
#ifndef NET_PREP_REAPER_H
#define NET_PREP_REAPER_H

#include "daemon/clock.h"
#include "daemon/conf/conf.h"
#include "storage/tree/tree.h"

enum {
    REAPER_LIST_BYTES = 64 * 1024,
    REAPER_LEAPS_MAX = 8,
};

struct reaper {
    mono_ms_t interval;      /* between looks */
    mono_ms_t spacing;       /* between deletions */
    wall_ms_t never_used_ms; /* age at which an empty new container goes;
                                0: never */
    mono_ms_t next_look, next_out;
    wall_ms_t wall;           /* during a look */
    struct clock_pair clocks; /* when they were told last */
    uint32_t leap_count;
    struct {
        wall_ms_t to; /* the wall's clock was set forwards, to this ... */
        int64_t ms;   /* ... by so much; what is older was made before */
    } leap[REAPER_LEAPS_MAX];
    uint32_t size, at;               /* of list */
    bool is_looking;                 /* a look is under way */
    uint8_t list[REAPER_LIST_BYTES]; /* paths, each behind its i32 length */
};

/* The first look is an interval away. */
void reaper_init(struct reaper *r, const struct conf *conf, mono_ms_t now,
                 wall_ms_t wall);

/* The same reaper by another configuration: a reload.  Ask it for the next. */
void reaper_follow(struct reaper *r, const struct conf *conf, mono_ms_t now);

/*
 * The next node to delete, size -1 if there is none now; borrowed until the
 * next call.  `again` becomes the time to ask again.
 */
struct bytes reaper_next(struct reaper *r, struct tree *t, mono_ms_t now,
                         wall_ms_t wall, mono_ms_t *again);

/* May this node go? */
bool reaper_wants(const struct znode_stat *stat, wall_ms_t never_used_ms,
                  wall_ms_t wall);

#endif
