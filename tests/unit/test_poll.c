/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about election/poll.c: the polling election. */
#include "tests/unit/unit.h"

#include <errno.h>

#include "election/poll.h"
#include "tests/unit/random.h"

enum { SERVERS = 5 };

static struct quorum five = {
    .count = SERVERS,
    .member = {{.sid = 1}, {.sid = 2}, {.sid = 3}, {.sid = 4}, {.sid = 5}},
};

static struct poll server[SERVERS];

static void
given_zxids(const zxid_t zxid[SERVERS])
{
    for (int i = 0; i < SERVERS; i++)
        poll_init(&server[i], &five, i + 1, zxid[i]);
}

/* Everybody asks everybody in `alive`; how many are decided. */
static int
one_round(unsigned alive)
{
    struct vote votes[SERVERS];
    int decided = 0;

    for (int i = 0; i < SERVERS; i++)
        votes[i] = server[i].mine;
    for (int i = 0; i < SERVERS; i++) {
        if (!(alive >> i & 1))
            continue;
        poll_begin(&server[i], 100 + i);
        for (int j = 0; j < SERVERS; j++)
            if (alive >> j & 1)
                poll_hear(&server[i],
                          &(struct poll_answer){100 + i, j + 1, votes[j].leader,
                                                votes[j].zxid, 0});
        decided += poll_end(&server[i]);
    }
    return decided;
}

static void
agrees_on_the_largest_zxid(void)
{
    given_zxids((zxid_t[]){5, 9, 7, 9, 1});
    CU_ASSERT_EQUAL(one_round(0x1f), 0);
    CU_ASSERT_EQUAL(one_round(0x1f), SERVERS);
    for (int i = 0; i < SERVERS; i++) {
        CU_ASSERT_EQUAL(server[i].mine.leader, 4);
        CU_ASSERT_EQUAL(server[i].mine.zxid, 9);
    }
    given_zxids((zxid_t[]){9, 5, 7, 8, 1}); /* the first of the list */
    one_round(0x1f);
    CU_ASSERT_EQUAL(one_round(0x1f), SERVERS);
    CU_ASSERT_EQUAL(server[4].mine.leader, 1);
}

/* Two that must not vote are no help to two of five, and follow three. */
static void
who_must_not_vote_is_counted_for_nobody(void)
{
    given_zxids((zxid_t[]){5, -1, 7, -1, 9});
    for (int i = 0; i < 5; i++)
        CU_ASSERT_EQUAL(one_round(0x0f), 0);
    CU_ASSERT_EQUAL(server[1].mine.leader, VOTE_NOBODY);
    CU_ASSERT_EQUAL(one_round(0x1f), 0);
    CU_ASSERT_EQUAL(one_round(0x1f), SERVERS);
    CU_ASSERT_EQUAL(server[1].mine.leader, 5);
}

/* 1 followed 5, which is behind, and said of it what it has itself. */
static void
a_candidate_stands_with_what_it_says_itself(void)
{
    given_zxids((zxid_t[]){9, 9, 9, 9, 5});
    server[0].mine.leader = 5;
    CU_ASSERT_EQUAL(one_round(0x1f), 0);
    CU_ASSERT_EQUAL(one_round(0x1f), SERVERS);
    for (int i = 0; i < SERVERS; i++) {
        CU_ASSERT_EQUAL(server[i].mine.leader, 4);
        CU_ASSERT_EQUAL(server[i].mine.zxid, 9);
    }
}

/* It was told before its candidate logged more, or by who has more. */
static void
a_vote_counts_whatever_it_says_of_its_candidate(void)
{
    given_zxids((zxid_t[]){5, 6, 7, 8, 9});
    poll_begin(&server[0], 7);
    poll_hear(&server[0], &(struct poll_answer){7, 1, 3, 6, 0});
    poll_hear(&server[0], &(struct poll_answer){7, 2, 3, 8, 0});
    poll_hear(&server[0], &(struct poll_answer){7, 3, 3, 7, 0});
    CU_ASSERT_TRUE(poll_end(&server[0]));
    CU_ASSERT_EQUAL(server[0].mine.leader, 3);
    CU_ASSERT_EQUAL(server[0].mine.zxid, 7);
}

