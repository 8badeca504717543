/* SPDX-License-Identifier: Apache-2.0 */
/*
 * random.h - numbers that are the same in every run: a test sets the state.
 */
#ifndef TESTS_UNIT_RANDOM_H
#define TESTS_UNIT_RANDOM_H

#include "daemon/types.h"

static uint64_t random_state;

static inline uint32_t
random_below(uint32_t n)
{
    random_state = random_state * UINT64_C(6364136223846793005) +
                   UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 33) % n;
}

#endif
