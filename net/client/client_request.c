/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_request.c - frames come in, and each finds its way and its place.
 *
 * A write goes to replication at once, unless a read of the same connection
 * waits before it.  A read is answered at once, unless something waits before
 * it.  Who finds no room (request ring, own queue, server too busy) leaves
 * its frame where it is: the connection is not read until there is room.
 *
 * Facts: spec/client-protocol.md 1.7, 2.2 to 2.4, 9.
 * Ours: auth takes effect at once, but its reply keeps its place.
 */
#include "net/client/client.h"

#include "daemon/clock.h"
#include "daemon/log.h"
#include "net/wire/frame.h"

enum { XID_PING = -2, READS_UNTIMED = 64 };

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

/* After one that may have taken long, and now and then. */
static void
look_at_clock(struct client_proc *p, int32_t op)
{
    if (may_take_long(op) || ++p->reads % READS_UNTIMED == 0)
        p->is_late = clock_mono_ms() - p->busy_since_ms >= LONG_MS;
}

/* A read has to wait for its connection's next turn. */
static bool
is_put_off(struct client_proc *p, struct client *c)
{
    if (!p->is_late)
        return false;
    conn_pause(&c->conn, CONN_PAUSE_WAITING);
    client_list_add(p, &p->todo, c);
    return true;
}

/* --- writes --------------------------------------------------------------- */

/* Ask replication; false when the request ring is full. */
static bool
send_request(struct client_proc *p, const struct client *c, enum req_kind kind,
             const struct request *r, struct bytes ids)
{
    struct reqring *ring = &p->shm->requests[p->worker];
    struct req *req =
        reqring_reserve(ring, (uint32_t)ids.size, (uint32_t)r->body.size);

    if (!req)
        return false;
    req->kind = (uint16_t)kind;
    req->life = p->life;
    req->conn = c->id;
    req->period = p->period;
    req->session = c->session;
    req->xid = r->xid;
    req->op = r->op;
    memcpy(req->bytes, ids.data, (size_t)ids.size);
    memcpy(req->bytes + ids.size, r->body.data, (size_t)r->body.size);
    reqring_send(ring, req);
    p->must_ring = true;
    COUNT(p->own->stats.outstanding, 1);
    return true;
}

/*
 * Alone, a sync is only its place.  A leader's followers may have applied, and
 * answered, what it has not yet: there it goes behind all that is proposed.
 * Ours: Apache's leader answers it as a read.
 */
static bool
goes_out(const struct client_proc *p, const struct client *c, int32_t op)
{
    enum request_kind kind = request_kind(op);

    if (op == ZK_OP_CLOSE_SESSION && c->is_local)
        return false;
    return kind == REQUEST_WRITE ||
           (kind == REQUEST_SYNC &&
            p->shm->replication->role != ROLE_STANDALONE);
}

static enum req_kind
req_kind_of(int32_t op)
{
    return op == ZK_OP_SYNC ? REQ_SYNC : REQ_WRITE;
}

/* A sync's path comes back in its reply, so it is kept with the place. */
static bool
send_or_wait(struct client_proc *p, struct client *c, const struct request *r)
{
    struct queued q = {
        .kind = QUEUED_SENT,
        .xid = r->xid,
        .op = r->op,
        .heard_ms = (uint32_t)p->now_ms,
        .body_size = r->op == ZK_OP_SYNC ? (uint32_t)r->body.size : 0,
    };
    struct reqring *ring = &p->shm->requests[p->worker];

    if (!reqring_reserve(ring, c->ids.size, (uint32_t)r->body.size)) {
        client_no_room(p, c, CONN_PAUSE_QUEUE);
        return false;
    }
    if (!client_enqueue(p, c, &q, r->body.data))
        return false;
    send_request(p, c, req_kind_of(r->op), r, auth_bytes(&c->ids));
    return true;
}

static bool
park(struct client_proc *p, struct client *c, const struct request *r)
{
    struct queued q = {
        .kind = QUEUED_WAIT,
        .xid = r->xid,
        .op = r->op,
        .heard_ms = (uint32_t)p->now_ms,
        .ids_size = c->ids.size,
        .body_size = (uint32_t)r->body.size,
    };

    return client_enqueue(p, c, &q, r->body.data);
}

