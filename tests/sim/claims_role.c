/* SPDX-License-Identifier: Apache-2.0 */
/*
 * claims_role.c - what leaders and learners may say and do, and when.
 */
#include "tests/sim/claims.h"

#include "tests/sim/data.h"
#include "tests/sim/sim.h"

#define X(zxid) ((unsigned long long)(zxid))
#define D(epoch) ((long long)(epoch))

static bool
is_prefix(const uint32_t *log, uint32_t count, const uint32_t *of)
{
    return count == 0 || memcmp(log, of, count * sizeof *log) == 0;
}

/* --- leaders ------------------------------------------------------------- */

static void
term_append(struct term_known *t, uint32_t id)
{
    if (t->count == t->room) {
        uint32_t *log = sim_memory(2 * (t->room + 8) * sizeof *log);

        if (t->count > 0)
            memcpy(log, t->log, t->count * sizeof *log);
        t->log = log;
        t->room = 2 * (t->room + 8);
    }
    t->log[t->count++] = id;
}

/* 3: an epoch is promised to one leader, however often one restarts. */
void
claim_promises_once(const struct server *s, int64_t epoch, int leader)
{
    uint8_t *promise;

    if (epoch >= EPOCHS_MAX)
        sim_full();
    promise = &sim.promise[s->node][epoch];
    claim("EPOCH-PROMISE", *promise == 0,
          "server %d promises epoch %lld to %d, and had to %d", s->node,
          D(epoch), leader, *promise - 1);
    *promise = (uint8_t)(leader + 1);
}

/* 1: those whose promise the leader counts gave it to nobody else. */
static void
claim_promised(const struct server *s, int64_t epoch)
{
    for (uint32_t i = 0; i < sim.servers; i++)
        claim("LEADER-UNIQUE",
              !(s->leader->promised >> i & 1) || (int)i == s->node ||
                  sim.promise[i][epoch] == s->node + 1,
              "server %d counts a promise of %u, which is not for it", s->node,
              i);
}

/* 1: a quorum promises itself to one leader an epoch. */
void
claim_leader_unique(const struct server *s, int64_t epoch)
{
    struct term_known *t = term_of(epoch);

    claim_promised(s, epoch);
    claim("LEADER-UNIQUE", !t, "server %d takes over epoch %lld, which %d has",
          s->node, D(epoch), t ? t->node : 0);
    claim("LEADER-UNIQUE", s->disk.accepted == epoch,
          "server %d leads epoch %lld and has accepted %lld", s->node, D(epoch),
          D(s->disk.accepted));
    if (sim.terms == EPOCHS_MAX)
        sim_full();
    t = &sim.term[sim.terms++];
    *t = (struct term_known){.epoch = epoch, .node = s->node};
    for (uint32_t i = 0; i < s->count; i++)
        term_append(t, s->log[i]);
    t->initial = s->count;
}

/* 20: nobody whose promise counts has more than the leader. */
void
claim_leader_recent(const struct server *s)
{
    const struct leader *l = s->leader;

    for (uint32_t i = 0; i < l->peer_end; i++) {
        const struct leader_peer *p = &l->peer[i];

        if (!(l->promised & p->vote) || p->stage < PEER_ACCEPTED ||
            p->current == -1)
            continue;
        claim("LEADER-RECENT",
              p->current < s->current || (p->current == s->current &&
                                          p->last <= last_of(s->log, s->count)),
              "server %d leads, yet %lld has epoch %lld and %llx", s->node,
              D(p->sid), D(p->current), X(p->last));
    }
}

/* How many of the delivered ones are of an epoch before. */
static uint32_t
committed_before(int64_t epoch)
{
    uint32_t count = sim.committed_count;

    while (count > 0 && zxid_epoch(zxid_of(sim.committed[count - 1])) >= epoch)
        count--;
    return count;
}

/*
 * 1, 13: it leads alone, with everything that was ever delivered of epochs
 * before, and its history is on the disks of a quorum.  A later epoch may be
 * led already, when the last ACKs were held up: nobody will acknowledge what
 * we propose.
 */
