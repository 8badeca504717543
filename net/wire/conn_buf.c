/* SPDX-License-Identifier: Apache-2.0 */
/* conn_buf.c - see conn_buf.h.  Any process with connections. */
#include "net/wire/conn_buf.h"

#include <sys/mman.h>

enum {
    LOG2_MIN = 9,
    LOG2_LITTLE = 14, /* finds room when larger ones do not */
    LOG2_MAX = 30,
    KEPT_BYTES = 1 << 20, /* of each size from BUF_PIECE on */
};

void
buf_pool_init(struct buf_pool *pool, size_t out_max)
{
    *pool = (struct buf_pool){.out_max = out_max};
}

static uint32_t
log2_for(size_t size)
{
    uint32_t log2 = LOG2_MIN;

    while (((size_t)1 << log2) < size + sizeof(struct buf))
        log2++;
    return log2;
}

static uint8_t *
map(size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return at == MAP_FAILED ? NULL : at;
}

/*
 * One that nobody had yet.  Small ones are cut off a piece, one after the
 * other: what is left of it is not touched, and costs nothing.
 */
static struct buf *
fresh(struct buf_pool *pool, uint32_t log2)
{
    size_t size = (size_t)1 << log2;
    uint8_t *at;

    if (size >= BUF_PIECE)
        return (struct buf *)(void *)map(size);
    if (pool->piece_bytes < size) {
        at = map(BUF_PIECE);
        if (!at)
            return NULL;
        pool->piece = at;
        pool->piece_bytes = BUF_PIECE;
    }
    at = pool->piece;
    pool->piece += size;
    pool->piece_bytes -= (uint32_t)size;
    return (struct buf *)(void *)at;
}

static size_t
limit_of(const struct buf_pool *pool, uint32_t log2)
{
    return pool->out_max - (log2 <= LOG2_LITTLE ? 0 : pool->out_max / 8);
}

/* Beside what is out already. */
static bool
fits(const struct buf_pool *pool, uint32_t log2, size_t out_bytes)
{
    return log2 <= LOG2_MAX &&
           out_bytes + ((size_t)1 << log2) <= limit_of(pool, log2);
}

bool
buf_is_possible(const struct buf_pool *pool, size_t size)
{
    return fits(pool, log2_for(size), 0);
}

struct buf *
buf_take(struct buf_pool *pool, size_t size)
{
    uint32_t log2 = log2_for(size);
    size_t bytes = (size_t)1 << log2;
    struct buf *b = NULL;

    if (!fits(pool, log2, pool->out_bytes))
        return NULL;
    if (log2 <= BUF_LOG2_KEPT && pool->kept[log2]) {
        b = pool->kept[log2];
        pool->kept[log2] = b->next;
        pool->kept_bytes[log2] -= (uint32_t)bytes;
    } else {
        b = fresh(pool, log2);
    }
    if (!b)
        return NULL;
    pool->out_bytes += bytes;
    b->log2 = log2;
    b->start = b->end = 0;
    return b;
}

void
buf_give(struct buf_pool *pool, struct buf *b)
{
    size_t bytes;

    if (!b)
        return;
    bytes = buf_bytes(b);
    pool->out_bytes -= bytes;
    if (b->log2 > BUF_LOG2_KEPT ||
        (bytes >= BUF_PIECE && pool->kept_bytes[b->log2] >= KEPT_BYTES)) {
        munmap(b, bytes);
        return;
    }
    b->next = pool->kept[b->log2];
    pool->kept[b->log2] = b;
    pool->kept_bytes[b->log2] += (uint32_t)bytes;
}

/* Move the content into a new buffer with `size` bytes of room behind it. */
static bool
move(struct buf_pool *pool, struct buf **b, size_t size)
{
    struct buf *old = *b, *new;
    size_t used = buf_used(old);

    new = buf_take(pool, used + size);
    if (!new)
        return false;
    if (used > 0)
        memcpy(new->data, old->data + old->start, used);
    new->end = (uint32_t)used;
    buf_give(pool, old);
    *b = new;
    return true;
}

bool
buf_reserve(struct buf_pool *pool, struct buf **b, size_t size)
{
    struct buf *old = *b;
    size_t used = buf_used(old);

    if (old && buf_capacity(old) - old->end >= size)
        return true;
    if (!old || buf_capacity(old) - used < size)
        return move(pool, b, size);
    memmove(old->data, old->data + old->start, used);
    old->start = 0;
    old->end = (uint32_t)used;
    return true;
}

void
buf_trim(struct buf_pool *pool, struct buf **b)
{
    if (*b && buf_used(*b) < buf_capacity(*b) / 4)
        move(pool, b, 0); /* no memory: it stays as it is */
}
