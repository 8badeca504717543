/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about daemon/conf/conf_props.c: java.util.Properties, as it is. */
#include "daemon/conf/conf_props.h"

#include <errno.h>
#include <stdlib.h>

#include "tests/unit/unit.h"

static struct props props;
static struct prop entry;

static int
first_of(const char *text)
{
    props_init(&props, bytes_of(text));
    return props_next(&props, &entry);
}

static bool
reads(const char *text, const char *key, const char *value)
{
    return first_of(text) == 1 && strcmp(entry.key, key) == 0 &&
           strcmp(entry.value, value) == 0;
}

static void
the_separator_is_the_first_equals_colon_or_blank(void)
{
    CU_ASSERT_TRUE(reads("a=b", "a", "b"));
    CU_ASSERT_TRUE(reads("a:b", "a", "b"));
    CU_ASSERT_TRUE(reads("a b", "a", "b"));
    CU_ASSERT_TRUE(reads("  a \t = \f b=c", "a", "b=c"));
    CU_ASSERT_TRUE(reads("a = = b", "a", "= b"));
    CU_ASSERT_TRUE(reads("a : : b", "a", ": b"));
    CU_ASSERT_TRUE(reads("server.1=h:1:2", "server.1", "h:1:2"));
}

static void
a_key_may_have_no_value_and_a_value_no_key(void)
{
    CU_ASSERT_TRUE(reads("a", "a", ""));
    CU_ASSERT_TRUE(reads("a=", "a", ""));
    CU_ASSERT_TRUE(reads("=b", "", "b"));
}

static void
values_are_trimmed_at_both_ends(void)
{
    CU_ASSERT_TRUE(reads("a= b \t\n", "a", "b"));
    CU_ASSERT_TRUE(reads("a=b\\ ", "a", "b"));
    CU_ASSERT_TRUE(reads("a=\\ \\tb c", "a", "b c"));
    CU_ASSERT_TRUE(reads("a=\\ b\\ \\ ", "a", "b"));
}

static void
comments_and_blank_lines_are_skipped_and_counted(void)
{
    CU_ASSERT_TRUE(reads("# x\\\n! y\n\n \t\n  a=b", "a", "b"));
    CU_ASSERT_EQUAL(entry.line, 5);
}

static void
all_three_line_ends_count_one_line(void)
{
    CU_ASSERT_TRUE(reads("#1\r\n#2\r#3\na=b\r\nc=d", "a", "b"));
    CU_ASSERT_EQUAL(entry.line, 4);
    CU_ASSERT_EQUAL(props_next(&props, &entry), 1);
    CU_ASSERT_STRING_EQUAL(entry.key, "c");
    CU_ASSERT_EQUAL(entry.line, 5);
    CU_ASSERT_EQUAL(props_next(&props, &entry), 0);
}

static void
a_backslash_joins_lines_and_drops_the_next_ones_blanks(void)
{
    CU_ASSERT_TRUE(reads("a=b,\\\n   c,\\\r\n\td\ne=f", "a", "b,c,d"));
    CU_ASSERT_EQUAL(props_next(&props, &entry), 1);
    CU_ASSERT_EQUAL(entry.line, 4);
}

static void
two_backslashes_at_the_end_join_nothing(void)
{
    CU_ASSERT_TRUE(reads("a=b\\\\\nc=d", "a", "b\\"));
}

static void
a_joined_line_is_no_comment_once_the_entry_has_begun(void)
{
    CU_ASSERT_TRUE(reads("a=b\\\n#c", "a", "b#c"));
    CU_ASSERT_TRUE(reads("\\\n#c\na=b", "a", "b"));
}

static void
a_blank_joined_line_ends_the_entry(void)
{
    CU_ASSERT_TRUE(reads("a=b\\\n\nc=d", "a", "b"));
    CU_ASSERT_EQUAL(props_next(&props, &entry), 1);
    CU_ASSERT_STRING_EQUAL(entry.key, "c");
}

static void
a_last_backslash_is_dropped(void)
{
    CU_ASSERT_TRUE(reads("a=b\\", "a", "b"));
    CU_ASSERT_EQUAL(first_of("\\"), 0);
}

static void
escapes_are_resolved(void)
{
    CU_ASSERT_TRUE(reads("a\\=b\\:c\\ d=\\q\\\\x", "a=b:c d", "q\\x"));
    CU_ASSERT_TRUE(reads("a=x\\ty\\nz", "a", "x\ty\nz"));
    CU_ASSERT_TRUE(reads("a=x\\ry\\fz", "a", "x\ry\fz"));
    CU_ASSERT_TRUE(reads("\\#a=b", "#a", "b"));
    CU_ASSERT_TRUE(
        reads("a=\\u0041\\u00e9\\u20AC", "a", "A\xc3\xa9\xe2\x82\xac"));
    CU_ASSERT_TRUE(reads("a=\\ud83d\\ude00", "a", "\xf0\x9f\x98\x80"));
}

