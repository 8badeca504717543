/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local.h - sessions that only this server knows.
 *
 *      open -> resume* -> closed | expired | global
 *
 * No transaction made them, no other server has heard of them, and nothing
 * in the tree may be theirs.  They come from localSessionsEnabled and from
 * read-only mode, and last as long as this server serves without a break.
 * One that is to own an ephemeral becomes global first: it is `is_closing`
 * from when that is asked for until its createSession is applied.
 *
 * Slots are those of a session table, counted on behind the global ones, so
 * that client processes note in shm->heard when they heard of either kind.
 *
 * Pure: memory is given, zero, and it is told the time.  The replication
 * process.  ZK: LocalSessionTracker, UpgradeableSessionTracker
 * Facts: spec/quorum-protocol.md 7, spec/client-protocol.md 8.6, 12
 */
#ifndef NET_PREP_LOCAL_H
#define NET_PREP_LOCAL_H

#include "daemon/txring.h"
#include "net/prep/expiry.h"

struct local {
    struct session_table *sessions;
    struct expiry expiry;
};

/* `memory` has session_table_bytes() and is borrowed for the life of `l`. */
void local_init(struct local *l, void *memory, mono_ms_t tick, mono_ms_t now);

/* All of them end, without a word. */
void local_clear(struct local *l, mono_ms_t now);

/* A new one for this connection; NULL when all slots are taken. */
struct session *local_open(struct local *l, session_id_t id, int32_t timeout_ms,
                           const struct origin *o, mono_ms_t now);

/* NULL: there is none. */
struct session *local_find(const struct local *l, session_id_t id);

/* Its client came back on this connection, and asked for this timeout. */
void local_resume(struct local *l, struct session *s, int32_t timeout_ms,
                  const struct origin *o, mono_ms_t now);

/* It is over, or global. */
void local_end(struct local *l, struct session *s);

/* What was asked to become global did not: all are local again. */
void local_stay(struct local *l);

/*
 * The next that nobody heard of in time; NULL when there is none.  The
 * caller ends it, or has it live on with local_retry.
 */
struct session *local_expired(struct local *l, mono_ms_t now,
                              expiry_heard_fn *heard, void *arg);
void local_retry(struct local *l, struct session *s, mono_ms_t now);

/* Where shm->heard has it. */
static inline uint32_t
local_slot(const struct local *l, const struct session *s)
{
    return SESSIONS_MAX + session_slot(l->sessions, s);
}

#endif
