/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault.c - the schedule of what goes wrong, and its execution.
 *
 * The schedule is drawn before the run, from numbers of its own, so that a
 * fault can be left out without changing the others: that is how a failure
 * is shrunk.
 */
#include "tests/sim/fault.h"

#include <stdio.h>

#include "tests/sim/sim.h"
#include "tests/sim/wire.h"
#include "tests/sim/server.h"

static const char *const kind_name[] = {
    "crash",
    "crash the leader",
    "crash all",
    "crash at",
    "break connections at",
    "freeze",
    "freeze the leader",
    "isolate",
    "isolate the leader",
    "block one way",
    "split",
    "break connections",
    "slow disk",
    "the log fails",
    "clock jump",
    "resign",
    "election process dies",
    "replication process dies",
    "purge",
    "a client process stops",
};

static const char *const moment_name[] = {
    "storing acceptedEpoch",
    "storing currentEpoch",
    "an epoch is stored",
    "sending ACKEPOCH",
    "sending NEWLEADER",
    "sending an ACK",
    "appending",
    "truncating",
    "a piece of a snapshot",
    "taking a snapshot",
    "leading",
    "serving",
    "committing",
    "proposing",
};

_Static_assert(ARRAY_COUNT(kind_name) == FAULT_KINDS, "a name each");
_Static_assert(ARRAY_COUNT(moment_name) == MOMENTS, "a name each");

/* Servers that die, or lose their connections, when this step ends. */
static uint32_t dies, breaks;

static struct fault
draw(struct rng *r)
{
    struct fault f = {
        .kind = (enum fault_kind)rng_below(r, FAULT_KINDS),
        .at = (usec_t)(rng_next(r) % (uint64_t)sim.plan.faults_end),
        .lasts = rng_skewed(r, 20 * MSEC, 4 * SEC),
        .who = (uint8_t)rng_below(r, sim.servers),
        .other = (uint8_t)rng_below(r, sim.servers),
        .mask = rng_below(r, 1u << sim.servers),
        .moment = (enum moment)rng_below(r, MOMENTS),
        .nth = 1 + (uint32_t)rng_skewed(r, 0, 40),
    };

    if (rng_percent(r, 20))
        f.kind = FAULT_CRASH_AT;
    return f;
}

void
faults_draw(void)
{
    struct rng *r = &sim.fault_rng;
    uint32_t most = rng_percent(r, 80) ? 24 : FAULTS_MAX;

    sim.faults = rng_percent(r, 5) ? 0 : rng_below(r, most);
    for (uint32_t i = 0; i < sim.faults; i++)
        sim.fault[i] = draw(r);
}

void
faults_begin(void)
{
    dies = breaks = 0;
    for (uint32_t i = 0; i < sim.faults; i++) {
        sim.fault[i].is_on = false;
        if (!sim.fault[i].is_off)
            sched_after(sim.fault[i].at, EV_FAULT, 0, i, NULL);
    }
}

static int
leader(void)
{
    for (uint32_t i = 0; i < sim.servers; i++)
        if (sim.server[i].role == ROLE_LEAD)
            return (int)i;
    return -1;
}

/* --- splits -------------------------------------------------------------- */

static void
block_one(uint32_t a, uint32_t b, bool is_blocked)
{
    if (a != b)
        wire_block((int)a, (int)b, is_blocked);
}

/* Between those in `mask` and the others. */
static void
block_split(uint32_t mask, bool is_blocked)
{
    for (uint32_t i = 0; i < sim.servers; i++)
        for (uint32_t j = 0; j < sim.servers; j++)
            if ((mask >> i & 1) != (mask >> j & 1))
                block_one(i, j, is_blocked);
}

/* --- one fault ----------------------------------------------------------- */

static void
crash(uint32_t who, const struct fault *f)
{
    struct server *s = &sim.server[who];

    if (s->role == ROLE_DOWN)
        return;
    server_crash(s, kind_name[f->kind]);
    sched_after(f->lasts, EV_START, s->node, 0, NULL);
}

static void
freeze(uint32_t who, const struct fault *f)
{
    struct server *s = &sim.server[who];

    if (s->role == ROLE_DOWN || is_frozen(s))
        return;
    s->thaw = sim.now + f->lasts;
    sched_after(f->lasts, EV_THAW, s->node, 0, NULL);
}

/* Who is meant by a fault that strikes the leader; -1: nobody leads now. */
static int
target(const struct fault *f)
{
    switch (f->kind) {
    case FAULT_CRASH_LEADER:
    case FAULT_FREEZE_LEADER:
    case FAULT_ISOLATE_LEADER:
    case FAULT_RESIGN:
        return leader();
    default:
        return f->who;
    }
}

