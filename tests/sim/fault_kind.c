/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault_kind.c - what each kind of fault does: the functions that faults.def
 * names.
 *
 * Each is told the fault and the server that it strikes.  Most of what it does
 * is ordered here and happens elsewhere: in wire.c, disk.c, server.c.
 */
#include "tests/sim/fault.h"

#include "tests/sim/election.h"
#include "tests/sim/lead.h"
#include "tests/sim/sim.h"
#include "tests/sim/wire.h"

/* --- servers ------------------------------------------------------------- */

static void
crash(const struct fault *f, struct server *s)
{
    if (s->role == ROLE_DOWN)
        return;
    server_crash(s, fault_row[f->kind].name);
    sched_after(f->lasts, EV_START, s->node, 0, NULL);
}

static void
crash_all(const struct fault *f, struct server *s)
{
    (void)s;
    for (uint32_t i = 0; i < sim.servers; i++)
        crash(f, &sim.server[i]);
}

static void
freeze(const struct fault *f, struct server *s)
{
    if (s->role == ROLE_DOWN || is_frozen(s))
        return;
    s->thaw = sim.now + f->lasts;
    sched_after(f->lasts, EV_THAW, s->node, 0, NULL);
}

static void
jump_clock(const struct fault *f, struct server *s)
{
    s->wall += (int64_t)f->mask * 1000 - 100000;
}

static void
resign(const struct fault *f, struct server *s)
{
    (void)f;
    lead_resigns(s);
}

/* --- links --------------------------------------------------------------- */

static void
block_one(uint32_t a, uint32_t b, bool is_blocked)
{
    if (a != b)
        wire_block((int)a, (int)b, is_blocked);
}

void
fault_block(uint32_t side, bool is_blocked)
{
    for (uint32_t i = 0; i < sim.servers; i++)
        for (uint32_t j = 0; j < sim.servers; j++)
            if ((side >> i & 1) != (side >> j & 1))
                block_one(i, j, is_blocked);
}

static void
isolate(const struct fault *f, struct server *s)
{
    (void)f;
    fault_block(1u << s->node, true);
}

static void
reunite(const struct fault *f, struct server *s)
{
    (void)f;
    fault_block(1u << s->node, false);
}

static void
split(const struct fault *f, struct server *s)
{
    (void)s;
    fault_block(f->mask, true);
}

static void
unite(const struct fault *f, struct server *s)
{
    (void)s;
    fault_block(f->mask, false);
}

static void
block_way(const struct fault *f, struct server *s)
{
    block_one((uint32_t)s->node, f->other, true);
}

static void
open_way(const struct fault *f, struct server *s)
{
    block_one((uint32_t)s->node, f->other, false);
}

static void
break_all(const struct fault *f, struct server *s)
{
    (void)f;
    wire_break_all(s->node);
}

/* --- disks --------------------------------------------------------------- */

static void
slow_disk(const struct fault *f, struct server *s)
{
    s->disk.slow_until = sim.now + f->lasts;
}

static void
fail_log(const struct fault *f, struct server *s)
{
    if (s->role != ROLE_DOWN)
        s->disk.fails_for = f->lasts;
}

/*
 * What one acknowledged or promised and lost is with the others, as long as no
 * second one loses its own, all of them are there in the end, and no term is
 * under way that counts on its promise: a disk takes longer than initLimit to
 * be replaced.
 */
static bool
can_be_lost(void)
{
    for (uint32_t i = 0; i < sim.servers; i++) {
        const struct server *s = &sim.server[i];

        if (s->is_foreign || disk_is_to_be_filled(&s->disk) || is_frozen(s) ||
            (s->role == ROLE_LEAD && !s->is_serving))
            return false;
    }
    return sim.plan.absent == 0 && !sim.plan.only_election;
}

static void
lose_disk(const struct fault *f, struct server *s)
{
    if (!can_be_lost())
        return;
    crash(f, s);
    disk_lose(s);
}

static void
purge(const struct fault *f, struct server *s)
{
    server_purges(s, f->nth);
}

/* --- processes ----------------------------------------------------------- */

static void
end_election(const struct fault *f, struct server *s)
{
    (void)f;
    election_dies(s);
}

static void
end_replication(const struct fault *f, struct server *s)
{
    (void)f;
    server_replication_dies(s);
}

static void
stop_reader(const struct fault *f, struct server *s)
{
    server_reader_stops(s, f->lasts);
}

/* --- the table ----------------------------------------------------------- */

enum whom { WHO, LEADER };

#define NOTHING NULL
#define FAULT(id, name, whom, begin, end)                                      \
    [FAULT_##id] = {name, whom == LEADER, begin, end},
const struct fault_row fault_row[FAULT_KINDS] = {
#include "tests/sim/faults.def"
};
#undef FAULT
