/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about net/zab/leader*.c: an observer master. */
#include "tests/unit/leader_given.h"

/*
 * We are server 1 and follow in epoch 5, which began behind (4,3); of it
 * (5,1) and (5,2) are committed here.  Spec 8.
 */
static void
given_master(zxid_t committed)
{
    static struct quorum alone = {.count = 1, .member = {{.sid = 1}}};
    struct leader_conf conf;

    has_past();
    has_logged(ZXID(5, 1));
    has_logged(ZXID(5, 2));
    conf = usual();
    conf.quorum = &alone;
    conf.accepted = conf.current = 5;
    conf.last = committed;
    now = 100000;
    leader_init_master(&leader, &conf, &past_history, now);
    leader_check(&leader);
}

/* Our leader commits. */
static void
learns(zxid_t zxid)
{
    if (zxid > past.at[past.count - 1])
        has_logged(zxid);
    leader_proposed(&leader, zxid);
    is_durable(zxid);
}

/* The observer 9 comes, up to its ACK_EPOCH. */
static void
asks(zxid_t zxid)
{
    comes_late(9, 4, 4, zxid);
}

static void
given_observed(void)
{
    given_master(ZXID(5, 2));
    asks(ZXID(5, 2));
    is_brought_up(9);
    CU_ASSERT_TRUE_FATAL(sends(9, Q_UP_TO_DATE, -1));
}

static void
requests(int32_t op)
{
    static uint8_t data[16];

    store_be64(data, 77);
    store_be32(data + 8, 3);
    store_be32(data + 12, (uint32_t)op);
    hears(9, Q_REQUEST, -1, (struct bytes){data, sizeof data});
}

/* --- how it begins ------------------------------------------------------- */

static void
observers_come_at_once_and_get_our_leaders_epoch(void)
{
    given_master(ZXID(5, 2));
    CU_ASSERT_EQUAL(leader.state, LEADER_BROADCAST);
    observer_comes(4);
    CU_ASSERT_TRUE(sends(9, Q_LEADER_INFO, EPOCH(5)));
}

static void
a_follower_is_refused(void)
{
    given_master(ZXID(5, 2));
    comes(2, 4);
    CU_ASSERT_TRUE(closed(2));
}

static void
who_promised_a_later_epoch_is_refused(void)
{
    given_master(ZXID(5, 2));
    observer_comes(6);
    CU_ASSERT_TRUE(closed(9));
}

static void
without_a_learner_it_goes_on_for_ever(void)
{
    given_master(ZXID(5, 2));
    for (int i = 0; i < 100; i++)
        passes(TICK_MS);
    CU_ASSERT_EQUAL(leader.state, LEADER_BROADCAST);
}

/* --- bringing up --------------------------------------------------------- */

static void
who_is_behind_gets_what_is_committed_and_no_more(void)
{
    given_master(ZXID(5, 1));
    asks(ZXID(4, 2));
    CU_ASSERT_TRUE(sends(9, Q_DIFF, ZXID(5, 1)));
    CU_ASSERT_TRUE(sends_pair(9, ZXID(4, 3)));
    CU_ASSERT_TRUE(sends_pair(9, ZXID(5, 1)));
    CU_ASSERT_TRUE(sends(9, Q_NEW_LEADER, EPOCH(5)));
    acks(9, EPOCH(5));
    CU_ASSERT_TRUE(sends(9, Q_UP_TO_DATE, -1));
    CU_ASSERT_FALSE(next(9));
}

/* It claims epoch<<32: what the epoch began with. */
static void
the_start_of_an_epoch_that_is_empty_here_is_our_end(void)
{
    given_master(ZXID(4, 3));
    asks(EPOCH(5));
    CU_ASSERT_TRUE(sends(9, Q_DIFF, ZXID(4, 3)));
    CU_ASSERT_TRUE(sends(9, Q_NEW_LEADER, EPOCH(5)));
}

static void
behind_the_start_of_the_epoch_comes_its_first_transaction(void)
{
    given_master(ZXID(5, 2));
    asks(EPOCH(5));
    CU_ASSERT_TRUE(sends(9, Q_DIFF, ZXID(5, 2)));
    CU_ASSERT_TRUE(sends_pair(9, ZXID(5, 1)));
}

static void
the_start_of_the_epoch_is_remembered_when_we_have_gone_on(void)
{
    given_master(ZXID(4, 3));
    learns(ZXID(5, 1));
    asks(EPOCH(5));
    CU_ASSERT_TRUE(sends(9, Q_DIFF, ZXID(5, 1)));
    CU_ASSERT_TRUE(sends_pair(9, ZXID(5, 1)));
}

