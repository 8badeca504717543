/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conn_buf.h - byte buffers that connections borrow while they need them.
 *
 * Sizes are powers of two from 512 bytes.  Small ones that were given back
 * are kept for the next taker, large ones go back to the kernel.  What is out
 * at one time is bounded: an empty pool refuses, its caller closes or stops
 * reading.  The last eighth of it is for buffers up to 16 KiB: those that
 * ask for much do not keep an answer from those that ask for little.  One pool
 * per process, no lock.
 */
#ifndef NET_WIRE_CONN_BUF_H
#define NET_WIRE_CONN_BUF_H

#include <stdalign.h>

#include "daemon/types.h"

enum {
    BUF_LOG2_KEPT = 17,   /* up to 128 KiB a buffer is kept */
    BUF_PIECE = 64 << 10, /* smaller ones are cut from such */
};

struct buf {
    struct buf *next;    /* in the pool */
    uint32_t log2;       /* of the whole, this header included */
    uint32_t start, end; /* what is in it */
    alignas(8) uint8_t data[];
};

struct buf_pool {
    size_t out_bytes, out_max; /* taken and not given back; at most so much */
    uint8_t *piece;            /* the rest of one, not touched yet */
    uint32_t piece_bytes;
    uint32_t kept_bytes[BUF_LOG2_KEPT + 1];
    struct buf *kept[BUF_LOG2_KEPT + 1];
};

void buf_pool_init(struct buf_pool *pool, size_t out_max);

/* An empty buffer with room for `size` bytes at least, or NULL. */
struct buf *buf_take(struct buf_pool *pool, size_t size);

/* Could there be one if nobody else had any? */
bool buf_is_possible(const struct buf_pool *pool, size_t size);

/* NULL is fine. */
void buf_give(struct buf_pool *pool, struct buf *b);

/* What it takes of the pool; NULL takes nothing. */
static inline size_t
buf_bytes(const struct buf *b)
{
    return b ? (size_t)1 << b->log2 : 0;
}

static inline size_t
buf_capacity(const struct buf *b)
{
    return buf_bytes(b) - sizeof *b;
}

static inline size_t
buf_used(const struct buf *b)
{
    return b ? b->end - b->start : 0;
}

/*
 * Make `*b` (NULL: a new one) have `size` bytes of room after its content,
 * moving it within or into a larger buffer.  False when the pool refuses:
 * nothing changed.
 */
bool buf_reserve(struct buf_pool *pool, struct buf **b, size_t size);

/*
 * Give memory back that the content of `*b` does not need, if that is most of
 * it.  Room behind the content is gone then.
 */
void buf_trim(struct buf_pool *pool, struct buf **b);

#endif
