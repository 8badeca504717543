/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_learn_ask.c - a learner's clients, seen from the leader and back.
 *
 *      WRITE            REQUEST             ...comes back as a transaction
 *      SYNC             REQUEST, op sync    ...as SYNC, in order
 *      SESSION_OPEN     REQUEST, op create  ...as a transaction
 *      SESSION_RESUME   REVALIDATE, SYNC    ...as REVALIDATE, then SYNC
 *
 * What comes back becomes a ring entry with the origin that asked, so client
 * processes answer it as they answer a leader's own.
 *
 * The replication process, learning.
 * Facts: spec/quorum-protocol.md 5.2, 5.5, 7, 16.3.
 */
#include <errno.h>

#include "daemon/check.h"
#include "daemon/log.h"
#include "net/repl/repl_learn.h"
#include "net/repl/repl_master.h"
#include "net/repl/repl_ring.h"
#include "net/repl/repl_session.h"
#include "net/zab/forward.h"
#include "storage/tree/txn.h"

enum {
    REQUEST_HEAD = 4 + 8 + 4 + 8 + 4 + 4, /* up to the request record */
    RESUME_XID = -1, /* of the SYNC behind REVALIDATE: no client counts so */
};

/* --- to the leader ------------------------------------------------------- */

/* A REQUEST packet, without a copy of the body in between. */
static bool
put_request(struct repl_learn *l, session_id_t session, int32_t xid, int32_t op,
            struct bytes body, struct bytes ids)
{
    size_t room = REQUEST_HEAD + (size_t)body.size +
                  (size_t)(ids.size > 0 ? ids.size : 4);
    struct jute_out out;

    if (!conn_out(&l->conn, room, &out))
        return false;
    jute_put_i32(&out, Q_REQUEST);
    jute_put_i64(&out, -1);
    jute_put_i32(&out, 16 + body.size);
    jute_put_i64(&out, session);
    jute_put_i32(&out, xid);
    jute_put_i32(&out, op);
    jute_put_raw(&out, body.data, (size_t)body.size);
    if (ids.size > 0)
        jute_put_raw(&out, ids.data, (size_t)ids.size);
    else
        jute_put_i32(&out, -1);
    conn_out_end(&l->conn, &out);
    return true;
}

/*
 * Under which session it goes.  A new one gets its id here; a local one that
 * becomes global keeps its own.
 */
static session_id_t
session_of(struct repl_learn *l, const struct req *req)
{
    return req->kind == REQ_SESSION_OPEN && req->session == 0
               ? repl_session_id(l->r)
               : req->session;
}

static bool
put_open(struct repl_learn *l, const struct req *req, session_id_t session)
{
    uint8_t body[4];

    store_be32(body, (uint32_t)req->timeout_ms);
    return put_request(l, session, 0, ZK_OP_CREATE_SESSION,
                       (struct bytes){body, sizeof body}, BYTES_NULL);
}

static bool
put_revalidate(struct repl_learn *l, const struct req *req)
{
    uint8_t data[12];
    struct jute_out out = jute_out_of(data, sizeof data);

    jute_put_i64(&out, req->session);
    jute_put_i32(&out, req->timeout_ms);
    return qlink_put(&l->conn, Q_REVALIDATE, -1,
                     (struct bytes){data, sizeof data}, BYTES_NULL);
}

/*
 * Behind the question goes a sync, as if the session had asked for one here
 * first: forward.h says what for.  Whoever leads, or is between, answers each
 * in its turn, whatever it thinks of the session.
 * ZK: ProposalRequestProcessor, Leader.processSync, FollowerZooKeeperServer
 */
static bool
put_resume(struct repl_learn *l, const struct req *req)
{
    static const uint8_t root[] = {0, 0, 0, 1, '/'};

    return put_revalidate(l, req) &&
           put_request(l, req->session, RESUME_XID, ZK_OP_SYNC,
                       (struct bytes){root, sizeof root}, BYTES_NULL);
}

static bool
put(struct repl_learn *l, const struct req *req, session_id_t session)
{
    switch (req->kind) {
    case REQ_SESSION_OPEN:
        return put_open(l, req, session);
    case REQ_SESSION_RESUME:
        return put_resume(l, req);
    case REQ_SYNC:
        return put_request(l, session, req->xid, ZK_OP_SYNC, req_body(req),
                           req_auth(req));
    default:
        return put_request(l, session, req->xid, req->op, req_body(req),
                           req_auth(req));
    }
}

bool
learn_ask(struct repl_learn *l, const struct req *req, const struct origin *o)
{
    struct forward *f = l->r->forward;
    session_id_t session;

    if (conn_unsent(&l->conn) > LEARN_UNSENT_MAX ||
        !forward_has_room(f, req, l->r->service.state == SERVICE_ASKING_AGAIN))
        return false;
    session = session_of(l, req);
    if (!put(l, req, session))
        return false;
    forward_keep(f, req, o->worker, session);
    return true;
}

/* --- and back: transactions ---------------------------------------------- */

