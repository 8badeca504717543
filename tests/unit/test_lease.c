/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about net/client/lease.c: how old what is known elsewhere may be. */
#include "net/client/lease.h"

#include "tests/unit/unit.h"

enum { TICK = 2000 };

static struct lease l;
static mono_ms_t now;

static void
wakes_after(int64_t ms, mono_ms_t vouched, mono_ms_t asleep)
{
    now += ms;
    lease_wakes(&l, vouched, asleep, now);
    lease_rests(&l, now, now);
}

/* It wakes every 100 ms; what it had noted 500 ms ago is told. */
static void
runs_for(int64_t ms)
{
    for (mono_ms_t end = now + ms; now < end;)
        wakes_after(100, now - 400, 0);
}

static void
given_lease(void)
{
    now = 100000;
    lease_begin(&l, TICK, 0, now);
    CU_ASSERT_EQUAL(lease_unheard_ms(&l, now), 0);
}

/* Or for a turn more. */
static bool
is_unheard_for(int64_t ms)
{
    int64_t unheard = lease_unheard_ms(&l, now);

    return unheard >= ms && unheard <= ms + 100;
}

static void
it_counts_from_what_is_vouched_for(void)
{
    given_lease();
    runs_for(60000);
    CU_ASSERT_TRUE(is_unheard_for(500));
    wakes_after(400, now - 500, 0);
    CU_ASSERT_TRUE(is_unheard_for(900));
}

/* Nothing that clients said was noted, whatever others told meanwhile. */
static void
who_stood_still_was_not_heard_of(void)
{
    given_lease();
    runs_for(2000);
    wakes_after(3000, now + 2500, 0);
    CU_ASSERT_TRUE(is_unheard_for(3000));
    runs_for(400);
    CU_ASSERT_TRUE(is_unheard_for(3400));
    runs_for(200);
    CU_ASSERT_TRUE(is_unheard_for(500));
}

/* Nor does a turn count before it is over, however long it takes. */
static void
what_is_noted_late_was_not_told_before(void)
{
    mono_ms_t woke;

    given_lease();
    runs_for(2000);
    woke = now += 100;
    lease_wakes(&l, now - 500, 0, now);
    now += 3000;
    lease_rests(&l, woke, now);
    wakes_after(100, now - 500, 0);
    CU_ASSERT_TRUE(is_unheard_for(3200));
    wakes_after(500, now - 500, 0);
    CU_ASSERT_TRUE(is_unheard_for(3600));
    runs_for(500);
    CU_ASSERT_TRUE(is_unheard_for(500));
}

/* More turns than there is room for are not needed. */
static void
it_goes_on_where_nobody_vouched_for_long(void)
{
    mono_ms_t last;

    given_lease();
    runs_for(2000);
    for (last = now - 500; now - last < 60000;)
        wakes_after(20, last, 0);
    CU_ASSERT_TRUE(is_unheard_for(60000));
    runs_for(1200);
    CU_ASSERT_TRUE(is_unheard_for(500));
}

static void
a_machine_that_slept_did_not_hear_either(void)
{
    given_lease();
    runs_for(2000);
    wakes_after(0, now - 500, 8000);
    CU_ASSERT_TRUE(is_unheard_for(8500));
    wakes_after(100, now - 400, 8000); /* of before it slept */
    CU_ASSERT_TRUE(is_unheard_for(8600));
    for (int i = 0; i < 8; i++)
        wakes_after(100, now - 400, 8000);
    CU_ASSERT_TRUE(is_unheard_for(500));
}

/* The two clocks are not read at one moment. */
static void
a_moment_is_no_sleep(void)
{
    given_lease();
    for (int i = 0; i < 20; i++)
        wakes_after(100, now - 400, i % 3);
    CU_ASSERT_TRUE(is_unheard_for(500));
}

static void
a_server_of_its_own_is_always_heard_of(void)
{
    given_lease();
    wakes_after(60000, MONO_MS_MAX, 0);
    CU_ASSERT_EQUAL(lease_unheard_ms(&l, now), 0);
}

static void
a_short_session_has_the_lease_of_two_ticks(void)
{
    CU_ASSERT_EQUAL(lease_lasts_ms(6000, 500), 4000);
    CU_ASSERT_EQUAL(lease_lasts_ms(100, 600), 800);
    CU_ASSERT_EQUAL(lease_lasts_ms(INT32_MAX, 2000),
                    (int64_t)INT32_MAX * 2 / 3);
}

UNIT_SUITE(lease)
{
    unit_suite("lease");
    UNIT(it_counts_from_what_is_vouched_for);
    UNIT(who_stood_still_was_not_heard_of);
    UNIT(what_is_noted_late_was_not_told_before);
    UNIT(it_goes_on_where_nobody_vouched_for_long);
    UNIT(a_machine_that_slept_did_not_hear_either);
    UNIT(a_moment_is_no_sleep);
    UNIT(a_server_of_its_own_is_always_heard_of);
    UNIT(a_short_session_has_the_lease_of_two_ticks);
}
