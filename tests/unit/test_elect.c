/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about election/elect.c: whom a looking server votes for, and when it
 * decides.
 */
#include "tests/unit/elect_given.h"

/* --- whom it votes for --------------------------------------------------- */

/* A better vote is adopted and told to everyone, but nothing is decided. */
static void
adopts_a_better_vote(void)
{
    struct elect e = given(ZXID(1, 5));

    hears(&e, 2, SERVER_LOOKING, 2, ZXID(1, 9), 1);
    CU_ASSERT_EQUAL(last.act[0].kind, ELECT_TELL_ALL);
    CU_ASSERT_EQUAL(last.act[0].vote.leader, 2);
    CU_ASSERT_EQUAL(e.state, ELECT_SETTLING);
    CU_ASSERT_FALSE(did(ELECT_DECIDE));
}

static void
keeps_its_vote_against_a_worse_one(void)
{
    struct elect e = given(ZXID(1, 5));

    hears(&e, 2, SERVER_LOOKING, 2, ZXID(1, 4), 1);
    CU_ASSERT_EQUAL(e.mine.leader, 1);
    CU_ASSERT_FALSE(did(ELECT_TELL_ALL));
}

static void
a_larger_sid_breaks_a_tie(void)
{
    struct elect e = given(ZXID(1, 5));

    hears(&e, 3, SERVER_LOOKING, 3, ZXID(1, 5), 1);
    CU_ASSERT_EQUAL(e.mine.leader, 3);
}

/* Somebody made that up; elections go on. */
static void
behind_the_last_round_comes_the_first(void)
{
    struct elect e = given(ZXID(1, 5));

    hears(&e, 3, SERVER_LOOKING, 3, ZXID(1, 5), INT64_MAX);
    CU_ASSERT_EQUAL(e.round, INT64_MAX);
    elect_look(&e, ZXID(1, 5), 1, &last);
    CU_ASSERT_EQUAL(e.round, 1);
    hears(&e, 3, SERVER_LOOKING, 3, ZXID(1, 5), INT64_MAX);
    CU_ASSERT_EQUAL(e.round, INT64_MAX);
    CU_ASSERT_EQUAL(e.state, ELECT_SETTLING);
}

/* --- when it decides ----------------------------------------------------- */

static void
waits_to_settle_then_decides(void)
{
    struct elect e = given(ZXID(1, 5));

    hears(&e, 3, SERVER_LOOKING, 3, ZXID(1, 9), 1);
    CU_ASSERT_TRUE(did(ELECT_SET_ALARM));
    last = (struct elect_out){0};
    elect_alarm(&e, &last);
    CU_ASSERT_TRUE(did(ELECT_DECIDE));
    CU_ASSERT_EQUAL(e.mine.state, SERVER_FOLLOWING);
}

static void
decides_at_once_when_all_agree(void)
{
    struct elect e = given(ZXID(1, 5));

    hears(&e, 2, SERVER_LOOKING, 1, ZXID(1, 5), 1);
    CU_ASSERT_FALSE(did(ELECT_DECIDE));
    hears(&e, 3, SERVER_LOOKING, 1, ZXID(1, 5), 1);
    CU_ASSERT_TRUE(did(ELECT_DECIDE));
    CU_ASSERT_EQUAL(e.mine.state, SERVER_LEADING);
}

static void
does_not_wait_for_those_it_cannot_reach(void)
{
    struct elect e = given(ZXID(1, 5));

    hears(&e, 2, SERVER_LOOKING, 1, ZXID(1, 5), 1);
    last = (struct elect_out){0};
    elect_reach(&e, 0x2, &last); /* 3 is gone */
    CU_ASSERT_TRUE(did(ELECT_DECIDE));
}

static void
settles_anew_when_its_vote_changed(void)
{
    struct elect e = given(ZXID(1, 5));

    hears(&e, 2, SERVER_LOOKING, 1, ZXID(1, 5), 1);
    CU_ASSERT_EQUAL(e.state, ELECT_SETTLING);
    hears(&e, 3, SERVER_LOOKING, 3, ZXID(1, 9), 1);
    CU_ASSERT_TRUE(did(ELECT_SET_ALARM));
    CU_ASSERT_EQUAL(e.mine.leader, 3);
}

