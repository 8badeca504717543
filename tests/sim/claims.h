/* SPDX-License-Identifier: Apache-2.0 */
/*
 * claims.h - what must hold after every step: see claims.c.
 *
 * Each function is one invariant of spec/quorum-protocol.md 13 and leaves
 * the run with its name when it does not hold.  Private to tests/sim.
 */
#ifndef TESTS_SIM_CLAIMS_H
#define TESTS_SIM_CLAIMS_H

#include "tests/sim/sim.h"

/* Nodes, bit i is node i; observers among them do not count. */
bool is_quorum(uint32_t nodes);

/*
 * Servers that lost their disk: nobody counts them before a leader has filled
 * them, so a quorum without them has what they had acknowledged.
 */
uint32_t to_be_filled(void);

/* How many of a log's first are the first that were delivered. */
uint32_t common_with_committed(const uint32_t *log, uint32_t count);

/* The disk. */
void claim_log_monotone(const struct server *s, const uint32_t *log,
                        uint32_t count, uint32_t id);
void claim_epoch_grows(const struct server *s, int64_t was, int64_t epoch);
void claim_epoch_order(const struct server *s);
void claim_no_trunc_committed(const struct server *s, const uint32_t *log,
                              uint32_t count);
void claim_still_durable(void);
void claim_can_start(const struct server *s);
void claim_identity(const struct server *s);
void claim_foreign(const struct server *s, const struct disk_op *op);
void claim_are_foreign(const struct server *s, quorum_set_t nodes);

/* Elections. */
void claim_election_vote(const struct server *s, const struct vote *v);
void claim_poll_vote(const struct server *s);
void claim_poll_round(const struct server *s, const struct poll_answer *a,
                      const struct tally *before);

/* Leaders. */
void claim_leader_unique(const struct server *s, int64_t epoch);
void claim_leader_recent(const struct server *s);
void claim_established(const struct server *s, int64_t epoch);
void claim_rollover(zxid_t zxid);
void claim_commit_quorum(const struct server *s, zxid_t zxid);
void claim_proposes(const struct server *s, uint32_t id);
void claim_sent_in_order(const struct server *s, struct conn *c,
                         const struct qpacket *p);

void claim_leader_serves(const struct server *s);

/* Learners. */
void claim_epoch_promise(const struct server *s, int64_t epoch);
void claim_promises_once(const struct server *s, int64_t epoch, int leader);
void claim_ack_durable(const struct server *s, zxid_t zxid);
void claim_seal_durable(const struct server *s, int64_t epoch);
void claim_follower_commit(const struct server *s, zxid_t zxid);
void claim_sync_equal(const struct server *s, int64_t epoch,
                      const struct conn *up);

/* What is delivered. */
void claim_delivered(struct server *s, uint32_t index);
void claim_digest(const struct server *s, uint32_t id);
void claim_session(const struct server *s, struct txn *txn);
void claim_snapshot(const struct server *s);

/* Clients. */
void claim_lease(const struct server *s, const struct attached *a);

/* The term of leadership of `epoch`, or NULL. */
struct term_known *term_of(int64_t epoch);

#endif
