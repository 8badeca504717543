/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_learner_txn.c - transactions, NEW_LEADER, UP_TO_DATE and the order of
 * ACKs; test_learner.c has what comes before.
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

/* --- conversations captured from Apache 3.8.0 ---------------------------- */

/* 16.2: an empty follower joins a new leader of epoch 1. */
static void
joins_as_captured(void)
{
    struct learner_conf conf = conf_with(0);

    conf.accepted = conf.current = 0;
    connect_with(&g, conf);
    sent(&g, 0, Q_FOLLOWER_INFO, 0);
    hear_leader_info(&g, 1);
    stored(&g);
    sent(&g, 0, Q_ACK_EPOCH, 0);
    CU_ASSERT_EQUAL(load_be32(g.out.act[0].packet.data.data), 0);
    hear(&g, Q_DIFF, 0);
    hear_packet(&g, (struct qpacket){Q_NEW_LEADER, ZXID(1, 0),
                                     bytes_of("version=0"), BYTES_NULL});
    stored(&g);
    sent(&g, 0, Q_ACK, ZXID(1, 0));
    hear(&g, Q_UP_TO_DATE, -1);
    committed(&g, 0, 0);
    did(&g, 1, LEARNER_SERVE);
    sent(&g, 2, Q_ACK, ZXID(1, 0));
    hear(&g, Q_PING, ZXID(1, 0));
    CU_ASSERT_EQUAL(did(&g, 0, LEARNER_PONG)->zxid, ZXID(1, 0));
}

/* 16.2: DIFF 10000000b, the pairs 7 to b, NEW_LEADER. */
static void
takes_a_difference_as_captured(void)
{
    struct learner_conf conf = conf_with(ZXID(1, 6));

    conf.accepted = conf.current = 1;
    connect_with(&g, conf);
    hear_leader_info(&g, 1);
    sent(&g, 0, Q_ACK_EPOCH, ZXID(1, 6));
    hear(&g, Q_DIFF, ZXID(1, 0xb));
    for (int i = 7; i <= 0xb; i++)
        hear_pair(&g, ZXID(1, i));
    hear(&g, Q_NEW_LEADER, ZXID(1, 0));
    durable(&g, ZXID(1, 0xb));
    stored(&g);
    sent(&g, 0, Q_ACK, ZXID(1, 0));
    hear(&g, Q_UP_TO_DATE, -1);
    committed(&g, 0, ZXID(1, 0xb));
}

/* 16.2: the uncommitted d, e, f of an old leader go. */
static void
is_cut_as_captured(void)
{
    struct learner_conf conf = conf_with(ZXID(1, 0xf));

    conf.accepted = conf.current = 1;
    conf.committed = ZXID(1, 0xc);
    connect_with(&g, conf);
    hear_leader_info(&g, 2);
    stored(&g);
    sent(&g, 0, Q_ACK_EPOCH, ZXID(1, 0xf));
    hear(&g, Q_TRUNC, ZXID(1, 0xc));
    CU_ASSERT_EQUAL(did(&g, 0, LEARNER_TRUNCATE)->zxid, ZXID(1, 0xc));
    truncated(&g, 0);
    hear(&g, Q_NEW_LEADER, ZXID(2, 0));
    stored(&g);
    sent(&g, 0, Q_ACK, ZXID(2, 0));
    hear(&g, Q_UP_TO_DATE, -1);
    committed(&g, 0, ZXID(1, 0xc));
}

/* 16.2: SNAP at 6, one pair, NEW_LEADER. */
static void
takes_a_snapshot_as_captured(void)
{
    given_awaiting(&g, conf_with(0));
    hear(&g, Q_SNAP, OLD(6));
    snapped(&g, OLD(6));
    hear_pair(&g, OLD(7));
    hear(&g, Q_NEW_LEADER, NEW(0));
    durable(&g, OLD(7));
    stored(&g);
    sent(&g, 0, Q_ACK, NEW(0));
    hear(&g, Q_UP_TO_DATE, -1);
    CU_ASSERT_EQUAL(g.out.count, 3);
    committed(&g, 0, OLD(7));
}

/* 16.3: create("/a", "hello"), after the session's own transaction. */
static void
takes_a_create_as_captured(void)
{
    static const uint8_t create[] =
        "\1\0\0\x17\xeb\3\0\0\0\0\0\1\0\0\0\1\0\0\0\2"
        "\0\0\1\xa2\6\x1e\x56\xa3\0\0\0\1"
        "\0\0\0\2/a\0\0\0\5hello\0\0\0\1\0\0\0\x1f"
        "\0\0\0\5world\0\0\0\6anyone\0\0\0\0\1"
        "\0\0\0\2\0\0\0\1\x42\xa2\x34\x7f";
    struct bytes txn = {create, sizeof create - 1};
    struct learner_conf conf = conf_with(ZXID(1, 1));

    CU_ASSERT_EQUAL(txn.size, 0x5b);
    conf.accepted = conf.current = 1;
    connect_with(&g, conf);
    hear_leader_info(&g, 1);
    hear(&g, Q_DIFF, ZXID(1, 1));
    hear(&g, Q_NEW_LEADER, ZXID(1, 0));
    stored(&g);
    hear(&g, Q_UP_TO_DATE, -1);
    hear_packet(&g, (struct qpacket){Q_PROPOSAL, ZXID(1, 2), txn, BYTES_NULL});
    CU_ASSERT_TRUE(bytes_equal(did(&g, 0, LEARNER_APPEND)->packet.data, txn));
    durable(&g, ZXID(1, 2));
    acked(&g, 0, ZXID(1, 2), ZXID(1, 2));
    hear(&g, Q_COMMIT, ZXID(1, 2));
    committed(&g, 0, ZXID(1, 2));
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
    UNIT(a_transaction_of_a_later_epoch_than_the_leaders_is_refused);
    UNIT(a_transaction_without_bytes_is_refused);
    UNIT(what_we_have_is_skipped_when_it_comes_again);
    UNIT(nothing_is_committed_before_up_to_date);
    UNIT(a_commit_is_of_the_oldest_pending);
    UNIT(a_commit_of_another_ends_the_connection_only);
    UNIT(a_commit_of_what_never_came_ends_the_connection);
    UNIT(a_commit_that_comes_again_is_skipped);
    UNIT(a_commit_may_overtake_our_own_disk);
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
    UNIT(joins_as_captured);
    UNIT(takes_a_difference_as_captured);
    UNIT(is_cut_as_captured);
    UNIT(takes_a_snapshot_as_captured);
    UNIT(takes_a_create_as_captured);
}
