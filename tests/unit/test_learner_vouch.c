/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about net/zab/learner_vouch.c: what a PING says of what we told its
 * leader.
 */
#include "tests/unit/learner_given.h"

static struct given g;

/* A PING, `ms` later; all before it was read as it came, or nothing. */
static const struct learner_act *
pinged_after(int64_t ms, bool reads)
{
    g.now += ms;
    if (reads)
        learner_has_read(&g.l, g.now - 100);
    hear(&g, Q_PING, NEW(0));
    return did(&g, g.out.count - 1, LEARNER_PONG);
}

static void
given_told(void)
{
    given_broadcast(&g, conf_with(OLD(3)));
    CU_ASSERT_TRUE(pinged_after(10, true)->tells);
    CU_ASSERT_EQUAL(g.out.count, 1);
}

/* When it is vouched for by this PING; 0: it says nothing. */
static mono_ms_t
vouched_after(int64_t ms, bool reads)
{
    pinged_after(ms, reads);
    return g.out.count == 2 ? did(&g, 0, LEARNER_VOUCHED)->when : 0;
}

static void
a_new_leader_is_told_of_all(void)
{
    given_told();
    CU_ASSERT_TRUE(did(&g, 0, LEARNER_PONG)->is_first);
    CU_ASSERT_FALSE(pinged_after(TICK_MS / 2, true)->is_first);
}

static void
one_that_we_had_is_told_of_the_others(void)
{
    struct learner_conf conf = conf_with(OLD(3));

    conf.served = EPOCH;
    given_broadcast(&g, conf);
    CU_ASSERT_TRUE(pinged_after(10, true)->tells);
    CU_ASSERT_FALSE(did(&g, 0, LEARNER_PONG)->is_first);
}

/* Apache's come each half a tick, and one may be a moment early. */
static void
an_early_ping_takes_touches_along(void)
{
    given_told();
    CU_ASSERT_TRUE(pinged_after(TICK_MS / 2 - 40, true)->tells);
}

static void
frequent_pings_go_back_empty(void)
{
    given_told();
    CU_ASSERT_FALSE(pinged_after(150, true)->tells);
    CU_ASSERT_FALSE(pinged_after(150, true)->tells);
    CU_ASSERT_TRUE(pinged_after(50, true)->tells);
}

/* Those that go now may be lost on their way. */
static void
a_ping_vouches_for_the_touches_before_it(void)
{
    mono_ms_t first, second;

    given_told();
    first = g.now;
    CU_ASSERT_EQUAL(vouched_after(TICK_MS / 2, true), first);
    second = g.now;
    CU_ASSERT_EQUAL(vouched_after(TICK_MS / 2, true), second);
}

/* One that was on its way is none, however late it is read. */
static void
pings_that_waited_vouch_for_nothing(void)
{
    mono_ms_t first;

    given_told();
    first = g.now;
    for (int i = 0; i < 8; i++)
        CU_ASSERT_EQUAL(vouched_after(TICK_MS, false), 0);
    CU_ASSERT_EQUAL(vouched_after(TICK_MS, true), first);
}

/* What has come is always read a second later. */
static void
who_reads_late_is_vouched_for_late(void)
{
    mono_ms_t first, told[3] = {0};
    int told_count = 0;

    given_told();
    first = g.now;
    for (int i = 0; i < 60; i++) {
        mono_ms_t when;

        learner_has_read(&g.l, g.now - 900);
        when = vouched_after(100, false);
        if (when != 0 && told_count < 3)
            told[told_count++] = when;
    }
    CU_ASSERT_EQUAL(told[0], first);
    CU_ASSERT_TRUE(told[1] > first);
    CU_ASSERT_TRUE(told[2] > told[1]);
}

UNIT_SUITE(learner_vouch)
{
    unit_suite("learner_vouch");
    UNIT(a_new_leader_is_told_of_all);
    UNIT(one_that_we_had_is_told_of_the_others);
    UNIT(an_early_ping_takes_touches_along);
    UNIT(frequent_pings_go_back_empty);
    UNIT(a_ping_vouches_for_the_touches_before_it);
    UNIT(pings_that_waited_vouch_for_nothing);
    UNIT(who_reads_late_is_vouched_for_late);
}
