/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acl_ip.c - the `ip` scheme: addresses and prefixes as text.
 *
 * Pure; any process, also on shared memory that may be torn: every loop is
 * bounded by the size of the text.  Facts: spec/client-protocol.md 6.4.
 */
#include "net/access/acl_ip.h"

struct ip {
    uint8_t byte[16];
    uint32_t size; /* 4 or 16 */
};

/*
 * A decimal number of `size` characters, at most `max`; -1 if it is none.
 * ZK: Integer.parseInt, which takes a plus sign.
 */
static int
decimal(const uint8_t *p, size_t size, int max)
{
    size_t i = size > 0 && p[0] == '+';
    int n = 0;

    if (i == size)
        return -1;
    for (; i < size; i++) {
        if (p[i] < '0' || p[i] > '9')
            return -1;
        n = n * 10 + (p[i] - '0');
        if (n > max)
            return -1;
    }
    return n;
}

static bool
parse_v4(const uint8_t *p, size_t size, struct ip *ip)
{
    const uint8_t *end = p + size;

    for (int i = 0; i < 4; i++) {
        const uint8_t *dot = memchr(p, '.', (size_t)(end - p));
        const uint8_t *stop = dot ? dot : end;
        int n = decimal(p, (size_t)(stop - p), 255);

        if (n < 0 || (i < 3) != (dot != NULL))
            return false;
        ip->byte[i] = (uint8_t)n;
        p = stop + 1;
    }
    ip->size = 4;
    return true;
}

static int
hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Read up to four hex digits; NULL if there is none. */
static const uint8_t *
hex_group(const uint8_t *p, const uint8_t *end, unsigned *value)
{
    const uint8_t *at = p;

    *value = 0;
    while (at < end && at - p < 4 && hex_digit(*at) >= 0)
        *value = *value << 4 | (unsigned)hex_digit(*at++);
    return at > p ? at : NULL;
}

/* Move the groups after `gap` to the end of the address. */
static void
spread(struct ip *ip, uint32_t gap, uint32_t count)
{
    uint32_t tail = (count - gap) * 2;

    memmove(ip->byte + 16 - tail, ip->byte + gap * 2, tail);
    memset(ip->byte + gap * 2, 0, 16 - tail - gap * 2);
}

/* Eight groups, or fewer with one "::" for the zeros left out. */
static bool
parse_v6(const uint8_t *p, size_t size, struct ip *ip)
{
    const uint8_t *end = p + size;
    uint32_t count = 0, gap = UINT32_MAX;

    if (size >= 2 && p[0] == ':' && p[1] == ':') {
        gap = 0;
        p += 2;
    }
    while (p < end && count < 8) {
        unsigned value;

        p = hex_group(p, end, &value);
        if (!p)
            return false;
        ip->byte[count * 2] = (uint8_t)(value >> 8);
        ip->byte[count * 2 + 1] = (uint8_t)value;
        count++;
        if (p == end)
            break;
        if (*p++ != ':' || p == end)
            return false;
        if (*p == ':') {
            if (gap != UINT32_MAX)
                return false;
            gap = count;
            p++;
        }
    }
    if (p != end || (gap == UINT32_MAX ? count != 8 : count > 7))
        return false;
    if (gap != UINT32_MAX)
        spread(ip, gap, count);
    ip->size = 16;
    return true;
}

static bool
parse_address(const uint8_t *p, size_t size, struct ip *ip)
{
    return memchr(p, ':', size) ? parse_v6(p, size, ip) : parse_v4(p, size, ip);
}

/* "address[/bits]"; without bits the whole address counts. */
static bool
parse_range(struct bytes text, struct ip *ip, uint32_t *bits)
{
    const uint8_t *slash = bytes_find(text, '/');
    size_t size;
    int n;

    if (text.size <= 0)
        return false;
    size = slash ? (size_t)(slash - text.data) : (size_t)text.size;
    if (!parse_address(text.data, size, ip))
        return false;
    n = (int)ip->size * 8;
    if (slash)
        n = decimal(slash + 1, (size_t)text.size - size - 1, n);
    *bits = (uint32_t)n;
    return n >= 0;
}

bool
acl_ip_valid(struct bytes range)
{
    struct ip ip;
    uint32_t bits;

    return parse_range(range, &ip, &bits);
}

bool
acl_ip_matches(struct bytes range, struct bytes address)
{
    struct ip want, have;
    uint32_t bits, whole, rest;

    if (!parse_range(range, &want, &bits) || address.size <= 0 ||
        !parse_address(address.data, (size_t)address.size, &have) ||
        want.size != have.size)
        return false;
    whole = bits / 8;
    rest = bits % 8;
    if (memcmp(want.byte, have.byte, whole) != 0)
        return false;
    return rest == 0 ||
           ((want.byte[whole] ^ have.byte[whole]) >> (8 - rest)) == 0;
}
