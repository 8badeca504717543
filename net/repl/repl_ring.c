/* SPDX-License-Identifier: Apache-2.0 */
/* repl_ring.c - see repl_ring.h.  The replication process. */
#include "net/repl/repl_ring.h"

#include "daemon/ring_readers.h"
#include "net/repl/repl_history.h"
#include "net/repl/repl_role.h"
#include "net/repl/repl_session.h"

/* Whoever still reads or writes old entries bounds the ring. */
static ring_pos_t
slowest_cursor(const struct repl *r)
{
    ring_pos_t read = ring_readers_slowest(r->shm, r->applied);
    ring_pos_t durable =
        atomic_load_explicit(&r->shm->log->durable, memory_order_acquire);

    return durable < read ? durable : read;
}

void
repl_rest(struct repl *r)
{
    ring_memory_look(&r->ring_memory, slowest_cursor(r), r->head);
}

struct ring_entry *
repl_reserve(struct repl *r, uint64_t size)
{
    if (r->head + size - r->slowest > r->shm->ring.size)
        r->slowest = slowest_cursor(r);
    if (r->head + size - r->slowest > r->shm->ring.size || size > UINT32_MAX)
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

bool
repl_put_word(struct repl *r, enum ring_kind kind, const struct req *req,
              const struct origin *o, int32_t err)
{
    struct ring_entry *e = repl_reserve(r, RING_WORD_BYTES);

    if (!e)
        return false;
    *e = (struct ring_entry){
        .size = RING_WORD_BYTES,
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

void
repl_publish(struct repl *r)
{
    if (r->published == r->head)
        return;
    r->published = r->head;
    atomic_store_explicit(&r->shm->replication->published, r->head,
                          memory_order_release);
}

void
repl_wake_log(struct repl *r)
{
    if (r->rung == r->published)
        return;
    r->rung = r->published;
    bell_ring(r->shm, PROC_LOG);
}
