/* SPDX-License-Identifier: Apache-2.0 */
/* test_frame.c - claims about where a message begins and ends. */
#include "net/wire/frame.h"

#include "tests/unit/unit.h"

static struct frame frame;

static enum frame_result
next(const char *bytes, size_t size)
{
    return frame_next((const uint8_t *)bytes, size, 100, &frame);
}

static void
a_whole_message_is_its_bytes_after_the_length(void)
{
    CU_ASSERT_EQUAL(next("\0\0\0\3abcdef", 10), FRAME_WHOLE);
    CU_ASSERT_EQUAL(frame.want, 7);
    CU_ASSERT_TRUE(bytes_are(frame.body, "abc"));
}

static void
an_empty_message_is_whole(void)
{
    CU_ASSERT_EQUAL(next("\0\0\0\0", 4), FRAME_WHOLE);
    CU_ASSERT_EQUAL(frame.body.size, 0);
}

static void
a_part_says_how_much_it_wants(void)
{
    CU_ASSERT_EQUAL(next("\0\0", 2), FRAME_PARTIAL);
    CU_ASSERT_EQUAL(frame.want, 4);
    CU_ASSERT_EQUAL(next("\0\0\0\3ab", 6), FRAME_PARTIAL);
    CU_ASSERT_EQUAL(frame.want, 7);
}

static void
exactly_the_limit_is_allowed(void)
{
    CU_ASSERT_EQUAL(next("\0\0\0\144", 4), FRAME_PARTIAL);
    CU_ASSERT_EQUAL(next("\0\0\0\145", 4), FRAME_BAD);
    CU_ASSERT_EQUAL(frame.length, 101);
}

static void
a_negative_length_is_bad(void)
{
    CU_ASSERT_EQUAL(next("\377\377\377\377", 4), FRAME_BAD);
    CU_ASSERT_EQUAL(frame.length, -1);
}

static void
a_written_message_is_read_again(void)
{
    uint8_t bytes[16];
    struct jute_out out = jute_out_of(bytes, sizeof bytes);
    size_t at = frame_begin(&out);

    jute_put_raw(&out, "hello", 5);
    frame_end(&out, at);
    CU_ASSERT_EQUAL(frame_next(bytes, jute_out_size(&out), 100, &frame),
                    FRAME_WHOLE);
    CU_ASSERT_TRUE(bytes_are(frame.body, "hello"));
}

UNIT_SUITE(frame)
{
    unit_suite("frame");
    UNIT(a_whole_message_is_its_bytes_after_the_length);
    UNIT(an_empty_message_is_whole);
    UNIT(a_part_says_how_much_it_wants);
    UNIT(exactly_the_limit_is_allowed);
    UNIT(a_negative_length_is_bad);
    UNIT(a_written_message_is_read_again);
}
