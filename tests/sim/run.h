/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.h - one run, from its seed to its verdict.  Private to tests/sim.
 */
#ifndef TESTS_SIM_RUN_H
#define TESTS_SIM_RUN_H

#include "tests/sim/sim.h"

enum run_end { RUN_WELL, RUN_BROKEN, RUN_FULL };

/* How to run it; zero is: all of it, as the seed says. */
struct run_how {
    bool only_election;
    bool traces, is_loud;
    uint64_t steps;  /* at most so many; 0: all */
    const bool *off; /* faults to leave out, or NULL */
    uint32_t fewer_clients;
};

enum run_end run(uint64_t seed, const struct run_how *how);

/* judge.c: all that clients saw, against the sequence that was committed. */
void judge(void);

#endif