/* Another master told it of a commit that we do not know of yet. */
static void
who_knows_more_waits_until_we_know_it(void)
{
    given_master(ZXID(5, 1));
    asks(ZXID(5, 2));
    CU_ASSERT_FALSE(next(9));
    learns(ZXID(5, 2));
    CU_ASSERT_TRUE(sends(9, Q_DIFF, ZXID(5, 2)));
    CU_ASSERT_TRUE(sends(9, Q_NEW_LEADER, EPOCH(5)));
}

static void
who_knows_more_does_not_wait_for_ever(void)
{
    given_master(ZXID(5, 1));
    asks(ZXID(5, 9));
    passes(INIT_MS + 1);
    CU_ASSERT_TRUE(closed(9));
}

/* It was a voter and has what nobody committed. */
static void
a_tail_of_an_earlier_epoch_is_cut(void)
{
    given_master(ZXID(5, 2));
    asks(ZXID(4, 7));
    CU_ASSERT_TRUE(sends(9, Q_TRUNC, ZXID(4, 3)));
    CU_ASSERT_TRUE(sends_pair(9, ZXID(5, 1)));
}

/* --- live ---------------------------------------------------------------- */

static void
what_our_leader_commits_is_told_by_inform(void)
{
    given_observed();
    CU_ASSERT_FALSE(next(9));
    learns(ZXID(5, 3));
    CU_ASSERT_TRUE(sends(9, Q_INFORM, ZXID(5, 3)));
    CU_ASSERT_FALSE(next(9));
}

static void
what_we_have_and_is_not_committed_is_not_told(void)
{
    given_observed();
    has_logged(ZXID(5, 3));
    CU_ASSERT_FALSE(next(9));
}

static void
the_first_of_an_epoch_follows_what_it_began_with(void)
{
    given_master(ZXID(4, 3));
    asks(ZXID(4, 3));
    is_brought_up(9);
    CU_ASSERT_TRUE(sends(9, Q_UP_TO_DATE, -1));
    learns(ZXID(5, 1));
    CU_ASSERT_TRUE(sends(9, Q_INFORM, ZXID(5, 1)));
}

static void
an_ack_of_a_transaction_closes(void)
{
    given_observed();
    acks(9, EPOCH(5));
    CU_ASSERT_FALSE(closed(9));
    acks(9, ZXID(5, 2));
    CU_ASSERT_TRUE(closed(9));
}

static void
it_is_pinged_and_closed_when_it_is_silent(void)
{
    given_observed();
    passes(TICK_MS / 2);
    CU_ASSERT_TRUE(sends(9, Q_PING, ZXID(5, 2)));
    passes(SYNC_MS);
    CU_ASSERT_TRUE(closed(9));
}

static void
a_sync_is_a_question_to_our_leader(void)
{
    given_observed();
    requests(9);
    CU_ASSERT_PTR_NOT_NULL(act(LEADER_REQUEST));
    CU_ASSERT_FALSE(next(9));
}

/* All that the leader had committed before it answered goes first. */
static void
its_answer_follows_what_was_committed(void)
{
    given_observed();
    requests(9);
    learns(ZXID(5, 3));
    leader_answer_sync(&leader, 9);
    leader_check(&leader);
    learns(ZXID(5, 4));
    CU_ASSERT_TRUE(sends(9, Q_INFORM, ZXID(5, 3)));
    CU_ASSERT_TRUE(sends(9, Q_SYNC, 0));
    CU_ASSERT_TRUE(sends(9, Q_INFORM, ZXID(5, 4)));
}

UNIT_SUITE(leader_master)
{
    unit_suite("leader_master");
    UNIT(observers_come_at_once_and_get_our_leaders_epoch);
    UNIT(a_follower_is_refused);
    UNIT(who_promised_a_later_epoch_is_refused);
    UNIT(without_a_learner_it_goes_on_for_ever);
    UNIT(who_is_behind_gets_what_is_committed_and_no_more);
    UNIT(the_start_of_an_epoch_that_is_empty_here_is_our_end);
    UNIT(behind_the_start_of_the_epoch_comes_its_first_transaction);
    UNIT(the_start_of_the_epoch_is_remembered_when_we_have_gone_on);
    UNIT(who_knows_more_waits_until_we_know_it);
    UNIT(who_knows_more_does_not_wait_for_ever);
    UNIT(a_tail_of_an_earlier_epoch_is_cut);
    UNIT(what_our_leader_commits_is_told_by_inform);
    UNIT(what_we_have_and_is_not_committed_is_not_told);
    UNIT(the_first_of_an_epoch_follows_what_it_began_with);
    UNIT(an_ack_of_a_transaction_closes);
    UNIT(it_is_pinged_and_closed_when_it_is_silent);
    UNIT(a_sync_is_a_question_to_our_leader);
    UNIT(its_answer_follows_what_was_committed);
}
