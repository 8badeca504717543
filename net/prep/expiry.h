/* SPDX-License-Identifier: Apache-2.0 */
/*
 * expiry.h - when a session that nobody hears of ends.
 *
 *      bucket(t) = (t / tick + 1) * tick
 *
 * A session heard of at n with timeout T belongs into bucket(n + T), so it
 * lives longer than T and at most T + tick.  But requests do not move it:
 * only when its bucket is due is it asked when it was heard of last, and then
 * it ends or moves on.  A session costs something once per timeout, a
 * request nothing.
 *
 *      wheel[number % EXPIRY_WHEEL] -> session <-> session ...
 *                                              number: bucket / tick
 *
 * Sessions whose bucket is more than one turn of the wheel away stay in
 * their place when the wheel comes by.
 *
 * Pure: it is told the time.  The replication process, standalone or leading.
 * ZK: SessionTrackerImpl, ExpiryQueue.  Facts: spec/client-protocol.md 8.3
 */
#ifndef NET_PREP_EXPIRY_H
#define NET_PREP_EXPIRY_H

#include "storage/tree/session.h"

enum { EXPIRY_WHEEL = 1024 };

struct expiry {
    struct session_table *sessions;
    mono_ms_t tick;
    mono_ms_t due;     /* the next bucket to come */
    uint32_t visiting; /* slot + 1 of the next in the bucket at hand */
    uint32_t wheel[EXPIRY_WHEEL]; /* slot + 1 of the first */
};

/* When a session was heard of last; 0 if never. */
typedef mono_ms_t expiry_heard_fn(void *arg, uint32_t slot, mono_ms_t now);

/*
 * No session has a bucket: that of each is the caller's to clear.  `tick` is
 * above 0; the table is borrowed.
 */
void expiry_init(struct expiry *e, struct session_table *sessions,
                 mono_ms_t tick, mono_ms_t now);

/*
 * Heard of `s` at `now`: it is in the bucket that its timeout makes, taken
 * out of another.  A session that is new here has none.
 */
void expiry_touch(struct expiry *e, struct session *s, mono_ms_t now);

/* `s` is closing, or gone: it has no bucket any more. */
void expiry_remove(struct expiry *e, struct session *s);

/*
 * The next session that ends by `now`, without a bucket any more; NULL when
 * there is none.  Call until NULL, or go on next time.
 */
struct session *expiry_next(struct expiry *e, mono_ms_t now,
                            expiry_heard_fn *heard, void *arg);

#endif
