/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learner_txn.c - the history that comes to a learner: transactions, their
 * commits, NEW_LEADER that seals them, UP_TO_DATE that makes them count, and
 * the ACKs.  See learner.h for the marks.  Pure; the replication process.
 */
#include "net/zab/learner.h"

#include "daemon/check.h"
#include "net/zab/learner_part.h"

/* --- transactions --------------------------------------------------------- */

/* Trap 14.1.11, 5.3.3: counter 0 is never a transaction. */
static bool
follows(zxid_t last, zxid_t zxid)
{
    return zxid_counter(zxid) != 0 && zxid_follows(last, zxid);
}

/* The next one to be committed, or 0. */
static zxid_t
oldest_pending(const struct learner *l)
{
    if (l->agreed == l->last)
        return 0;
    return zxid_epoch(l->agreed) == zxid_epoch(l->last)
               ? l->agreed + 1
               : ZXID(zxid_epoch(l->last), 1);
}

/* Why `zxid` cannot be the next transaction, or NULL. */
static const char *
refusal(const struct learner *l, zxid_t zxid)
{
    if (!follows(l->last, zxid))
        return "a transaction is missing before this one";
    if (zxid_epoch(zxid) > l->epoch)
        return "a transaction of a later epoch than the leader's";
    if (zxid_epoch(zxid) == l->epoch && zxid_counter(zxid) == UINT32_MAX)
        return "a transaction with a number that no leader gives";
    if (zxid_epoch(zxid) < l->epoch && l->state != LEARNER_SYNCING)
        return "a transaction of an earlier epoch behind NEW_LEADER";
    if (zxid_epoch(zxid) > zxid_epoch(l->last) && l->agreed != l->last)
        return "an epoch begins before all of the one before is committed";
    return NULL;
}

/*
 * What we have is skipped: the leader may send again what a fuzzy snapshot
 * held already.
 *
 * ZK: a gap is only warned of up to 3.9.3, later ends the connection.
 * Ours: ends it; if it was in the leader's history only a snapshot helps.
 */
static void
on_proposal(struct learner *l, zxid_t zxid, struct bytes txn,
            struct learner_out *out)
{
    struct learner_act *a;
    const char *why;

    if (zxid <= l->last)
        return;
    why = txn.size > 0 ? refusal(l, zxid) : "a transaction without bytes";
    if (why) {
        l->needs_snap = l->state == LEARNER_SYNCING && !follows(l->last, zxid);
        learner_give_up(l, why, out);
        return;
    }
    l->last = zxid;
    a = learner_add(out, LEARNER_APPEND);
    a->zxid = zxid;
    a->packet = (struct qpacket){Q_PROPOSAL, zxid, txn, BYTES_NULL};
}

/*
 * ZK: Apache's process exits when this is not the oldest pending one
 * (5.4).  Ours: the connection ends.
 */
static void
on_commit(struct learner *l, zxid_t zxid, struct learner_out *out)
{
    if (zxid <= l->agreed)
        return;
    if (zxid != oldest_pending(l)) {
        learner_give_up(l, "COMMIT of another than the oldest pending", out);
        return;
    }
    l->agreed = zxid;
    if (l->state != LEARNER_BROADCAST)
        return;
    l->committed = zxid;
    learner_add(out, LEARNER_COMMIT)->zxid = zxid;
}

static void
on_inform(struct learner *l, zxid_t zxid, struct bytes txn,
          struct learner_out *out)
{
    on_proposal(l, zxid, txn, out);
    if (l->state != LEARNER_OVER)
        on_commit(l, zxid, out);
}

/* The packets that carry the history; false: it is none of these. */
bool
learner_on_transaction(struct learner *l, const struct qpacket *p,
                       struct learner_out *out)
{
    switch (p->type) {
    case Q_PROPOSAL:
        on_proposal(l, p->zxid, qpacket_txn(p), out);
        return true;
    case Q_COMMIT:
    case Q_COMMIT_ACTIVATE:
        on_commit(l, p->zxid, out);
        return true;
    case Q_INFORM:
    case Q_INFORM_ACTIVATE:
        on_inform(l, p->zxid, qpacket_txn(p), out);
        return true;
    default:
        return false;
    }
}

/* --- NEW_LEADER and UP_TO_DATE -------------------------------------------- */

/*
 * Traps ZOOKEEPER-3911, -4643, -4646, -4785: history to disk first, then
 * the ensemble's id and currentEpoch, then the ACK.
 */
static void
seal_if_durable(struct learner *l, struct learner_out *out)
{
    struct learner_act *a;

    if (l->is_storing || l->durable < l->seal)
        return;
    l->is_storing = true;
    a = learner_add(out, LEARNER_STORE_CURRENT);
    a->epoch = l->epoch;
    a->identity = learner_new_identity(l);
}

/*
 * What was committed before NEW_LEADER needs no ACK of its own; everything
 * else does, even if its COMMIT comes first: an Apache leader ends a
 * connection on which the ACK for a PROPOSAL is missing (6.2).
 */
void
learner_on_new_leader(struct learner *l, zxid_t zxid, struct learner_out *out)
{
    if (zxid != ZXID(l->epoch, 0)) {
        learner_give_up(l, "NEW_LEADER of another epoch", out);
        return;
    }
    if (l->agreed != l->last && zxid_epoch(l->last) != l->epoch) {
        learner_give_up(l, "NEW_LEADER before an earlier epoch is committed",
                        out);
        return;
    }
    l->seal = l->last;
    l->acked = l->agreed;
    l->state = LEARNER_SEALING;
    seal_if_durable(l, out);
}

/* ACKs for what is on disk and not acknowledged yet.  Observers: never. */
static void
ack_durable(struct learner *l, struct learner_out *out)
{
    struct learner_act *a;

    if (l->conf.is_observer || l->acked >= l->durable)
        return;
    a = learner_add(out, LEARNER_ACK);
    a->from =
        zxid_epoch(l->acked) == l->epoch ? l->acked + 1 : ZXID(l->epoch, 1);
    a->zxid = l->acked = l->durable;
}

/*
 * Now what the leader has committed is committed: what came as committed,
 * and all we had in common with it before (trap ZOOKEEPER-3023: before
 * anybody is served).  Trap 14.1.2: ACKs of transactions only from here on.
 */
void
learner_on_up_to_date(struct learner *l, mono_ms_t now, struct learner_out *out)
{
    learner_enter(l, LEARNER_BROADCAST, now);
    l->committed = l->agreed;
    learner_add(out, LEARNER_COMMIT)->zxid = l->committed;
    learner_add(out, LEARNER_SERVE);
    learner_send(out, Q_ACK, ZXID(l->epoch, 0));
    ack_durable(l, out);
}

void
learner_durable(struct learner *l, zxid_t zxid, struct learner_out *out)
{
    if (l->state < LEARNER_SYNCING || l->state == LEARNER_OVER)
        return; /* of the log that we had before */
    check(zxid <= l->last);
    if (zxid <= l->durable)
        return;
    l->durable = zxid;
    if (l->state == LEARNER_SEALING)
        seal_if_durable(l, out);
    else if (l->state == LEARNER_BROADCAST)
        ack_durable(l, out);
}
