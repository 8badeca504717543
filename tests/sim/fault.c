/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault.c - the schedule of what goes wrong; faults.def has what there is.
 *
 * The schedule is drawn before the run, from numbers of its own, so that a
 * fault can be left out without changing the others: that is how a failure
 * is shrunk.
 */
#include "tests/sim/fault.h"

#include <stdio.h>

#include "tests/sim/server.h"
#include "tests/sim/sim.h"
#include "tests/sim/wire.h"

#define MOMENT(id, name) name,
static const char *const moment_name[MOMENTS] = {
#include "tests/sim/faults.def"
};
#undef MOMENT

/* Servers that die, or lose their connections, when this step ends. */
static uint32_t dies, breaks;

/* What a session may end by while its server does not know. */
static const enum fault_kind lasting[] = {
    FAULT_ISOLATE, FAULT_ISOLATE, FAULT_ISOLATE_LEADER, FAULT_SPLIT,
    FAULT_ONE_WAY, FAULT_FREEZE,  FAULT_FREEZE_LEADER,  FAULT_READER,
};

static struct fault
draw(struct rng *r)
{
    struct fault f = {0};

    f.kind = (enum fault_kind)rng_below(r, FAULT_KINDS);
    f.at = (usec_t)(rng_next(r) % (uint64_t)sim.plan.faults_end);
    f.lasts = rng_skewed(r, 20 * MSEC, 4 * SEC);
    f.who = (uint8_t)rng_below(r, sim.servers);
    f.other = (uint8_t)rng_below(r, sim.servers);
    f.mask = rng_below(r, 1u << sim.servers);
    f.moment = (enum moment)rng_below(r, MOMENTS);
    f.nth = 1 + (uint32_t)rng_skewed(r, 0, 40);
    if (rng_percent(r, 20))
        f.kind = FAULT_CRASH_AT;
    if (sim.plan.outlasts) {
        f.kind = lasting[rng_below(r, ARRAY_COUNT(lasting))];
        f.lasts = SEC + rng_below(r, 4 * SEC);
    }
    return f;
}

void
faults_draw(void)
{
    struct rng *r = &sim.fault_rng;
    uint32_t most = rng_percent(r, 80) ? 24 : FAULTS_MAX;

    sim.faults = rng_percent(r, 5) ? 0 : rng_below(r, most);
    if (sim.plan.outlasts)
        sim.faults = 1 + rng_below(r, 4);
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

/* Whom it strikes now, or NULL. */
static struct server *
target(const struct fault *f)
{
    int who = fault_row[f->kind].is_leaders ? leader() : f->who;

    return who < 0 ? NULL : &sim.server[who];
}

void
fault_begins(uint32_t number)
{
    struct fault *f = &sim.fault[number];
    struct server *s = target(f);
    char text[100];

    if (sim.is_quiet || !s)
        return;
    f->who = (uint8_t)s->node;
    fault_text(f, text, sizeof text);
    TRACE("fault %u: %s", number, text);
    f->is_on = true;
    sched_after(f->lasts, EV_FAULT_END, 0, number, NULL);
    if (fault_row[f->kind].begin)
        fault_row[f->kind].begin(f, s);
}

void
fault_ends(uint32_t number)
{
    struct fault *f = &sim.fault[number];

    if (!f->is_on)
        return;
    f->is_on = false;
    if (fault_row[f->kind].end)
        fault_row[f->kind].end(f, &sim.server[f->who]);
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
        fault_block(1u << s->node, true);
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
                     fault_row[f->kind].name, (double)f->at / 1000.0,
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
