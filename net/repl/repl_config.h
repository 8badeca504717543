/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_config.h - the members, as zoo.cfg has them and as the ensemble does.
 *
 * The replication process of a member.
 */
#ifndef NET_REPL_REPL_CONFIG_H
#define NET_REPL_REPL_CONFIG_H

#include "net/repl/repl.h"
#include "storage/tree/txn.h"

/*
 * Write ours to /zookeeper/config of a tree that was loaded, outside any batch:
 * every server has its own, and it is no transaction.
 * Facts: spec/client-protocol.md 10.3.
 */
void repl_put_config(struct repl *r);

/* `txn`, a reconfig that is committed, says who the members are. */
void repl_config_changed(struct repl *r, struct txn *txn);

#endif
