/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_report.c - what operators see of a member: struct shm_ensemble.
 *
 * Collected a few times a second, and when a role changes; nobody acts on it.
 * The replication process.
 */
#include "daemon/clock.h"
#include "net/repl/repl_lead.h"
#include "net/repl/repl_learn.h"
#include "net/repl/repl_role.h"

static enum zab_state
state_of_leader(const struct leader *l)
{
    if (l->state == LEADER_BROADCAST)
        return ZAB_BROADCAST;
    return l->state < LEADER_SYNCHRONIZING ? ZAB_DISCOVERY
                                           : ZAB_SYNCHRONIZATION;
}

static enum zab_state
state_of_learner(const struct repl_learn *l)
{
    if (!l->is_connected || l->core.state < LEARNER_AWAITING)
        return ZAB_DISCOVERY;
    return l->core.state == LEARNER_BROADCAST ? ZAB_BROADCAST
                                              : ZAB_SYNCHRONIZATION;
}

/* Learners, of a leader or of an observer master, by what they are. */
struct census {
    uint32_t learners, followers, non_voting, observers, syncs;
    int64_t lag_ms; /* of the observer that is furthest behind */
};

static void
count_peer(const struct leader_peer *p, struct census *c)
{
    if (p->stage == PEER_FREE)
        return;
    c->learners++;
    for (uint32_t i = 0; i < p->syncs.count; i++)
        c->syncs += p->syncs.at[(p->syncs.first + i) % LEADER_SYNCS_MAX].times;
    if (p->stage < PEER_SEALED)
        return;
    if (p->is_observer)
        c->observers++;
    else if (p->vote)
        c->followers++;
    else
        c->non_voting++;
}

static void
count_learners(const struct repl_lead *l, struct census *c)
{
    for (uint32_t i = 0; i < l->core.peer_end; i++) {
        count_peer(&l->core.peer[i], c);
        if (l->peer[i].is_used && l->peer[i].lag.ms > c->lag_ms)
            c->lag_ms = l->peer[i].lag.ms;
    }
}

static void
report_leader(const struct repl *r, struct shm_ensemble *e)
{
    const struct leader *core = &r->lead->core;

    atomic_store(&e->leader, r->conf.my_sid);
    atomic_store(&e->zab_state, state_of_leader(core));
    atomic_store(&e->epoch, core->epoch);
    if (core->state == LEADER_BROADCAST && e->leading_since_ms == 0)
        atomic_store(&e->leading_since_ms, clock_mono_ms());
}

static void
report_learner(const struct repl *r, struct shm_ensemble *e)
{
    const struct repl_learn *l = r->learn;

    atomic_store(&e->leader, l->leader);
    atomic_store(&e->zab_state, state_of_learner(l));
    atomic_store(&e->epoch, l->is_connected ? l->core.epoch : 0);
}

static void
store_census(struct shm_ensemble *e, const struct census *c)
{
    atomic_store(&e->learners, c->learners);
    atomic_store(&e->synced_followers, c->followers);
    atomic_store(&e->synced_non_voting, c->non_voting);
    atomic_store(&e->synced_observers, c->observers);
    atomic_store(&e->pending_syncs, c->syncs);
    atomic_store(&e->observer_lag_ms, c->lag_ms);
}

void
repl_report(const struct repl *r)
{
    struct shm_ensemble *e = &r->shm->replication->ensemble;
    struct census c = {0};

    if (r->conf.member_count == 0)
        return;
    if (r->role != &role_leading)
        atomic_store(&e->leading_since_ms, 0);
    if (r->role == &role_leading) {
        report_leader(r, e);
    } else if (r->role == &role_learning) {
        report_learner(r, e);
    } else {
        atomic_store(&e->zab_state, ZAB_ELECTION);
        atomic_store(&e->epoch, 0);
    }
    if (r->lead && r->lead->is_on)
        count_learners(r->lead, &c);
    store_census(e, &c);
}

void
repl_report_proposal(const struct repl *r, uint32_t bytes)
{
    struct shm_ensemble *e = &r->shm->replication->ensemble;
    int64_t size = bytes;

    e->proposal_last = size;
    if (e->proposal_min == 0 || size < e->proposal_min)
        e->proposal_min = size;
    if (size > e->proposal_max)
        e->proposal_max = size;
}