static void
settles_anew_in_a_newer_round(void)
{
    struct elect e = given(ZXID(1, 5));

    hears(&e, 2, SERVER_LOOKING, 1, ZXID(1, 5), 1);
    hears(&e, 2, SERVER_LOOKING, 1, ZXID(1, 5), 2);
    CU_ASSERT_EQUAL(e.state, ELECT_SETTLING);
    CU_ASSERT_TRUE(did(ELECT_SET_ALARM));
    CU_ASSERT_FALSE(did(ELECT_TELL)); /* it was told with all others */
}

static void
does_not_settle_anew_for_what_it_heard_before(void)
{
    struct elect e = given(ZXID(1, 5));

    hears(&e, 2, SERVER_LOOKING, 1, ZXID(1, 5), 1);
    hears(&e, 3, SERVER_LOOKING, 3, ZXID(1, 4), 1);
    CU_ASSERT_EQUAL(e.state, ELECT_SETTLING);
    CU_ASSERT_FALSE(did(ELECT_SET_ALARM));
}

/* Whichever place of the list is ours: who is silent agrees with nobody. */
static void
one_server_is_no_quorum(void)
{
    for (sid_t me = 1; me <= 3; me++) {
        struct elect e;

        elect_init(&e, &three, me, 0);
        last = (struct elect_out){0};
        elect_reach(&e, 0, &last);
        elect_look(&e, ZXID(1, 5), 1, &last);
        CU_ASSERT_EQUAL(e.state, ELECT_LOOKING);
    }
}

/* A vote that its sender no longer holds does not elect. */
static void
looks_on_when_the_quorum_is_lost(void)
{
    struct elect e = given(ZXID(1, 5));

    hears(&e, 2, SERVER_LOOKING, 1, ZXID(1, 5), 1);
    CU_ASSERT_EQUAL(e.state, ELECT_SETTLING);
    hears(&e, 2, SERVER_LOOKING, 2, ZXID(1, 4), 1);
    CU_ASSERT_EQUAL(e.state, ELECT_LOOKING);
    last = (struct elect_out){0};
    elect_alarm(&e, &last);
    CU_ASSERT_FALSE(did(ELECT_DECIDE));
}

/* 3 votes for itself for ever: nobody can adopt that, nor 3 a lesser sid. */
static void
does_not_wait_for_one_without_weight(void)
{
    struct quorum weighted = three;
    struct elect e;

    weighted.groups = 1;
    weighted.member[0].weight = weighted.member[1].weight = 1;
    elect_init(&e, &weighted, 1, 0);
    last = (struct elect_out){0};
    elect_reach(&e, 0xf, &last);
    elect_look(&e, ZXID(1, 5), 1, &last);
    hears(&e, 3, SERVER_LOOKING, 3, ZXID(1, 5), 1);
    CU_ASSERT_FALSE(did(ELECT_DECIDE));
    hears(&e, 2, SERVER_LOOKING, 1, ZXID(1, 5), 1);
    CU_ASSERT_TRUE(did(ELECT_DECIDE));
}

/* --- rounds -------------------------------------------------------------- */

static void
answers_an_old_round_and_forgets_it(void)
{
    struct elect e = given(ZXID(1, 5));

    e.round = e.self.round = e.mine.round = 4;
    hears(&e, 2, SERVER_LOOKING, 2, ZXID(1, 9), 3);
    CU_ASSERT_EQUAL(last.act[0].kind, ELECT_TELL);
    CU_ASSERT_EQUAL(last.act[0].to, 2);
    CU_ASSERT_EQUAL(e.mine.leader, 1);
}

/* Trap 14.2.2: not with the current proposal, with the initial vote. */
static void
a_newer_round_is_compared_with_the_initial_vote(void)
{
    struct elect e = given(ZXID(1, 5));

    hears(&e, 3, SERVER_LOOKING, 3, ZXID(1, 9), 1);
    CU_ASSERT_EQUAL(e.mine.leader, 3);
    hears(&e, 2, SERVER_LOOKING, 2, ZXID(1, 4), 2);
    CU_ASSERT_EQUAL(e.mine.leader, 1);
    CU_ASSERT_EQUAL(e.round, 2);
}

/* --- who has a leader already -------------------------------------------- */

/* Trap 14.2.4: followers of a dead leader do not pull us to it. */
static void
joins_only_a_leader_that_speaks_itself(void)
{
    struct elect e = given(ZXID(1, 5));

    hears(&e, 2, SERVER_FOLLOWING, 3, ZXID(1, 5), 7);
    CU_ASSERT_FALSE(did(ELECT_DECIDE));
    hears(&e, 3, SERVER_LEADING, 3, ZXID(1, 5), 7);
    CU_ASSERT_TRUE(did(ELECT_DECIDE));
    CU_ASSERT_EQUAL(e.mine.state, SERVER_FOLLOWING);
    CU_ASSERT_EQUAL(e.round, 7);
}

