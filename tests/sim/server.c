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
#include "tests/sim/disk.h"
#include "tests/sim/fault.h"
#include "tests/sim/sim.h"
#include "tests/sim/wire.h"

enum { RING_MIN = 8 };

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
    s->reader_at = s->applied;
    s->reader_back = sim.now + lasts;
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

void
server_start(struct server *s)
{
    struct disk *d = &s->disk;
    int64_t epoch = zxid_epoch(last_of(d->log, d->count));

    if (s->role != ROLE_DOWN ||
        (sim.is_quiet && (sim.plan.absent >> s->node & 1)))
        return;
    s->life++;
    s->heard_accepted = 0;
    s->thaw = 0;
    claim_can_start(s);
    if (d->current < epoch)
        d->current = epoch; /* spec 14.3: it holds all of that epoch's start */
    s->accepted = d->accepted;
    s->current = d->current;
    s->identity = d->identity;
    s->count = s->durable = d->count;
    if (rng_percent(&sim.rng, sim.plan.purge_percent)) {
        uint32_t keep = rng_below(&sim.rng, 20);

        if (d->image > keep && d->image - keep > d->base)
            d->base = d->image - keep; /* old files are gone */
    }
    s->base = d->base;
    memcpy(s->log, d->log, d->count * sizeof *d->log);
    memset(s->asker, 0, sizeof s->asker);
    s->committed = d->image;
    s->delivered = 0;
    TRACE("server %d: starts, accepted %lld, current %lld, last %llx", s->node,
          (long long)s->accepted, (long long)s->current,
          (unsigned long long)last_of(s->log, s->count));
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

/* --- events -------------------------------------------------------------- */

static void
tick(struct server *s)
{
    int64_t every = sim.plan.ping_ms / 2;

    if (sim.plan.only_election)
        only_tick(s);
    else if (s->role == ROLE_LEAD)
        lead_tick(s);
    else
        learn_tick(s);
    local_tick(s);
    sched_after(server_after(s, every), EV_TICK, s->node, s->term, NULL);
}

static void
resume(struct server *s)
{
    uint32_t term = s->term;

    s->is_stalled = false;
    if (s->role == ROLE_LEAD && s->is_worn)
        lead_resigns(s);
    if (s->role == ROLE_LEARN)
        learn_resumes(s);
    if (s->term == term && (s->role == ROLE_LEAD || s->is_master))
        lead_late_resumes(s);
    else if (s->term == term)
        attach_go_on(s);
}

/* What a frozen server does not do; its disk works all the same. */
static void
act(struct server *s, const struct event *e)
{
    switch (e->kind) {
    case EV_TOLD:
        if (e->gen == s->disk.gen)
            disk_tell(s);
        break;
    case EV_ALARM:
        if (e->gen == s->alarm)
            election_alarm(s);
        break;
    case EV_POLL:
        if (e->gen == s->alarm)
            election_poll(s);
        break;
    case EV_TICK:
        if (e->gen == s->term)
            tick(s);
        break;
    case EV_LET_GO:
        hold_is_over(s, e->gen);
        break;
    case EV_STALL:
        if (e->gen == s->term)
            resume(s);
        break;
    case EV_DIAL:
        if (e->gen == s->term)
            learn_dial(s);
        break;
    case EV_SNAP:
        if (e->gen == s->term)
            lead_snap_more(s, e->p);
        break;
    case EV_ALONE:
        if (e->gen == s->term)
            learn_alone(s);
        break;
    case EV_DATAGRAM:
        election_datagram(s, e->p);
        msg_give(e->p);
        break;
    default:
        never("no event of a server");
    }
}

void
server_event(struct server *s, const struct event *e)
{
    if (e->kind == EV_DISK) {
        if (e->gen == s->disk.gen)
            disk_synced(s);
    } else if (e->kind == EV_START) {
        server_start(s);
    } else if (e->kind == EV_THAW) {
        if (s->thaw == sim.now) {
            s->thaw = 0;
            TRACE("server %d: thaws", s->node);
            wire_node_thaws(s->node);
        }
    } else if (is_frozen(s) && s->thaw != NEVER) {
        sched_after(s->thaw - sim.now, (enum event_kind)e->kind, s->node,
                    e->gen, e->p);
    } else if (s->role != ROLE_DOWN) {
        act(s, e);
    } else if (e->kind == EV_DATAGRAM) {
        msg_give(e->p);
    }
}

/* --- what links bring ---------------------------------------------------- */

void
node_receives(int node, struct conn *c, const struct msg *m)
{
    struct server *s;

    if (!is_server(node)) {
        client_receives(&sim.client[node - CLIENT_NODE], c, m);
        return;
    }
    s = &sim.server[node];
    if (s->role == ROLE_DOWN)
        return;
    switch (c->port) {
    case PORT_ELECTION:
        election_receives(s, c, m);
        break;
    case PORT_CLIENT:
        attach_receives(s, c, m);
        break;
    case PORT_QUORUM:
        if (c->node[0] == node)
            learn_receives(s, c, m);
        else
            lead_receives(s, c, m);
        break;
    }
}

bool
node_takes(int node, const struct conn *c, const struct msg *m)
{
    struct server *s = &sim.server[node];

    if (!is_server(node) || c->port != PORT_QUORUM || c->node[0] != node ||
        s->role != ROLE_LEARN || s->up != c || learn_takes(s, m))
        return true;
    s->is_deaf = true;
    server_stalls(s);
    return false;
}

void
node_sent(int node, struct conn *c)
{
    if (is_server(node) && c->port == PORT_QUORUM && c->node[1] == node &&
        server_listens(&sim.server[node], PORT_QUORUM) &&
        !is_frozen(&sim.server[node]))
        lead_pump(&sim.server[node]);
}

/* --- all of them --------------------------------------------------------- */

static void
init_one(struct server *s, int node)
{
    int64_t jump = rng_below(&sim.rng, 1000000);

    s->node = node;
    s->sid = node + 1;
    s->life = s->term = s->alarm = 0;
    s->role = ROLE_DOWN;
    s->thaw = 0;
    s->rate = 0.9 + 0.2 * (double)rng_below(&sim.rng, 1000) / 1000.0;
    s->clock = 1000 + jump;
    s->wall = 1700000000000 + jump;
    s->count = s->durable = s->base = s->applied = 0;
    s->next_session = 0;
    s->must_load = false;
    s->snap_from = -1;
    s->is_serving = s->is_established = false;
    s->past = PAST_STAYS;
    s->up = NULL;
    memset(s->slot, 0, sizeof s->slot);
    memset(s->late, 0, sizeof s->late);
    s->ring = sim.plan.ring ? RING_MIN + rng_below(&sim.rng, sim.plan.ring) : 0;
    s->reader_back = 0;
    memset(s->client, 0, sizeof s->client);
    s->disk.accepted = s->disk.current = 0;
    s->disk.identity = (struct identity){0};
    s->is_plain = rng_percent(&sim.rng, sim.plan.plain_percent);
    s->is_foreign = false;
    s->disk.count = s->disk.base = s->disk.image = 0;
    s->committed = 0;
    s->disk.told = s->disk.done = s->disk.batch = s->disk.tail = 0;
    s->disk.orders = 0;
    s->disk.gen = 0;
    s->disk.is_busy = s->disk.has_failed = false;
    s->disk.slow_until = s->disk.fails_for = 0;
}

/* Groups of two or three, weights of 0 to 2, never a group without any. */
static void
weigh(struct quorum *q)
{
    uint32_t voter = 0;

    q->groups = 3;
    for (uint32_t i = 0; i < q->count; i++) {
        struct quorum_member *m = &q->member[i];

        m->group = (uint8_t)(voter % 3);
        m->weight =
            voter < 3 ? 1 + rng_below(&sim.rng, 2) : rng_below(&sim.rng, 3);
        voter += !m->is_observer;
    }
}

/* Sessions that somebody else opened. */
static uint32_t
foreign_txn(zxid_t zxid)
{
    enum { BYTES = ZK_TXN_HEADER_BYTES + 4 };
    uint8_t *bytes = sim_memory(BYTES);
    struct jute_out out = jute_out_of(bytes, BYTES);
    struct txn_header h = {.session = 0x7a0000 + zxid_counter(zxid),
                           .zxid = zxid,
                           .type = ZK_OP_CREATE_SESSION};

    txn_put_header(&out, &h);
    jute_put_i32(&out, 5000);
    check(!out.bad && jute_out_size(&out) == BYTES);
    return txn_new((struct bytes){bytes, BYTES});
}

/*
 * The disk of another ensemble: of one that saw many more epochs, or of one
 * in which nothing has happened yet.
 */
static void
give_foreign_disk(struct server *s)
{
    struct disk *d = &s->disk;
    int64_t epoch = rng_percent(&sim.rng, 70)
                        ? EPOCHS_MAX / 2 + rng_below(&sim.rng, 300)
                        : 1 + rng_below(&sim.rng, 3);

    s->is_foreign = true;
    d->accepted = d->current = epoch;
    d->identity = (struct identity){rng_next(&sim.rng) | 1, epoch, true};
    if (epoch < EPOCHS_MAX / 2)
        return;
    for (uint32_t i = rng_below(&sim.rng, 20); i > 0; i--) {
        d->log[d->count] = foreign_txn(ZXID(epoch, d->count + 1));
        d->count++;
    }
    sim.foreign_txns = sim.txns;
}

/* One of them is; the others, a quorum, have known each other for long. */
static void
bring_in_foreigner(void)
{
    uint32_t who = rng_below(&sim.rng, sim.servers);
    struct identity ours = {rng_next(&sim.rng) | 1, 0, true};

    if (!can_do_without(1u << who)) {
        sim.plan.has_foreign = false;
        return;
    }
    for (uint32_t i = 0; i < sim.servers; i++)
        sim.server[i].disk.identity = ours;
    give_foreign_disk(&sim.server[who]);
}

void
servers_init(void)
{
    const struct plan_of_run *p = &sim.plan;
    struct quorum *q = &sim.quorum;

    sim.servers = p->voters + p->observers;
    memset(q, 0, sizeof *q);
    q->count = sim.servers;
    for (uint32_t i = 0; i < sim.servers; i++) {
        init_one(&sim.server[i], (int)i);
        q->member[i].sid = sim.server[i].sid;
    }
    for (uint32_t left = p->observers; left > 0;) {
        uint32_t i = rng_below(&sim.rng, sim.servers);

        left -= !q->member[i].is_observer;
        q->member[i].is_observer = true;
    }
    if (p->is_weighted)
        weigh(q);
    for (uint32_t i = 0; i < sim.servers; i++) {
        struct server *s = &sim.server[i];

        s->is_observer = q->member[i].is_observer;
        sched_after(rng_skewed(&sim.rng, 0, 2 * SEC), EV_START, s->node, 0,
                    NULL);
    }
    if (p->has_foreign)
        bring_in_foreigner();
}
