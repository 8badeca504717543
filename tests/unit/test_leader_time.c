/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about net/zab/leader_time.c: what takes too long. */
#include "tests/unit/leader_given.h"

/* Spec 6.2. */

/* So many ticks pass, in each of which follower 2 answers a ping. */
static void
ticks_pass(int count)
{
    for (int i = 0; i < count; i++) {
        passes(TICK_MS);
        hears(2, Q_PING, 0, BYTES_NULL);
    }
}

static void
gives_up_when_nobody_comes(void)
{
    given();
    passes(INIT_MS);
    CU_ASSERT_FALSE(gave_up());
    passes(1);
    CU_ASSERT_TRUE(gave_up());
}

static void
gives_up_when_our_disk_hangs(void)
{
    given();
    comes(2, 4);
    passes(INIT_MS + 1);
    CU_ASSERT_TRUE(gave_up());
}

static void
gives_up_when_nobody_promises(void)
{
    given_epoch_acks();
    passes(INIT_MS + 1);
    CU_ASSERT_TRUE(gave_up());
}

static void
gives_up_when_nobody_acknowledges(void)
{
    given_epoch(ZXID(4, 3));
    passes(INIT_MS + 1);
    CU_ASSERT_TRUE(gave_up());
}

static void
every_state_has_initlimit_of_its_own(void)
{
    given();
    passes(INIT_MS);
    comes(2, 4);
    passes(INIT_MS);
    stored();
    passes(INIT_MS);
    CU_ASSERT_FALSE(gave_up());
}

/* It is silent because it waits for us. */
static void
who_waits_for_our_disk_is_not_silent(void)
{
    given();
    comes(2, 4);
    passes(INIT_MS);
    stored();
    passes(INIT_MS);
    CU_ASSERT_EQUAL(leader.peer[2].stage, PEER_INFORMED);
}

static void
gives_up_when_the_quorum_is_silent(void)
{
    given_led();
    for (int i = 0; i < SYNC_TICKS; i++) {
        passes(TICK_MS);
        CU_ASSERT_FALSE(gave_up());
    }
    passes(1);
    CU_ASSERT_TRUE(closed(2));
    passes(TICK_MS);
    CU_ASSERT_TRUE(gave_up());
}

static void
any_packet_is_a_sign_of_life(void)
{
    given_led();
    for (int i = 0; i < 4 * SYNC_TICKS; i++) {
        passes(TICK_MS);
        hears(2, i % 2 ? Q_PING : 99, ZXID(5, 0), BYTES_NULL);
    }
    CU_ASSERT_EQUAL(leader.state, LEADER_BROADCAST);
}

enum { LOST_MS = 500 }; /* as in leader.c */

/* A learner that is restarted has so long to come back. */
static void
a_lost_quorum_is_lost_half_a_second_later(void)
{
    given_led();
    passes(TICK_MS - 1);
    leaves(2);
    passes(LOST_MS - 1);
    CU_ASSERT_FALSE(gave_up());
    passes(1);
    CU_ASSERT_TRUE(gave_up());
}

static void
a_lost_quorum_is_lost_a_tick_later_when_ticks_are_short(void)
{
    given_led();
    leader.conf.tick_ms = LOST_MS / 5;
    leaves(2);
    passes(LOST_MS / 5 - 1);
    CU_ASSERT_FALSE(gave_up());
    passes(1);
    CU_ASSERT_TRUE(gave_up());
}

/* Who left looks for a leader, and may find none while we wait for it. */
static void
a_quorum_lost_before_we_lead_is_lost_as_soon(void)
{
    given_epoch(ZXID(4, 3));
    passes(1);
    leaves(2);
    passes(LOST_MS - 1);
    CU_ASSERT_FALSE(gave_up());
    passes(1);
    CU_ASSERT_TRUE(gave_up());
}

static void
who_is_back_before_we_lead_is_waited_for(void)
{
    given_epoch_acks();
    passes(1);
    leaves(2);
    passes(LOST_MS - 1);
    comes(2, 5);
    passes(INIT_MS / 2);
    CU_ASSERT_FALSE(gave_up());
}

