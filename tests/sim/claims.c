/* SPDX-License-Identifier: Apache-2.0 */
/*
 * claims.c - the invariants of spec/quorum-protocol.md 13, one function each.
 *
 * Called at the act that could break it, with the whole world to look at.
 * Of the sheet's list: 9 AGREEMENT and 10 TOTAL-ORDER follow from PREFIX,
 * which compares everything delivered with one sequence; those of leaders
 * and learners are in claims_role.c, 19 in claims_election.c; 23 CONFIG waits
 * for reconfiguration.  ENSEMBLE-ID and FOREIGN are of zabd's own.
 */
#include "tests/sim/claims.h"

#include "tests/sim/data.h"
#include "tests/sim/sim.h"

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

/* --- quorums, without election/quorum.c, which is judged as well --------- */

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

uint32_t
to_be_filled(void)
{
    uint32_t set = 0;

    for (uint32_t i = 0; i < sim.servers; i++)
        if (disk_is_to_be_filled(&sim.server[i].disk))
            set |= 1u << i;
    return set;
}

/* --- disks --------------------------------------------------------------- */

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

/*
 * Ours: an id is confirmed when a quorum has it, and there is no other one
 * that is.
 */
void
claim_identity(const struct server *s)
{
    const struct identity *id = &s->disk.identity;
    uint32_t have = to_be_filled();

    if (!id->is_confirmed)
        return;
    for (uint32_t i = 0; i < sim.servers; i++) {
        const struct server *other = &sim.server[i];

        claim("ENSEMBLE-ID",
              other->is_foreign ||
                  !identity_is_foreign(&other->disk.identity, id),
              "servers %d and %u know two ids for good", s->node, i);
        if (other->disk.identity.id == id->id)
            have |= 1u << i;
    }
    claim("ENSEMBLE-ID", is_quorum(have),
          "server %d knows an id for good that no quorum has", s->node);
}

/* Ours: between two ensembles nothing is written, nor promised. */
void
claim_foreign(const struct server *s, const struct disk_op *op)
{
    claim("FOREIGN", !s->is_foreign,
          "server %d is of another ensemble, and its disk is written to",
          s->node);
    claim("FOREIGN", op->kind != DISK_APPEND || op->id >= sim.foreign_txns,
          "server %d takes a foreign transaction", s->node);
    for (uint32_t i = 0; op->kind == DISK_REBASE && i < op->count; i++)
        claim("FOREIGN", op->ids[i] >= sim.foreign_txns,
              "server %d takes a foreign snapshot", s->node);
}

/* Ours: nobody takes a member of its ensemble for a foreigner. */
void
claim_are_foreign(const struct server *s, quorum_set_t nodes)
{
    for (uint32_t i = 0; i < sim.servers; i++)
        claim("FOREIGN",
              !(nodes >> i & 1) || s->is_foreign != sim.server[i].is_foreign,
              "server %d takes %u for a foreigner", s->node, i);
}

uint32_t
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
    uint32_t without = ~(holders(count) | to_be_filled());

    claim("COMMIT-QUORUM", count == 0 || !is_quorum(without),
          "%llx was delivered, and a quorum does not hold it",
          X(last_of(sim.committed, count)));
}

/* --- what is delivered --------------------------------------------------- */

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

/* It ends a session, and not because its client said so. */
static void
note_end(uint32_t id)
{
    struct txn txn;

    check(txn_open(&txn, sim.txn[id].bytes) == 0);
    if (txn.header.type == ZK_OP_CLOSE_SESSION && txn.header.cxid == 0)
        sim.ended[sim.ended_count++] = txn.header.session;
}

/*
 * Ours: a server that is awake has no connection of a session that has ended,
 * whether it knows of that or not.  An observer knows of its master alone, not
 * of the leader.
 */
void
claim_lease(const struct server *s, const struct attached *a)
{
    if (!sim.plan.is_steady || (s->is_observer && sim.plan.has_masters))
        return;
    for (uint32_t i = 0; i < sim.ended_count; i++)
        claim("LEASE", sim.ended[i] != a->session,
              "server %d keeps session %llx, which has ended", s->node,
              X(a->session));
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
    note_end(id);
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

/* The error that a transaction is. */
static int32_t
error_of(struct txn *txn)
{
    struct change c;

    return txn->header.type == ZK_OP_ERROR && txn_next(txn, &c) ? c.err : ZK_OK;
}

/* Whether a session that no transaction has made may have asked for this. */
static bool
may_be_local(struct txn *txn)
{
    bool makes_ephemerals = false;
    struct change c;

    while (txn_next(txn, &c))
        makes_ephemerals |= c.kind == CHANGE_CREATE && c.owner != 0;
    return sim.plan.local_sessions && !makes_ephemerals &&
           txn->header.type != ZK_OP_CLOSE_SESSION;
}

/*
 * 24: a session that ended does nothing more, and owns nothing; nor does one
 * that is local own anything.  One that is there is not told that it ended.
 */
void
claim_session(const struct server *s, struct txn *txn)
{
    const struct txn_header *h = &txn->header;
    bool is_there = session_find(s->sessions, h->session) != NULL;

    if (h->type == ZK_OP_CREATE_SESSION)
        claim("SESSION", !is_there, "session %llx is opened twice at %llx",
              X(h->session), X(h->zxid));
    else if (h->type == ZK_OP_ERROR)
        claim("SESSION", !is_there || error_of(txn) != ZK_SESSION_EXPIRED,
              "session %llx is told at %llx that it has ended, it is there",
              X(h->session), X(h->zxid));
    else
        claim("SESSION", is_there || may_be_local(txn),
              "session %llx acts at %llx, it has ended", X(h->session),
              X(h->zxid));
    txn_rewind(txn);
}
