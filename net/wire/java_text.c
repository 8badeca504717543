/* SPDX-License-Identifier: Apache-2.0 */
/*
 * java_text.c - bytes as Java reads them when they should be UTF-8.
 *
 * A part that is no character is the longest beginning of one, a surrogate,
 * or a byte that begins none.  Pure; any process.
 */
#include "net/wire/java_text.h"

static bool
between(uint8_t byte, uint8_t low, uint8_t high)
{
    return byte >= low && byte <= high;
}

/* How long a character that begins with `lead` is; 0: none does. */
static size_t
length_of(uint8_t lead)
{
    if (lead < 0x80)
        return 1;
    if (between(lead, 0xc2, 0xdf))
        return 2;
    if (between(lead, 0xe0, 0xef))
        return 3;
    return between(lead, 0xf0, 0xf4) ? 4 : 0;
}

/* The second byte keeps out what is too long or too large. */
static bool
second_fits(uint8_t lead, uint8_t second)
{
    switch (lead) {
    case 0xe0:
        return between(second, 0xa0, 0xbf);
    case 0xf0:
        return between(second, 0x90, 0xbf);
    case 0xf4:
        return between(second, 0x80, 0x8f);
    default:
        return between(second, 0x80, 0xbf);
    }
}

/* Bytes of the character, or of the part that is none, at `p`. */
static size_t
take(const uint8_t *p, size_t left, bool *is_whole)
{
    size_t want = length_of(p[0]), n = 1;

    while (n < want && n < left &&
           (n == 1 ? second_fits(p[0], p[1]) : between(p[n], 0x80, 0xbf)))
        n++;
    *is_whole = n == want && !(p[0] == 0xed && p[1] >= 0xa0);
    return n;
}

size_t
java_text(struct bytes from, uint8_t *to)
{
    const uint8_t *p = from.data;
    size_t left = (size_t)bytes_size(from);
    uint8_t *at = to;

    while (left > 0) {
        bool is_whole;
        size_t n = take(p, left, &is_whole);

        memcpy(at, is_whole ? p : (const uint8_t *)"\xef\xbf\xbd",
               is_whole ? n : 3);
        at += is_whole ? n : 3;
        p += n;
        left -= n;
    }
    return (size_t)(at - to);
}
