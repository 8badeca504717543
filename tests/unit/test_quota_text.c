/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about storage/tree/quota_text.c. */
#include "storage/tree/quota_text.h"

#include "tests/unit/unit.h"

static struct quota_text
parsed(const char *text)
{
    struct quota_text q;

    quota_parse(bytes_of(text), &q);
    return q;
}

static bool
prints(struct quota_text q, const char *expected)
{
    char text[QUOTA_TEXT_MAX];
    size_t size = quota_print(&q, text);

    return bytes_are((struct bytes){(uint8_t *)text, (int32_t)size}, expected);
}

static void
the_text_of_apache_is_understood(void)
{
    struct quota_text q =
        parsed("count=3,bytes=100=;byteHardLimit=20;countHardLimit=4");

    CU_ASSERT_EQUAL(q.count, 3);
    CU_ASSERT_EQUAL(q.bytes, 100);
    CU_ASSERT_EQUAL(q.bytes_hard, 20);
    CU_ASSERT_EQUAL(q.count_hard, 4);
    CU_ASSERT_EQUAL(parsed("bytes=-1,count=5").count, 5);
    CU_ASSERT_EQUAL(parsed("count=").count, -1);
    CU_ASSERT_EQUAL(parsed("count=5,other=1").count, 5);
    CU_ASSERT_EQUAL(parsed("").bytes, -1);
    CU_ASSERT_EQUAL(parsed("count=9223372036854775807").count, INT64_MAX);
    CU_ASSERT_EQUAL(parsed("count=-9223372036854775808").count, INT64_MIN);
}

static void
what_is_no_quota_is_no_limit(void)
{
    static const char *const wrong[] = {
        "count",   "count=x",    "count=1,bytes=2x",
        "count=-", "count=1;;x", "count=9223372036854775808"};
    struct quota_text q;

    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        CU_ASSERT_FALSE(quota_parse(bytes_of(wrong[i]), &q));
        CU_ASSERT_EQUAL(q.count, -1);
        CU_ASSERT_EQUAL(q.bytes, -1);
    }
    CU_ASSERT_TRUE(quota_parse(BYTES_NULL, &q));
}

static void
it_prints_as_java_does(void)
{
    CU_ASSERT_TRUE(
        prints((struct quota_text){3, 100, -1, -1}, "count=3,bytes=100"));
    CU_ASSERT_TRUE(
        prints((struct quota_text){3, 100, 4, 20},
               "count=3,bytes=100=;byteHardLimit=20;countHardLimit=4"));
    CU_ASSERT_TRUE(prints((struct quota_text){-1, 0, 4, -1},
                          "count=-1,bytes=0=;countHardLimit=4"));
    CU_ASSERT_TRUE(
        prints((struct quota_text){INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN},
               "count=-9223372036854775808,"
               "bytes=-9223372036854775808="
               ";byteHardLimit=-9223372036854775808"
               ";countHardLimit=-9223372036854775808"));
}

UNIT_SUITE(quota_text)
{
    unit_suite("quota_text");
    UNIT(the_text_of_apache_is_understood);
    UNIT(what_is_no_quota_is_no_limit);
    UNIT(it_prints_as_java_does);
}