/* 3 has heard of a better one by now, and would not lead. */
static void
a_vote_for_who_stands_for_another_is_none(void)
{
    given_zxids((zxid_t[]){5, 6, 7, 8, 9});
    poll_begin(&server[0], 7);
    poll_hear(&server[0], &(struct poll_answer){7, 1, 3, 7, 0});
    poll_hear(&server[0], &(struct poll_answer){7, 2, 3, 7, 0});
    poll_hear(&server[0], &(struct poll_answer){7, 5, 3, 7, 0});
    poll_hear(&server[0], &(struct poll_answer){7, 3, 4, 8, 0});
    CU_ASSERT_FALSE(poll_is_won(&server[0])); /* 4 is not heard yet */
    poll_hear(&server[0], &(struct poll_answer){7, 4, 4, 8, 0});
    CU_ASSERT_FALSE(poll_is_won(&server[0]));
    CU_ASSERT_FALSE(poll_end(&server[0]));
    CU_ASSERT_EQUAL(server[0].mine.leader, 4);
}

/* 4 was for 5, which is gone, and hears of nobody but 1. */
static void
nobody_votes_for_who_has_less_than_itself(void)
{
    given_zxids((zxid_t[]){5, 6, 7, 8, 9});
    poll_begin(&server[3], 7);
    poll_hear(&server[3], &(struct poll_answer){7, 4, 5, 9, 0});
    poll_hear(&server[3], &(struct poll_answer){7, 1, 1, 5, 0});
    CU_ASSERT_FALSE(poll_end(&server[3]));
    CU_ASSERT_EQUAL(server[3].mine.leader, 4);
    CU_ASSERT_EQUAL(server[3].mine.zxid, 8);
}

static void
a_minority_decides_nothing(void)
{
    given_zxids((zxid_t[]){5, 9, 7, 9, 1});
    for (int round = 0; round < 10; round++)
        CU_ASSERT_EQUAL(one_round(0x3), 0);
}

static void
a_candidate_that_is_gone_is_not_elected(void)
{
    given_zxids((zxid_t[]){5, 6, 7, 8, 9});
    one_round(0x1f); /* all would take 5 */
    CU_ASSERT_EQUAL(one_round(0x0f), 0);
    one_round(0x0f);
    CU_ASSERT_EQUAL(one_round(0x0f), 4);
    CU_ASSERT_EQUAL(server[0].mine.leader, 4);
}

/* 5 has most, and may only vote. */
static void
one_without_weight_is_not_elected(void)
{
    struct quorum weighted = five;

    weighted.groups = 1;
    for (int i = 0; i < SERVERS - 1; i++)
        weighted.member[i].weight = 1;
    for (int i = 0; i < SERVERS; i++)
        poll_init(&server[i], &weighted, i + 1, 5 + i);
    CU_ASSERT_EQUAL(one_round(0x1f), 0);
    CU_ASSERT_EQUAL(one_round(0x1f), SERVERS);
    for (int i = 0; i < SERVERS; i++)
        CU_ASSERT_EQUAL(server[i].mine.leader, 4);
}

static void
is_won_when_half_the_votes_are_passed(void)
{
    given_zxids((zxid_t[]){5, 6, 7, 8, 9});
    poll_begin(&server[0], 7);
    poll_hear(&server[0], &(struct poll_answer){7, 1, 4, 8, 0});
    poll_hear(&server[0], &(struct poll_answer){7, 2, 4, 8, 0});
    poll_hear(&server[0], &(struct poll_answer){7, 3, 4, 8, 0});
    CU_ASSERT_FALSE(poll_is_won(&server[0])); /* 4 may be gone */
    poll_hear(&server[0], &(struct poll_answer){7, 4, 4, 8, 0});
    CU_ASSERT_TRUE(poll_is_won(&server[0]));
    CU_ASSERT_FALSE(poll_heard_all(&server[0]));
    CU_ASSERT_TRUE(poll_end(&server[0]));
    CU_ASSERT_EQUAL(server[0].mine.leader, 4);
}

static void
answers_to_other_ids_are_dropped(void)
{
    given_zxids((zxid_t[]){5, 6, 7, 8, 9});
    poll_begin(&server[0], 7);
    poll_hear(&server[0], &(struct poll_answer){8, 2, 2, 6, 0});
    poll_hear(&server[0], &(struct poll_answer){7, 77, 2, 6, 0});
    CU_ASSERT_EQUAL(server[0].tally.heard, 0);
}

