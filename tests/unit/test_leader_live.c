/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about net/zab/leader_send.c: a learner that is up to date. */
#include "tests/unit/leader_given.h"

/* --- live ---------------------------------------------------------------- */

static void
commits_go_one_by_one_in_order(void)
{
    given_led();
    for (uint32_t n = 1; n <= 3; n++) {
        proposes(ZXID(5, n));
        CU_ASSERT_TRUE(sends(2, Q_PROPOSAL, ZXID(5, n)));
    }
    is_durable(ZXID(5, 3));
    acks(2, ZXID(5, 3));
    for (uint32_t n = 1; n <= 3; n++)
        CU_ASSERT_TRUE(sends(2, Q_COMMIT, ZXID(5, n)));
    CU_ASSERT_FALSE(next(2));
}

/* 15.3.6: never a COMMIT before its PROPOSAL. */
static void
a_commit_waits_for_its_proposal(void)
{
    given_led_by_all();
    proposes(ZXID(5, 1));
    proposes(ZXID(5, 2));
    CU_ASSERT_TRUE(sends(2, Q_PROPOSAL, ZXID(5, 1)));
    CU_ASSERT_TRUE(sends(2, Q_PROPOSAL, ZXID(5, 2)));
    is_durable(ZXID(5, 2));
    acks(2, ZXID(5, 2));
    CU_ASSERT_TRUE(sends_pair(3, ZXID(5, 1)));
    CU_ASSERT_TRUE(sends_pair(3, ZXID(5, 2)));
    CU_ASSERT_FALSE(next(3));
}

static void
a_proposal_carries_the_transaction(void)
{
    given_led();
    proposes(ZXID(5, 1));
    CU_ASSERT_TRUE(sends(2, Q_PROPOSAL, ZXID(5, 1)));
    CU_ASSERT_TRUE(data_is("\0\0\0\5\0\0\0\1", 8));
}

/* It lies in the ring, and the pipeline has not given it out. */
static void
what_is_not_proposed_yet_is_not_sent(void)
{
    given_led();
    for (uint32_t n = 1; n <= 2; n++) {
        has_logged(ZXID(5, n));
        CU_ASSERT_FALSE(next(2));
        CU_ASSERT_EQUAL(leader.peer[2].stage, PEER_UP_TO_DATE);
        leader_proposed(&leader, ZXID(5, n));
        CU_ASSERT_TRUE(sends(2, Q_PROPOSAL, ZXID(5, n)));
    }
}

static void
a_stranger_is_forwarded_to_as_a_follower(void)
{
    given_led();
    comes_late(77, 4, 4, ZXID(4, 3));
    is_brought_up(77);
    CU_ASSERT_TRUE(sends(77, Q_UP_TO_DATE, -1));
    proposes(ZXID(5, 1));
    CU_ASSERT_TRUE(sends(77, Q_PROPOSAL, ZXID(5, 1)));
}

static void
an_observer_is_brought_up_by_pairs(void)
{
    given_led();
    commits(1, 1);
    proposes(ZXID(5, 2));
    comes_late(9, 4, 4, ZXID(4, 2));
    CU_ASSERT_TRUE(sends(9, Q_DIFF, ZXID(5, 1)));
    CU_ASSERT_TRUE(sends_pair(9, ZXID(4, 3)));
    CU_ASSERT_TRUE(sends_pair(9, ZXID(5, 1)));
    CU_ASSERT_TRUE(sends(9, Q_NEW_LEADER, EPOCH(5)));
    CU_ASSERT_FALSE(next(9));
}

/* ... and how long that takes is no silence of its own. */
static void
an_observer_waits_while_too_many_get_snapshots(void)
{
    given_led();
    leader.conf.snaps_max = 1;
    past.must_snap = true;
    comes_late(3, 4, 4, 0);
    CU_ASSERT_TRUE(sends_snapshot(3));
    comes_late(9, 4, 4, 0);
    for (int i = 0; i < 2 * INIT_TICKS; i++) {
        leader_stirs(&leader, 3, now);
        acks(2, ZXID(4, 3));
        passes(TICK_MS);
        CU_ASSERT_FALSE(next(9));
    }
    CU_ASSERT_FALSE(closed(9));
    snapped(3, ZXID(4, 3));
    while (next(3))
        ;
    CU_ASSERT_TRUE(sends_snapshot(9));
}

static void
an_observer_waits_while_too_many_get_what_they_lack(void)
{
    given_led();
    leader.conf.diffs_max = 1;
    leader.conf.snaps_max = 1;
    comes_late(3, 4, 4, ZXID(4, 1));
    CU_ASSERT_TRUE(sends(3, Q_DIFF, ZXID(4, 3)));
    comes_late(9, 4, 4, ZXID(4, 1));
    CU_ASSERT_FALSE(next(9));
    leaves(3);
    CU_ASSERT_TRUE(sends(9, Q_DIFF, ZXID(4, 3)));
}

