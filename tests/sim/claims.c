/* SPDX-License-Identifier: Apache-2.0 */
/*
 * claims.c - the invariants of spec/quorum-protocol.md 13, one function each.
 *
 * Called at the act that could break it, with the whole world to look at.
 * Of the sheet's list: 9 AGREEMENT and 10 TOTAL-ORDER follow from PREFIX,
 * which compares everything delivered with one sequence; 19 is in
 * claims_election.c; 23 CONFIG waits for reconfiguration.
 */
#include "tests/sim/claims.h"

#include "tests/sim/server.h"

#define X(zxid) ((unsigned long long)(zxid))
#define D(epoch) ((long long)(epoch))

struct term_known *
term_of(int64_t epoch)
{
    for (uint32_t i = sim.terms; i-- > 0;)
        if (sim.term[i].epoch == epoch)
            return &sim.term[i];
    return NULL;
}

/* --- quorums, without election/quorum.c, which is judged as well
 * --------------
 */

static bool
is_group_won(uint32_t group, uint32_t nodes)
{
    int64_t whole = 0, part = 0;

    for (uint32_t i = 0; i < sim.servers; i++) {
        const struct quorum_member *m = &sim.quorum.member[i];

        if (m->is_observer || (sim.quorum.groups && m->group != group))
            continue;
        whole += sim.quorum.groups ? m->weight : 1;
        if (nodes >> i & 1)
            part += sim.quorum.groups ? m->weight : 1;
    }
    return whole > 0 && part > whole / 2;
}

bool
is_quorum(uint32_t nodes)
{
    uint32_t won = 0;

    if (sim.quorum.groups == 0)
        return is_group_won(0, nodes);
    for (uint32_t group = 0; group < sim.quorum.groups; group++)
        won += is_group_won(group, nodes);
    return won > sim.quorum.groups / 2;
}

/* --- disks ------------------------------------------------------------------
 */

/* 5: zxids grow, and within an epoch they count from 1 without a gap. */
void
claim_log_monotone(const struct server *s, const uint32_t *log, uint32_t count,
                   uint32_t id)
{
    zxid_t last = last_of(log, count), zxid = zxid_of(id);

    claim("LOG-MONOTONE",
          zxid_epoch(zxid) == zxid_epoch(last)
              ? zxid == last + 1
              : zxid > last && zxid_counter(zxid) == 1,
          "server %d appends %llx behind %llx", s->node, X(zxid), X(last));
}

/* 2: epochs on disk never go back. */
void
claim_epoch_grows(const struct server *s, int64_t was, int64_t epoch)
{
    claim("EPOCH-ORDER", epoch >= was, "server %d: epoch %lld after %lld",
          s->node, D(epoch), D(was));
}

/* 2: accepted >= current, once an epoch is taken over also >= the log's. */
void
claim_epoch_order(const struct server *s)
{
    const struct disk *d = &s->disk;

    claim("EPOCH-ORDER", d->current <= d->accepted,
          "server %d: current %lld above accepted %lld", s->node, D(d->current),
          D(d->accepted));
    claim("EPOCH-ORDER", zxid_epoch(last_of(d->log, d->count)) <= d->current,
          "server %d: current %lld below its log's %llx", s->node,
          D(d->current), X(last_of(d->log, d->count)));
}

/* 27: a crash between any two writes leaves what can be started from. */
void
claim_can_start(const struct server *s)
{
    const struct disk *d = &s->disk;
    int64_t epoch = zxid_epoch(last_of(d->log, d->count));

    claim("CRASH-RESTART", d->accepted >= d->current && d->accepted >= epoch,
          "server %d cannot start: accepted %lld, current %lld, log %lld",
          s->node, D(d->accepted), D(d->current), D(epoch));
}

static bool
is_prefix(const uint32_t *log, uint32_t count, const uint32_t *of)
{
    return count == 0 || memcmp(log, of, count * sizeof *log) == 0;
}

static uint32_t
common_with_committed(const uint32_t *log, uint32_t count)
{
    uint32_t n = 0;

    while (n < count && n < sim.committed_count && log[n] == sim.committed[n])
        n++;
    return n;
}

/*
 * 18: what anybody delivered is removed by nobody.  One exception: who loses
 * and finds its leader again within a term gives back what is proposed and
 * not committed; the leader counts no ACK of the lost connection, commits
 * without us, and sends it again.  COMMIT-QUORUM watches that.
 */
void
claim_no_trunc_committed(const struct server *s, const uint32_t *log,
                         uint32_t count)
{
    const struct disk *d = &s->disk;
    uint32_t had = common_with_committed(d->log, d->count);
    uint32_t has = common_with_committed(log, count);

    claim("NO-TRUNC-COMMITTED",
          has >= had || zxid_epoch(zxid_of(sim.committed[has])) == d->accepted,
          "server %d removes %llx, which was delivered", s->node,
          X(zxid_of(sim.committed[has])));
}

/* Servers that have the first `count` committed on their disks. */
static uint32_t
holders(uint32_t count)
{
    uint32_t set = 0;

    for (uint32_t i = 0; i < sim.servers && count > 0; i++) {
        const struct disk *d = &sim.server[i].disk;

        if (d->count >= count && d->log[count - 1] == sim.committed[count - 1])
            set |= 1u << i;
    }
    return set;
}

