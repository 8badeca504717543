/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about net/zab/leader_send.c: a learner that is brought up. */
#include "tests/unit/leader_given.h"

/* --- LEADER_INFO and NEW_LEADER ------------------------------------------ */

static void
leader_info_to_apache_is_four_bytes(void)
{
    given();
    comes(2, 4);
    stored();
    CU_ASSERT_TRUE(sends(2, Q_LEADER_INFO, EPOCH(5)));
    CU_ASSERT_TRUE(data_is("\0\1\0\0", 4));
}

static void
leader_info_to_zabd_says_what_we_can(void)
{
    struct learner_info info = {
        .sid = 2, .protocol = LEARNER_PROTOCOL, .is_zabd = true};

    given();
    joins(2);
    hears_info(2, Q_FOLLOWER_INFO, EPOCH(4), &info);
    stored();
    CU_ASSERT_TRUE(sends(2, Q_LEADER_INFO, EPOCH(5)));
    CU_ASSERT_TRUE(data_is("\0\1\0\0zabd\0\0\0\3", 12));
}

static void
new_leader_carries_the_configuration(void)
{
    given_epoch(ZXID(4, 3));
    leader.conf.config = bytes_of("version=0");
    CU_ASSERT_TRUE(sends(2, Q_DIFF, ZXID(4, 3)));
    CU_ASSERT_TRUE(sends(2, Q_NEW_LEADER, EPOCH(5)));
    CU_ASSERT_TRUE(data_is("version=0", 9));
}

/* --- bringing up --------------------------------------------------------- */

static void
who_is_in_step_gets_diff_and_new_leader(void)
{
    given_epoch(ZXID(4, 3));
    CU_ASSERT_TRUE(sends(2, Q_DIFF, ZXID(4, 3)));
    CU_ASSERT_EQUAL(item.packet.data.size, -1);
    CU_ASSERT_TRUE(sends(2, Q_NEW_LEADER, EPOCH(5)));
    CU_ASSERT_FALSE(next(2));
}

static void
who_is_behind_gets_committed_pairs(void)
{
    given_epoch(ZXID(4, 1));
    CU_ASSERT_TRUE(sends(2, Q_DIFF, ZXID(4, 3)));
    CU_ASSERT_TRUE(sends_pair(2, ZXID(4, 2)));
    CU_ASSERT_TRUE(sends_pair(2, ZXID(4, 3)));
    CU_ASSERT_TRUE(sends(2, Q_NEW_LEADER, EPOCH(5)));
}

static void
who_is_cut_gets_what_follows_the_cut(void)
{
    struct leader_conf conf;

    has_past();
    past.at[1] = ZXID(5, 1);
    past.at[2] = ZXID(5, 2);
    conf = usual();
    begins(&conf);
    comes(2, 4);
    stored();
    CU_ASSERT_TRUE(sends(2, Q_LEADER_INFO, EPOCH(6)));
    promises(2, 4, ZXID(4, 7));
    stored();
    CU_ASSERT_TRUE(sends(2, Q_TRUNC, ZXID(4, 1)));
    CU_ASSERT_TRUE(sends_pair(2, ZXID(5, 1)));
    CU_ASSERT_TRUE(sends_pair(2, ZXID(5, 2)));
    CU_ASSERT_TRUE(sends(2, Q_NEW_LEADER, EPOCH(6)));
}

/* Spec 4.6: Apache's leader spares its learners that, and so do we. */
static void
only_zabd_learners_are_cut_into_an_older_epoch(void)
{
    struct learner_info info = {
        .sid = 3, .protocol = LEARNER_PROTOCOL, .is_zabd = true};

    given_led();
    past.at[0] = ZXID(2, 1);
    comes_late(77, 4, 4, ZXID(3, 1));
    CU_ASSERT_TRUE(sends_snapshot(77));
    joins(3);
    hears_info(3, Q_FOLLOWER_INFO, EPOCH(5), &info);
    CU_ASSERT_TRUE(sends(3, Q_LEADER_INFO, EPOCH(5)));
    promises(3, 4, ZXID(3, 1));
    CU_ASSERT_TRUE(sends(3, Q_TRUNC, ZXID(2, 1)));
}

