/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about the arithmetic of tools/bench/bench_compare.c. */
#include "tools/bench/bench_compare.h"

#include "tests/unit/unit.h"

static void
the_median_of_an_odd_number_is_its_middle(void)
{
    double value[] = {9, 1, 5};

    CU_ASSERT_EQUAL(bench_median(value, 3), 5);
}

static void
the_median_of_an_even_number_lies_between(void)
{
    double value[] = {4, 1, 2, 9};

    CU_ASSERT_EQUAL(bench_median(value, 4), 3);
}

static void
one_and_none_have_medians_too(void)
{
    double value[] = {7};

    CU_ASSERT_EQUAL(bench_median(value, 1), 7);
    CU_ASSERT_EQUAL(bench_median(value, 0), 0);
}

UNIT_SUITE(bench_compare)
{
    unit_suite("bench_compare");
    UNIT(the_median_of_an_odd_number_is_its_middle);
    UNIT(the_median_of_an_even_number_lies_between);
    UNIT(one_and_none_have_medians_too);
}
