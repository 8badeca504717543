/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about election/elect.c: servers of another ensemble are not heard, and
 * nobody waits for them.
 */
#include "tests/unit/elect_given.h"

enum { OURS = 0x05, ALIEN = 0xa1 };

/* We know our ensemble, and look. */
static struct elect
given_ours(zxid_t zxid)
{
    struct elect e;

    last = (struct elect_out){0};
    elect_init(&e, &three, 1, 0);
    elect_reach(&e, 0xf, &last);
    elect_know(&e, OURS);
    elect_look(&e, zxid, 1, &last);
    return e;
}

static void
a_vote_says_of_which_ensemble_we_are(void)
{
    struct elect e = given_ours(ZXID(1, 5));

    CU_ASSERT_EQUAL(last.act[0].kind, ELECT_TELL_ALL);
    CU_ASSERT_EQUAL(last.act[0].vote.ensemble, OURS);
    hears(&e, 2, SERVER_LOOKING, 2, ZXID(1, 4), 0);
    CU_ASSERT_EQUAL(last.act[0].kind, ELECT_TELL);
    CU_ASSERT_EQUAL(last.act[0].vote.ensemble, OURS);
}

static void
the_vote_of_a_foreign_server_is_not_heard(void)
{
    struct elect e = given_ours(ZXID(1, 5));

    hears_of(&e, ALIEN, 3, SERVER_LOOKING, 3, ZXID(1, 9), 7);
    CU_ASSERT_EQUAL(last.count, 0);
    CU_ASSERT_EQUAL(e.mine.leader, 1);
    CU_ASSERT_EQUAL(e.round, 1);
    CU_ASSERT_EQUAL(e.foreign, quorum_bit(&three, 3));
}

/* 2 does not know yet, and would have us elect it. */
static void
a_vote_for_a_foreign_server_is_not_heard(void)
{
    struct elect e = given_ours(ZXID(1, 5));

    hears_of(&e, ALIEN, 3, SERVER_LEADING, 3, ZXID(1, 9), 1);
    hears_of(&e, OURS, 2, SERVER_LOOKING, 3, ZXID(1, 9), 1);
    CU_ASSERT_EQUAL(last.count, 0);
    CU_ASSERT_EQUAL(e.mine.leader, 1);
    hears_of(&e, OURS, 2, SERVER_FOLLOWING, 3, ZXID(1, 9), 1);
    CU_ASSERT_FALSE(did(ELECT_DECIDE));
}

/* 2 was quicker to tell of it than it was itself. */
static void
a_vote_adopted_for_a_foreign_server_is_given_up(void)
{
    struct elect e = given_ours(ZXID(1, 5));

    hears_of(&e, OURS, 2, SERVER_LOOKING, 3, ZXID(1, 9), 1);
    CU_ASSERT_EQUAL(e.mine.leader, 3);
    hears_of(&e, ALIEN, 3, SERVER_LOOKING, 3, ZXID(1, 9), 1);
    CU_ASSERT_EQUAL(last.act[0].kind, ELECT_TELL_ALL);
    CU_ASSERT_EQUAL(last.act[0].vote.leader, 1);
    CU_ASSERT_EQUAL(last.act[0].vote.zxid, ZXID(1, 5));
    CU_ASSERT_EQUAL(e.round, 2);
    CU_ASSERT_FALSE(did(ELECT_DECIDE));
}

/* What it said before it knew its own ensemble counts no more. */
static void
a_foreign_servers_earlier_vote_is_taken_back(void)
{
    struct elect e = given_ours(ZXID(1, 9));

    elect_reach(&e, 0xf, &last);
    hears_of(&e, 0, 3, SERVER_LOOKING, 1, ZXID(1, 9), 1);
    CU_ASSERT_EQUAL(e.state, ELECT_SETTLING);
    hears_of(&e, ALIEN, 3, SERVER_LOOKING, 3, ZXID(1, 9), 1);
    CU_ASSERT_EQUAL(e.state, ELECT_LOOKING);
    elect_alarm(&e, &last);
    CU_ASSERT_EQUAL(e.state, ELECT_LOOKING);
}

static void
nobody_waits_for_a_foreign_server(void)
{
    struct elect e = given_ours(ZXID(1, 5));

    hears_of(&e, OURS, 2, SERVER_LOOKING, 1, ZXID(1, 5), 1);
    CU_ASSERT_EQUAL(e.state, ELECT_SETTLING);
    hears_of(&e, ALIEN, 3, SERVER_LOOKING, 3, ZXID(1, 9), 1);
    CU_ASSERT_TRUE(did(ELECT_DECIDE));
    CU_ASSERT_EQUAL(e.mine.state, SERVER_LEADING);
}

/* It has to hear from us that we are of another ensemble. */
static void
a_foreign_server_is_answered_by_who_has_a_leader(void)
{
    struct elect e = given_ours(ZXID(1, 5));

    hears_of(&e, OURS, 2, SERVER_LOOKING, 1, ZXID(1, 5), 1);
    hears_of(&e, ALIEN, 3, SERVER_LOOKING, 3, ZXID(1, 9), 1);
    CU_ASSERT_EQUAL(e.state, ELECT_DECIDED);
    hears_of(&e, ALIEN, 3, SERVER_LOOKING, 3, ZXID(1, 9), 1);
    CU_ASSERT_EQUAL(last.act[0].kind, ELECT_TELL);
    CU_ASSERT_EQUAL(last.act[0].to, 3);
    CU_ASSERT_EQUAL(last.act[0].vote.ensemble, OURS);
}

static void
a_server_that_was_put_right_counts_again(void)
{
    struct elect e = given_ours(ZXID(1, 5));

    hears_of(&e, ALIEN, 3, SERVER_LOOKING, 3, ZXID(1, 9), 1);
    hears_of(&e, 0, 3, SERVER_LOOKING, 3, 0, 1);
    CU_ASSERT_EQUAL(e.foreign, 0);
    hears_of(&e, 0, 3, SERVER_LOOKING, 1, ZXID(1, 5), 1);
    CU_ASSERT_EQUAL(e.state, ELECT_SETTLING);
}

static void
who_does_not_know_its_ensemble_judges_nobody(void)
{
    struct elect e = given(ZXID(1, 5));

    hears_of(&e, ALIEN, 3, SERVER_LOOKING, 3, ZXID(1, 9), 1);
    CU_ASSERT_EQUAL(e.mine.leader, 3);
    CU_ASSERT_EQUAL(e.foreign, 0);
}

UNIT_SUITE(elect_foreign)
{
    unit_suite("elect_foreign");
    UNIT(a_vote_says_of_which_ensemble_we_are);
    UNIT(the_vote_of_a_foreign_server_is_not_heard);
    UNIT(a_vote_for_a_foreign_server_is_not_heard);
    UNIT(a_vote_adopted_for_a_foreign_server_is_given_up);
    UNIT(a_foreign_servers_earlier_vote_is_taken_back);
    UNIT(nobody_waits_for_a_foreign_server);
    UNIT(a_foreign_server_is_answered_by_who_has_a_leader);
    UNIT(a_server_that_was_put_right_counts_again);
    UNIT(who_does_not_know_its_ensemble_judges_nobody);
}
