/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - the simulator's command line; shrinks what it finds.
 *
 *   sim SEED                run one seed, say how it ended
 *   sim -n RUNS SEED        that many seeds from this one on
 *   sim -t SECONDS SEED     seeds until the time is over
 *   sim -e ...              elections only
 *   sim -v SEED             every event in words
 *   sim -q ...              say nothing but the end
 *
 * Exit status 1 when a claim is broken.  The output names the seed, the
 * claim, the fewest faults and steps that still break it, and what happened
 * last.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/fault.h"
#include "tests/sim/run.h"
#include "tests/sim/sim.h"

enum { SHRINK_RUNS = 400 };

struct wish {
    uint64_t seed, runs;
    double seconds;
    struct run_how how;
    bool is_quiet;
};

static double
seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Does it break the same claim? */
static bool
still_breaks(uint64_t seed, const struct run_how *how, const char *invariant)
{
    return run(seed, how) == RUN_BROKEN &&
           strcmp(sim.invariant, invariant) == 0;
}

/* Leave out what is not needed: half of the faults, a quarter, ..., one. */
static void
fewer_faults(uint64_t seed, struct run_how *how, bool off[FAULTS_MAX],
             const char *invariant)
{
    uint32_t faults = sim.faults, budget = SHRINK_RUNS;

    how->off = off;
    for (uint32_t size = faults; size > 0; size /= 2)
        for (uint32_t from = 0; from < faults && budget > 0; from += size) {
            bool was[FAULTS_MAX];

            memcpy(was, off, sizeof was);
            for (uint32_t i = from; i < from + size && i < faults; i++)
                off[i] = true;
            if (memcmp(was, off, sizeof was) == 0)
                continue;
            budget--;
            if (!still_breaks(seed, how, invariant))
                memcpy(off, was, sizeof was);
        }
}

/* What is found at the end of a run may have happened long before. */
static uint64_t
fewer_steps(uint64_t seed, struct run_how *how, const char *invariant)
{
    uint64_t low = 0, high = sim.step;

    while (low + 1 < high) {
        uint64_t middle = low + (high - low) / 2;

        how->steps = middle;
        if (still_breaks(seed, how, invariant))
            high = middle;
        else
            low = middle;
    }
    return high;
}

static void
report(uint64_t seed, const struct run_how *asked)
{
    struct run_how how = *asked;
    bool off[FAULTS_MAX] = {false};
    char invariant[sizeof sim.invariant], text[200];
    uint32_t left = 0;

    snprintf(invariant, sizeof invariant, "%s", sim.invariant);
    printf("FAILED: make sim SEED=0x%llx%s\n  %s: %s\n  at step %llu, %.3f s\n",
           (unsigned long long)seed, how.only_election ? " ONLY=election" : "",
           invariant, sim.broken, (unsigned long long)sim.step,
           (double)sim.now / 1e6);
    fflush(stdout);
    how.is_loud = false;
    fewer_faults(seed, &how, off, invariant);
    for (how.fewer_clients = CLIENTS_MAX; how.fewer_clients > 0;
         how.fewer_clients--)
        if (still_breaks(seed, &how, invariant))
            break;
    still_breaks(seed, &how, invariant);
    how.steps = fewer_steps(seed, &how, invariant);
    how.traces = true;
    still_breaks(seed, &how, invariant);
    for (uint32_t i = 0; i < sim.faults; i++)
        left += !off[i];
    printf("shortest: %llu steps, %u of %u faults, %u of %u clients less\n",
           (unsigned long long)how.steps, left, sim.faults, how.fewer_clients,
           CLIENTS_MAX);
    plan_print(&sim.plan);
    for (uint32_t i = 0; i < sim.faults; i++)
        if (!off[i]) {
            fault_text(&sim.fault[i], text, sizeof text);
            printf("  fault %u: %s\n", i, text);
        }
    printf("%s: %s\nthe last events:\n", invariant, sim.broken);
    trace_print();
}

static bool
usage(const char *name)
{
    fprintf(stderr, "usage: %s [-e] [-v] [-q] [-n RUNS | -t SECONDS] SEED\n",
            name);
    return false;
}

static bool
read_wish(int argc, char **argv, struct wish *w)
{
    int option;

    *w = (struct wish){.runs = 1};
    while ((option = getopt(argc, argv, "evqn:t:")) != -1)
        switch (option) {
        case 'e':
            w->how.only_election = true;
            break;
        case 'v':
            w->how.is_loud = true;
            break;
        case 'q':
            w->is_quiet = true;
            break;
        case 'n':
            w->runs = strtoull(optarg, NULL, 0);
            break;
        case 't':
            w->seconds = strtod(optarg, NULL);
            w->runs = UINT64_MAX;
            break;
        default:
            return usage(argv[0]);
        }
    if (optind + 1 != argc)
        return usage(argv[0]);
    w->seed = strtoull(argv[optind], NULL, 0);
    return true;
}

int
main(int argc, char **argv)
{
    struct wish w;
    double start = seconds();
    uint64_t runs = 0, full = 0, steps = 0;
    double simulated = 0, slowest = 0;
    uint64_t slowest_seed = 0;

    if (!read_wish(argc, argv, &w))
        return 2;
    for (uint64_t seed = w.seed; runs < w.runs; seed++, runs++) {
        enum run_end end = run(seed, &w.how);

        if (end == RUN_BROKEN && w.is_quiet) {
            printf("%s seed 0x%llx: %s\n", sim.invariant,
                   (unsigned long long)seed, sim.broken);
            return 1;
        }
        if (end == RUN_BROKEN) {
            report(seed, &w.how);
            return 1;
        }
        full += end == RUN_FULL;
        if (sim.is_well &&
            (double)(sim.now - sim.quiet_since) / 1e6 > slowest) {
            slowest = (double)(sim.now - sim.quiet_since) / 1e6;
            slowest_seed = seed;
        }
        steps += sim.step;
        simulated += (double)sim.now / 1e6;
        if (w.seconds > 0 && seconds() - start > w.seconds)
            w.runs = runs + 1;
    }
    printf("%llu seeds from 0x%llx: %.1f h simulated, %llu steps, %llu cut "
           "short, well after %.1f s at most (0x%llx), %.1f s\n",
           (unsigned long long)runs, (unsigned long long)w.seed,
           simulated / 3600, (unsigned long long)steps,
           (unsigned long long)full, slowest, (unsigned long long)slowest_seed,
           seconds() - start);
    return 0;
}
