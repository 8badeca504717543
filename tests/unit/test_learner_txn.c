/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_learner_txn.c - transactions as they come in, their commits, and talk;
 * test_learner.c has what comes before, test_learner_seal.c the ACKs.
 */
#include "tests/unit/learner_given.h"

static struct given g;

/* --- what comes in ------------------------------------------------------- */

static void
a_proposal_is_appended_with_its_bytes(void)
{
    const struct learner_act *a;

    given_syncing(&g, conf_with(OLD(3)));
    hear(&g, Q_PROPOSAL, OLD(4));
    CU_ASSERT_EQUAL(g.out.count, 1);
    a = did(&g, 0, LEARNER_APPEND);
    CU_ASSERT_EQUAL(a->zxid, OLD(4));
    CU_ASSERT_EQUAL(a->packet.zxid, OLD(4));
    CU_ASSERT_TRUE(bytes_are(a->packet.data, "txn"));
}

/* Trap ZOOKEEPER-4925: a learner rejects gaps; only a snapshot fills it. */
static void
a_gap_in_the_leaders_history_wants_a_snapshot(void)
{
    given_syncing(&g, conf_with(OLD(3)));
    hear(&g, Q_PROPOSAL, OLD(5));
    gave_up(&g);
    CU_ASSERT_TRUE(g.l.needs_snap);
}

static void
a_gap_while_serving_ends_the_connection(void)
{
    given_broadcast(&g, conf_with(OLD(3)));
    hear(&g, Q_PROPOSAL, NEW(2));
    gave_up(&g);
    CU_ASSERT_FALSE(g.l.needs_snap);
}

static void
a_higher_epoch_begins_with_its_first(void)
{
    given_syncing(&g, conf_with(ZXID(3, 9)));
    hear_pair(&g, ZXID(5, 1));
    CU_ASSERT_EQUAL(g.l.last, ZXID(5, 1));
    hear(&g, Q_PROPOSAL, ZXID(6, 2));
    gave_up(&g);
}

/* Traps 14.1.11, 5.3.3: counter 0 names the start of an epoch. */
static void
counter_zero_is_no_transaction(void)
{
    given_broadcast(&g, conf_with(OLD(3)));
    hear(&g, Q_PROPOSAL, NEW(0));
    gave_up(&g);
    given_syncing(&g, conf_with(ZXID(EPOCH - 1, UINT32_MAX)));
    hear(&g, Q_PROPOSAL, NEW(0));
    gave_up(&g);
}

/* ZOOKEEPER-1277: the counter does not run into the epoch. */
static void
the_counter_does_not_run_into_the_epoch(void)
{
    given_syncing(&g, conf_with(ZXID(EPOCH - 1, UINT32_MAX)));
    hear_pair(&g, NEW(1));
    CU_ASSERT_EQUAL(g.l.last, NEW(1));
}

/* A leader's term ends before it; an observer master counts on that. */
static void
the_last_number_of_an_epoch_is_no_transaction(void)
{
    given_awaiting(&g, conf_with(OLD(3)));
    hear(&g, Q_SNAP, NEW(UINT32_MAX - 2));
    snapped(&g, NEW(UINT32_MAX - 2));
    hear_pair(&g, NEW(UINT32_MAX - 1));
    CU_ASSERT_EQUAL(g.l.agreed, NEW(UINT32_MAX - 1));
    hear(&g, Q_PROPOSAL, NEW(UINT32_MAX));
    gave_up(&g);
}

static void
a_transaction_of_a_later_epoch_than_the_leaders_is_refused(void)
{
    given_syncing(&g, conf_with(OLD(3)));
    hear(&g, Q_PROPOSAL, ZXID(EPOCH + 1, 1));
    gave_up(&g);
}

