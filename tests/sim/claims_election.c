/* SPDX-License-Identifier: Apache-2.0 */
/*
 * claims_election.c - what must hold of a decision.
 */
#include "tests/sim/claims.h"

#include "tests/sim/sim.h"

static bool
is_worse(int64_t epoch, zxid_t zxid, const struct vote *than)
{
    return epoch != than->epoch ? epoch < than->epoch : zxid < than->zxid;
}

/*
 * 19 ELECTION-VOTE: who has no weight is not elected, and nobody in the
 * quorum that decided had, when it voted, more than the one it voted for.
 * Who joins a leader that is there already decides by other votes.
 */
void
claim_election_vote(const struct server *s, const struct vote *v)
{
    const struct elect *e = &s->elect;
    uint32_t agreed = 0;

    claim("ELECTION-VOTE", quorum_weight(&sim.quorum, v->leader) > 0,
          "server %d decides for %lld, which has no weight", s->node,
          (long long)v->leader);
    for (uint32_t i = 0; i < sim.servers; i++)
        if ((e->tally.heard >> i & 1) &&
            e->tally.vote[i].state == SERVER_LOOKING &&
            vote_agrees(v, &e->tally.vote[i]))
            agreed |= 1u << i;
    if (!is_quorum(agreed))
        return;
    for (uint32_t i = 0; i < sim.servers; i++) {
        bool is_me = (int)i == s->node;
        int64_t epoch = is_me ? e->self.epoch : s->heard_epoch[i];
        zxid_t zxid = is_me ? e->self.zxid : s->heard_zxid[i];

        claim("ELECTION-VOTE",
              !(agreed >> i & 1) || e->self.leader == VOTE_NOBODY ||
                  epoch == v->epoch || is_worse(epoch, zxid, v),
              "server %d decides for %lld with epoch %lld, yet %u had %lld",
              s->node, (long long)v->leader, (long long)v->epoch, i,
              (long long)epoch);
        claim("ELECTION-VOTE",
              !(agreed >> i & 1) || is_worse(epoch, zxid, v) ||
                  (epoch == v->epoch && zxid == v->zxid),
              "server %d decides for %lld with zxid %llx, yet %u had %llx",
              s->node, (long long)v->leader, (unsigned long long)v->zxid, i,
              (unsigned long long)zxid);
    }
}

/* The same of a poll that is over, where votes name a candidacy. */
void
claim_poll_vote(const struct server *s)
{
    const struct tally *t = &s->poll.tally;
    sid_t leader = s->poll.mine.leader;
    zxid_t zxid = s->heard_zxid[quorum_index(&sim.quorum, leader)];
    uint32_t supporters = 0, agreed;

    for (uint32_t i = 0; i < sim.servers; i++)
        if (t->heard >> i & 1 && t->vote[i].leader == leader)
            supporters |= 1u << i;
    claim("POLL-QUORUM", is_quorum(supporters),
          "server %d decides for %lld, and no quorum said so", s->node,
          (long long)leader);
    agreed = supporters & s->heard_to_look;
    for (uint32_t i = 0; i < sim.servers; i++)
        claim("ELECTION-VOTE",
              !is_quorum(agreed) || !(agreed >> i & 1) ||
                  s->heard_zxid[i] <= zxid,
              "server %d decides for %lld with %llx, yet %u had %llx", s->node,
              (long long)leader, (unsigned long long)zxid, i,
              (unsigned long long)s->heard_zxid[i]);
}

/* Ours: what is counted in a round was asked for in it. */
void
claim_poll_round(const struct server *s, const struct poll_answer *a,
                 const struct tally *before)
{
    claim("POLL-ROUND",
          a->xid == s->poll.xid ||
              memcmp(before, &s->poll.tally, sizeof *before) == 0,
          "server %d counts what %lld answered to another question", s->node,
          (long long)a->id);
}
