/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_deliver.c - what was applied goes out: events, then replies.
 *
 * Walks the transaction ring from this process's own cursor to `applied`.
 * For each entry: the events of its changes to whoever watches (client_tell.c),
 * then the reply to whoever asked, if that is a connection of ours.  With
 * nobody watching, somebody else's entry costs a look at its header.
 *
 * Nothing here reads the tree, and no request is run: clients that have
 * something to do now join `todo`.
 *
 * Facts: spec/client-protocol.md 7.2, 8.4.  ZK: FinalRequestProcessor
 */
#include "net/client/client_deliver.h"

#include <inttypes.h>

#include "daemon/check.h"
#include "daemon/log.h"
#include "net/client/client_answer.h"
#include "net/client/client_connect.h"
#include "net/client/client_lease.h"
#include "net/client/client_request.h"
#include "net/client/client_session.h"
#include "net/client/client_table.h"
#include "net/wire/frame.h"
#include "net/wire/reply.h"

/* --- replies -------------------------------------------------------------- */

/* The connection that asked for this entry, if it is ours and still there. */
static struct client *
asker(const struct client_proc *p, const struct ring_entry *e)
{
    if (e->worker != p->worker || e->life != p->life)
        return NULL;
    return client_find(p, e->conn);
}

/* The request that an entry answers; if it is not the oldest, we are broken. */
static struct queued *
answered_request(struct client_proc *p, struct client *c,
                 const struct ring_entry *e)
{
    struct queued *q = queue_head(&c->queue);

    if (c->state != CLIENT_OPEN)
        return NULL;
    if (q && q->kind == QUEUED_SENT && q->xid == e->xid)
        return q;
    log_error("%s: connection closed, its oldest request is not the one "
              "answered; zxid=0x%" PRIx64 " xid=%d op=%d",
              client_name(p, c), (uint64_t)e->zxid, e->xid, e->op);
    client_drop(p, c);
    return NULL;
}

static void
finish(struct client_proc *p, struct client *c, const struct queued *q,
       zxid_t zxid)
{
    client_count_reply(p, c, q->op, zxid, q->heard_ms);
    client_answered(p, c);
}

/* The path of a sync comes back with its reply, if it can be read. */
static void
answer_sync(struct client_proc *p, struct client *c, const struct queued *q)
{
    struct bytes path = BYTES_NULL;
    bool is_legible = request_path(queued_body(q), &path);
    struct jute_out out;
    size_t at;

    if (!client_out(p, c, REPLY_BYTES + q->body_size + 4, &out))
        return;
    at = reply_begin(&out, q->xid, p->zxid, is_legible ? 0 : ZK_MARSHALLING);
    if (is_legible)
        jute_put_bytes(&out, path);
    frame_end(&out, at);
    conn_out_end(&c->conn, &out);
    finish(p, c, q, p->zxid);
}

/*
 * A learner has what is proposed in its ring before the leader's answer to a
 * sync that was asked before it.  Once that is applied the sync has what it
 * wanted: it is answered now, and its own entry is for nobody.
 */
static void
answer_overtaken(struct client_proc *p, struct client *c)
{
    const struct queued *q = queue_head(&c->queue);

    while (c->state == CLIENT_OPEN && q && q->kind == QUEUED_SENT &&
           q->op == ZK_OP_SYNC) {
        c->syncs_overtaken++;
        answer_sync(p, c, q);
        q = queue_head(&c->queue);
    }
}

static void
answer_write(struct client_proc *p, struct client *c,
             const struct ring_entry *e, struct txn *t,
             const struct outcome *outcomes)
{
    const int32_t *ops = ring_reply_ops(e);
    const struct queued *q = answered_request(p, c, e);
    struct jute_out out;

    if (!q)
        return;
    if (client_local_is_refused(c, e)) {
        if (client_put_reply(p, c, e->xid, e->zxid,
                             ZK_EPHEMERAL_ON_LOCAL_SESSION))
            finish(p, c, q, e->zxid);
        return;
    }
    if (!client_out(p, c, reply_write_bytes(t, e->outcome_count), &out))
        return;
    reply_put_write(&out, e->xid, e->op, t, outcomes, ops);
    conn_out_end(&c->conn, &out);
    finish(p, c, q, e->zxid);
    if (e->op == ZK_OP_CLOSE_SESSION && c->state == CLIENT_OPEN)
        client_close(p, c);
}

/*
 * The session has ended, or has come to `by`: whoever else serves it is closed
 * without a word.
 */
static void
drop_holder(struct client_proc *p, const struct client *by,
            session_id_t session)
{
    struct client *c = client_of_session(p, session);

    if (c && c != by)
        client_drop(p, c);
}

/*
 * The leader refused it: the session is another connection's by now, or the one
 * that asked is gone.  Apache's leaders say so of each operation of a multi.
 */
static bool
is_moved(const struct ring_entry *e)
{
    return txn_peek_error(ring_payload(e)) == ZK_SESSION_MOVED;
}

/*
 * Its session is there, or is global now.  Or it gets none: the leader has too
 * many, and the client tries elsewhere.
 */
