/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leader_hear.c - what a learner says to its leader, stage by stage; until it
 * is brought up that is leader_discover.c.
 *
 * Pure; part of the leader core.
 *
 * ZK: LearnerHandler.run (spec/quorum-protocol.md 5.3, 5.5, 14.1)
 */
#include "daemon/check.h"
#include "daemon/zk.h"
#include "net/zab/leader_part.h"

/* --- ACK ----------------------------------------------------------------- */

/* It acknowledged up to `acked`; how long has what is left been waiting? */
static void
settle_owing(struct leader_peer *peer, mono_ms_t now)
{
    if (peer->acked < peer->owing)
        return;
    peer->owing = peer->acked < peer->sent ? peer->sent : 0;
    peer->owing_since = now;
}

/*
 * An ACK of a live transaction that this learner was sent.  Those of the
 * history, repeated or unknown ones, and an observer's say nothing new.
 */
static bool
is_news(const struct leader *l, const struct leader_peer *peer, zxid_t zxid)
{
    return !peer->is_observer && zxid_epoch(zxid) == l->epoch &&
           zxid_counter(zxid) != 0 && zxid > peer->acked && zxid <= peer->sent;
}

static void
hear_ack(struct leader *l, struct leader_peer *peer, zxid_t zxid, mono_ms_t now,
         struct leader_out *out)
{
    if (!is_news(l, peer, zxid))
        return;
    peer->acked = zxid;
    settle_owing(peer, now);
    if (peer->vote && zxid > l->committed)
        leader_advance(l, now, out);
}

/* ZK: ObserverMaster.processAck, where it ends the connection, too. */
static bool
is_txn_acked_to_a_master(const struct leader *l, const struct qpacket *p)
{
    return l->is_master && p->type == Q_ACK && zxid_counter(p->zxid) != 0;
}

/*
 * Exactly epoch<<32 acknowledges NEW_LEADER.  The ACK of a transaction that
 * overtakes it is kept, and the real one awaited: trap 14.1.2.
 */
static void
hear_seal(struct leader *l, struct leader_peer *peer, zxid_t zxid,
          mono_ms_t now, struct leader_out *out)
{
    if (zxid != ZXID(l->epoch, 0)) {
        if (is_news(l, peer, zxid) && zxid > peer->early)
            peer->early = zxid;
        return;
    }
    peer->stage = PEER_SEALED;
    peer->acked = peer->early > peer->seal ? peer->early : peer->seal;
    peer->ready_at = leader_end(l);
    if (!peer->is_observer)
        settle_owing(peer, now);
    leader_advance(l, now, out);
    leader_confirm_identity(l, out);
}

/* --- in steady state ----------------------------------------------------- */

/* The last proposal there is, or 0 when this epoch has none yet. */
static zxid_t
last_proposal(const struct leader *l)
{
    return zxid_counter(l->proposed) ? l->proposed : 0;
}

/*
 * A sync is answered behind the commit of what is proposed now.  When there
 * is no room to remember it so, the last group waits a little longer instead.
 */
static void
remember_sync(struct leader *l, struct leader_peer *peer)
{
    zxid_t behind = last_proposal(l);
    uint32_t last = peer->syncs.first + peer->syncs.count - 1;
    uint32_t at = last % LEADER_SYNCS_MAX;

    if (peer->syncs.count == 0 || (peer->syncs.at[at].behind != behind &&
                                   peer->syncs.count < LEADER_SYNCS_MAX)) {
        at = (last + 1) % LEADER_SYNCS_MAX;
        peer->syncs.count++;
    }
    peer->syncs.at[at].behind = behind;
    peer->syncs.at[at].times++;
}

void
leader_answer_sync(struct leader *l, uint32_t slot)
{
    check(slot < LEADER_PEERS_MAX);
    check(l->is_master && l->peer[slot].stage == PEER_UP_TO_DATE);
    remember_sync(l, &l->peer[slot]);
}

static void
pass_on(enum leader_act_kind kind, uint32_t slot, const struct qpacket *p,
        struct leader_out *out)
{
    struct leader_act *a = leader_add(out, kind);

    a->slot = slot;
    a->packet = p;
}

static void
hear_request(struct leader *l, uint32_t slot, const struct qpacket *p,
             struct leader_out *out)
{
    struct jute_in in = jute_in_bytes(p->data);
    int32_t op;

