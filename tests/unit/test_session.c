/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about storage/tree/session.c. */
#include "storage/tree/session.h"

#include "tests/unit/memory_given.h"
#include "tests/unit/unit.h"

static struct session_table *table;

static void
given_no_sessions(void)
{
    size_t size = session_table_bytes();

    if (!table)
        table = session_table_init(memory_reserved(size), size);
    session_table_clear(table);
}

static void
a_session_taken_is_found(void)
{
    struct session *s;

    given_no_sessions();
    CU_ASSERT_PTR_NULL(session_find(table, 7));
    s = session_take(table, 7);
    CU_ASSERT_PTR_EQUAL(session_find(table, 7), s);
    CU_ASSERT_PTR_EQUAL(session_take(table, 7), s);
    CU_ASSERT_EQUAL(s->id, 7);
    CU_ASSERT_EQUAL(session_count(table), 1);
    CU_ASSERT_PTR_EQUAL(session_at(table, session_slot(table, s)), s);
}

static void
nobody_is_never_found(void)
{
    given_no_sessions();
    CU_ASSERT_PTR_NULL(session_find(table, 0));
}

static void
a_slot_is_used_again_and_clean(void)
{
    struct session *s;
    uint32_t slot;

    given_no_sessions();
    s = session_take(table, -5);
    s->timeout_ms = 1234;
    s->is_alive = true;
    slot = session_slot(table, s);
    session_give(table, s);
    CU_ASSERT_PTR_NULL(session_find(table, -5));
    s = session_take(table, 6);
    CU_ASSERT_EQUAL(session_slot(table, s), slot);
    CU_ASSERT_EQUAL(s->timeout_ms, 0);
    CU_ASSERT_FALSE(s->is_alive);
    CU_ASSERT_EQUAL(session_slot_end(table), 1);
}

/* Ids as servers give them out: consecutive, and of several servers. */
static void
many_sessions_are_all_found(void)
{
    enum { MANY = 100000 };
    int missing = 0;

    given_no_sessions();
    for (int64_t i = 0; i < MANY; i++)
        session_take(table, (i % 3 + 1) << 56 | (0x19e8460000 + i));
    CU_ASSERT_EQUAL(session_count(table), MANY);
    for (int64_t i = 0; i < MANY; i += 2)
        session_give(
            table, session_find(table, (i % 3 + 1) << 56 | (0x19e8460000 + i)));
    for (int64_t i = 0; i < MANY; i++)
        missing +=
            session_find(table, (i % 3 + 1) << 56 | (0x19e8460000 + i)) == NULL;
    CU_ASSERT_EQUAL(missing, MANY / 2);
    CU_ASSERT_EQUAL(session_count(table), MANY / 2);
}

/* The `n`th id of those that are all in one bucket, while the seed is this. */
static session_id_t
one_of_a_bucket(uint64_t seed, uint64_t *start)
{
    uint32_t low;

    do {
        *start += 2; /* its last bit is one of the bucket's, too */
        low = 0 - session_hash(seed, (session_id_t)(*start << 16));
    } while ((low & 0x1ffff) > UINT16_MAX);
    return (session_id_t)(*start << 16 | (low & 0xffff));
}

/* A learner may choose its sessions' ids. */
static void
many_of_one_bucket_are_all_found(void)
{
    enum { MANY = 10000 };
    static session_id_t id[MANY];
    uint64_t start = 0x19e846;
    int missing = 0;

    given_no_sessions();
    for (int i = 0; i < MANY; i++) {
        id[i] = one_of_a_bucket(hash_seed_at(table), &start);
        session_take(table, id[i]);
    }
    for (int i = 0; i < MANY; i++)
        missing += session_find(table, id[i]) == NULL;
    CU_ASSERT_EQUAL(missing, 0);
    for (int i = 0; i < MANY; i++)
        session_give(table, session_find(table, id[i]));
    CU_ASSERT_EQUAL(session_count(table), 0);
}

/* But it does not know which of them have a bucket in common. */
static void
who_does_not_know_the_seed_spreads_his_ids(void)
{
    enum { MANY = 4096, BUCKETS = 1 << 17 };
    uint32_t bucket = session_hash(4, 1 << 20) % BUCKETS, in_one = 0;
    uint64_t start = 0x19e846;

    for (int i = 0; i < MANY; i++)
        in_one +=
            session_hash(4, one_of_a_bucket(3, &start)) % BUCKETS == bucket;
    CU_ASSERT_TRUE(in_one < 8);
}

static void
a_full_table_has_no_slot(void)
{
    given_no_sessions();
    for (int64_t i = 1; i <= SESSIONS_MAX; i++)
        CU_ASSERT_FATAL(session_take(table, i) != NULL);
    CU_ASSERT_PTR_NULL(session_take(table, SESSIONS_MAX + 1));
    CU_ASSERT_PTR_NOT_NULL(session_take(table, SESSIONS_MAX));
    session_give(table, session_find(table, 77));
    CU_ASSERT_PTR_NOT_NULL(session_take(table, SESSIONS_MAX + 1));
}

static void
passwords_are_those_of_java(void)
{
    static const uint8_t first[16] = {0x58, 0x31, 0x92, 0x31, 0x05, 0x44,
                                      0x49, 0x0d, 0xf6, 0x3f, 0xeb, 0x2d,
                                      0x56, 0x88, 0x0b, 0xc9};
    static const uint8_t second[16] = {0x5f, 0xb6, 0xc3, 0xff, 0x00, 0x32,
                                       0x57, 0x0a, 0xd5, 0x15, 0x0d, 0x7e,
                                       0x49, 0xf2, 0x2d, 0xd9};
    uint8_t password[16];

    session_password(0x1000019e8460000, password);
    CU_ASSERT_EQUAL(memcmp(password, first, 16), 0);
    session_password(0x01000017eb030000, password);
    CU_ASSERT_EQUAL(memcmp(password, second, 16), 0);
}

UNIT_SUITE(session)
{
    unit_suite("session");
    UNIT(a_session_taken_is_found);
    UNIT(nobody_is_never_found);
    UNIT(a_slot_is_used_again_and_clean);
    UNIT(many_sessions_are_all_found);
    UNIT(many_of_one_bucket_are_all_found);
    UNIT(who_does_not_know_the_seed_spreads_his_ids);
    UNIT(a_full_table_has_no_slot);
    UNIT(passwords_are_those_of_java);
}
