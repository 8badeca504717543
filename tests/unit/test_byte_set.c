/* SPDX-License-Identifier: Apache-2.0 */
/* test_byte_set.c - claims about sets of byte strings. */
#include "net/access/byte_set.h"

#include "tests/unit/unit.h"

static struct byte_set set;

static void
a_string_is_in_it_once(void)
{
    byte_set_clear(&set, 3);
    CU_ASSERT_FALSE(byte_set_has(&set, bytes_of("a")));
    CU_ASSERT_TRUE(byte_set_add(&set, bytes_of("a")));
    CU_ASSERT_TRUE(byte_set_add(&set, bytes_of("ab")));
    CU_ASSERT_FALSE(byte_set_add(&set, bytes_of("a")));
    CU_ASSERT_TRUE(byte_set_add(&set, bytes_of("")));
    CU_ASSERT_TRUE(byte_set_has(&set, bytes_of("a")));
    CU_ASSERT_TRUE(byte_set_has(&set, bytes_of("")));
    CU_ASSERT_FALSE(byte_set_has(&set, bytes_of("b")));
}

/* Numbers as their bytes; the even ones are there, whatever was before. */
static void
a_full_one_has_what_was_added_and_no_more(void)
{
    static uint32_t number[2 * BYTE_SET_MAX];

    for (int round = 0; round < 2; round++) {
        byte_set_clear(&set, BYTE_SET_MAX);
        for (uint32_t i = 0; i < 2 * BYTE_SET_MAX; i++) {
            number[i] = i;
            if (i % 2 == 0)
                byte_set_add(&set, (struct bytes){(uint8_t *)&number[i], 4});
        }
        for (uint32_t i = 0; i < 2 * BYTE_SET_MAX; i++)
            CU_ASSERT_EQUAL(
                byte_set_has(&set, (struct bytes){(uint8_t *)&i, 4}),
                i % 2 == 0);
    }
}

UNIT_SUITE(byte_set)
{
    unit_suite("byte_set");
    UNIT(a_string_is_in_it_once);
    UNIT(a_full_one_has_what_was_added_and_no_more);
}
