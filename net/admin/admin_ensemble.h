/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin_ensemble.h - the commands of the HTTP server about an ensemble: who its
 * members are, who leads, and how far this one is.
 *
 * Each puts the fields of its answer into `o`.  Addresses are those of the
 * configuration: nobody is looked up or asked.  Private to admin*.c.
 * Facts: spec/operations.md 7.2.  ZK: org.apache.zookeeper.server.admin
 */
#ifndef NET_ADMIN_ADMIN_ENSEMBLE_H
#define NET_ADMIN_ADMIN_ENSEMBLE_H

#include "net/admin/admin_commands.h"

/* Of a member. */
void admin_put_leader(const struct admin_view *v, json_t *o);

/* Any server may be asked these; who serves alone has no voters. */
void admin_put_voters(const struct admin_view *v, json_t *o);
void admin_put_zabstate(const struct admin_view *v, json_t *o);

#endif