/* Only a multi and the end of a session have more outcomes than one. */
static uint64_t
size_at_most(struct bytes data)
{
    int32_t type = txn_peek_type(data);
    uint32_t count = 1;
    struct txn txn;

    if ((type == ZK_OP_MULTI || type == ZK_OP_CLOSE_SESSION) &&
        txn_open(&txn, data) == 0)
        count = txn_count(&txn);
    return ring_entry_size((uint32_t)data.size, count, true);
}

/*
 * What `packet` puts into the ring, at most.  Whatever else a leader says is
 * heard although the ring is full: how we are brought up, for which a cut or a
 * start makes room, and the COMMIT that makes it.
 */
static uint64_t
room_for(const struct qpacket *packet)
{
    struct bytes txn = qpacket_txn(packet);

    if (txn.size >= 0)
        return size_at_most(txn);
    return packet->type == Q_SYNC || packet->type == Q_REVALIDATE
               ? RING_WORD_BYTES
               : 0;
}

bool
learn_has_room(struct repl_learn *l, const struct qpacket *packet)
{
    uint64_t size = room_for(packet);

    return size == 0 || repl_reserve(l->r, size) != NULL;
}

/* The reply names each operation as the client of ours did, if it is one's. */
static bool
has_reply_ops(const struct req *req, const struct txn *txn)
{
    return req && req->op == ZK_OP_MULTI && txn->header.type == ZK_OP_MULTI;
}

static void
put_reply_ops(struct ring_entry *e, struct txn *txn, const struct req *req)
{
    int32_t *ops = ring_reply_ops(e);
    bool are_known = prep_multi_ops(req_body(req), ops, e->outcome_count) ==
                     (int32_t)e->outcome_count;
    struct change c;

    for (uint32_t i = 0; i < e->outcome_count && txn_next(txn, &c); i++)
        ops[i] = prep_reply_op(are_known ? ops[i] : c.op, c.op);
}

/* Of `txn`, `size` bytes; `req` of `o` asked for it, NULL: nobody of ours. */
static struct ring_entry
entry_of(const struct txn *txn, uint32_t size, const struct req *req,
         const struct origin *o)
{
    const struct txn_header *h = &txn->header;
    uint32_t count = txn_count(txn);

    return (struct ring_entry){
        .size = (uint32_t)ring_entry_size(size, count, has_reply_ops(req, txn)),
        .kind = RING_TXN,
        .worker = o->worker,
        .life = o->life,
        .conn = o->conn,
        .zxid = h->zxid,
        .session = h->session,
        .xid = req ? req->xid : h->cxid,
        .op = req ? req->op : h->type,
        .timeout_ms = req ? req->timeout_ms : 0,
        .payload_size = size,
        .outcome_count = count,
    };
}

int
learn_append(struct repl_learn *l, const struct qpacket *packet)
{
    struct bytes bytes = packet->data;
    struct origin o = {.worker = RING_NOBODY};
    struct ring_entry head, *e;
    const struct req *req;
    struct txn txn;

    if (txn_open(&txn, bytes) < 0 || txn.header.zxid != packet->zxid)
        return -EBADMSG;
    req = forward_take(l->r->forward, txn.header.session, txn.header.cxid,
                       txn.header.type, &o);
    head = entry_of(&txn, (uint32_t)bytes.size, req, &o);
    e = repl_reserve(l->r, head.size);
    check(e != NULL);
    *e = head;
    memcpy(e + 1, bytes.data, (size_t)bytes.size);
    if (has_reply_ops(req, &txn))
        put_reply_ops(e, &txn, req);
    repl_append(l->r, e);
    return 0;
}

/* --- and back: words ----------------------------------------------------- */

/* A client of ours has its session now, or is refused. */
static void
put_resumed(struct repl_learn *l, const struct req *req, const struct origin *o,
            bool is_valid)
{
    if (is_valid) {
        repl_session_moves(l->r, req->session, o);
        repl_session_lasts(l->r, req->session, req->timeout_ms);
    }
    check(repl_put_word(l->r, RING_RESUMED, req, o,
                        is_valid ? ZK_OK : ZK_SESSION_EXPIRED));
}

void
learn_synced(struct repl_learn *l)
{
    struct origin o;
    const struct req *req = forward_take_sync(l->r->forward, &o);

    if (!req)
        log_warn_often("learner: the leader answers a sync that nobody sent");
    else if (repl_is_observers(&o))
        repl_master_synced(l->r, &o);
    else if (req->kind == REQ_SYNC)
        check(repl_put_word(l->r, RING_SYNCED, req, &o, ZK_OK));
    else if (o.worker != RING_NOBODY)
        put_resumed(l, req, &o, true);
}

void
learn_revalidated(struct repl_learn *l, const struct qpacket *packet)
{
    struct jute_in in = jute_in_bytes(packet->data);
    session_id_t session = jute_get_i64(&in);
    bool is_valid = jute_get_bool(&in);
    const struct req *req;
    struct origin o;

    if (in.bad)
        return;
    req = forward_take_session(l->r->forward, session, is_valid, &o);
    if (!req)
        return;
    if (!repl_is_observers(&o)) {
        put_resumed(l, req, &o, is_valid);
        return;
    }
    if (is_valid)
        repl_session_moves(l->r, session, &o);
    repl_master_revalidated(l->r, &o, packet);
}
