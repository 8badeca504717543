/* SPDX-License-Identifier: Apache-2.0 */
/* restart.c - see restart.h.  Pure; the supervisor steps it. */
#include "daemon/restart.h"

int64_t
restart_died(struct restart *r, int64_t served_ms)
{
    int64_t pause = RESTART_STEP_MS;

    if (served_ms >= RESTART_YOUNG_MS) {
        r->young_deaths = 0;
        return 0;
    }
    r->young_deaths++;
    if (r->young_deaths > RESTART_GIVE_UP)
        return -1;
    if (r->young_deaths <= RESTART_FREE_DEATHS)
        return 0;
    for (uint32_t n = RESTART_FREE_DEATHS + 1; n < r->young_deaths; n++)
        if (pause < RESTART_PAUSE_MAX_MS)
            pause *= 2;
    return pause < RESTART_PAUSE_MAX_MS ? pause : RESTART_PAUSE_MAX_MS;
}
