/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_leader.c - any learners, and a shell that keeps its part of the
 * contract, against the leader core.
 *
 * Events are one byte each and what they need; numbers are named by their
 * place in the leader's history, so that a few bytes lead into every state.
 * Beside leader_check: one term stores one epoch, commits grow and never
 * pass what was proposed, and what one learner is sent has an order.
 */
#include "tests/fuzz/fuzz.h"

#include "tests/unit/leader_given.h"

enum { SLOTS = 4, PAST_ROOM = PAST_MAX - 1 };

/* Slots are of these servers, mostly. */
static const sid_t sids[SLOTS] = {2, 3, 9, 77};

struct shell {
    struct jute_in in; /* what learners and disk do next */
    bool owes_epoch, leads, is_over;
    bool has_kept; /* the ensemble's id, once it did not wait for the epoch */
    zxid_t committed;
    struct {
        zxid_t proposed, told; /* by PROPOSAL or INFORM; by COMMIT */
        bool is_sealed, is_up_to_date;
    } at[SLOTS];
};

/* --- what the core asks for ---------------------------------------------- */

static void
on_act(struct shell *s, const struct leader_act *a)
{
    check(!s->is_over);
    switch (a->kind) {
    case LEADER_STORE_ACCEPTED:
    case LEADER_STORE_CURRENT:
        check(!s->owes_epoch && a->epoch == leader.epoch);
        s->owes_epoch = true;
        break;
    case LEADER_KEEP_IDENTITY:
        check(!s->owes_epoch && !s->has_kept);
        check(a->identity.id != 0 && a->identity.is_confirmed);
        s->has_kept = true;
        break;
    case LEADER_FOREIGN:
        check(identity_is_foreign(&a->identity, &leader.identity));
        check(leader.peer[a->slot].stage == PEER_FOREIGN ||
              leader.peer[a->slot].stage == PEER_FREE);
        break;
    case LEADER_TWIN:
        check(leader.peer[a->first].stage >= PEER_INFORMED);
        check(leader.peer[a->slot].stage == PEER_TAKEN ||
              leader.peer[a->slot].stage == PEER_FREE);
        break;
    case LEADER_LEAD:
        check(!s->leads);
        s->leads = true;
        break;
    case LEADER_COMMIT:
        check(a->zxid >= s->committed);
        check(!s->leads || a->zxid <= leader.proposed);
        s->committed = a->zxid;
        break;
    case LEADER_REQUEST:
    case LEADER_REVALIDATE:
    case LEADER_TOUCH:
        check(a->slot < SLOTS && s->at[a->slot].is_up_to_date);
        break;
    case LEADER_CLOSE:
        check(a->slot < SLOTS && a->why != NULL);
        check(leader.peer[a->slot].stage == PEER_FREE);
        break;
    case LEADER_GIVE_UP:
        check(a->why != NULL);
        s->is_over = true;
        break;
    }
}

static void
obey(struct shell *s)
{
    for (uint32_t i = 0; i < last.count; i++)
        on_act(s, &last.act[i]);
    last.count = 0;
    leader_check(&leader);
}

/* --- what a learner is sent ---------------------------------------------- */

static void
is_sent(struct shell *s, uint32_t slot, const struct qpacket *p)
{
    zxid_t proposed = s->at[slot].proposed;

    switch (p->type) {
    case Q_PROPOSAL:
    case Q_INFORM:
        check(p->zxid > proposed && p->data.size > 0);
        check(p->type == Q_PROPOSAL || p->zxid <= s->committed);
        check(s->at[slot].is_sealed || s->at[slot].told == proposed);
        s->at[slot].proposed = p->zxid;
        if (p->type == Q_INFORM)
            s->at[slot].told = p->zxid;
        break;
    case Q_COMMIT:
        check(p->zxid > s->at[slot].told && p->zxid <= proposed);
        check(!s->at[slot].is_sealed || p->zxid <= s->committed);
        s->at[slot].told = p->zxid;
        break;
    case Q_NEW_LEADER:
        check(!s->at[slot].is_sealed && s->at[slot].told == proposed);
        s->at[slot].is_sealed = true;
        break;
    case Q_UP_TO_DATE:
        check(s->at[slot].is_sealed && !s->at[slot].is_up_to_date && s->leads);
        s->at[slot].is_up_to_date = true;
        break;
    default:
        check(p->type == Q_LEADER_INFO || p->type == Q_DIFF ||
              p->type == Q_TRUNC || p->type == Q_PING || p->type == Q_SYNC);
    }
}

