/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about tools/zab_text.c: what a stranger's bytes look like. */
#include "tools/zab_text.h"

#include <stdlib.h>

#include "daemon/jute.h"
#include "daemon/zk.h"
#include "tests/unit/unit.h"

static char *text;
static size_t text_size;
static FILE *memory;

static FILE *
given_paper(void)
{
    free(text);
    text = NULL;
    memory = open_memstream(&text, &text_size);
    return memory;
}

static bool
reads(const char *expected)
{
    fclose(memory);
    return strcmp(text, expected) == 0;
}

static void
a_path_stays_one_word(void)
{
    zab_put_text(given_paper(), bytes_of("/a b\n\\\x7f/Gr\xc3\xbc\xc3\x9f"));
    CU_ASSERT(reads("/a\\x20b\\x0a\\x5c\\x7f/Gr\xc3\xbc\xc3\x9f"));
}

/* Ids of ACLs may be of any bytes: \xc2\x9b is the C1 control CSI. */
static void
no_text_controls_a_terminal(void)
{
    zab_put_text(given_paper(), bytes_of("\x1b[2J\xc2\x9b"
                                         "2J\xc2\xa0"));
    CU_ASSERT(reads("\\x1b[2J\\xc2\\x9b2J\xc2\xa0"));
    zab_put_text(given_paper(), bytes_of("\xe2\x80\xa7\xe2\x80\xae"
                                         "\xe2\x80\xaf\xe2\x81\xa9"));
    CU_ASSERT(reads("\xe2\x80\xa7\\xe2\\x80\\xae"
                    "\xe2\x80\xaf\\xe2\\x81\\xa9"));
    zab_put_text(given_paper(), bytes_of("\xff\xed\xa0\xbd\xe6\x97"));
    CU_ASSERT(reads("\\xff\\xed\\xa0\\xbd\\xe6\\x97"));
    zab_put_text(given_paper(), BYTES_NULL);
    CU_ASSERT(reads(""));
    zab_put_json(given_paper(), bytes_of("\xc2\x9b\xe2\x80\xa8"));
    CU_ASSERT(reads("\"\\u009b\\u2028\""));
}

static void
json_quotes_what_ends_a_string(void)
{
    zab_put_json(given_paper(), bytes_of("a\"b\\c\nd"));
    CU_ASSERT(reads("\"a\\\"b\\\\c\\u000ad\""));
}

static void
json_keeps_what_is_utf8(void)
{
    zab_put_json(given_paper(), bytes_of("\xc3\xbc \xe6\x97\xa5 "
                                         "\xf0\x9f\x90\x98"));
    CU_ASSERT(reads("\"\xc3\xbc \xe6\x97\xa5 \xf0\x9f\x90\x98\""));
}

/* ZK: BinaryOutputArchive writes each half of a pair as three bytes. */
static void
json_spells_javas_surrogates(void)
{
    zab_put_json(given_paper(), bytes_of("\xed\xa0\xbd\xed\xb0\x98"));
    CU_ASSERT(reads("\"\\ud83d\\udc18\""));
}

static void
json_replaces_what_is_no_text(void)
{
    zab_put_json(given_paper(), bytes_of("a\xff\xc0\x80\xe6\x97"));
    CU_ASSERT(reads("\"a\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\""));
    zab_put_json(given_paper(), BYTES_NULL);
    CU_ASSERT(reads("\"\""));
}

static void
an_acl_reads_as_in_zkcli(void)
{
    uint8_t bytes[128];
    struct jute_out out = jute_out_of(bytes, sizeof bytes);

    jute_put_i32(&out, 2);
    jute_put_i32(&out, ZK_PERM_ALL);
    jute_put_bytes(&out, bytes_of("world"));
    jute_put_bytes(&out, bytes_of("anyone"));
    jute_put_i32(&out, ZK_PERM_READ | ZK_PERM_DELETE | 64);
    jute_put_bytes(&out, bytes_of("ip"));
    jute_put_bytes(&out, bytes_of("10.0.0.0/8"));
    zab_put_acl(given_paper(),
                (struct bytes){bytes, (int32_t)jute_out_size(&out)});
    CU_ASSERT(reads("world:anyone:rwcda,ip:10.0.0.0/8:rd0x49"));
}

static void
a_cut_acl_ends(void)
{
    static const uint8_t count[] = {0x7f, 0xff, 0xff, 0xff};

    zab_put_acl(given_paper(), (struct bytes){count, sizeof count});
    fclose(memory);
    CU_ASSERT(text_size < 64);
}

static void
an_owner_is_told_by_its_kind(void)
{
    static const struct {
        int64_t owner;
        const char *word;
    } kinds[] = {
        {0, "-"},
        {ZK_OWNER_CONTAINER, "container"},
        {ZK_OWNER_TTL_MASK | 1500, "ttl=1500"},
        {0x100004c41e40000, "0x100004c41e40000"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        zab_put_owner(given_paper(), kinds[i].owner);
        CU_ASSERT(reads(kinds[i].word));
    }
}

static void
time_is_utc_with_milliseconds(void)
{
    zab_put_time(given_paper(), INT64_C(1795442924612));
    CU_ASSERT(reads("2026-11-23T14:08:44.612Z"));
    zab_put_time(given_paper(), -5);
    CU_ASSERT(reads("-5ms"));
    zab_put_time(given_paper(), INT64_MAX);
    fclose(memory);
    CU_ASSERT(text_size > 0);
}

static void
a_zxid_has_one_spelling(void)
{
    zxid_t zxid = 7;

    CU_ASSERT(zab_parse_zxid("0x1f", &zxid));
    CU_ASSERT_EQUAL(zxid, 0x1f);
    CU_ASSERT(zab_parse_zxid("0x100000002", &zxid));
    CU_ASSERT_EQUAL(zxid, ZXID(1, 2));
    CU_ASSERT_FALSE(zab_parse_zxid("1f", &zxid));
    CU_ASSERT_FALSE(zab_parse_zxid("16", &zxid));
    CU_ASSERT_FALSE(zab_parse_zxid("0x", &zxid));
    CU_ASSERT_FALSE(zab_parse_zxid("0x-1", &zxid));
    CU_ASSERT_FALSE(zab_parse_zxid("0x1g", &zxid));
    CU_ASSERT_FALSE(zab_parse_zxid("0x 1", &zxid));
    CU_ASSERT_FALSE(zab_parse_zxid("0x0x1", &zxid));
    CU_ASSERT_FALSE(zab_parse_zxid("0x11112222333344445", &zxid));
    CU_ASSERT_FALSE(zab_parse_zxid("0xffffffffffffffff", &zxid));
    CU_ASSERT_EQUAL(zxid, ZXID(1, 2));
    free(text);
    text = NULL;
}

UNIT_SUITE(zab_text)
{
    unit_suite("zab_text");
    UNIT(a_path_stays_one_word);
    UNIT(no_text_controls_a_terminal);
    UNIT(json_quotes_what_ends_a_string);
    UNIT(json_keeps_what_is_utf8);
    UNIT(json_spells_javas_surrogates);
    UNIT(json_replaces_what_is_no_text);
    UNIT(an_acl_reads_as_in_zkcli);
    UNIT(a_cut_acl_ends);
    UNIT(an_owner_is_told_by_its_kind);
    UNIT(time_is_utc_with_milliseconds);
    UNIT(a_zxid_has_one_spelling);
}
