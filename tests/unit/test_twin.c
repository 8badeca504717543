/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about election/twin.c: one server, or two of one number. */
#include "tests/unit/unit.h"

#include "election/twin.h"

enum { MINUTE = 60000 };

static struct twin server;

static bool
comes(mono_ms_t now)
{
    return twin_comes(&server, false, now);
}

/* Its machine was reset, or its network: twice, on a bad day. */
static void
who_comes_anew_now_and_then_is_one(void)
{
    server = (struct twin){0};
    for (mono_ms_t now = 1000; now < 100 * MINUTE; now += MINUTE + 2) {
        CU_ASSERT_FALSE(comes(now));
        CU_ASSERT_FALSE(comes(now + 1));
    }
}

static void
who_comes_again_and_again_are_two(void)
{
    server = (struct twin){0};
    CU_ASSERT_FALSE(comes(1000));
    CU_ASSERT_FALSE(comes(1001));
    CU_ASSERT_TRUE(comes(1002));
}

static void
they_are_told_of_once_a_minute(void)
{
    int told = 0;

    server = (struct twin){0};
    for (mono_ms_t now = 1000; now < 1000 + 3 * MINUTE; now += 100)
        told += comes(now);
    CU_ASSERT_EQUAL(told, 3);
}

static void
who_lives_elsewhere_is_another_at_once(void)
{
    server = (struct twin){0};
    CU_ASSERT_TRUE(twin_comes(&server, true, 1000));
    CU_ASSERT_FALSE(twin_comes(&server, true, 1001));
}

UNIT_SUITE(twin)
{
    unit_suite("twin");
    UNIT(who_comes_anew_now_and_then_is_one);
    UNIT(who_comes_again_and_again_are_two);
    UNIT(they_are_told_of_once_a_minute);
    UNIT(who_lives_elsewhere_is_another_at_once);
}
