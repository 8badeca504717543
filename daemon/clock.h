/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h - the two clocks.  Shells read them, pure cores are told. */
#ifndef DAEMON_CLOCK_H
#define DAEMON_CLOCK_H

#include <time.h>

#include "daemon/types.h"

static inline int64_t
clock_us(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* Never jumps; for durations, time-outs, expiry. */
static inline int64_t
clock_mono_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

static inline mono_ms_t
clock_mono_ms(void)
{
    return clock_us(CLOCK_MONOTONIC) / 1000;
}

/* What the operator's watch shows; goes into ctime and mtime only. */
static inline wall_ms_t
clock_wall_ms(void)
{
    return clock_us(CLOCK_REALTIME) / 1000;
}

#endif
