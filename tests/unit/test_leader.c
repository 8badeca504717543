/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about net/zab/leader.c: quorums, from the epoch to commits. */
#include "tests/unit/leader_given.h"

/* --- the epoch: spec 4.4.2 ----------------------------------------------- */

static void
waits_for_a_quorum_of_voters(void)
{
    given();
    CU_ASSERT_EQUAL(last.count, 0);
    comes(2, 4);
    CU_ASSERT_PTR_NOT_NULL(act(LEADER_STORE_ACCEPTED));
}

static void
the_epoch_is_one_above_all_accepted_ones(void)
{
    given();
    comes(2, 7);
    CU_ASSERT_EQUAL(act(LEADER_STORE_ACCEPTED)->epoch, 8);
    CU_ASSERT_EQUAL(leader.state, LEADER_PROMISING);
}

static void
our_own_accepted_epoch_counts(void)
{
    given();
    comes(2, 1);
    CU_ASSERT_EQUAL(act(LEADER_STORE_ACCEPTED)->epoch, 5);
}

/* Trap 14.3: epochs accepted by observers raise the next epoch as well. */
static void
an_observers_accepted_epoch_counts_but_not_the_observer(void)
{
    given();
    observer_comes(11);
    CU_ASSERT_EQUAL(leader.state, LEADER_DISCOVERY);
    comes(2, 4);
    CU_ASSERT_EQUAL(leader.epoch, 12);
}

static void
the_accepted_epoch_of_one_that_left_counts(void)
{
    given();
    observer_comes(11);
    leaves(9);
    comes(2, 4);
    CU_ASSERT_EQUAL(leader.epoch, 12);
}

static void
a_voter_that_left_is_not_counted(void)
{
    struct leader_conf conf;
    struct quorum five = {
        .count = 5,
        .member = {{.sid = 1}, {.sid = 2}, {.sid = 3}, {.sid = 4}, {.sid = 5}}};

    has_past();
    conf = usual();
    conf.quorum = &five;
    begins(&conf);
    comes(2, 4);
    leaves(2);
    comes(3, 4);
    CU_ASSERT_EQUAL(leader.state, LEADER_DISCOVERY);
    comes(4, 4);
    CU_ASSERT_EQUAL(leader.state, LEADER_PROMISING);
}

static void
the_epoch_is_above_that_of_our_log(void)
{
    struct leader_conf conf;

    has_past();
    conf = usual();
    conf.accepted = conf.current = 2;
    begins(&conf);
    comes(2, 2);
    CU_ASSERT_EQUAL(leader.epoch, 5);
}

static void
latecomers_get_the_epoch_that_was_fixed(void)
{
    given();
    comes(2, 4);
    stored();
    comes(3, 1);
    CU_ASSERT_TRUE(sends(3, Q_LEADER_INFO, EPOCH(5)));
}

static void
no_leader_info_leaves_before_our_accepted_epoch_is_on_disk(void)
{
    given();
    comes(2, 4);
    CU_ASSERT_FALSE(next(2));
    stored();
    CU_ASSERT_TRUE(sends(2, Q_LEADER_INFO, EPOCH(5)));
    CU_ASSERT_FALSE(next(2));
}

static void
the_last_possible_epoch_ends_the_term(void)
{
    struct leader_conf conf;

    has_past();
    conf = usual();
    conf.accepted = EPOCH_MAX;
    begins(&conf);
    CU_ASSERT_TRUE(gave_up());
    conf.accepted = EPOCH_MAX - 1;
    begins(&conf);
    CU_ASSERT_FALSE(gave_up());
}

/* An ensemble of one voter and its observers. */
static void
a_single_voter_is_its_own_quorum(void)
{
    static struct quorum one = {
        .count = 2, .member = {{.sid = 1}, {.sid = 9, .is_observer = true}}};
    struct leader_conf conf;

    has_past();
    conf = usual();
    conf.quorum = &one;
    begins(&conf);
    CU_ASSERT_PTR_NOT_NULL(act(LEADER_STORE_ACCEPTED));
    stored();
    CU_ASSERT_PTR_NOT_NULL(act(LEADER_STORE_CURRENT));
    stored();
    CU_ASSERT_EQUAL(leader.state, LEADER_SYNCHRONIZING);
    is_durable(ZXID(4, 3));
    CU_ASSERT_PTR_NOT_NULL(act(LEADER_LEAD));
    proposes(ZXID(5, 1));
    is_durable(ZXID(5, 1));
    CU_ASSERT_EQUAL(act(LEADER_COMMIT)->zxid, ZXID(5, 1));
}

