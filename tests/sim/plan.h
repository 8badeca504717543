/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.h - what a run is made of: drawn from its seed before anything happens.
 *
 * See plan.c.  Private to tests/sim.
 */
#ifndef TESTS_SIM_PLAN_H
#define TESTS_SIM_PLAN_H

#include "tests/sim/bounds.h"

struct plan_of_run {
    /* The ensemble, and its configuration. */
    uint32_t voters, observers;
    bool is_weighted, polls, is_quick, reloads_in_place, only_election;
    int32_t tick_ms, init_ticks, sync_ticks, ping_ms, silence_ms;
    bool local_sessions; /* new sessions are local, ... */
    bool upgrades;       /* ... and become global for an ephemeral */
    bool leader_serves;  /* else clients have to go to the others */
    bool has_masters;    /* observers may go to followers */
    uint32_t zxids;      /* of an epoch; 0: as many as there are */

    /* How long things take, and how much fits. */
    usec_t faults_end, quiet_max;
    usec_t delay, jitter, disk_sync;
    uint32_t spike_per_mille; /* packets that take very long */
    usec_t snap_pause;        /* between two pieces of a snapshot, at most */
    bool is_steady; /* clocks agree, packets come in time: leases are claimed */
    bool outlasts;  /* few faults, which last longer than sessions */
    uint32_t window; /* packets under way to one learner */
    uint32_t ring;   /* transactions that a server's ring holds, about;
                        0: all */

    /* What a leader finds when it looks for a learner's past. */
    uint32_t snap_percent, again_percent, purge_percent;
    uint32_t torn_per_mille; /* pieces of a snapshot that cannot be read */
    uint32_t again_stall_percent;

    /* Who belongs to the ensemble, and who knows that. */
    bool has_foreign;       /* a server with the disk of another ensemble */
    usec_t named_at;        /* elections know of ensembles from then on */
    uint32_t plain_percent; /* servers that know no ids, as Apache's */

    /* When the faults end. */
    uint32_t absent;        /* servers that stay away, a bit each */
    bool absent_are_silent; /* cut off, not down */

    uint32_t clients;
    uint32_t think_ms;
    bool numbers_anew; /* clients count from 1 at each connection */
};

struct run_how;

/* Draw sim.plan, but for those who will be absent. */
void plan_draw(const struct run_how *how);

/* Draw those; the servers are known by then. */
void plan_draw_absent(void);

/* In words. */
void plan_print(const struct plan_of_run *p);

/* Whether the ensemble works without these, and without foreigners. */
bool can_do_without(uint32_t nodes);

#endif
