/* SPDX-License-Identifier: Apache-2.0 */
/* test_local.c - claims about net/prep/local.c. */

#include "net/prep/local.h"
#include "tests/unit/memory_given.h"
#include "tests/unit/unit.h"

enum { TICK = 1000, START = 5000000, TIMEOUT = 4000 };

#define ID INT64_C(0x200000000000001)
#define OTHER INT64_C(0x200000000000002)

static const struct origin first = {1, 7, 11}, second = {2, 7, 12};
static struct local local;
static mono_ms_t heard_at; /* of every session */

static mono_ms_t
heard(void *arg, uint32_t slot, mono_ms_t now)
{
    (void)arg, (void)slot, (void)now;
    return heard_at;
}

static struct local *
nobody(void)
{
    static void *memory;

    if (!memory)
        memory = memory_reserved(session_table_bytes());
    local_init(&local, memory, TICK, START);
    heard_at = 0;
    return &local;
}

static struct session *
expired(mono_ms_t after)
{
    return local_expired(&local, START + after, heard, NULL);
}

static void
one_that_is_opened_is_found_and_owned(void)
{
    struct local *l = nobody();
    struct session *s = local_open(l, ID, TIMEOUT, &first, START);

    CU_ASSERT_PTR_EQUAL(local_find(l, ID), s);
    CU_ASSERT_PTR_NULL(local_find(l, OTHER));
    CU_ASSERT_TRUE(session_is_owner(s, &first));
    CU_ASSERT_FALSE(session_is_owner(s, &second));
}

/* Client processes note both kinds in one array. */
static void
slots_are_behind_those_of_global_sessions(void)
{
    struct local *l = nobody();
    struct session *s = local_open(l, ID, TIMEOUT, &first, START);
    struct session *t = local_open(l, OTHER, TIMEOUT, &first, START);

    CU_ASSERT_EQUAL(local_slot(l, s), SESSIONS_MAX);
    CU_ASSERT_EQUAL(local_slot(l, t), SESSIONS_MAX + 1);
}

static void
who_comes_back_owns_it_with_a_new_timeout(void)
{
    struct local *l = nobody();
    struct session *s = local_open(l, ID, TIMEOUT, &first, START);

    local_resume(l, s, 10 * TIMEOUT, &second, START + 1000);
    CU_ASSERT_TRUE(session_is_owner(s, &second));
    CU_ASSERT_EQUAL(session_owner(s).conn, second.conn);
    CU_ASSERT_EQUAL(s->timeout_ms, 10 * TIMEOUT);
    CU_ASSERT_PTR_NULL(expired(2 * TIMEOUT));
    CU_ASSERT_PTR_EQUAL(expired(10 * TIMEOUT + 1000 + TICK), s);
}

static void
a_silent_one_expires_and_a_loud_one_does_not(void)
{
    struct local *l = nobody();
    struct session *s = local_open(l, ID, TIMEOUT, &first, START);

    heard_at = START + TIMEOUT;
    CU_ASSERT_PTR_NULL(expired(TIMEOUT + TICK));
    CU_ASSERT_PTR_NULL(expired(2 * TIMEOUT));
    CU_ASSERT_PTR_EQUAL(expired(2 * TIMEOUT + TICK), s);
    local_end(l, s);
    CU_ASSERT_PTR_NULL(local_find(l, ID));
    CU_ASSERT_PTR_NULL(expired(9 * TIMEOUT));
}

/* Its word found no room: it is asked for again a tick later. */
static void
one_that_cannot_end_now_comes_again(void)
{
    struct local *l = nobody();
    struct session *s = local_open(l, ID, TIMEOUT, &first, START);

    CU_ASSERT_PTR_EQUAL(expired(TIMEOUT + TICK), s);
    local_retry(l, s, START + TIMEOUT + TICK);
    CU_ASSERT_PTR_EQUAL(expired(TIMEOUT + 2 * TICK), s);
}

/* The leader may have made it a session that all know. */
static void
one_that_becomes_global_does_not_expire_here(void)
{
    struct local *l = nobody();
    struct session *s = local_open(l, ID, TIMEOUT, &first, START);

    s->is_closing = 1;
    CU_ASSERT_PTR_NULL(expired(5 * TIMEOUT));
    CU_ASSERT_PTR_EQUAL(local_find(l, ID), s);
}

static void
one_that_stays_local_expires_after_all(void)
{
    struct local *l = nobody();
    struct session *s = local_open(l, ID, TIMEOUT, &first, START);

    s->is_closing = 1;
    CU_ASSERT_PTR_NULL(expired(2 * TIMEOUT));
    local_stay(l);
    CU_ASSERT_FALSE(s->is_closing);
    CU_ASSERT_PTR_EQUAL(expired(5 * TIMEOUT), s);
}

static void
all_end_with_the_service(void)
{
    struct local *l = nobody();

    local_open(l, ID, TIMEOUT, &first, START);
    local_open(l, OTHER, TIMEOUT, &second, START);
    local_clear(l, START + 1);
    CU_ASSERT_PTR_NULL(local_find(l, ID));
    CU_ASSERT_PTR_NULL(local_find(l, OTHER));
    CU_ASSERT_EQUAL(session_count(l->sessions), 0);
    CU_ASSERT_PTR_NULL(expired(9 * TIMEOUT));
    CU_ASSERT_PTR_NOT_NULL(local_open(l, ID, TIMEOUT, &first, START + 2));
}

UNIT_SUITE(local)
{
    unit_suite("local");
    UNIT(one_that_is_opened_is_found_and_owned);
    UNIT(slots_are_behind_those_of_global_sessions);
    UNIT(who_comes_back_owns_it_with_a_new_timeout);
    UNIT(a_silent_one_expires_and_a_loud_one_does_not);
    UNIT(one_that_cannot_end_now_comes_again);
    UNIT(one_that_becomes_global_does_not_expire_here);
    UNIT(one_that_stays_local_expires_after_all);
    UNIT(all_end_with_the_service);
}
