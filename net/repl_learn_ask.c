/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_learn_ask.c - a learner's clients, seen from the leader and back.
 *
 *      WRITE            REQUEST             ...comes back as a transaction
 *      SYNC             REQUEST, op sync    ...as SYNC, in order
 *      SESSION_OPEN     REQUEST, op create  ...as a transaction
 *      SESSION_RESUME   REVALIDATE          ...as REVALIDATE
 *
 * What comes back becomes a ring entry with the origin that asked, so client
 * processes answer it as they answer a leader's own.
 *
 * The replication process, learning.
 * Facts: spec/quorum-protocol.md 5.2, 5.5, 7, 16.3.
 */
#include <errno.h>

#include "daemon/check.h"
#include "daemon/clock.h"
#include "daemon/log.h"
#include "net/repl_learn.h"
#include "storage/txn.h"

enum {
    UNSENT_MAX = 4 << 20, /* bytes waiting for the leader: then clients wait */
    ROOM_FOR_WORDS = 4 * sizeof(struct ring_entry),
    REQUEST_HEAD = 4 + 8 + 4 + 8 + 4 + 4, /* up to the request record */
    OPS_MAX = 1 << 16,
    TOUCH_BYTES = 8 + 4,
    TOUCHES_MAX = 64 * 1024,
};

/* --- to the leader ---------------------------------------------------------- */

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

static bool
ask_to_write(struct repl_learn *l, const struct req *req,
             const struct origin *o)
{
    static int32_t ops[OPS_MAX];
    struct forwarded f = {
        .session = req->session,
        .xid = req->xid,
        .op = req->op,
        .origin = *o,
    };
    int32_t count = 0;

    if (req->op == ZK_OP_MULTI)
        count = prep_multi_ops(req_body(req), ops, OPS_MAX);
    f.op_count = count < 0 ? 0 : (uint32_t)count;
    if (!forward_has_room(&l->forward, f.op_count) ||
        !put_request(l, req->session, req->xid, req->op, req_body(req),
                     req_auth(req)))
        return false;
    forward_put(&l->forward, &f, ops);
    return true;
}

static bool
ask_to_open(struct repl_learn *l, const struct req *req, const struct origin *o)
{
    uint8_t body[4];
    struct forwarded f = {
        .op = ZK_OP_CREATE_SESSION,
        .timeout_ms = req->timeout_ms,
        .origin = *o,
    };

    if (!forward_has_room(&l->forward, 0))
        return false;
    f.session = repl_session_id(l->r);
    store_be32(body, (uint32_t)req->timeout_ms);
    if (!put_request(l, f.session, 0, f.op, (struct bytes){body, sizeof body},
                     BYTES_NULL))
        return false;
    forward_put(&l->forward, &f, NULL);
    return true;
}

static struct asked
asked_by(const struct req *req, const struct origin *o)
{
    return (struct asked){
        .session = req->session,
        .xid = req->xid,
        .timeout_ms = req->timeout_ms,
        .origin = *o,
    };
}

static bool
ask_to_resume(struct repl_learn *l, const struct req *req,
              const struct origin *o)
{
    struct asked a = asked_by(req, o);
    uint8_t data[12];
    struct jute_out out = jute_out_of(data, sizeof data);

    jute_put_i64(&out, req->session);
    jute_put_i32(&out, req->timeout_ms);
    if (ask_is_full(&l->revalidates) ||
        !qlink_put(&l->conn, Q_REVALIDATE, -1,
                   (struct bytes){data, sizeof data}, BYTES_NULL))
        return false;
    ask_put(&l->revalidates, &a);
    return true;
}

static bool
ask_to_sync(struct repl_learn *l, const struct req *req, const struct origin *o)
{
    struct asked a = asked_by(req, o);

    if (ask_is_full(&l->syncs) ||
        !put_request(l, req->session, req->xid, ZK_OP_SYNC, req_body(req),
                     req_auth(req)))
        return false;
    ask_put(&l->syncs, &a);
    return true;
}

bool
learn_ask(struct repl_learn *l, const struct req *req, const struct origin *o)
{
    if (conn_unsent(&l->conn) > UNSENT_MAX)
        return false;
    switch (req->kind) {
    case REQ_SESSION_OPEN:
        return ask_to_open(l, req, o);
    case REQ_SESSION_RESUME:
        return ask_to_resume(l, req, o);
    case REQ_WRITE:
        return ask_to_write(l, req, o);
    case REQ_SYNC:
        return ask_to_sync(l, req, o);
    default:
        return repl_put_word(l->r, RING_DROP, req, o, ZK_OK);
    }
}

void
learn_forget_asked(struct repl_learn *l)
{
    forward_clear(&l->forward);
    ask_clear(&l->syncs);
    ask_clear(&l->revalidates);
}

/* --- and back: transactions -------------------------------------------------- */

static bool
is_txn(const struct qpacket *p)
{
    return p->type == Q_PROPOSAL || p->type == Q_INFORM ||
           p->type == Q_INFORM_ACTIVATE;
}

/* No transaction has more outcomes than its bytes have room for operations. */
static uint32_t
size_at_most(const struct qpacket *p)
{
    uint32_t bytes = p->data.size < 0 ? 0 : (uint32_t)p->data.size;
    struct txn txn;
    uint32_t count = txn_open(&txn, p->data) == 0 ? txn_count(&txn) : 1;

    return ring_entry_size(bytes, count, sizeof(struct outcome), true);
}

