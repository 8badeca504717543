/* SPDX-License-Identifier: Apache-2.0 */
/* test_expiry.c - claims about net/prep/expiry.c. */

#include "net/prep/expiry.h"
#include "tests/unit/memory_given.h"
#include "tests/unit/unit.h"

enum { TICK = 1000, START = 5000000 };

static struct session_table *sessions;
static struct expiry expiry;
static mono_ms_t heard_at; /* of every session */

static mono_ms_t
heard(void *arg, uint32_t slot, mono_ms_t now)
{
    (void)arg;
    (void)slot;
    (void)now;
    return heard_at;
}

static struct expiry *
nobody(void)
{
    if (!sessions) {
        size_t size = session_table_bytes();

        sessions = session_table_init(memory_reserved(size), size);
    }
    session_table_clear(sessions);
    expiry_init(&expiry, sessions, TICK, START);
    heard_at = 0;
    return &expiry;
}

static struct session *
opened(session_id_t id, int32_t timeout_ms, mono_ms_t now)
{
    struct session *s = session_take(sessions, id);

    s->timeout_ms = timeout_ms;
    expiry_touch(&expiry, s, now);
    return s;
}

static struct session *
due(mono_ms_t now)
{
    return expiry_next(&expiry, now, heard, NULL);
}

/* Longer than the timeout, at most a tick longer. */
static void
a_silent_session_ends_within_a_tick_after_its_timeout(void)
{
    for (mono_ms_t at = START; at < START + 2 * TICK; at += 137) {
        struct session *s;

        nobody();
        s = opened(1, 4000, at);
        CU_ASSERT_PTR_NULL(due(at + 4000));
        CU_ASSERT_PTR_EQUAL(due(at + 4000 + TICK), s);
        CU_ASSERT_PTR_NULL(due(at + 100000));
    }
}

static void
a_session_that_was_heard_of_lives_on(void)
{
    struct session *s;

    nobody();
    s = opened(1, 4000, START);
    heard_at = START + 3000;
    CU_ASSERT_PTR_NULL(due(START + 7000));
    CU_ASSERT_PTR_EQUAL(due(START + 8000), s);
}

static void
a_touch_moves_a_session_either_way(void)
{
    struct session *s;

    nobody();
    s = opened(1, 4000, START);
    s->timeout_ms = 10000;
    expiry_touch(&expiry, s, START);
    CU_ASSERT_PTR_NULL(due(START + 10000));
    s->timeout_ms = 2000;
    expiry_touch(&expiry, s, START + 10000);
    CU_ASSERT_PTR_EQUAL(due(START + 13000), s);
}

/* Out of the middle of those that end together. */
static void
a_touch_leaves_its_neighbours_where_they_are(void)
{
    struct session *a, *b, *c;

    nobody();
    a = opened(1, 4000, START);
    b = opened(2, 4000, START);
    c = opened(3, 4000, START);
    expiry_touch(&expiry, b, START + 3000);
    CU_ASSERT_PTR_EQUAL(due(START + 5000), c);
    CU_ASSERT_PTR_EQUAL(due(START + 5000), a);
    CU_ASSERT_PTR_NULL(due(START + 5000));
    CU_ASSERT_PTR_EQUAL(due(START + 8000), b);
}

static void
removed_sessions_do_not_end(void)
{
    struct session *a, *b, *c;

    nobody();
    a = opened(1, 4000, START);
    b = opened(2, 4000, START);
    c = opened(3, 4000, START);
    expiry_remove(&expiry, b);
    expiry_remove(&expiry, b);
    CU_ASSERT_PTR_EQUAL(due(START + 5000), c);
    CU_ASSERT_PTR_EQUAL(due(START + 5000), a);
    CU_ASSERT_PTR_NULL(due(START + 5000));
}