/* --- promises: spec 4.4.4 ------------------------------------------------ */

static void
a_quorum_of_promises_takes_the_epoch_over(void)
{
    given_epoch_acks();
    CU_ASSERT_EQUAL(leader.state, LEADER_EPOCH_ACKS);
    promises(2, 4, ZXID(4, 3));
    CU_ASSERT_EQUAL(act(LEADER_STORE_CURRENT)->epoch, 5);
    CU_ASSERT_EQUAL(leader.state, LEADER_TAKING_OVER);
}

static void
who_promised_before_makes_no_promise_now(void)
{
    given_epoch_acks();
    comes(3, 4);
    promises(2, -1, ZXID(4, 3));
    CU_ASSERT_EQUAL(leader.state, LEADER_EPOCH_ACKS);
    CU_ASSERT_EQUAL(leader.peer[2].stage, PEER_ACCEPTED);
}

/* Its connection broke when it had stored our epoch and not yet said so. */
static void
an_epoch_that_no_quorum_can_promise_ends_the_term(void)
{
    given_epoch_acks();
    leaves(2);
    comes(2, 5);
    given_leader_info(2);
    promises(2, -1, ZXID(4, 3));
    CU_ASSERT_TRUE(gave_up());
}

/* It comes back with -1, but it did promise to us. */
static void
a_promise_outlives_its_connection(void)
{
    struct quorum five = {
        .count = 5,
        .member = {{.sid = 1}, {.sid = 2}, {.sid = 3}, {.sid = 4}, {.sid = 5}}};
    struct leader_conf conf;

    has_past();
    conf = usual();
    conf.quorum = &five;
    begins(&conf);
    comes(2, 4);
    comes(3, 4);
    stored();
    given_leader_info(2);
    promises(2, 4, ZXID(4, 3));
    leaves(2);
    comes(2, 5);
    given_leader_info(2);
    promises(2, -1, ZXID(4, 3));
    CU_ASSERT_EQUAL(leader.state, LEADER_EPOCH_ACKS);
    given_leader_info(3);
    promises(3, 4, ZXID(4, 3));
    CU_ASSERT_EQUAL(leader.state, LEADER_TAKING_OVER);
}

static void
a_promise_without_a_history_does_not_count(void)
{
    given_epoch_acks();
    promises(2, 4, -1);
    CU_ASSERT_EQUAL(leader.state, LEADER_EPOCH_ACKS);
}

static void
an_observers_promise_does_not_count(void)
{
    given_epoch_acks();
    observer_comes(4);
    given_leader_info(9);
    promises(9, 4, ZXID(4, 3));
    CU_ASSERT_EQUAL(leader.state, LEADER_EPOCH_ACKS);
}

/* A voter by the configuration that follows as an observer has no vote. */
static void
a_voter_that_observes_does_not_count(void)
{
    struct learner_info info = {.sid = 2, .protocol = LEARNER_PROTOCOL};

    given();
    joins(2);
    hears_info(2, Q_OBSERVER_INFO, EPOCH(4), &info);
    CU_ASSERT_EQUAL(leader.state, LEADER_DISCOVERY);
}

static void
a_stranger_follows_and_does_not_count(void)
{
    given();
    comes(77, 4);
    CU_ASSERT_EQUAL(leader.state, LEADER_DISCOVERY);
    CU_ASSERT_EQUAL(leader.peer[77].stage, PEER_INFORMED);
}

static void
who_has_a_longer_log_is_refused(void)
{
    given_epoch_acks();
    promises(2, 4, ZXID(4, 4));
    CU_ASSERT_TRUE(closed(2));
    CU_ASSERT_EQUAL(leader.state, LEADER_EPOCH_ACKS);
}

/* Trap 14.2.1: currentEpoch goes before the zxid. */
static void
who_has_a_later_epoch_is_refused_whatever_its_zxid(void)
{
    struct leader_conf conf;

    has_past();
    conf = usual();
    conf.current = 3;
    begins(&conf);
    comes(2, 4);
    stored();
    given_leader_info(2);
    promises(2, 4, ZXID(2, 1));
    CU_ASSERT_TRUE(closed(2));
}

