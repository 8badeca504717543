/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elect_given.h - a server that looks for a leader, and what it hears.
 */
#ifndef TESTS_UNIT_ELECT_GIVEN_H
#define TESTS_UNIT_ELECT_GIVEN_H

#include "election/elect.h"
#include "tests/unit/unit.h"

/* Three voters 1, 2, 3 and the observer 9; we are 1. */
static struct quorum three = {
    .count = 4,
    .member = {{.sid = 1},
               {.sid = 2},
               {.sid = 3},
               {.sid = 9, .is_observer = true}},
};

static struct elect_out last; /* what came of the last event */

/* Server 1 looks for a leader; its last transaction is `zxid`. */
static inline struct elect
given(zxid_t zxid)
{
    struct elect e;

    last = (struct elect_out){0};
    elect_init(&e, &three, 1, 0);
    elect_reach(&e, 0xf, &last);
    elect_look(&e, zxid, 1, &last);
    return e;
}

/* The sender says of which ensemble it is, if that is not 0. */
static inline const struct elect_out *
hears_of(struct elect *e, uint64_t ensemble, sid_t from,
         enum server_state state, sid_t leader, zxid_t zxid, int64_t round)
{
    struct vote v = {from, state, leader, zxid, round, 1, 2, ensemble};

    last = (struct elect_out){0};
    elect_hear(e, &v, &last);
    return &last;
}

static inline const struct elect_out *
hears(struct elect *e, sid_t from, enum server_state state, sid_t leader,
      zxid_t zxid, int64_t round)
{
    return hears_of(e, 0, from, state, leader, zxid, round);
}

static inline bool
did(enum elect_act_kind kind)
{
    for (uint32_t i = 0; i < last.count; i++)
        if (last.act[i].kind == kind)
            return true;
    return false;
}

#endif
