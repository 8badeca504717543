/* SPDX-License-Identifier: Apache-2.0 */
/* bench_hist.c - see bench_hist.h.  Pure. */
#include "tools/bench/bench_hist.h"

#define RANGE_NS ((UINT64_C(1) << (HIST_TOP_BIT + 1)) - 1)

/* Below 64 each value has its bucket; above, the top seven bits choose. */
static unsigned
bucket_of(uint64_t ns)
{
    unsigned shift;

    if (ns < HIST_SUB)
        return (unsigned)ns;
    shift = 63U - (unsigned)__builtin_clzll(ns) - HIST_SUB_BITS;
    return (shift + 1) * HIST_SUB + (unsigned)(ns >> shift) - HIST_SUB;
}

/* The middle of a bucket. */
static uint64_t
value_of(unsigned bucket)
{
    unsigned shift;
    uint64_t low;

    if (bucket < 2 * HIST_SUB)
        return bucket;
    shift = bucket / HIST_SUB - 1;
    low = (uint64_t)(bucket % HIST_SUB + HIST_SUB) << shift;
    return low + ((UINT64_C(1) << shift) >> 1);
}

void
bench_hist_add(struct bench_hist *h, int64_t latency_ns)
{
    uint64_t ns = latency_ns < 0 ? 0 : (uint64_t)latency_ns;

    if (ns > RANGE_NS)
        ns = RANGE_NS;
    h->count++;
    h->sum_ns += ns;
    if (ns > h->max_ns)
        h->max_ns = ns;
    h->bucket[bucket_of(ns)]++;
}

uint64_t
bench_hist_at(const struct bench_hist *h, double share)
{
    uint64_t rank = (uint64_t)(share * (double)h->count + 0.5);
    uint64_t seen = 0;

    if (rank >= h->count)
        return h->max_ns; /* the last one, of which we know more */
    if (rank < 1)
        rank = 1;
    for (unsigned i = 0; i < HIST_BUCKETS; i++) {
        seen += h->bucket[i];
        if (seen >= rank)
            return value_of(i) < h->max_ns ? value_of(i) : h->max_ns;
    }
    return h->max_ns;
}

uint64_t
bench_hist_mean(const struct bench_hist *h)
{
    return h->count ? h->sum_ns / h->count : 0;
}
