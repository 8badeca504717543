/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame.h - where a message begins and ends: i32 length, then the bytes.
 *
 * Pure; any process.  ZK: NIOServerCnxn.readLength
 */
#ifndef NET_WIRE_FRAME_H
#define NET_WIRE_FRAME_H

#include "daemon/jute.h"

enum { FRAME_LENGTH_BYTES = 4 };

enum frame_result {
    FRAME_WHOLE,   /* `body` is one message */
    FRAME_PARTIAL, /* `want` bytes in all are needed */
    FRAME_BAD,     /* `length` is negative or above the limit */
};

struct frame {
    int32_t length;
    struct bytes body; /* borrowed */
    size_t want;       /* with the length, from `data` on */
};

/* Look at the first message in `data`; its length may be `max` at most. */
enum frame_result frame_next(const uint8_t *data, size_t size, int32_t max,
                             struct frame *frame);

/*
 * Write a message: frame_begin leaves room for the length, frame_end fills it
 * in.  frame_begin returns the offset to hand to frame_end.
 */
static inline size_t
frame_begin(struct jute_out *out)
{
    size_t at = jute_out_size(out);

    jute_put_i32(out, 0);
    return at;
}

static inline void
frame_end(struct jute_out *out, size_t at)
{
    if (!out->bad)
        store_be32(out->base + at,
                   (uint32_t)(jute_out_size(out) - at - FRAME_LENGTH_BYTES));
}

#endif
