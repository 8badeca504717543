/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leader_check.c - what the leader's states promise, asked after any event.
 *
 * Pure; called by tests and by the simulator.
 */
#include "daemon/check.h"
#include "net/zab/leader.h"

/* How far a learner may be, given how far its leader is. */
static void
check_stage(const struct leader *l, const struct leader_peer *p)
{
    if (l->state == LEADER_OVER)
        return;
    if (l->state < LEADER_EPOCH_ACKS)
        check(p->stage <= PEER_INFORMED);
    if (l->state < LEADER_SYNCHRONIZING)
        check(p->stage <= PEER_ACCEPTED);
    if (l->state < LEADER_BROADCAST)
        check(p->stage <= PEER_SEALED);
}

static void
check_marks(const struct leader *l, const struct leader_peer *p)
{
    check(p->told <= p->sent);
    check(p->acked <= p->sent);
    check(p->owing <= p->sent);
    check(p->early <= p->sent);
    check(p->timed <= p->pings);
    if (p->stage == PEER_SYNCING)
        check(p->sent <= p->seal);
    if (p->stage > PEER_SYNCING)
        check(p->sent >= p->seal && p->told >= p->seal);
    if (p->stage > PEER_SYNCING && p->is_observer)
        check(p->sent == p->told);
    if (l->state < LEADER_BROADCAST)
        check(p->sent <= l->conf.last);
    if (l->state == LEADER_BROADCAST)
        check(p->told <= l->committed && p->sent <= l->proposed);
}

/* Syncs are answered in the order in which they came. */
static void
check_syncs(const struct leader *l, const struct leader_peer *p)
{
    zxid_t before = 0;

    check(p->syncs.count == 0 || p->stage == PEER_UP_TO_DATE);
    check(p->syncs.count <= LEADER_SYNCS_MAX);
    for (uint32_t i = 0; i < p->syncs.count; i++) {
        uint32_t at = (p->syncs.first + i) % LEADER_SYNCS_MAX;

        check(p->syncs.at[at].times > 0);
        check(p->syncs.at[at].behind >= before);
        before = p->syncs.at[at].behind;
    }
    check(before <= l->proposed);
}

static void
check_alone(const struct leader *l, const struct leader_peer *p)
{
    check(p->sid != l->conf.me);
    for (uint32_t i = 0; i < l->peer_end; i++)
        check(&l->peer[i] == p || l->peer[i].stage < PEER_INFORMED ||
              l->peer[i].sid != p->sid);
}

/* Nobody of another ensemble is counted, and our disk knows what we say. */
static void
check_identity(const struct leader *l)
{
    for (uint32_t i = 0; i < l->peer_end; i++)
        check(l->peer[i].stage < PEER_ACCEPTED ||
              !identity_is_foreign(&l->peer[i].identity, &l->identity));
    check(!l->owes_identity || l->state == LEADER_TAKING_OVER);
    if (l->state >= LEADER_TAKING_OVER && l->conf.fresh_id != 0 &&
        !l->is_master)
        check(l->identity.id != 0);
    if (l->conf.identity.is_confirmed)
        check(l->identity.id == l->conf.identity.id);
}

void
leader_check(const struct leader *l)
{
    if (l->state >= LEADER_PROMISING && l->state < LEADER_OVER &&
        !l->is_master) {
        check(l->epoch > l->conf.accepted);
        check(l->epoch > l->conf.current);
        check(l->epoch > zxid_epoch(l->conf.last));
    }
    if (l->state == LEADER_BROADCAST) {
        check(l->committed >= l->conf.last && l->committed <= l->proposed);
        check(l->durable <= l->proposed);
        check(zxid_epoch(l->proposed) == l->epoch);
    }
    if (l->state != LEADER_OVER)
        check_identity(l);
    for (uint32_t i = 0; i < LEADER_PEERS_MAX; i++) {
        const struct leader_peer *p = &l->peer[i];

        check(p->stage == PEER_FREE || i < l->peer_end);
        if (p->stage < PEER_INFORMED)
            continue;
        check_stage(l, p);
        check_marks(l, p);
        check_syncs(l, p);
        check_alone(l, p);
    }
}
