/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_prepare.h - whoever orders transactions: requests become entries.
 *
 * From repl_prepare_from on preparation (net/prep/) runs, and with it the two
 * clocks that ask for transactions by themselves: sessions expire, containers
 * and TTL nodes are reaped.  Private to repl_*.c.
 */
#ifndef NET_REPL_REPL_PREPARE_H
#define NET_REPL_REPL_PREPARE_H

#include "net/repl/repl.h"

/* At the start: the clocks' timers are there. */
void repl_prepare_init(struct repl *r);

/*
 * Prepare requests over the tree as it is, from the zxid behind `zxid`; every
 * session begins with a full timeout, and from now on they expire.
 */
void repl_prepare_from(struct repl *r, zxid_t zxid);

/* The configuration was loaded again, and preparation runs. */
void repl_prepare_follow(struct repl *r);

/* No longer. */
void repl_prepare_end(struct repl *r);

/*
 * Prepare `q`, whose zxid and time are filled in here, and append what comes of
 * it, in as many transactions as it takes.  `timeout_ms` is of the session that
 * it opens, else 0; `err` the answer when the verdict is PREP_REFUSE.
 * PREP_WAIT: no room in the ring, no zxid left, or too much is pending; what
 * was appended so far stands, the next call goes on behind it.
 */
enum prep_verdict repl_prepare(struct repl *r, struct prep_request *q,
                               int32_t timeout_ms, int32_t *err);

/*
 * A transaction of the server's own: closeSession of `session`, or
 * deleteContainer with its record.  False: not now, ask again later.
 */
bool repl_submit(struct repl *r, int32_t op, session_id_t session,
                 struct bytes body);

#endif
