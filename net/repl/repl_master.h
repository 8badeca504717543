/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_master.h - an observer master: a follower that has observers.
 *
 * Private to repl_*.c, replication process, following.  With
 * observerMasterPort not set there is never one, and all of this does nothing.
 */
#ifndef NET_REPL_REPL_MASTER_H
#define NET_REPL_REPL_MASTER_H

#include "net/repl/repl.h"
#include "net/wire/qpacket.h"

/* We follow, and are up to date: observers may come. */
void repl_master_begin(struct repl *r, int64_t epoch);

/* The leader says that the ensemble's id is confirmed. */
void repl_master_identified(struct repl *r, const struct identity *id);

/* Once a turn, after the leader was heard. */
void repl_master_turn(struct repl *r, mono_ms_t now);

/* The leader is lost: all observers go. */
void repl_master_end(struct repl *r);

/* Whether what went to the leader came from an observer of ours. */
static inline bool
repl_is_observers(const struct origin *o)
{
    return o->worker >= CLIENTS_MAX && o->worker != RING_NOBODY;
}

/* The leader answered the oldest sync, which was this observer's. */
void repl_master_synced(struct repl *r, const struct origin *o);

/* ... a question for a session; `packet` is the answer. */
void repl_master_revalidated(struct repl *r, const struct origin *o,
                             const struct qpacket *packet);

#endif
