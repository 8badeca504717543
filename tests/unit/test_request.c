/* SPDX-License-Identifier: Apache-2.0 */
/* test_request.c - claims about taking requests apart. */
#include "net/wire/request.h"

#include "tests/unit/unit.h"

#define BYTES(text) ((struct bytes){(const uint8_t *)(text), sizeof(text) - 1})

static void
a_header_is_eight_bytes(void)
{
    struct request r;

    CU_ASSERT_FALSE(request_open(BYTES("\0\0\0\1\0\0\0"), &r));
    CU_ASSERT_TRUE(request_open(BYTES("\377\377\377\376\0\0\0\13"), &r));
    CU_ASSERT_EQUAL(r.xid, -2);
    CU_ASSERT_EQUAL(r.op, ZK_OP_PING);
    CU_ASSERT_EQUAL(r.body.size, 0);
}

static void
internal_operations_are_unknown_to_clients(void)
{
    CU_ASSERT_EQUAL(request_kind(ZK_OP_CHECK), REQUEST_UNKNOWN);
    CU_ASSERT_EQUAL(request_kind(ZK_OP_ERROR), REQUEST_UNKNOWN);
    CU_ASSERT_EQUAL(request_kind(0), REQUEST_UNKNOWN);
    CU_ASSERT_EQUAL(request_kind(ZK_OP_CREATE_SESSION), REQUEST_UNKNOWN);
    CU_ASSERT_EQUAL(request_kind(ZK_OP_DELETE_CONTAINER), REQUEST_UNKNOWN);
    CU_ASSERT_EQUAL(request_kind(ZK_OP_CLOSE_SESSION), REQUEST_WRITE);
    CU_ASSERT_EQUAL(request_kind(ZK_OP_MULTI_READ), REQUEST_READ);
}

/* Protocol sheet, 15. */
static const char connect_bytes[] =
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x27\x10\0\0\0\0\0\0\0\0\0\0\0\x10"
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

static void
a_connect_request_has_a_last_byte_or_not(void)
{
    struct bytes old = BYTES(connect_bytes);
    struct connect_request r;

    CU_ASSERT_TRUE(request_connect(old, &r));
    CU_ASSERT_FALSE(r.has_read_only);
    CU_ASSERT_EQUAL(r.timeout_ms, 10000);
    CU_ASSERT_EQUAL(r.password.size, 16);
    old.size++; /* the literal's own zero */
    CU_ASSERT_TRUE(request_connect(old, &r));
    CU_ASSERT_TRUE(r.has_read_only);
    CU_ASSERT_FALSE(r.read_only);
    old.size = 43;
    CU_ASSERT_FALSE(request_connect(old, &r));
}

static void
a_null_path_does_not_parse_where_one_is_needed(void)
{
    struct watched_request w;
    struct bytes path;
    int32_t mode;

    CU_ASSERT_FALSE(request_watched(BYTES("\377\377\377\377\1"), &w));
    CU_ASSERT_FALSE(
        request_path_number(BYTES("\377\377\377\377\0\0\0\1"), &path, &mode));
    CU_ASSERT_TRUE(request_path(BYTES("\377\377\377\377"), &path));
    CU_ASSERT_EQUAL(path.size, -1);
}

static void
auth_and_sasl_carry_what_they_say(void)
{
    struct bytes auth = BYTES("\0\0\0\0\0\0\0\6digest\0\0\0\3a:b");
    struct auth_request r;
    struct bytes token;

    CU_ASSERT_TRUE(request_auth(auth, &r));
    CU_ASSERT_TRUE(bytes_are(r.scheme, "digest"));
    CU_ASSERT_TRUE(bytes_are(r.auth, "a:b"));
    auth.size--;
    CU_ASSERT_FALSE(request_auth(auth, &r));
    CU_ASSERT_TRUE(request_sasl(BYTES("\0\0\0\0"), &token));
    CU_ASSERT_FALSE(request_sasl(BYTES("\377\377\377\377"), &token));
}

