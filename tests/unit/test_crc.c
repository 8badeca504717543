/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about storage/crc.c: zlib is the judge. */
#include "storage/crc.h"

#include <zlib.h>

#include "tests/unit/unit.h"

enum { LONGEST = 700 };

static uint8_t text[LONGEST + 64];

static void
given_text(void)
{
    uint32_t x = 1;

    for (size_t i = 0; i < sizeof text; i++) {
        x = x * 1664525 + 1013904223;
        text[i] = (uint8_t)(x >> 24);
    }
}

static void
every_length_at_every_alignment_agrees_with_zlib(void)
{
    int wrong = 0;

    given_text();
    for (int32_t at = 0; at < 17; at++)
        for (int32_t size = 0; size <= LONGEST; size++) {
            uint32_t start = (uint32_t)size * 0x9e3779b9u;
            uint32_t zlib = (uint32_t)crc32(start, text + at, (unsigned)size);

            wrong += crc_bytes(start, (struct bytes){text + at, size}) != zlib;
        }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void
a_stat_agrees_with_zlib(void)
{
    int wrong = 0;

    given_text();
    for (uint32_t at = 0; at < LONGEST; at++)
        wrong += crc_stat(at * 0x9e3779b9u, text + at) !=
                 crc32(at * 0x9e3779b9u, text + at, CRC_STAT_BYTES);
    CU_ASSERT_EQUAL(wrong, 0);
}

static void
null_adds_nothing(void)
{
    CU_ASSERT_EQUAL(crc_bytes(5, BYTES_NULL), 5);
}

UNIT_SUITE(crc)
{
    unit_suite("crc");
    UNIT(every_length_at_every_alignment_agrees_with_zlib);
    UNIT(a_stat_agrees_with_zlib);
    UNIT(null_adds_nothing);
}
