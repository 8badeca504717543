/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about tools/bench/bench_hist.c. */
#include "tools/bench/bench_hist.h"

#include "tests/unit/unit.h"

static struct bench_hist hist;

static void
given_each_of_1_to(int64_t n)
{
    hist = (struct bench_hist){0};
    for (int64_t v = 1; v <= n; v++)
        bench_hist_add(&hist, v);
}

static bool
within_percent(uint64_t got, uint64_t want, uint64_t percent)
{
    uint64_t off = got > want ? got - want : want - got;

    return off * 100 <= want * percent;
}

static void
an_empty_histogram_answers_zero(void)
{
    hist = (struct bench_hist){0};
    CU_ASSERT_EQUAL(bench_hist_at(&hist, 0.5), 0);
    CU_ASSERT_EQUAL(bench_hist_mean(&hist), 0);
}

static void
small_values_are_exact(void)
{
    given_each_of_1_to(100);
    CU_ASSERT_EQUAL(bench_hist_at(&hist, 0.5), 50);
    CU_ASSERT_EQUAL(bench_hist_at(&hist, 0.01), 1);
    CU_ASSERT_EQUAL(bench_hist_at(&hist, 1.0), 100);
}

static void
large_values_are_within_two_percent(void)
{
    given_each_of_1_to(1000000);
    CU_ASSERT_TRUE(within_percent(bench_hist_at(&hist, 0.5), 500000, 2));
    CU_ASSERT_TRUE(within_percent(bench_hist_at(&hist, 0.9), 900000, 2));
    CU_ASSERT_TRUE(within_percent(bench_hist_at(&hist, 0.999), 999000, 2));
    CU_ASSERT_EQUAL(bench_hist_at(&hist, 1.0), 1000000);
    CU_ASSERT_EQUAL(bench_hist_mean(&hist), 500000);
}

static void
one_outlier_shows_only_at_the_top(void)
{
    hist = (struct bench_hist){0};
    for (int i = 0; i < 9999; i++)
        bench_hist_add(&hist, 1000);
    bench_hist_add(&hist, INT64_C(1000000000));
    CU_ASSERT_TRUE(within_percent(bench_hist_at(&hist, 0.999), 1000, 2));
    CU_ASSERT_EQUAL(bench_hist_at(&hist, 1.0), 1000000000);
}

/* Not the middle of its bucket: it is the longest that anybody waited. */
static void
the_largest_is_told_as_it_was(void)
{
    given_each_of_1_to(1007);
    CU_ASSERT_EQUAL(bench_hist_at(&hist, 1.0), 1007);
}

static void
values_out_of_range_stay_in_the_table(void)
{
    hist = (struct bench_hist){0};
    bench_hist_add(&hist, -5);
    bench_hist_add(&hist, INT64_MAX);
    CU_ASSERT_EQUAL(hist.count, 2);
    CU_ASSERT_EQUAL(hist.bucket[0], 1);
    CU_ASSERT_EQUAL(hist.bucket[HIST_BUCKETS - 1], 1);
}

UNIT_SUITE(bench_hist)
{
    unit_suite("bench_hist");
    UNIT(an_empty_histogram_answers_zero);
    UNIT(small_values_are_exact);
    UNIT(large_values_are_within_two_percent);
    UNIT(one_outlier_shows_only_at_the_top);
    UNIT(the_largest_is_told_as_it_was);
    UNIT(values_out_of_range_stay_in_the_table);
}
