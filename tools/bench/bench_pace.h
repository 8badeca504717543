/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_pace.h - an open loop: when its requests are due, and when to wake up
 * for one.
 *
 * A timer that ends a sleep is late, on a virtual machine by a hundred
 * microseconds, and that is not the server's doing.  So the generator wakes a
 * tenth of the interval early, and waits for the moment awake.
 */
#ifndef TOOLS_BENCH_BENCH_PACE_H
#define TOOLS_BENCH_BENCH_PACE_H

#include <stdint.h>

enum { PACE_AWAKE_MAX_NS = 200 * 1000 };

/* Of request number `count`, from 0, at `rate` a second since `began_ns`. */
static inline int64_t
bench_pace_due_ns(int64_t began_ns, uint64_t count, double rate)
{
    return began_ns + (int64_t)((double)count * 1e9 / rate);
}

static inline int64_t
bench_pace_wake_ns(int64_t due_ns, double rate)
{
    double early_ns = 1e9 / rate / 10, most_ns = PACE_AWAKE_MAX_NS;

    return due_ns - (int64_t)(early_ns < most_ns ? early_ns : most_ns);
}

#endif
