/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole conversations, from the first word to broadcast, as tables.
 *
 * '<' the learner says, '>' it is told, '=' our disk has it, '!' we propose.
 */
#include "tests/unit/leader_given.h"

enum {
    STORED = -1,  /* '=': an epoch */
    LOGGED = -2,  /* '=': our log up to here */
    NOTHING = -3, /* '>': for now */
    SNAPPED = -4, /* '=': the payload is written, and ends here */
};

struct dance_step {
    char way;
    int32_t type;
    zxid_t zxid;
};

/* Spec 4.2: it has (4,1), and its ACKs come in Apache's order. */
static const struct dance_step diff[] = {
    {'<', Q_FOLLOWER_INFO, EPOCH(4)},
    {'>', NOTHING, 0},
    {'=', STORED, 0},
    {'>', Q_LEADER_INFO, EPOCH(5)},
    {'<', Q_ACK_EPOCH, ZXID(4, 1)},
    {'>', NOTHING, 0},
    {'=', STORED, 0},
    {'>', Q_DIFF, ZXID(4, 3)},
    {'>', Q_PROPOSAL, ZXID(4, 2)},
    {'>', Q_COMMIT, ZXID(4, 2)},
    {'>', Q_PROPOSAL, ZXID(4, 3)},
    {'>', Q_COMMIT, ZXID(4, 3)},
    {'>', Q_NEW_LEADER, EPOCH(5)},
    {'>', NOTHING, 0},
    {'<', Q_ACK, ZXID(4, 2)},
    {'<', Q_ACK, EPOCH(5)},
    {'<', Q_ACK, ZXID(4, 3)},
    {'>', NOTHING, 0},
    {'=', LOGGED, ZXID(4, 3)},
    {'>', Q_UP_TO_DATE, -1},
    {'<', Q_ACK, EPOCH(5)},
    {'!', Q_PROPOSAL, ZXID(5, 1)},
    {'!', Q_PROPOSAL, ZXID(5, 2)},
    {'>', Q_PROPOSAL, ZXID(5, 1)},
    {'>', Q_PROPOSAL, ZXID(5, 2)},
    {'<', Q_ACK, ZXID(5, 1)},
    {'>', NOTHING, 0},
    {'=', LOGGED, ZXID(5, 2)},
    {'>', Q_COMMIT, ZXID(5, 1)},
    {'>', NOTHING, 0},
    {'<', Q_ACK, ZXID(5, 2)},
    {'>', Q_COMMIT, ZXID(5, 2)},
    {'>', NOTHING, 0},
};

/* It has nothing; what is proposed meanwhile waits behind UP_TO_DATE. */
static const struct dance_step snapshot[] = {
    {'<', Q_FOLLOWER_INFO, EPOCH(0)},
    {'>', Q_LEADER_INFO, EPOCH(5)},
    {'<', Q_ACK_EPOCH, 0},
    {'>', Q_SNAP, 0},
    {'!', Q_PROPOSAL, ZXID(5, 1)},
    {'>', NOTHING, 0},
    {'=', SNAPPED, ZXID(4, 2)},
    {'>', Q_PROPOSAL, ZXID(4, 3)},
    {'>', Q_COMMIT, ZXID(4, 3)},
    {'>', Q_NEW_LEADER, EPOCH(5)},
    {'>', NOTHING, 0},
    {'=', LOGGED, ZXID(5, 1)},
    {'<', Q_ACK, EPOCH(5)},
    {'>', Q_UP_TO_DATE, -1},
    {'>', Q_PROPOSAL, ZXID(5, 1)},
    {'<', Q_ACK, ZXID(5, 1)},
    {'>', Q_COMMIT, ZXID(5, 1)},
    {'>', NOTHING, 0},
};

/* It led before and kept what nobody else has. */
static const struct dance_step cut[] = {
    {'<', Q_FOLLOWER_INFO, EPOCH(4)}, {'>', Q_LEADER_INFO, EPOCH(5)},
    {'<', Q_ACK_EPOCH, ZXID(4, 9)},   {'>', Q_TRUNC, ZXID(4, 3)},
    {'>', Q_NEW_LEADER, EPOCH(5)},    {'<', Q_ACK, EPOCH(5)},
    {'>', Q_UP_TO_DATE, -1},          {'>', NOTHING, 0},
};

static void
says(uint32_t slot, int32_t type, zxid_t zxid)
{
    if (type == Q_FOLLOWER_INFO)
        comes((sid_t)slot, zxid_epoch(zxid));
    else if (type == Q_ACK_EPOCH)
        promises(slot, 4, zxid);
    else
        acks(slot, zxid);
}

static void
disk_has(uint32_t slot, int32_t type, zxid_t zxid)
{
    if (type == STORED)
        stored();
    else if (type == LOGGED)
        is_durable(zxid);
    else
        snapped(slot, zxid);
}

static bool
is_told(uint32_t slot, int32_t type, zxid_t zxid)
{
    if (type == NOTHING)
        return !next(slot) && last.count == 0;
    if (type == Q_SNAP)
        return sends_snapshot(slot);
    return sends(slot, type, zxid);
}

static void
follow(uint32_t slot, const struct dance_step *step, uint32_t steps)
{
    for (uint32_t i = 0; i < steps; i++)
        if (step[i].way == '<')
            says(slot, step[i].type, step[i].zxid);
        else if (step[i].way == '!')
            proposes(step[i].zxid);
        else if (step[i].way == '=')
            disk_has(slot, step[i].type, step[i].zxid);
        else
            CU_ASSERT_TRUE_FATAL(is_told(slot, step[i].type, step[i].zxid));
}

static void
a_follower_that_is_behind_dances_to_broadcast(void)
{
    given();
    follow(2, diff, ARRAY_COUNT(diff));
    CU_ASSERT_EQUAL(leader.committed, ZXID(5, 2));
}

static void
an_empty_follower_dances_behind_a_snapshot(void)
{
    given_led();
    follow(3, snapshot, ARRAY_COUNT(snapshot));
}

static void
a_former_leader_dances_after_a_cut(void)
{
    given_led();
    follow(3, cut, ARRAY_COUNT(cut));
}

UNIT_SUITE(leader_dance)
{
    unit_suite("leader_dance");
    UNIT(a_follower_that_is_behind_dances_to_broadcast);
    UNIT(an_empty_follower_dances_behind_a_snapshot);
    UNIT(a_former_leader_dances_after_a_cut);
}
