/* SPDX-License-Identifier: Apache-2.0 */
/* repl_order.c - see repl_order.h.  The replication process. */
#include "net/repl/repl_order.h"

#include "daemon/check.h"

void
repl_order(struct repl *r, enum log_order kind, int64_t value)
{
    struct shm_log_order *o = &r->shm->replication->log_order;

    check(!r->is_ordering);
    r->is_ordering = true;
    r->order = atomic_load(&o->number) + 1;
    atomic_store(&o->kind, kind);
    atomic_store(&o->value, value);
    atomic_store(&o->behind, r->published);
    atomic_store(&o->number, r->order);
    bell_ring(r->shm, PROC_LOG);
}

void
repl_order_with_id(struct repl *r, enum log_order kind, int64_t value,
                   const struct identity *id)
{
    check(!r->is_ordering);
    identity_share(&r->shm->replication->log_order.identity, id);
    repl_order(r, kind, value);
}

bool
repl_order_done(struct repl *r, int *result)
{
    const struct shm_log *log = r->shm->log;

    if (!r->is_ordering || atomic_load(&log->order_done) != r->order)
        return false;
    r->is_ordering = false;
    *result = atomic_load(&log->order_result);
    return true;
}

zxid_t
repl_durable(const struct repl *r)
{
    return atomic_load_explicit(&r->shm->log->durable_zxid,
                                memory_order_acquire);
}
