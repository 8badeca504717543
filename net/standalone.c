/* SPDX-License-Identifier: Apache-2.0 */
/*
 * standalone.c - the role of a server that has no peers.
 *
 * It orders transactions and is its own quorum: what is durable here is
 * committed.  Pure.
 */
#include "net/role.h"

static ring_pos_t
committed(const struct role_acks *acks)
{
    return acks->durable < acks->published ? acks->durable : acks->published;
}

const struct role role_standalone = {
    .kind = ROLE_STANDALONE,
    .name = "standalone",
    .orders = true,
    .committed = committed,
};
