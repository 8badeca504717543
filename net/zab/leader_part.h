/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leader_part.h - what the files of the leader core give each other.
 *
 *   leader.c           states and quorums
 *   leader_discover.c  who comes to be a learner, and what it promises
 *   leader_hear.c      what it says then, stage by stage
 *   leader_send.c      what goes to a learner next
 *   leader_time.c      how long we wait
 *   leader_silence.c   who may have left us without a word
 *   leader_vouch.c     who is known not to have left us, and since when
 *   leader_identity.c  which ensemble this is
 *   leader_check.c     what is always true
 *
 * Private to leader*.c.
 */
#ifndef NET_ZAB_LEADER_PART_H
#define NET_ZAB_LEADER_PART_H

#include "net/zab/leader.h"

static inline int64_t
max_of(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

struct leader_act *leader_add(struct leader_out *out,
                              enum leader_act_kind kind);

/* Close the connection in `slot`, which is in use, and free it. */
void leader_drop(struct leader *l, uint32_t slot, const char *why,
                 struct leader_out *out);

/* After each event: has a quorum formed for the next state or commit? */
void leader_advance(struct leader *l, mono_ms_t now, struct leader_out *out);

/* The end of the history that counts as committed. */
zxid_t leader_end(const struct leader *l);

void leader_give_up(struct leader *l, const char *why, struct leader_out *out);

/* Our own vote. */
quorum_set_t leader_self(const struct leader *l);

/* Whether those who are connected and have come to `stage` are one, with us. */
bool leader_has_quorum_at(const struct leader *l, enum peer_stage stage);

/* --- leader_discover.c --------------------------------------------------- */

/* FOLLOWER_INFO or OBSERVER_INFO should be the first packet. */
void leader_hear_info(struct leader *l, uint32_t slot, const struct qpacket *p,
                      mono_ms_t now, struct leader_out *out);

/* ACK_EPOCH: the learner has stored our epoch. */
void leader_hear_ack_epoch(struct leader *l, uint32_t slot,
                           const struct qpacket *p, mono_ms_t now,
                           struct leader_out *out);

/* Has the learner whose number the one in `slot` has answered by now? */
void leader_judge_rival(struct leader *l, uint32_t slot, mono_ms_t now,
                        struct leader_out *out);

/* --- leader_time.c ------------------------------------------------------- */

/* initLimit, syncLimit */
int64_t leader_init_ms(const struct leader *l);
int64_t leader_sync_ms(const struct leader *l);

/* The quorum is lost for now: look in a moment whether it is back. */
void leader_expect_quorum(struct leader *l, mono_ms_t now);

/* --- leader_silence.c ---------------------------------------------------- */

/* At every tick, before `ticked` is set. */
void leader_note_silence(const struct leader *l, struct leader_peer *p,
                         mono_ms_t now);

/* May it have left us? */
bool leader_misses(const struct leader *l, const struct leader_peer *p);

/* --- leader_vouch.c ------------------------------------------------------ */

/* A ping goes to `p`; a PING came from it. */
void leader_pinged(struct leader_peer *p, mono_ms_t now);
void leader_ponged(struct leader_peer *p);

/* Its machine has acknowledged something since the last tick. */
void leader_reached(const struct leader *l, struct leader_peer *p);

/* --- leader_identity.c --------------------------------------------------- */

/* What the learner `peer`, which we take, knows of the ensemble's id. */
void leader_learn_identity(struct leader *l, const struct leader_peer *peer,
                           struct leader_out *out);

/* A new id waits for those who may know one, for a moment. */
bool leader_awaits_identity(const struct leader *l, mono_ms_t now);

/* A quorum has promised itself: which ensemble this term is of. */
void leader_fix_identity(struct leader *l);

/* Somebody acknowledged NEW_LEADER, or we lead: have enough taken it over? */
void leader_confirm_identity(struct leader *l, struct leader_out *out);

/* What changed while our disk was at work. */
void leader_keep_identity(struct leader *l, struct leader_out *out);

#endif