/* It did, before it died: what was heard in the last election is over. */
static void
a_leader_has_to_speak_again_in_each_election(void)
{
    static struct quorum five = {
        .count = 5,
        .member = {{.sid = 1}, {.sid = 2}, {.sid = 3}, {.sid = 4}, {.sid = 5}}};
    struct elect e;

    elect_init(&e, &five, 1, 0);
    last = (struct elect_out){0};
    elect_look(&e, ZXID(1, 5), 1, &last);
    hears(&e, 2, SERVER_FOLLOWING, 3, ZXID(1, 5), 7);
    hears(&e, 4, SERVER_FOLLOWING, 3, ZXID(1, 5), 7);
    hears(&e, 3, SERVER_LEADING, 3, ZXID(1, 5), 7);
    CU_ASSERT_EQUAL_FATAL(e.state, ELECT_DECIDED);
    elect_over(&e);
    elect_look(&e, ZXID(1, 5), 1, &last);
    hears(&e, 2, SERVER_FOLLOWING, 3, ZXID(1, 5), 7);
    hears(&e, 4, SERVER_FOLLOWING, 3, ZXID(1, 5), 7);
    CU_ASSERT_EQUAL(e.state, ELECT_LOOKING);
    hears(&e, 5, SERVER_FOLLOWING, 3, ZXID(1, 5), 7); /* a quorum of them */
    CU_ASSERT_EQUAL(e.state, ELECT_LOOKING);
}

/* It votes for itself, as a candidate: that is not yet to lead. */
static void
a_candidate_does_not_vouch_for_itself(void)
{
    struct elect e = given(ZXID(1, 5));

    hears(&e, 3, SERVER_LOOKING, 3, ZXID(1, 9), 1);
    hears(&e, 2, SERVER_FOLLOWING, 3, ZXID(1, 9), 1);
    CU_ASSERT_FALSE(did(ELECT_DECIDE));
    hears(&e, 3, SERVER_LEADING, 3, ZXID(1, 9), 1);
    CU_ASSERT_TRUE(did(ELECT_DECIDE));
}

/* The others were quicker to see that we won.  ZK: checkLeader */
static void
leads_when_a_quorum_of_its_round_follows_it(void)
{
    struct elect e = given(ZXID(1, 5));

    hears(&e, 2, SERVER_FOLLOWING, 1, ZXID(1, 5), 1);
    CU_ASSERT_TRUE(did(ELECT_DECIDE));
    CU_ASSERT_EQUAL(e.mine.state, SERVER_LEADING);
    e = given(ZXID(1, 5));
    hears(&e, 2, SERVER_FOLLOWING, 1, ZXID(1, 5), 7);
    hears(&e, 3, SERVER_FOLLOWING, 1, ZXID(1, 5), 7);
    CU_ASSERT_FALSE(did(ELECT_DECIDE)); /* that was another term of ours */
}

/* Who told its vote before the new epoch was there tells the old one. */
static void
in_one_round_followers_may_name_other_epochs(void)
{
    struct vote v = {2, SERVER_FOLLOWING, 3, ZXID(1, 5), 1, 1, 2, 0};
    struct elect e = given(ZXID(1, 5));

    last = (struct elect_out){0};
    elect_hear(&e, &v, &last);
    v = (struct vote){3, SERVER_LEADING, 3, ZXID(1, 5), 1, 2, 2, 0};
    elect_hear(&e, &v, &last);
    CU_ASSERT_TRUE(did(ELECT_DECIDE));
}

/* Trap 14.2.3: servers that joined later report another zxid and round. */
static void
settled_votes_may_differ_in_zxid_and_round(void)
{
    struct elect e = given(ZXID(1, 5));

    hears(&e, 2, SERVER_FOLLOWING, 3, ZXID(1, 4), 6);
    hears(&e, 3, SERVER_LEADING, 3, ZXID(1, 5), 7);
    CU_ASSERT_TRUE(did(ELECT_DECIDE));
}

/* --- who does not vote --------------------------------------------------- */

static void
an_empty_server_does_not_vote(void)
{
    struct elect e = given(-1);

    hears(&e, 2, SERVER_LOOKING, 1, -1, 1);
    hears(&e, 3, SERVER_LOOKING, 1, -1, 1);
    CU_ASSERT_FALSE(did(ELECT_DECIDE));
    hears(&e, 3, SERVER_LOOKING, 3, ZXID(1, 5), 1);
    CU_ASSERT_EQUAL(last.count, 0);
    CU_ASSERT_EQUAL(e.mine.leader, 1);
}

