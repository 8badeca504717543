/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leader_hear.c - what a learner says to its leader, stage by stage.
 *
 * Pure; part of the leader core.
 *
 * ZK: LearnerHandler.run (spec/quorum-protocol.md 4.3, 4.4, 5.3, 5.5, 14.1)
 */
#include "daemon/check.h"
#include "net/zab/leader_core.h"

enum { OP_SYNC = 9 }; /* spec 0.4 */

/* --- FOLLOWER_INFO, OBSERVER_INFO ---------------------------------------- */

static const char promised_later[] =
    "it promised a later epoch: the next election takes it in";

static const char of_another[] = "it is of another ensemble";

/*
 * Why this server cannot be our learner, or NULL.
 *
 * ZK: takes any epoch, and begins the next one above it.  Ours: none that
 * cannot have been reached (EPOCH_LEAP_MAX).
 */
static const char *
refusal(const struct leader *l, const struct qpacket *p,
        struct learner_info *info)
{
    int64_t accepted = zxid_epoch(p->zxid);

    if (p->type != Q_FOLLOWER_INFO && p->type != Q_OBSERVER_INFO)
        return "its first packet does not say who it is";
    if (l->is_master && p->type != Q_OBSERVER_INFO)
        return "a follower has observers for learners, nobody else";
    if (learner_info_get(p->data, info) < 0)
        return "its info is cut short";
    if (info->protocol < LEARNER_PROTOCOL)
        return "its protocol is older than 3.4";
    if (info->sid == l->conf.me)
        return "it has our own sid: one of the two myid files is wrong";
    if (identity_is_foreign(&info->identity, &l->identity))
        return of_another;
    if (info->config_version > l->conf.config_version)
        return "its configuration is newer than ours";
    if (accepted < 0 || (accepted >= EPOCH_MAX && accepted != l->epoch))
        return "no epoch can follow the one that it accepted";
    if (accepted - l->accepted_max > EPOCH_LEAP_MAX)
        return "it accepted an epoch that cannot have been reached";
    if (l->state > LEADER_DISCOVERY && accepted > l->epoch)
        return promised_later;
    return NULL;
}

/*
 * A member that promised a later epoch, to a leader that never was one, can
 * be nobody's learner before the epoch is later still.
 *
 * ZK: it tries again for ever (14.5).  Ours: this term ends for it, once: the
 * next one begins above all that this one heard of.
 */
static bool
needs_election(struct leader *l, const struct qpacket *p, sid_t sid)
{
    if (l->is_master || quorum_index(l->conf.quorum, sid) < 0)
        return false;
    l->accepted_max = zxid_epoch(p->zxid);
    return true;
}

/* Two connections of one server: the older one is what it lost. */
static void
drop_older(struct leader *l, sid_t sid, struct leader_out *out)
{
    for (uint32_t i = 0; i < l->peer_end; i++)
        if (l->peer[i].stage >= PEER_INFORMED && l->peer[i].sid == sid)
            leader_drop(l, i, "its server is here on a newer connection", out);
}

static void
introduce(const struct leader *l, struct leader_peer *peer,
          const struct learner_info *info)
{
    peer->sid = info->sid;
    peer->is_zabd = info->is_zabd;
    peer->flags = info->is_zabd ? info->flags & l->conf.flags : 0;
    peer->identity = info->identity;
}

/*
 * Its epochs and its history mean nothing here, and ours would destroy what
 * it has.  It learns that from our id.
 */
static void
dismiss(struct leader *l, uint32_t slot, const struct learner_info *info,
        struct leader_out *out)
{
    struct leader_act *a = leader_add(out, LEADER_FOREIGN);

    introduce(l, &l->peer[slot], info);
    l->peer[slot].stage = PEER_FOREIGN;
    a->slot = slot;
    a->identity = info->identity;
}

static void
welcome(struct leader *l, uint32_t slot, const struct learner_info *info,
        bool is_observer, struct leader_out *out)
{
    struct leader_peer *peer = &l->peer[slot];

    drop_older(l, info->sid, out);
    introduce(l, peer, info);
    peer->stage = PEER_INFORMED;
    peer->is_observer = is_observer;
    peer->vote = is_observer ? 0 : quorum_bit(l->conf.quorum, info->sid);
}

