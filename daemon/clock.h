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

/*
 * How long the first stood still so far because the machine was suspended, or a
 * little less; that a hypervisor stopped it nobody can see.
 */
static inline mono_ms_t
clock_asleep_ms(void)
{
    return (clock_us(CLOCK_BOOTTIME) - clock_mono_us()) / 1000;
}

/* As the operator's watch, and set like one: for times that others see. */
static inline wall_ms_t
clock_wall_ms(void)
{
    return clock_us(CLOCK_REALTIME) / 1000;
}

/* Both clocks at one moment. */
struct clock_pair {
    mono_ms_t mono;
    wall_ms_t wall;
};

enum { CLOCK_JUMP_MS = 1000 }; /* less is a correction */

/*
 * How far the wall clock was set between `pair` and now, in ms, forwards or
 * back; 0: it kept pace with the other.  `pair` becomes now.
 */
static inline int64_t
clock_jump(struct clock_pair *pair, mono_ms_t mono, wall_ms_t wall)
{
    int64_t jump = (wall - pair->wall) - (mono - pair->mono);

    *pair = (struct clock_pair){mono, wall};
    return jump >= CLOCK_JUMP_MS || jump <= -CLOCK_JUMP_MS ? jump : 0;
}

#endif