/* A quorum may need it. */
static void
a_voter_waits_for_no_observer(void)
{
    given_led();
    leader.conf.snaps_max = leader.conf.diffs_max = 1;
    past.must_snap = true;
    comes_late(9, 4, 4, 0);
    CU_ASSERT_TRUE(sends_snapshot(9));
    comes_late(3, 4, 4, 0);
    CU_ASSERT_TRUE(sends_snapshot(3));
}

static void
an_observer_hears_only_what_is_committed(void)
{
    given_observer();
    proposes(ZXID(5, 1));
    CU_ASSERT_FALSE(next(9));
    CU_ASSERT_TRUE(sends(2, Q_PROPOSAL, ZXID(5, 1)));
    is_durable(ZXID(5, 1));
    acks(2, ZXID(5, 1));
    CU_ASSERT_TRUE(sends(9, Q_INFORM, ZXID(5, 1)));
    CU_ASSERT_TRUE(data_is("\0\0\0\5\0\0\0\1", 8));
    CU_ASSERT_FALSE(next(9));
}

/* --- SYNC: spec 5.5 ------------------------------------------------------ */

static void
asks_sync(uint32_t slot)
{
    uint8_t data[20] = {0};

    store_be32(data + 12, 9);
    hears(slot, Q_REQUEST, -1, (struct bytes){data, sizeof data});
    CU_ASSERT_EQUAL_FATAL(last.count, 0);
}

static void
a_sync_with_nothing_outstanding_is_answered_at_once(void)
{
    given_led();
    asks_sync(2);
    CU_ASSERT_TRUE(sends(2, Q_SYNC, 0));
    CU_ASSERT_EQUAL(item.packet.data.size, -1);
    CU_ASSERT_FALSE(next(2));
}

static void
a_sync_waits_for_the_proposal_that_was_last(void)
{
    given_led();
    proposes(ZXID(5, 1));
    proposes(ZXID(5, 2));
    CU_ASSERT_TRUE(sends(2, Q_PROPOSAL, ZXID(5, 1)));
    asks_sync(2);
    CU_ASSERT_TRUE(sends(2, Q_PROPOSAL, ZXID(5, 2)));
    proposes(ZXID(5, 3));
    CU_ASSERT_TRUE(sends(2, Q_PROPOSAL, ZXID(5, 3)));
    is_durable(ZXID(5, 3));
    acks(2, ZXID(5, 1));
    CU_ASSERT_TRUE(sends(2, Q_COMMIT, ZXID(5, 1)));
    CU_ASSERT_FALSE(next(2));
    acks(2, ZXID(5, 3));
    CU_ASSERT_TRUE(sends(2, Q_COMMIT, ZXID(5, 2)));
    CU_ASSERT_TRUE(sends(2, Q_SYNC, 0));
    CU_ASSERT_TRUE(sends(2, Q_COMMIT, ZXID(5, 3)));
}

/* Committed is not enough: this learner must have been told. */
static void
a_sync_waits_for_the_commit_that_is_on_its_way(void)
{
    given_led_by_all();
    proposes(ZXID(5, 1));
    CU_ASSERT_TRUE(sends(2, Q_PROPOSAL, ZXID(5, 1)));
    is_durable(ZXID(5, 1));
    acks(2, ZXID(5, 1));
    CU_ASSERT_EQUAL(leader.committed, ZXID(5, 1));
    asks_sync(3);
    CU_ASSERT_TRUE(sends_pair(3, ZXID(5, 1)));
    CU_ASSERT_TRUE(sends(3, Q_SYNC, 0));
}

static void
every_sync_has_its_answer(void)
{
    given_led();
    for (uint32_t n = 1; n <= 3; n++) {
        proposes(ZXID(5, n));
        for (uint32_t i = 0; i < n; i++)
            asks_sync(2);
    }
    for (uint32_t n = 1; n <= 3; n++)
        CU_ASSERT_TRUE(sends(2, Q_PROPOSAL, ZXID(5, n)));
    is_durable(ZXID(5, 3));
    acks(2, ZXID(5, 3));
    for (uint32_t n = 1; n <= 3; n++) {
        CU_ASSERT_TRUE(sends(2, Q_COMMIT, ZXID(5, n)));
        for (uint32_t i = 0; i < n; i++)
            CU_ASSERT_TRUE(sends(2, Q_SYNC, 0));
    }
    CU_ASSERT_FALSE(next(2));
}

