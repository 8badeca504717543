/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rng.h - the numbers of a simulation: splitmix64, good enough and short.
 */
#ifndef TESTS_SIM_RNG_H
#define TESTS_SIM_RNG_H

#include "daemon/types.h"

struct rng {
    uint64_t state;
};

static inline uint64_t
rng_next(struct rng *r)
{
    uint64_t x = r->state += UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* A number below `end`, which is not 0. */
static inline uint32_t
rng_below(struct rng *r, uint32_t end)
{
    return (uint32_t)(rng_next(r) >> 32) % end;
}

static inline bool
rng_percent(struct rng *r, uint32_t percent)
{
    return rng_below(r, 100) < percent;
}

/* From `low` to `high`, small ones far more often than large ones. */
static inline int64_t
rng_skewed(struct rng *r, int64_t low, int64_t high)
{
    double x = (double)(rng_next(r) >> 11) / 9007199254740992.0;

    return low + (int64_t)((double)(high - low) * x * x * x);
}

#endif
