/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_answer.c - answers, and the places they wait in for their turn.
 *
 * Whatever a connection is answered goes out in the order of its requests: at
 * once if nothing is before it, else it takes a place in the queue
 * (client_queue.h) and leaves with client_put_due.  The replies to writes and
 * reads are written by client_deliver.c and client_read.c.
 */
#include "net/client/client_answer.h"

#include "daemon/log.h"
#include "net/client/client_table.h"
#include "net/wire/frame.h"
#include "net/wire/reply.h"

void
client_count_sent(struct client_proc *p, struct client *c)
{
    COUNT(p->own->stats.sent, 1);
    client_info(p, c)->sent++;
}

/* A count that is full is halved, and the sum with it: the average stays. */
static void
count_latency(struct conn_info *info, uint32_t ms)
{
    if (info->latency_count == UINT32_MAX) {
        info->latency_count /= 2;
        info->latency_total_ms /= 2;
    }
    info->latency_last_ms = ms;
    info->latency_count++;
    info->latency_total_ms += ms;
    if (info->latency_count == 1 || ms < info->latency_min_ms)
        info->latency_min_ms = ms;
    if (ms > info->latency_max_ms)
        info->latency_max_ms = ms;
}

void
client_count_reply(struct client_proc *p, struct client *c, int32_t op,
                   zxid_t zxid, uint32_t heard_ms)
{
    struct client_stats *s = &p->own->stats;
    struct conn_info *info = client_info(p, c);
    uint32_t ms = (uint32_t)p->now_ms - heard_ms;

    client_count_sent(p, c);
    COUNT(s->latency_count, 1);
    info->last_zxid = zxid;
    info->last_op = op;
    info->last_response_ms = p->now_ms;
    count_latency(info, ms);
    if (s->latency_count == 1 || ms < s->latency_min_ms)
        s->latency_min_ms = ms;
    if (ms == 0)
        return;
    COUNT(s->latency_total_ms, ms);
    if (ms > s->latency_max_ms)
        s->latency_max_ms = ms;
}

bool
client_out(struct client_proc *p, struct client *c, size_t room,
           struct jute_out *out)
{
    if (conn_out(&c->conn, room, out))
        return true;
    log_warn_often("%s: connection closed, no buffer for %zu bytes",
                   client_name(p, c), room);
    client_drop(p, c);
    return false;
}

bool
client_put_reply(struct client_proc *p, struct client *c, int32_t xid,
                 zxid_t zxid, int32_t err)
{
    struct jute_out out;

    if (!client_out(p, c, REPLY_BYTES, &out))
        return false;
    reply_put(&out, xid, zxid, err);
    conn_out_end(&c->conn, &out);
    return true;
}

/* ZK: ZooKeeperServer.processPacket answers these beside all requests. */
static bool
is_request(int32_t op)
{
    return op != ZK_OP_AUTH && op != ZK_OP_SASL;
}

/* Answer now what was waiting for its turn. */
static void
put_queued_reply(struct client_proc *p, struct client *c,
                 const struct queued *q)
{
    zxid_t zxid = q->zxid == QUEUED_ZXID_NOW ? p->zxid : q->zxid;
    struct jute_out out;

    if (!client_out(p, c, REPLY_BYTES + 4, &out))
        return;
    if (q->op == ZK_OP_SASL) { /* no mechanism is configured: null token */
        size_t at = reply_begin(&out, q->xid, zxid, q->err);

        jute_put_i32(&out, -1);
        frame_end(&out, at);
    } else {
        reply_put(&out, q->xid, zxid, q->err);
    }
    conn_out_end(&c->conn, &out);
    if (is_request(q->op))
        client_count_reply(p, c, q->op, zxid, q->heard_ms);
    else
        client_count_sent(p, c);
    if (q->ends)
        client_close(p, c);
}

void
client_put_due(struct client_proc *p, struct client *c)
{
    while (c->state == CLIENT_OPEN && queue_head(&c->queue) &&
           c->queue.parked > 0 && queue_head(&c->queue)->kind == QUEUED_REPLY) {
        put_queued_reply(p, c, queue_head(&c->queue));
        if (c->state == CLIENT_GONE)
            return; /* its queue is gone as well */
        queue_pop(&p->home.pool, &c->queue);
    }
}

void
client_no_room(struct client_proc *p, struct client *c, enum conn_pause why)
{
    conn_pause(&c->conn, why);
    client_list_add(p, &p->blocked, c);
}

/* What comes behind a closeSession is of no session, and nobody answers it. */
static bool
is_its_end(const struct queued *q)
{
    return q->op == ZK_OP_CLOSE_SESSION && q->kind != QUEUED_REPLY;
}

bool
client_enqueue(struct client_proc *p, struct client *c, const struct queued *q,
               const uint8_t *body)
{
    if (!queue_put(&p->home.pool, &c->queue, q, body)) {
        client_no_room(p, c, CONN_PAUSE_QUEUE);
        return false;
    }
    client_info(p, c)->queued = c->queue.count;
    if (is_its_end(q))
        conn_pause(&c->conn, CONN_PAUSE_END);
    return true;
}

bool
client_answer(struct client_proc *p, struct client *c, const struct queued *q)
{
    if (c->queue.count > 0)
        return client_enqueue(p, c, q, NULL);
    put_queued_reply(p, c, q);
    return true;
}

struct queued
client_queued_reply(const struct client_proc *p, const struct request *r,
                    zxid_t zxid, enum zk_code err)
{
    return (struct queued){
        .kind = QUEUED_REPLY,
        .xid = r->xid,
        .op = r->op,
        .err = (int32_t)err,
        .zxid = zxid,
        .heard_ms = (uint32_t)p->now_ms,
    };
}

bool
client_answer_last(struct client_proc *p, struct client *c,
                   const struct request *r, zxid_t zxid, enum zk_code err)
{
    struct queued q = client_queued_reply(p, r, zxid, err);

    q.ends = true;
    if (!client_answer(p, c, &q))
        return false;
    conn_pause(&c->conn, CONN_PAUSE_END);
    return true;
}
