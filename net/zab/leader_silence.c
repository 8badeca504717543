/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leader_silence.c - followers that may have left us without a word.
 *
 * One that is LEARNER_QUICK leaves when it has heard nothing of us for
 * silence_ms.  Where the link is cut nobody hears of that: those who left may
 * have another leader by now.  There the sessions of our clients begin anew,
 * and may expire, and what they own may be another's.  Before that our
 * clients must have lost their connections; so a voter that is silent for
 * twice as long is not counted for our quorum any more.
 *
 *      we miss them, and look    our clients are held    at most
 *      2 x 600       500         2000                    3700 behind the cut
 *      they leave    a session of two usual ticks        at least
 *      600           4000                                4600
 *
 * Clients of shorter ones, and those of a server that follows an Apache leader
 * or stood still, go one by one: net/client/client_lease.c.
 *
 * It may be slow, or stand still, and stay ours: as long as its machine
 * acknowledges what we send, it would also tell us that we were left.  So
 * signs of life of the link count, which the shell sees.
 *
 * ZK: both sides wait for syncLimit, in which LearnerHandler.synced counts.
 */
#include "daemon/check.h"
#include "net/zab/leader_part.h"

/* 0: like those of whoever is not LEARNER_QUICK. */
static int64_t
limit_ms(const struct leader *l)
{
    int64_t ms = 2 * (int64_t)l->conf.silence_ms;

    return ms < leader_sync_ms(l) ? ms : 0;
}

/* Time in which we did not run is no silence of theirs. */
void
leader_note_silence(const struct leader *l, struct leader_peer *p,
                    mono_ms_t now)
{
    int64_t most = limit_ms(l) / 4;
    int64_t passed = now - (l->ticked > p->heard ? l->ticked : p->heard);

    if (p->heard >= l->ticked)
        p->silent_ms = 0;
    p->silent_ms += passed < most ? passed : most;
}

void
leader_link_lives(struct leader *l, uint32_t slot)
{
    check(slot < LEADER_PEERS_MAX);
    l->peer[slot].silent_ms = 0;
    leader_reached(l, &l->peer[slot]);
}

/* Before UP_TO_DATE it answers no pings, and does not leave us so soon. */
bool
leader_misses(const struct leader *l, const struct leader_peer *p)
{
    int64_t limit = p->flags & LEARNER_QUICK ? limit_ms(l) : 0;

    return limit > 0 && p->stage == PEER_UP_TO_DATE && p->silent_ms >= limit;
}
