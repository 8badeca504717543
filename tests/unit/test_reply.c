/* SPDX-License-Identifier: Apache-2.0 */
/* test_reply.c - claims about replies, byte by byte (protocol sheet, 15). */
#include "net/wire/reply.h"

#include "tests/unit/unit.h"

static uint8_t buffer[1024];
static struct jute_out out;

static void
fresh(void)
{
    out = jute_out_of(buffer, sizeof buffer);
}

static bool
wrote(const char *bytes, size_t size)
{
    return !out.bad && jute_out_size(&out) == size &&
           memcmp(buffer, bytes, size) == 0;
}

#define WROTE(bytes) CU_ASSERT_TRUE(wrote(bytes, sizeof(bytes) - 1))

static void
a_ping_is_answered_with_a_header(void)
{
    fresh();
    reply_put(&out, -2, 5, 0);
    WROTE("\0\0\0\20\377\377\377\376\0\0\0\0\0\0\0\5\0\0\0\0");
}

static void
an_event_has_xid_and_zxid_minus_one(void)
{
    fresh();
    reply_put_event(&out, ZK_EVENT_CREATED, bytes_of("/a"));
    WROTE("\0\0\0\36\377\377\377\377\377\377\377\377\377\377\377\377\0\0\0\0"
          "\0\0\0\1\0\0\0\3\0\0\0\2/a");
}

static void
a_refusal_is_all_zero(void)
{
    static const char zeros[4 + 37];

    fresh();
    reply_put_connect(&out, 0, 4000, true, false);
    CU_ASSERT_EQUAL(jute_out_size(&out), sizeof zeros);
    CU_ASSERT_EQUAL(memcmp(buffer + 4, zeros, 16), 0);
    CU_ASSERT_EQUAL(load_be32(buffer + 20), 16);
    CU_ASSERT_EQUAL(memcmp(buffer + 24, zeros, 17), 0);
}

static void
an_acceptance_gives_the_password(void)
{
    fresh();
    reply_put_connect(&out, 0x1000019e8460000, 10000, false, true);
    WROTE("\0\0\0\44\0\0\0\0\0\0\x27\x10\x01\x00\x00\x19\xe8\x46\0\0\0\0\0\x10"
          "\x58\x31\x92\x31\x05\x44\x49\x0d\xf6\x3f\xeb\x2d\x56\x88\x0b\xc9");
}

/* A transaction of `type` with `body`, as the ring has it. */
static struct txn
given(int32_t type, const char *body, size_t size)
{
    static uint8_t bytes[256];
    struct jute_out o = jute_out_of(bytes, sizeof bytes);
    struct txn_header h = {.session = 1, .cxid = 1, .zxid = 7, .type = type};
    struct txn t;

    txn_put_header(&o, &h);
    jute_put_raw(&o, body, size);
    CU_ASSERT_EQUAL(
        txn_open(&t, (struct bytes){bytes, (int32_t)jute_out_size(&o)}), 0);
    return t;
}

static const char create_body[] =
    "\0\0\0\2/"
    "a\0\0\0\2hi\0\0\0\1\0\0\0\37\0\0\0\5world\0\0\0\6anyone\0\0\0\0\1";

static void
a_create_answers_with_its_path(void)
{
    struct txn t = given(ZK_OP_CREATE, create_body, sizeof create_body - 1);
    struct outcome o = {.err = ZK_OK};

    fresh();
    reply_put_write(&out, 1, ZK_OP_CREATE, &t, &o, NULL);
    WROTE("\0\0\0\26\0\0\0\1\0\0\0\0\0\0\0\7\0\0\0\0\0\0\0\2/a");
}

static void
a_create2_answers_with_a_stat_too(void)
{
    struct txn t = given(ZK_OP_CREATE2, create_body, sizeof create_body - 1);
    struct outcome o = {.stat.czxid = 7};

    fresh();
    reply_put_write(&out, 1, ZK_OP_CREATE2, &t, &o, NULL);
    CU_ASSERT_EQUAL(jute_out_size(&out), 4 + 16 + 6 + ZK_STAT_BYTES);
    CU_ASSERT_EQUAL(load_be64(buffer + 26), 7);
}