/* 14: every quorum has somebody who holds what is committed. */
void
claim_still_durable(void)
{
    uint32_t count = sim.committed_count;
    uint32_t without = ~holders(count);

    claim("COMMIT-QUORUM", count == 0 || !is_quorum(without),
          "%llx was delivered, and a quorum does not hold it",
          X(last_of(sim.committed, count)));
}

/* --- leaders ----------------------------------------------------------------
 */

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
    uint32_t have = 0, had;

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

/* 14: what a leader commits is on the disks of a quorum. */
void
claim_commit_quorum(const struct server *s, zxid_t zxid)
{
    uint32_t index = data_index(s, zxid);
    uint32_t have = 0;

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
        claim("LEADER-UNIQUE", s->disk.accepted == s->leader->epoch,
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

/* --- learners --------------------------------------------------------------
 */

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

/* 16: only what is here, and nothing is passed over. */
void
claim_follower_commit(const struct server *s, zxid_t zxid)
{
    claim("FOLLOWER-COMMIT", data_index(s, zxid) != UINT32_MAX,
          "server %d commits %llx, which it does not have", s->node, X(zxid));
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

/* --- what is delivered ------------------------------------------------------
 */

/* 8: it was proposed, by whom a quorum had promised itself to. */
static void
integrity(const struct server *s, uint32_t id)
{
    const struct term_known *t = term_of(zxid_epoch(zxid_of(id)));

    claim("INTEGRITY", t && t->is_established,
          "server %d delivers %llx of an epoch without leader", s->node,
          X(zxid_of(id)));
}

/* 11, 12: within an epoch without gaps; a later epoch comes later. */
static void
primary_order(const struct server *s, uint32_t index)
{
    zxid_t zxid = zxid_of(s->log[index]);
    zxid_t last = last_of(sim.committed, index);

    claim("GLOBAL-PRIMARY-ORDER", zxid_epoch(zxid) >= zxid_epoch(last),
          "server %d delivers %llx behind %llx", s->node, X(zxid), X(last));
    claim("LOCAL-PRIMARY-ORDER",
          zxid_epoch(zxid) == zxid_epoch(last) ? zxid == last + 1
                                               : zxid_counter(zxid) == 1,
          "server %d delivers %llx behind %llx", s->node, X(zxid), X(last));
}

/* 13: later leaders began with it. */
static void
primary_integrity(const struct server *s, uint32_t index)
{
    for (uint32_t i = 0; i < sim.terms; i++) {
        const struct term_known *t = &sim.term[i];

        claim("PRIMARY-INTEGRITY",
              !t->is_established ||
                  t->epoch <= zxid_epoch(zxid_of(s->log[index])) ||
                  (t->initial > index && t->log[index] == s->log[index]),
              "server %d delivers %llx, the leader of epoch %lld has it not",
              s->node, X(zxid_of(s->log[index])), D(t->epoch));
    }
}

/* 7: there is one sequence, and everybody delivers a beginning of it. */
void
claim_delivered(struct server *s, uint32_t index)
{
    uint32_t id = s->log[index];

    if (index < sim.committed_count) {
        claim("PREFIX", sim.committed[index] == id,
              "server %d delivers %llx where %llx was delivered", s->node,
              X(zxid_of(id)), X(zxid_of(sim.committed[index])));
        return;
    }
    check(index == sim.committed_count);
    integrity(s, id);
    primary_order(s, index);
    primary_integrity(s, index);
    sim.committed[sim.committed_count++] = id;
    claim_still_durable();
}

/*
 * 25: the same transactions make the same tree, on every server; and the
 * leader had computed its digest before.
 */
void
claim_digest(const struct server *s, uint32_t id)
{
    struct txn_known *t = &sim.txn[id];
    uint64_t digest = data_digest(s);
    struct txn txn;

    claim("DIGEST", !t->is_digested || t->digest == digest,
          "server %d has another tree at %llx", s->node, X(t->zxid));
    t->digest = digest;
    t->is_digested = true;
    check(txn_open(&txn, t->bytes) == 0);
    claim("DIGEST", !txn.has_digest || (uint64_t)txn.digest == digest,
          "server %d has another tree at %llx than its leader foresaw", s->node,
          X(t->zxid));
}

/* 26: what is loaded is what was there. */
void
claim_snapshot(const struct server *s)
{
    const struct txn_known *t;

    if (s->applied == 0)
        return;
    t = &sim.txn[s->log[s->applied - 1]];
    claim("SNAPSHOT", !t->is_digested || t->digest == data_digest(s),
          "server %d loads another tree at %llx", s->node, X(t->zxid));
}

/* 24: a session that ended does nothing more, and owns nothing. */
void
claim_session(const struct server *s, const struct txn *txn)
{
    const struct txn_header *h = &txn->header;
    bool is_there = session_find(s->sessions, h->session) != NULL;

    if (h->type == ZK_OP_CREATE_SESSION)
        claim("SESSION", !is_there, "session %llx is opened twice at %llx",
              X(h->session), X(h->zxid));
    else if (h->type != ZK_OP_ERROR)
        claim("SESSION", is_there, "session %llx acts at %llx, it has ended",
              X(h->session), X(h->zxid));
}
