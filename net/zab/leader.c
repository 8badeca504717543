/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leader.c - the leader's states, quorums and time; see leader.h.
 *
 * Pure; stepped by the replication process and by the simulator.
 *
 * ZK: Leader.lead, getEpochToPropose, waitForEpochAck, waitForNewLeaderAck,
 *     tryToCommit (spec/quorum-protocol.md 4.4, 5.3, 6.2)
 */
#include "net/zab/leader.h"

#include "daemon/check.h"
#include "net/zab/leader_core.h"

enum { LOST_MS = 500 }; /* without a quorum before we give up; between looks */

struct leader_act *
leader_add(struct leader_out *out, enum leader_act_kind kind)
{
    check(out->count < LEADER_ACTS_MAX);
    out->act[out->count] = (struct leader_act){.kind = kind};
    return &out->act[out->count++];
}

void
leader_drop(struct leader *l, uint32_t slot, const char *why,
            struct leader_out *out)
{
    struct leader_act *a = leader_add(out, LEADER_CLOSE);

    a->slot = slot;
    a->why = why;
    l->peer[slot].stage = PEER_FREE;
}

zxid_t
leader_end(const struct leader *l)
{
    return l->state == LEADER_BROADCAST ? l->committed : l->conf.last;
}

static int64_t
init_ms(const struct leader *l)
{
    return (int64_t)l->conf.init_ticks * l->conf.tick_ms;
}

/* How long a quorum may be lost; a tick, if that is shorter. */
static int64_t
lost_ms(const struct leader *l)
{
    return l->conf.tick_ms < LOST_MS ? l->conf.tick_ms : LOST_MS;
}

static void
enter(struct leader *l, enum leader_state state, mono_ms_t now)
{
    l->state = state;
    l->began = now;
}

static void
give_up(struct leader *l, const char *why, struct leader_out *out)
{
    l->state = LEADER_OVER;
    leader_add(out, LEADER_GIVE_UP)->why = why;
}

/* The voters connected now that have come to `stage`, without us. */
static quorum_set_t
voters_at(const struct leader *l, enum peer_stage stage)
{
    quorum_set_t set = 0;

    for (uint32_t i = 0; i < l->peer_end; i++)
        if (l->peer[i].stage >= stage)
            set |= l->peer[i].vote;
    return set;
}

static quorum_set_t
self(const struct leader *l)
{
    return quorum_bit(l->conf.quorum, l->conf.me);
}

static bool
has_quorum(const struct leader *l, quorum_set_t set)
{
    return quorum_is_met(l->conf.quorum, set);
}

/* --- from one state to the next ------------------------------------------ */

/* Once fixed, an epoch stays: who comes later gets the same. */
static void
fix_epoch(struct leader *l, mono_ms_t now, struct leader_out *out)
{
    if (!has_quorum(l, self(l) | voters_at(l, PEER_INFORMED)))
        return;
    l->epoch = l->accepted_max + 1;
    enter(l, LEADER_PROMISING, now);
    leader_add(out, LEADER_STORE_ACCEPTED)->epoch = l->epoch;
}

static void
take_over(struct leader *l, mono_ms_t now, struct leader_out *out)
{
    struct leader_act *a;

    if (!has_quorum(l, self(l) | l->promised) || leader_awaits_identity(l, now))
        return;
    enter(l, LEADER_TAKING_OVER, now);
    leader_fix_identity(l);
    a = leader_add(out, LEADER_STORE_CURRENT);
    a->epoch = l->epoch;
    a->identity = l->identity;
}

/*
 * Our own word counts as anybody's: when all of our history is on our disk.
 * Then that history is committed.
 */
static void
establish(struct leader *l, mono_ms_t now, struct leader_out *out)
{
    quorum_set_t mine = l->durable >= l->conf.last ? self(l) : 0;

    if (!has_quorum(l, mine | voters_at(l, PEER_SEALED)))
        return;
    enter(l, LEADER_BROADCAST, now);
    l->committed = l->conf.last;
    l->proposed = ZXID(l->epoch, 0);
    leader_add(out, LEADER_COMMIT)->zxid = l->committed;
    leader_add(out, LEADER_LEAD)->epoch = l->epoch;
    leader_confirm_identity(l, out);
}

