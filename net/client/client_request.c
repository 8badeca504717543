/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_request.c - frames come in, and each finds its way and its place.
 *
 * A write goes to replication at once, unless a read of the same connection
 * waits before it.  A read is answered at once, unless something waits before
 * it.  A request that finds no room (request ring full, own queue full, server
 * too busy) stays where it is: the connection is not read until there is room.
 *
 * Facts: spec/client-protocol.md 1.7, 2.2 to 2.4, 9.
 * Ours: auth takes effect at once, but its reply keeps its place.
 */
#include "net/client/client_request.h"

#include <inttypes.h>

#include "daemon/log.h"
#include "net/client/client_answer.h"
#include "net/client/client_ask.h"
#include "net/client/client_connect.h"
#include "net/client/client_deliver.h"
#include "net/client/client_session.h"
#include "net/client/client_table.h"
#include "net/client/client_watch.h"
#include "net/wire/frame.h"

enum { XID_PING = -2 };

/* --- places --------------------------------------------------------------- */

/* A sync's path comes back in its reply, so it stays in the queue. */
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

    if (!client_may_ask(p, c->ids.size, (uint32_t)r->body.size)) {
        client_no_room(p, c, CONN_PAUSE_QUEUE);
        return false;
    }
    if (!client_enqueue(p, c, &q, r->body.data))
        return false;
    client_ask(p, c, r, auth_bytes(&c->ids));
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
    return outstanding > (uint64_t)limit;
}

static bool
lacks_auth(const struct client_proc *p, const struct client *c)
{
    return p->conf.enforce_auth &&
           !auth_holds(auth_bytes(&c->ids), p->conf.enforce_auth_schemes);
}

/*
 * Answered here, sent to replication, or parked: client_queue.h says when.
 * ZK: ReadOnlyRequestProcessor refuses what goes out
 */
static bool
find_place(struct client_proc *p, struct client *c, const struct request *r)
{
    bool goes_out = client_goes_out(p, c, r->op);
    struct queued reply;

    if (goes_out && p->is_read_only) {
        reply = client_queued_reply(p, r, QUEUED_ZXID_NOW, ZK_NOT_READ_ONLY);
        return client_answer(p, c, &reply);
    }
    if (is_too_busy(p, c)) {
        client_no_room(p, c, CONN_PAUSE_GLOBAL);
        return false;
    }
    if (queue_has_parked(&c->queue))
        return park(p, c, r);
    if (goes_out)
        return send_or_wait(p, c, r);
    if (c->queue.count > 0)
        return park(p, c, r);
    if (client_put_off(p, c))
        return false;
    client_run(p, c, r, auth_bytes(&c->ids), (uint32_t)p->now_ms);
    return true;
}

static bool
on_ping(struct client_proc *p, struct client *c, const struct request *r)
{
    struct queued reply = client_queued_reply(p, r, QUEUED_ZXID_NOW, ZK_OK);

    client_catch_up(p); /* its zxid is that of a read */
    if (c->state != CLIENT_OPEN)
        return true;
    reply.xid = XID_PING;
    return client_answer(p, c, &reply);
}

/* False: not taken; the frame comes again. */
static bool
on_request(struct client_proc *p, struct client *c, const struct request *r)
{
    enum request_kind kind = request_kind(r->op);

    if (kind == REQUEST_AUTH)
        return client_on_auth(p, c, r);
    if (kind == REQUEST_SASL)
        return client_on_sasl(p, c, r);
    if (lacks_auth(p, c))
        return client_answer_last(p, c, r, 0, ZK_SESSION_CLOSED_REQUIRE_AUTH);
    if (kind == REQUEST_PING)
        return on_ping(p, c, r);
    if (kind != REQUEST_UNKNOWN)
        return find_place(p, c, r);
    log_warn_often("%s: unknown operation %d", client_name(p, c), r->op);
    return client_answer_last(p, c, r, -1, ZK_UNIMPLEMENTED);
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
 * Drop who sends a message above largeRequestThreshold that is more than
 * largeRequestMaxBytes together with the bytes `beside` it; false: it may.
 * ZK: ZooKeeperServer.checkRequestSizeWhenReceivingMessage; there large ones
 * alone are added up, until they are answered.
 */
static bool
rejects(struct client_proc *p, struct client *c, int32_t length, size_t beside)
{
    int64_t threshold = p->conf.large_request_threshold;

    if (c->state == CLIENT_NEW || threshold <= 0 || length <= threshold ||
        (int64_t)beside + length <= p->conf.large_request_max_bytes)
        return false;
    log_warn_often("%s: Rejecting large request of %d bytes: "
                   "largeRequestMaxBytes is %" PRId64,
                   client_name(p, c), length, p->conf.large_request_max_bytes);
    client_drop(p, c);
    return true;
}

/* The bytes of all buffers but that of the message that has begun. */
static size_t
in_use_beside(const struct client_proc *p, const struct client *c)
{
    return p->home.pool.out_bytes - buf_bytes(c->conn.in);
}

/*
 * Nothing it says is read now, not even pings; but it takes our answers, so it
 * is alive.  If they are its last ones, its time to take them begins anew.
 */
void
client_taken(struct conn *conn)
{
    struct client *c = client_of(conn);

    if (c->state == CLIENT_OPEN)
        client_heard(&client_proc, c);
    else if (c->state == CLIENT_CLOSING)
        client_set_state(&client_proc, c, CLIENT_CLOSING);
}

/* The message in front: how many bytes that was; 0: nothing is taken now. */
static size_t
take_first(struct client_proc *p, struct client *c, const uint8_t *data,
           size_t size)
{
    struct frame frame;

    switch (frame_next(data, size, p->conf.jute_maxbuffer, &frame)) {
    case FRAME_WHOLE:
        if (!rejects(p, c, frame.length, 0) && on_frame(p, c, frame.body))
            return frame.want;
        break;
    case FRAME_PARTIAL: /* what waits for the rest of it takes memory */
        if (frame.want > FRAME_LENGTH_BYTES)
            rejects(p, c, frame.length, in_use_beside(p, c));
        break;
    case FRAME_BAD:
        on_bad_length(p, c, frame.length);
        break;
    }
    return 0;
}

size_t
client_input(struct conn *conn, const uint8_t *data, size_t size)
{
    struct client_proc *p = &client_proc;
    struct client *c = client_of(conn);
    size_t taken = 0, n = 1;

    if (c->state == CLIENT_NEW && size >= 4 && client_four(p, c, data))
        return size;
    while (n > 0 && conn->pauses == 0 && c->state != CLIENT_GONE) {
        n = take_first(p, c, data + taken, size - taken);
        taken += n;
    }
    client_watch_publish(p);
    if (c->state == CLIENT_GONE)
        return size;
    COUNT(p->own->stats.bytes_received, taken);
    client_heard(p, c);
    return taken;
}
