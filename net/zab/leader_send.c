/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leader_send.c - what goes to one learner next.
 *
 * Nothing is queued: two marks tell what a learner has (`sent`) and what it
 * knows to be committed (`told`), and the next packet follows from them.
 * Pure; part of the leader core.
 *
 * ZK: LearnerHandler.syncFollower, Leader.startForwarding, sendPacket
 *     (spec/quorum-protocol.md 4.6, 4.7, 5.3, 5.5, 14.1.3)
 */
#include "daemon/check.h"
#include "net/zab/leader_part.h"

static bool
put(struct leader_item *item, int32_t type, zxid_t zxid)
{
    item->packet = (struct qpacket){
        .type = type,
        .zxid = zxid,
        .data = BYTES_NULL,
        .authinfo = BYTES_NULL,
    };
    return true;
}

/* The live transaction behind `zxid`: this epoch counts from 1, no gaps. */
static zxid_t
live_after(const struct leader *l, zxid_t zxid)
{
    return zxid_epoch(zxid) < l->epoch ? ZXID(l->epoch, 1) : zxid + 1;
}

/* --- bringing up --------------------------------------------------------- */

/* Who is told to go may hear it before there is an epoch: it wants none. */
static bool
put_leader_info(struct leader *l, struct leader_peer *p,
                struct leader_item *item)
{
    struct jute_out data = jute_out_of(item->small, sizeof item->small);
    struct leader_info info = {
        .protocol = LEARNER_PROTOCOL,
        .is_zabd = p->is_zabd,
        .flags = l->conf.flags | (p->stage == PEER_TAKEN ? LEARNER_TAKEN : 0),
        .identity = l->identity,
    };

    put(item, Q_LEADER_INFO, ZXID(l->epoch, 0));
    leader_info_put(&data, &info);
    check(!data.bad);
    item->packet.data =
        (struct bytes){item->small, (int32_t)jute_out_size(&data)};
    p->stage = p->stage < PEER_INFORMED ? PEER_DISMISSED : PEER_PROMISED;
    return true;
}

/*
 * What the learner's zxid means in our history.  epoch<<32 is no transaction
 * but says: all that this epoch's leader began with.  Of our own epoch that
 * is our log (a master's, unless that is of the epoch itself); and of the
 * epoch we followed, when nothing was proposed in it, it is our log, too.
 */
static zxid_t
place_of(const struct leader *l, zxid_t last)
{
    int64_t epoch = zxid_epoch(last);

    if (zxid_counter(last) != 0 || last <= l->conf.last)
        return last;
    return epoch == l->epoch || epoch == l->conf.current ? l->conf.last : last;
}

/*
 * An observer has only what is committed.  Of our epoch it may know more than
 * we, from another master: a moment later we know it, too.
 *
 * ZK: there ObserverMaster cuts its log.
 */
static bool
knows_more(const struct leader *l, const struct leader_peer *p)
{
    return l->is_master && zxid_epoch(p->last) == l->epoch &&
           zxid_counter(p->last) != 0 && p->last > l->committed;
}

/*
 * Apache's learners may not survive a cut into an older epoch.  A snapshot is
 * safe for them when it ends above their log: what is left of that is never
 * read again, and they keep it only with all that follows up to NEW_LEADER.
 *
 * ZK: LearnerHandler.queueCommittedProposals (spec 4.6, 14.3)
 */
static bool
is_too_deep_a_cut(const struct leader_peer *p, zxid_t end)
{
    return p->plan.op == SYNC_TRUNC && !p->is_zabd && p->last < end &&
           zxid_epoch(p->plan.zxid) != zxid_epoch(p->last);
}

/*
 * What is committed now goes before NEW_LEADER, everything else behind it:
 * trap 14.1.3.  The mark is set here, so that a busy ensemble cannot keep a
 * slow learner from ever reaching it.
 */
static void
make_plan(struct leader *l, uint32_t slot)
{
    struct leader_peer *p = &l->peer[slot];
    zxid_t end = leader_end(l);

    p->plan =
        l->history->plan(l->history->arg, slot, place_of(l, p->last), end);
    if (is_too_deep_a_cut(p, end))
        p->plan = (struct sync_plan){.op = SYNC_SNAP};
    check(p->plan.op == SYNC_SNAP || p->plan.from <= end);
    check(p->plan.op != SYNC_TRUNC || zxid_counter(p->plan.zxid) != 0);
    p->seal = end;
    p->sent = p->told = p->plan.from;
    p->stage = PEER_SYNCING;
}

