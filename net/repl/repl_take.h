/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_take.h - requests of client processes are taken, in turn.
 *
 * Private to repl_*.c.
 */
#ifndef NET_REPL_REPL_TAKE_H
#define NET_REPL_REPL_TAKE_H

#include "net/repl/repl.h"

/* Take a bounded number of requests; true if there are more. */
bool repl_take(struct repl *r);

/* role.take of those who order transactions.  False: not now. */
bool repl_take_ordering(struct repl *r, const struct req *req,
                        const struct origin *o);

#endif