/* Others that come and go do not put the check off for ever. */
static void
only_the_loss_of_the_quorum_delays_its_check(void)
{
    given_led();
    leaves(2);
    passes(LOST_MS - 1);
    comes(3, 4);
    leaves(3);
    comes(77, 4);
    leaves(77);
    comes(77, 4);
    passes(1);
    leaves(77);
    passes(LOST_MS - 1);
    CU_ASSERT_TRUE(gave_up());
}

/* Nor do they where the quorum is there and says nothing. */
static void
who_comes_and_goes_does_not_delay_the_check(void)
{
    given_led();
    leaves(2);
    comes_late(2, 5, 5, ZXID(4, 3));
    past.must_snap = true;
    CU_ASSERT_TRUE(sends_snapshot(2));
    for (int ms = 0; ms <= INIT_MS + SYNC_MS + TICK_MS; ms += LOST_MS / 2) {
        comes(77, 4);
        leaves(77);
        passes(LOST_MS / 2);
        leader_stirs(&leader, 2, now);
    }
    CU_ASSERT_EQUAL(leader.state, LEADER_OVER);
}

/* --- who is brought up --------------------------------------------------- */

static void
who_is_brought_up_counts_for_the_quorum(void)
{
    given_led();
    leaves(2);
    comes_late(2, 5, 5, ZXID(4, 3));
    for (int i = 0; i < SYNC_TICKS; i++)
        passes(TICK_MS);
    CU_ASSERT_FALSE(gave_up());
}

static void
who_is_brought_up_does_not_count_for_ever(void)
{
    given_led();
    leaves(2);
    comes_late(2, 5, 5, ZXID(4, 3));
    past.must_snap = true;
    CU_ASSERT_TRUE(sends_snapshot(2));
    for (int i = 0; i < INIT_TICKS + SYNC_TICKS; i++) {
        passes(TICK_MS);
        leader_stirs(&leader, 2, now);
        CU_ASSERT_FALSE(gave_up());
    }
    passes(TICK_MS);
    CU_ASSERT_TRUE(gave_up());
}

/* However long that took: what it lacks is ours to send. */
static void
who_acknowledged_new_leader_counts(void)
{
    given_led();
    leaves(2);
    past.must_snap = true;
    comes_late(2, 5, 5, ZXID(4, 3));
    CU_ASSERT_TRUE(sends_snapshot(2));
    for (int i = 0; i < INIT_TICKS + SYNC_TICKS; i++) {
        passes(TICK_MS);
        leader_stirs(&leader, 2, now);
    }
    snapped(2, ZXID(4, 3));
    CU_ASSERT_TRUE(sends(2, Q_NEW_LEADER, EPOCH(5)));
    acks(2, EPOCH(5));
    passes(2 * TICK_MS);
    CU_ASSERT_EQUAL(leader.state, LEADER_BROADCAST);
}

static void
a_follower_we_do_not_need_may_die(void)
{
    given_led_by_all();
    leaves(3);
    ticks_pass(10);
    CU_ASSERT_EQUAL(leader.state, LEADER_BROADCAST);
}

static void
who_says_nothing_is_closed_after_initlimit(void)
{
    given_led();
    joins(5);
    ticks_pass(INIT_TICKS);
    CU_ASSERT_EQUAL(leader.peer[5].stage, PEER_NEW);
    passes(1);
    CU_ASSERT_TRUE(closed(5));
}

static void
a_snapshot_that_moves_is_no_silence(void)
{
    given_led();
    past.must_snap = true;
    comes_late(3, 4, 4, ZXID(4, 1));
    CU_ASSERT_TRUE(sends_snapshot(3));
    for (int i = 0; i < 4 * INIT_TICKS; i++) {
        passes(TICK_MS);
        hears(2, Q_PING, 0, BYTES_NULL);
        leader_stirs(&leader, 3, now);
    }
    CU_ASSERT_EQUAL(leader.peer[3].stage, PEER_SYNCING);
}

/* Nor is a difference: it takes what we send, and has nothing to say. */
static void
a_difference_that_moves_is_no_silence(void)
{
    given_led();
    commits(1, 4 * INIT_TICKS);
    comes_late(3, 4, 4, ZXID(4, 3));
    for (int i = 0; i < 4 * INIT_TICKS; i++) {
        passes(TICK_MS);
        hears(2, Q_PING, 0, BYTES_NULL);
        CU_ASSERT_TRUE(next(3));
    }
    CU_ASSERT_EQUAL(leader.peer[3].stage, PEER_SYNCING);
}

