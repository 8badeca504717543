/* SPDX-License-Identifier: Apache-2.0 */
/* test_client_session.c - claims about whose connection a session is. */
#include "net/client/client_session.h"

#include "tests/unit/memory_given.h"
#include "tests/unit/random.h"
#include "tests/unit/tree_given.h"
#include "tests/unit/unit.h"

enum { MANY = 5000 };

static struct shm shm;
static struct client_proc p;
static bool is_bound[MANY];

/* Places for MANY, who have no session; nothing else of them is there. */
static void
given_places(void)
{
    given_tree();
    if (!shm.conns[0])
        shm.conns[0] = memory_reserved((size_t)CONNS_MAX * CONN_INFO_BYTES);
    p = (struct client_proc){.shm = &shm, .tree = tree, .sessions = sessions};
    p.client = memory_reserved(MANY * sizeof(struct client));
    for (uint32_t i = 0; i < MANY; i++)
        p.client[i].id = 1U << WATCH_CONN_BITS | i;
    memset(is_bound, 0, sizeof is_bound);
    client_session_init(&p);
}

/* As they come to one of sixteen processes: 64 in a row, then a gap. */
static session_id_t
session_of(uint32_t i)
{
    return (INT64_C(1) << 56) + 0x19e8460000 + i / 64 * 1024 + i % 64;
}

static void
bind(uint32_t i)
{
    client_bind_session(&p, &p.client[i], session_of(i), UINT32_MAX, 4000);
    is_bound[i] = true;
}

static uint32_t
misplaced(void)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < MANY; i++)
        count += client_of_session(&p, session_of(i)) !=
                 (is_bound[i] ? &p.client[i] : NULL);
    return count;
}

static void
each_session_leads_to_its_connection(void)
{
    given_places();
    CU_ASSERT_EQUAL(misplaced(), 0);
    for (uint32_t i = 0; i < MANY; i++) {
        bind(i);
        if (i < 20 || i % 512 == 0)
            CU_ASSERT_EQUAL(misplaced(), 0);
    }
    CU_ASSERT_EQUAL(misplaced(), 0);
}

static void
sessions_come_and_go_in_any_order(void)
{
    given_places();
    random_state = 3;
    for (int n = 0; n < 100000; n++) {
        uint32_t i = random_below(MANY);

        if (!is_bound[i]) {
            bind(i);
        } else {
            client_unbind_session(&p, &p.client[i]);
            is_bound[i] = false;
        }
        if (n % 5000 == 0)
            CU_ASSERT_EQUAL(misplaced(), 0);
    }
    CU_ASSERT_EQUAL(misplaced(), 0);
}

static uint32_t
longest_chain(void)
{
    uint32_t longest = 0;

    for (uint32_t i = 0; i < p.session_buckets; i++) {
        uint32_t length = 0, next = p.session_bucket[i];

        for (; next; next = client_at(&p, next)->session_next)
            length++;
        longest = length > longest ? length : longest;
    }
    return longest;
}

/* Four bytes for each, and few steps to any of them. */
static void
there_are_as_many_buckets_as_sessions_at_most(void)
{
    given_places();
    for (uint32_t i = 0; i < MANY; i++) {
        bind(i);
        CU_ASSERT_EQUAL(p.session_buckets, i + 1);
    }
    CU_ASSERT_TRUE(longest_chain() <= 12);
    for (uint32_t i = 0; i < MANY; i++)
        client_unbind_session(&p, &p.client[i]);
    bind(7);
    CU_ASSERT_EQUAL(p.session_buckets, MANY);
}

static void
who_never_had_a_session_loses_none(void)
{
    given_places();
    bind(1);
    client_unbind_session(&p, &p.client[2]);
    CU_ASSERT_EQUAL(misplaced(), 0);
    CU_ASSERT_EQUAL(p.session_count, 1);
}

/* What the process notes of a session whose client speaks at `now`. */
static uint32_t
noted_at(mono_ms_t now)
{
    static _Atomic uint32_t heard[1];
    struct client c = {.slot = 0};

    heard[0] = 0;
    p = (struct client_proc){.heard = heard, .now_ms = now};
    client_heard(&p, &c);
    return heard[0];
}

/* Once in 49 days the low 32 bits of the clock are those of no word. */
static void
a_word_is_one_at_any_moment(void)
{
    const mono_ms_t turn = INT64_C(1) << 32;

    CU_ASSERT_EQUAL(noted_at(turn - 1), UINT32_MAX);
    CU_ASSERT_EQUAL(noted_at(turn), 1);
    CU_ASSERT_EQUAL(noted_at(turn + 1), 1);
    CU_ASSERT_EQUAL(noted_at(3 * turn), 1);
    CU_ASSERT_EQUAL(noted_at(turn + 77), 77);
}

UNIT_SUITE(client_session)
{
    unit_suite("client_session");
    UNIT(each_session_leads_to_its_connection);
    UNIT(sessions_come_and_go_in_any_order);
    UNIT(there_are_as_many_buckets_as_sessions_at_most);
    UNIT(who_never_had_a_session_loses_none);
    UNIT(a_word_is_one_at_any_moment);
}
