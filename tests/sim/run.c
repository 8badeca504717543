/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.c - one run: a plan from the seed, faults, then quiet, then a verdict.
 *
 * While there are faults only safety is claimed.  When they end everybody is
 * up and connected again, and within quiet_max there must be one leader that
 * everybody follows, all must be equal, and a write must succeed.
 */
#include "tests/sim/run.h"

#include <sys/mman.h>

#include "tests/sim/claims.h"
#include "tests/sim/client.h"
#include "tests/sim/fault.h"
#include "tests/sim/server.h"
#include "tests/sim/sim.h"
#include "tests/sim/wire.h"

struct sim sim;

static void
reset(uint64_t seed, const struct run_how *how)
{
    uint8_t *memory = sim.memory;

    if (!memory)
        memory = mmap(NULL, RUN_BYTES, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    check(memory != MAP_FAILED);
    sim.memory = memory;
    sim.used = 0;
    sim.seed = seed;
    sim.rng.state = seed;
    sim.fault_rng.state = rng_next(&sim.rng);
    sim.now = 0;
    sim.step = 0;
    sim.step_max = how->steps ? how->steps : UINT64_MAX;
    sim.is_quiet = sim.is_well = sim.is_full = false;
    sim.quiet_since = 0;
    sim.txns = sim.committed_count = sim.terms = sim.foreign_txns = 0;
    sim.ended_count = 0;
    sim.ops = sim.watches = 0;
    sim.newest_answered = 0;
    sim.is_tracing = how->traces || how->is_loud;
    sim.is_loud = how->is_loud;
    memset(sim.promise, 0, sizeof sim.promise);
    memset(sim.is_blocked, 0, sizeof sim.is_blocked);
    trace_reset();
    sched_reset();
    wire_reset();
}

static void
begin(const struct run_how *how)
{
    plan_draw(how);
    servers_init();
    plan_draw_absent();
    clients_init();
    faults_draw();
    for (uint32_t i = 0; i < sim.faults; i++)
        sim.fault[i].is_off = how->off && how->off[i];
    faults_begin();
    sched_after(sim.plan.faults_end, EV_QUIET, 0, 0, NULL);
}

/* --- after the faults ---------------------------------------------------- */

/* Nothing is expected of it. */
static bool
is_apart(uint32_t i)
{
    return (sim.plan.absent >> i & 1) || sim.server[i].is_foreign;
}

static const struct server *
the_leader(void)
{
    const struct server *l = NULL;

    for (uint32_t i = 0; i < sim.servers; i++)
        if (sim.server[i].role == ROLE_LEAD && !is_apart(i)) {
            if (l)
                return NULL;
            l = &sim.server[i];
        }
    return l;
}

static bool
is_in_step(const struct server *s, const struct server *l)
{
    if (s->role != ROLE_LEAD &&
        (s->role != ROLE_LEARN ||
         (s->leader_node != l->node && !s->is_observer)))
        return false; /* an observer may have a follower for its leader */
    if (sim.plan.only_election)
        return s->is_established;
    return s->is_serving && s->applied == l->applied &&
           s->committed == l->committed && s->durable == l->count;
}

/* A session that its client left, or never heard of, has ended. */
static bool
is_rid_of_the_gone(const struct server *l)
{
    for (uint32_t i = 0; i < session_slot_end(l->sessions); i++) {
        const struct session *s = session_at(l->sessions, i);

        if (s->id != 0 && s->is_alive && !clients_have(s->id))
            return false;
    }
    return true;
}

/* One leads, all follow, and all are equal. */
static bool
is_well(void)
{
    const struct server *l = the_leader();

    if (!l)
        return false;
    for (uint32_t i = 0; i < sim.servers; i++)
        if (!is_apart(i) && !is_in_step(&sim.server[i], l))
            return false;
    return true;
}

static const char *
role_name(enum role role)
{
    static const char *const name[] = {"is down", "drains", "looks", "leads",
                                       "learns"};

    return name[role];
}

static void
look_back(void)
{
    if (is_well() &&
        (sim.plan.only_election ||
         (clients_are_done() && is_rid_of_the_gone(the_leader())))) {
        sim.is_well = true;
        return;
    }
    if (sim.now - sim.quiet_since > sim.plan.quiet_max) {
        for (uint32_t i = 0; i < sim.servers; i++) {
            const struct server *s = &sim.server[i];

            TRACE("server %u: %s, serves %d, applied %u, committed %u, "
                  "durable %u of %u, epochs %lld %lld, core %d",
                  i, role_name(s->role), s->is_serving, s->applied,
                  s->committed, s->durable, s->count, (long long)s->accepted,
                  (long long)s->current,
                  s->role == ROLE_LEAD && s->leader ? (int)s->leader->state
                                                    : (int)s->learner.state);
        }
        sim_broken("LIVENESS", "the faults ended %.1f s ago: %s",
                   (double)(sim.now - sim.quiet_since) / 1e6,
                   !the_leader()         ? "nobody leads, or two do"
                   : !is_well()          ? "not everybody is in step"
                   : !clients_are_done() ? "no write succeeds"
                                         : "a session outlives its client");
    }
    sched_after(100 * MSEC, EV_LOOK_BACK, 0, 0, NULL);
}

static void
become_quiet(void)
{
    TRACE("the faults end");
    sim.is_quiet = true;
    sim.quiet_since = sim.now;
    faults_stop();
    clients_wind_up();
    sched_after(100 * MSEC, EV_LOOK_BACK, 0, 0, NULL);
}

/* --- steps --------------------------------------------------------------- */

static void
step(const struct event *e)
{
    switch ((enum event_kind)e->kind) {
    case EV_PIPE:
        wire_deliver(e->p, e->gen);
        break;
    case EV_SYN:
        wire_syn(e->p);
        break;
    case EV_FAULT:
        fault_begins(e->gen);
        break;
    case EV_FAULT_END:
        fault_ends(e->gen);
        break;
    case EV_CLIENT:
        client_event(&sim.client[e->node - CLIENT_NODE], e);
        break;
    case EV_QUIET:
        become_quiet();
        break;
    case EV_LOOK_BACK:
        look_back();
        break;
    default:
        server_event(&sim.server[e->node], e);
        break;
    }
    fault_step_ends();
}

enum run_end
run(uint64_t seed, const struct run_how *how)
{
    struct event e;

    reset(seed, how);
    switch (setjmp(sim.leave)) {
    case 0:
        break;
    case 1:
        return RUN_BROKEN;
    default:
        return RUN_FULL;
    }
    begin(how);
    while (!sim.is_well && sim.step < sim.step_max && sched_next(&e)) {
        sim.step++;
        sim.now = e.at;
        step(&e);
    }
    if (!sim.plan.only_election)
        judge();
    return RUN_WELL;
}
