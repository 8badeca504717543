/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about tools/bench/bench_mix.c. */
#include "tools/bench/bench_mix.h"

#include <errno.h>

#include "tests/unit/unit.h"

static struct bench_mix mix;

static void
one_word_is_a_mixture_of_one(void)
{
    CU_ASSERT_EQUAL(bench_mix_parse(&mix, "get"), 0);
    CU_ASSERT_EQUAL(mix.count, 1);
    CU_ASSERT_STRING_EQUAL(mix.kind[0]->name, "get");
    CU_ASSERT_EQUAL(bench_mix_needs(&mix), NEED_KEYS);
    CU_ASSERT_FALSE(bench_mix_deletes(&mix));
}

static void
weights_share_the_draws(void)
{
    unsigned picked[2] = {0, 0};

    CU_ASSERT_EQUAL_FATAL(bench_mix_parse(&mix, "get:90,set:10"), 0);
    for (uint32_t draw = 0; draw < 100; draw++)
        picked[bench_mix_pick(&mix, draw)]++;
    CU_ASSERT_EQUAL(picked[0], 90);
    CU_ASSERT_EQUAL(picked[1], 10);
}

static void
a_mixture_needs_what_its_parts_need(void)
{
    CU_ASSERT_EQUAL(bench_mix_parse(&mix, "children,create,delete:3"), 0);
    CU_ASSERT_EQUAL(bench_mix_needs(&mix),
                    NEED_LIST | NEED_WORK_PARENTS | NEED_KEYS);
    CU_ASSERT_TRUE(bench_mix_deletes(&mix));
}

static void
what_is_no_mixture_is_refused(void)
{
    static const char *const bad[] = {
        "",     "got",    "get:",        "get:0",  "get:x",   "get:1,",
        ",get", "get:-1", "get:1000001", "get:1x", "get:1:2", "ge"};

    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        CU_ASSERT_EQUAL(bench_mix_parse(&mix, bad[i]), -EINVAL);
}

static void
a_mixture_has_at_most_eight_parts(void)
{
    CU_ASSERT_EQUAL(bench_mix_parse(&mix, "get,get,get,get,get,get,get,get"),
                    0);
    CU_ASSERT_EQUAL(
        bench_mix_parse(&mix, "get,get,get,get,get,get,get,get,get"), -EINVAL);
}

UNIT_SUITE(bench_mix)
{
    unit_suite("bench_mix");
    UNIT(one_word_is_a_mixture_of_one);
    UNIT(weights_share_the_draws);
    UNIT(a_mixture_needs_what_its_parts_need);
    UNIT(what_is_no_mixture_is_refused);
    UNIT(a_mixture_has_at_most_eight_parts);
}
