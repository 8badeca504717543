/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapfile_snappy.c - the snappy block format, read only.
 *
 *     varint    unpacked size
 *     elements  the low two bits of a tag tell which:
 *       00  literal: length-1 in the upper six bits; 60..63: in the next
 *           1..4 bytes, little endian
 *       01  copy: length-4 in bits 2-4, offset in bits 5-7 and a byte
 *       10  copy: length-1 in the upper six bits, offset in two bytes
 *       11  copy: the same, offset in four bytes
 *
 * A copy may overlap what it writes: then it repeats.
 */
#include "storage/snap/snapfile_snappy.h"

#include <errno.h>

/* The varint at the start; returns how many bytes it took, 0 if bad. */
static size_t
take_varint(const uint8_t *p, size_t size, uint32_t *value)
{
    uint32_t v = 0;

    for (size_t i = 0; i < size && i < 5; i++) {
        if (i == 4 && p[i] > 0x0f)
            return 0;
        v |= (uint32_t)(p[i] & 0x7f) << (7 * i);
        if (p[i] < 0x80) {
            *value = v;
            return i + 1;
        }
    }
    return 0;
}

static uint32_t
load_le(const uint8_t *p, size_t size)
{
    uint32_t v = 0;

    for (size_t i = 0; i < size; i++)
        v |= (uint32_t)p[i] << (8 * i);
    return v;
}

int
snappy_size(const uint8_t *block, size_t block_size, size_t *size)
{
    uint32_t value;

    if (take_varint(block, block_size, &value) == 0)
        return -EBADMSG;
    *size = value;
    return 0;
}

/* One element: its length, and for a copy its offset; 0 bytes if cut off. */
struct element {
    size_t tag_size;
    size_t length;
    size_t offset; /* 0: a literal */
};

static struct element
read_element(const uint8_t *p, size_t left)
{
    static const uint8_t extra_of[] = {0, 1, 2, 4};
    unsigned kind = p[0] & 3, upper = p[0] >> 2;
    size_t extra = extra_of[kind];
    struct element e = {0};

    if (kind == 0 && upper >= 60)
        extra = upper - 59;
    if (left < 1 + extra)
        return e;
    e.tag_size = 1 + extra;
    switch (kind) {
    case 0:
        e.length = (upper < 60 ? upper : (size_t)load_le(p + 1, extra)) + 1;
        break;
    case 1:
        e.length = 4 + (upper & 7);
        e.offset = (size_t)(p[0] >> 5) << 8 | p[1];
        break;
    default:
        e.length = upper + 1;
        e.offset = load_le(p + 1, extra);
        break;
    }
    if (kind != 0 && e.offset == 0)
        e.tag_size = 0; /* a copy of nothing written yet */
    return e;
}

int
snappy_unpack(const uint8_t *block, size_t block_size, uint8_t *out,
              size_t size)
{
    uint32_t announced;
    size_t at = take_varint(block, block_size, &announced), done = 0;

    if (at == 0 || announced != size)
        return -EBADMSG;
    while (at < block_size) {
        struct element e = read_element(block + at, block_size - at);

        if (e.tag_size == 0 || e.length > size - done)
            return -EBADMSG;
        at += e.tag_size;
        if (e.offset == 0) {
            if (e.length > block_size - at)
                return -EBADMSG;
            memcpy(out + done, block + at, e.length);
            at += e.length;
        } else {
            if (e.offset > done)
                return -EBADMSG;
            for (size_t i = 0; i < e.length; i++)
                out[done + i] = out[done + i - e.offset];
        }
        done += e.length;
    }
    return done == size ? 0 : -EBADMSG;
}
