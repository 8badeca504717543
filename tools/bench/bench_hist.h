/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_hist.h - a histogram of latencies, exact to 1.6 percent.
 *
 * Log-linear, as HDR histograms are: every power of two is cut into 64 equal
 * buckets, so that a nanosecond and an hour fit in 30 KB and recording costs
 * a few instructions.  Pure.
 */
#ifndef TOOLS_BENCH_BENCH_HIST_H
#define TOOLS_BENCH_BENCH_HIST_H

#include "daemon/types.h"

enum {
    HIST_SUB_BITS = 6,
    HIST_SUB = 1 << HIST_SUB_BITS,
    HIST_TOP_BIT = 44, /* 2^44 ns are almost five hours */
    HIST_BUCKETS = (HIST_TOP_BIT - HIST_SUB_BITS + 2) * HIST_SUB,
};

/* All zero: nothing seen. */
struct bench_hist {
    uint64_t count;
    uint64_t sum_ns;
    uint64_t max_ns;
    uint64_t bucket[HIST_BUCKETS];
};

/* A negative latency counts as 0, one beyond the range as the range's end. */
void bench_hist_add(struct bench_hist *h, int64_t latency_ns);

/*
 * The latency that `share` (0..1) of all do not exceed, in ns: the middle of
 * its bucket, and never more than the largest seen.  0 when nothing was seen.
 */
uint64_t bench_hist_at(const struct bench_hist *h, double share);

uint64_t bench_hist_mean(const struct bench_hist *h);

#endif