/* Its own log would come back behind a snapshot that ends before it. */
static void
who_is_an_epoch_ahead_is_cut_and_gets_no_snapshot(void)
{
    given_led();
    comes_late(77, 5, 5, ZXID(5, 1));
    CU_ASSERT_TRUE(sends(77, Q_TRUNC, ZXID(4, 3)));
}

static void
nothing_passes_a_snapshot(void)
{
    given_led();
    past.must_snap = true;
    comes_late(3, 4, 4, ZXID(4, 1));
    CU_ASSERT_TRUE(sends_snapshot(3));
    proposes(ZXID(5, 1));
    passes(TICK_MS);
    CU_ASSERT_FALSE(next(3));
    snapped(3, ZXID(4, 3));
    CU_ASSERT_TRUE(sends(3, Q_NEW_LEADER, EPOCH(5)));
    acks(3, EPOCH(5));
    CU_ASSERT_TRUE(sends(3, Q_UP_TO_DATE, -1));
    CU_ASSERT_TRUE(sends(3, Q_PROPOSAL, ZXID(5, 1)));
}

static void
an_older_snapshot_is_followed_by_pairs(void)
{
    given_led();
    past.must_snap = true;
    comes_late(3, 4, 4, 0);
    CU_ASSERT_TRUE(sends_snapshot(3));
    snapped(3, ZXID(4, 1));
    CU_ASSERT_TRUE(sends_pair(3, ZXID(4, 2)));
    CU_ASSERT_TRUE(sends_pair(3, ZXID(4, 3)));
    CU_ASSERT_TRUE(sends(3, Q_NEW_LEADER, EPOCH(5)));
}

static void
a_newer_snapshot_is_followed_by_new_leader(void)
{
    given_led();
    past.must_snap = true;
    comes_late(3, 4, 4, 0);
    CU_ASSERT_TRUE(sends_snapshot(3));
    commits(1, 3);
    snapped(3, ZXID(5, 2));
    CU_ASSERT_TRUE(sends(3, Q_NEW_LEADER, EPOCH(5)));
    CU_ASSERT_TRUE(sends(3, Q_PROPOSAL, ZXID(5, 3)));
    CU_ASSERT_TRUE(sends(3, Q_COMMIT, ZXID(5, 3)));
}

/* Trap 14.1.3, ZOOKEEPER-4394. */
static void
nothing_uncommitted_goes_before_new_leader(void)
{
    given_led();
    commits(1, 2);
    proposes(ZXID(5, 3));
    comes_late(3, 4, 4, ZXID(4, 3));
    CU_ASSERT_TRUE(sends(3, Q_DIFF, ZXID(5, 2)));
    CU_ASSERT_TRUE(sends_pair(3, ZXID(5, 1)));
    CU_ASSERT_TRUE(sends_pair(3, ZXID(5, 2)));
    CU_ASSERT_TRUE(sends(3, Q_NEW_LEADER, EPOCH(5)));
    CU_ASSERT_FALSE(next(3));
}

static void
who_is_ahead_of_the_commit_is_cut_and_told_again(void)
{
    given_led();
    commits(1, 1);
    proposes(ZXID(5, 2));
    comes_late(3, 5, 5, ZXID(5, 2));
    CU_ASSERT_TRUE(sends(3, Q_TRUNC, ZXID(5, 1)));
    CU_ASSERT_TRUE(sends(3, Q_NEW_LEADER, EPOCH(5)));
    acks(3, EPOCH(5));
    CU_ASSERT_TRUE(sends(3, Q_UP_TO_DATE, -1));
    CU_ASSERT_TRUE(sends(3, Q_PROPOSAL, ZXID(5, 2)));
}

/* The mark before NEW_LEADER does not run away from a slow learner. */
static void
what_is_committed_meanwhile_goes_behind_new_leader(void)
{
    given_led();
    commits(1, 1);
    comes_late(3, 4, 4, ZXID(4, 3));
    CU_ASSERT_TRUE(sends(3, Q_DIFF, ZXID(5, 1)));
    commits(2, 3);
    CU_ASSERT_TRUE(sends_pair(3, ZXID(5, 1)));
    CU_ASSERT_TRUE(sends(3, Q_NEW_LEADER, EPOCH(5)));
    CU_ASSERT_TRUE(sends_pair(3, ZXID(5, 2)));
    CU_ASSERT_TRUE(sends_pair(3, ZXID(5, 3)));
}

/* --- zxids with counter 0: trap 14.3 ------------------------------------- */

