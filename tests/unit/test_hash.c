/* SPDX-License-Identifier: Apache-2.0 */
/* test_hash.c - claims about hashes of bytes that a client chose. */
#include "daemon/hash.h"

#include "tests/unit/unit.h"

enum { LONGEST = 40 };

static uint32_t
hashed(uint64_t seed, const uint8_t *data, int32_t size)
{
    return hash_bytes(seed, 0, (struct bytes){data, size});
}

static void
every_byte_counts_and_none_behind(void)
{
    uint8_t text[LONGEST + 1] = "0123456789abcdefghijklmnopqrstuvwxyz+-*/";

    for (int32_t size = 0; size <= LONGEST; size++) {
        uint32_t hash = hashed(7, text, size);

        text[size] ^= 1;
        CU_ASSERT_EQUAL(hashed(7, text, size), hash);
        text[size] ^= 1;
        for (int32_t i = 0; i < size; i++) {
            text[i] ^= 1;
            CU_ASSERT_NOT_EQUAL(hashed(7, text, size), hash);
            text[i] ^= 1;
        }
    }
}

static void
size_number_and_seed_count(void)
{
    static const uint8_t zeros[2];

    CU_ASSERT_NOT_EQUAL(hashed(7, zeros, 1), hashed(7, zeros, 2));
    CU_ASSERT_NOT_EQUAL(hashed(7, zeros, 1), hashed(8, zeros, 1));
    CU_ASSERT_NOT_EQUAL(hash_bytes(7, 1, bytes_of("a")),
                        hash_bytes(7, 2, bytes_of("a")));
    CU_ASSERT_EQUAL(hash_bytes(7, 0, BYTES_NULL), hashed(7, zeros, 0));
}

UNIT_SUITE(hash)
{
    unit_suite("hash");
    UNIT(every_byte_counts_and_none_behind);
    UNIT(size_number_and_seed_count);
}
