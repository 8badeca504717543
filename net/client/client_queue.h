/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_queue.h - requests of one connection that wait for their answers.
 *
 *      head                     parked                   tail
 *       | sent | sent | reply | wait (read) | wait | wait |
 *
 * SENT went to replication; REPLY is known, but not its turn; WAIT has not
 * been looked at: a read waits until it is the head, since only then the
 * tree shows all earlier writes of its session; a write behind it waits too,
 * or the read would show it.  An empty queue has no memory.
 *
 * Pure but for the buffer pool.  Client processes.
 * ZK: CommitProcessor
 */
#ifndef NET_CLIENT_CLIENT_QUEUE_H
#define NET_CLIENT_CLIENT_QUEUE_H

#include "net/wire/conn_buf.h"

enum {
    QUEUE_BYTES_MAX = 256 * 1024, /* then the socket is not read */
};

enum queued_kind { QUEUED_SENT, QUEUED_REPLY, QUEUED_WAIT };

struct queued {
    uint32_t size; /* of this record, a multiple of 8 */
    uint8_t kind;  /* enum queued_kind */
    uint8_t ends;  /* REPLY: then the connection is closed */
    int32_t xid;
    int32_t op;         /* enum zk_op */
    int32_t err;        /* REPLY */
    uint32_t heard_ms;  /* when it was read, low 32 bits */
    zxid_t zxid;        /* REPLY; QUEUED_ZXID_NOW: as it stands then */
    uint32_t ids_size;  /* WAIT: of the identities, when it was read */
    uint32_t body_size; /* SENT, WAIT: in the queue the body lies behind */
};

#define QUEUED_ZXID_NOW INT64_MIN

struct queue {
    struct buf *buf;
    uint32_t parked; /* bytes from the head to the first WAIT */
    uint32_t count;
};

/* The oldest, or NULL. */
static inline struct queued *
queue_head(const struct queue *q)
{
    return q->count ? (struct queued *)(void *)(q->buf->data + q->buf->start)
                    : NULL;
}

/* What lies behind one that is in a queue. */
static inline struct bytes
queued_body(const struct queued *q)
{
    return (struct bytes){(const uint8_t *)(q + 1), (int32_t)q->body_size};
}

/* The first that waits, or NULL. */
struct queued *queue_parked(const struct queue *q);

static inline bool
queue_has_parked(const struct queue *q)
{
    return q->parked < buf_used(q->buf);
}

/*
 * Append a copy of `head` and its body.  False when the queue or the pool is
 * full: nothing changed.
 */
bool queue_put(struct buf_pool *pool, struct queue *q,
               const struct queued *head, const uint8_t *body);

/* The first that waits was looked at: it is SENT now, or was a REPLY. */
void queue_unpark(struct queue *q);

/* Take the oldest away. */
void queue_pop(struct buf_pool *pool, struct queue *q);

/* How many are with replication. */
uint64_t queue_sent(const struct queue *q);

void queue_clear(struct buf_pool *pool, struct queue *q);

#endif
