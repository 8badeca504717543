/* SPDX-License-Identifier: Apache-2.0 */
/*
 * word.h - text, eight bytes at a time.
 *
 * A search in a word returns a mask, with the top bit of each byte that was
 * found.  Only the first of them is certain: it is found by subtracting, and a
 * borrow may mark bytes above it.  So ask whether there is one (not 0), and
 * which is the first (word_first).  Pure; any process.
 */
#ifndef DAEMON_WORD_H
#define DAEMON_WORD_H

#include "daemon/types.h"

enum { WORD_BYTES = 8 };

/* The same byte eight times. */
#define WORD_OF(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The first byte in the lowest place. */
static inline uint64_t
word_at(const uint8_t *p)
{
    uint64_t word;

    memcpy(&word, p, sizeof word);
    return word;
}

/* Bytes below `limit`, which is at most 0x80. */
static inline uint64_t
word_below(uint64_t word, uint8_t limit)
{
    return (word - WORD_OF(limit)) & ~word & WORD_OF(0x80);
}

static inline uint64_t
word_equal(uint64_t word, uint8_t byte)
{
    return word_below(word ^ WORD_OF(byte), 1);
}

/* Which byte of the word a mask marks first; the mask is not 0. */
static inline size_t
word_first(uint64_t mask)
{
    return (size_t)__builtin_ctzll(mask) / 8;
}

/* How many bytes a mask marks, if all of them are certain. */
static inline size_t
word_count(uint64_t mask)
{
    return (size_t)((mask >> 7) * WORD_OF(1) >> 56);
}

#endif
