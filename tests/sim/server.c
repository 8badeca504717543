/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server.c - the life of a simulated server: starts, roles, crashes.
 *
 * A role that ends lets everything reach the disk before the server looks
 * for a leader again: what it says of itself is then what it will find
 * after a crash (spec/quorum-protocol.md 14.3, ZOOKEEPER-4712).
 */
#include "tests/sim/server.h"

#include "tests/sim/claims.h"
#include "tests/sim/client.h"
#include "tests/sim/data.h"
#include "tests/sim/disk.h"
#include "tests/sim/election.h"
#include "tests/sim/fault.h"
#include "tests/sim/hold.h"
#include "tests/sim/lead.h"
#include "tests/sim/learn.h"
#include "tests/sim/local.h"
#include "tests/sim/sim.h"
#include "tests/sim/wire.h"

mono_ms_t
server_now(const struct server *s)
{
    return s->clock + (mono_ms_t)((double)sim.now * s->rate / 1000.0);
}

usec_t
server_after(const struct server *s, int64_t ms)
{
    return (usec_t)((double)(ms * MSEC) / s->rate);
}

bool
server_listens(const struct server *s, enum port port)
{
    switch (port) {
    case PORT_ELECTION:
    case PORT_CLIENT:
        return s->role != ROLE_DOWN;
    case PORT_QUORUM:
        return s->role == ROLE_LEAD || s->is_master;
    }
    return false;
}

void
server_moment(struct server *s, enum moment moment)
{
    fault_moment(s, moment);
}

void
server_enter(struct server *s, enum role role)
{
    s->role = role;
    s->term++;
    s->alarm++;
    s->is_serving = s->is_master = s->is_worn = false;
    s->is_established = s->is_stalled = s->is_deaf = false;
    s->elected_at = sim.now;
}

static void
leave_role(struct server *s)
{
    if (s->role >= ROLE_LEAD)
        election_over(s);
    if (sim.plan.only_election)
        return;
    if (s->role == ROLE_LEAD || s->is_master)
        lead_end(s);
    if (s->role == ROLE_LEARN)
        learn_end(s);
    hold_begin(s);
}

void
server_look(struct server *s, const char *why)
{
    TRACE("server %d: looks for a leader: %s", s->node, why);
    leave_role(s);
    server_enter(s, ROLE_DRAINING);
    sched_after(rng_below(&sim.rng, 3 * MSEC), EV_TOLD, s->node, s->disk.gen,
                NULL);
}

void
server_replication_dies(struct server *s)
{
    if (s->role == ROLE_DOWN || sim.plan.only_election)
        return;
    s->must_load = true;
    hold_end(s);
    server_look(s, "its replication process died");
}

void
server_reader_stops(struct server *s, usec_t lasts)
{
    if (sim.plan.only_election)
        return;
    s->reader_at = s->applied;
    s->reader_back = sim.now + lasts;
    sched_after(lasts, EV_READER, s->node, 0, NULL);
}

bool
server_reader_stands(const struct server *s)
{
    return s->reader_back > sim.now;
}

void
server_stalls(struct server *s)
{
    if (s->is_stalled)
        return;
    s->is_stalled = true;
    sched_after(server_after(s, 1), EV_STALL, s->node, s->term, NULL);
}

/* The image lags behind what is committed; nobody else remembers that. */
void
server_folds(struct server *s)
{
    struct disk *d = &s->disk;
    uint32_t known = s->committed < d->count ? s->committed : d->count;

    if (known > d->image)
        d->image += rng_below(&sim.rng, known - d->image + 1);
}

void
server_purges(struct server *s, uint32_t keep)
{
    struct disk *d = &s->disk;
    uint32_t base = s->committed < s->durable ? s->committed : s->durable;

    if (s->role == ROLE_DOWN || base <= keep || base - keep <= s->base)
        return;
    s->base = base - keep; /* only of what the image has */
    if (d->image < s->base)
        d->image = s->base;
    if (d->base < s->base)
        d->base = s->base;
}

static void
load_again(struct server *s)
{
    s->must_load = false;
    s->snap_from = -1;
    server_folds(s);
    s->committed = s->disk.image;
    s->delivered = 0;
    data_load(s);
}

