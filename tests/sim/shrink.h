/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shrink.h - a failure made small; see shrink.c.  Private to tests/sim.
 */
#ifndef TESTS_SIM_SHRINK_H
#define TESTS_SIM_SHRINK_H

#include "tests/sim/run.h"

/*
 * The run of `seed` that has just ended broke a claim: say which, then the
 * fewest faults, clients and steps that still break it, and what happened
 * last.  To stdout.
 */
void shrink_and_report(uint64_t seed, const struct run_how *how);

#endif
