/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leader_vouch.c - until when a quorum is known to have followed us.
 *
 * Whoever follows us votes for no other, so as long as a quorum does, nobody
 * else lets sessions end.  From UP_TO_DATE on each ping has its answer, in
 * order: who answers followed us when the ping was sent, or later, however
 * long ping and answer were on their way, or waited for us to run.  One ping
 * of each learner is timed at a time; with the answer to it the next one is.
 *
 * Pure; part of the leader core.
 *
 * ZK: Follower.processPacket, case PING (spec/quorum-protocol.md 6.2)
 */
#include "net/zab/leader_part.h"

/* Before UP_TO_DATE it answers none. */
void
leader_pinged(struct leader_peer *p, mono_ms_t now)
{
    if (p->stage != PEER_UP_TO_DATE)
        return;
    p->pings++;
    if (p->timed > 0)
        return;
    p->timed = p->pings;
    p->timed_at = now;
}

/* What answers none is not counted. */
void
leader_ponged(struct leader_peer *p)
{
    if (p->pings == 0)
        return;
    p->pings--;
    if (p->timed > 0 && --p->timed == 0)
        p->vouched = p->timed_at;
}

/*
 * Whoever is brought up has promised us its vote, and would hang up before it
 * went to another.  It answers no pings, for as long as initLimit; its machine
 * does.
 */
void
leader_reached(const struct leader *l, struct leader_peer *p)
{
    if (p->stage >= PEER_ACCEPTED && p->stage < PEER_UP_TO_DATE)
        p->vouched = l->ticked;
}

/* Those who followed us then, with us. */
static quorum_set_t
followed_at(const struct leader *l, mono_ms_t when)
{
    quorum_set_t set = leader_self(l);

    for (uint32_t i = 0; i < l->peer_end; i++)
        if (l->peer[i].vouched >= when)
            set |= l->peer[i].vote;
    return set;
}

mono_ms_t
leader_vouched(const struct leader *l)
{
    mono_ms_t best = 0;

    if (quorum_is_met(l->conf.quorum, leader_self(l)))
        return MONO_MS_MAX;
    for (uint32_t i = 0; i < l->peer_end; i++) {
        const struct leader_peer *p = &l->peer[i];

        if (p->vote && p->vouched > best &&
            quorum_is_met(l->conf.quorum, followed_at(l, p->vouched)))
            best = p->vouched;
    }
    return best;
}
