/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leader_discover.c - who comes to be a learner, and what it promises.
 *
 * Pure; part of the leader core.
 *
 * Zab: phase 1.  ZK: LearnerHandler.run, Leader.getEpochToPropose,
 *     waitForEpochAck (spec/quorum-protocol.md 4.3, 4.4)
 */
#include "election/twin.h"
#include "net/zab/leader_part.h"

enum { NO_EPOCH = -1 }; /* accepted by one that has no data: it may not vote */

/* --- FOLLOWER_INFO, OBSERVER_INFO ---------------------------------------- */

/* Read who it is into `info`: NULL, or why nobody like that is a learner. */
static const char *
read_info(const struct leader *l, const struct qpacket *p,
          struct learner_info *info)
{
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
    return NULL;
}

/*
 * Anybody may come as an observer, and stay.  If he took the last place there
 * is, a follower that lost its connection would not get another one.
 */
static bool
is_one_stranger_too_many(const struct leader *l, sid_t sid)
{
    uint32_t room = LEADER_PEERS_MAX - l->conf.quorum->count, strangers = 0;

    if (quorum_index(l->conf.quorum, sid) >= 0)
        return false;
    for (uint32_t i = 0; i < l->peer_end; i++) {
        const struct leader_peer *p = &l->peer[i];

        strangers += p->stage >= PEER_INFORMED &&
                     quorum_index(l->conf.quorum, p->sid) < 0;
    }
    return strangers >= room;
}

/*
 * Why a server of our ensemble, which accepted that epoch, cannot be our
 * learner, or NULL.
 *
 * ZK: takes any epoch, and begins the next one above it; its own servers have
 * none when their disk is empty and db.autocreate=false.  Ours: none that
 * cannot have been reached (EPOCH_LEAP_MAX).
 */
static const char *
refusal(const struct leader *l, const struct learner_info *info,
        int64_t accepted)
{
    if (info->config_version > l->conf.config_version)
        return "its configuration is newer than ours";
    if (accepted < NO_EPOCH || (accepted >= EPOCH_MAX && accepted != l->epoch))
        return "no epoch can follow the one that it accepted";
    if (accepted - l->accepted_max > EPOCH_LEAP_MAX)
        return "it accepted an epoch that cannot have been reached";
    return NULL;
}

/* The epoch of this term is fixed, and it promised a later one. */
static bool
has_promised_later(const struct leader *l, const struct leader_peer *peer)
{
    return l->state > LEADER_DISCOVERY && peer->accepted > l->epoch;
}

/*
 * A member that promised a later epoch, to a leader that never was one, can
 * be nobody's learner before the epoch is later still.
 *
 * ZK: it tries again for ever (14.5).  Ours: this term ends for it, once: the
 * next one begins above all that this one heard of.
 */
static void
leave_to_election(struct leader *l, uint32_t slot, struct leader_out *out)
{
    const struct leader_peer *peer = &l->peer[slot];

    leader_drop(l, slot,
                "it promised a later epoch: the next election takes it in",
                out);
    if (l->is_master || quorum_index(l->conf.quorum, peer->sid) < 0)
        return;
    l->accepted_max = peer->accepted;
    leader_resign(l, "a member promised a later epoch", out);
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
dismiss(struct leader *l, uint32_t slot, struct leader_out *out)
{
    struct leader_act *a = leader_add(out, LEADER_FOREIGN);

    a->slot = slot;
    a->identity = l->peer[slot].identity;
    l->peer[slot].stage = PEER_FOREIGN;
}

/* The learner that has the number of the one in `slot`, or NULL. */
static struct leader_peer *
first_of(struct leader *l, uint32_t slot)
{
    for (uint32_t i = 0; i < l->peer_end; i++)
        if (i != slot && l->peer[i].stage >= PEER_INFORMED &&
            l->peer[i].sid == l->peer[slot].sid)
            return &l->peer[i];
    return NULL;
}

static void
welcome(struct leader *l, struct leader_peer *peer, mono_ms_t now,
        struct leader_out *out)
{
    peer->stage = PEER_INFORMED;
    peer->vote = peer->is_observer ? 0 : quorum_bit(l->conf.quorum, peer->sid);
    l->accepted_max = max_of(l->accepted_max, peer->accepted);
    leader_advance(l, now, out);
}

/* Who it is has been said. */
static void
meet(struct leader *l, uint32_t slot, mono_ms_t now, struct leader_out *out)
{
    struct leader_peer *peer = &l->peer[slot];
    struct leader_peer *first = first_of(l, slot);

    if (identity_is_foreign(&peer->identity, &l->identity)) {
        dismiss(l, slot, out);
    } else if (first) {
        peer->stage = PEER_RIVAL;
        first->owes_ping = first->stage >= PEER_SEALING;
    } else if (is_one_stranger_too_many(l, peer->sid)) {
        leader_drop(l, slot,
                    "too many servers that are not in our configuration", out);
    } else if (has_promised_later(l, peer)) {
        leave_to_election(l, slot, out);
    } else {
        welcome(l, peer, now, out);
    }
}

void
leader_hear_info(struct leader *l, uint32_t slot, const struct qpacket *p,
                 mono_ms_t now, struct leader_out *out)
{
    struct leader_peer *peer = &l->peer[slot];
    struct learner_info info = {0};
    const char *why = read_info(l, p, &info);

    peer->accepted = zxid_epoch(p->zxid);
    peer->is_observer = p->type == Q_OBSERVER_INFO;
    introduce(l, peer, &info);
    if (!why && !identity_is_foreign(&info.identity, &l->identity))
        why = refusal(l, &info, peer->accepted);
    if (why)
        leader_drop(l, slot, why, out);
    else
        meet(l, slot, now, out);
}

/* --- two connections of one number --------------------------------------- */

static void
keep_out(struct leader *l, uint32_t slot, const struct leader_peer *first,
         struct leader_out *out)
{
    struct leader_act *a = leader_add(out, LEADER_TWIN);

    a->slot = slot;
    a->first = (uint32_t)(first - l->peer);
    if (l->peer[slot].is_zabd)
        l->peer[slot].stage = PEER_TAKEN;
    else
        leader_drop(l, slot, "its number is that of another learner", out);
}

/*
 * ZK: the newer connection wins.  Ours: of a server whose older one is lost.
 * That is so when it is silent; who has answered since is another server.
 */
void
leader_judge_rival(struct leader *l, uint32_t slot, mono_ms_t now,
                   struct leader_out *out)
{
    struct leader_peer *first = first_of(l, slot);
    mono_ms_t came = l->peer[slot].heard;

    if (first && first->vouched >= came) {
        keep_out(l, slot, first, out);
    } else if (!first || now - came >= TWIN_ANSWER_MS) {
        if (first)
            leader_drop(l, (uint32_t)(first - l->peer),
                        "its server is here on a newer connection", out);
        meet(l, slot, now, out);
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
 * -1 says that it had promised this epoch before, perhaps to another, or that
 * it may have lost what it acknowledged: that is no promise to us.  A promise
 * outlives its connection.  NULL, or why it cannot be our learner.
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

void
leader_hear_ack_epoch(struct leader *l, uint32_t slot, const struct qpacket *p,
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
        peer->accepted == l->epoch && is_spent(l))
        leader_give_up(l, "our epoch was promised to another already", out);
}