static void
observers_are_answered_and_not_counted(void)
{
    struct elect e = given(ZXID(1, 5));

    hears(&e, 9, SERVER_LOOKING, VOTE_NOBODY, VOTE_NOBODY, 1);
    CU_ASSERT_EQUAL(last.act[0].kind, ELECT_TELL);
    CU_ASSERT_EQUAL(last.act[0].to, 9);
    CU_ASSERT_EQUAL(e.state, ELECT_LOOKING);
}

/* Else the two would answer each other as fast as the network can. */
static void
an_observer_and_a_voter_do_not_argue_about_rounds(void)
{
    struct elect e = given(ZXID(1, 5));

    hears(&e, 9, SERVER_LOOKING, VOTE_NOBODY, VOTE_NOBODY, 6);
    CU_ASSERT_EQUAL(last.count, 0);
    elect_init(&e, &three, 9, 0);
    last = (struct elect_out){0};
    elect_look(&e, ZXID(1, 5), 1, &last);
    elect_look(&e, ZXID(1, 5), 1, &last);
    hears(&e, 2, SERVER_LOOKING, 2, ZXID(1, 5), 1);
    CU_ASSERT_EQUAL(last.count, 0);
}

/* Nor here: what an observer knows of a leader is no voter's business. */
static void
an_observer_with_a_leader_and_a_voter_do_not_argue(void)
{
    struct elect e = given(ZXID(1, 5));

    hears(&e, 9, SERVER_OBSERVING, 2, ZXID(1, 5), 1);
    CU_ASSERT_EQUAL(last.count, 0);
    elect_init(&e, &three, 9, 0);
    last = (struct elect_out){0};
    elect_look(&e, ZXID(1, 5), 1, &last);
    hears(&e, 2, SERVER_LEADING, 2, ZXID(1, 5), 1);
    hears(&e, 3, SERVER_FOLLOWING, 2, ZXID(1, 5), 1);
    CU_ASSERT_EQUAL_FATAL(e.state, ELECT_DECIDED);
    hears(&e, 1, SERVER_LOOKING, 1, ZXID(1, 5), 1);
    CU_ASSERT_EQUAL(last.count, 0);
}

/* --- what it tells ------------------------------------------------------- */

static void
a_decided_server_tells_those_who_look(void)
{
    struct elect e = given(ZXID(1, 5));

    hears(&e, 2, SERVER_LOOKING, 1, ZXID(1, 5), 1);
    hears(&e, 3, SERVER_LOOKING, 1, ZXID(1, 5), 1);
    elect_established(&e, 2);
    hears(&e, 3, SERVER_LOOKING, 3, ZXID(1, 9), 2);
    CU_ASSERT_EQUAL(last.act[0].kind, ELECT_TELL);
    CU_ASSERT_EQUAL(last.act[0].vote.epoch, 2);
    CU_ASSERT_EQUAL(last.act[0].vote.state, SERVER_LEADING);
    hears(&e, 9, SERVER_LOOKING, VOTE_NOBODY, VOTE_NOBODY, 6);
    CU_ASSERT_EQUAL(last.act[0].kind, ELECT_TELL); /* an observer, too */
    CU_ASSERT_EQUAL(last.act[0].to, 9);
}

/* It may have begun to look after we told all, and dropped that. */
static void
tells_its_vote_once_to_each_that_it_hears(void)
{
    struct elect e = given(ZXID(1, 5));

    hears(&e, 2, SERVER_LOOKING, 2, ZXID(1, 4), 1);
    CU_ASSERT_EQUAL(last.count, 1);
    CU_ASSERT_EQUAL(last.act[0].kind, ELECT_TELL);
    CU_ASSERT_EQUAL(last.act[0].to, 2);
    CU_ASSERT_EQUAL(last.act[0].vote.leader, 1);
    hears(&e, 2, SERVER_LOOKING, 2, ZXID(1, 4), 1);
    CU_ASSERT_EQUAL(last.count, 0);
    hears(&e, 2, SERVER_LOOKING, 2, ZXID(1, 4), 2);
    CU_ASSERT_EQUAL(last.act[0].kind, ELECT_TELL_ALL); /* a new round */
    hears(&e, 2, SERVER_LOOKING, 2, ZXID(1, 4), 2);
    CU_ASSERT_FALSE(did(ELECT_TELL));
}