/* Trap 14.1.4: a learner answers no pings before UP_TO_DATE. */
static void
silence_after_the_seal_is_not_counted_before_up_to_date(void)
{
    given_epoch(ZXID(4, 3));
    is_brought_up(2);
    passes(SYNC_MS + 1);
    passes(SYNC_MS - 1);
    CU_ASSERT_EQUAL(leader.peer[2].stage, PEER_SEALED);
    is_durable(ZXID(4, 3));
    CU_ASSERT_TRUE(sends(2, Q_PING, EPOCH(5)));
    CU_ASSERT_TRUE(sends(2, Q_UP_TO_DATE, -1));
    passes(SYNC_MS);
    CU_ASSERT_EQUAL(leader.peer[2].stage, PEER_UP_TO_DATE);
}

/* It answers every ping, and its disk hangs. */
static void
who_owes_an_ack_for_synclimit_is_closed(void)
{
    given_led_by_all();
    proposes(ZXID(5, 1));
    CU_ASSERT_TRUE(sends(3, Q_PROPOSAL, ZXID(5, 1)));
    for (int i = 0; i < SYNC_TICKS; i++) {
        passes(TICK_MS);
        hears(2, Q_PING, 0, BYTES_NULL);
        hears(3, Q_PING, 0, BYTES_NULL);
    }
    CU_ASSERT_EQUAL(leader.peer[3].stage, PEER_UP_TO_DATE);
    passes(1);
    CU_ASSERT_TRUE(closed(3));
    CU_ASSERT_FALSE(closed(2));
}

/* Nobody owed anything while there was nothing to acknowledge. */
static void
a_proposal_after_a_quiet_time_has_all_of_synclimit(void)
{
    given_led();
    ticks_pass(2 * SYNC_TICKS);
    proposes(ZXID(5, 1));
    while (next(2))
        ;
    passes(SYNC_MS);
    CU_ASSERT_EQUAL(leader.peer[2].stage, PEER_UP_TO_DATE);
    hears(2, Q_PING, 0, BYTES_NULL);
    passes(1);
    CU_ASSERT_TRUE(closed(2));
}

static void
who_acknowledges_in_time_owes_only_what_is_left(void)
{
    given_led_by_all();
    for (uint32_t n = 1; n <= 4 * SYNC_TICKS; n++) {
        proposes(ZXID(5, n));
        CU_ASSERT_TRUE(sends(3, Q_PROPOSAL, ZXID(5, n)));
        passes(TICK_MS / 2);
        hears(2, Q_PING, 0, BYTES_NULL);
        if (n > 1)
            acks(3, ZXID(5, n - 1));
        while (next(3))
            ;
    }
    CU_ASSERT_EQUAL(leader.peer[3].stage, PEER_UP_TO_DATE);
    acks(3, ZXID(5, 4 * SYNC_TICKS));
    CU_ASSERT_EQUAL(leader.peer[3].owing, 0);
}

/* One ACK every now and then does not hide an ever longer backlog. */
static void
an_ack_that_does_not_cover_the_debt_does_not_renew_it(void)
{
    given_led_by_all();
    for (uint32_t n = 1; n <= 3; n++)
        proposes(ZXID(5, n));
    acks(3, 0);
    for (uint32_t n = 1; n <= 3; n++)
        CU_ASSERT_TRUE(sends(3, Q_PROPOSAL, ZXID(5, n)));
    acks(3, ZXID(5, 1)); /* the debt is (5,3) from now on */
    passes(SYNC_MS - 1);
    hears(2, Q_PING, 0, BYTES_NULL);
    acks(3, ZXID(5, 2));
    passes(2);
    CU_ASSERT_TRUE(closed(3));
}

/* Server 2 and we commit (5,n), and the observer hears of it. */
static void
commits_and_informs(uint32_t n)
{
    proposes(ZXID(5, n));
    while (next(2))
        ;
    is_durable(ZXID(5, n));
    acks(2, ZXID(5, n));
    CU_ASSERT_TRUE_FATAL(sends(9, Q_INFORM, ZXID(5, n)));
}

