/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leader_identity.c - which ensemble a term is of: see storage/log/identity.h.
 *
 *      ours, and of those who promised --fix--> of this term --confirm-->
 *
 * Paxos with epochs for ballots: a quorum's promises tell of every id that a
 * quorum took over before, and the latest is proposed again.  Beside Apache's
 * servers, which remember none, a quorum of promises may know nothing of an
 * id that was confirmed: so a confirmed one goes before all others, whenever
 * its server comes, and none is confirmed but by a quorum of zabds.
 *
 * Pure; part of the leader core.
 */
#include "daemon/check.h"
#include "net/zab/leader_part.h"

/*
 * Those who elected us connect within half a second.  An ensemble waits so
 * long once in its life; and not so long that its term, or the patience of
 * those who promised, ends before.
 */
enum { FRESH_MS = 1000 };

static int64_t
fresh_ms(const struct leader *l)
{
    int64_t most = leader_init_ms(l) / 2;

    return most < FRESH_MS ? most : FRESH_MS;
}

/* Voters connected that have come to `stage`, and can have an id. */
static quorum_set_t
zabds_at(const struct leader *l, enum peer_stage stage)
{
    quorum_set_t set = leader_self(l);

    for (uint32_t i = 0; i < l->peer_end; i++)
        if (l->peer[i].stage >= stage && (l->peer[i].flags & LEARNER_IDENTITY))
            set |= l->peer[i].vote;
    return set;
}

/* It is for good: whoever is of another one, taken in good faith, goes. */
static void
settle(struct leader *l, struct leader_out *out)
{
    for (uint32_t i = 0; i < l->peer_end; i++) {
        struct leader_peer *p = &l->peer[i];
        struct leader_act *a;

        if (p->stage < PEER_INFORMED ||
            !identity_is_foreign(&p->identity, &l->identity))
            continue;
        a = leader_add(out, LEADER_FOREIGN);
        a->slot = i;
        a->identity = p->identity;
        leader_drop(l, i, "it is of another ensemble", out);
    }
}

void
leader_learn_identity(struct leader *l, const struct leader_peer *peer,
                      struct leader_out *out)
{
    const struct identity *theirs = &peer->identity;

    if (l->is_master || !identity_beats(theirs, &l->identity))
        return;
    if (l->state > LEADER_EPOCH_ACKS && !theirs->is_confirmed)
        return; /* no quorum took that over: it gives way to ours */
    if (l->state > LEADER_EPOCH_ACKS && l->identity.is_confirmed)
        return; /* it is the same, and our disk is told once a term */
    l->identity = *theirs;
    settle(l, out);
    if (l->state <= LEADER_EPOCH_ACKS)
        return;
    l->identity.epoch = l->epoch;
    l->owes_identity = true;
    leader_keep_identity(l, out);
}

bool
leader_awaits_identity(const struct leader *l, mono_ms_t now)
{
    quorum_set_t heard = leader_self(l) | l->promised;

    for (uint32_t i = 0; i < l->peer_end; i++)
        if (l->peer[i].stage >= PEER_ACCEPTED)
            heard |= l->peer[i].vote;
    return l->identity.id == 0 && l->conf.fresh_id != 0 &&
           (quorum_all(l->conf.quorum) & ~heard) != 0 &&
           now - l->began < fresh_ms(l);
}

void
leader_fix_identity(struct leader *l)
{
    if (l->identity.id == 0)
        l->identity.id = l->conf.fresh_id;
    l->identity.epoch = l->epoch;
}

/* One order to our disk at a time: not before our epoch is stored. */
void
leader_keep_identity(struct leader *l, struct leader_out *out)
{
    if (!l->owes_identity || l->state < LEADER_SYNCHRONIZING ||
        l->state == LEADER_OVER)
        return;
    l->owes_identity = false;
    leader_add(out, LEADER_KEEP_IDENTITY)->identity = l->identity;
}

/* Ours was stored with the epoch, theirs before they acknowledged it. */
void
leader_confirm_identity(struct leader *l, struct leader_out *out)
{
    if (l->is_master || l->state != LEADER_BROADCAST || l->identity.id == 0 ||
        l->identity.is_confirmed ||
        !quorum_is_met(l->conf.quorum, zabds_at(l, PEER_SEALED)))
        return;
    l->identity.is_confirmed = l->owes_identity = true;
    settle(l, out);
    leader_keep_identity(l, out);
}

void
leader_identified(struct leader *l, const struct identity *id,
                  struct leader_out *out)
{
    check(l->is_master && id->is_confirmed);
    l->identity = *id;
    settle(l, out);
}

void
leader_sign(struct leader *l, uint32_t slot, struct leader_item *item)
{
    struct leader_peer *p = &l->peer[slot];
    struct jute_out data = jute_out_of(item->small, sizeof item->small);
    struct signature signature = {.identity = l->identity};

    check(slot < LEADER_PEERS_MAX);
    if (item->packet.type == Q_SNAP && (p->flags & LEARNER_COMMON))
        signature.common = p->plan.common;
    if (!(p->flags & LEARNER_IDENTITY) ||
        (l->identity.id == 0 && !signature.common))
        return;
    check(item->packet.data.size <= 0);
    signature_put(&data, &signature);
    check(!data.bad);
    item->packet.data =
        (struct bytes){item->small, (int32_t)jute_out_size(&data)};
    p->knows_identity = l->identity.is_confirmed;
}
