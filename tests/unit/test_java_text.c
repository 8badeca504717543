/* SPDX-License-Identifier: Apache-2.0 */
/* test_java_text.c - claims about net/wire/java_text.c. */
#include "net/wire/java_text.h"
#include "tests/unit/unit.h"

#define NO "\xef\xbf\xbd"

static bool
reads(const char *from, const char *want)
{
    uint8_t to[256];
    size_t size = java_text(bytes_of(from), to);

    return size == strlen(want) && memcmp(to, want, size) == 0;
}

static void
text_stays_as_it_is(void)
{
    static const char *const good[] = {
        "",
        "plain",
        "\xc3\xa9",
        "\xe2\x82\xac",
        "\xf0\x9f\x98\x80",
        "\xed\x9f\xbf",
        "\xf4\x8f\xbf\xbf",
    };

    for (size_t i = 0; i < ARRAY_COUNT(good); i++)
        CU_ASSERT_TRUE(reads(good[i], good[i]));
}

/* Each value was asked of a Java 17: new String(bytes, UTF_8). */
static void
what_is_none_becomes_the_replacement_character(void)
{
    CU_ASSERT_TRUE(reads("\xff\xfe", NO NO));
    CU_ASSERT_TRUE(reads("a\x80z", "a" NO "z"));
    CU_ASSERT_TRUE(reads("\xc0\x80", NO NO));
    CU_ASSERT_TRUE(reads("\xe2\x82", NO));
    CU_ASSERT_TRUE(reads("\xe2\x82z", NO "z"));
    CU_ASSERT_TRUE(reads("\xe0\x80\x80", NO NO NO));
    CU_ASSERT_TRUE(reads("\xed\xa0\x80", NO));
    CU_ASSERT_TRUE(reads("\xed\xa0", NO));
    CU_ASSERT_TRUE(reads("\xed\xbf", NO));
    CU_ASSERT_TRUE(reads("\xf0\x9f\x98", NO));
    CU_ASSERT_TRUE(reads("\xf0\x80\x80", NO NO NO));
    CU_ASSERT_TRUE(reads("\xf4\x90\x80\x80", NO NO NO NO));
}

UNIT_SUITE(java_text)
{
    unit_suite("java_text");
    UNIT(text_stays_as_it_is);
    UNIT(what_is_none_becomes_the_replacement_character);
}
