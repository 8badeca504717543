/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about daemon/restart.c: when a dead process may come back. */
#include "tests/unit/unit.h"

#include "daemon/restart.h"

static struct restart
died_young(uint32_t times)
{
    struct restart r = {0};

    for (uint32_t i = 0; i < times; i++)
        restart_died(&r, 1);
    return r;
}

static void
first_deaths_are_free(void)
{
    struct restart r = died_young(RESTART_FREE_DEATHS - 1);

    CU_ASSERT_EQUAL(restart_died(&r, 1), 0);
}

static void
keeping_dying_waits_longer_each_time(void)
{
    struct restart r = died_young(RESTART_FREE_DEATHS);
    int64_t before = 0;

    for (int i = 0; i < 5; i++) {
        int64_t pause = restart_died(&r, 1);

        CU_ASSERT_TRUE(pause > before);
        before = pause;
    }
}

static void
a_pause_has_a_limit(void)
{
    struct restart r = died_young(RESTART_GIVE_UP - 1);

    CU_ASSERT_EQUAL(restart_died(&r, 1), RESTART_PAUSE_MAX_MS);
}

static void
in_the_end_it_gives_up(void)
{
    struct restart r = died_young(RESTART_GIVE_UP);

    CU_ASSERT_EQUAL(restart_died(&r, 1), -1);
}

static void
long_service_forgives(void)
{
    struct restart r = died_young(RESTART_GIVE_UP);

    CU_ASSERT_EQUAL(restart_died(&r, RESTART_YOUNG_MS), 0);
    CU_ASSERT_EQUAL(restart_died(&r, 1), 0);
}

/* However long it loaded. */
static void
who_never_served_dies_young(void)
{
    struct restart r = died_young(RESTART_GIVE_UP);

    CU_ASSERT_EQUAL(restart_died(&r, 0), -1);
}

UNIT_SUITE(restart)
{
    unit_suite("restart");
    UNIT(first_deaths_are_free);
    UNIT(keeping_dying_waits_longer_each_time);
    UNIT(a_pause_has_a_limit);
    UNIT(in_the_end_it_gives_up);
    UNIT(long_service_forgives);
    UNIT(who_never_served_dies_young);
}
