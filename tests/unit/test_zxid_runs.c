/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about net/zab/zxid_runs.c. */
#include "net/zab/zxid_runs.h"

#include "tests/unit/unit.h"

static struct zxid_runs runs;

/* (4,200), then (5,1)..(5,9), then (7,1) */
static void
given_three_epochs(void)
{
    zxid_runs_begin(&runs, ZXID(4, 200));
    for (int i = 1; i <= 9; i++)
        zxid_runs_add(&runs, ZXID(5, i));
    zxid_runs_add(&runs, ZXID(7, 1));
}

static void
a_zxid_of_ours_is_its_own_floor(void)
{
    given_three_epochs();
    CU_ASSERT_EQUAL(zxid_runs_floor(&runs, ZXID(5, 4)), ZXID(5, 4));
    CU_ASSERT_EQUAL(zxid_runs_ceiling(&runs, ZXID(5, 4)), ZXID(5, 5));
    CU_ASSERT_EQUAL(zxid_runs_floor(&runs, ZXID(5, 9)), ZXID(5, 9));
    CU_ASSERT_EQUAL(zxid_runs_ceiling(&runs, ZXID(5, 9)), ZXID(7, 1));
}

static void
what_we_do_not_have_lies_between(void)
{
    given_three_epochs();
    CU_ASSERT_EQUAL(zxid_runs_floor(&runs, ZXID(4, 201)), ZXID(4, 200));
    CU_ASSERT_EQUAL(zxid_runs_ceiling(&runs, ZXID(4, 201)), ZXID(5, 1));
    CU_ASSERT_EQUAL(zxid_runs_floor(&runs, ZXID(5, 0)), ZXID(4, 200));
    CU_ASSERT_EQUAL(zxid_runs_floor(&runs, ZXID(6, 3)), ZXID(5, 9));
    CU_ASSERT_EQUAL(zxid_runs_ceiling(&runs, ZXID(6, 3)), ZXID(7, 1));
}

static void
nothing_is_known_outside(void)
{
    given_three_epochs();
    CU_ASSERT_EQUAL(zxid_runs_floor(&runs, ZXID(4, 199)), 0);
    CU_ASSERT_EQUAL(zxid_runs_ceiling(&runs, ZXID(4, 199)), ZXID(4, 200));
    CU_ASSERT_EQUAL(zxid_runs_floor(&runs, ZXID(7, 5)), ZXID(7, 1));
    CU_ASSERT_EQUAL(zxid_runs_ceiling(&runs, ZXID(7, 1)), 0);
}

static void
a_cut_may_fall_anywhere(void)
{
    given_three_epochs();
    zxid_runs_cut(&runs, ZXID(6, 0));
    CU_ASSERT_EQUAL(zxid_runs_last(&runs), ZXID(5, 9));
    zxid_runs_cut(&runs, ZXID(5, 3));
    CU_ASSERT_EQUAL(zxid_runs_last(&runs), ZXID(5, 3));
    CU_ASSERT_EQUAL(zxid_runs_ceiling(&runs, ZXID(5, 3)), 0);
    zxid_runs_cut(&runs, ZXID(4, 100)); /* older than what is known */
    CU_ASSERT_EQUAL(zxid_runs_first(&runs), ZXID(4, 100));
    CU_ASSERT_EQUAL(zxid_runs_last(&runs), ZXID(4, 100));
}

static void
a_cut_leaves_the_first_of_an_epoch(void)
{
    given_three_epochs();
    zxid_runs_cut(&runs, ZXID(7, 1));
    CU_ASSERT_EQUAL(zxid_runs_last(&runs), ZXID(7, 1));
    zxid_runs_cut(&runs, ZXID(5, 1));
    CU_ASSERT_EQUAL(zxid_runs_last(&runs), ZXID(5, 1));
    CU_ASSERT_EQUAL(zxid_runs_first(&runs), ZXID(4, 200));
}

static void
an_epoch_pushes_nothing_out_however_long_it_is(void)
{
    given_three_epochs();
    for (int i = 2; i <= 2 * ZXID_RUNS_MAX; i++)
        zxid_runs_add(&runs, ZXID(7, i));
    CU_ASSERT_EQUAL(zxid_runs_first(&runs), ZXID(4, 200));
    CU_ASSERT_EQUAL(zxid_runs_floor(&runs, ZXID(5, 4)), ZXID(5, 4));
}

static void
too_many_epochs_push_the_oldest_out(void)
{
    zxid_runs_begin(&runs, ZXID(1, 1));
    for (int i = 2; i <= ZXID_RUNS_MAX + 1; i++)
        zxid_runs_add(&runs, ZXID(i, 1));
    CU_ASSERT_EQUAL(runs.count, ZXID_RUNS_MAX);
    CU_ASSERT_EQUAL(zxid_runs_first(&runs), ZXID(2, 1));
    CU_ASSERT_EQUAL(zxid_runs_last(&runs), ZXID(ZXID_RUNS_MAX + 1, 1));
    CU_ASSERT_EQUAL(zxid_runs_floor(&runs, ZXID(1, 1)), 0);
}

UNIT_SUITE(zxid_runs)
{
    unit_suite("zxid_runs");
    UNIT(a_zxid_of_ours_is_its_own_floor);
    UNIT(what_we_do_not_have_lies_between);
    UNIT(nothing_is_known_outside);
    UNIT(a_cut_may_fall_anywhere);
    UNIT(a_cut_leaves_the_first_of_an_epoch);
    UNIT(an_epoch_pushes_nothing_out_however_long_it_is);
    UNIT(too_many_epochs_push_the_oldest_out);
}
