/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_take.c - requests become entries of the transaction ring.
 *
 * The replication process.  An entry is built in place behind the last one
 * and nobody sees it before repl_publish.  A request is taken only when the
 * ring has room for the largest entry that it can become; else it waits in
 * its request ring, whose client process then stops reading.
 */

#include "daemon/log.h"
#include "net/repl/repl_history.h"

enum { TAKE_MAX = 512, TAKE_IN_A_ROW = 64 };

/* Whoever still reads or writes old entries bounds the ring. */
static ring_pos_t
slowest_cursor(const struct repl *r)
{
    ring_pos_t slowest =
        atomic_load_explicit(&r->shm->log->durable, memory_order_acquire);

    if (r->applied < slowest)
        slowest = r->applied;
    for (uint32_t w = 0; w < r->shm->super->client_count; w++) {
        ring_pos_t pos = atomic_load_explicit(&r->shm->client[w]->delivered,
                                              memory_order_acquire);

        if (pos != RING_POS_NONE && pos < slowest)
            slowest = pos;
    }
    return slowest;
}

void
repl_rest(struct repl *r)
{
    ring_memory_look(&r->ring_memory, slowest_cursor(r), r->head);
}

struct ring_entry *
repl_reserve(struct repl *r, uint32_t size)
{
    if (r->head + size - r->slowest > r->shm->ring.size)
        r->slowest = slowest_cursor(r);
    if (r->head + size - r->slowest > r->shm->ring.size)
        return NULL;
    if (r->history)
        repl_history_reach(r->history, r->head + size);
    return txring_at(&r->shm->ring, r->head);
}

void
repl_append(struct repl *r, struct ring_entry *e)
{
    r->head += e->size;
    if (e->kind == RING_TXN) {
        r->last = e->zxid;
        if (r->history)
            repl_history_note(r->history, e->zxid, r->head - e->size);
        if (r->forward)
            repl_session_acts(r, e);
        if (r->role == &role_leading)
            repl_report_proposal(r, e->payload_size);
        r->outstanding++;
        COUNT(r->shm->replication->proposals, 1);
    }
}

static uint32_t
size_of_need(const struct prep_need *need)
{
    return ring_entry_size(need->payload, need->outcomes,
                           sizeof(struct outcome), need->has_ops);
}

/* The header of a transaction's entry, around what prep wrote. */
static void
finish_txn(struct ring_entry *e, const struct prep_request *q,
           const struct prep_result *result, int32_t timeout_ms)
{
    const struct origin *o = &q->origin;
    bool is_own = o->worker == RING_NOBODY || result->is_partial;

    *e = (struct ring_entry){
        .size =
            ring_entry_size(result->size, result->outcome_count,
                            sizeof(struct outcome), result->reply_ops != NULL),
        .kind = RING_TXN,
        .worker = is_own ? RING_NOBODY : o->worker,
        .life = is_own ? 0 : o->life,
        .conn = is_own ? 0 : o->conn,
        .zxid = q->zxid,
        .session = q->session,
        .xid = q->xid,
        .op = q->op,
        .timeout_ms = timeout_ms,
        .payload_size = result->size,
        .outcome_count = result->outcome_count,
    };
    if (result->reply_ops)
        memcpy((struct outcome *)ring_outcomes(e) + result->outcome_count,
               result->reply_ops, result->outcome_count * sizeof(int32_t));
}

bool
repl_put_word(struct repl *r, enum ring_kind kind, const struct req *req,
              const struct origin *o, int32_t err)
{
    struct ring_entry *e = repl_reserve(r, ring_entry_size(0, 0, 0, false));

    if (!e)
        return false;
    *e = (struct ring_entry){
        .size = ring_entry_size(0, 0, 0, false),
        .kind = (uint16_t)kind,
        .worker = o->worker,
        .life = o->life,
        .conn = o->conn,
        .zxid = r->zxid,
        .session = req->session,
        .xid = req->xid,
        .op = req->op,
        .err = err,
        .timeout_ms = req->timeout_ms,
    };
    repl_append(r, e);
    return true;
}

/*
 * Counter 0xffffffff is never used: a leader could not propose it.  Alone, we
 * go on in the next epoch; a leader's epoch is worn, and a new term brings
 * another.  False: there is none.
 */
static bool
zxid_after(struct repl *r, zxid_t *zxid)
{
    *zxid = r->zxid + 1;
    if (zxid_counter(r->zxid) < 0xfffffffe)
        return true;
    *zxid = ZXID(zxid_epoch(r->zxid) + 1, 1);
    r->is_worn = !r->role->is_alone;
    return r->role->is_alone;
}

enum prep_verdict
repl_prepare(struct repl *r, struct prep_request *q, int32_t timeout_ms,
             int32_t *err)
{
    struct prep_need need = prep_need(&r->prep, q->op, q->body.size);
    struct prep_result result = {0};
    enum prep_verdict verdict;

    q->now = (wall_ms_t)(ev_now(r->loop) * 1000.); /* as this turn began */
    do {
        struct ring_entry *e = repl_reserve(r, size_of_need(&need));

        if (!e || !zxid_after(r, &q->zxid))
            return PREP_WAIT;
        q->in_flight = r->head - r->applied;
        verdict = prep_step(&r->prep, q, e + 1, need.payload, &result);
        *err = result.err;
        if (verdict != PREP_TXN)
            return verdict;
        r->zxid = q->zxid;
        finish_txn(e, q, &result, timeout_ms);
        repl_append(r, e);
    } while (result.is_partial);
    return PREP_TXN;
}

bool
repl_submit(struct repl *r, int32_t op, session_id_t session, struct bytes body)
{
    struct prep_request q = {
        .op = op,
        .session = session,
        .origin = {.worker = RING_NOBODY},
        .body = body,
        .ids = BYTES_NULL,
    };
    int32_t err;

    return repl_prepare(r, &q, 0, &err) != PREP_WAIT;
}

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
        !repl_reserve(r, ring_entry_size(0, 0, 0, false)))
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

static bool
handle(struct repl *r, uint32_t w, const struct req *req)
{
    struct origin o = {(uint16_t)w, req->life, req->conn};

    log_debug("client %u>replication kind=%d session=0x%llx xid=%d op=%d "
              "bytes=%u",
              w, req->kind, (unsigned long long)req->session, req->xid, req->op,
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