static void
an_older_epoch_with_a_larger_zxid_is_not_ahead(void)
{
    given_epoch_acks();
    promises(2, 3, ZXID(4, 9));
    CU_ASSERT_EQUAL(leader.state, LEADER_TAKING_OVER);
}

static void
latecomers_may_be_ahead(void)
{
    given_epoch(ZXID(4, 3));
    comes_late(3, 4, 4, ZXID(4, 7));
    CU_ASSERT_FALSE(closed(3));
    CU_ASSERT_TRUE(sends(3, Q_TRUNC, ZXID(4, 3)));
}

/* --- NEW_LEADER: spec 4.4.5 to 4.4.7 ------------------------------------- */

static void
nobody_is_brought_up_before_our_current_epoch_is_on_disk(void)
{
    given_epoch_acks();
    promises(2, 4, ZXID(4, 3));
    CU_ASSERT_FALSE(next(2));
    stored();
    CU_ASSERT_TRUE(sends(2, Q_DIFF, ZXID(4, 3)));
}

/* Trap 14.3: the leader commits its whole log, so it must be on its disk. */
static void
our_own_ack_waits_for_our_whole_log(void)
{
    given_epoch(ZXID(4, 3));
    is_brought_up(2);
    CU_ASSERT_EQUAL(leader.state, LEADER_SYNCHRONIZING);
    is_durable(ZXID(4, 2));
    CU_ASSERT_EQUAL(leader.state, LEADER_SYNCHRONIZING);
    is_durable(ZXID(4, 3));
    CU_ASSERT_EQUAL(leader.state, LEADER_BROADCAST);
}

static void
other_voters_are_enough_without_our_disk(void)
{
    given_epoch(ZXID(4, 3));
    is_brought_up(2);
    comes_late(3, 4, 4, ZXID(4, 3));
    is_brought_up(3);
    CU_ASSERT_PTR_NOT_NULL(act(LEADER_LEAD));
}

static void
an_empty_log_is_always_on_disk(void)
{
    struct leader_conf conf;

    memset(&past, 0, sizeof past);
    conf = usual();
    begins(&conf);
    comes(2, 4);
    stored();
    given_leader_info(2);
    promises(2, 4, 0);
    stored();
    is_brought_up(2);
    CU_ASSERT_PTR_NOT_NULL(act(LEADER_LEAD));
    CU_ASSERT_EQUAL(leader.committed, 0);
}

static void
the_whole_log_is_committed_before_we_lead(void)
{
    given_epoch(ZXID(4, 3));
    is_durable(ZXID(4, 3));
    is_brought_up(2);
    CU_ASSERT_EQUAL_FATAL(last.count, 2);
    CU_ASSERT_EQUAL(last.act[0].kind, LEADER_COMMIT);
    CU_ASSERT_EQUAL(last.act[0].zxid, ZXID(4, 3));
    CU_ASSERT_EQUAL(last.act[1].kind, LEADER_LEAD);
    CU_ASSERT_EQUAL(last.act[1].epoch, 5);
}

static void
an_observers_ack_does_not_establish(void)
{
    given_epoch(ZXID(4, 3));
    is_durable(ZXID(4, 3));
    comes_late(9, 4, 4, ZXID(4, 3));
    is_brought_up(9);
    CU_ASSERT_EQUAL(leader.state, LEADER_SYNCHRONIZING);
}

/* Who promised to another may well acknowledge our history. */
static void
the_ack_of_one_without_a_promise_counts(void)
{
    given_epoch(ZXID(4, 3));
    is_durable(ZXID(4, 3));
    comes_late(3, 5, -1, ZXID(4, 3));
    is_brought_up(3);
    CU_ASSERT_EQUAL(leader.state, LEADER_BROADCAST);
}

/* --- commits: spec 5.3 --------------------------------------------------- */