/* Whether a quorum holds everything up to `zxid` on disk. */
static bool
is_acked(const struct leader *l, zxid_t zxid)
{
    quorum_set_t set = l->durable >= zxid ? self(l) : 0;

    for (uint32_t i = 0; i < l->peer_end; i++)
        if (l->peer[i].stage >= PEER_SEALED && l->peer[i].acked >= zxid)
            set |= l->peer[i].vote;
    return has_quorum(l, set);
}

/* The largest zxid that a quorum holds; it is one that somebody acked. */
static void
commit(struct leader *l, struct leader_out *out)
{
    zxid_t best = l->committed;

    if (l->durable > best && is_acked(l, l->durable))
        best = l->durable;
    for (uint32_t i = 0; i < l->peer_end; i++) {
        const struct leader_peer *p = &l->peer[i];

        if (p->stage >= PEER_SEALED && p->vote && p->acked > best &&
            is_acked(l, p->acked))
            best = p->acked;
    }
    if (best == l->committed)
        return;
    check(best <= l->proposed);
    l->committed = best;
    leader_add(out, LEADER_COMMIT)->zxid = best;
}

void
leader_advance(struct leader *l, mono_ms_t now, struct leader_out *out)
{
    switch (l->state) {
    case LEADER_DISCOVERY:
        fix_epoch(l, now, out);
        break;
    case LEADER_EPOCH_ACKS:
        take_over(l, now, out);
        break;
    case LEADER_SYNCHRONIZING:
        establish(l, now, out);
        break;
    case LEADER_BROADCAST:
        commit(l, out);
        break;
    case LEADER_PROMISING:
    case LEADER_TAKING_OVER:
    case LEADER_OVER:
        break; /* waits for its own disk, or for nothing */
    }
}

/* --- events -------------------------------------------------------------- */

