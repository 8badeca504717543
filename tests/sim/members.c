/* SPDX-License-Identifier: Apache-2.0 */
/*
 * members.c - who the servers of a run are: clocks, weights, ensembles.
 */
#include "tests/sim/server.h"

#include "tests/sim/data.h"
#include "tests/sim/disk.h"
#include "tests/sim/sim.h"

enum { RING_MIN = 8 };

/* --- one ----------------------------------------------------------------- */

/*
 * Nothing has happened to it yet: of other runs only the memory stays, and what
 * begins anew in that.
 */
static void
make_new(struct server *s, int node)
{
    *s = (struct server){
        .node = node,
        .sid = node + 1,
        .role = ROLE_DOWN,
        .snap_from = -1,
        .past = PAST_STAYS,
        .arena = s->arena,
        .tree = s->tree,
        .sessions = s->sessions,
        .local_memory = s->local_memory,
        .prep_memory = s->prep_memory,
        .leader = s->leader,
        .forward = s->forward,
    };
    lease_begin(&s->lease, sim.plan.tick_ms, 0, 0);
}

static void
init_one(struct server *s, int node)
{
    int64_t jump = rng_below(&sim.rng, 1000000);

    make_new(s, node);
    s->rate = (double)rng_below(&sim.rng, 1000) / 1000.0;
    s->rate =
        sim.plan.is_steady ? 0.999 + 0.002 * s->rate : 0.9 + 0.2 * s->rate;
    s->clock = 1000 + jump;
    s->wall = 1700000000000 + jump;
    s->ring = sim.plan.ring ? RING_MIN + rng_below(&sim.rng, sim.plan.ring) : 0;
    s->is_plain = rng_percent(&sim.rng, sim.plan.plain_percent);
}

/* --- the quorum ---------------------------------------------------------- */

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

static void
choose_observers(struct quorum *q, uint32_t left)
{
    while (left > 0) {
        uint32_t i = rng_below(&sim.rng, q->count);

        left -= !q->member[i].is_observer;
        q->member[i].is_observer = true;
    }
}

static void
draw_quorum(struct quorum *q)
{
    memset(q, 0, sizeof *q);
    q->count = sim.servers;
    for (uint32_t i = 0; i < q->count; i++)
        q->member[i].sid = sim.server[i].sid;
    choose_observers(q, sim.plan.observers);
    if (sim.plan.is_weighted)
        weigh(q);
    for (uint32_t i = 0; i < q->count; i++)
        sim.server[i].is_observer = q->member[i].is_observer;
}

/* --- another ensemble's -------------------------------------------------- */

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

/* --- a promise that led to nothing ---------------------------------------- */

/* One of them promised epochs to leaders that never were any. */
static void
let_one_have_promised(void)
{
    uint32_t who = rng_below(&sim.rng, sim.servers);

    sim.server[who].disk.accepted = 1 + rng_below(&sim.rng, 6);
}

/* --- all of them --------------------------------------------------------- */

void
servers_init(void)
{
    sim.servers = sim.plan.voters + sim.plan.observers;
    for (uint32_t i = 0; i < sim.servers; i++)
        init_one(&sim.server[i], (int)i);
    draw_quorum(&sim.quorum);
    for (uint32_t i = 0; i < sim.servers; i++)
        sched_after(rng_skewed(&sim.rng, 0, 2 * SEC), EV_START, (int)i, 0,
                    NULL);
    if (sim.plan.has_foreign)
        bring_in_foreigner();
    else if (rng_percent(&sim.rng, 10))
        let_one_have_promised();
}
