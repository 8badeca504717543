/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_learner_seal.c - NEW_LEADER, UP_TO_DATE, and the order of ACKs: what was
 * synchronised is sealed, then committed, then served.
 */
#include "tests/unit/learner_given.h"

static struct given g;

/* --- NEW_LEADER ---------------------------------------------------------- */

/*
 * Traps ZOOKEEPER-3911, -4646, -4785: all that came is on disk; -4643: then
 * currentEpoch; only then the ACK.
 */
static void
new_leader_is_acknowledged_after_history_and_epoch_are_on_disk(void)
{
    given_syncing(&g, conf_with(OLD(3)));
    hear_pair(&g, OLD(4));
    hear_pair(&g, OLD(5));
    hear(&g, Q_NEW_LEADER, NEW(0));
    did_nothing(&g);
    durable(&g, OLD(4));
    did_nothing(&g);
    durable(&g, OLD(5));
    CU_ASSERT_EQUAL(g.out.count, 1);
    CU_ASSERT_EQUAL(did(&g, 0, LEARNER_STORE_CURRENT)->epoch, EPOCH);
    stored(&g);
    CU_ASSERT_EQUAL(g.out.count, 1);
    sent(&g, 0, Q_ACK, NEW(0));
}

static void
what_is_on_disk_before_new_leader_is_not_waited_for(void)
{
    given_syncing(&g, conf_with(OLD(3)));
    hear_pair(&g, OLD(4));
    durable(&g, OLD(4));
    did_nothing(&g);
    hear(&g, Q_NEW_LEADER, NEW(0));
    did(&g, 0, LEARNER_STORE_CURRENT);
}

static void
without_new_history_only_the_epoch_goes_to_disk(void)
{
    given_syncing(&g, conf_with(OLD(3)));
    hear(&g, Q_NEW_LEADER, NEW(0));
    did(&g, 0, LEARNER_STORE_CURRENT);
}

/* Trap 14.3: in Apache they live in an unsynced snapshot only. */
static void
pairs_behind_a_cut_are_on_disk_before_the_ack(void)
{
    given_awaiting(&g, conf_with(OLD(15)));
    hear(&g, Q_TRUNC, OLD(12));
    truncated(&g, 0);
    hear_pair(&g, OLD(13));
    hear(&g, Q_NEW_LEADER, NEW(0));
    did_nothing(&g);
    durable(&g, OLD(13));
    did(&g, 0, LEARNER_STORE_CURRENT);
}

static void
what_comes_behind_new_leader_does_not_delay_its_ack(void)
{
    given_syncing(&g, conf_with(OLD(3)));
    hear_pair(&g, OLD(4));
    hear(&g, Q_NEW_LEADER, NEW(0));
    hear(&g, Q_PROPOSAL, NEW(1));
    durable(&g, OLD(4));
    did(&g, 0, LEARNER_STORE_CURRENT);
}

/* The disk goes on with what is behind it, and has one epoch to store. */
static void
the_epoch_goes_to_disk_once(void)
{
    given_syncing(&g, conf_with(OLD(3)));
    hear(&g, Q_NEW_LEADER, NEW(0));
    did(&g, 0, LEARNER_STORE_CURRENT);
    hear(&g, Q_PROPOSAL, NEW(1));
    durable(&g, NEW(1));
    did_nothing(&g);
}

static void
new_leader_of_another_epoch_is_refused(void)
{
    given_syncing(&g, conf_with(OLD(3)));
    hear(&g, Q_NEW_LEADER, OLD(0));
    gave_up(&g);
    given_syncing(&g, conf_with(OLD(3)));
    hear(&g, Q_NEW_LEADER, NEW(1));
    gave_up(&g);
}

/* 13: NEWLEADER outside synchronisation cannot be. */
static void
a_second_new_leader_is_refused(void)
{
    given_sealed(&g, conf_with(OLD(3)));
    hear(&g, Q_NEW_LEADER, NEW(0));
    gave_up(&g);
    given_broadcast(&g, conf_with(OLD(3)));
    hear(&g, Q_NEW_LEADER, NEW(0));
    gave_up(&g);
}

static void
up_to_date_before_our_ack_is_refused(void)
{
    given_syncing(&g, conf_with(OLD(3)));
    hear(&g, Q_UP_TO_DATE, -1);
    gave_up(&g);
    given_syncing(&g, conf_with(OLD(3)));
    hear(&g, Q_NEW_LEADER, NEW(0));
    hear(&g, Q_UP_TO_DATE, -1);
    gave_up(&g);
}

