/* SPDX-License-Identifier: Apache-2.0 */
/*
 * data.h - log, tree and sessions of a server: as net/repl/repl_apply.c, and
 * where preparation begins, as net/repl/repl_prepare.c.
 *
 * Private to tests/sim.
 */
#ifndef TESTS_SIM_DATA_H
#define TESTS_SIM_DATA_H

#include "tests/sim/server.h"

/* The transaction of these bytes: known, or new in the world. */
uint32_t txn_known(struct bytes bytes);
uint32_t txn_new(struct bytes bytes);

void data_load(struct server *s); /* tree and sessions from the log */
void data_clear(struct server *s);

/* What these transactions do to the tree, whosever log they are of. */
void data_feed(struct server *s, const uint32_t *ids, uint32_t count);
void data_append(struct server *s, uint32_t id);

/* The ring takes one more; `data_slowest`: up to there everybody has read. */
bool data_has_room(const struct server *s);
uint32_t data_slowest(const struct server *s);
void data_commit(struct server *s, zxid_t zxid);

/* So many of the log are in the tree, known to be committed or not. */
void data_apply(struct server *s, uint32_t until);
uint32_t data_index(const struct server *s, zxid_t zxid); /* or UINT32_MAX */
void data_prepare_from(struct server *s, zxid_t zxid);
uint64_t data_digest(const struct server *s);

#endif
