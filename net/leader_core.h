/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leader_core.h - what the files of the leader core share.
 *
 *   leader.c       states, quorums, time
 *   leader_hear.c  what a learner says, stage by stage
 *   leader_send.c  what goes to a learner next
 *   leader_check.c what is always true
 *
 * Private to leader*.c.
 */
#ifndef NET_LEADER_CORE_H
#define NET_LEADER_CORE_H

#include "net/leader.h"

struct leader_act *leader_add(struct leader_out *out,
                              enum leader_act_kind kind);

/* Close the connection in `slot`, which is in use, and free it. */
void leader_drop(struct leader *l, uint32_t slot, const char *why,
                 struct leader_out *out);

/* After each event: has a quorum formed for the next state or commit? */
void leader_advance(struct leader *l, mono_ms_t now, struct leader_out *out);

/* The end of the history that counts as committed. */
zxid_t leader_end(const struct leader *l);

#endif