void
fault_begins(uint32_t number)
{
    struct fault *f = &sim.fault[number];
    int who = target(f);
    char text[100];

    if (sim.is_quiet || who < 0)
        return;
    f->who = (uint8_t)who;
    fault_text(f, text, sizeof text);
    TRACE("fault %u: %s", number, text);
    f->is_on = true;
    sched_after(f->lasts, EV_FAULT_END, 0, number, NULL);
    switch (f->kind) {
    case FAULT_CRASH:
    case FAULT_CRASH_LEADER:
        crash(f->who, f);
        break;
    case FAULT_CRASH_ALL:
        for (uint32_t i = 0; i < sim.servers; i++)
            crash(i, f);
        break;
    case FAULT_FREEZE:
    case FAULT_FREEZE_LEADER:
        freeze(f->who, f);
        break;
    case FAULT_ISOLATE:
    case FAULT_ISOLATE_LEADER:
        block_split(1u << f->who, true);
        break;
    case FAULT_SPLIT:
        block_split(f->mask, true);
        break;
    case FAULT_ONE_WAY:
        block_one(f->who, f->other, true);
        break;
    case FAULT_BREAK:
        wire_break_all(f->who);
        break;
    case FAULT_SLOW_DISK:
        sim.server[f->who].disk.slow_until = sim.now + f->lasts;
        break;
    case FAULT_LOG:
        if (sim.server[f->who].role != ROLE_DOWN)
            sim.server[f->who].disk.fails_for = f->lasts;
        break;
    case FAULT_CLOCK:
        sim.server[f->who].wall += (int64_t)f->mask * 1000 - 100000;
        break;
    case FAULT_RESIGN:
        lead_resigns(&sim.server[f->who]);
        break;
    case FAULT_ELECTION:
        election_dies(&sim.server[f->who]);
        break;
    case FAULT_REPLICATION:
        server_replication_dies(&sim.server[f->who]);
        break;
    case FAULT_PURGE:
        server_purges(&sim.server[f->who], f->nth);
        break;
    case FAULT_READER:
        server_reader_stops(&sim.server[f->who], f->lasts);
        break;
    case FAULT_CRASH_AT: /* see fault_moment */
    case FAULT_BREAK_AT:
    case FAULT_KINDS:
        break;
    }
}

void
fault_ends(uint32_t number)
{
    struct fault *f = &sim.fault[number];

    if (!f->is_on)
        return;
    f->is_on = false;
    switch (f->kind) {
    case FAULT_ISOLATE:
    case FAULT_ISOLATE_LEADER:
        block_split(1u << f->who, false);
        break;
    case FAULT_SPLIT:
        block_split(f->mask, false);
        break;
    case FAULT_ONE_WAY:
        block_one(f->who, f->other, false);
        break;
    default:
        break;
    }
}

/* --- at the very moment -------------------------------------------------- */

static bool
strikes_at(const struct fault *f, enum moment moment)
{
    return (f->kind == FAULT_CRASH_AT || f->kind == FAULT_BREAK_AT) &&
           f->moment == moment;
}

void
fault_moment(struct server *s, enum moment moment)
{
    for (uint32_t i = 0; i < sim.faults; i++) {
        struct fault *f = &sim.fault[i];

        if (!f->is_on || !strikes_at(f, moment) || f->nth-- > 1)
            continue;
        f->is_on = false;
        *(f->kind == FAULT_CRASH_AT ? &dies : &breaks) |= 1u << s->node;
    }
}

void
fault_step_ends(void)
{
    while (breaks) {
        wire_break_all(__builtin_ctz(breaks));
        breaks &= breaks - 1;
    }
    while (dies) {
        struct server *s = &sim.server[__builtin_ctz(dies)];

        dies &= dies - 1;
        if (s->role == ROLE_DOWN)
            continue;
        server_crash(s, "at the worst moment");
        sched_after(rng_skewed(&sim.rng, MSEC, 2 * SEC), EV_START, s->node, 0,
                    NULL);
    }
}

static void
recover(struct server *s)
{
    s->disk.slow_until = s->reader_back = 0;
    if (!s->disk.has_failed)
        s->disk.fails_for = 0;
    if (s->role == ROLE_DOWN)
        server_start(s);
    if (!is_frozen(s))
        return;
    s->thaw = sim.now + MSEC;
    sched_after(MSEC, EV_THAW, s->node, 0, NULL);
}

static void
stay_away(struct server *s)
{
    if (sim.plan.absent_are_silent)
        block_split(1u << s->node, true);
    else
        server_crash(s, "for good");
}

void
faults_stop(void)
{
    for (uint32_t i = 0; i < sim.faults; i++)
        fault_ends(i);
    for (uint32_t i = 0; i < sim.servers; i++)
        if (sim.plan.absent >> i & 1)
            stay_away(&sim.server[i]);
        else
            recover(&sim.server[i]);
}

void
fault_text(const struct fault *f, char *text, size_t size)
{
    int n = snprintf(text, size, "%s, at %.1f ms for %.1f ms, server %u",
                     kind_name[f->kind], (double)f->at / 1000.0,
                     (double)f->lasts / 1000.0, f->who);

    if (n < 0 || (size_t)n >= size)
        return;
    if (f->kind == FAULT_ONE_WAY)
        snprintf(text + n, size - (size_t)n, " to %u", f->other);
    if (f->kind == FAULT_SPLIT)
        snprintf(text + n, size - (size_t)n, ", side 0x%x", f->mask);
    if (f->kind == FAULT_CRASH_AT || f->kind == FAULT_BREAK_AT)
        snprintf(text + n, size - (size_t)n, ", time %u of %s", f->nth,
                 moment_name[f->moment]);
}