static void
bad_escapes_are_told_with_their_line_and_stepped_over(void)
{
    CU_ASSERT_EQUAL(first_of("\na=\\u12g4\nb=c"), -EILSEQ);
    CU_ASSERT_EQUAL(entry.line, 2);
    CU_ASSERT_EQUAL(props_next(&props, &entry), 1);
    CU_ASSERT_STRING_EQUAL(entry.key, "b");
    CU_ASSERT_EQUAL(first_of("a=\\u00"), -EILSEQ);
    CU_ASSERT_EQUAL(first_of("a\\u00=b"), -EILSEQ);
    CU_ASSERT_EQUAL(first_of("a\\u0000=b"), -EILSEQ);
    CU_ASSERT_EQUAL(first_of("a=\\u0000"), -EILSEQ);
    CU_ASSERT_EQUAL(first_of("a=\\ud83dx"), -EILSEQ);
    CU_ASSERT_EQUAL(first_of("a=\\ude00"), -EILSEQ);
}

static void
a_zero_byte_is_refused(void)
{
    const uint8_t text[] = {'a', '=', 0, 'b'};

    props_init(&props, (struct bytes){text, sizeof text});
    CU_ASSERT_EQUAL(props_next(&props, &entry), -EILSEQ);
}

static void
utf8_stays_and_other_bytes_are_latin1(void)
{
    CU_ASSERT_TRUE(reads("a=\xc3\xa9", "a", "\xc3\xa9"));
    CU_ASSERT_TRUE(reads("a=\xe0\xa0\x80", "a", "\xe0\xa0\x80"));
    CU_ASSERT_TRUE(reads("a=\xe9", "a", "\xc3\xa9"));
    CU_ASSERT_TRUE(reads("a=\x80", "a", "\xc2\x80"));
    CU_ASSERT_TRUE(reads("a=\xc3\xa9\xe9", "a", "\xc3\x83\xc2\xa9\xc3\xa9"));
    CU_ASSERT_TRUE(reads("a=\xf0\x9f\x98\x80", "a", "\xf0\x9f\x98\x80"));
}

/* Else the first key is another, or the first comment one. */
static void
a_byte_order_mark_is_stepped_over(void)
{
    CU_ASSERT_TRUE(reads("\xef\xbb\xbf"
                         "a=b\r\n",
                         "a", "b"));
    CU_ASSERT_EQUAL(entry.line, 1);
    CU_ASSERT_TRUE(reads("\xef\xbb\xbf# x\na=b", "a", "b"));
    CU_ASSERT_EQUAL(first_of("\xef\xbb\xbf"), 0);
}

static void
what_is_too_long_is_told_and_stepped_over(void)
{
    char text[PROP_VALUE_MAX + 64] = "a=";

    memset(text + 2, 'x', PROP_VALUE_MAX);
    strcpy(text + 2 + PROP_VALUE_MAX, "\nb=c");
    CU_ASSERT_EQUAL(first_of(text), -E2BIG);
    CU_ASSERT_EQUAL(props_next(&props, &entry), 1);
    CU_ASSERT_STRING_EQUAL(entry.value, "c");
    text[1 + PROP_VALUE_MAX] = '\n'; /* one less fits */
    CU_ASSERT_EQUAL(first_of(text), 1);
    text[1] = 'x'; /* and that is a key now */
    CU_ASSERT_EQUAL(first_of(text), -E2BIG);
}

/* Every prefix and every one-byte change ends, and within the text. */
static void
any_bytes_end(void)
{
    static const char seed[] = "a\\=b\\\n \\u00e9:\\\r\n!#x\\\\\n=\xc3\xa9\\";
    uint8_t *copy;

    for (size_t n = 0; n <= sizeof seed; n++)
        for (int byte = 0; byte < 256; byte++) {
            int entries = 0;

            copy = malloc(n + 1); /* exact, for the address sanitizer */
            memcpy(copy, seed, n);
            if (n > 0)
                copy[n / 2] = (uint8_t)byte;
            props_init(&props, (struct bytes){copy, (int32_t)n});
            while (props_next(&props, &entry) != 0)
                CU_ASSERT_FATAL(++entries <= (int)n);
            free(copy);
        }
}

UNIT_SUITE(conf_props)
{
    unit_suite("conf_props");
    UNIT(the_separator_is_the_first_equals_colon_or_blank);
    UNIT(a_key_may_have_no_value_and_a_value_no_key);
    UNIT(values_are_trimmed_at_both_ends);
    UNIT(comments_and_blank_lines_are_skipped_and_counted);
    UNIT(all_three_line_ends_count_one_line);
    UNIT(a_backslash_joins_lines_and_drops_the_next_ones_blanks);
    UNIT(two_backslashes_at_the_end_join_nothing);
    UNIT(a_joined_line_is_no_comment_once_the_entry_has_begun);
    UNIT(a_blank_joined_line_ends_the_entry);
    UNIT(a_last_backslash_is_dropped);
    UNIT(escapes_are_resolved);
    UNIT(bad_escapes_are_told_with_their_line_and_stepped_over);
    UNIT(a_zero_byte_is_refused);
    UNIT(utf8_stays_and_other_bytes_are_latin1);
    UNIT(a_byte_order_mark_is_stepped_over);
    UNIT(what_is_too_long_is_told_and_stepped_over);
    UNIT(any_bytes_end);
}