static void
a_transaction_without_bytes_is_refused(void)
{
    given_syncing(&g, conf_with(OLD(3)));
    hear_packet(&g,
                (struct qpacket){Q_PROPOSAL, OLD(4), BYTES_NULL, BYTES_NULL});
    gave_up(&g);
    CU_ASSERT_FALSE(g.l.needs_snap);
    given_syncing(&g, conf_with(OLD(3)));
    hear_packet(&g,
                (struct qpacket){Q_PROPOSAL, OLD(4), bytes_of(""), BYTES_NULL});
    gave_up(&g);
}

/* 13, 4.7: what a fuzzy snapshot held comes again. */
static void
what_we_have_is_skipped_when_it_comes_again(void)
{
    given_awaiting(&g, conf_with(0));
    hear(&g, Q_SNAP, OLD(9));
    snapped(&g, OLD(9));
    hear(&g, Q_PROPOSAL, OLD(8));
    did_nothing(&g);
    hear(&g, Q_COMMIT, OLD(8));
    did_nothing(&g);
    hear(&g, Q_PROPOSAL, OLD(9));
    did_nothing(&g);
    hear(&g, Q_COMMIT, OLD(9));
    did_nothing(&g);
    hear_pair(&g, OLD(10));
    CU_ASSERT_EQUAL(g.l.agreed, OLD(10));
}

/* --- commits ------------------------------------------------------------- */

/*
 * A COMMIT in synchronisation is what the leader thinks of its own log; a
 * quorum has it when UP_TO_DATE comes.
 */
static void
nothing_is_committed_before_up_to_date(void)
{
    given_syncing(&g, conf_with(OLD(3)));
    hear(&g, Q_PROPOSAL, OLD(4));
    hear(&g, Q_COMMIT, OLD(4));
    did_nothing(&g);
    CU_ASSERT_EQUAL(g.l.committed, 0);
    CU_ASSERT_EQUAL(g.l.agreed, OLD(4));
}

static void
a_commit_is_of_the_oldest_pending(void)
{
    given_broadcast(&g, conf_with(OLD(3)));
    hear(&g, Q_PROPOSAL, NEW(1));
    hear(&g, Q_PROPOSAL, NEW(2));
    hear(&g, Q_COMMIT, NEW(1));
    CU_ASSERT_EQUAL(g.out.count, 1);
    committed(&g, 0, NEW(1));
    hear(&g, Q_COMMIT, NEW(2));
    committed(&g, 0, NEW(2));
}

/* Trap 14.1.12: it ends an Apache follower's process. */
static void
a_commit_of_another_ends_the_connection_only(void)
{
    given_broadcast(&g, conf_with(OLD(3)));
    hear(&g, Q_PROPOSAL, NEW(1));
    hear(&g, Q_PROPOSAL, NEW(2));
    hear(&g, Q_COMMIT, NEW(2));
    gave_up(&g);
}

static void
a_commit_of_what_never_came_ends_the_connection(void)
{
    given_broadcast(&g, conf_with(OLD(3)));
    hear(&g, Q_COMMIT, NEW(1));
    gave_up(&g);
    given_syncing(&g, conf_with(OLD(3)));
    hear(&g, Q_COMMIT, OLD(4));
    gave_up(&g);
}

static void
a_commit_that_comes_again_is_skipped(void)
{
    given_broadcast(&g, conf_with(OLD(3)));
    hear_pair(&g, NEW(1));
    hear(&g, Q_COMMIT, NEW(1));
    did_nothing(&g);
    hear(&g, Q_COMMIT, OLD(2));
    did_nothing(&g);
}

/* 5.4: a quorum formed without us; our own ACK still goes. */
static void
a_commit_may_overtake_our_own_disk(void)
{
    given_broadcast(&g, conf_with(OLD(3)));
    hear(&g, Q_PROPOSAL, NEW(1));
    hear(&g, Q_COMMIT, NEW(1));
    committed(&g, 0, NEW(1));
    durable(&g, NEW(1));
    acked(&g, 0, NEW(1), NEW(1));
}

/* --- talk ---------------------------------------------------------------- */

