/* SPDX-License-Identifier: Apache-2.0 */
/* lease.c - see lease.h.  Pure. */
#include "net/client/lease.h"

#include <string.h>

#include "daemon/check.h"

/* Clocks that are read one after the other differ by less. */
enum { NAP_MS = 50, LEAST_TICKS = 2 };

void
lease_begin(struct lease *l, int32_t tick_ms, mono_ms_t asleep, mono_ms_t now)
{
    l->is_for_ever = false;
    l->apart_ms = tick_ms / LEASE_TURNS_A_TICK;
    l->asleep = asleep;
    l->from = now;
    l->count = 0;
}

/* Others went on meanwhile; what comes to be vouched for is older than that. */
static void
age(struct lease *l, mono_ms_t asleep)
{
    l->from -= asleep - l->asleep;
    l->asleep = asleep;
    l->count = 0;
}

static void
forget_first(struct lease *l, uint32_t count)
{
    l->count -= count;
    memmove(l->turn, l->turn + count, l->count * sizeof *l->turn);
}

static void
look_back(struct lease *l, mono_ms_t vouched)
{
    uint32_t told = 0;

    while (told < l->count && l->turn[told].rest <= vouched)
        told++;
    if (told == 0)
        return;
    l->from = l->turn[told - 1].woke;
    forget_first(l, told);
}

void
lease_wakes(struct lease *l, mono_ms_t vouched, mono_ms_t asleep, mono_ms_t now)
{
    check(l->from <= now);
    if (asleep - l->asleep >= NAP_MS)
        age(l, asleep);
    l->is_for_ever = vouched == MONO_MS_MAX;
    look_back(l, vouched);
}

bool
lease_wants_turn(const struct lease *l, mono_ms_t woke)
{
    mono_ms_t last = l->count > 0 ? l->turn[l->count - 1].woke : l->from;

    return l->count < LEASE_TURNS && woke - last >= l->apart_ms;
}

void
lease_rests(struct lease *l, mono_ms_t woke, mono_ms_t now)
{
    check(woke <= now);
    if (lease_wants_turn(l, woke))
        l->turn[l->count++] = (struct lease_turn){woke, now};
}

int64_t
lease_unheard_ms(const struct lease *l, mono_ms_t now)
{
    return l->is_for_ever ? 0 : now - l->from;
}

/* Each says one in a third of its timeout. */
bool
lease_is_late(int64_t age_ms, int32_t timeout_ms)
{
    return age_ms > timeout_ms / 3;
}

/*
 * So what was told of a client last is a third of its timeout old, at most.
 *
 * Touches go from follower to leader twice a tick, and what they brought is
 * known half a tick later: sessions shorter than two ticks, the least that may
 * be asked for unless minSessionTimeout says less, have the lease of those.
 */
int64_t
lease_lasts_ms(int32_t timeout_ms, int32_t tick_ms)
{
    int32_t least = LEAST_TICKS * tick_ms;

    return (int64_t)(timeout_ms > least ? timeout_ms : least) * 2 / 3;
}
