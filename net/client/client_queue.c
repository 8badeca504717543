/* SPDX-License-Identifier: Apache-2.0 */
/* client_queue.c - see client_queue.h.  Client processes. */
#include "net/client/client_queue.h"

#include "daemon/check.h"

struct queued *
queue_parked(const struct queue *q)
{
    if (!queue_has_parked(q))
        return NULL;
    return (struct queued *)(void *)(q->buf->data + q->buf->start + q->parked);
}

bool
queue_put(struct buf_pool *pool, struct queue *q, const struct queued *head,
          const uint8_t *body)
{
    uint32_t size = (uint32_t)ALIGN_UP(sizeof *head + head->body_size, 8u);
    uint32_t used = (uint32_t)buf_used(q->buf);
    struct queued *new;

    if (q->count > 0 && used + size > QUEUE_BYTES_MAX)
        return false;
    if (!buf_reserve(pool, &q->buf, size))
        return false;
    new = (struct queued *)(void *)(q->buf->data + q->buf->end);
    *new = *head;
    new->size = size;
    if (head->body_size > 0)
        memcpy(new + 1, body, head->body_size);
    q->buf->end += size;
    q->count++;
    if (head->kind != QUEUED_WAIT && q->parked == used)
        q->parked += size;
    return true;
}

void
queue_unpark(struct queue *q)
{
    check(queue_has_parked(q));
    q->parked += queue_parked(q)->size;
}

void
queue_pop(struct buf_pool *pool, struct queue *q)
{
    uint32_t size = queue_head(q)->size;

    q->buf->start += size;
    q->parked -= q->parked < size ? q->parked : size;
    if (--q->count == 0)
        queue_clear(pool, q);
}

uint64_t
queue_sent(const struct queue *q)
{
    const uint8_t *at = (const uint8_t *)queue_head(q);
    uint64_t sent = 0;

    for (uint32_t i = 0; i < q->count; i++) {
        const struct queued *r = (const struct queued *)(const void *)at;

        sent += r->kind == QUEUED_SENT;
        at += r->size;
    }
    return sent;
}

void
queue_clear(struct buf_pool *pool, struct queue *q)
{
    buf_give(pool, q->buf);
    *q = (struct queue){0};
}