static int64_t
max_of(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void
begin(struct leader *l, const struct leader_conf *conf,
      const struct history *history)
{
    check(quorum_votes(conf->quorum, conf->me));
    check(conf->tick_ms > 0 && conf->init_ticks > 0 && conf->sync_ticks > 0);
    check(conf->ping_ms > 0);

    memset(l, 0, sizeof *l);
    l->conf = *conf;
    l->identity = conf->identity;
    l->history = history;
}

void
leader_init(struct leader *l, const struct leader_conf *conf,
            const struct history *history, mono_ms_t now,
            struct leader_out *out)
{
    begin(l, conf, history);
    enter(l, LEADER_DISCOVERY, now);
    l->accepted_max =
        max_of(conf->accepted, max_of(conf->current, zxid_epoch(conf->last)));
    l->accepted_max = max_of(l->accepted_max, conf->heard);
    if (l->accepted_max >= INT32_MAX) {
        give_up(l, "no epoch can follow the one that we accepted", out);
        return;
    }
    leader_advance(l, now, out);
}

/*
 * What is durable is of no weight here: it is set to what is committed, so
 * that the quorum of one commits what it is told.
 */
void
leader_init_master(struct leader *l, const struct leader_conf *conf,
                   const struct history *history, mono_ms_t now)
{
    begin(l, conf, history);
    check(zxid_epoch(conf->last) <= conf->current);
    check(quorum_is_met(conf->quorum, self(l)));
    l->is_master = true;
    l->epoch = conf->current;
    l->accepted_max = max_of(conf->heard, conf->current);
    l->durable = l->committed = conf->last;
    l->proposed = max_of(conf->last, ZXID(l->epoch, 0));
    enter(l, LEADER_BROADCAST, now);
}

void
leader_join(struct leader *l, uint32_t slot, mono_ms_t now)
{
    check(slot < LEADER_PEERS_MAX);
    check(l->peer[slot].stage == PEER_FREE);

    memset(&l->peer[slot], 0, sizeof l->peer[slot]);
    l->peer[slot].stage = PEER_NEW;
    l->peer[slot].joined = l->peer[slot].heard = now;
    if (slot >= l->peer_end)
        l->peer_end = slot + 1;
}

/*
 * Ours: when the quorum is lost with this connection, its check comes half a
 * second later (a tick, if that is shorter): a learner that was restarted can
 * be back before, and a leader that others have left for another does not
 * serve its old state for long.
 */
void
leader_leave(struct leader *l, uint32_t slot, mono_ms_t now)
{
    bool had, has;

    check(slot < LEADER_PEERS_MAX);
    check(l->peer[slot].stage != PEER_FREE);

    had = has_quorum(l, self(l) | voters_at(l, PEER_INFORMED));
    l->peer[slot].stage = PEER_FREE;
    has = has_quorum(l, self(l) | voters_at(l, PEER_INFORMED));
    if (had && !has)
        l->check_due = now + lost_ms(l);
}

void
leader_stored(struct leader *l, mono_ms_t now, struct leader_out *out)
{
    if (l->state == LEADER_OVER)
        return;
    check(l->state == LEADER_PROMISING || l->state == LEADER_TAKING_OVER);
    enter(l,
          l->state == LEADER_PROMISING ? LEADER_EPOCH_ACKS
                                       : LEADER_SYNCHRONIZING,
          now);
    leader_keep_identity(l, out);
    leader_advance(l, now, out);
}

void
leader_durable(struct leader *l, zxid_t zxid, mono_ms_t now,
               struct leader_out *out)
{
    if (l->state == LEADER_OVER)
        return;
    check(zxid >= l->durable);
    check(zxid <= max_of(l->conf.last, l->proposed));
    l->durable = zxid;
    leader_advance(l, now, out);
}

void
leader_proposed(struct leader *l, zxid_t zxid)
{
    if (l->state == LEADER_OVER)
        return;
    check(l->state == LEADER_BROADCAST);
    if (zxid <= l->proposed)
        return;
    check(zxid_epoch(zxid) == l->epoch);
    check(zxid_counter(zxid) != UINT32_MAX);
    l->proposed = zxid;
}

void
leader_resign(struct leader *l, const char *why, struct leader_out *out)
{
    if (l->state != LEADER_OVER)
        give_up(l, why, out);
}

/* --- time ---------------------------------------------------------------- */

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

/*
 * What ends this connection, or NULL.  As long as a learner is brought up it
 * has initLimit for each answer, and does not answer pings: trap 14.1.4.
 */
static const char *
failure(const struct leader *l, const struct leader_peer *p, mono_ms_t now)
{
    if (p->stage < PEER_UP_TO_DATE)
        return now - max_of(p->heard, l->began) > init_ms(l)
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
    const char *why = failure(l, &l->peer[slot], now);

    leader_note_silence(l, &l->peer[slot], now);
    if (why)
        leader_drop(l, slot, why, out);
    else
        ping(l, &l->peer[slot], now);
}

/*
 * Voters in touch, with us.  One that is brought up counts for as long as
 * that may take.  ZK: LearnerHandler.synced
 */
static quorum_set_t
in_touch(const struct leader *l, mono_ms_t now)
{
    quorum_set_t set = self(l);

    for (uint32_t i = 0; i < l->peer_end; i++) {
        const struct leader_peer *p = &l->peer[i];

        if (leader_misses(l, p))
            continue;
        if (p->stage >= PEER_SEALED ||
            (p->stage >= PEER_INFORMED &&
             now - p->joined <= init_ms(l) + leader_sync_ms(l)))
            set |= p->vote;
    }
    return set;
}

/*
 * Is a quorum still there to lead?  Once an epoch is fixed it is looked for
 * all the time, for who has left may be waiting for us to look as well.
 *
 * ZK: until NEWLEADER is acknowledged only initLimit ends it.
 */
static void
check_quorum(struct leader *l, mono_ms_t now, struct leader_out *out)
{
    if (l->state == LEADER_DISCOVERY)
        return;
    if (l->state != LEADER_BROADCAST &&
        has_quorum(l, self(l) | voters_at(l, PEER_INFORMED)))
        l->check_due = now + lost_ms(l);
    if (now < l->check_due)
        return;
    l->check_due = now + lost_ms(l);
    if (!has_quorum(l, in_touch(l, now)))
        give_up(l, "fewer voters than a quorum are in touch", out);
}

void
leader_tick(struct leader *l, mono_ms_t now, struct leader_out *out)
{
    if (l->state == LEADER_OVER)
        return;
    if (l->state != LEADER_BROADCAST && now - l->began > init_ms(l)) {
        give_up(l, late(l->state), out);
        return;
    }
    for (uint32_t i = 0; i < l->peer_end; i++)
        if (l->peer[i].stage != PEER_FREE)
            tick_peer(l, i, now, out);
    l->ticked = now;
    if (l->state == LEADER_EPOCH_ACKS)
        leader_advance(l, now, out); /* it may have waited long enough */
    check_quorum(l, now, out);
}
