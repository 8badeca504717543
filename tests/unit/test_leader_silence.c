/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about net/zab/leader_silence.c: followers that leave us as soon as
 * they miss us are not counted for long.
 */
#include "tests/unit/leader_given.h"

enum { SILENCE_MS = 300, MISSED_MS = 2 * SILENCE_MS, STEP_MS = 100 };

static void
is_quick(uint32_t slot)
{
    leader.conf.silence_ms = SILENCE_MS;
    leader.peer[slot].flags |= LEARNER_QUICK;
}

static void
steps(int32_t ms)
{
    for (int32_t passed = 0; passed < ms; passed += STEP_MS)
        passes(STEP_MS);
}

/* They may have another by now, who lets our clients' sessions expire. */
static void
a_quorum_that_left_without_a_word_is_lost_early(void)
{
    given_led();
    is_quick(2);
    steps(MISSED_MS - STEP_MS);
    CU_ASSERT_FALSE(gave_up());
    passes(STEP_MS);
    CU_ASSERT_TRUE(gave_up());
}

static void
who_answers_pings_has_not_left(void)
{
    given_led();
    is_quick(2);
    for (int i = 0; i < 4; i++) {
        steps(MISSED_MS - STEP_MS);
        hears(2, Q_PING, 0, BYTES_NULL);
    }
    CU_ASSERT_EQUAL(leader.state, LEADER_BROADCAST);
}

static void
one_that_left_is_no_quorum(void)
{
    given_led_by_all();
    is_quick(2);
    is_quick(3);
    for (int i = 0; i < 4; i++) {
        steps(MISSED_MS / 2);
        hears(3, Q_PING, 0, BYTES_NULL);
    }
    CU_ASSERT_EQUAL(leader.state, LEADER_BROADCAST);
    CU_ASSERT_EQUAL(leader.peer[2].stage, PEER_UP_TO_DATE);
}

/* Apache's stay for syncLimit: without them no other has a quorum. */
static void
who_stays_for_synclimit_counts_so_long(void)
{
    given_led_by_all();
    is_quick(2);
    steps(SYNC_MS - STEP_MS);
    CU_ASSERT_EQUAL(leader.state, LEADER_BROADCAST);
}

static void
without_silence_all_stay_for_synclimit(void)
{
    given_led();
    is_quick(2);
    leader.conf.silence_ms = 0;
    steps(SYNC_MS - STEP_MS);
    CU_ASSERT_EQUAL(leader.state, LEADER_BROADCAST);
}

/* Their answers wait to be read. */
static void
nobody_left_while_we_did_not_run(void)
{
    given_led();
    is_quick(2);
    passes(2 * MISSED_MS);
    CU_ASSERT_FALSE(gave_up());
    hears(2, Q_PING, 0, BYTES_NULL);
    steps(MISSED_MS - STEP_MS);
    CU_ASSERT_EQUAL(leader.state, LEADER_BROADCAST);
}

/* It is slow, or stands still: others would not have it for a quorum. */
static void
who_is_reached_has_not_left(void)
{
    given_led();
    is_quick(2);
    for (int i = 0; i < 4; i++) {
        steps(MISSED_MS - STEP_MS);
        leader_link_lives(&leader, 2);
    }
    CU_ASSERT_EQUAL(leader.state, LEADER_BROADCAST);
    steps(MISSED_MS);
    CU_ASSERT_EQUAL(leader.state, LEADER_OVER);
}

/* It answers no pings yet. */
static void
who_waits_for_up_to_date_has_not_left(void)
{
    given_led();
    leaves(2);
    comes_late(2, 5, 5, ZXID(4, 3));
    CU_ASSERT_TRUE(sends(2, Q_DIFF, ZXID(4, 3)));
    CU_ASSERT_TRUE(sends(2, Q_NEW_LEADER, EPOCH(5)));
    acks(2, EPOCH(5));
    is_quick(2);
    steps(2 * MISSED_MS);
    CU_ASSERT_EQUAL(leader.state, LEADER_BROADCAST);
}

UNIT_SUITE(leader_silence)
{
    unit_suite("leader_silence");
    UNIT(a_quorum_that_left_without_a_word_is_lost_early);
    UNIT(who_answers_pings_has_not_left);
    UNIT(one_that_left_is_no_quorum);
    UNIT(who_stays_for_synclimit_counts_so_long);
    UNIT(without_silence_all_stay_for_synclimit);
    UNIT(nobody_left_while_we_did_not_run);
    UNIT(who_is_reached_has_not_left);
    UNIT(who_waits_for_up_to_date_has_not_left);
}