/* Servers 2 and 3 were sent everything up to (5,n). */
static void
given_proposals(uint32_t n)
{
    given_led_by_all();
    for (uint32_t i = 1; i <= n; i++)
        proposes(ZXID(5, i));
    for (uint32_t i = 1; i <= n; i++) {
        CU_ASSERT_TRUE_FATAL(sends(2, Q_PROPOSAL, ZXID(5, i)));
        CU_ASSERT_TRUE_FATAL(sends(3, Q_PROPOSAL, ZXID(5, i)));
    }
}

static void
our_disk_and_one_ack_commit(void)
{
    given_proposals(1);
    acks(2, ZXID(5, 1));
    CU_ASSERT_PTR_NULL(act(LEADER_COMMIT));
    is_durable(ZXID(5, 1));
    CU_ASSERT_EQUAL(act(LEADER_COMMIT)->zxid, ZXID(5, 1));
}

static void
our_disk_alone_does_not_commit(void)
{
    given_proposals(1);
    is_durable(ZXID(5, 1));
    CU_ASSERT_PTR_NULL(act(LEADER_COMMIT));
}

static void
two_acks_commit_without_our_disk(void)
{
    given_proposals(2);
    acks(2, ZXID(5, 2));
    acks(3, ZXID(5, 1));
    CU_ASSERT_EQUAL(act(LEADER_COMMIT)->zxid, ZXID(5, 1));
}

static void
an_ack_covers_everything_before_it(void)
{
    given_proposals(5);
    is_durable(ZXID(5, 4));
    acks(3, ZXID(5, 5));
    CU_ASSERT_EQUAL(act(LEADER_COMMIT)->zxid, ZXID(5, 4));
}

static void
the_same_ack_twice_commits_once(void)
{
    given_proposals(1);
    is_durable(ZXID(5, 1));
    acks(2, ZXID(5, 1));
    acks(2, ZXID(5, 1));
    CU_ASSERT_PTR_NULL(act(LEADER_COMMIT));
}

static void
an_observers_ack_does_not_commit(void)
{
    given_observer();
    proposes(ZXID(5, 1));
    is_durable(ZXID(5, 1));
    acks(9, ZXID(5, 1));
    CU_ASSERT_PTR_NULL(act(LEADER_COMMIT));
}

/* What a learner acknowledged and was then cut from it is counted no more. */
static void
acks_do_not_outlive_their_connection(void)
{
    given_proposals(2);
    acks(3, ZXID(5, 2));
    leaves(3);
    comes_late(3, 5, 5, ZXID(5, 2));
    CU_ASSERT_TRUE(sends(3, Q_TRUNC, ZXID(4, 3)));
    is_durable(ZXID(5, 2));
    CU_ASSERT_PTR_NULL(act(LEADER_COMMIT));
}

/* Weights, not heads: 1 has 3 of 5, so nobody is a quorum without it. */
static void
quorums_are_asked_of_the_quorum_object(void)
{
    static struct quorum weighted = {.count = 3,
                                     .groups = 1,
                                     .member = {{.sid = 1, .weight = 3},
                                                {.sid = 2, .weight = 1},
                                                {.sid = 3, .weight = 1}}};
    struct leader_conf conf;

    has_past();
    conf = usual();
    conf.quorum = &weighted;
    begins(&conf);
    CU_ASSERT_EQUAL(leader.state, LEADER_PROMISING);
    stored();
    stored();
    comes(2, 4);
    given_leader_info(2);
    promises(2, 4, ZXID(4, 3));
    is_brought_up(2);
    CU_ASSERT_EQUAL(leader.state, LEADER_SYNCHRONIZING);
    is_durable(ZXID(4, 3));
    CU_ASSERT_EQUAL(leader.state, LEADER_BROADCAST);
    proposes(ZXID(5, 1));
    CU_ASSERT_TRUE(sends(2, Q_UP_TO_DATE, -1));
    CU_ASSERT_TRUE(sends(2, Q_PROPOSAL, ZXID(5, 1)));
    acks(2, ZXID(5, 1));
    CU_ASSERT_PTR_NULL(act(LEADER_COMMIT));
    is_durable(ZXID(5, 1));
    CU_ASSERT_EQUAL(act(LEADER_COMMIT)->zxid, ZXID(5, 1));
}

/* --- the end ------------------------------------------------------------- */