/* Trap 14.1.4; 4.9: dropped, and not answered. */
static void
talk_during_synchronisation_is_dropped(void)
{
    static const int32_t talk[] = {Q_PING, Q_SYNC, Q_REVALIDATE};

    for (size_t i = 0; i < ARRAY_COUNT(talk); i++) {
        given_syncing(&g, conf_with(OLD(3)));
        hear(&g, talk[i], NEW(0));
        did_nothing(&g);
        given_sealed(&g, conf_with(OLD(3)));
        hear(&g, talk[i], NEW(0));
        did_nothing(&g);
    }
}

/* 6.3: with the same zxid. */
static void
a_ping_is_answered_at_once(void)
{
    given_broadcast(&g, conf_with(OLD(3)));
    hear(&g, Q_PING, NEW(8));
    CU_ASSERT_EQUAL(g.out.count, 1);
    CU_ASSERT_EQUAL(did(&g, 0, LEARNER_PONG)->zxid, NEW(8));
}

static void
sync_and_revalidate_are_passed_on(void)
{
    static const uint8_t answer[9] = {4, [8] = 1};
    struct qpacket p = {Q_REVALIDATE, -1, {answer, sizeof answer}, BYTES_NULL};

    given_broadcast(&g, conf_with(OLD(3)));
    hear(&g, Q_SYNC, 0);
    did(&g, 0, LEARNER_SYNCED);
    hear_packet(&g, p);
    CU_ASSERT_TRUE(
        bytes_equal(did(&g, 0, LEARNER_REVALIDATED)->packet.data, p.data));
}

/* 5.1 */
static void
unknown_packets_are_ignored_while_serving(void)
{
    given_broadcast(&g, conf_with(OLD(3)));
    hear(&g, 4711, 1);
    did_nothing(&g);
    hear(&g, Q_REQUEST, -1);
    did_nothing(&g);
}

static void
a_leader_that_begins_again_is_left(void)
{
    static const int32_t again[] = {Q_DIFF, Q_TRUNC, Q_SNAP, Q_LEADER_INFO};

    for (size_t i = 0; i < ARRAY_COUNT(again); i++) {
        given_broadcast(&g, conf_with(OLD(3)));
        hear(&g, again[i], OLD(3));
        gave_up(&g);
        given_syncing(&g, conf_with(OLD(3)));
        hear(&g, again[i], OLD(3));
        gave_up(&g);
    }
}

/* --- reconfiguration: plain, until it is served -------------------------- */

static void
commit_and_activate_is_a_commit(void)
{
    given_broadcast(&g, conf_with(OLD(3)));
    hear(&g, Q_PROPOSAL, NEW(1));
    hear(&g, Q_COMMIT_ACTIVATE, NEW(1));
    committed(&g, 0, NEW(1));
}

static void
inform_and_activate_is_an_inform(void)
{
    static const uint8_t data[] = "\0\0\0\0\0\0\0\3txn";
    struct qpacket p = {
        Q_INFORM_ACTIVATE, NEW(1), {data, sizeof data - 1}, BYTES_NULL};

    given_broadcast(&g, observer_with(OLD(3)));
    hear_packet(&g, p);
    CU_ASSERT_TRUE(bytes_are(did(&g, 0, LEARNER_APPEND)->packet.data, "txn"));
    committed(&g, 1, NEW(1));
    p.zxid = NEW(2);
    p.data.size = 8;
    hear_packet(&g, p);
    gave_up(&g);
    given_syncing(&g, observer_with(OLD(3)));
    p.zxid = OLD(4);
    p.data.size = sizeof data - 1;
    hear_packet(&g, p);
    CU_ASSERT_EQUAL(g.out.count, 1);
    CU_ASSERT_EQUAL(g.l.agreed, OLD(4));
}

/* --- observers ----------------------------------------------------------- */

static void
an_observer_appends_and_commits_what_it_is_informed_of(void)
{
    given_broadcast(&g, observer_with(OLD(3)));
    hear(&g, Q_INFORM, NEW(1));
    CU_ASSERT_EQUAL(g.out.count, 2);
    did(&g, 0, LEARNER_APPEND);
    committed(&g, 1, NEW(1));
    hear(&g, Q_INFORM, NEW(1));
    did_nothing(&g);
}

