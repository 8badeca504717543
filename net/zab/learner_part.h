/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learner_part.h - what the files of the learner core give each other.
 *
 *   learner.c           states, in the order in which a connection lives
 *   learner_txn.c       the history that comes
 *   learner_time.c      how long the leader may be silent
 *   learner_vouch.c     until when it is known to have heard of our sessions
 *   learner_identity.c  which ensemble this is
 *   learner_check.c     what is always true
 *
 * Private to learner*.c.
 */
#ifndef NET_ZAB_LEARNER_PART_H
#define NET_ZAB_LEARNER_PART_H

#include "net/zab/learner.h"

/* One more thing to do. */
struct learner_act *learner_add(struct learner_out *out,
                                enum learner_act_kind kind);

/* A packet without data; what is returned may be given some. */
struct learner_act *learner_send(struct learner_out *out, int32_t type,
                                 zxid_t zxid);

void learner_give_up(struct learner *l, const char *why,
                     struct learner_out *out);

/* A state begins in which the leader has something to say. */
void learner_enter(struct learner *l, enum learner_state state, mono_ms_t now);

/* --- learner_vouch.c ----------------------------------------------------- */

/* A PING, once we are up to date. */
void learner_hear_ping(struct learner *l, zxid_t zxid, mono_ms_t now,
                       struct learner_out *out);

/* --- learner_identity.c -------------------------------------------------- */

/* A leader of another ensemble is given up. */
bool learner_leave_foreign(struct learner *l, const struct identity *theirs,
                           struct learner_out *out);

/* What goes to our disk with currentEpoch; id 0: nothing. */
struct identity learner_new_identity(const struct learner *l);

/* That is on disk now; false: there was nothing. */
bool learner_take_identity(struct learner *l);

/* `data` of a PING may say that the id is confirmed. */
void learner_hear_confirmed(struct learner *l, struct bytes data,
                            struct learner_out *out);

/* --- learner_txn.c ------------------------------------------------------- */

/* Take a packet that carries history; false: it is none of these. */
bool learner_on_transaction(struct learner *l, const struct qpacket *p,
                            struct learner_out *out);

void learner_on_new_leader(struct learner *l, zxid_t zxid,
                           struct learner_out *out);

void learner_on_up_to_date(struct learner *l, mono_ms_t now,
                           struct learner_out *out);

#endif
