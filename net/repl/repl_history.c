/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_history.c - see repl_history.h: plans, and the next transaction.
 *
 * Replication process.
 */
#include "net/repl/repl_history.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "daemon/check.h"
#include "daemon/log.h"

enum {
    STREAM_BYTES_PER_NODE = 80, /* of a snapshot, beside name and data */
    LOG_MIN = 16 * 1024 * 1024, /* bytes: less log than that is never too much,
                                   however small the tree */
};

struct repl_history *
repl_history_new(const struct repl *r)
{
    struct repl_history *h = calloc(1, sizeof *h);
    struct data_error e;

    if (!h || datadir_name(&h->dirs, r->conf.data_dir, r->conf.data_log_dir,
                           &e) < 0) {
        free(h);
        return NULL;
    }
    h->repl = r;
    repl_history_begin(h, r->last);
    return h;
}

static void
leave_all(struct repl_history *h)
{
    for (uint32_t i = 0; i < HISTORY_SLOTS; i++)
        repl_history_leave(h, i);
}

void
repl_history_free(struct repl_history *h)
{
    leave_all(h);
    free(h);
}

void
repl_history_begin(struct repl_history *h, zxid_t last)
{
    leave_all(h);
    zxid_runs_begin(&h->runs, last);
    ring_index_init(&h->index, &h->repl->shm->ring, h->repl->head, last);
    h->distrust = 0;
}

void
repl_history_begin_term(struct repl_history *h)
{
    h->distrust = 0;
}

void
repl_history_cut(struct repl_history *h, zxid_t zxid)
{
    leave_all(h);
    zxid_runs_cut(&h->runs, zxid);
    ring_index_cut(&h->index, zxid);
}

void
repl_history_leave(struct repl_history *h, uint32_t slot)
{
    struct history_slot *s = &h->slot[slot];

    history_log_close(&s->log);
    repl_history_snap_close(h, slot);
    s->ring.is_set = false;
    s->last = 0;
}

bool
repl_history_is_reading(struct repl_history *h)
{
    bool was = h->is_reading;

    h->is_reading = false;
    return was;
}

static bool
ring_has(struct repl_history *h, zxid_t after)
{
    ring_index_trim(&h->index, h->repl->ring_memory.kept);
    return ring_index_has(&h->index, after);
}

bool
history_goes_on(struct repl_history *h, zxid_t after)
{
    return after >= zxid_runs_last(&h->runs) || ring_has(h, after) ||
           (after > h->distrust && history_log_has(h, after));
}

/* --- the facts of a plan ------------------------------------------------- */

/*
 * Whether `last`, older than the runs that are known, must be looked for in
 * the files: not if the oldest run is of its epoch, for that has no gaps.
 */
static bool
is_unknown(const struct repl_history *h, zxid_t last)
{
    zxid_t first = zxid_runs_first(&h->runs);

    return last > 0 && last < first &&
           (zxid_epoch(last) != zxid_epoch(first) || zxid_counter(last) == 0);
}

bool
repl_history_expect(struct repl_history *h, uint32_t slot, zxid_t last)
{
    if (!is_unknown(h, last) ||
        history_log_find(h, &h->slot[slot].log, last) != -EAGAIN)
        return true;
    h->is_reading = true;
    return false;
}

/* Floor and ceiling from the files. */
static void
look_up(struct repl_history *h, struct history_log *l, struct sync_facts *f)
{
    int rc;

    while ((rc = history_log_find(h, l, f->learner)) == -EAGAIN)
        ;
    if (rc != 1)
        return; /* of no use: as if it were older than all files */
    f->floor = l->reader.skipped;
    f->ceiling = l->zxid;
}

static void
place(struct repl_history *h, struct history_slot *s, struct sync_facts *f)
{
    if (f->learner <= 0)
        return;
    if (f->learner >= zxid_runs_first(&h->runs)) {
        f->floor = zxid_runs_floor(&h->runs, f->learner);
        f->ceiling = zxid_runs_ceiling(&h->runs, f->learner);
    } else if (is_unknown(h, f->learner)) {
        look_up(h, &s->log, f);
    } else {
        f->floor = f->learner;
        f->ceiling = f->learner + 1;
    }
}

/* What a snapshot would take, about. */
static double
snapshot_bytes(const struct repl_history *h)
{
    struct tree_totals totals;

    tree_totals(h->repl->tree, &totals);
    return (double)(totals.data_bytes +
                    totals.node_count * STREAM_BYTES_PER_NODE);
}

/*
 * ZK: LearnerHandler.syncFollower, snapshotSizeFactor.  Ours: the allocated
 * end of a file does not count, and a little log is always cheaper.
 */
