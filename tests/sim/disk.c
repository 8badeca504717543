/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk.c - one queue of writes for each server, synced in groups.
 *
 *      told <= done <= batch <= tail        positions in the queue
 *        |       |        `- being synced now
 *        |       `- durable, whatever happens
 *        `- the server knows
 *
 * What a frozen server wrote becomes durable all the same; it hears of it
 * when it thaws.
 */
#include "tests/sim/disk.h"

#include "storage/log/epoch.h"
#include "tests/sim/claims.h"
#include "tests/sim/server.h"
#include "tests/sim/sim.h"

static struct disk_op *
op_at(struct disk *d, uint32_t position)
{
    return &d->op[position % DISK_OPS_MAX];
}

void
disk_init(struct disk *d)
{
    d->accepted = d->current = 0;
    d->identity = (struct identity){0};
    d->count = d->base = d->image = 0;
    d->told = d->done = d->batch = d->tail = 0;
    d->orders = d->gen = 0;
    d->is_busy = d->has_failed = false;
    d->slow_until = d->fails_for = 0;
}

void
disk_lose(struct server *s)
{
    uint32_t gen = s->disk.gen;

    TRACE("server %d: has lost its disk", s->node);
    disk_init(&s->disk);
    s->disk.gen = gen;
    s->disk.current = EPOCH_NONE;
    claim_still_durable();
}

bool
disk_is_to_be_filled(const struct disk *d)
{
    return d->current == EPOCH_NONE;
}

static usec_t
sync_time(const struct disk *d)
{
    usec_t normal = sim.plan.disk_sync;

    if (d->slow_until > sim.now && rng_percent(&sim.rng, 3))
        return 4 * SEC; /* it hangs */
    if (d->slow_until > sim.now)
        return rng_skewed(&sim.rng, normal, normal + 800 * MSEC);
    return normal / 2 + rng_skewed(&sim.rng, 0, 2 * normal);
}

static void
begin_sync(struct server *s)
{
    struct disk *d = &s->disk;

    if (d->is_busy || d->done == d->tail)
        return;
    d->is_busy = true;
    d->batch = d->tail;
    /* An order is synced by itself: the log waits for it. */
    for (uint32_t i = d->done; i < d->tail; i++)
        if (op_at(d, i)->kind != DISK_APPEND) {
            d->batch = i == d->done ? i + 1 : i;
            break;
        }
    sched_after(sync_time(d), EV_DISK, s->node, d->gen, NULL);
}

void
disk_order(struct server *s, struct disk_op op)
{
    struct disk *d = &s->disk;

    if (d->tail - d->told == DISK_OPS_MAX)
        sim_full();
    op.term = s->term;
    if (op.kind != DISK_APPEND)
        d->orders++;
    *op_at(d, d->tail++) = op;
    begin_sync(s);
}

static uint32_t
count_up_to(const uint32_t *log, uint32_t count, zxid_t zxid)
{
    while (count > 0 && zxid_of(log[count - 1]) > zxid)
        count--;
    return count;
}

/* What is confirmed stays as it is. */
static void
keep_identity(struct server *s, const struct identity *id)
{
    struct disk *d = &s->disk;

    if (id->id == 0 || (d->identity.is_confirmed && d->identity.id == id->id))
        return;
    d->identity = *id;
    claim_identity(s);
}

static void
append(struct server *s, uint32_t id)
{
    struct disk *d = &s->disk;

    claim_log_monotone(s, d->log, d->count, id);
    if (d->count == LOG_MAX)
        sim_full();
    d->log[d->count++] = id;
}

static void
take_over(struct server *s, const struct disk_op *op)
{
    claim_epoch_grows(s, s->disk.current, op->epoch);
    keep_identity(s, &op->identity);
    s->disk.current = op->epoch;
    claim_epoch_order(s);
}

/* Nothing is cut when that transaction is not here. */
static void
cut(struct server *s, zxid_t zxid)
{
    struct disk *d = &s->disk;
    uint32_t keep = count_up_to(d->log, d->count, zxid);

    if (last_of(d->log, keep) != zxid)
        return;
    claim_no_trunc_committed(s, d->log, keep);
    d->count = keep;
    if (d->base > keep)
        d->base = keep;
}

static void
rebase(struct server *s, const uint32_t *ids, uint32_t count)
{
    struct disk *d = &s->disk;

    claim_no_trunc_committed(s, ids, count);
    memcpy(d->log, ids, count * sizeof *ids);
    d->count = d->base = d->image = count;
}

/* The write is on the disk now. */
static void
carry_out(struct server *s, const struct disk_op *op)
{
    claim_foreign(s, op);
    switch (op->kind) {
    case DISK_APPEND:
        append(s, op->id);
        break;
    case DISK_ACCEPTED:
        claim_epoch_grows(s, s->disk.accepted, op->epoch);
        s->disk.accepted = op->epoch;
        break;
    case DISK_CURRENT:
        take_over(s, op);
        break;
    case DISK_IDENTITY:
        keep_identity(s, &op->identity);
        break;
    case DISK_TRUNCATE:
        cut(s, op->zxid);
        break;
    case DISK_REBASE:
        rebase(s, op->ids, op->count);
        break;
    }
    claim_still_durable();
}

/* Nothing is written any more, and its server hears of that in a moment. */
static void
fail(struct server *s)
{
    TRACE("server %d: its log has failed", s->node);
    s->disk.has_failed = true;
    sched_after(rng_skewed(&sim.rng, 0, 20 * MSEC), EV_TOLD, s->node,
                s->disk.gen, NULL);
}

void
disk_synced(struct server *s)
{
    struct disk *d = &s->disk;

    if (d->fails_for > 0) {
        fail(s);
        return;
    }
    d->is_busy = false;
    while (d->done < d->batch)
        carry_out(s, op_at(d, d->done++));
    sched_after(0, EV_TOLD, s->node, d->gen, NULL);
    begin_sync(s);
}

void
disk_tell(struct server *s)
{
    struct disk *d = &s->disk;
    uint32_t gen = d->gen;

    if (d->has_failed) {
        server_log_failed(s, d->fails_for);
        return;
    }
    while (d->gen == gen && d->told < d->done) {
        struct disk_op op = *op_at(d, d->told++);

        if (op.kind != DISK_APPEND)
            d->orders--;
        server_told(s, &op);
    }
    if (d->gen == gen)
        server_all_told(s);
}

void
disk_crash(struct server *s)
{
    struct disk *d = &s->disk;
    uint32_t keep = d->tail - d->done;

    if (keep > 0)
        keep = rng_percent(&sim.rng, 50) ? 0 : rng_below(&sim.rng, keep + 1);
    while (keep-- > 0)
        carry_out(s, op_at(d, d->done++));
    d->told = d->done = d->batch = d->tail = 0;
    d->orders = 0;
    d->is_busy = d->has_failed = false;
    d->fails_for = 0;
    d->gen++;
}
