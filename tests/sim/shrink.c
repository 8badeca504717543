/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shrink.c - a failure made small.
 *
 * A run is repeated without some of its faults, with fewer clients, with fewer
 * steps, for as long as it breaks the same claim.  What is left out changes
 * nothing that was drawn for the rest, so what is left is still that failure,
 * or another way to it.
 */
#include "tests/sim/shrink.h"

#include <stdio.h>

#include "tests/sim/fault.h"
#include "tests/sim/plan.h"
#include "tests/sim/sim.h"

enum { SHRINK_RUNS = 400 };

struct failure {
    uint64_t seed;
    char invariant[sizeof sim.invariant];
    struct run_how how;
    bool off[FAULTS_MAX];
};

/* Does it break the same claim? */
static bool
still_breaks(const struct failure *f)
{
    return run(f->seed, &f->how) == RUN_BROKEN &&
           strcmp(sim.invariant, f->invariant) == 0;
}

/* --- less and less ------------------------------------------------------- */

/* Leave these faults out, unless one of them is needed. */
static void
leave_out(struct failure *f, uint32_t from, uint32_t until, uint32_t *budget)
{
    bool was[FAULTS_MAX];

    memcpy(was, f->off, sizeof was);
    for (uint32_t i = from; i < until; i++)
        f->off[i] = true;
    if (memcmp(was, f->off, sizeof was) == 0)
        return;
    --*budget;
    if (!still_breaks(f))
        memcpy(f->off, was, sizeof was);
}

/* Half of the faults, a quarter, ..., one. */
static void
fewer_faults(struct failure *f)
{
    uint32_t faults = sim.faults, budget = SHRINK_RUNS;

    for (uint32_t size = faults; size > 0; size /= 2)
        for (uint32_t from = 0; from < faults && budget > 0; from += size)
            leave_out(f, from, from + size < faults ? from + size : faults,
                      &budget);
}

static void
fewer_clients(struct failure *f)
{
    f->how.fewer_clients = CLIENTS_MAX;
    while (f->how.fewer_clients > 0 && !still_breaks(f))
        f->how.fewer_clients--;
}

/* What is found at the end of a run may have happened long before. */
static void
fewer_steps(struct failure *f)
{
    uint64_t low = 0, high;

    still_breaks(f);
    high = sim.step;
    while (low + 1 < high) {
        f->how.steps = low + (high - low) / 2;
        if (still_breaks(f))
            high = f->how.steps;
        else
            low = f->how.steps;
    }
    f->how.steps = high;
}

/* --- in words ------------------------------------------------------------ */

static void
print_faults(const struct failure *f)
{
    char text[200];

    for (uint32_t i = 0; i < sim.faults; i++)
        if (!f->off[i]) {
            fault_text(&sim.fault[i], text, sizeof text);
            printf("  fault %u: %s\n", i, text);
        }
}

static void
print_shortest(const struct failure *f)
{
    uint32_t left = 0;

    for (uint32_t i = 0; i < sim.faults; i++)
        left += !f->off[i];
    printf("shortest: %llu steps, %u of %u faults, %u of %u clients less\n",
           (unsigned long long)f->how.steps, left, sim.faults,
           f->how.fewer_clients, CLIENTS_MAX);
    plan_print(&sim.plan);
    print_faults(f);
    printf("%s: %s\nthe last events:\n", f->invariant, sim.broken);
    trace_print();
}

void
shrink_and_report(uint64_t seed, const struct run_how *how)
{
    static struct failure f;

    f = (struct failure){.seed = seed, .how = *how};
    snprintf(f.invariant, sizeof f.invariant, "%s", sim.invariant);
    printf("FAILED: make sim SEED=0x%llx%s\n  %s: %s\n  at step %llu, %.3f s\n",
           (unsigned long long)seed, how->only_election ? " ONLY=election" : "",
           f.invariant, sim.broken, (unsigned long long)sim.step,
           (double)sim.now / 1e6);
    fflush(stdout);
    f.how.is_loud = false;
    f.how.off = f.off;
    fewer_faults(&f);
    fewer_clients(&f);
    fewer_steps(&f);
    f.how.traces = true;
    still_breaks(&f);
    print_shortest(&f);
}