/* The walk stands between two sessions when one of them goes. */
static void
a_removal_during_the_walk_is_safe(void)
{
    struct session *a, *b;

    nobody();
    a = opened(1, 4000, START);
    b = opened(2, 4000, START);
    opened(3, 4000, START);
    CU_ASSERT_EQUAL(due(START + 5000)->id, 3);
    expiry_remove(&expiry, b);
    session_give(sessions, b);
    CU_ASSERT_PTR_EQUAL(due(START + 5000), a);
    CU_ASSERT_PTR_NULL(due(START + 5000));
}

static void
timeouts_longer_than_the_wheel_are_kept(void)
{
    mono_ms_t timeout = (mono_ms_t)EXPIRY_WHEEL * TICK * 3 + 500;
    struct session *s;

    nobody();
    s = opened(1, (int32_t)timeout, START);
    CU_ASSERT_PTR_NULL(due(START + timeout));
    CU_ASSERT_PTR_EQUAL(due(START + timeout + TICK), s);
}

/* With ticks of a millisecond that is after 49 days. */
static void
numbers_of_buckets_may_begin_again(void)
{
    const mono_ms_t start = (INT64_C(1) << 32) - 2000;

    for (int32_t timeout = 1990; timeout < 2010; timeout++) {
        struct session *s;

        nobody();
        expiry_init(&expiry, sessions, 1, start);
        s = opened(1, timeout, start);
        expiry_remove(&expiry, s);
        CU_ASSERT_PTR_NULL(due(start + 100));
        expiry_touch(&expiry, s, start);
        expiry_touch(&expiry, s, start + 100);
        CU_ASSERT_PTR_NULL(due(start + 100 + timeout));
        CU_ASSERT_PTR_EQUAL(due(start + 101 + timeout), s);
    }
}

/* Asked when it was heard of, whatever the number of its bucket. */
static void
the_longest_timeout_with_the_shortest_tick_is_kept(void)
{
    struct session *s;

    nobody();
    expiry_init(&expiry, sessions, 1, START);
    s = opened(1, INT32_MAX, START);
    CU_ASSERT_PTR_NULL(due(START + 10000));
    heard_at = START + 10000;
    expiry_touch(&expiry, s, heard_at);
    CU_ASSERT_PTR_NULL(due(START + 20000));
}

/* The wheel is behind the clock, as when a server begins to serve. */
static void
the_longest_timeout_is_kept_by_a_wheel_that_is_late(void)
{
    for (mono_ms_t late = 0; late < 3000; late++) {
        nobody();
        expiry_init(&expiry, sessions, 1, START);
        opened(1, INT32_MAX, START + late);
        CU_ASSERT_PTR_NULL(due(START + late + 10000));
    }
}

static void
a_late_look_finds_everybody(void)
{
    int count = 0;

    nobody();
    for (int i = 1; i <= 5000; i++)
        opened(i, 1000 + i * 7 % 30000, START);
    while (due(START + 40000))
        count++;
    CU_ASSERT_EQUAL(count, 5000);
    for (uint32_t i = 0; i < EXPIRY_WHEEL; i++)
        CU_ASSERT_EQUAL(expiry.wheel[i], 0);
}

UNIT_SUITE(expiry)
{
    unit_suite("expiry");
    UNIT(a_silent_session_ends_within_a_tick_after_its_timeout);
    UNIT(a_session_that_was_heard_of_lives_on);
    UNIT(a_touch_moves_a_session_either_way);
    UNIT(a_touch_leaves_its_neighbours_where_they_are);
    UNIT(removed_sessions_do_not_end);
    UNIT(a_removal_during_the_walk_is_safe);
    UNIT(timeouts_longer_than_the_wheel_are_kept);
    UNIT(numbers_of_buckets_may_begin_again);
    UNIT(the_longest_timeout_with_the_shortest_tick_is_kept);
    UNIT(the_longest_timeout_is_kept_by_a_wheel_that_is_late);
    UNIT(a_late_look_finds_everybody);
}