/* --- another life -------------------------------------------------------- */

static struct elect
given_another_life(void)
{
    struct vote outcome = {.leader = 3, .zxid = 5, .round = 7, .epoch = 2};
    struct elect e;

    elect_init(&e, &three, 1, 0);
    elect_restore(&e, &outcome);
    last = (struct elect_out){0};
    elect_reach(&e, 0xf, &last);
    return e;
}

static void
a_role_outlives_the_process(void)
{
    struct elect e = given_another_life();

    CU_ASSERT_EQUAL(last.count, 0);
    CU_ASSERT_EQUAL(e.mine.state, SERVER_FOLLOWING);
    hears(&e, 2, SERVER_LOOKING, 2, ZXID(1, 9), 1);
    CU_ASSERT_EQUAL(last.count, 1);
    CU_ASSERT_EQUAL(last.act[0].vote.leader, 3);
    CU_ASSERT_EQUAL(last.act[0].vote.round, 7);
}

static void
rounds_go_on_in_another_life(void)
{
    struct elect e = given_another_life();

    last = (struct elect_out){0};
    elect_look(&e, ZXID(2, 1), 2, &last);
    CU_ASSERT_EQUAL(e.state, ELECT_LOOKING);
    CU_ASSERT_EQUAL(e.mine.round, 8);
    CU_ASSERT_EQUAL(e.mine.leader, 1);
}

static void
a_role_that_is_over_is_told_to_nobody(void)
{
    struct elect e = given(ZXID(1, 5));

    hears(&e, 2, SERVER_LOOKING, 1, ZXID(1, 5), 1);
    hears(&e, 3, SERVER_LOOKING, 1, ZXID(1, 5), 1);
    CU_ASSERT_EQUAL(e.mine.state, SERVER_LEADING);
    elect_over(&e);
    hears(&e, 2, SERVER_LOOKING, 2, ZXID(1, 5), 2);
    hears(&e, 9, SERVER_LOOKING, VOTE_NOBODY, VOTE_NOBODY, 1);
    CU_ASSERT_EQUAL(last.count, 0);
    last = (struct elect_out){0};
    elect_look(&e, ZXID(1, 5), 1, &last);
    CU_ASSERT_EQUAL(e.round, 2);
    CU_ASSERT_EQUAL(e.state, ELECT_LOOKING);
}

/* --- a leader that was lost ---------------------------------------------- */

/* A frozen one keeps its connection. */
static void
does_not_wait_for_the_leader_it_lost(void)
{
    struct elect e = given(ZXID(1, 5));

    hears(&e, 2, SERVER_FOLLOWING, 3, ZXID(1, 5), 1);
    hears(&e, 3, SERVER_LEADING, 3, ZXID(1, 5), 1);
    CU_ASSERT_EQUAL(e.mine.state, SERVER_FOLLOWING);
    last = (struct elect_out){0};
    elect_look(&e, ZXID(1, 5), 1, &last);
    hears(&e, 2, SERVER_LOOKING, 2, ZXID(1, 5), 2);
    CU_ASSERT_TRUE(did(ELECT_DECIDE));
    CU_ASSERT_EQUAL(e.mine.leader, 2);
}

static void
waits_for_the_leader_it_lost_when_that_looks_too(void)
{
    for (int before = 0; before < 2; before++) {
        struct elect e = given(ZXID(1, 5));

        hears(&e, 2, SERVER_FOLLOWING, 3, ZXID(1, 5), 1);
        hears(&e, 3, SERVER_LEADING, 3, ZXID(1, 5), 1);
        if (before)
            hears(&e, 3, SERVER_LOOKING, 3, ZXID(1, 4), 2);
        last = (struct elect_out){0};
        elect_look(&e, ZXID(1, 5), 1, &last);
        if (!before)
            hears(&e, 3, SERVER_LOOKING, 3, ZXID(1, 4), 2);
        hears(&e, 2, SERVER_LOOKING, 2, ZXID(1, 5), 2);
        CU_ASSERT_FALSE(did(ELECT_DECIDE)); /* it may know of a better vote */
        CU_ASSERT_EQUAL(e.state, ELECT_SETTLING);
    }
}

