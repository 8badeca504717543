/* SPDX-License-Identifier: Apache-2.0 */
/* test_word.c - claims about daemon/word.h. */
#include "daemon/word.h"

#include "tests/unit/unit.h"

/* Eight bytes of `other` but for one. */
static uint64_t
one_among(uint8_t byte, size_t at, uint8_t other)
{
    uint8_t text[WORD_BYTES];

    memset(text, other, sizeof text);
    text[at] = byte;
    return word_at(text);
}

static void
a_byte_is_found_wherever_it_stands(void)
{
    for (int byte = 0; byte < 256; byte++)
        for (size_t at = 0; at < WORD_BYTES; at++) {
            uint8_t b = (uint8_t)byte, other = (uint8_t)~b;
            uint64_t word = one_among(b, at, other);

            CU_ASSERT_EQUAL(word_first(word_equal(word, b)), at);
            CU_ASSERT_EQUAL(word_equal(word, b ^ 1), 0);
        }
}

static void
bytes_below_a_limit_are_found_and_no_others(void)
{
    for (int byte = 0; byte < 256; byte++)
        for (size_t at = 0; at < WORD_BYTES; at++) {
            uint64_t mask = word_below(one_among((uint8_t)byte, at, 'a'), 0x20);

            CU_ASSERT_EQUAL(mask != 0, byte < 0x20);
            if (mask)
                CU_ASSERT_EQUAL(word_first(mask), at);
        }
}

static void
the_first_of_two_is_the_one_found(void)
{
    CU_ASSERT_EQUAL(
        word_first(word_equal(word_at((const uint8_t *)"a//..../"), '/')), 1);
}

static void
a_mask_counts_its_bytes(void)
{
    CU_ASSERT_EQUAL(word_count(0), 0);
    CU_ASSERT_EQUAL(word_count(WORD_OF(0x80)), 8);
    CU_ASSERT_EQUAL(word_count(one_among(0x80, 7, 0)), 1);
}

UNIT_SUITE(word)
{
    unit_suite("word");
    UNIT(a_byte_is_found_wherever_it_stands);
    UNIT(bytes_below_a_limit_are_found_and_no_others);
    UNIT(the_first_of_two_is_the_one_found);
    UNIT(a_mask_counts_its_bytes);
}