static void
hear_info(struct leader *l, uint32_t slot, const struct qpacket *p,
          mono_ms_t now, struct leader_out *out)
{
    struct learner_info info = {0};
    const char *why = refusal(l, p, &info);

    if (why == of_another) {
        dismiss(l, slot, &info, out);
    } else if (why) {
        leader_drop(l, slot, why, out);
        if (why == promised_later && needs_election(l, p, info.sid))
            leader_resign(l, "a member promised a later epoch", out);
    } else {
        welcome(l, slot, &info, p->type == Q_OBSERVER_INFO, out);
        l->accepted_max = max_of(l->accepted_max, zxid_epoch(p->zxid));
        leader_advance(l, now, out);
    }
}

/* --- ACK_EPOCH ----------------------------------------------------------- */

static bool
is_ahead(const struct leader *l, const struct leader_peer *peer)
{
    if (peer->current != l->conf.current)
        return peer->current > l->conf.current;
    return peer->last > l->conf.last;
}

/*
 * -1 says that it had promised this epoch before, perhaps to another: that is
 * no promise to us.  A promise outlives its connection.  NULL, or why it cannot
 * be our learner.
 */
static const char *
take_promise(struct leader *l, const struct leader_peer *peer)
{
    if (l->state != LEADER_EPOCH_ACKS || peer->current == -1)
        return NULL;
    if (is_ahead(l, peer))
        return "its history is ahead of ours";
    if (peer->last != -1)
        l->promised |= peer->vote;
    return NULL;
}

/*
 * Too many voters had promised our epoch before: of those who did so to us, and
 * those who are here and have not been asked or answered, none is a quorum.
 *
 * ZK: waits for others until initLimit.  Ours: the next term has another epoch,
 * so it is not waited for.
 */
static bool
is_spent(const struct leader *l)
{
    quorum_set_t set = leader_self(l) | l->promised;

    for (uint32_t i = 0; i < l->peer_end; i++)
        if (l->peer[i].stage == PEER_INFORMED ||
            l->peer[i].stage == PEER_PROMISED)
            set |= l->peer[i].vote;
    return !quorum_is_met(l->conf.quorum, set);
}

/* The learner stored our epoch. */
static void
hear_ack_epoch(struct leader *l, uint32_t slot, const struct qpacket *p,
               mono_ms_t now, struct leader_out *out)
{
    struct leader_peer *peer = &l->peer[slot];
    struct jute_in in = jute_in_bytes(p->data);
    const char *why;

    peer->current = jute_get_i32(&in);
    peer->last = p->zxid;
    why = in.bad || peer->current < -1 ? "its ACK_EPOCH names no epoch"
                                       : take_promise(l, peer);
    if (why) {
        leader_drop(l, slot, why, out);
        return;
    }
    peer->stage = PEER_ACCEPTED;
    leader_learn_identity(l, peer, out);
    leader_advance(l, now, out);
    if (l->state == LEADER_EPOCH_ACKS && peer->current == -1 && peer->vote &&
        is_spent(l))
        leader_give_up(l, "our epoch was promised to another already", out);
}

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
is_no_observers(const struct leader *l, const struct qpacket *p)
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
    else if (op == OP_SYNC && !l->is_master)
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

/* It is brought up; what it may say then. */
static void
hear_syncing(struct leader *l, uint32_t slot, const struct qpacket *p,
             mono_ms_t now, struct leader_out *out)
{
    struct leader_peer *peer = &l->peer[slot];

    if (p->type == Q_ACK && peer->stage == PEER_SEALING)
        hear_seal(l, peer, p->zxid, now, out);
    else if (p->type == Q_ACK && peer->stage == PEER_SEALED)
        hear_ack(l, peer, p->zxid, now, out);
    else if (p->type == Q_PING && peer->stage >= PEER_SEALING)
        return;                /* it has no sessions yet */
    else if (p->type != Q_ACK) /* of what it was sent: nothing to learn */
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
        hear_info(l, slot, p, now, out);
    else if (!is_known(p->type))
        return;
    else if (is_no_observers(l, p))
        leader_drop(l, slot, "an observer acknowledges no transaction", out);
    else if (peer->stage == PEER_PROMISED && p->type == Q_ACK_EPOCH)
        hear_ack_epoch(l, slot, p, now, out);
    else if (peer->stage == PEER_UP_TO_DATE)
        hear_following(l, slot, p, now, out);
    else if (peer->stage >= PEER_SYNCING)
        hear_syncing(l, slot, p, now, out);
    else
        leader_drop(l, slot, "it speaks out of turn", out);
}
