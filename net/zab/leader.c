/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leader.c - the leader's states and quorums; see leader.h.
 *
 * Pure; stepped by the replication process and by the simulator.
 *
 * ZK: Leader.lead, getEpochToPropose, waitForEpochAck, waitForNewLeaderAck,
 *     tryToCommit (spec/quorum-protocol.md 4.4, 5.3, 6.2)
 */
#include "net/zab/leader.h"

#include "daemon/check.h"
#include "net/zab/leader_part.h"

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

static void
enter(struct leader *l, enum leader_state state, mono_ms_t now)
{
    l->state = state;
    l->began = now;
}

void
leader_give_up(struct leader *l, const char *why, struct leader_out *out)
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

quorum_set_t
leader_self(const struct leader *l)
{
    return quorum_bit(l->conf.quorum, l->conf.me);
}

bool
leader_has_quorum_at(const struct leader *l, enum peer_stage stage)
{
    return quorum_is_met(l->conf.quorum, leader_self(l) | voters_at(l, stage));
}

/* --- from one state to the next ------------------------------------------ */

/* Once fixed, an epoch stays: learners that come later get the same. */
static void
fix_epoch(struct leader *l, mono_ms_t now, struct leader_out *out)
{
    if (!leader_has_quorum_at(l, PEER_INFORMED))
        return;
    l->epoch = l->accepted_max + 1;
    enter(l, LEADER_PROMISING, now);
    leader_add(out, LEADER_STORE_ACCEPTED)->epoch = l->epoch;
}

static void
take_over(struct leader *l, mono_ms_t now, struct leader_out *out)
{
    struct leader_act *a;

    if (!quorum_is_met(l->conf.quorum, leader_self(l) | l->promised) ||
        leader_awaits_identity(l, now))
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
    quorum_set_t mine = l->durable >= l->conf.last ? leader_self(l) : 0;

    if (!quorum_is_met(l->conf.quorum, mine | voters_at(l, PEER_SEALED)))
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
    quorum_set_t set = l->durable >= zxid ? leader_self(l) : 0;

    for (uint32_t i = 0; i < l->peer_end; i++)
        if (l->peer[i].stage >= PEER_SEALED && l->peer[i].acked >= zxid)
            set |= l->peer[i].vote;
    return quorum_is_met(l->conf.quorum, set);
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
    if (l->accepted_max >= EPOCH_MAX) {
        leader_give_up(l, "no epoch can follow the one that we accepted", out);
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
    check(quorum_is_met(conf->quorum, leader_self(l)));
    l->is_master = true;
    l->epoch = conf->current;
    l->accepted_max = max_of(conf->heard, conf->current);
    l->durable = l->committed = conf->last;
    l->proposed = max_of(conf->last, ZXID(l->epoch, 0));
    enter(l, LEADER_BROADCAST, now);
}

void
leader_know_config(struct leader *l, int64_t version, struct bytes text)
{
    check(version >= l->conf.config_version);
    l->conf.config_version = version;
    l->conf.config = text;
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

void
leader_leave(struct leader *l, uint32_t slot, mono_ms_t now)
{
    bool had, has;

    check(slot < LEADER_PEERS_MAX);
    check(l->peer[slot].stage != PEER_FREE);

    had = leader_has_quorum_at(l, PEER_INFORMED);
    l->peer[slot].stage = PEER_FREE;
    has = leader_has_quorum_at(l, PEER_INFORMED);
    if (had && !has)
        leader_expect_quorum(l, now);
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
        leader_give_up(l, why, out);
}