/* 8: never a transaction's ACK, but both for NEW_LEADER. */
static void
an_observer_acknowledges_new_leader_and_nothing_else(void)
{
    given_sealed(&g, observer_with(OLD(3)));
    sent(&g, 0, Q_ACK, NEW(0));
    hear(&g, Q_UP_TO_DATE, -1);
    CU_ASSERT_EQUAL(g.out.count, 3);
    sent(&g, 2, Q_ACK, NEW(0));
    hear(&g, Q_INFORM, NEW(1));
    durable(&g, NEW(1));
    did_nothing(&g);
}

static void
an_observer_takes_pairs_and_informs_in_synchronisation(void)
{
    given_syncing(&g, observer_with(OLD(3)));
    hear_pair(&g, OLD(4));
    hear(&g, Q_INFORM, NEW(1));
    CU_ASSERT_EQUAL(g.out.count, 1);
    did(&g, 0, LEARNER_APPEND);
    hear(&g, Q_NEW_LEADER, NEW(0));
    durable(&g, NEW(1));
    stored(&g);
    hear(&g, Q_UP_TO_DATE, -1);
    committed(&g, 0, NEW(1));
}

static void
an_observer_ignores_proposals_and_commits_while_serving(void)
{
    given_broadcast(&g, observer_with(OLD(3)));
    hear(&g, Q_PROPOSAL, NEW(1));
    did_nothing(&g);
    hear(&g, Q_COMMIT, NEW(1));
    did_nothing(&g);
    hear(&g, Q_COMMIT_ACTIVATE, NEW(1));
    did_nothing(&g);
}

static void
a_follower_ignores_informs_while_serving(void)
{
    given_broadcast(&g, conf_with(OLD(3)));
    hear(&g, Q_INFORM, NEW(1));
    did_nothing(&g);
}

UNIT_SUITE(learner_txn)
{
    unit_suite("learner_txn");
    UNIT(a_proposal_is_appended_with_its_bytes);
    UNIT(a_gap_in_the_leaders_history_wants_a_snapshot);
    UNIT(a_gap_while_serving_ends_the_connection);
    UNIT(a_higher_epoch_begins_with_its_first);
    UNIT(counter_zero_is_no_transaction);
    UNIT(the_counter_does_not_run_into_the_epoch);
    UNIT(the_last_number_of_an_epoch_is_no_transaction);
    UNIT(a_transaction_of_a_later_epoch_than_the_leaders_is_refused);
    UNIT(a_transaction_without_bytes_is_refused);
    UNIT(what_we_have_is_skipped_when_it_comes_again);
    UNIT(nothing_is_committed_before_up_to_date);
    UNIT(a_commit_is_of_the_oldest_pending);
    UNIT(a_commit_of_another_ends_the_connection_only);
    UNIT(a_commit_of_what_never_came_ends_the_connection);
    UNIT(a_commit_that_comes_again_is_skipped);
    UNIT(a_commit_may_overtake_our_own_disk);
    UNIT(talk_during_synchronisation_is_dropped);
    UNIT(a_ping_is_answered_at_once);
    UNIT(sync_and_revalidate_are_passed_on);
    UNIT(unknown_packets_are_ignored_while_serving);
    UNIT(a_leader_that_begins_again_is_left);
    UNIT(commit_and_activate_is_a_commit);
    UNIT(inform_and_activate_is_an_inform);
    UNIT(an_observer_appends_and_commits_what_it_is_informed_of);
    UNIT(an_observer_acknowledges_new_leader_and_nothing_else);
    UNIT(an_observer_takes_pairs_and_informs_in_synchronisation);
    UNIT(an_observer_ignores_proposals_and_commits_while_serving);
    UNIT(a_follower_ignores_informs_while_serving);
}