/* The leader's outstanding proposals are of its own epoch (13.21). */
static void
an_earlier_epoch_is_committed_before_new_leader(void)
{
    given_syncing(&g, conf_with(OLD(3)));
    hear(&g, Q_PROPOSAL, OLD(4));
    hear(&g, Q_NEW_LEADER, NEW(0));
    gave_up(&g);
    given_sealed(&g, conf_with(OLD(3)));
    hear(&g, Q_PROPOSAL, OLD(4));
    gave_up(&g);
    given_syncing(&g, conf_with(OLD(3)));
    hear(&g, Q_PROPOSAL, OLD(4));
    hear(&g, Q_PROPOSAL, NEW(1));
    gave_up(&g);
}

/* --- UP_TO_DATE ---------------------------------------------------------- */

/* Trap ZOOKEEPER-3023: committed before served; then the second ACK. */
static void
up_to_date_commits_what_was_synchronised_then_serves(void)
{
    given_syncing(&g, conf_with(OLD(3)));
    hear_pair(&g, OLD(4));
    hear(&g, Q_NEW_LEADER, NEW(0));
    durable(&g, OLD(4));
    stored(&g);
    hear(&g, Q_UP_TO_DATE, -1);
    CU_ASSERT_EQUAL(g.out.count, 3);
    committed(&g, 0, OLD(4));
    did(&g, 1, LEARNER_SERVE);
    sent(&g, 2, Q_ACK, NEW(0));
}

/* Our log was loaded, not known to be committed: now it is. */
static void
an_empty_diff_commits_all_we_had(void)
{
    given_sealed(&g, conf_with(OLD(3)));
    hear(&g, Q_UP_TO_DATE, -1);
    committed(&g, 0, OLD(3));
    did(&g, 1, LEARNER_SERVE);
}

/* Trap 14.1.11: UP_TO_DATE has zxid -1, SYNC 0, REVALIDATE -1. */
static void
a_zxid_that_is_none_is_not_taken_for_one(void)
{
    given_broadcast(&g, conf_with(OLD(3)));
    hear(&g, Q_SYNC, 0);
    hear(&g, Q_REVALIDATE, -1);
    hear(&g, Q_PING, NEW(55));
    CU_ASSERT_EQUAL(g.l.last, OLD(3));
    CU_ASSERT_EQUAL(g.l.committed, OLD(3));
    hear(&g, Q_PROPOSAL, NEW(1));
    did(&g, 0, LEARNER_APPEND);
}

/* 5.4: UP_TO_DATE again is logged only. */
static void
up_to_date_again_is_ignored(void)
{
    given_broadcast(&g, conf_with(OLD(3)));
    hear(&g, Q_UP_TO_DATE, -1);
    did_nothing(&g);
}

/* --- ACKs ---------------------------------------------------------------- */

static void
a_proposal_is_acknowledged_when_it_is_on_disk(void)
{
    given_broadcast(&g, conf_with(OLD(3)));
    hear(&g, Q_PROPOSAL, NEW(1));
    did(&g, 0, LEARNER_APPEND);
    CU_ASSERT_EQUAL(g.out.count, 1);
    durable(&g, NEW(1));
    CU_ASSERT_EQUAL(g.out.count, 1);
    acked(&g, 0, NEW(1), NEW(1));
}

static void
one_sync_of_the_disk_acknowledges_a_range(void)
{
    given_broadcast(&g, conf_with(OLD(3)));
    for (int i = 1; i <= 5; i++)
        hear(&g, Q_PROPOSAL, NEW(i));
    durable(&g, NEW(4));
    acked(&g, 0, NEW(1), NEW(4));
    durable(&g, NEW(4));
    did_nothing(&g);
    durable(&g, NEW(5));
    acked(&g, 0, NEW(5), NEW(5));
}

/* Trap 14.1.2, ZOOKEEPER-4685: the first ACK is the one for NEW_LEADER. */
static void
no_ack_of_a_transaction_overtakes_the_one_for_new_leader(void)
{
    given_syncing(&g, conf_with(OLD(3)));
    hear(&g, Q_PROPOSAL, NEW(1));
    hear(&g, Q_NEW_LEADER, NEW(0));
    hear(&g, Q_PROPOSAL, NEW(2));
    durable(&g, NEW(2));
    CU_ASSERT_EQUAL(g.out.count, 1);
    did(&g, 0, LEARNER_STORE_CURRENT);
    stored(&g);
    CU_ASSERT_EQUAL(g.out.count, 1);
    sent(&g, 0, Q_ACK, NEW(0));
    hear(&g, Q_UP_TO_DATE, -1);
    sent(&g, 2, Q_ACK, NEW(0));
    acked(&g, 3, NEW(1), NEW(2));
}