static bool
put_plan(struct leader *l, uint32_t slot, struct leader_item *item)
{
    static const int32_t packet[] = {
        [SYNC_DIFF] = Q_DIFF, [SYNC_TRUNC] = Q_TRUNC, [SYNC_SNAP] = Q_SNAP};
    struct leader_peer *p = &l->peer[slot];

    p->is_told_plan = true;
    p->is_snapping = item->is_snapshot = p->plan.op == SYNC_SNAP;
    put(item, packet[p->plan.op], p->plan.zxid);
    leader_sign(l, slot, item);
    return true;
}

/* The transaction behind `sent`, not above `limit`, as a packet of `type`. */
static bool
put_transaction(struct leader *l, uint32_t slot, int32_t type, zxid_t limit,
                struct leader_item *item, struct leader_out *out)
{
    struct leader_peer *p = &l->peer[slot];
    bool is_live = p->stage > PEER_SYNCING;
    struct bytes txn = BYTES_NULL;
    const char *why = NULL;
    zxid_t zxid = 0;
    int rc = l->history->next(l->history->arg, slot, p->sent, &zxid, &txn);

    if (rc == 0)
        return false;
    if (rc < 0)
        why = "the transactions it needs cannot be read any more";
    else if (zxid <= p->sent || zxid > limit ||
             (is_live && zxid != live_after(l, p->sent)))
        why = "our own history has a gap";
    if (why) {
        leader_drop(l, slot, why, out);
        return false;
    }
    put(item, type, zxid);
    item->packet.data = txn;
    p->sent = zxid;
    return true;
}

static bool
put_new_leader(const struct leader *l, struct leader_peer *p,
               struct leader_item *item)
{
    put(item, Q_NEW_LEADER, ZXID(l->epoch, 0));
    item->packet.data = l->conf.config;
    p->stage = PEER_SEALING;
    return true;
}

/*
 * Voters do not wait: a quorum may need them.  But they count.
 *
 * ZK: LearnerSyncThrottler (spec 6.5); there who is one too many is closed.
 */
static bool
must_wait_for_others(const struct leader *l, const struct leader_peer *p)
{
    bool is_snap = p->plan.op == SYNC_SNAP;
    int32_t most = is_snap ? l->conf.snaps_max : l->conf.diffs_max, busy = 0;

    if (!p->is_observer || most == 0)
        return false;
    for (uint32_t i = 0; i < l->peer_end; i++) {
        const struct leader_peer *other = &l->peer[i];

        busy += other->stage == PEER_SYNCING && other->is_told_plan &&
                (other->plan.op == SYNC_SNAP) == is_snap;
    }
    return busy >= most;
}

/* The plan, committed pairs, NEW_LEADER. */
static bool
next_of_sync(struct leader *l, uint32_t slot, mono_ms_t now,
             struct leader_item *item, struct leader_out *out)
{
    struct leader_peer *p = &l->peer[slot];

    if (!p->is_told_plan && must_wait_for_others(l, p)) {
        p->heard = now; /* it is we who do not go on */
        return false;
    }
    if (!p->is_told_plan)
        return put_plan(l, slot, item);
    if (p->is_snapping)
        return false;
    if (p->told < p->sent) {
        p->told = p->sent;
        return put(item, Q_COMMIT, p->told);
    }
    if (p->sent < p->seal)
        return put_transaction(l, slot, Q_PROPOSAL, p->seal, item, out);
    return put_new_leader(l, p, item);
}

static bool
next_of_start(struct leader *l, uint32_t slot, mono_ms_t now,
              struct leader_item *item, struct leader_out *out)
{
    struct leader_peer *p = &l->peer[slot];

    if (p->stage == PEER_FOREIGN || p->stage == PEER_TAKEN ||
        (p->stage == PEER_INFORMED && l->state >= LEADER_EPOCH_ACKS))
        return put_leader_info(l, p, item);
    if (p->stage == PEER_ACCEPTED && l->state >= LEADER_SYNCHRONIZING &&
        !knows_more(l, p))
        make_plan(l, slot);
    if (p->stage == PEER_SYNCING)
        return next_of_sync(l, slot, now, item, out);
    return false;
}

/* --- live ---------------------------------------------------------------- */

static bool
put_sync(struct leader_peer *p, struct leader_item *item)
{
    uint32_t at = p->syncs.first;

    if (--p->syncs.at[at].times == 0) {
        p->syncs.first = (at + 1) % LEADER_SYNCS_MAX;
        p->syncs.count--;
    }
    return put(item, Q_SYNC, 0);
}