/* Old files are gone, of what the image has. */
static void
lose_old_files(struct disk *d)
{
    uint32_t keep = rng_below(&sim.rng, 20);

    if (d->image > keep && d->image - keep > d->base)
        d->base = d->image - keep;
}

/* What its processes know, they have from its disk. */
static void
read_disk(struct server *s)
{
    struct disk *d = &s->disk;
    int64_t epoch = zxid_epoch(last_of(d->log, d->count));

    claim_can_start(s);
    if (d->current < epoch && !disk_is_to_be_filled(d))
        d->current = epoch; /* spec 14.3: it holds all of that epoch's start */
    if (rng_percent(&sim.rng, sim.plan.purge_percent))
        lose_old_files(d);
    s->accepted = d->accepted;
    s->current = d->current;
    s->identity = d->identity;
    s->count = s->durable = d->count;
    s->base = d->base;
    memcpy(s->log, d->log, d->count * sizeof *d->log);
    memset(s->asker, 0, sizeof s->asker);
    s->committed = d->image;
    s->delivered = 0;
    TRACE("server %d: starts, accepted %lld, current %lld, last %llx", s->node,
          (long long)s->accepted, (long long)s->current,
          (unsigned long long)last_of(s->log, s->count));
}

void
server_start(struct server *s)
{
    if (s->role != ROLE_DOWN ||
        (sim.is_quiet && (sim.plan.absent >> s->node & 1)))
        return;
    s->life++;
    s->heard_accepted = 0;
    s->thaw = 0;
    read_disk(s);
    hold_init(s);
    local_begins(s);
    if (!sim.plan.only_election)
        data_load(s);
    election_start(s);
    server_look(s, "it has just started");
}

void
server_crash(struct server *s, const char *why)
{
    if (s->role == ROLE_DOWN)
        return;
    TRACE("server %d: crashes: %s", s->node, why);
    memset(s->client, 0, sizeof s->client);
    s->up = NULL;
    s->must_load = false;
    s->snap_from = -1;
    s->past = PAST_STAYS;
    memset(s->slot, 0, sizeof s->slot);
    memset(s->late, 0, sizeof s->late);
    server_enter(s, ROLE_DOWN);
    s->thaw = 0;
    disk_crash(s);
    server_folds(s);
    wire_node_died(s->node);
    claim_still_durable();
}

/*
 * It acknowledges nothing any more: its role is over, its clients are let go,
 * elections hear nothing of it, and a start finds what a crash would leave.
 */
void
server_log_failed(struct server *s, usec_t lasts)
{
    server_crash(s, "its log has failed");
    sched_after(lasts, EV_START, s->node, 0, NULL);
}

/* --- what the disk says -------------------------------------------------- */

static void
stored(struct server *s, const struct disk_op *op)
{
    if (op->kind == DISK_ACCEPTED)
        s->accepted = op->epoch;
    if (op->kind == DISK_CURRENT)
        s->current = op->epoch;
    s->identity = s->disk.identity;
    server_moment(s, MOMENT_STORED);
    if (op->term != s->term || op->kind == DISK_IDENTITY)
        return;
    if (s->role == ROLE_LEAD)
        lead_stored(s);
    else if (s->role == ROLE_LEARN)
        learn_stored(s);
}

void
server_told(struct server *s, const struct disk_op *op)
{
    switch (op->kind) {
    case DISK_APPEND:
        check(s->durable < s->count && s->log[s->durable] == op->id);
        s->durable++;
        break;
    case DISK_ACCEPTED:
    case DISK_CURRENT:
    case DISK_IDENTITY:
        stored(s, op);
        break;
    case DISK_TRUNCATE:
        learn_truncated(s, op);
        break;
    case DISK_REBASE:
        learn_rebased(s, op);
        break;
    }
}

void
server_all_told(struct server *s)
{
    if (s->role == ROLE_LEAD) {
        lead_durable(s);
    } else if (s->role == ROLE_LEARN) {
        learn_durable(s);
    } else if (s->role == ROLE_DRAINING && s->disk.told == s->disk.tail) {
        if (s->must_load)
            load_again(s);
        server_enter(s, ROLE_LOOK);
        election_look(s);
    }
}
