/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_compare.h - two servers measured in turns, their medians and ratios.
 *
 * In turns, because a machine is never twice the same: what changes over
 * minutes changes for both.
 */
#ifndef TOOLS_BENCH_BENCH_COMPARE_H
#define TOOLS_BENCH_BENCH_COMPARE_H

#include "tools/bench/bench_opts.h"

/*
 * Measure opts->compare and opts->with, opts->rounds times each, in the
 * workload given or a list of usual ones.  0, or -errno of what failed.
 */
int bench_compare(const struct bench_opts *opts);

/* The median of `count` values, which are sorted by it. */
double bench_median(double *value, unsigned count);

#endif