static void
pull(struct shell *s, uint32_t slot)
{
    const struct leader_peer *p = &leader.peer[slot];

    if (p->stage == PEER_FREE)
        return;
    if (p->stage == PEER_SYNCING && p->is_snapping && fuzz_byte(&s->in) % 2) {
        zxid_t end = s->leads ? leader.committed : leader.conf.last;

        leader_snapped(&leader, slot, end);
        s->at[slot].proposed = s->at[slot].told = end;
    } else if (leader_next(&leader, slot, now, &item, &last) &&
               !item.is_snapshot) {
        is_sent(s, slot, &item.packet);
    }
}

/* --- what happens to it -------------------------------------------------- */

static zxid_t
some_zxid(struct shell *s, uint32_t slot)
{
    const struct leader_peer *p = &leader.peer[slot];
    uint8_t n = fuzz_byte(&s->in);

    switch (n % 8) {
    case 0:
        return ZXID(leader.epoch, 0);
    case 1:
        return p->sent;
    case 2:
        return p->sent - n / 8;
    case 3:
        return leader.conf.last - n / 8;
    case 4:
        return ZXID(n / 8, 0);
    case 5:
        return ZXID(3, n / 8);
    case 6:
        return p->acked + (p->acked < INT64_MAX ? 1 : 0);
    default:
        return jute_get_i64(&s->in);
    }
}

static void
hear_anything(struct shell *s, uint32_t slot)
{
    int32_t type = fuzz_byte(&s->in) % 21;
    zxid_t zxid = some_zxid(s, slot);
    struct bytes data = fuzz_some(&s->in, 32);

    if (leader.peer[slot].stage != PEER_FREE)
        hears(slot, type, zxid, data);
}

static void
come(struct shell *s, uint32_t slot)
{
    uint8_t who = fuzz_byte(&s->in);
    struct learner_info info = {.sid = sids[who % SLOTS],
                                .protocol = LEARNER_PROTOCOL,
                                .is_zabd = who & 4,
                                .flags = who / 8,
                                .identity = {.id = 1 + who % 3,
                                             .epoch = who % 5,
                                             .is_confirmed = who & 64}};

    if (leader.peer[slot].stage != PEER_FREE)
        return;
    memset(&s->at[slot], 0, sizeof s->at[slot]);
    joins(slot);
    if (who & 128)
        hears_info(slot, info.sid == 9 ? Q_OBSERVER_INFO : Q_FOLLOWER_INFO,
                   EPOCH(who / 8 % 6), &info);
}

/* It plays by the rules: ACK_EPOCH with a history that may be. */
static void
promise(struct shell *s, uint32_t slot)
{
    uint8_t epoch[4] = {0, 0, 0, fuzz_byte(&s->in) % 6};
    zxid_t zxid = some_zxid(s, slot);

    if (leader.peer[slot].stage == PEER_PROMISED)
        hears(slot, Q_ACK_EPOCH, zxid, fuzz_bytes(epoch, 4));
}

static void
log_moves(struct shell *s)
{
    zxid_t end = leader.conf.last;

    if (s->leads && zxid_counter(leader.proposed) != 0)
        end = leader.proposed;
    if (end > leader.durable && !s->is_over)
        leader_durable(&leader, end, now, &last);
}

static void
propose(struct shell *s)
{
    zxid_t zxid = leader.proposed + 1;

    if (!s->leads || s->is_over || past.count >= PAST_ROOM)
        return;
    has_logged(zxid);
    leader_proposed(&leader, zxid);
}

static void
stored_if_owed(struct shell *s)
{
    if (!s->owes_epoch)
        return;
    s->owes_epoch = false;
    leader_stored(&leader, now, &last);
}

static void
step(struct shell *s)
{
    uint8_t event = fuzz_byte(&s->in);
    uint32_t slot = event / 16 % SLOTS;

    last.count = 0;
    switch (event % 16) {
    case 0:
        come(s, slot);
        break;
    case 1:
        promise(s, slot);
        break;
    case 2:
        stored_if_owed(s);
        break;
    case 3:
        log_moves(s);
        break;
    case 4:
        propose(s);
        break;
    case 5:
        now += fuzz_byte(&s->in) * 16;
        leader_tick(&leader, now, &last);
        break;
    case 6:
        if (leader.peer[slot].stage != PEER_FREE)
            leader_leave(&leader, slot, now);
        break;
    case 7:
    case 8:
    case 9:
        hear_anything(s, slot);
        break;
    default:
        pull(s, slot);
    }
    obey(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct shell s = {.in = jute_in_of(data, size)};
    struct leader_conf conf;
    uint8_t how = fuzz_byte(&s.in);

    has_past();
    past.must_snap = how & 1;
    conf = usual();
    if (how & 2)
        conf.identity = (struct identity){2, 3, how & 4};
    if (how & 8) {
        conf.flags |= LEARNER_IDENTITY;
        conf.fresh_id = 9;
    }
    begins(&conf);
    obey(&s);
    while (jute_in_left(&s.in) > 0 && !s.in.bad)
        step(&s);
    return 0;
}