static void
answer_session(struct client_proc *p, struct client *c,
               const struct ring_entry *e, bool is_there)
{
    if (!is_there && c->state == CLIENT_CONNECTING)
        client_drop(p, c);
    else if (is_there && c->state == CLIENT_CONNECTING)
        client_accepted(p, c, e->session, client_find_slot(p, e->session),
                        e->timeout_ms);
    else if (is_there)
        client_local_upgraded(p, c);
}

/*
 * Nobody is told that a session has moved (-118): its connection is closed.
 * ZK: FinalRequestProcessor, ZOOKEEPER-710
 */
static void
answer(struct client_proc *p, struct client *c, const struct ring_entry *e,
       struct txn *t, const struct outcome *outcomes)
{
    if (e->op == ZK_OP_CREATE_SESSION)
        answer_session(p, c, e, t->header.type == ZK_OP_CREATE_SESSION);
    else if (is_moved(e))
        client_drop(p, c); /* it comes back, and has its session again */
    else
        answer_write(p, c, e, t, outcomes);
}

static void
on_txn(struct client_proc *p, const struct ring_entry *e)
{
    const struct outcome *outcomes = ring_outcomes(e);
    struct client *c = asker(p, e);
    int32_t type = txn_peek_type(ring_payload(e));
    struct txn t;

    if (c)
        answer_overtaken(p, c);
    p->zxid = e->zxid;
    if (!c && watch_is_empty(&p->watch) && type != ZK_OP_CLOSE_SESSION)
        return;
    if (txn_open_known(&t, ring_payload(e)) < 0) {
        log_error("a transaction that cannot be read zxid=0x%" PRIx64
                  " bytes=%u",
                  (uint64_t)e->zxid, e->payload_size);
        if (c)
            client_drop(p, c);
        return;
    }
    client_tell(p, &t, outcomes, e->outcome_count);
    if (type == ZK_OP_CLOSE_SESSION)
        drop_holder(p, c, t.header.session);
    if (c)
        answer(p, c, e, &t, outcomes);
}

static void
on_refused(struct client_proc *p, const struct ring_entry *e)
{
    struct client *c = asker(p, e);
    const struct queued *q;

    if (c && c->state == CLIENT_CONNECTING) {
        client_refused(p, c);
        return;
    }
    q = c ? answered_request(p, c, e) : NULL;
    if (!q)
        return;
    if (client_put_reply(p, c, e->xid, p->zxid, e->err))
        finish(p, c, q, p->zxid);
}

/*
 * A session may have ended behind the leader's word on it, and before this, or
 * be about to: the client comes again, and may be refused.
 */
static void
on_resumed(struct client_proc *p, const struct ring_entry *e)
{
    struct client *c = asker(p, e);
    uint32_t slot;

    if (e->err == 0)
        drop_holder(p, c, e->session); /* an older connection */
    if (!c || c->state != CLIENT_CONNECTING)
        return;
    slot = client_find_slot(p, e->session);
    if (e->err != 0)
        client_refused(p, c);
    else if (slot == UINT32_MAX || client_lease_is_late(p, c, e->timeout_ms))
        client_drop(p, c);
    else
        client_accepted(p, c, e->session, slot, e->timeout_ms);
}

static void
on_synced(struct client_proc *p, const struct ring_entry *e)
{
    struct client *c = asker(p, e);
    const struct queued *q;

    if (c && c->syncs_overtaken > 0) {
        c->syncs_overtaken--;
        return;
    }
    q = c ? answered_request(p, c, e) : NULL;
    if (q)
        answer_sync(p, c, q);
}

static void
on_entry(struct client_proc *p, const struct ring_entry *e)
{
    struct client *c;

    switch (e->kind) {
    case RING_TXN:
        on_txn(p, e);
        break;
    case RING_REFUSED:
        on_refused(p, e);
        break;
    case RING_RESUMED:
        on_resumed(p, e);
        break;
    case RING_DROP:
        c = asker(p, e);
        if (c)
            client_drop(p, c);
        break;
    case RING_SYNCED:
        on_synced(p, e);
        break;
    case RING_VOID:
        break;
    default:
        never("an entry of a kind that nobody writes");
    }
}

bool
client_deliver(struct client_proc *p, uint64_t max_bytes)
{
    ring_pos_t applied = atomic_load_explicit(&p->shm->replication->applied,
                                              memory_order_acquire);
    ring_pos_t from = p->delivered;
    size_t slice = client_pace_slice(p);

    if (p->delivered == applied || !client_is_serving(p))
        return false;
    p->told = 0;
    while (p->delivered != applied && p->delivered - from < max_bytes &&
           p->told < slice) {
        const struct ring_entry *e = txring_at(&p->shm->ring, p->delivered);

        check(e->size >= sizeof *e && p->delivered + e->size <= applied);
        on_entry(p, e);
        p->delivered += e->size;
    }
    atomic_store_explicit(&p->own->delivered, p->delivered,
                          memory_order_release);
    if (p->delivered != applied && p->told >= slice)
        client_pace_full(p, p->delivered - from);
    return p->delivered != applied;
}

void
client_catch_up(struct client_proc *p)
{
    while (client_deliver(p, UINT64_MAX))
        conn_flush_dirty(&p->home); /* there may be a ring full of events */
}