static void
resigns_with_a_reason(void)
{
    given_led();
    last.count = 0;
    leader_resign(&leader, "the zxids of this epoch are used up", &last);
    CU_ASSERT_TRUE(gave_up());
    last.count = 0;
    leader_resign(&leader, "again", &last);
    CU_ASSERT_EQUAL(last.count, 0);
}

static void
nothing_happens_after_the_end(void)
{
    given_proposals(1);
    last.count = 0;
    leader_resign(&leader, "stopped", &last);
    acks(2, ZXID(5, 1));
    CU_ASSERT_EQUAL(last.count, 0);
    is_durable(ZXID(5, 1));
    CU_ASSERT_EQUAL(last.count, 0);
    stored();
    CU_ASSERT_EQUAL(last.count, 0);
    passes(INIT_MS * 9);
    CU_ASSERT_EQUAL(last.count, 0);
    CU_ASSERT_FALSE(next(2));
    leaves(2);
}

/* Trap ZOOKEEPER-1277: 0xfffffffe is the last counter. */
static void
the_last_counter_is_proposed_and_committed(void)
{
    given_led();
    leader.proposed = leader.committed = ZXID(5, 0xfffffffd);
    leader.peer[2].sent = leader.peer[2].told = leader.peer[2].acked =
        ZXID(5, 0xfffffffd);
    proposes(ZXID(5, 0xfffffffe));
    CU_ASSERT_TRUE(sends(2, Q_PROPOSAL, ZXID(5, 0xfffffffe)));
    is_durable(ZXID(5, 0xfffffffe));
    acks(2, ZXID(5, 0xfffffffe));
    CU_ASSERT_TRUE(sends(2, Q_COMMIT, ZXID(5, 0xfffffffe)));
}

UNIT_SUITE(leader)
{
    unit_suite("leader");
    UNIT(waits_for_a_quorum_of_voters);
    UNIT(the_epoch_is_one_above_all_accepted_ones);
    UNIT(our_own_accepted_epoch_counts);
    UNIT(an_observers_accepted_epoch_counts_but_not_the_observer);
    UNIT(the_accepted_epoch_of_one_that_left_counts);
    UNIT(a_voter_that_left_is_not_counted);
    UNIT(the_epoch_is_above_that_of_our_log);
    UNIT(latecomers_get_the_epoch_that_was_fixed);
    UNIT(no_leader_info_leaves_before_our_accepted_epoch_is_on_disk);
    UNIT(the_last_possible_epoch_ends_the_term);
    UNIT(a_single_voter_is_its_own_quorum);
    UNIT(a_quorum_of_promises_takes_the_epoch_over);
    UNIT(who_promised_before_makes_no_promise_now);
    UNIT(an_epoch_that_no_quorum_can_promise_ends_the_term);
    UNIT(a_promise_outlives_its_connection);
    UNIT(a_promise_without_a_history_does_not_count);
    UNIT(an_observers_promise_does_not_count);
    UNIT(a_voter_that_observes_does_not_count);
    UNIT(a_stranger_follows_and_does_not_count);
    UNIT(who_has_a_longer_log_is_refused);
    UNIT(who_has_a_later_epoch_is_refused_whatever_its_zxid);
    UNIT(an_older_epoch_with_a_larger_zxid_is_not_ahead);
    UNIT(latecomers_may_be_ahead);
    UNIT(nobody_is_brought_up_before_our_current_epoch_is_on_disk);
    UNIT(our_own_ack_waits_for_our_whole_log);
    UNIT(other_voters_are_enough_without_our_disk);
    UNIT(an_empty_log_is_always_on_disk);
    UNIT(the_whole_log_is_committed_before_we_lead);
    UNIT(an_observers_ack_does_not_establish);
    UNIT(the_ack_of_one_without_a_promise_counts);
    UNIT(our_disk_and_one_ack_commit);
    UNIT(our_disk_alone_does_not_commit);
    UNIT(two_acks_commit_without_our_disk);
    UNIT(an_ack_covers_everything_before_it);
    UNIT(the_same_ack_twice_commits_once);
    UNIT(an_observers_ack_does_not_commit);
    UNIT(acks_do_not_outlive_their_connection);
    UNIT(quorums_are_asked_of_the_quorum_object);
    UNIT(resigns_with_a_reason);
    UNIT(nothing_happens_after_the_end);
    UNIT(the_last_counter_is_proposed_and_committed);
}
