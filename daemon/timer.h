/* SPDX-License-Identifier: Apache-2.0 */
/* timer.h - a timer that rings once. */
#ifndef DAEMON_TIMER_H
#define DAEMON_TIMER_H

#include <ev.h>

#include "daemon/types.h"

/* In `ms` from now, whatever it was set to before; ev_timer_stop ends it. */
static inline void
timer_ring_in(struct ev_loop *loop, ev_timer *timer, int64_t ms)
{
    ev_timer_stop(loop, timer);
    ev_timer_set(timer, (double)ms / 1000, 0);
    ev_timer_start(loop, timer);
}

#endif
