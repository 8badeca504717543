/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_take.c - requests of client processes are taken, in turn.
 *
 * The replication process.  A request is taken only when the transaction ring
 * has room for the largest entry that it can become; else it waits in its
 * request ring, whose client process then stops reading.
 */
#include "net/repl/repl_take.h"

#include <inttypes.h>

#include "daemon/log.h"
#include "net/repl/repl_apply.h"
#include "net/repl/repl_prepare.h"
#include "net/repl/repl_ring.h"
#include "net/repl/repl_serve.h"
#include "net/repl/repl_session.h"

enum {
    TAKE_MAX = 512,     /* requests in one turn of the loop */
    TAKE_IN_A_ROW = 64, /* of one client process */
};

/* --- one handler per kind of request -------------------------------------- */

/* False: not now. */
static bool
prepare_or_drop(struct repl *r, const struct req *req, struct prep_request *q)
{
    int32_t err;

    switch (repl_prepare(r, q, req->timeout_ms, &err)) {
    case PREP_WAIT:
        return false;
    case PREP_REFUSE:
        return repl_put_word(r, RING_REFUSED, req, &q->origin, err);
    case PREP_DROP:
        return repl_put_word(r, RING_DROP, req, &q->origin, ZK_OK);
    case PREP_TXN:
        break;
    }
    return true;
}

static bool
on_session_open(struct repl *r, const struct req *req, const struct origin *o)
{
    uint8_t body[4];
    struct prep_request q = {
        .op = ZK_OP_CREATE_SESSION,
        .session = req->session ? req->session : repl_session_id(r),
        .origin = *o,
        .body = {body, sizeof body},
        .ids = BYTES_NULL,
    };

    store_be32(body, (uint32_t)req->timeout_ms);
    if (atomic_load(&r->shm->super->is_stopping))
        return repl_put_word(r, RING_DROP, req, o, ZK_OK);
    return prepare_or_drop(r, req, &q);
}

/* A session that opens can come from another server before we applied it. */
static bool
on_session_resume(struct repl *r, const struct req *req, const struct origin *o)
{
    enum zk_code err;

    if (prep_is_opening(&r->prep, req->session) ||
        !repl_reserve(r, RING_WORD_BYTES))
        return false;
    err = repl_session_resume(r, req->session, o, req->timeout_ms);
    return repl_put_word(r, RING_RESUMED, req, o, err);
}

static bool
on_write(struct repl *r, const struct req *req, const struct origin *o)
{
    struct prep_request q = {
        .op = req->op,
        .xid = req->xid,
        .session = req->session,
        .origin = *o,
        .body = req_body(req),
        .ids = req_auth(req),
        .is_local = repl_local_has(r, req->session),
    };

    return prepare_or_drop(r, req, &q);
}

bool
repl_take_ordering(struct repl *r, const struct req *req,
                   const struct origin *o)
{
    switch (req->kind) {
    case REQ_SESSION_OPEN:
        return on_session_open(r, req, o);
    case REQ_SESSION_RESUME:
        return on_session_resume(r, req, o);
    case REQ_WRITE:
        return on_write(r, req, o);
    case REQ_SYNC:
        return repl_put_word(r, RING_SYNCED, req, o, ZK_OK);
    default:
        return repl_put_word(r, RING_DROP, req, o, ZK_OK);
    }
}

/*
 * Asked while another period of service lasted: that connection is gone, and
 * what it asked before may never have been done.
 */
static bool
is_late(const struct repl *r, const struct req *req)
{
    return req->period != atomic_load(&r->shm->replication->serving);
}

/* To local sessions, and through them to the role.  False: not now. */
static bool
handle(struct repl *r, uint32_t w, const struct req *req)
{
    struct origin o = {(uint16_t)w, req->life, req->conn};

    log_debug("client %u>replication kind=%d session=0x%" PRIx64
              " xid=%d op=%d bytes=%u",
              w, req->kind, (uint64_t)req->session, req->xid, req->op,
              req->body_size);
    if (is_late(r, req) || repl_session_is_unwanted(r, req, &o))
        return true;
    if (repl_session_has_left(r, req))
        return repl_put_word(r, RING_DROP, req, &o, ZK_OK);
    return repl_local_take(r, req, &o);
}

/* --- taking turns -------------------------------------------------------- */

static void
end_broken_client(struct repl *r, uint32_t w)
{
    log_error("replication: the request ring of client %u is broken: what it "
              "holds is dropped, its connections have to come again",
              w + 1);
    atomic_store(&r->shm->replication->taken[w],
                 atomic_load(&r->shm->client[w]->requested));
}

/* Up to `max` requests of one client process; the number taken. */
static uint32_t
take_from(struct repl *r, uint32_t w, uint32_t max)
{
    _Atomic ring_pos_t *taken = &r->shm->replication->taken[w];
    ring_pos_t pos = atomic_load_explicit(taken, memory_order_relaxed);
    uint32_t count = 0;

    while (count < max && !r->is_stalled) {
        const struct req *req;

        if (r->is_preparing && count % TREE_AHEAD_MAX == 0)
            repl_ahead_requests(r, w, pos);
        if (reqring_next(&r->shm->requests[w], pos, &req) < 0) {
            end_broken_client(r, w);
            return count;
        }
        if (!req)
            break;
        if (!handle(r, w, req)) {
            r->is_stalled = true;
            break;
        }
        pos += req->size;
        count++;
    }
    if (count > 0)
        atomic_store_explicit(taken, pos, memory_order_release);
    return count;
}

bool
repl_take(struct repl *r)
{
    uint32_t clients = r->shm->super->client_count;
    uint32_t total = 0, idle = 0;

    r->is_stalled = false;
    if (r->service.state == SERVICE_HELD)
        return false;
    if (r->service.state == SERVICE_ASKING_AGAIN && !repl_ask_again(r)) {
        r->is_stalled = true;
        return false;
    }
    while (total < TAKE_MAX && idle < clients && !r->is_stalled) {
        uint32_t n = take_from(r, r->turn, TAKE_IN_A_ROW);

        total += n;
        idle = n == 0 ? idle + 1 : 0;
        r->turn = (r->turn + 1) % clients;
    }
    return !r->is_stalled && idle < clients;
}
