/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_order.h - orders to the log process: what only it may write.
 *
 * One at a time; it is carried out behind all that was published before.
 * Private to repl_*.c.
 */
#ifndef NET_REPL_REPL_ORDER_H
#define NET_REPL_REPL_ORDER_H

#include "net/repl/repl.h"
#include "storage/log/identity.h"

/* The log process does this next; what `value` is, enum log_order says. */
void repl_order(struct repl *r, enum log_order kind, int64_t value);

/* An order that stores the ensemble's id, too; with id 0 it does not. */
void repl_order_with_id(struct repl *r, enum log_order kind, int64_t value,
                        const struct identity *id);

/* The order is carried out; `result` is 0 or -errno.  True once per order. */
bool repl_order_done(struct repl *r, int *result);

/* The last transaction that the log process has made durable. */
zxid_t repl_durable(const struct repl *r);

#endif