/* Nobody is lost: it was the leader itself. */
static void
who_led_waits_for_everybody(void)
{
    struct elect e;

    elect_init(&e, &three, 2, 0);
    last = (struct elect_out){0};
    elect_reach(&e, 0xf, &last);
    elect_look(&e, ZXID(1, 5), 1, &last);
    hears(&e, 1, SERVER_LOOKING, 2, ZXID(1, 5), 1);
    hears(&e, 3, SERVER_LOOKING, 2, ZXID(1, 5), 1);
    CU_ASSERT_EQUAL_FATAL(e.mine.state, SERVER_LEADING);
    last = (struct elect_out){0};
    elect_look(&e, ZXID(1, 5), 1, &last);
    hears(&e, 3, SERVER_LOOKING, 2, ZXID(1, 5), 2);
    CU_ASSERT_FALSE(did(ELECT_DECIDE)); /* 1 may know of a better vote */
    hears(&e, 1, SERVER_LOOKING, 2, ZXID(1, 5), 2);
    CU_ASSERT_TRUE(did(ELECT_DECIDE));
}

/* --- how often ----------------------------------------------------------- */

static void
resends_less_and_less_often(void)
{
    struct elect e = given(ZXID(1, 5));
    int32_t before = 0;

    for (int i = 0; i < 12; i++) {
        last = (struct elect_out){0};
        elect_alarm(&e, &last);
        CU_ASSERT_TRUE(did(ELECT_TELL_ALL));
        CU_ASSERT_TRUE(did(ELECT_SET_ALARM));
        CU_ASSERT_TRUE(e.resend_ms >= before);
        before = e.resend_ms;
    }
    CU_ASSERT_EQUAL(e.resend_ms, ELECT_RESEND_MAX_MS);
}

/* Voters tell what they decided to voters only: an observer has to ask. */
static void
who_does_not_vote_asks_every_second(void)
{
    struct elect e;

    elect_init(&e, &three, 9, 0);
    last = (struct elect_out){0};
    elect_look(&e, ZXID(1, 5), 1, &last);
    for (int i = 0; i < 12; i++) {
        last = (struct elect_out){0};
        elect_alarm(&e, &last);
        CU_ASSERT_TRUE(did(ELECT_TELL_ALL));
    }
    CU_ASSERT_EQUAL(e.resend_ms, ELECT_ASK_MAX_MS);
    elect_init(&e, &three, 9, 300);
    CU_ASSERT_EQUAL(e.resend_max_ms, 300);
}

UNIT_SUITE(elect)
{
    unit_suite("elect");
    UNIT(adopts_a_better_vote);
    UNIT(keeps_its_vote_against_a_worse_one);
    UNIT(a_larger_sid_breaks_a_tie);
    UNIT(behind_the_last_round_comes_the_first);
    UNIT(waits_to_settle_then_decides);
    UNIT(decides_at_once_when_all_agree);
    UNIT(does_not_wait_for_those_it_cannot_reach);
    UNIT(settles_anew_when_its_vote_changed);
    UNIT(settles_anew_in_a_newer_round);
    UNIT(does_not_settle_anew_for_what_it_heard_before);
    UNIT(one_server_is_no_quorum);
    UNIT(looks_on_when_the_quorum_is_lost);
    UNIT(does_not_wait_for_one_without_weight);
    UNIT(answers_an_old_round_and_forgets_it);
    UNIT(a_newer_round_is_compared_with_the_initial_vote);
    UNIT(joins_only_a_leader_that_speaks_itself);
    UNIT(a_leader_has_to_speak_again_in_each_election);
    UNIT(a_candidate_does_not_vouch_for_itself);
    UNIT(leads_when_a_quorum_of_its_round_follows_it);
    UNIT(in_one_round_followers_may_name_other_epochs);
    UNIT(settled_votes_may_differ_in_zxid_and_round);
    UNIT(an_empty_server_does_not_vote);
    UNIT(observers_are_answered_and_not_counted);
    UNIT(an_observer_and_a_voter_do_not_argue_about_rounds);
    UNIT(an_observer_with_a_leader_and_a_voter_do_not_argue);
    UNIT(a_decided_server_tells_those_who_look);
    UNIT(tells_its_vote_once_to_each_that_it_hears);
    UNIT(a_role_outlives_the_process);
    UNIT(rounds_go_on_in_another_life);
    UNIT(a_role_that_is_over_is_told_to_nobody);
    UNIT(does_not_wait_for_the_leader_it_lost);
    UNIT(waits_for_the_leader_it_lost_when_that_looks_too);
    UNIT(who_led_waits_for_everybody);
    UNIT(resends_less_and_less_often);
    UNIT(who_does_not_vote_asks_every_second);
}