/* lastProcessedZxid of a fresh leader is no transaction to look up. */
static void
the_end_of_a_fresh_leaders_history_is_a_transaction(void)
{
    given_led();
    comes_late(3, 4, 4, ZXID(4, 1));
    CU_ASSERT_TRUE(sends(3, Q_DIFF, ZXID(4, 3)));
    CU_ASSERT_TRUE(sends_pair(3, ZXID(4, 2)));
}

/* A former leader of an epoch in which nothing happened. */
static void
the_start_of_the_epoch_we_followed_is_our_end(void)
{
    struct leader_conf conf;

    has_past();
    conf = usual();
    conf.accepted = conf.current = 6;
    begins(&conf);
    comes(2, 6);
    stored();
    CU_ASSERT_TRUE(sends(2, Q_LEADER_INFO, EPOCH(7)));
    promises(2, 5, EPOCH(6));
    stored();
    CU_ASSERT_TRUE(sends(2, Q_DIFF, ZXID(4, 3)));
    CU_ASSERT_EQUAL(past.asked, ZXID(4, 3));
    CU_ASSERT_TRUE(sends(2, Q_NEW_LEADER, EPOCH(7)));
}

static void
the_start_of_our_own_epoch_is_what_we_began_with(void)
{
    given_led();
    commits(1, 1);
    comes_late(3, 5, 5, EPOCH(5));
    CU_ASSERT_TRUE(sends(3, Q_DIFF, ZXID(5, 1)));
    CU_ASSERT_EQUAL(past.asked, ZXID(4, 3));
    CU_ASSERT_TRUE(sends_pair(3, ZXID(5, 1)));
    CU_ASSERT_TRUE(sends(3, Q_NEW_LEADER, EPOCH(5)));
}

static void
the_start_of_the_epoch_of_our_log_gets_all_of_it(void)
{
    given_epoch(EPOCH(4));
    CU_ASSERT_TRUE(sends(2, Q_DIFF, ZXID(4, 3)));
    CU_ASSERT_TRUE(sends_pair(2, ZXID(4, 1)));
}

/* Its leader may have begun with what nobody else has. */
static void
the_start_of_an_epoch_we_never_saw_gets_a_snapshot(void)
{
    struct leader_conf conf;

    has_past();
    conf = usual();
    conf.accepted = 6;
    begins(&conf);
    comes(2, 6);
    stored();
    CU_ASSERT_TRUE(sends(2, Q_LEADER_INFO, EPOCH(7)));
    promises(2, 3, EPOCH(6));
    stored();
    CU_ASSERT_TRUE(sends_snapshot(2));
}

/* --- a history that fails ------------------------------------------------ */

static void
a_history_that_cannot_be_read_closes(void)
{
    given_epoch(ZXID(4, 1));
    CU_ASSERT_TRUE(next(2));
    past.lost = ZXID(4, 2);
    CU_ASSERT_FALSE(next(2));
    CU_ASSERT_TRUE(closed(2));
}

static void
a_history_that_ends_too_early_sends_no_new_leader(void)
{
    given_epoch(ZXID(4, 1));
    CU_ASSERT_TRUE(next(2));
    past.count = 2;
    CU_ASSERT_TRUE(sends_pair(2, ZXID(4, 2)));
    CU_ASSERT_FALSE(next(2));
    has_logged(ZXID(4, 3));
    CU_ASSERT_TRUE(sends_pair(2, ZXID(4, 3)));
}

static void
a_history_that_skips_the_mark_closes(void)
{
    given_epoch(ZXID(4, 1));
    CU_ASSERT_TRUE(next(2));
    past.at[1] = past.at[2] = ZXID(4, 5);
    CU_ASSERT_FALSE(next(2));
    CU_ASSERT_TRUE(closed(2));
}

/* Trap 14.1.12: a leader's gap would take down its Apache followers. */
static void
a_gap_in_live_transactions_closes(void)
{
    given_led();
    has_logged(ZXID(5, 2));
    leader_proposed(&leader, ZXID(5, 2));
    CU_ASSERT_FALSE(next(2));
    CU_ASSERT_TRUE(closed(2));
}

