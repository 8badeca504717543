/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_apply.h - what is committed goes into the tree and the session table.
 *
 * Private to repl_*.c.
 */
#ifndef NET_REPL_REPL_APPLY_H
#define NET_REPL_REPL_APPLY_H

#include "net/repl/repl.h"

/* A quorum has everything up to `zxid`. */
static inline void
repl_commit(struct repl *r, zxid_t zxid)
{
    r->apply_to = r->known_committed = zxid;
}

/*
 * Apply a bounded number of what is committed, as far as the client processes
 * let us; true if there is more.
 */
bool repl_apply(struct repl *r);

/* One transaction to tree and session table, inside a batch. */
void repl_apply_txn(struct repl *r, struct txn *txn, struct outcome *outcomes);

/* Everything committed is in the tree when this returns. */
void repl_apply_all(struct repl *r);

/* --- repl_ahead.c --------------------------------------------------------- */

/* Fetch what the requests of client process `w` from `pos` on will need. */
void repl_ahead_requests(const struct repl *r, uint32_t w, ring_pos_t pos);

/* ... and the committed entries from `pos` on; up to the place it returns. */
ring_pos_t repl_ahead_entries(const struct repl *r, ring_pos_t pos);

#endif