static bool
is_too_much(const struct repl_history *h, zxid_t after)
{
    double factor = h->repl->conf.snap_size_factor;
    uint64_t bytes;

    if (factor < 0)
        return true;
    if (factor == 0)
        return false;
    bytes = history_log_bytes(h, after);
    return bytes > LOG_MIN && (double)bytes > factor * snapshot_bytes(h);
}

/*
 * A snapshot has what is known to be committed.  Before we lead, the learner
 * may hold more of our history, and nobody knows whether that is committed:
 * for the while until the rest follows it would have given it back.
 */
static bool
takes_nothing_back(const struct repl_history *h, const struct sync_facts *f)
{
    zxid_t common = f->learner < f->end ? f->learner : f->end;

    return common <=
           atomic_load_explicit(&h->repl->shm->replication->committed_zxid,
                                memory_order_relaxed);
}

static bool
must_snap(struct repl_history *h, const struct sync_facts *f)
{
    zxid_t from = f->floor > 0 ? f->floor : f->learner;

    if (h->repl->conf.force_snap_sync && takes_nothing_back(h, f))
        return true;
    if (from > f->end)
        from = f->end;
    if (from == f->end || ring_has(h, from))
        return false;
    return !history_goes_on(h, from) || is_too_much(h, from);
}

static struct sync_plan
plan_of(void *arg, uint32_t slot, zxid_t last, zxid_t end)
{
    struct repl_history *h = arg;
    struct history_slot *s = &h->slot[slot];
    struct sync_facts f = {.learner = last, .end = end};

    check(slot < HISTORY_SLOTS);
    s->last = last;
    place(h, s, &f);
    f.must_snap = must_snap(h, &f);
    log_debug("history: slot=%" PRIu32 " learner=0x%" PRIx64 " end=0x%" PRIx64
              " floor=0x%" PRIx64 " ceiling=0x%" PRIx64 " must_snap=%d",
              slot, (uint64_t)last, (uint64_t)end, (uint64_t)f.floor,
              (uint64_t)f.ceiling, f.must_snap);
    return sync_decide(&f);
}

/* --- the next transaction ------------------------------------------------ */

/* Do not believe the log at `after` again: the learner gets a snapshot. */
static int
give_up(struct repl_history *h, struct history_log *l, zxid_t after, int rc)
{
    char text[DATA_ERROR_TEXT] = "";

    data_error_text(&l->reader.error, text);
    log_warn("a learner cannot be given the transactions behind 0x%" PRIx64
             " from the log: %s: %s",
             (uint64_t)after, strerror(-rc), text);
    if (h->distrust < after)
        h->distrust = after;
    history_log_close(l);
    return rc;
}

/* What was found is what comes behind `after` in our history. */
static bool
is_next(const struct repl_history *h, const struct history_log *l, zxid_t after)
{
    if (after >= zxid_runs_first(&h->runs))
        return l->zxid == zxid_runs_ceiling(&h->runs, after);
    return l->zxid == after + 1 || l->previous == after;
}

static int
from_log(struct repl_history *h, struct history_log *l, zxid_t after,
         zxid_t *zxid, struct bytes *txn)
{
    zxid_t durable = atomic_load_explicit(&h->repl->shm->log->durable_zxid,
                                          memory_order_acquire);
    int rc = history_log_find(h, l, after);

    if (rc == -EAGAIN) {
        h->is_reading = true;
        return 0;
    }
    if (rc == 0 && after >= durable)
        return 0; /* on its way to the file */
    if (rc == 1 && !is_next(h, l, after))
        rc = history_log_gap(h, l);
    if (rc == 0)
        rc = -ENODATA; /* is durable, and the files end */
    if (rc != 1)
        return give_up(h, l, after, rc);
    *zxid = l->zxid;
    *txn = l->txn;
    return 1;
}

static int
next_txn(void *arg, uint32_t slot, zxid_t after, zxid_t *zxid,
         struct bytes *txn)
{
    struct repl_history *h = arg;
    struct history_slot *s = &h->slot[slot];
    const struct ring_entry *e;
    int rc;

    check(slot < HISTORY_SLOTS);
    ring_index_trim(&h->index, h->repl->ring_memory.kept);
    rc = ring_index_next(&h->index, &s->ring, after, h->repl->published, &e);
    if (rc == -ESTALE)
        return after < zxid_runs_last(&h->runs)
                   ? from_log(h, &s->log, after, zxid, txn)
                   : 0;
    history_log_close(&s->log);
    if (rc == 1) {
        *zxid = e->zxid;
        *txn = ring_payload(e);
    }
    return rc;
}

struct history
repl_history_of(struct repl_history *h)
{
    return (struct history){.arg = h, .plan = plan_of, .next = next_txn};
}