static void
an_observer_gets_its_sync_behind_inform(void)
{
    given_observer();
    proposes(ZXID(5, 1));
    asks_sync(9);
    CU_ASSERT_FALSE(next(9));
    CU_ASSERT_TRUE(sends(2, Q_PROPOSAL, ZXID(5, 1)));
    is_durable(ZXID(5, 1));
    acks(2, ZXID(5, 1));
    CU_ASSERT_TRUE(sends(9, Q_INFORM, ZXID(5, 1)));
    CU_ASSERT_TRUE(sends(9, Q_SYNC, 0));
}

/* More groups than are kept: the last ones wait together. */
static void
no_sync_is_lost_when_there_are_too_many(void)
{
    enum { MANY = LEADER_SYNCS_MAX + 44 };
    uint32_t answers = 0;
    zxid_t told = 0;

    given_led();
    for (uint32_t n = 1; n <= MANY; n++) {
        proposes(ZXID(5, n));
        asks_sync(2);
    }
    while (next(2))
        ;
    is_durable(ZXID(5, MANY));
    acks(2, ZXID(5, MANY));
    while (next(2)) {
        if (item.packet.type == Q_COMMIT)
            told = item.packet.zxid;
        else
            CU_ASSERT_TRUE(told >= ZXID(5, ++answers));
    }
    CU_ASSERT_EQUAL(answers, MANY);
}

/* --- PING ---------------------------------------------------------------- */

static void
no_ping_leaves_before_new_leader(void)
{
    given_epoch(ZXID(4, 1));
    CU_ASSERT_TRUE(sends(2, Q_DIFF, ZXID(4, 3)));
    passes(TICK_MS);
    CU_ASSERT_TRUE(sends_pair(2, ZXID(4, 2)));
    passes(TICK_MS);
    CU_ASSERT_TRUE(sends_pair(2, ZXID(4, 3)));
    CU_ASSERT_TRUE(sends(2, Q_NEW_LEADER, EPOCH(5)));
    passes(TICK_MS);
    CU_ASSERT_TRUE(sends(2, Q_PING, EPOCH(5)));
    CU_ASSERT_FALSE(next(2));
}

static void
a_ping_names_the_last_proposal(void)
{
    given_led();
    proposes(ZXID(5, 1));
    passes(TICK_MS / 2);
    CU_ASSERT_TRUE(sends(2, Q_PING, ZXID(5, 1)));
    CU_ASSERT_EQUAL(item.packet.data.size, -1);
}

/* How many pings go to server 2 while so many ticks of 100 ms pass. */
static uint32_t
pings_in(uint32_t ticks)
{
    uint32_t pings = 0;

    for (uint32_t i = 0; i < ticks; i++) {
        passes(i % 2 ? 99 : 101);
        while (next(2))
            pings += item.packet.type == Q_PING;
    }
    return pings;
}

static void
apache_gets_two_pings_a_tick(void)
{
    given_led();
    pings_in(1);
    CU_ASSERT_EQUAL(pings_in(40), 8);
}

static void
quick_learners_get_quick_pings(void)
{
    given_led();
    leader.peer[2].flags = LEARNER_QUICK;
    pings_in(1);
    CU_ASSERT_EQUAL(pings_in(40), 40);
}

/* A late tick is made up for once, not as often as it was missed. */
static void
a_late_tick_gives_one_ping(void)
{
    given_led();
    passes(3 * TICK_MS);
    CU_ASSERT_TRUE(sends(2, Q_PING, EPOCH(5)));
    CU_ASSERT_FALSE(next(2));
    passes(1);
    CU_ASSERT_FALSE(next(2));
}

UNIT_SUITE(leader_live)
{
    unit_suite("leader_live");
    UNIT(commits_go_one_by_one_in_order);
    UNIT(a_commit_waits_for_its_proposal);
    UNIT(a_proposal_carries_the_transaction);
    UNIT(what_is_not_proposed_yet_is_not_sent);
    UNIT(a_stranger_is_forwarded_to_as_a_follower);
    UNIT(an_observer_is_brought_up_by_pairs);
    UNIT(an_observer_waits_while_too_many_get_snapshots);
    UNIT(an_observer_waits_while_too_many_get_what_they_lack);
    UNIT(a_voter_waits_for_no_observer);
    UNIT(an_observer_hears_only_what_is_committed);
    UNIT(a_sync_with_nothing_outstanding_is_answered_at_once);
    UNIT(a_sync_waits_for_the_proposal_that_was_last);
    UNIT(a_sync_waits_for_the_commit_that_is_on_its_way);
    UNIT(every_sync_has_its_answer);
    UNIT(an_observer_gets_its_sync_behind_inform);
    UNIT(no_sync_is_lost_when_there_are_too_many);
    UNIT(no_ping_leaves_before_new_leader);
    UNIT(a_ping_names_the_last_proposal);
    UNIT(apache_gets_two_pings_a_tick);
    UNIT(quick_learners_get_quick_pings);
    UNIT(a_late_tick_gives_one_ping);
}
