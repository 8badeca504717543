/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leader_time.c - how long a leader waits: for its disk, for each learner,
 * for a quorum; and its pings.
 *
 * Pure; part of the leader core.
 *
 * ZK: Leader.lead, LearnerHandler.ping (spec/quorum-protocol.md 6.2)
 */
#include "net/zab/leader_part.h"

enum { LOST_MS = 500 }; /* until we look whether a quorum is there */

int64_t
leader_init_ms(const struct leader *l)
{
    return (int64_t)l->conf.init_ticks * l->conf.tick_ms;
}

int64_t
leader_sync_ms(const struct leader *l)
{
    return (int64_t)l->conf.sync_ticks * l->conf.tick_ms;
}

/* --- learners ------------------------------------------------------------ */

/*
 * What ends this connection, or NULL.  As long as a learner is brought up it
 * has initLimit for each answer, and does not answer pings: trap 14.1.4.
 */
static const char *
failure(const struct leader *l, const struct leader_peer *p, mono_ms_t now)
{
    if (p->stage < PEER_UP_TO_DATE)
        return now - max_of(p->heard, l->began) > leader_init_ms(l)
                   ? "it was silent for initLimit while it was brought up"
                   : NULL;
    if (now - p->heard > leader_sync_ms(l))
        return "it was silent for syncLimit";
    if (p->owing && now - p->owing_since > leader_sync_ms(l))
        return "it left a proposal without ACK for syncLimit";
    return NULL;
}

static int64_t
ping_ms(const struct leader *l, const struct leader_peer *p)
{
    return p->flags & LEARNER_QUICK
               ? l->conf.ping_ms
               : max_of(l->conf.ping_ms, l->conf.tick_ms / 2);
}

/* Pings keep their pace when a tick comes late. */
static void
ping(const struct leader *l, struct leader_peer *p, mono_ms_t now)
{
    if (p->stage < PEER_SEALING || now < p->ping_due)
        return;
    p->owes_ping = true;
    p->ping_due += ping_ms(l, p);
    if (p->ping_due <= now)
        p->ping_due = now + ping_ms(l, p);
}

static void
tick_peer(struct leader *l, uint32_t slot, mono_ms_t now,
          struct leader_out *out)
{
    struct leader_peer *p = &l->peer[slot];
    const char *why;

    if (p->stage == PEER_RIVAL) {
        leader_judge_rival(l, slot, now, out);
        return;
    }
    leader_note_silence(l, p, now);
    why = failure(l, p, now);
    if (why)
        leader_drop(l, slot, why, out);
    else
        ping(l, p, now);
}

/* --- the quorum ---------------------------------------------------------- */

/*
 * Ours: when the quorum is lost with a connection, its check comes half a
 * second later (a tick, if that is shorter): a learner that was restarted can
 * be back before, and a leader that others have left for another does not
 * serve its old state for long.
 */
void
leader_expect_quorum(struct leader *l, mono_ms_t now)
{
    l->check_due =
        now + (l->conf.tick_ms < LOST_MS ? l->conf.tick_ms : LOST_MS);
}

/*
 * Voters in touch, with us.  One that is brought up counts for as long as
 * that may take.  ZK: LearnerHandler.synced
 */
static quorum_set_t
in_touch(const struct leader *l, mono_ms_t now)
{
    quorum_set_t set = leader_self(l);

    for (uint32_t i = 0; i < l->peer_end; i++) {
        const struct leader_peer *p = &l->peer[i];

        if (leader_misses(l, p))
            continue;
        if (p->stage >= PEER_SEALED ||
            (p->stage >= PEER_INFORMED &&
             now - p->joined <= leader_init_ms(l) + leader_sync_ms(l)))
            set |= p->vote;
    }
    return set;
}

/*
 * Is a quorum still there to lead?  Once an epoch is fixed it is looked for
 * all the time, since those who have left may be waiting for us to look as
 * well.
 *
 * ZK: until NEWLEADER is acknowledged only initLimit ends it.
 */
static void
check_quorum(struct leader *l, mono_ms_t now, struct leader_out *out)
{
    if (l->state == LEADER_DISCOVERY)
        return;
    if (l->state != LEADER_BROADCAST && leader_has_quorum_at(l, PEER_INFORMED))
        leader_expect_quorum(l, now);
    if (now < l->check_due)
        return;
    leader_expect_quorum(l, now);
    if (!quorum_is_met(l->conf.quorum, in_touch(l, now)))
        leader_give_up(l, "fewer voters than a quorum are in touch", out);
}

/* --- all of it ----------------------------------------------------------- */

static const char *
late(enum leader_state state)
{
    switch (state) {
    case LEADER_DISCOVERY:
        return "no quorum of voters came within initLimit";
    case LEADER_PROMISING:
        return "our disk did not store acceptedEpoch within initLimit";
    case LEADER_EPOCH_ACKS:
        return "no quorum promised the new epoch within initLimit";
    case LEADER_TAKING_OVER:
        return "our disk did not store currentEpoch within initLimit";
    case LEADER_SYNCHRONIZING:
        return "no quorum acknowledged NEW_LEADER within initLimit";
    case LEADER_BROADCAST:
    case LEADER_OVER:
        break;
    }
    return NULL;
}

void
leader_tick(struct leader *l, mono_ms_t now, struct leader_out *out)
{
    if (l->state == LEADER_OVER)
        return;
    if (l->state != LEADER_BROADCAST && now - l->began > leader_init_ms(l)) {
        leader_give_up(l, late(l->state), out);
        return;
    }
    for (uint32_t i = 0; i < l->peer_end; i++)
        if (l->peer[i].stage != PEER_FREE)
            tick_peer(l, i, now, out);
    l->ticked = now;
    if (l->state == LEADER_OVER)
        return; /* by what one of them had promised */
    if (l->state == LEADER_EPOCH_ACKS)
        leader_advance(l, now, out); /* it may have waited long enough */
    check_quorum(l, now, out);
}