static void
an_error_has_no_body(void)
{
    struct txn t = given(ZK_OP_ERROR, "\377\377\377\233", 4);
    struct outcome o = {0};

    fresh();
    reply_put_write(&out, 1, ZK_OP_SET_DATA, &t, &o, NULL);
    WROTE("\0\0\0\20\0\0\0\1\0\0\0\0\0\0\0\7\377\377\377\233");
}

static void
an_empty_multi_is_its_end(void)
{
    struct txn t = given(ZK_OP_MULTI, "\0\0\0\0", 4);

    fresh();
    reply_put_write(&out, 1, ZK_OP_MULTI, &t, NULL, NULL);
    WROTE("\0\0\0\31\0\0\0\1\0\0\0\0\0\0\0\7\0\0\0\0"
          "\377\377\377\377\1\377\377\377\377");
}

/* Every create but the plain one answers as create2, with a Stat. */
static void
a_multi_has_one_result_for_each_operation(void)
{
    static const char body[] = "\0\0\0\3"
                               "\0\0\0\1\0\0\0\52\0\0\0\2/a\0\0\0\0"
                               "\0\0\0\1\0\0\0\37\0\0\0\5world\0\0\0\6anyone"
                               "\0\0\0\0\1"
                               "\0\0\0\23\0\0\0\51\0\0\0\2/c\0\0\0\0"
                               "\0\0\0\1\0\0\0\37\0\0\0\5world\0\0\0\6anyone"
                               "\0\0\0\1"
                               "\0\0\0\2\0\0\0\6\0\0\0\2/a";
    struct txn t = given(ZK_OP_MULTI, body, sizeof body - 1);
    struct outcome o[3] = {{0}};
    int32_t ops[3] = {ZK_OP_CREATE, ZK_OP_CREATE_CONTAINER, ZK_OP_DELETE};

    fresh();
    reply_put_write(&out, 1, ZK_OP_MULTI, &t, o, ops);
    CU_ASSERT_EQUAL(jute_out_size(&out),
                    20 + 9 + 6 + 9 + 6 + ZK_STAT_BYTES + 9 + 9);
    CU_ASSERT_EQUAL(load_be32(buffer + 20), ZK_OP_CREATE);
    CU_ASSERT_EQUAL(load_be32(buffer + 35), ZK_OP_CREATE2);
    CU_ASSERT_EQUAL(load_be32(buffer + 50 + ZK_STAT_BYTES), ZK_OP_DELETE);
    CU_ASSERT_TRUE(jute_out_size(&out) <= reply_write_bytes(&t, 3));
}

static void
a_failed_multi_has_one_error_for_each_operation(void)
{
    static const char body[] = "\0\0\0\3"
                               "\377\377\377\377\0\0\0\4\0\0\0\0"
                               "\377\377\377\377\0\0\0\4\377\377\377\233"
                               "\377\377\377\377\0\0\0\4\377\377\377\376";
    struct txn t = given(ZK_OP_MULTI, body, sizeof body - 1);
    struct outcome o[3] = {{0}};
    int32_t ops[3] = {ZK_OP_CHECK, ZK_OP_DELETE, ZK_OP_CREATE};

    fresh();
    reply_put_write(&out, 1, ZK_OP_MULTI, &t, o, ops);
    WROTE("\0\0\0\100\0\0\0\1\0\0\0\0\0\0\0\7\0\0\0\0"
          "\377\377\377\377\0\0\0\0\0\0\0\0\0"
          "\377\377\377\377\0\377\377\377\233\377\377\377\233"
          "\377\377\377\377\0\377\377\377\376\377\377\377\376"
          "\377\377\377\377\1\377\377\377\377");
}

static void
what_does_not_fit_is_bad(void)
{
    out = jute_out_of(buffer, 19);
    reply_put(&out, 1, 1, 0);
    CU_ASSERT_TRUE(out.bad);
}

UNIT_SUITE(reply)
{
    unit_suite("reply");
    UNIT(a_ping_is_answered_with_a_header);
    UNIT(an_event_has_xid_and_zxid_minus_one);
    UNIT(a_refusal_is_all_zero);
    UNIT(an_acceptance_gives_the_password);
    UNIT(a_create_answers_with_its_path);
    UNIT(a_create2_answers_with_a_stat_too);
    UNIT(an_error_has_no_body);
    UNIT(an_empty_multi_is_its_end);
    UNIT(a_multi_has_one_result_for_each_operation);
    UNIT(a_failed_multi_has_one_error_for_each_operation);
    UNIT(what_does_not_fit_is_bad);
}
