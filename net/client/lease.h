/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lease.h - how long sessions of ours cannot have ended elsewhere.
 *
 * One `struct lease` is one client process.  Whoever ends sessions hears of
 * ours through this server, and is known to have done so by `vouched`; but it
 * was told only what this process had noted by then, and a process that stands
 * still notes nothing, whatever its clients say.  So a lease counts from the
 * last turn of the process that was over by `vouched`:
 *
 *      woke .. rest   woke .. rest   vouched   woke .. rest   now
 *                      |<--------------- unheard ------------->|
 *
 * Pure: it is told the time.  Client processes, and the simulator.
 */
#ifndef NET_CLIENT_LEASE_H
#define NET_CLIENT_LEASE_H

#include "daemon/types.h"

/* Three ticks are remembered; what is vouched for is half as old, or less. */
enum { LEASE_TURNS = 64, LEASE_TURNS_A_TICK = 20 };

struct lease {
    bool is_for_ever; /* nobody else could end sessions */
    int32_t apart_ms; /* turns that are remembered */
    mono_ms_t asleep;
    mono_ms_t from; /* all that was said by then was told */
    uint32_t count;
    struct lease_turn {
        mono_ms_t woke, rest;
    } turn[LEASE_TURNS]; /* later ones, in their order */
};

/*
 * Nobody has a session here yet.  `asleep` is how long the clock stood still so
 * far, ms, because the machine was suspended: daemon/clock.h.
 */
void lease_begin(struct lease *l, int32_t tick_ms, mono_ms_t asleep,
                 mono_ms_t now);

/* Awake at `now`, before anything is read; `vouched` is as in daemon/shm.h. */
void lease_wakes(struct lease *l, mono_ms_t vouched, mono_ms_t asleep,
                 mono_ms_t now);

/* What was said by `woke` is noted; whether that should be remembered. */
bool lease_wants_turn(const struct lease *l, mono_ms_t woke);
void lease_rests(struct lease *l, mono_ms_t woke, mono_ms_t now);

/* So long nobody is known to have heard of us, ms. */
int64_t lease_unheard_ms(const struct lease *l, mono_ms_t now);

/* A word is so old (ms) that the client should have said another. */
bool lease_is_late(int64_t age_ms, int32_t timeout_ms);

/* How long that may be, for a session of this timeout, ms. */
int64_t lease_lasts_ms(int32_t timeout_ms, int32_t tick_ms);

#endif
