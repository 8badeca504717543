/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about tools/bench/bench_frame.c.  The bytes are the vectors of
 * spec/client-protocol.md 15.
 */
#include "tools/bench/bench_frame.h"

#include "daemon/zk.h"
#include "tests/unit/unit.h"

static uint8_t buffer[256];
static struct jute_out out;

static void
given_room_for(size_t size)
{
    memset(buffer, 0xee, sizeof buffer);
    out = jute_out_of(buffer, size);
}

/* Does `out` hold exactly these bytes, written in hex? */
static bool
holds(const char *hex)
{
    size_t size = jute_out_size(&out);

    for (size_t i = 0; i < size; i++) {
        char byte[3];

        snprintf(byte, sizeof byte, "%02x", buffer[i]);
        if (strncmp(hex + 2 * i, byte, 2) != 0)
            return false;
    }
    return !out.bad && strlen(hex) == 2 * size;
}

static void
connect_asks_for_a_new_session(void)
{
    given_room_for(sizeof buffer);
    bench_put_connect(&out, 10000);
    CU_ASSERT_TRUE(holds("0000002d0000000000000000000000000000271000000000"
                         "000000000000001000000000000000000000000000000000"
                         "00"));
}

static void
create_carries_the_open_acl(void)
{
    size_t at;

    given_room_for(sizeof buffer);
    at = bench_begin(&out, 1, ZK_OP_CREATE);
    bench_put_create(&out, bytes_of("/a"), bytes_of("hi"), ZK_PERSISTENT);
    bench_end(&out, at);
    CU_ASSERT_TRUE(holds("000000330000000100000001000000022f61000000026869"
                         "000000010000001f00000005776f726c64"
                         "00000006616e796f6e6500000000"));
}

static void
a_multi_has_headers_between_and_an_end(void)
{
    size_t at;

    given_room_for(sizeof buffer);
    at = bench_begin(&out, 2, ZK_OP_MULTI);
    bench_put_multi_header(&out, ZK_OP_DELETE);
    bench_put_delete(&out, bytes_of("/a"));
    bench_put_multi_header(&out, -1);
    bench_end(&out, at);
    CU_ASSERT_TRUE(holds("00000024000000020000000e0000000200ffffffff00000002"
                         "2f61ffffffffffffffff01ffffffff"));
}

static void
what_does_not_fit_is_bad(void)
{
    size_t at;

    given_room_for(14);
    at = bench_begin(&out, 1, ZK_OP_GET_DATA);
    bench_put_read(&out, bytes_of("/a"), false);
    bench_end(&out, at);
    CU_ASSERT_TRUE(out.bad);
    CU_ASSERT_EQUAL(buffer[14], 0xee);
}

static void
a_frame_is_cut_only_when_whole(void)
{
    const uint8_t data[] = {0, 0, 0, 2, 'a', 'b', 0};
    struct bytes frame;

    CU_ASSERT_EQUAL(bench_frame_cut(data, 3, &frame), 0);
    CU_ASSERT_EQUAL(bench_frame_cut(data, 5, &frame), 0);
    CU_ASSERT_EQUAL(bench_frame_cut(data, 7, &frame), 6);
    CU_ASSERT_TRUE(bytes_are(frame, "ab"));
}

static void
a_negative_length_is_an_error(void)
{
    const uint8_t data[] = {0xff, 0xff, 0xff, 0xff};
    struct bytes frame;

    CU_ASSERT_EQUAL(bench_frame_cut(data, 4, &frame), -1);
}

static void
a_short_reply_is_refused(void)
{
    const uint8_t data[16] = {[3] = 7, [11] = 9, [12] = 0xff, 0xff, 0xff, 0x9b};
    struct bench_reply reply;

    CU_ASSERT_FALSE(bench_read_reply((struct bytes){data, 15}, &reply));
    CU_ASSERT_TRUE(bench_read_reply((struct bytes){data, 16}, &reply));
    CU_ASSERT_EQUAL(reply.xid, 7);
    CU_ASSERT_EQUAL(reply.zxid, 9);
    CU_ASSERT_EQUAL(reply.code, ZK_NO_NODE);
}

static void
a_grant_tells_timeout_and_session(void)
{
    const uint8_t data[37] = {[7] = 5, [15] = 3, [19] = 16};
    struct bench_grant grant;

    CU_ASSERT_TRUE(bench_read_grant((struct bytes){data, 37}, &grant));
    CU_ASSERT_EQUAL(grant.timeout_ms, 5);
    CU_ASSERT_EQUAL(grant.session_id, 3);
    CU_ASSERT_FALSE(bench_read_grant((struct bytes){data, 12}, &grant));
}

static void
a_failed_multi_names_its_culprit(void)
{
    given_room_for(sizeof buffer);
    for (int i = 0; i < 3; i++) {
        static const int32_t codes[] = {ZK_OK, ZK_NO_NODE,
                                        ZK_RUNTIME_INCONSISTENCY};

        jute_put_i32(&out, -1);
        jute_put_bool(&out, false);
        jute_put_i32(&out, codes[i]);
        jute_put_i32(&out, codes[i]);
    }
    bench_put_multi_header(&out, -1);
    CU_ASSERT_EQUAL(bench_multi_code(jute_in_of(buffer, jute_out_size(&out))),
                    ZK_NO_NODE);
}

static void
a_good_or_empty_multi_has_no_culprit(void)
{
    given_room_for(sizeof buffer);
    bench_put_multi_header(&out, -1);
    CU_ASSERT_EQUAL(bench_multi_code(jute_in_of(buffer, jute_out_size(&out))),
                    0);
    given_room_for(sizeof buffer);
    bench_put_multi_header(&out, ZK_OP_DELETE);
    bench_put_multi_header(&out, -1);
    CU_ASSERT_EQUAL(bench_multi_code(jute_in_of(buffer, jute_out_size(&out))),
                    0);
}

UNIT_SUITE(bench_frame)
{
    unit_suite("bench_frame");
    UNIT(connect_asks_for_a_new_session);
    UNIT(create_carries_the_open_acl);
    UNIT(a_multi_has_headers_between_and_an_end);
    UNIT(what_does_not_fit_is_bad);
    UNIT(a_frame_is_cut_only_when_whole);
    UNIT(a_negative_length_is_an_error);
    UNIT(a_short_reply_is_refused);
    UNIT(a_grant_tells_timeout_and_session);
    UNIT(a_failed_multi_names_its_culprit);
    UNIT(a_good_or_empty_multi_has_no_culprit);
}