bool
learn_has_room(struct repl_learn *l, const struct qpacket *packet)
{
    uint32_t size = is_txn(packet) ? size_at_most(packet) : ROOM_FOR_WORDS;

    return repl_reserve(l->r, size) != NULL;
}

/* The operations of a multi that a client of ours asked for. */
static void
put_reply_ops(const struct repl_learn *l, struct ring_entry *e, struct txn *txn,
              const struct forwarded *f)
{
    struct outcome *outcomes = ring_outcomes(e);
    int32_t *ops = (int32_t *)(void *)(outcomes + e->outcome_count);
    struct change c;

    for (uint32_t i = 0; i < f->op_count && txn_next(txn, &c); i++)
        ops[i] = prep_reply_op(forward_op(&l->forward, f, i), c.op);
}

int
learn_append(struct repl_learn *l, struct bytes bytes)
{
    struct forwarded f = {.origin = {.worker = RING_NOBODY}};
    struct ring_entry *e;
    struct txn txn;
    bool has_ops;

    if (txn_open(&txn, bytes) < 0)
        return -EBADMSG;
    if (!forward_take(&l->forward, txn.header.session, txn.header.cxid,
                      txn.header.type, &f)) {
        f.op = txn.header.type;
        f.xid = txn.header.cxid;
    }
    has_ops = f.op_count > 0 && f.op_count == txn_count(&txn);
    e = repl_reserve(l->r,
                     ring_entry_size((uint32_t)bytes.size, txn_count(&txn),
                                     sizeof(struct outcome), has_ops));
    check(e != NULL);
    *e = (struct ring_entry){
        .size = ring_entry_size((uint32_t)bytes.size, txn_count(&txn),
                                sizeof(struct outcome), has_ops),
        .kind = RING_TXN,
        .worker = f.origin.worker,
        .life = f.origin.life,
        .conn = f.origin.conn,
        .zxid = txn.header.zxid,
        .session = txn.header.session,
        .xid = f.xid,
        .op = f.op,
        .timeout_ms = f.timeout_ms,
        .payload_size = (uint32_t)bytes.size,
        .outcome_count = txn_count(&txn),
    };
    memcpy(e + 1, bytes.data, (size_t)bytes.size);
    if (has_ops)
        put_reply_ops(l, e, &txn, &f);
    repl_append(l->r, e);
    return 0;
}

/* --- and back: words ---------------------------------------------------------
 */

static void
put_word(struct repl_learn *l, enum ring_kind kind, const struct asked *a,
         int32_t err)
{
    struct req req = {
        .session = a->session,
        .xid = a->xid,
        .op = kind == RING_SYNCED ? ZK_OP_SYNC : ZK_OP_CREATE_SESSION,
        .timeout_ms = a->timeout_ms,
    };

    check(repl_put_word(l->r, kind, &req, &a->origin, err));
}

void
learn_synced(struct repl_learn *l)
{
    struct asked a;

    if (ask_take(&l->syncs, &a))
        put_word(l, RING_SYNCED, &a, ZK_OK);
    else
        log_warn_often("learner: the leader answers a sync that nobody sent");
}

void
learn_revalidated(struct repl_learn *l, const struct qpacket *packet)
{
    struct jute_in in =
        jute_in_of(packet->data.data,
                   packet->data.size < 0 ? 0 : (size_t)packet->data.size);
    session_id_t session = jute_get_i64(&in);
    bool is_valid = jute_get_bool(&in);
    struct asked a;

    if (in.bad || !ask_take_session(&l->revalidates, session, &a))
        return;
    put_word(l, RING_RESUMED, &a, is_valid ? ZK_OK : ZK_SESSION_EXPIRED);
}

/* --- sessions heard of -------------------------------------------------------
 */

static bool
was_heard(const struct repl *r, uint32_t slot, uint32_t since)
{
    for (uint32_t w = 0; w < r->shm->super->client_count; w++) {
        uint32_t at =
            atomic_load_explicit(&r->shm->heard[w][slot], memory_order_relaxed);

        if (at != 0 && (int32_t)(at - since) >= 0)
            return true;
    }
    return false;
}

void
learn_pong(struct repl_learn *l, zxid_t zxid)
{
    const struct repl *r = l->r;
    uint32_t end = session_slot_end(r->sessions), touches = 0;
    uint32_t since = (uint32_t)l->ponged;
    static uint8_t data[TOUCHES_MAX * TOUCH_BYTES];
    struct jute_out out = jute_out_of(data, sizeof data);

    l->ponged = clock_mono_ms();
    for (uint32_t i = 0; i < end && touches < TOUCHES_MAX; i++) {
        const struct session *s = session_at(r->sessions, i);

        if (s->id == 0 || !was_heard(r, i, since))
            continue;
        jute_put_i64(&out, s->id);
        jute_put_i32(&out, s->timeout_ms);
        touches++;
    }
    qlink_put(&l->conn, Q_PING, zxid,
              (struct bytes){data, (int32_t)jute_out_size(&out)}, BYTES_NULL);
}