/* What this process answers by itself, when its turn has come. */
static void
run_here(struct client_proc *p, struct client *c, const struct request *r,
         struct bytes ids, uint32_t heard_ms)
{
    if (r->op == ZK_OP_CLOSE_SESSION)
        client_local_close(p, c, r, heard_ms);
    else
        client_read(p, c, r, ids, heard_ms);
    look_at_clock(p, r->op);
}

/* --- the queue's turn ----------------------------------------------------- */

/* Who had asked, whatever auth packets came behind.  Good for this request. */
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
        client_put_reply(p, c, r.xid, p->zxid, ZK_THROTTLED);
        client_count_reply(p, c, r.op, p->zxid, heard_ms);
        COUNT(p->own->stats.throttled, 1);
    } else {
        run_here(p, c, &r, ids_of(c, q), heard_ms);
    }
    if (c->state != CLIENT_GONE)
        queue_pop(&p->home.pool, &c->queue);
}

/* Move the first that waits; false if it has to wait on. */
static bool
step_parked(struct client_proc *p, struct client *c)
{
    struct queued *q = queue_parked(&c->queue);
    struct request r = {q->xid, q->op, queued_body(q)};

    if (q->kind == QUEUED_REPLY) {
        queue_unpark(&c->queue);
    } else if (goes_out(p, c, q->op)) {
        if (!send_request(p, c, req_kind_of(q->op), &r, ids_of(c, q))) {
            client_list_add(p, &p->blocked, c);
            return false;
        }
        q->kind = QUEUED_SENT;
        queue_unpark(&c->queue);
    } else {
        if (q != queue_head(&c->queue) || is_put_off(p, c))
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

/* --- one request ---------------------------------------------------------- */

static bool
is_too_busy(const struct client_proc *p, const struct client *c)
{
    uint64_t outstanding;
    int64_t limit = p->outstanding_limit;

    if (c->queue.count == 0)
        return false;
    outstanding = p->outstanding_of_others + p->own->stats.outstanding;
    if (p->conf.request_max > 0 && p->conf.request_max < limit)
        limit = p->conf.request_max;
    return limit > 0 && outstanding > (uint64_t)limit;
}

static bool
lacks_auth(const struct client_proc *p, const struct client *c)
{
    return p->conf.enforce_auth &&
           !auth_holds(auth_bytes(&c->ids), p->conf.enforce_auth_schemes);
}

/* ZK: ReadOnlyRequestProcessor */
static bool
needs_leader(const struct client_proc *p, const struct client *c, int32_t op)
{
    enum request_kind kind = request_kind(op);

    return p->is_read_only && (kind == REQUEST_WRITE || kind == REQUEST_SYNC) &&
           !(op == ZK_OP_CLOSE_SESSION && c->is_local);
}

/* False: not taken; the frame comes again. */
static bool
on_request(struct client_proc *p, struct client *c, const struct request *r)
{
    enum request_kind kind = request_kind(r->op);
    struct queued reply;

    if (kind == REQUEST_AUTH)
        return client_on_auth(p, c, r);
    if (kind == REQUEST_SASL)
        return client_on_sasl(p, c, r);
    if (lacks_auth(p, c))
        return client_answer_last(p, c, r, 0, ZK_SESSION_CLOSED_REQUIRE_AUTH);
    switch (kind) {
    case REQUEST_PING:
        client_catch_up(p); /* its zxid is that of a read */
        if (c->state != CLIENT_OPEN)
            return true;
        reply = client_queued_reply(p, r, QUEUED_ZXID_NOW, ZK_OK, false);
        reply.xid = XID_PING;
        return client_answer(p, c, &reply);
    case REQUEST_UNKNOWN:
        log_warn_often("%s: unknown operation %d", client_name(p, c), r->op);
        return client_answer_last(p, c, r, -1, ZK_UNIMPLEMENTED);
    default:
        break;
    }
    if (needs_leader(p, c, r->op)) {
        reply =
            client_queued_reply(p, r, QUEUED_ZXID_NOW, ZK_NOT_READ_ONLY, false);
        return client_answer(p, c, &reply);
    }
    if (is_too_busy(p, c)) {
        client_no_room(p, c, CONN_PAUSE_GLOBAL);
        return false;
    }
    if (queue_has_parked(&c->queue))
        return park(p, c, r);
    if (goes_out(p, c, r->op))
        return send_or_wait(p, c, r);
    if (c->queue.count > 0)
        return park(p, c, r);
    if (is_put_off(p, c))
        return false;
    run_here(p, c, r, auth_bytes(&c->ids), (uint32_t)p->now_ms);
    return true;
}

static bool
on_frame(struct client_proc *p, struct client *c, struct bytes frame)
{
    struct request r;
    bool taken;

    if (c->state == CLIENT_NEW) {
        taken = client_on_connect(p, c, frame);
        if (!taken)
            client_no_room(p, c, CONN_PAUSE_QUEUE);
        return taken;
    }
    if (!request_open(frame, &r)) {
        log_warn_often("%s: a frame of %d bytes is no request",
                       client_name(p, c), frame.size);
        client_drop(p, c);
        return true;
    }
    taken = on_request(p, c, &r);
    if (taken && c->state != CLIENT_GONE) {
        COUNT(p->own->stats.received, 1);
        client_info(p, c)->received++;
        if (r.xid >= 0) /* not a ping's */
            client_info(p, c)->last_cxid = r.xid;
    }
    return taken;
}

/* --- frames --------------------------------------------------------------- */

static void
on_bad_length(struct client_proc *p, struct client *c, int32_t length)
{
    log_warn_often("Len error. A message from %s with advertised length of %d "
                   "is either a malformed message or too large to process "
                   "(length is greater than jute.maxbuffer=%d)",
                   client_name(p, c), length, p->conf.jute_maxbuffer);
    client_drop(p, c);
}

/*
 * A large message counts while it is on its way.
 * ZK: ZooKeeperServer.checkRequestSizeWhenReceivingMessage; there it counts
 * until it is answered.
 */
static bool
is_too_large_now(struct client_proc *p, const struct client *c, int32_t length)
{
    int64_t threshold = p->conf.large_request_threshold;

    if (c->state == CLIENT_NEW || threshold <= 0 || length <= threshold)
        return false;
    return (int64_t)p->home.pool.out_bytes + length >
           p->conf.large_request_max_bytes;
}

/* A word to the server is life of the session. */
static void
note_heard(struct client_proc *p, const struct client *c)
{
    uint32_t now = (uint32_t)p->now_ms;

    if (c->slot != UINT32_MAX &&
        atomic_load_explicit(&p->heard[c->slot], memory_order_relaxed) != now)
        atomic_store_explicit(&p->heard[c->slot], now, memory_order_relaxed);
}

/*
 * Its words are not read now, pings neither; but it takes our answers.  Its
 * last ones, too: then its time begins anew.
 */
void
client_taken(struct conn *conn)
{
    struct client *c = client_of(conn);

    if (c->state == CLIENT_OPEN)
        note_heard(&client_proc, c);
    else if (c->state == CLIENT_CLOSING)
        client_set_state(&client_proc, c, CLIENT_CLOSING);
}

size_t
client_input(struct conn *conn, const uint8_t *data, size_t size)
{
    struct client_proc *p = &client_proc;
    struct client *c = client_of(conn);
    size_t at = 0;

    if (c->state == CLIENT_NEW && size >= 4 && client_four(p, c, data))
        return size;
    while (conn->pauses == 0 && c->state != CLIENT_GONE) {
        struct frame frame;
        enum frame_result got =
            frame_next(data + at, size - at, p->conf.jute_maxbuffer, &frame);

        if (got == FRAME_BAD) {
            on_bad_length(p, c, frame.length);
            return size;
        }
        if (got == FRAME_PARTIAL) {
            if (frame.want > FRAME_LENGTH_BYTES &&
                is_too_large_now(p, c, frame.length))
                client_drop(p, c);
            break;
        }
        if (!on_frame(p, c, frame.body))
            break;
        at += frame.want;
    }
    if (c->state != CLIENT_GONE) {
        COUNT(p->own->stats.bytes_received, at);
        note_heard(p, c);
    }
    client_publish(p);
    return at < size && c->state == CLIENT_GONE ? size : at;
}
