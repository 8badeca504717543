/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_ring.h - the transaction ring, from its producer's side.
 *
 *      slowest ..... published ..... head
 *      somebody      others may      the next entry is built here
 *      reads this    read            and nobody sees it
 *
 * An entry is built in place, and only where everybody has passed: the log
 * process, the tree, every client process.  Private to repl_*.c.
 */
#ifndef NET_REPL_REPL_RING_H
#define NET_REPL_REPL_RING_H

#include "net/repl/repl.h"

/* The place for an entry of at most `size` bytes; NULL: there is none now. */
struct ring_entry *repl_reserve(struct repl *r, uint64_t size);

/* What repl_reserve gave is written, and says its size. */
void repl_append(struct repl *r, struct ring_entry *e);

/* A word to one connection, in order with the transactions.  False: no room. */
bool repl_put_word(struct repl *r, enum ring_kind kind, const struct req *req,
                   const struct origin *o, int32_t err);

/* Let others see what was appended; the log is woken as the turn ends. */
void repl_publish(struct repl *r);

/* Wake the log process, if there is something new for it. */
void repl_wake_log(struct repl *r);

/* A few times a second: give back what a ring at rest does not need. */
void repl_rest(struct repl *r);

#endif
