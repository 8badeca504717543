/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_pump.c - what waits moves on, and nobody takes all the time.
 *
 * A read runs when it is the oldest request of its connection, and for as long
 * as this turn has not taken too long; a write behind it goes out then
 * (client_queue.h).  A connection that is cut short goes on in the next turn.
 *
 * Facts: spec/client-protocol.md 2.3, 9.
 */
#include "net/client/client_request.h"

#include "daemon/clock.h"
#include "net/client/client_answer.h"
#include "net/client/client_ask.h"
#include "net/client/client_connect.h"
#include "net/client/client_read.h"
#include "net/client/client_table.h"

enum {
    LONG_MS = 10,       /* of a turn: then others have theirs */
    READS_UNTIMED = 64, /* then the clock is looked at */
};

/* --- whose turn it is ----------------------------------------------------- */

void
client_begin_turn(struct client_proc *p, mono_ms_t now_ms)
{
    p->busy_since_ms = now_ms;
    p->is_late = false;
}

/* A few bytes that ask for it may make us look at a million nodes. */
static bool
may_take_long(int32_t op)
{
    switch (op) {
    case ZK_OP_GET_CHILDREN:
    case ZK_OP_GET_CHILDREN2:
    case ZK_OP_GET_EPHEMERALS:
    case ZK_OP_MULTI_READ:
    case ZK_OP_SET_WATCHES:
    case ZK_OP_SET_WATCHES2:
        return true;
    default:
        return false;
    }
}

/* After a request that may have taken long, and now and then. */
static void
look_at_clock(struct client_proc *p, int32_t op)
{
    if (may_take_long(op) || ++p->reads % READS_UNTIMED == 0)
        p->is_late = clock_mono_ms() - p->busy_since_ms >= LONG_MS;
}

bool
client_put_off(struct client_proc *p, struct client *c)
{
    if (!p->is_late)
        return false;
    conn_pause(&c->conn, CONN_PAUSE_WAITING);
    client_list_add(p, &p->todo, c);
    return true;
}

void
client_run(struct client_proc *p, struct client *c, const struct request *r,
           struct bytes ids, uint32_t heard_ms)
{
    if (r->op == ZK_OP_CLOSE_SESSION)
        client_local_close(p, c, r, heard_ms);
    else
        client_read(p, c, r, ids, heard_ms);
    look_at_clock(p, r->op);
}

/* --- the queue's turn ----------------------------------------------------- */

/*
 * The asker's identities at that time, whatever auth packets came since.  Good
 * until the next call.
 */
static struct bytes
ids_of(const struct client *c, const struct queued *q)
{
    static uint8_t memory[AUTH_IDS_MAX];

    return auth_bytes_then(&c->ids, q->ids_size, memory);
}

static void
run_parked_read(struct client_proc *p, struct client *c)
{
    const struct queued *q = queue_head(&c->queue);
    struct request r = {q->xid, q->op, queued_body(q)};
    int64_t limit = p->conf.throttled_op_wait_ms;
    uint32_t heard_ms = q->heard_ms;

    if (r.op == ZK_OP_CLOSE_SESSION)
        limit = 0;
    if (limit > 0 && (uint32_t)p->now_ms - heard_ms > limit) {
        if (client_put_reply(p, c, r.xid, p->zxid, ZK_THROTTLED))
            client_count_reply(p, c, r.op, p->zxid, heard_ms);
        COUNT(p->own->stats.throttled, 1);
    } else {
        client_run(p, c, &r, ids_of(c, q), heard_ms);
    }
    if (c->state != CLIENT_GONE)
        queue_pop(&p->home.pool, &c->queue);
}

/* Move the first that waits; false: it has to go on waiting. */
static bool
step_parked(struct client_proc *p, struct client *c)
{
    struct queued *q = queue_parked(&c->queue);
    struct request r = {q->xid, q->op, queued_body(q)};

    if (q->kind == QUEUED_REPLY) {
        queue_unpark(&c->queue);
    } else if (client_goes_out(p, c, q->op)) {
        if (!client_ask(p, c, &r, ids_of(c, q))) {
            client_list_add(p, &p->blocked, c);
            return false;
        }
        q->kind = QUEUED_SENT;
        queue_unpark(&c->queue);
    } else {
        if (q != queue_head(&c->queue) || client_put_off(p, c))
            return false;
        run_parked_read(p, c);
    }
    return true;
}

void
client_pump(struct client_proc *p, struct client *c)
{
    if (c->is_deaf) {
        client_drop(p, c);
        return;
    }
    if (c->state == CLIENT_NEW)
        conn_resume(&c->conn, CONN_PAUSE_QUEUE);
    client_put_due(p, c);
    while (c->state == CLIENT_OPEN && queue_has_parked(&c->queue) &&
           !(c->conn.pauses & CONN_PAUSE_OUTPUT)) {
        if (!step_parked(p, c))
            break;
        client_put_due(p, c);
    }
    if (c->state != CLIENT_OPEN)
        return;
    client_info(p, c)->queued = c->queue.count;
    conn_resume(&c->conn, CONN_PAUSE_WAITING);
    if (buf_used(c->queue.buf) < QUEUE_BYTES_MAX / 2)
        conn_resume(&c->conn, CONN_PAUSE_QUEUE | CONN_PAUSE_GLOBAL);
}

void
client_answered(struct client_proc *p, struct client *c)
{
    queue_pop(&p->home.pool, &c->queue);
    COUNT(p->own->stats.outstanding, -UINT64_C(1));
    client_put_due(p, c);
    if (c->state != CLIENT_OPEN)
        return;
    client_info(p, c)->queued = c->queue.count;
    if (queue_has_parked(&c->queue) || c->conn.pauses)
        client_list_add(p, &p->todo, c);
}
