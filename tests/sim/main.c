/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - the simulator's command line.
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
 * last.  The first seeds are run once more at the end, and must be the same
 * runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/run.h"
#include "tests/sim/shrink.h"
#include "tests/sim/sim.h"

enum { REPEATED = 64 }; /* of the first seeds, at the end */

struct wish {
    uint64_t seed, runs;
    double seconds;
    struct run_how how;
    bool is_quiet;
};

/* What all runs come to. */
struct total {
    uint64_t runs, steps;
    uint64_t full;    /* of them used up what a run may use */
    double simulated; /* seconds */
    double slowest;   /* to be well again, in seconds, */
    uint64_t slowest_seed;
    uint64_t first[REPEATED]; /* the steps of each of them */
};

static double
seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
note(struct total *t, uint64_t seed, enum run_end end)
{
    double well_after = (double)(sim.now - sim.quiet_since) / 1e6;

    if (t->runs < REPEATED)
        t->first[t->runs] = sim.step;
    t->runs++;
    t->full += end == RUN_FULL;
    t->steps += sim.step;
    t->simulated += (double)sim.now / 1e6;
    if (sim.is_well && well_after > t->slowest) {
        t->slowest = well_after;
        t->slowest_seed = seed;
    }
}

static void
print_total(const struct total *t, uint64_t first, double took)
{
    printf("%llu seeds from 0x%llx: %.1f h simulated, %llu steps, %llu cut "
           "short, well after %.1f s at most (0x%llx), %.1f s\n",
           (unsigned long long)t->runs, (unsigned long long)first,
           t->simulated / 3600, (unsigned long long)t->steps,
           (unsigned long long)t->full, t->slowest,
           (unsigned long long)t->slowest_seed, took);
}

static void
report(uint64_t seed, const struct wish *w)
{
    if (w->is_quiet)
        printf("%s seed 0x%llx: %s\n", sim.invariant, (unsigned long long)seed,
               sim.broken);
    else
        shrink_and_report(seed, &w->how);
}

/*
 * The same seed is the same run, whatever other runs left behind: now each
 * comes behind the one that it came before.
 */
static bool
is_repeatable(const struct total *t, const struct wish *w)
{
    uint64_t i = t->runs < REPEATED ? t->runs : REPEATED;

    while (t->runs > 1 && i-- > 0) {
        (void)run(w->seed + i, &w->how);
        if (sim.step == t->first[i])
            continue;
        printf("REPEATABLE seed 0x%llx: %llu steps, and %llu the first time\n",
               (unsigned long long)(w->seed + i), (unsigned long long)sim.step,
               (unsigned long long)t->first[i]);
        return false;
    }
    return true;
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
    struct total total = {0};
    double start = seconds();

    if (!read_wish(argc, argv, &w))
        return 2;
    for (uint64_t seed = w.seed; total.runs < w.runs; seed++) {
        enum run_end end = run(seed, &w.how);

        if (end == RUN_BROKEN) {
            report(seed, &w);
            return 1;
        }
        note(&total, seed, end);
        if (w.seconds > 0 && seconds() - start > w.seconds)
            break;
    }
    print_total(&total, w.seed, seconds() - start);
    return !is_repeatable(&total, &w);
}
