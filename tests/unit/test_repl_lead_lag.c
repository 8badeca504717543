/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about net/repl/repl_lead_lag.c: how late an observer is. */
#include "net/repl/repl_lead.h"

#include "tests/unit/unit.h"

static struct lead_lag lag;

static int64_t
late_ms(zxid_t sent, zxid_t committed, mono_ms_t now)
{
    lead_lag_look(&lag, sent, committed, now);
    return lag.ms;
}

static void
who_has_been_sent_all_is_not_late(void)
{
    lag = (struct lead_lag){0};
    CU_ASSERT_EQUAL(late_ms(5, 5, 1000), 0);
    CU_ASSERT_EQUAL(late_ms(5, 5, 9000), 0); /* nothing is written */
    CU_ASSERT_EQUAL(late_ms(700, 700, 9100), 0);
}

/* Of two that are as many transactions behind one may be minutes late. */
static void
late_is_how_long_ago_that_was_committed_which_is_sent_now(void)
{
    lag = (struct lead_lag){0};
    for (int64_t s = 0; s < 100; s++)
        (void)late_ms(s * 100, s * 1000, s * 1000); /* a tenth of it */
    CU_ASSERT(lag.ms > 80000);
    CU_ASSERT(lag.ms <= 100000);
}

/* Nor does it look in time, each time that a mark is passed. */
static void
who_stays_as_late_as_he_was_is_late(void)
{
    lag = (struct lead_lag){0};
    for (int64_t s = 0; s < 60; s++) {
        int64_t late = s < 20 ? 0 : s - 20; /* 20 s behind */

        (void)late_ms(late * 10, s * 10, s * 1000);
        if (s > 42)
            CU_ASSERT(lag.ms >= 19000 && lag.ms <= 21000);
    }
}

static void
who_has_caught_up_is_in_time(void)
{
    lag = (struct lead_lag){0};
    (void)late_ms(0, 1000, 0);
    CU_ASSERT_EQUAL(late_ms(500, 2000, 30000), 30000);
    CU_ASSERT_EQUAL(late_ms(2000, 2000, 31000), 0);
    CU_ASSERT_EQUAL(late_ms(2000, 2001, 32000), 0);
    CU_ASSERT_EQUAL(late_ms(2000, 2002, 33000), 1000);
}

UNIT_SUITE(repl_lead_lag)
{
    unit_suite("repl_lead_lag");
    UNIT(who_has_been_sent_all_is_not_late);
    UNIT(late_is_how_long_ago_that_was_committed_which_is_sent_now);
    UNIT(who_stays_as_late_as_he_was_is_late);
    UNIT(who_has_caught_up_is_in_time);
}