    jute_get_i64(&in); /* session */
    jute_get_i32(&in); /* cxid */
    op = jute_get_i32(&in);
    if (in.bad)
        leader_drop(l, slot, "its REQUEST is cut short", out);
    else if (op == ZK_OP_SYNC && !l->is_master)
        remember_sync(l, &l->peer[slot]);
    else
        pass_on(LEADER_REQUEST, slot, p, out);
}

static void
hear_revalidate(struct leader *l, uint32_t slot, const struct qpacket *p,
                struct leader_out *out)
{
    enum { SESSION_AND_TIMEOUT = 8 + 4 };

    if (p->data.size < SESSION_AND_TIMEOUT)
        leader_drop(l, slot, "its REVALIDATE is cut short", out);
    else
        pass_on(LEADER_REVALIDATE, slot, p, out);
}

/* Null data is no session touched: trap 14.1.1. */
static void
hear_ping(struct leader *l, uint32_t slot, const struct qpacket *p,
          struct leader_out *out)
{
    leader_ponged(&l->peer[slot]);
    if (p->data.size > 0)
        pass_on(LEADER_TOUCH, slot, p, out);
}

static void
hear_following(struct leader *l, uint32_t slot, const struct qpacket *p,
               mono_ms_t now, struct leader_out *out)
{
    switch (p->type) {
    case Q_ACK:
        hear_ack(l, &l->peer[slot], p->zxid, now, out);
        break;
    case Q_PING:
        hear_ping(l, slot, p, out);
        break;
    case Q_REQUEST:
        hear_request(l, slot, p, out);
        break;
    case Q_REVALIDATE:
        hear_revalidate(l, slot, p, out);
        break;
    default:
        leader_drop(l, slot, "no learner says this in steady state", out);
    }
}

/* Those before NEW_LEADER are of the history: nothing to learn. */
static void
hear_ack_in_sync(struct leader *l, struct leader_peer *peer, zxid_t zxid,
                 mono_ms_t now, struct leader_out *out)
{
    if (peer->stage == PEER_SEALING)
        hear_seal(l, peer, zxid, now, out);
    else if (peer->stage == PEER_SEALED)
        hear_ack(l, peer, zxid, now, out);
}

/* It is brought up.  Its answer to a ping names no sessions yet. */
static void
hear_syncing(struct leader *l, uint32_t slot, const struct qpacket *p,
             mono_ms_t now, struct leader_out *out)
{
    struct leader_peer *peer = &l->peer[slot];

    if (p->type == Q_ACK)
        hear_ack_in_sync(l, peer, p->zxid, now, out);
    else if (p->type != Q_PING || peer->stage < PEER_SEALING)
        leader_drop(l, slot, "it does not wait to be brought up", out);
}

uint32_t
leader_data_max(const struct leader *l, uint32_t slot)
{
    check(slot < LEADER_PEERS_MAX);
    return l->peer[slot].stage < PEER_UP_TO_DATE ? QPACKET_WORD_MAX
                                                 : QPACKET_DATA_MAX;
}

static bool
is_known(int32_t type)
{
    return type >= Q_REQUEST && type <= Q_INFORM_ACTIVATE;
}

void
leader_hear(struct leader *l, uint32_t slot, const struct qpacket *p,
            mono_ms_t now, struct leader_out *out)
{
    struct leader_peer *peer = &l->peer[slot];

    check(slot < LEADER_PEERS_MAX);
    check(peer->stage != PEER_FREE);
    if (l->state == LEADER_OVER)
        return;
    peer->heard = now;
    if (peer->stage == PEER_NEW)
        leader_hear_info(l, slot, p, now, out);
    else if (!is_known(p->type))
        return;
    else if (is_txn_acked_to_a_master(l, p))
        leader_drop(l, slot, "an observer acknowledges no transaction", out);
    else if (peer->stage == PEER_PROMISED && p->type == Q_ACK_EPOCH)
        leader_hear_ack_epoch(l, slot, p, now, out);
    else if (peer->stage == PEER_UP_TO_DATE)
        hear_following(l, slot, p, now, out);
    else if (peer->stage >= PEER_SYNCING)
        hear_syncing(l, slot, p, now, out);
    else
        leader_drop(l, slot, "it speaks out of turn", out);
}
