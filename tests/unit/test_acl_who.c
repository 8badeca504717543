/* SPDX-License-Identifier: Apache-2.0 */
/* test_acl_who.c - claims about long lists and many identities. */
#include <stdio.h>

#include "net/access/acl.h"
#include "net/access/acl_who.h"
#include "tests/unit/prep_given.h"
#include "tests/unit/random.h"

static struct who who;

/* The n-th identity there is; every seventh is an address. */
static void
put_identity(struct jute_out *out, uint32_t n)
{
    char id[32];

    snprintf(id, sizeof id, n % 7 ? "user%u:hash" : "10.1.0.%u", n);
    put_text(out, n % 7 ? "digest" : "ip");
    put_text(out, id);
}

static struct bytes
some_identities(int32_t count, uint32_t of)
{
    static uint8_t memory[16384];
    struct jute_out out = jute_out_of(memory, sizeof memory);

    jute_put_i32(&out, count);
    for (; count > 0; count--)
        put_identity(&out, random_below(of));
    return kit_bytes(&out);
}

/* One after the other from `first` on; all give READ. */
static struct bytes
list_of(int32_t count, uint32_t first)
{
    static uint8_t memory[200000];
    struct jute_out out = jute_out_of(memory, sizeof memory);

    jute_put_i32(&out, count);
    for (int32_t i = 0; i < count; i++) {
        jute_put_i32(&out, ZK_PERM_READ);
        put_identity(&out, first + (uint32_t)i);
    }
    return kit_bytes(&out);
}

static bool
has(const char *scheme, const char *id)
{
    uint8_t memory[64];
    struct jute_out out = jute_out_of(memory, sizeof memory);
    struct acl_id wanted = {0};

    put_text(&out, scheme);
    put_text(&out, id);
    wanted.whole = kit_bytes(&out);
    return who_has(&who, &wanted);
}

static void
who_is_there_is_found_and_nobody_else(void)
{
    struct bytes ids = ids_of("digest", "bob:hash");

    CU_ASSERT_TRUE(who_init(&who, ids));
    CU_ASSERT_TRUE(has("digest", "bob:hash"));
    CU_ASSERT_FALSE(has("digest", "bob:has"));
    CU_ASSERT_FALSE(has("digestbob", ":hash"));
    CU_ASSERT_FALSE(has(NULL, NULL));
    CU_ASSERT_TRUE(who_init(&who, BYTES_NULL));
    CU_ASSERT_FALSE(has("digest", "bob:hash"));
}

static void
what_is_no_list_is_not_taken(void)
{
    static const uint8_t many[4] = {0, 1, 0, 0}, cut[4] = {0, 0, 0, 1};

    CU_ASSERT_FALSE(who_init(&who, (struct bytes){many, 4}));
    CU_ASSERT_FALSE(who_init(&who, (struct bytes){cut, 4}));
}

/* By a table, or one by one. */
static void
a_long_list_allows_whom_its_parts_allow(void)
{
    enum { ENTRIES = 32, PART = 4, ROUNDS = 2000 };
    int allowed = 0;

    random_state = 3;
    for (int round = 0; round < ROUNDS; round++) {
        struct bytes ids = some_identities(1 + (int32_t)random_below(6), 200);
        bool by_parts = false, is_allowed;

        for (uint32_t first = 0; first < ENTRIES; first += PART)
            by_parts |= acl_allows(list_of(PART, first), ZK_PERM_READ, ids, 0);
        is_allowed = acl_allows(list_of(ENTRIES, 0), ZK_PERM_READ, ids, 0);
        CU_ASSERT_EQUAL(is_allowed, by_parts);
        allowed += is_allowed;
    }
    CU_ASSERT_TRUE(allowed > ROUNDS / 10 && allowed < ROUNDS * 9 / 10);
}

/* An address, and as many more as there is room for. */
static struct bytes
all_of_one_connection(void)
{
    static uint8_t memory[16384];
    struct jute_out out = jute_out_of(memory, sizeof memory);

    jute_put_i32(&out, 600);
    for (uint32_t i = 0; i < 600; i++)
        put_identity(&out, i == 0 ? 0 : 7 * i + 1);
    return kit_bytes(&out);
}

/* Half a minute, if each entry were held against each identity. */
static void
the_longest_list_and_the_most_identities_are_no_trouble(void)
{
    struct bytes acl = list_of(ACL_ENTRIES_MAX, 5000);

    for (int i = 0; i < 3000; i++)
        CU_ASSERT_FALSE_FATAL(
            acl_allows(acl, ZK_PERM_READ, all_of_one_connection(), 0));
}

UNIT_SUITE(acl_who)
{
    unit_suite("acl_who");
    UNIT(who_is_there_is_found_and_nobody_else);
    UNIT(what_is_no_list_is_not_taken);
    UNIT(a_long_list_allows_whom_its_parts_allow);
    UNIT(the_longest_list_and_the_most_identities_are_no_trouble);
}