void
claim_established(const struct server *s, int64_t epoch)
{
    struct term_known *t = term_of(epoch);
    uint32_t have = to_be_filled(), had;

    claim("LEADER-UNIQUE", t && t->node == s->node && !t->is_established,
          "server %d leads epoch %lld, which is not its own", s->node,
          D(epoch));
    t->is_established = true;
    claim("EPOCH-ORDER", s->disk.current == epoch,
          "server %d leads epoch %lld, its disk says %lld", s->node, D(epoch),
          D(s->disk.current));
    had = common_with_committed(s->log, s->count);
    claim("PRIMARY-INTEGRITY", had >= committed_before(epoch),
          "server %d leads without %llx", s->node,
          X(zxid_of(sim.committed[had])));
    for (uint32_t i = 0; i < sim.servers; i++) {
        const struct disk *d = &sim.server[i].disk;

        if (d->current >= epoch && d->count >= t->initial &&
            is_prefix(t->log, t->initial, d->log))
            have |= 1u << i;
    }
    claim("NEWLEADER-QUORUM", is_quorum(have),
          "server %d leads epoch %lld, and no quorum has its history", s->node,
          D(epoch));
}

/* 22 */
void
claim_rollover(zxid_t zxid)
{
    claim("ROLLOVER",
          zxid_counter(zxid) != 0 && zxid_counter(zxid) != UINT32_MAX,
          "%llx is no transaction", X(zxid));
}

/* 21: only an established leader proposes, and in its own epoch. */
void
claim_proposes(const struct server *s, uint32_t id)
{
    struct term_known *t = term_of(zxid_epoch(zxid_of(id)));

    claim("NEWLEADER-BEFORE-SERVE",
          t && t->is_established && t->node == s->node,
          "server %d proposes %llx, which is not its to propose", s->node,
          X(zxid_of(id)));
    term_append(t, id);
}

/* 14: what anybody takes for committed is on the disks of a quorum. */
void
claim_commit_quorum(const struct server *s, zxid_t zxid)
{
    uint32_t index = data_index(s, zxid);
    uint32_t have = to_be_filled();

    claim("COMMIT-QUORUM", index != UINT32_MAX,
          "server %d commits %llx, which it does not have", s->node, X(zxid));
    for (uint32_t i = 0; i < sim.servers; i++) {
        const struct disk *d = &sim.server[i].disk;

        if (d->count > index && d->log[index] == s->log[index])
            have |= 1u << i;
    }
    claim("COMMIT-QUORUM", is_quorum(have),
          "server %d commits %llx, which no quorum has on disk", s->node,
          X(zxid));
}

/* A transaction that this leader has. */
static void
sent_transaction(const struct server *s, struct conn *c,
                 const struct qpacket *p)
{
    const struct term_known *t = term_of(s->leader->epoch);
    zxid_t last = c->last_proposal;

    claim("NEWLEADER-BEFORE-SERVE",
          zxid_epoch(p->zxid) < s->leader->epoch || (t && t->is_established),
          "server %d sends %llx before it is established", s->node, X(p->zxid));
    claim("PROPOSE-IN-ORDER",
          last == 0 || (zxid_epoch(last) == zxid_epoch(p->zxid)
                            ? p->zxid == last + 1
                            : p->zxid > last && zxid_counter(p->zxid) == 1),
          "server %d sends %llx behind %llx", s->node, X(p->zxid), X(last));
    c->last_proposal = p->zxid;
}

/* 15: one COMMIT for each PROPOSAL, in order, none before it is committed. */
static void
sent_commit(const struct server *s, struct conn *c, const struct qpacket *p)
{
    zxid_t last = c->last_commit;

    claim("COMMIT-IN-ORDER",
          last == 0 || (zxid_epoch(last) == zxid_epoch(p->zxid)
                            ? p->zxid == last + 1
                            : p->zxid > last && zxid_counter(p->zxid) == 1),
          "server %d sends COMMIT %llx behind %llx", s->node, X(p->zxid),
          X(last));
    claim("COMMIT-IN-ORDER", p->zxid <= c->last_proposal,
          "server %d sends COMMIT %llx before its PROPOSAL", s->node,
          X(p->zxid));
    claim("COMMIT-IN-ORDER",
          !c->is_sealed || p->zxid <= last_of(s->log, s->committed),
          "server %d sends COMMIT %llx, which is not committed", s->node,
          X(p->zxid));
    c->last_commit = p->zxid;
}

