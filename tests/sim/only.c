/* SPDX-License-Identifier: Apache-2.0 */
/*
 * only.c - roles without cores, where a simulation is of elections alone.
 *
 * A leader is established once a quorum follows it; from then on its log
 * grows, followers copy it, and all of that is on disk at once.
 */
#include "tests/sim/election.h"

#include "tests/sim/sim.h"

enum { PATIENCE = 400 * 1000 };

static bool
hears(const struct server *a, const struct server *b)
{
    return !sim.is_blocked[a->node][b->node] &&
           !sim.is_blocked[b->node][a->node] && !is_frozen(b);
}

static quorum_set_t
followers_of(const struct server *s)
{
    quorum_set_t set = quorum_bit(&sim.quorum, s->sid);

    for (uint32_t i = 0; i < sim.servers; i++) {
        const struct server *f = &sim.server[i];

        if (f->role == ROLE_LEARN && f->leader_node == s->node && hears(s, f))
            set |= quorum_bit(&sim.quorum, f->sid);
    }
    return set;
}

void
only_begin(struct server *s, int leader)
{
    server_enter(s, leader == s->node ? ROLE_LEAD : ROLE_LEARN);
    s->leader_node = leader;
    sched_after(20 * MSEC, EV_TICK, s->node, s->term, NULL);
}

static void
keep(struct server *s)
{
    s->durable = s->disk.count = s->count;
    memcpy(s->disk.log, s->log, s->count * sizeof *s->log);
    s->disk.accepted = s->disk.current = s->accepted = s->current;
}

static void
establish(struct server *s, quorum_set_t followers)
{
    s->current++;
    for (uint32_t i = 0; i < sim.servers; i++)
        if (followers >> i & 1 && sim.server[i].current >= s->current)
            s->current = sim.server[i].current + 1;
    s->is_established = true;
    TRACE("server %d: is established, epoch %lld", s->node,
          (long long)s->current);
    keep(s);
    election_established(s, s->current);
}

static void
lead(struct server *s)
{
    quorum_set_t followers = followers_of(s);
    zxid_t last = last_of(s->log, s->count), first = ZXID(s->current, 0);

    if (!quorum_is_met(&sim.quorum, followers)) {
        if (sim.now - s->elected_at > PATIENCE)
            server_look(s, "too few follow");
        return;
    }
    s->elected_at = sim.now;
    if (!s->is_established)
        establish(s, followers);
    if (s->count == LOG_MAX || sim.txns == LOG_MAX)
        sim_full();
    sim.txn[sim.txns].zxid = (last > first ? last : first) + 1;
    s->log[s->count++] = sim.txns++;
    keep(s);
}

static void
follow(struct server *s)
{
    const struct server *l = &sim.server[s->leader_node];

    if (s->is_established && l->term != s->leader_term) {
        server_look(s, "its leader stepped down");
        return;
    }
    if (l->role != ROLE_LEAD || !hears(s, l) || !hears(l, s)) {
        if (sim.now - s->elected_at > PATIENCE)
            server_look(s, "no leader there");
        return;
    }
    s->elected_at = sim.now;
    if (!l->is_established)
        return;
    if (!s->is_established)
        election_established(s, l->current);
    s->is_established = true;
    s->leader_term = l->term;
    s->current = l->current;
    s->count = l->count - rng_below(&sim.rng, l->count < 3 ? l->count : 3);
    memcpy(s->log, l->log, s->count * sizeof *s->log);
    keep(s);
}

void
only_tick(struct server *s)
{
    if (s->role == ROLE_LEAD)
        lead(s);
    else
        follow(s);
}