static void
what_cannot_be_read_yet_is_asked_for_again(void)
{
    given_led();
    leader_proposed(&leader, ZXID(5, 1));
    CU_ASSERT_FALSE(next(2));
    CU_ASSERT_EQUAL(last.count, 0);
    has_logged(ZXID(5, 1));
    CU_ASSERT_TRUE(sends(2, Q_PROPOSAL, ZXID(5, 1)));
}

/* --- UP_TO_DATE ---------------------------------------------------------- */

static void
up_to_date_waits_for_the_ack_of_new_leader(void)
{
    given_led();
    comes_late(3, 4, 4, ZXID(4, 3));
    CU_ASSERT_TRUE(sends(3, Q_DIFF, ZXID(4, 3)));
    CU_ASSERT_TRUE(sends(3, Q_NEW_LEADER, EPOCH(5)));
    CU_ASSERT_FALSE(next(3));
    acks(3, EPOCH(5));
    CU_ASSERT_TRUE(sends(3, Q_UP_TO_DATE, -1));
    CU_ASSERT_FALSE(next(3));
}

static void
up_to_date_waits_until_we_lead(void)
{
    given_epoch(ZXID(4, 3));
    is_brought_up(2);
    CU_ASSERT_FALSE(next(2));
    is_durable(ZXID(4, 3));
    CU_ASSERT_TRUE(sends(2, Q_UP_TO_DATE, -1));
}

/* Spec 13: it covers everything committed up to that moment. */
static void
up_to_date_goes_behind_what_was_committed(void)
{
    given_led();
    comes_late(3, 4, 4, ZXID(4, 3));
    CU_ASSERT_TRUE(sends(3, Q_DIFF, ZXID(4, 3)));
    CU_ASSERT_TRUE(sends(3, Q_NEW_LEADER, EPOCH(5)));
    commits(1, 1);
    acks(3, EPOCH(5));
    proposes(ZXID(5, 2));
    CU_ASSERT_TRUE(sends_pair(3, ZXID(5, 1)));
    CU_ASSERT_TRUE(sends(3, Q_UP_TO_DATE, -1));
    CU_ASSERT_TRUE(sends(3, Q_PROPOSAL, ZXID(5, 2)));
}

static void
no_proposal_leaves_before_we_lead(void)
{
    given_epoch(ZXID(4, 3));
    is_brought_up(2);
    has_logged(ZXID(5, 1)); /* even if it were there */
    CU_ASSERT_FALSE(next(2));
}

UNIT_SUITE(leader_send)
{
    unit_suite("leader_send");
    UNIT(leader_info_to_apache_is_four_bytes);
    UNIT(leader_info_to_zabd_says_what_we_can);
    UNIT(new_leader_carries_the_configuration);
    UNIT(who_is_in_step_gets_diff_and_new_leader);
    UNIT(who_is_behind_gets_committed_pairs);
    UNIT(who_is_cut_gets_what_follows_the_cut);
    UNIT(only_zabd_learners_are_cut_into_an_older_epoch);
    UNIT(who_is_an_epoch_ahead_is_cut_and_gets_no_snapshot);
    UNIT(nothing_passes_a_snapshot);
    UNIT(an_older_snapshot_is_followed_by_pairs);
    UNIT(a_newer_snapshot_is_followed_by_new_leader);
    UNIT(nothing_uncommitted_goes_before_new_leader);
    UNIT(who_is_ahead_of_the_commit_is_cut_and_told_again);
    UNIT(what_is_committed_meanwhile_goes_behind_new_leader);
    UNIT(the_end_of_a_fresh_leaders_history_is_a_transaction);
    UNIT(the_start_of_the_epoch_we_followed_is_our_end);
    UNIT(the_start_of_our_own_epoch_is_what_we_began_with);
    UNIT(the_start_of_the_epoch_of_our_log_gets_all_of_it);
    UNIT(the_start_of_an_epoch_we_never_saw_gets_a_snapshot);
    UNIT(a_history_that_cannot_be_read_closes);
    UNIT(a_history_that_ends_too_early_sends_no_new_leader);
    UNIT(a_history_that_skips_the_mark_closes);
    UNIT(a_gap_in_live_transactions_closes);
    UNIT(what_cannot_be_read_yet_is_asked_for_again);
    UNIT(up_to_date_waits_for_the_ack_of_new_leader);
    UNIT(up_to_date_waits_until_we_lead);
    UNIT(up_to_date_goes_behind_what_was_committed);
    UNIT(no_proposal_leaves_before_we_lead);
}
