/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.c - what a run is made of.
 *
 * One number after the other is taken from the seed, a statement each: a seed
 * means the same with every compiler.  Another number in the middle gives all
 * seeds another meaning.
 */
#include "tests/sim/plan.h"

#include <stdio.h>

#include "tests/sim/claims.h"
#include "tests/sim/run.h"
#include "tests/sim/sim.h"

/* --- drawn --------------------------------------------------------------- */

/* 0 in so many of a hundred runs, a number below `end` in the others. */
static uint32_t
none_or_below(struct rng *r, uint32_t percent, uint32_t end)
{
    return rng_percent(r, percent) ? 0 : rng_below(r, end);
}

static usec_t
some_delay(struct rng *r)
{
    static const usec_t delays[] = {50, 200, 1000, 5000};

    return delays[rng_below(r, ARRAY_COUNT(delays))];
}

static void
draw_ensemble(struct plan_of_run *p, struct rng *r)
{
    p->voters = 3 + rng_below(r, 5);
    p->observers = rng_percent(r, 40) ? rng_below(r, 3) : 0;
    p->is_weighted = rng_percent(r, 15);
    p->polls = rng_percent(r, 15);
    p->is_quick = rng_percent(r, 50);
    p->reloads_in_place = rng_percent(r, 50);
    p->local_sessions = rng_percent(r, 20);
    p->upgrades = rng_percent(r, 80);
    p->leader_serves = rng_percent(r, 85);
    p->zxids = rng_percent(r, 85) ? 0 : 20 + rng_below(r, 300);
    p->has_masters = rng_percent(r, 50);
}

static void
draw_times(struct plan_of_run *p, struct rng *r)
{
    p->faults_end = rng_skewed(r, SEC, 12 * SEC);
    p->delay = some_delay(r);
    p->snap_pause = rng_percent(r, 85) ? 50 * MSEC : SEC;
    p->spike_per_mille = none_or_below(r, 50, 20);
    p->window = 1 + (uint32_t)rng_skewed(r, 0, 40);
    p->ring = rng_percent(r, 60) ? 0 : 1 + (uint32_t)rng_skewed(r, 0, 200);
}

static void
draw_pasts(struct plan_of_run *p, struct rng *r)
{
    p->snap_percent = none_or_below(r, 70, 60);
    p->again_percent = none_or_below(r, 70, 30);
    p->purge_percent = none_or_below(r, 60, 80);
    p->torn_per_mille = none_or_below(r, 60, 150);
    p->again_stall_percent = rng_percent(r, 50) ? 0 : 90 + rng_below(r, 10);
}

static void
draw_strangers(struct plan_of_run *p, struct rng *r)
{
    p->has_foreign = rng_percent(r, 15) && !p->only_election;
    p->named_at = rng_percent(r, 50) ? 0 : rng_skewed(r, 0, 8 * SEC);
    p->plain_percent = none_or_below(r, 75, 80);
}

static void
draw_clients(struct plan_of_run *p, struct rng *r)
{
    p->clients = 1 + rng_below(r, CLIENTS_MAX);
    p->think_ms = 2 + (uint32_t)rng_skewed(r, 0, 100);
}

/* What one of them makes of another. */
static void
reconcile(struct plan_of_run *p, struct rng *r)
{
    if (p->voters == 4 && rng_percent(r, 50))
        p->voters = 3;
    p->jitter = 4 * p->delay;
    p->disk_sync = some_delay(r);
    if (p->voters < 5)
        p->is_weighted = false;
    if (p->is_weighted)
        p->polls = false;
    if (p->is_quick) {
        p->ping_ms = 50;
        p->silence_ms = 300;
    }
    p->is_steady = p->spike_per_mille == 0;
    p->outlasts = p->is_steady && rng_percent(r, 50);
    if (p->outlasts)
        p->faults_end += 4 * SEC;
    if (p->has_foreign)
        p->plain_percent = 0; /* they would follow anybody */
    p->numbers_anew = sim.seed % 2 && !(p->has_masters && p->observers > 0);
}

void
plan_draw(const struct run_how *how)
{
    struct rng *r = &sim.rng;
    struct plan_of_run *p = &sim.plan;

    *p = (struct plan_of_run){
        .only_election = how->only_election,
        .quiet_max = 30 * SEC,
        .tick_ms = 200,
        .init_ticks = 10,
        .sync_ticks = 5,
        .ping_ms = 100,
    };
    draw_ensemble(p, r);
    draw_times(p, r);
    draw_pasts(p, r);
    draw_strangers(p, r);
    draw_clients(p, r);
    reconcile(p, r);
    p->clients -=
        p->clients < how->fewer_clients ? p->clients : how->fewer_clients;
    if (p->only_election)
        p->clients = 0;
}

/* --- who may be away ----------------------------------------------------- */

/* Whether a voter with weight is among them. */
static bool
can_be_elected(uint32_t nodes)
{
    bool can = false;

    for (uint32_t i = 0; i < sim.servers; i++)
        can |= (nodes >> i & 1) &&
               quorum_weight(&sim.quorum, sim.server[i].sid) > 0;
    return can;
}

static uint32_t
foreigners(void)
{
    uint32_t set = 0;

    for (uint32_t i = 0; i < sim.servers; i++)
        set |= (uint32_t)sim.server[i].is_foreign << i;
    return set;
}

static uint32_t
all_but(uint32_t nodes)
{
    return ((1u << sim.servers) - 1) & ~nodes & ~foreigners();
}

bool
can_do_without(uint32_t nodes)
{
    return is_quorum(all_but(nodes)) && can_be_elected(all_but(nodes));
}

/* Whether somebody is left for clients beside the leader. */
static bool
is_served_without(uint32_t nodes)
{
    uint32_t rest = all_but(nodes);

    return sim.plan.leader_serves || (rest & (rest - 1)) != 0;
}

/* Now and then less than a quorum stays away for good. */
void
plan_draw_absent(void)
{
    struct plan_of_run *p = &sim.plan;

    p->absent = 0;
    p->absent_are_silent = rng_percent(&sim.rng, 50);
    if (!rng_percent(&sim.rng, 30))
        return;
    for (uint32_t tries = 0; tries < sim.servers; tries++) {
        uint32_t more = p->absent | 1u << rng_below(&sim.rng, sim.servers);

        if (can_do_without(more) && is_served_without(more))
            p->absent = more;
    }
}

/* --- in words ------------------------------------------------------------ */

void
plan_print(const struct plan_of_run *p)
{
    const char *sessions = !p->local_sessions ? ""
                           : p->upgrades      ? ", local sessions"
                                              : ", local sessions that stay so";

    printf("  %u voters, %u observers, %s%s%s%s%s%s%s%s%s%s%s\n", p->voters,
           p->observers, p->polls ? "polling" : "fast election",
           p->is_weighted ? ", weights" : "",
           p->is_quick ? ", quick pings" : "",
           p->has_foreign ? ", a foreigner" : "",
           p->plain_percent ? ", plain servers" : "",
           p->ring ? ", small rings" : "", p->zxids ? ", few zxids" : "",
           p->leader_serves ? "" : ", leaderServes=no",
           p->numbers_anew ? ", numbered anew" : "",
           p->outlasts    ? ", steady, long faults"
           : p->is_steady ? ", steady"
                          : "",
           sessions);
    printf("  delay %lld us, sync %lld us\n", (long long)p->delay,
           (long long)p->disk_sync);
}
