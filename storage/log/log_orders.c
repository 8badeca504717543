/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_orders.c - what replication orders of the log process.
 *
 * shm->replication->log_order holds one order at a time.  Its turn comes when
 * all of the ring up to `behind` is durable, and nothing behind that is
 * appended before it is done.  The answer is order_result, then order_done,
 * then the bell; replication orders nothing else before that.  A log process
 * that dies leaves the order to its successor, so each may be done twice:
 *
 *   epochs            written unless the file says so already; likewise
 *   identity          the ensemble's id; one that is confirmed stays as it is
 *   truncate, rebase  log_replace.c
 *
 * ZK: Learner.syncWithLeader, QuorumPeer.setAcceptedEpoch, setCurrentEpoch
 *     (spec/quorum-protocol.md 4.5, 4.8, 4.10, 11.6)
 */
#include <errno.h>
#include <inttypes.h>

#include "daemon/log.h"
#include "daemon/proc.h"
#include "storage/log/epoch.h"
#include "storage/log/identity.h"
#include "storage/log/log_proc.h"

static const struct shm_log_order *
order_of(const struct log_proc *p)
{
    return &p->shm->replication->log_order;
}

static bool
is_pending(const struct log_proc *p)
{
    return atomic_load_explicit(&order_of(p)->number, memory_order_acquire) !=
           atomic_load_explicit(&p->shm->log->order_done, memory_order_relaxed);
}

ring_pos_t
log_orders_limit(const struct log_proc *p, ring_pos_t published)
{
    ring_pos_t behind;

    if (!is_pending(p))
        return published;
    behind = atomic_load(&order_of(p)->behind);
    if (behind < p->appended)
        behind = p->appended;
    return behind < published ? behind : published;
}

/* --- epochs -------------------------------------------------------------- */

/* ZK: acceptedEpoch only rises; a lower one is a mistake of replication's. */
static int
accept_epoch(struct log_proc *p, int64_t epoch, int *result)
{
    _Atomic int64_t *accepted = &p->shm->log->accepted_epoch;
    int rc = 0;

    if (epoch < atomic_load(accepted)) {
        *result = -EINVAL;
        return 0;
    }
    if (epoch != atomic_load(accepted))
        rc = epoch_store_accepted(p->dirs.snap, epoch);
    if (rc < 0)
        return log_order_failed(p, EPOCH_ACCEPTED_FILE, rc, NULL);
    atomic_store(accepted, epoch);
    return 0;
}

/*
 * That a confirmed id was taken over again is nothing to be stored, so no
 * election waits for it.  Another id in place of a confirmed one is a mistake
 * of replication's.
 */
static int
keep_identity(struct log_proc *p, const struct identity *id, int *result)
{
    struct shm_identity *known = &p->shm->log->identity;
    struct identity old = identity_shared(known);
    int rc;

    if (id->id == 0 || (old.is_confirmed && old.id == id->id))
        return 0;
    if (old.is_confirmed) {
        *result = -EINVAL;
        return 0;
    }
    rc = identity_store(p->dirs.snap, id);
    if (rc < 0)
        return log_order_failed(p, IDENTITY_FILE, rc, NULL);
    identity_share(known, id);
    log_info("log: of the ensemble %016" PRIx64 "%s epoch=%" PRId64, id->id,
             id->is_confirmed ? "" : ", as its leader proposes", id->epoch);
    return 0;
}

/*
 * All that the leader of this epoch sent before NEW_LEADER is in the log, or it
 * is our own.  A fuzzy snapshot held no more than that: with the log's end it
 * is made up for.
 */
static int
take_over_epoch(struct log_proc *p, int64_t epoch, const struct identity *id,
                int *result)
{
    struct shm_log *s = p->shm->log;
    int rc;

    if (epoch < atomic_load(&s->current_epoch) ||
        epoch > atomic_load(&s->accepted_epoch)) {
        *result = -EINVAL;
        return 0;
    }
    rc = keep_identity(p, id, result);
    if (rc < 0 || *result < 0)
        return rc;
    if (epoch != atomic_load(&s->current_epoch))
        rc = epoch_store_current(p->dirs.snap, epoch);
    if (rc < 0)
        return log_order_failed(p, EPOCH_CURRENT_FILE, rc, NULL);
    atomic_store(&s->current_epoch, epoch);
    if (atomic_load(&s->exact_zxid) == INT64_MAX)
        atomic_store(&s->exact_zxid, p->log.last);
    return 0;
}

/* --- the order ----------------------------------------------------------- */

/* 0: done, see `result`; LOG_ORDER_WAITS; -errno: the disk failed. */
static int
carry_out(struct log_proc *p, const struct shm_log_order *o, int *result)
{
    int64_t value = atomic_load(&o->value);
    struct identity id = identity_shared(&o->identity);

    *result = 0;
    switch (atomic_load(&o->kind)) {
    case LOG_NOTHING:
        return 0;
    case LOG_ACCEPT_EPOCH:
        return accept_epoch(p, value, result);
    case LOG_CURRENT_EPOCH:
        return take_over_epoch(p, value, &id, result);
    case LOG_IDENTITY:
        return keep_identity(p, &id, result);
    case LOG_TRUNCATE:
        return log_truncate(p, value, result);
    case LOG_REBASE:
        return log_rebase(p, value, result);
    default:
        *result = -EINVAL;
        return 0;
    }
}

int
log_orders_work(struct log_proc *p)
{
    const struct shm_log_order *o = order_of(p);
    struct shm_log *s = p->shm->log;
    uint64_t number = atomic_load_explicit(&o->number, memory_order_acquire);
    int result, rc;

    if (!is_pending(p) || p->appended < atomic_load(&o->behind))
        return 0;
    proc_disk_begin(PROC_LOG, p->shm); /* a cut reads a whole file, too */
    rc = carry_out(p, o, &result);
    proc_disk_end(PROC_LOG, p->shm);
    if (rc == LOG_ORDER_WAITS)
        return 0;
    if (rc < 0)
        return rc;
    log_debug("log>replication order=%" PRIu64 " kind=%" PRIu32
              " value=0x%" PRIx64 " result=%d",
              number, atomic_load(&o->kind), (uint64_t)atomic_load(&o->value),
              result);
    atomic_store(&s->order_result, result);
    atomic_store_explicit(&s->order_done, number, memory_order_release);
    bell_ring(p->shm, PROC_REPLICATION);
    return 1;
}
