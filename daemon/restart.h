/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restart.h - when a dead process may be forked again: the policy, pure.
 *
 * A process that served a while is forked again at once.  One that keeps
 * dying young waits longer each time; past a limit the server gives up.  The
 * start is not counted as service: a process that dies each time it has loaded
 * half of a large tree would load it for ever.
 */
#ifndef DAEMON_RESTART_H
#define DAEMON_RESTART_H

#include "daemon/types.h"

struct restart {
    uint32_t young_deaths; /* in a row */
};

enum {
    RESTART_YOUNG_MS = 5000, /* less service than this is a bad sign */
    RESTART_FREE_DEATHS = 3, /* forked again at once */
    RESTART_STEP_MS = 50,    /* then 50, 100, 200 ... */
    RESTART_PAUSE_MAX_MS = 2000,
    RESTART_GIVE_UP = 30, /* young deaths in a row: about 45 s of pauses */
};

/*
 * It died, `served_ms` after it was ready; 0: it never was.  Returns the pause
 * before the next fork in ms, or -1: give up.
 */
int64_t restart_died(struct restart *r, int64_t served_ms);

#endif