/* What a leader may send, and after what. */
void
claim_sent_in_order(const struct server *s, struct conn *c,
                    const struct qpacket *p)
{
    const struct term_known *t = term_of(s->leader->epoch);

    switch (p->type) {
    case Q_LEADER_INFO:
        claim("LEADER-UNIQUE",
              s->leader->peer[c->slot].stage == PEER_DISMISSED ||
                  s->disk.accepted == s->leader->epoch,
              "server %d offers epoch %lld, which it has not stored", s->node,
              D(s->leader->epoch));
        break;
    case Q_PROPOSAL:
        claim("OBSERVER", !c->is_sealed || !sim.server[c->node[0]].is_observer,
              "observer %d gets a PROPOSAL", c->node[0]);
        sent_transaction(s, c, p);
        break;
    case Q_INFORM:
        sent_transaction(s, c, p);
        claim("COMMIT-IN-ORDER", p->zxid <= last_of(s->log, s->committed),
              "server %d informs of %llx, which is not committed", s->node,
              X(p->zxid));
        break;
    case Q_COMMIT:
        sent_commit(s, c, p);
        break;
    case Q_NEW_LEADER:
        claim("LEADER-UNIQUE", s->disk.current == s->leader->epoch,
              "server %d sends NEWLEADER %lld, which it has not stored",
              s->node, D(s->leader->epoch));
        c->is_sealed = true;
        break;
    case Q_UP_TO_DATE:
        claim("NEWLEADER-BEFORE-SERVE", t && t->is_established,
              "server %d lets %d serve before it is established", s->node,
              c->node[0]);
        c->is_up_to_date = true;
        break;
    default:
        break;
    }
}

/* Ours: with leaderServes=no clients get nothing from who leads. */
void
claim_leader_serves(const struct server *s)
{
    claim("LEADER-SERVES",
          sim.plan.leader_serves || s->role != ROLE_LEAD || !s->is_serving,
          "server %d leads, and answers a client", s->node);
}

/* --- learners ------------------------------------------------------------ */

/* 3: to a leader of an older epoch nothing more is promised. */
void
claim_epoch_promise(const struct server *s, int64_t epoch)
{
    claim("EPOCH-PROMISE", s->disk.accepted == epoch,
          "server %d answers for epoch %lld, its disk says %lld", s->node,
          D(epoch), D(s->disk.accepted));
}

/* 4: an ACK is of what is on disk, with everything before it. */
void
claim_ack_durable(const struct server *s, zxid_t zxid)
{
    const struct disk *d = &s->disk;
    uint32_t index = data_index(s, zxid);

    claim_epoch_promise(s, s->learner.epoch);
    claim("ACK-DURABLE",
          index != UINT32_MAX && d->count > index &&
              d->log[index] == s->log[index],
          "server %d acknowledges %llx, its disk ends at %llx", s->node,
          X(zxid), X(last_of(d->log, d->count)));
}

/* 4: who acknowledges NEWLEADER holds all that its leader began with. */
void
claim_seal_durable(const struct server *s, int64_t epoch)
{
    const struct disk *d = &s->disk;
    const struct term_known *t = term_of(epoch);

    claim_epoch_promise(s, epoch);
    claim("ACK-DURABLE", d->current == epoch,
          "server %d acknowledges NEWLEADER %lld, its disk says %lld", s->node,
          D(epoch), D(d->current));
    claim("ACK-DURABLE",
          t && d->count >= t->initial && is_prefix(t->log, t->initial, d->log),
          "server %d acknowledges NEWLEADER %lld without its history", s->node,
          D(epoch));
}

/* 16: only what is here, and nothing is passed over; and nothing sooner. */
void
claim_follower_commit(const struct server *s, zxid_t zxid)
{
    claim("FOLLOWER-COMMIT", data_index(s, zxid) != UINT32_MAX,
          "server %d commits %llx, which it does not have", s->node, X(zxid));
    claim_commit_quorum(s, zxid);
}

/* 17, 21: a follower serves what its leader has, when it was told to. */
void
claim_sync_equal(const struct server *s, int64_t epoch, const struct conn *up)
{
    const struct term_known *t = term_of(epoch);

    claim("NEWLEADER-BEFORE-SERVE", up && up->is_up_to_date,
          "server %d serves before UPTODATE", s->node);
    claim("SYNC-EQUAL",
          t && s->count >= t->initial && s->count <= t->count &&
              is_prefix(s->log, s->count, t->log),
          "server %d serves in epoch %lld with another history", s->node,
          D(epoch));
    claim("SYNC-EQUAL",
          s->disk.current == epoch && s->applied == s->committed &&
              s->committed >= t->initial,
          "server %d serves before all it was given is applied", s->node);
    claim("SYNC-EQUAL", last_of(s->log, s->committed) >= up->ready_at,
          "server %d serves at %llx, its leader had committed %llx", s->node,
          X(last_of(s->log, s->committed)), X(up->ready_at));
}