static void
a_watch_flag_is_any_byte_but_zero(void)
{
    struct watched_request w;

    CU_ASSERT_TRUE(request_watched(BYTES("\0\0\0\2/a\7"), &w));
    CU_ASSERT_TRUE(w.watch);
    CU_ASSERT_TRUE(bytes_are(w.path, "/a"));
    CU_ASSERT_FALSE(request_watched(BYTES("\0\0\0\2/a"), &w));
}

static void
set_watches_walks_its_lists_in_order(void)
{
    struct bytes body = BYTES("\0\0\0\0\0\0\0\5"  /* relative zxid */
                              "\0\0\0\1\0\0\0\1a" /* data */
                              "\0\0\0\0"          /* exist */
                              "\0\0\0\2\0\0\0\1b\0\0\0\1c");
    struct set_watches s;
    enum watch_list list;
    struct bytes path;

    CU_ASSERT_TRUE(request_set_watches(body, ZK_OP_SET_WATCHES, &s));
    CU_ASSERT_EQUAL(s.relative, 5);
    CU_ASSERT_TRUE(request_set_watches_next(&s, &list, &path));
    CU_ASSERT_EQUAL(list, LIST_DATA);
    CU_ASSERT_TRUE(request_set_watches_next(&s, &list, &path));
    CU_ASSERT_EQUAL(list, LIST_CHILD);
    CU_ASSERT_TRUE(request_set_watches_next(&s, &list, &path));
    CU_ASSERT_TRUE(bytes_are(path, "c"));
    CU_ASSERT_FALSE(request_set_watches_next(&s, &list, &path));
}

static void
set_watches_needs_all_its_lists(void)
{
    struct bytes three = BYTES("\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0\0\0\0\0\0");
    struct bytes null = BYTES("\0\0\0\0\0\0\0\5\0\0\0\0\377\377\377\377"
                              "\0\0\0\0");
    struct set_watches s;

    CU_ASSERT_TRUE(request_set_watches(three, ZK_OP_SET_WATCHES, &s));
    CU_ASSERT_FALSE(request_set_watches(three, ZK_OP_SET_WATCHES2, &s));
    CU_ASSERT_FALSE(request_set_watches(null, ZK_OP_SET_WATCHES, &s));
}

static void
multi_read_takes_reads_only(void)
{
    struct bytes get = BYTES("\0\0\0\4\0\377\377\377\377\0\0\0\2/a\0"
                             "\0\0\0\10\0\377\377\377\377\0\0\0\0\1"
                             "\377\377\377\377\1\377\377\377\377");
    struct bytes exists = BYTES("\0\0\0\3\0\377\377\377\377\0\0\0\2/a\0"
                                "\377\377\377\377\1\377\377\377\377");
    struct multi_read m;
    struct bytes path;
    int32_t op;

    CU_ASSERT_TRUE(request_multi_read(get, &m));
    CU_ASSERT_TRUE(request_multi_read_next(&m, &op, &path));
    CU_ASSERT_EQUAL(op, ZK_OP_GET_DATA);
    CU_ASSERT_TRUE(bytes_are(path, "/a"));
    CU_ASSERT_TRUE(request_multi_read_next(&m, &op, &path));
    CU_ASSERT_EQUAL(op, ZK_OP_GET_CHILDREN);
    CU_ASSERT_EQUAL(path.size, 0); /* for the read to refuse */
    CU_ASSERT_FALSE(request_multi_read_next(&m, &op, &path));
    CU_ASSERT_FALSE(request_multi_read(exists, &m));
    get.size -= 9; /* no end marker */
    CU_ASSERT_FALSE(request_multi_read(get, &m));
}

UNIT_SUITE(request)
{
    unit_suite("request");
    UNIT(a_header_is_eight_bytes);
    UNIT(internal_operations_are_unknown_to_clients);
    UNIT(a_connect_request_has_a_last_byte_or_not);
    UNIT(a_null_path_does_not_parse_where_one_is_needed);
    UNIT(auth_and_sasl_carry_what_they_say);
    UNIT(a_watch_flag_is_any_byte_but_zero);
    UNIT(set_watches_walks_its_lists_in_order);
    UNIT(set_watches_needs_all_its_lists);
    UNIT(multi_read_takes_reads_only);
}
