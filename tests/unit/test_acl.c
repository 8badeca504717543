/* SPDX-License-Identifier: Apache-2.0 */
/* test_acl.c - claims about net/access/acl.c. */
#include "net/access/acl.h"
#include "tests/unit/prep_given.h"
#include "tests/unit/random.h"

static const struct bytes open_acl_ids = {NULL, -1};

/* Several entries: triples of perms, scheme, id. */
struct row {
    int32_t perms;
    const char *scheme, *id;
};

static struct bytes
acl_rows(const struct row *rows, int32_t count)
{
    static uint8_t memory[2][4096];
    static int turn;
    struct jute_out out = jute_out_of(memory[turn ^= 1], sizeof memory[0]);

    jute_put_i32(&out, count);
    for (int32_t i = 0; i < count; i++) {
        jute_put_i32(&out, rows[i].perms);
        put_text(&out, rows[i].scheme);
        put_text(&out, rows[i].id);
    }
    return kit_bytes(&out);
}

static enum zk_code
fixup(struct bytes acl, struct bytes ids, struct bytes *result)
{
    static uint8_t memory[4096];
    struct jute_out out = jute_out_of(memory, sizeof memory);
    enum zk_code err = acl_fixup(acl, ids, 0, &out);

    *result = kit_bytes(&out);
    return err;
}

static enum zk_code
fixup_one(const char *scheme, const char *id)
{
    struct bytes ignored;

    return fixup(acl_of(31, scheme, id), open_acl_ids, &ignored);
}

static void
world_gives_what_its_entry_says(void)
{
    struct bytes acl = acl_of(ZK_PERM_READ, "world", "anyone");

    CU_ASSERT_TRUE(acl_allows(acl, ZK_PERM_READ, BYTES_NULL, 0));
    CU_ASSERT_FALSE(acl_allows(acl, ZK_PERM_WRITE, BYTES_NULL, 0));
    CU_ASSERT_TRUE(
        acl_allows(acl, ZK_PERM_READ | ZK_PERM_ADMIN, BYTES_NULL, 0));
    acl = acl_of(ZK_PERM_READ, "world", "somebody");
    CU_ASSERT_FALSE(acl_allows(acl, ZK_PERM_READ, BYTES_NULL, 0));
}

static void
an_empty_or_null_list_allows(void)
{
    static const uint8_t empty[4] = {0}, null[4] = {255, 255, 255, 255};

    CU_ASSERT_TRUE(acl_allows(BYTES_NULL, 1, BYTES_NULL, 0));
    CU_ASSERT_TRUE(acl_allows((struct bytes){empty, 4}, 1, BYTES_NULL, 0));
    CU_ASSERT_TRUE(acl_allows((struct bytes){null, 4}, 1, BYTES_NULL, 0));
}

static void
digest_ids_match_by_text_and_scheme(void)
{
    struct bytes acl = acl_of(31, "digest", "bob:hash");

    CU_ASSERT_TRUE(acl_allows(acl, 1, ids_of("digest", "bob:hash"), 0));
    CU_ASSERT_FALSE(acl_allows(acl, 1, ids_of("digest", "bob:other"), 0));
    CU_ASSERT_FALSE(acl_allows(acl, 1, ids_of("sasl", "bob:hash"), 0));
    CU_ASSERT_FALSE(acl_allows(acl, 1, BYTES_NULL, 0));
}

static void
super_and_skip_may_everything(void)
{
    struct bytes acl = acl_of(0, "digest", "bob:hash");

    CU_ASSERT_TRUE(acl_allows(acl, 31, ids_of("super", ""), 0));
    CU_ASSERT_TRUE(acl_allows(acl, 31, BYTES_NULL, ACL_SKIP));
    CU_ASSERT_FALSE(acl_allows(acl, 31, ids_of("digest", "super"), 0));
}

static void
a_scheme_that_is_switched_off_matches_nobody(void)
{
    struct bytes acl = acl_of(31, "digest", "bob:hash");

    CU_ASSERT_FALSE(
        acl_allows(acl, 1, ids_of("digest", "bob:hash"), ACL_NO_DIGEST));
}