static void
an_answer_is_28_bytes_and_more_is_ignored(void)
{
    struct poll_answer a = {1, 2, 3, 4, 0}, b;
    uint8_t buffer[36] = {0};
    struct jute_out out = jute_out_of(buffer, sizeof buffer);

    poll_put_answer(&out, &a);
    CU_ASSERT_EQUAL(jute_out_size(&out), POLL_ANSWER_BYTES);
    CU_ASSERT_EQUAL(poll_get_answer((struct bytes){buffer, 36}, &b), 0);
    CU_ASSERT_TRUE(a.xid == b.xid && a.id == b.id && a.leader == b.leader &&
                   a.zxid == b.zxid);
    CU_ASSERT_EQUAL(poll_get_answer((struct bytes){buffer, 27}, &b), -EBADMSG);
}

/* A quorum took over epoch 1, nothing was logged in it: 5 knows nothing. */
static void
stands_with_the_epoch_it_took_over(void)
{
    CU_ASSERT_EQUAL(poll_candidacy(0, 1), ZXID(1, 0));
    CU_ASSERT_EQUAL(poll_candidacy(ZXID(1, 7), 2), ZXID(2, 0));
    CU_ASSERT_EQUAL(poll_candidacy(ZXID(2, 7), 2), ZXID(2, 7));
    CU_ASSERT_EQUAL(poll_candidacy(-1, 2), -1);
}

/*
 * A learner lost its leader of epoch 3 after the first transactions, before
 * NEW_LEADER: who took epoch 3 over does not follow it, even with less.
 */
static void
is_not_ahead_by_transactions_of_an_epoch_it_did_not_take_over(void)
{
    zxid_t cut_off = poll_candidacy(ZXID(3, 1), 2);

    CU_ASSERT_TRUE(cut_off < poll_candidacy(ZXID(2, 7), 3));
    CU_ASSERT_TRUE(cut_off > poll_candidacy(ZXID(2, 7), 2));
}

/* 5 has the largest zxid and is of another ensemble. */
static void
a_foreign_server_does_not_count(void)
{
    enum { OURS = 0x05, ALIEN = 0xa1 };

    poll_init(&server[0], &five, 1, 5);
    poll_know(&server[0], OURS);
    poll_begin(&server[0], 7);
    for (sid_t sid = 1; sid <= 4; sid++)
        poll_hear(&server[0],
                  &(struct poll_answer){7, sid, sid < 3 ? 5 : 4, 9, OURS});
    CU_ASSERT_FALSE(poll_heard_all(&server[0]));
    poll_hear(&server[0], &(struct poll_answer){7, 5, 4, 9, ALIEN});
    CU_ASSERT_TRUE(poll_heard_all(&server[0]));
    CU_ASSERT_FALSE(poll_is_won(&server[0])); /* 4 has two of five */
    CU_ASSERT_FALSE(poll_end(&server[0]));
    CU_ASSERT_EQUAL(server[0].mine.leader, 4);
    poll_begin(&server[0], 8);
    poll_hear(&server[0], &(struct poll_answer){8, 5, 5, 9, 0});
    CU_ASSERT_EQUAL(server[0].foreign, 0); /* it was put right */
}

/* Its request came twice, and it learnt of its ensemble in between. */
static void
the_last_answer_says_whether_it_counts(void)
{
    enum { OURS = 0x05, ALIEN = 0xa1 };

    poll_init(&server[0], &five, 1, 5);
    poll_know(&server[0], OURS);
    poll_begin(&server[0], 7);
    poll_hear(&server[0], &(struct poll_answer){7, 5, 5, 9, 0});
    poll_hear(&server[0], &(struct poll_answer){7, 5, 5, 9, ALIEN});
    CU_ASSERT_FALSE(poll_end(&server[0]));
    CU_ASSERT_EQUAL(server[0].mine.leader, 1);
}

static void
an_answer_may_say_of_which_ensemble_it_is(void)
{
    struct poll_answer a = {1, 2, 3, 4, 0xe5}, b;
    uint8_t buffer[POLL_ANSWER_BYTES_MAX];
    struct jute_out out = jute_out_of(buffer, sizeof buffer);

    poll_put_answer(&out, &a);
    CU_ASSERT_FALSE(out.bad);
    CU_ASSERT_EQUAL(poll_get_answer((struct bytes){buffer, 40}, &b), 0);
    CU_ASSERT_EQUAL(b.zxid, 4);
    CU_ASSERT_EQUAL(b.ensemble, 0xe5);
    CU_ASSERT_EQUAL(poll_get_answer((struct bytes){buffer, 39}, &b), 0);
    CU_ASSERT_EQUAL(b.ensemble, 0);
}

/* --- servers that ask one after the other -------------------------------- */