/* Apache's followers acknowledge what came before UP_TO_DATE behind it. */
static void
the_debt_begins_with_up_to_date(void)
{
    given_led();
    proposes(ZXID(5, 1));
    CU_ASSERT_TRUE(sends(2, Q_PROPOSAL, ZXID(5, 1)));
    is_durable(ZXID(5, 1));
    comes_late(3, 4, 4, ZXID(4, 3));
    CU_ASSERT_TRUE(sends(3, Q_DIFF, ZXID(4, 3)));
    CU_ASSERT_TRUE(sends(3, Q_NEW_LEADER, EPOCH(5)));
    acks(2, ZXID(5, 1));
    CU_ASSERT_TRUE(sends(3, Q_PROPOSAL, ZXID(5, 1)));
    acks(3, EPOCH(5));
    ticks_pass(SYNC_TICKS);
    CU_ASSERT_TRUE(sends(3, Q_PING, ZXID(5, 1)));
    CU_ASSERT_TRUE(sends(3, Q_COMMIT, ZXID(5, 1)));
    CU_ASSERT_TRUE(sends(3, Q_UP_TO_DATE, -1));
    passes(SYNC_MS);
    CU_ASSERT_EQUAL(leader.peer[3].stage, PEER_UP_TO_DATE);
    hears(3, Q_PING, 0, BYTES_NULL);
    passes(1);
    CU_ASSERT_TRUE(closed(3));
}

static void
observers_owe_nothing(void)
{
    given_observer();
    proposes(ZXID(5, 1));
    acks(9, ZXID(5, 1));
    CU_ASSERT_TRUE(sends(2, Q_PROPOSAL, ZXID(5, 1)));
    is_durable(ZXID(5, 1));
    acks(2, ZXID(5, 1));
    CU_ASSERT_TRUE(sends(9, Q_INFORM, ZXID(5, 1)));
    commits_and_informs(2);
    acks(9, ZXID(5, 1));
    for (int i = 0; i < 2 * SYNC_TICKS; i++) {
        passes(TICK_MS);
        hears(2, Q_PING, 0, BYTES_NULL);
        hears(9, Q_PING, 0, BYTES_NULL);
    }
    CU_ASSERT_EQUAL(leader.peer[9].stage, PEER_UP_TO_DATE);
}

UNIT_SUITE(leader_time)
{
    unit_suite("leader_time");
    UNIT(gives_up_when_nobody_comes);
    UNIT(gives_up_when_our_disk_hangs);
    UNIT(gives_up_when_nobody_promises);
    UNIT(gives_up_when_nobody_acknowledges);
    UNIT(every_state_has_initlimit_of_its_own);
    UNIT(who_waits_for_our_disk_is_not_silent);
    UNIT(gives_up_when_the_quorum_is_silent);
    UNIT(any_packet_is_a_sign_of_life);
    UNIT(a_lost_quorum_is_lost_half_a_second_later);
    UNIT(a_lost_quorum_is_lost_a_tick_later_when_ticks_are_short);
    UNIT(a_quorum_lost_before_we_lead_is_lost_as_soon);
    UNIT(who_is_back_before_we_lead_is_waited_for);
    UNIT(only_the_loss_of_the_quorum_delays_its_check);
    UNIT(who_comes_and_goes_does_not_delay_the_check);
    UNIT(who_is_brought_up_counts_for_the_quorum);
    UNIT(who_is_brought_up_does_not_count_for_ever);
    UNIT(who_acknowledged_new_leader_counts);
    UNIT(a_follower_we_do_not_need_may_die);
    UNIT(who_says_nothing_is_closed_after_initlimit);
    UNIT(a_snapshot_that_moves_is_no_silence);
    UNIT(a_difference_that_moves_is_no_silence);
    UNIT(silence_after_the_seal_is_not_counted_before_up_to_date);
    UNIT(who_owes_an_ack_for_synclimit_is_closed);
    UNIT(a_proposal_after_a_quiet_time_has_all_of_synclimit);
    UNIT(who_acknowledges_in_time_owes_only_what_is_left);
    UNIT(an_ack_that_does_not_cover_the_debt_does_not_renew_it);
    UNIT(the_debt_begins_with_up_to_date);
    UNIT(observers_owe_nothing);
}