static void
the_configuration_says_what_is_checked(void)
{
    struct conf conf = {.digest_auth_enabled = true};

    CU_ASSERT_EQUAL(acl_flags_of(&conf), 0);
    conf.skip_acl = true;
    CU_ASSERT_EQUAL(acl_flags_of(&conf), ACL_SKIP);
    conf.digest_auth_enabled = false;
    CU_ASSERT_EQUAL(acl_flags_of(&conf), ACL_SKIP | ACL_NO_DIGEST);
}

static void
entries_add_up_and_do_not_deny(void)
{
    static const struct row rows[] = {{0, "world", "anyone"},
                                      {1, "ip", "10.0.0.0/8"},
                                      {2, "world", "anyone"}};
    struct bytes acl = acl_rows(rows, 3);

    CU_ASSERT_TRUE(acl_allows(acl, 1, ids_of("ip", "10.1.2.3"), 0));
    CU_ASSERT_FALSE(acl_allows(acl, 1, ids_of("ip", "11.1.2.3"), 0));
    CU_ASSERT_TRUE(acl_allows(acl, 2, ids_of("ip", "11.1.2.3"), 0));
    CU_ASSERT_FALSE(acl_allows(acl, 4, ids_of("ip", "10.1.2.3"), 0));
}

static void
addresses_match_under_their_mask(void)
{
    static const struct {
        const char *range, *address;
        bool matches;
    } rows[] = {
        {"127.0.0.1", "127.0.0.1", true},
        {"127.0.0.1", "127.0.0.2", false},
        {"127.0.0.0/31", "127.0.0.1", true},
        {"127.0.0.0/31", "127.0.0.2", false},
        {"0.0.0.0/0", "9.8.7.6", true},
        {"10.1.2.3/32", "10.1.2.3", true},
        {"::1", "0:0:0:0:0:0:0:1", true},
        {"::/0", "fe80:0:0:0:0:0:0:1", true},
        {"fe80::/10", "febf:0:0:0:0:0:0:1", true},
        {"fe80::/10", "fec0:0:0:0:0:0:0:1", false},
        {"2001:DB8::1:0", "2001:db8:0:0:0:0:1:0", true},
        {"8001::1", "1:0:0:0:0:0:0:1", false},
        {"::/0", "1.2.3.4", false},
        {"0.0.0.0/0", "0:0:0:0:0:0:0:1", false},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        CU_ASSERT_EQUAL(acl_allows(acl_of(31, "ip", rows[i].range), 1,
                                   ids_of("ip", rows[i].address), 0),
                        rows[i].matches);
}

static void
stored_ids_have_the_form_of_their_scheme(void)
{
    static const struct {
        const char *scheme, *id;
        enum zk_code err;
    } rows[] = {
        {"world", "anyone", ZK_OK},
        {"world", "nobody", ZK_INVALID_ACL},
        {"world", NULL, ZK_MARSHALLING},
        {"digest", "a:b", ZK_OK},
        {"digest", ":b", ZK_OK},
        {"digest", "a:b:", ZK_OK},
        {"digest", "a", ZK_INVALID_ACL},
        {"digest", "a:", ZK_INVALID_ACL},
        {"digest", "a:b:c", ZK_INVALID_ACL},
        {"digest", "", ZK_INVALID_ACL},
        {"digest", ":", ZK_INVALID_ACL},
        {"digest", NULL, ZK_MARSHALLING},
        {"ip", "1.2.3.4", ZK_OK},
        {"ip", "1.2.3.4/32", ZK_OK},
        {"ip", "1.2.3.4/+8", ZK_OK},
        {"ip", "1.2.3.4/+", ZK_INVALID_ACL},
        {"ip", "1.2.3.4/33", ZK_INVALID_ACL},
        {"ip", "1.2.3.4/-1", ZK_INVALID_ACL},
        {"ip", "1.2.3.4/", ZK_INVALID_ACL},
        {"ip", "1.2.3", ZK_INVALID_ACL},
        {"ip", "1.2.3.4.5", ZK_INVALID_ACL},
        {"ip", "1.2.3.256", ZK_INVALID_ACL},
        {"ip", "a.b.c.d", ZK_INVALID_ACL},
        {"ip", "::1/128", ZK_OK},
        {"ip", "::1/129", ZK_INVALID_ACL},
        {"ip", "::", ZK_OK},
        {"ip", "1::", ZK_OK},
        {"ip", "1:2:3:4:5:6:7:8", ZK_OK},
        {"ip", "1:2:3:4:5:6:7", ZK_INVALID_ACL},
        {"ip", "1:2:3:4:5:6:7:8:9", ZK_INVALID_ACL},
        {"ip", "1::2::3", ZK_INVALID_ACL},
        {"ip", "12345::", ZK_INVALID_ACL},
        {"ip", ":1:2:3:4:5:6:7", ZK_INVALID_ACL},
        {"ip", "1:", ZK_INVALID_ACL},
        {"ip", "", ZK_INVALID_ACL},
        {"ip", NULL, ZK_MARSHALLING},
        {"super", "", ZK_INVALID_ACL},
        {"sasl", "x", ZK_INVALID_ACL},
        {"nosuch", NULL, ZK_INVALID_ACL},
        {NULL, "x", ZK_INVALID_ACL},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        CU_ASSERT_EQUAL(fixup_one(rows[i].scheme, rows[i].id), rows[i].err);
}

static void
an_empty_list_is_refused(void)
{
    static const uint8_t empty[4] = {0}, null[4] = {255, 255, 255, 255};
    struct bytes ignored;

    CU_ASSERT_EQUAL(fixup((struct bytes){empty, 4}, open_acl_ids, &ignored),
                    ZK_INVALID_ACL);
    CU_ASSERT_EQUAL(fixup((struct bytes){null, 4}, open_acl_ids, &ignored),
                    ZK_INVALID_ACL);
}

/* Wherever it stands: what comes behind it does not make it good. */
static void
one_bad_entry_spoils_the_list(void)
{
    static const struct row rows[] = {
        {1, "ip", "1.1.1.1"}, {1, "nosuch", "x"}, {31, "world", "anyone"}};
    struct bytes ignored;

    CU_ASSERT_EQUAL(fixup(acl_rows(rows, 3), open_acl_ids, &ignored),
                    ZK_INVALID_ACL);
    CU_ASSERT_EQUAL(fixup(acl_rows(rows + 1, 2), open_acl_ids, &ignored),
                    ZK_INVALID_ACL);
}

static void
duplicates_are_dropped_and_the_order_kept(void)
{
    static const struct row in[] = {{1, "ip", "1.1.1.1"},
                                    {31, "world", "anyone"},
                                    {1, "ip", "1.1.1.1"},
                                    {2, "ip", "1.1.1.1"}};
    static const struct row out[] = {
        {1, "ip", "1.1.1.1"}, {31, "world", "anyone"}, {2, "ip", "1.1.1.1"}};
    struct bytes got;

    CU_ASSERT_EQUAL(fixup(acl_rows(in, 4), open_acl_ids, &got), ZK_OK);
    CU_ASSERT_TRUE(bytes_equal(got, acl_rows(out, 3)));
}

/* --- entry by entry, as Java compares them -------------------------------- */

/* In Java's words: new.equals(old); -1: it throws. */
static int
java_equals(const struct row *new, const struct row *old)
{
    if (new->perms != old->perms)
        return 0;
    if (!new->scheme)
        return -1;
    if (!old->scheme || strcmp(new->scheme, old->scheme) != 0)
        return 0;
    if (!new->id)
        return -1;
    return old->id && strcmp(new->id, old->id) == 0;
}

/* What is kept of `rows`, in `kept`; -1: it throws. */
static int32_t
without_duplicates(const struct row *rows, int32_t count, struct row *kept)
{
    int32_t n = 0;

    for (int32_t i = 0; i < count; i++) {
        int equal = 0;

        for (int32_t k = 0; k < n && equal == 0; k++)
            equal = java_equals(&rows[i], &kept[k]);
        if (equal < 0)
            return -1;
        if (equal == 0)
            kept[n++] = rows[i];
    }
    return n;
}

/* What the first of the kept entries that is not good makes of them all. */
static enum zk_code
judged(const struct row *kept, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        if (!kept[i].scheme || strcmp(kept[i].scheme, "nosuch") == 0)
            return ZK_INVALID_ACL;
        if (!kept[i].id)
            return ZK_MARSHALLING;
    }
    return ZK_OK;
}

static void
lists_are_compared_entry_by_entry_as_in_java(void)
{
    static const char *const schemes[] = {"ip", "ip", "ip",     "ip",
                                          "ip", "ip", "nosuch", NULL};
    static const char *const ids[] = {
        "1.1.1.1", "2.2.2.2", "3.3.3.3", "4.4.4.4",
        "5.5.5.5", "6.6.6.6", "7.7.7.7", NULL,
    };
    struct row rows[8], kept[8];
    int32_t seen[3] = {0};

    random_state = 5;
    for (int round = 0; round < 20000; round++) {
        int32_t count = 2 + (int32_t)random_below(7), n;
        enum zk_code expected, err;
        struct bytes got;

        for (int32_t i = 0; i < count; i++)
            rows[i] =
                (struct row){1 + (int32_t)random_below(4),
                             schemes[random_below(8)], ids[random_below(8)]};
        n = without_duplicates(rows, count, kept);
        expected = n < 0 ? ZK_MARSHALLING : judged(kept, n);
        err = fixup(acl_rows(rows, count), open_acl_ids, &got);
        CU_ASSERT_EQUAL(err, expected);
        if (expected == ZK_OK)
            CU_ASSERT_TRUE(bytes_equal(got, acl_rows(kept, n)));
        seen[expected == ZK_OK ? 0 : expected == ZK_MARSHALLING ? 1 : 2]++;
    }
    CU_ASSERT_TRUE(seen[0] > 500 && seen[1] > 500 && seen[2] > 500);
}

static void
auth_becomes_the_digest_ids_of_the_caller(void)
{
    struct bytes got;

    CU_ASSERT_EQUAL(
        fixup(acl_of(5, "auth", NULL), ids_of("digest", "a:h"), &got), ZK_OK);
    CU_ASSERT_TRUE(bytes_equal(got, acl_of(5, "digest", "a:h")));
    CU_ASSERT_EQUAL(
        fixup(acl_of(5, "auth", "x"), ids_of("ip", "1.2.3.4"), &got),
        ZK_INVALID_ACL);
    CU_ASSERT_EQUAL(fixup(acl_of(5, "auth", ""), BYTES_NULL, &got),
                    ZK_INVALID_ACL);
}

/* A list of `count` entries for the same identity; no two permissions alike. */
static struct bytes
long_list(int32_t count, const char *scheme, const char *id)
{
    static uint8_t memory[(ACL_ENTRIES_MAX + 1) * 27 + 4];
    struct jute_out out = jute_out_of(memory, sizeof memory);

    jute_put_i32(&out, count);
    for (int32_t i = 0; i < count; i++) {
        jute_put_i32(&out, i);
        put_text(&out, scheme);
        put_text(&out, id);
    }
    return kit_bytes(&out);
}

static enum zk_code
fixup_long(struct bytes acl)
{
    static uint8_t result[(ACL_ENTRIES_MAX + 1) * 27 + 4];
    struct jute_out to = jute_out_of(result, sizeof result);

    return acl_fixup(acl, BYTES_NULL, 0, &to);
}

static void
too_many_entries_are_refused(void)
{
    CU_ASSERT_EQUAL(fixup_long(long_list(ACL_ENTRIES_MAX, "world", "anyone")),
                    ZK_OK);
    CU_ASSERT_EQUAL(
        fixup_long(long_list(ACL_ENTRIES_MAX + 1, "world", "anyone")),
        ZK_INVALID_ACL);
}

/* Half a minute, if each entry were held against all before it. */
static void
the_longest_list_full_of_nulls_is_no_trouble(void)
{
    struct bytes acl = long_list(ACL_ENTRIES_MAX, "ip", NULL);

    for (int i = 0; i < 3000; i++)
        CU_ASSERT_EQUAL_FATAL(fixup_long(acl), ZK_MARSHALLING);
}

static void
a_list_is_taken_whole_or_not_at_all(void)
{
    struct bytes acl = acl_of(31, "world", "anyone");
    struct jute_in in = jute_in_of(acl.data, (size_t)acl.size);

    CU_ASSERT_TRUE(bytes_equal(acl_take(&in), acl));
    CU_ASSERT_EQUAL(jute_in_left(&in), 0);
    for (int32_t cut = 0; cut < acl.size; cut++) {
        in = jute_in_of(acl.data, (size_t)cut);
        acl_take(&in);
        CU_ASSERT_TRUE(in.bad);
    }
}

static void
digest_ids_are_masked_for_who_may_only_read(void)
{
    static const struct row in[] = {{1, "digest", "u:secret"},
                                    {2, "ip", "1.1.1.1"}};
    static const struct row shown[] = {{1, "digest", "u:x"},
                                       {2, "ip", "1.1.1.1"}};
    uint8_t memory[256];
    struct jute_out out = jute_out_of(memory, sizeof memory);

    acl_put(acl_rows(in, 2), true, &out);
    CU_ASSERT_TRUE(bytes_equal(kit_bytes(&out), acl_rows(shown, 2)));
    out = jute_out_of(memory, sizeof memory);
    acl_put(acl_rows(in, 2), false, &out);
    CU_ASSERT_TRUE(bytes_equal(kit_bytes(&out), acl_rows(in, 2)));
}

/* Readers may see any bytes: the answer does not matter, its end does. */
static void
torn_bytes_do_no_harm(void)
{
    uint8_t noise[64];
    uint32_t x = 1;

    for (int round = 0; round < 20000; round++) {
        for (size_t i = 0; i < sizeof noise; i++) {
            x = x * 1664525u + 1013904223u;
            noise[i] = x >> 28 ? 0 : (uint8_t)(x >> 20);
        }
        acl_allows((struct bytes){noise, (int32_t)(x % sizeof noise)}, 1,
                   ids_of("ip", "1.2.3.4"), 0);
    }
    CU_ASSERT_FALSE(acl_allows((struct bytes){(const uint8_t *)"\x7f\0\0\0", 4},
                               1, BYTES_NULL, 0));
}

UNIT_SUITE(acl)
{
    unit_suite("acl");
    UNIT(world_gives_what_its_entry_says);
    UNIT(an_empty_or_null_list_allows);
    UNIT(digest_ids_match_by_text_and_scheme);
    UNIT(super_and_skip_may_everything);
    UNIT(a_scheme_that_is_switched_off_matches_nobody);
    UNIT(the_configuration_says_what_is_checked);
    UNIT(entries_add_up_and_do_not_deny);
    UNIT(addresses_match_under_their_mask);
    UNIT(stored_ids_have_the_form_of_their_scheme);
    UNIT(an_empty_list_is_refused);
    UNIT(one_bad_entry_spoils_the_list);
    UNIT(duplicates_are_dropped_and_the_order_kept);
    UNIT(lists_are_compared_entry_by_entry_as_in_java);
    UNIT(auth_becomes_the_digest_ids_of_the_caller);
    UNIT(too_many_entries_are_refused);
    UNIT(the_longest_list_full_of_nulls_is_no_trouble);
    UNIT(a_list_is_taken_whole_or_not_at_all);
    UNIT(digest_ids_are_masked_for_who_may_only_read);
    UNIT(torn_bytes_do_no_harm);
}