enum { CROWD_MAX = 7, HARD_TIMES = 60, SWEEPS = 3 };

static struct quorum all;
static struct poll crowd[CROWD_MAX];

static uint32_t
some_of_all(void)
{
    return random_below(UINT32_C(1) << all.count);
}

static void
given_a_crowd(uint32_t count)
{
    all = (struct quorum){.count = count};
    for (uint32_t i = 0; i < count; i++) {
        all.member[i].sid = i + 1;
        poll_init(&crowd[i], &all, i + 1, random_below(4));
    }
}

/* Server `i` asks and hears those in `set`, itself included. */
static bool
decides(uint32_t i, uint32_t set)
{
    poll_begin(&crowd[i], 7);
    for (uint32_t j = 0; j < all.count; j++)
        if (j == i || (set >> j & 1))
            poll_hear(&crowd[i],
                      &(struct poll_answer){7, j + 1, crowd[j].mine.leader,
                                            crowd[j].mine.zxid, 0});
    return poll_end(&crowd[i]);
}

/* Servers come and go, with more than before; who leads loses its quorum. */
static void
hard_times_pass(void)
{
    for (int n = 0; n < HARD_TIMES; n++) {
        uint32_t i = random_below(all.count);
        zxid_t zxid = crowd[i].self.zxid;

        if (random_below(4) == 0)
            poll_init(&crowd[i], &all, i + 1, zxid + random_below(3));
        else if (decides(i, some_of_all()))
            poll_init(&crowd[i], &all, i + 1, zxid);
    }
}

/* Those in `set` are left, and ask; the set of those that decide. */
static uint32_t
sweep(uint32_t set, uint32_t decided)
{
    uint32_t first = random_below(all.count);

    for (uint32_t n = 0; n < all.count; n++) {
        uint32_t i = (first + n) % all.count;

        if ((set & ~decided) >> i & 1)
            decided |= (uint32_t)decides(i, set) << i;
    }
    return decided;
}

static bool
is_elected_by(uint32_t set)
{
    sid_t leader = crowd[__builtin_ctz(set)].mine.leader;
    uint32_t not_ahead = 0;

    for (uint32_t i = 0; i < all.count; i++) {
        if ((set >> i & 1) && crowd[i].mine.leader != leader)
            return false;
        if (crowd[i].self.zxid <= crowd[leader - 1].self.zxid)
            not_ahead |= UINT32_C(1) << i;
    }
    return (set >> (leader - 1) & 1) && quorum_is_met(&all, not_ahead);
}

/* Whatever they voted for before, a quorum that stays needs three rounds. */
static void
those_who_are_left_elect_one_that_is_not_behind(void)
{
    int bad = 0;

    random_state = 1;
    for (int run = 0; run < 3000; run++) {
        uint32_t left, decided = 0;

        given_a_crowd(3 + 2 * (uint32_t)(run % 3));
        hard_times_pass();
        do
            left = some_of_all();
        while (!quorum_is_met(&all, left));
        for (int n = 0; n < SWEEPS; n++)
            decided = sweep(left, decided);
        bad += decided != left || !is_elected_by(left);
    }
    CU_ASSERT_EQUAL(bad, 0);
}

UNIT_SUITE(poll)
{
    unit_suite("poll");
    UNIT(agrees_on_the_largest_zxid);
    UNIT(who_must_not_vote_is_counted_for_nobody);
    UNIT(a_candidate_stands_with_what_it_says_itself);
    UNIT(a_vote_counts_whatever_it_says_of_its_candidate);
    UNIT(a_vote_for_who_stands_for_another_is_none);
    UNIT(nobody_votes_for_who_has_less_than_itself);
    UNIT(those_who_are_left_elect_one_that_is_not_behind);
    UNIT(stands_with_the_epoch_it_took_over);
    UNIT(is_not_ahead_by_transactions_of_an_epoch_it_did_not_take_over);
    UNIT(a_minority_decides_nothing);
    UNIT(a_candidate_that_is_gone_is_not_elected);
    UNIT(one_without_weight_is_not_elected);
    UNIT(is_won_when_half_the_votes_are_passed);
    UNIT(a_foreign_server_does_not_count);
    UNIT(the_last_answer_says_whether_it_counts);
    UNIT(an_answer_may_say_of_which_ensemble_it_is);
    UNIT(answers_to_other_ids_are_dropped);
    UNIT(an_answer_is_28_bytes_and_more_is_ignored);
}