static bool
put_up_to_date(struct leader_peer *p, mono_ms_t now, struct leader_item *item)
{
    p->stage = PEER_UP_TO_DATE;
    p->owing_since = now; /* some begin to acknowledge now */
    return put(item, Q_UP_TO_DATE, -1);
}

/*
 * Before UP_TO_DATE it gets only what is committed, each with its COMMIT: room
 * in its ring comes with those, and its first ACK of a transaction behind
 * UP_TO_DATE.  If more than its ring holds were between, and a quorum needed
 * it, neither would ever come.
 */
static bool
put_proposal(struct leader *l, uint32_t slot, mono_ms_t now,
             struct leader_item *item, struct leader_out *out)
{
    struct leader_peer *p = &l->peer[slot];
    zxid_t limit = p->stage < PEER_UP_TO_DATE ? l->committed : l->proposed;

    if (p->sent >= limit || zxid_counter(limit) == 0 ||
        !put_transaction(l, slot, Q_PROPOSAL, limit, item, out))
        return false;
    if (p->stage >= PEER_SEALED && !p->owing) {
        p->owing = p->sent;
        p->owing_since = now;
    }
    return true;
}

/* An observer hears only what is committed, in one packet. */
static bool
put_inform(struct leader *l, uint32_t slot, struct leader_item *item,
           struct leader_out *out)
{
    if (!put_transaction(l, slot, Q_INFORM, l->committed, item, out))
        return false;
    l->peer[slot].told = l->peer[slot].sent;
    return true;
}

/* The first behind the confirmation tells of it. */
static bool
put_ping(struct leader *l, uint32_t slot, mono_ms_t now,
         struct leader_item *item)
{
    struct leader_peer *p = &l->peer[slot];

    p->owes_ping = false;
    leader_pinged(p, now);
    put(item, Q_PING,
        l->state == LEADER_BROADCAST ? l->proposed : ZXID(l->epoch, 0));
    if (p->stage == PEER_UP_TO_DATE && l->identity.is_confirmed &&
        !p->knows_identity)
        leader_sign(l, slot, item);
    return true;
}

static bool
next_of_live(struct leader *l, uint32_t slot, mono_ms_t now,
             struct leader_item *item, struct leader_out *out)
{
    struct leader_peer *p = &l->peer[slot];

    if (p->owes_ping)
        return put_ping(l, slot, now, item);
    if (l->state != LEADER_BROADCAST)
        return false;
    if (p->stage == PEER_SEALED && p->told >= p->ready_at)
        return put_up_to_date(p, now, item);
    if (p->syncs.count > 0 && p->told >= p->syncs.at[p->syncs.first].behind)
        return put_sync(p, item);
    if (p->is_observer)
        return p->sent < l->committed && put_inform(l, slot, item, out);
    if (p->told < p->sent && live_after(l, p->told) <= l->committed) {
        p->told = live_after(l, p->told);
        return put(item, Q_COMMIT, p->told);
    }
    return put_proposal(l, slot, now, item, out);
}

bool
leader_next(struct leader *l, uint32_t slot, mono_ms_t now,
            struct leader_item *item, struct leader_out *out)
{
    struct leader_peer *p = &l->peer[slot];
    enum peer_stage before = p->stage;
    bool is_some;

    check(slot < LEADER_PEERS_MAX);
    if (p->stage == PEER_FREE || l->state == LEADER_OVER)
        return false;
    item->is_snapshot = false;
    is_some = p->stage >= PEER_SEALING ? next_of_live(l, slot, now, item, out)
                                       : next_of_start(l, slot, now, item, out);
    if (is_some && (before < PEER_SEALING || before != p->stage))
        p->heard = now; /* it took what we had: now it is its turn */
    return is_some;
}

void
leader_stirs(struct leader *l, uint32_t slot, mono_ms_t now)
{
    check(slot < LEADER_PEERS_MAX);
    l->peer[slot].heard = now;
}

void
leader_snapped(struct leader *l, uint32_t slot, zxid_t zxid)
{
    struct leader_peer *p = &l->peer[slot];

    check(slot < LEADER_PEERS_MAX);
    if (l->state == LEADER_OVER)
        return;
    check(p->stage == PEER_SYNCING && p->is_snapping);
    check(zxid <= leader_end(l));
    p->is_snapping = false;
    p->plan.zxid = zxid;
    p->sent = p->told = zxid;
    if (p->seal < zxid)
        p->seal = zxid;
}