static void
what_reaches_the_disk_while_sealed_is_acknowledged_when_up_to_date(void)
{
    given_sealed(&g, conf_with(OLD(3)));
    hear(&g, Q_PROPOSAL, NEW(1));
    durable(&g, NEW(1));
    did_nothing(&g);
    hear(&g, Q_UP_TO_DATE, -1);
    acked(&g, 3, NEW(1), NEW(1));
}

static void
pairs_of_the_synchronisation_get_no_ack_of_their_own(void)
{
    given_syncing(&g, conf_with(OLD(3)));
    hear_pair(&g, OLD(4));
    hear(&g, Q_NEW_LEADER, NEW(0));
    durable(&g, OLD(4));
    stored(&g);
    hear(&g, Q_UP_TO_DATE, -1);
    CU_ASSERT_EQUAL(g.out.count, 3);
}

/*
 * 6.2: the timer of an Apache leader waits for each PROPOSAL that it sent
 * behind our ACK for NEW_LEADER, committed or not.
 */
static void
what_is_committed_behind_new_leader_gets_its_ack(void)
{
    given_sealed(&g, conf_with(OLD(3)));
    hear_pair(&g, NEW(1));
    durable(&g, NEW(1));
    hear(&g, Q_UP_TO_DATE, -1);
    committed(&g, 0, NEW(1));
    acked(&g, 3, NEW(1), NEW(1));
}

/* Trap 14.1.3, ZOOKEEPER-4394: it ends the synchronisation of 3.8.0. */
static void
a_commit_between_new_leader_and_up_to_date_is_taken(void)
{
    given_syncing(&g, conf_with(OLD(3)));
    hear(&g, Q_PROPOSAL, NEW(1));
    hear(&g, Q_NEW_LEADER, NEW(0));
    durable(&g, NEW(1));
    hear(&g, Q_COMMIT, NEW(1));
    did_nothing(&g);
    stored(&g);
    hear(&g, Q_UP_TO_DATE, -1);
    committed(&g, 0, NEW(1));
}

static void
a_commit_behind_up_to_date_finds_what_came_before_new_leader(void)
{
    given_syncing(&g, conf_with(OLD(3)));
    hear(&g, Q_PROPOSAL, NEW(1));
    hear(&g, Q_NEW_LEADER, NEW(0));
    durable(&g, NEW(1));
    stored(&g);
    hear(&g, Q_UP_TO_DATE, -1);
    committed(&g, 0, OLD(3));
    hear(&g, Q_COMMIT, NEW(1));
    committed(&g, 0, NEW(1));
}

UNIT_SUITE(learner_seal)
{
    unit_suite("learner_seal");
    UNIT(new_leader_is_acknowledged_after_history_and_epoch_are_on_disk);
    UNIT(what_is_on_disk_before_new_leader_is_not_waited_for);
    UNIT(without_new_history_only_the_epoch_goes_to_disk);
    UNIT(pairs_behind_a_cut_are_on_disk_before_the_ack);
    UNIT(what_comes_behind_new_leader_does_not_delay_its_ack);
    UNIT(the_epoch_goes_to_disk_once);
    UNIT(new_leader_of_another_epoch_is_refused);
    UNIT(a_second_new_leader_is_refused);
    UNIT(up_to_date_before_our_ack_is_refused);
    UNIT(an_earlier_epoch_is_committed_before_new_leader);
    UNIT(up_to_date_commits_what_was_synchronised_then_serves);
    UNIT(an_empty_diff_commits_all_we_had);
    UNIT(a_zxid_that_is_none_is_not_taken_for_one);
    UNIT(up_to_date_again_is_ignored);
    UNIT(a_proposal_is_acknowledged_when_it_is_on_disk);
    UNIT(one_sync_of_the_disk_acknowledges_a_range);
    UNIT(no_ack_of_a_transaction_overtakes_the_one_for_new_leader);
    UNIT(what_reaches_the_disk_while_sealed_is_acknowledged_when_up_to_date);
    UNIT(pairs_of_the_synchronisation_get_no_ack_of_their_own);
    UNIT(what_is_committed_behind_new_leader_gets_its_ack);
    UNIT(a_commit_between_new_leader_and_up_to_date_is_taken);
    UNIT(a_commit_behind_up_to_date_finds_what_came_before_new_leader);
}
