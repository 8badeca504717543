/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about election/quorum.c: majorities, groups and weights. */
#include "tests/unit/unit.h"

#include "election/quorum.h"

static struct quorum
given_voters(uint32_t n)
{
    struct quorum q = {.count = n + 1};

    for (uint32_t i = 0; i < n; i++)
        q.member[i] = (struct quorum_member){.sid = i + 1};
    q.member[n] = (struct quorum_member){.sid = 100, .is_observer = true};
    return q;
}

static quorum_set_t
set_of(const struct quorum *q, const char *sids)
{
    quorum_set_t set = 0;

    for (; *sids; sids++)
        set |= quorum_bit(q, *sids - '0');
    return set;
}

static void
more_than_half_is_a_quorum(void)
{
    struct quorum three = given_voters(3), four = given_voters(4);

    CU_ASSERT_FALSE(quorum_is_met(&three, set_of(&three, "1")));
    CU_ASSERT_TRUE(quorum_is_met(&three, set_of(&three, "13")));
    CU_ASSERT_FALSE(quorum_is_met(&four, set_of(&four, "12")));
    CU_ASSERT_TRUE(quorum_is_met(&four, set_of(&four, "124")));
}

static void
observers_and_strangers_do_not_count(void)
{
    struct quorum q = given_voters(3);

    CU_ASSERT_EQUAL(quorum_bit(&q, 100), 0);
    CU_ASSERT_EQUAL(quorum_bit(&q, 42), 0);
    CU_ASSERT_FALSE(quorum_is_met(&q, set_of(&q, "1") | 8));
    q.member[0].is_observer = true; /* whichever place it has */
    CU_ASSERT_EQUAL(quorum_all(&q), set_of(&q, "23"));
    CU_ASSERT_FALSE(quorum_is_met(&q, set_of(&q, "13")));
}

/* Three groups of three, as ZooKeeper's manual has them. */
static struct quorum
given_groups(void)
{
    struct quorum q = {.count = 9, .groups = 3};

    for (uint32_t i = 0; i < 9; i++)
        q.member[i] = (struct quorum_member){
            .sid = i + 1, .group = (uint8_t)(i / 3), .weight = 1};
    return q;
}

static void
most_of_most_groups_is_a_quorum(void)
{
    struct quorum q = given_groups();

    CU_ASSERT_TRUE(quorum_is_met(&q, set_of(&q, "1245")));
    CU_ASSERT_FALSE(quorum_is_met(&q, set_of(&q, "123478") & ~set_of(&q, "8")));
    CU_ASSERT_FALSE(quorum_is_met(&q, set_of(&q, "147")));
}

static void
a_group_without_weight_is_not_asked(void)
{
    struct quorum q = given_groups();

    q.member[6].weight = q.member[7].weight = q.member[8].weight = 0;
    CU_ASSERT_FALSE(quorum_is_met(&q, set_of(&q, "12")));
    CU_ASSERT_TRUE(quorum_is_met(&q, set_of(&q, "1245")));
    CU_ASSERT_EQUAL(quorum_weight(&q, 7), 0);
    q.member[3].weight = q.member[4].weight = q.member[5].weight = 0;
    CU_ASSERT_TRUE(
        quorum_is_met(&q, set_of(&q, "12"))); /* one is all there is */
    CU_ASSERT_FALSE(quorum_is_met(&q, set_of(&q, "1456789")));
}

UNIT_SUITE(quorum)
{
    unit_suite("quorum");
    UNIT(more_than_half_is_a_quorum);
    UNIT(observers_and_strangers_do_not_count);
    UNIT(most_of_most_groups_is_a_quorum);
    UNIT(a_group_without_weight_is_not_asked);
}
