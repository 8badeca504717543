/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ask_ring.h - questions to the leader that are answered in their order, or
 * nearly so: syncs, and sessions that are asked for.
 *
 * A plain queue.  Pure.  The replication process, learning.
 */
#ifndef NET_ASK_RING_H
#define NET_ASK_RING_H

#include "daemon/txring.h"

enum { ASK_PLACES = 1 << 15 };

struct asked {
    session_id_t session;
    int32_t xid;
    int32_t timeout_ms;
    struct origin origin;
    bool is_answered;
};

struct ask_ring {
    uint64_t oldest, newest; /* count places ever used */
    struct asked place[ASK_PLACES];
};

static inline void
ask_clear(struct ask_ring *a)
{
    a->oldest = a->newest = 0;
}

static inline bool
ask_is_full(const struct ask_ring *a)
{
    return a->newest - a->oldest == ASK_PLACES;
}

/* There is room. */
static inline void
ask_put(struct ask_ring *a, const struct asked *what)
{
    a->place[a->newest++ % ASK_PLACES] = *what;
}

/* Take the oldest; false: there is none. */
static inline bool
ask_take(struct ask_ring *a, struct asked *what)
{
    if (a->oldest == a->newest)
        return false;
    *what = a->place[a->oldest++ % ASK_PLACES];
    return true;
}

/* Take the oldest for `session`; false: nobody asked. */
static inline bool
ask_take_session(struct ask_ring *a, session_id_t session, struct asked *what)
{
    for (uint64_t i = a->oldest; i != a->newest; i++) {
        struct asked *p = &a->place[i % ASK_PLACES];

        if (p->session != session || p->is_answered)
            continue;
        p->is_answered = true;
        *what = *p;
        while (a->oldest != a->newest &&
               a->place[a->oldest % ASK_PLACES].is_answered)
            a->oldest++;
        return true;
    }
    return false;
}

#endif
