/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lead.c - drives leader.c for one simulated server: as net/repl/repl_lead.c.
 */
#include "tests/sim/lead.h"

#include "net/zab/forward.h"

#include "tests/sim/attach.h"
#include "tests/sim/claims.h"
#include "tests/sim/data.h"
#include "tests/sim/disk.h"
#include "tests/sim/election.h"
#include "tests/sim/hold.h"
#include "tests/sim/sim.h"
#include "tests/sim/wire.h"

/* --- what the core says -------------------------------------------------- */

static void
begin_leading(struct server *s, int64_t epoch)
{
    TRACE("server %d: leads epoch %lld", s->node, (long long)epoch);
    claim_established(s, epoch);
    data_commit(s, last_of(s->log, s->count));
    data_prepare_from(s, ZXID(epoch, 0));
    s->is_serving = true;
    hold_serve(s, epoch);
    election_established(s, epoch);
    server_moment(s, MOMENT_LEAD);
}

static void
on_commit(struct server *s, zxid_t zxid)
{
    if (zxid == 0)
        return;
    TRACE("server %d: commits %llx", s->node, (unsigned long long)zxid);
    claim_commit_quorum(s, zxid);
    data_commit(s, zxid);
    server_moment(s, MOMENT_COMMIT);
}

static void
store(struct server *s, enum disk_kind kind, const struct leader_act *a)
{
    int64_t epoch = a->epoch;

    TRACE("server %d: as leader stores %s %lld", s->node,
          kind == DISK_ACCEPTED ? "acceptedEpoch" : "currentEpoch",
          (long long)epoch);
    if (kind == DISK_CURRENT) {
        claim_leader_recent(s);
        claim_leader_unique(s, epoch);
    }
    disk_order(s, (struct disk_op){
                      .kind = kind, .epoch = epoch, .identity = a->identity});
    server_moment(s, kind == DISK_ACCEPTED ? MOMENT_STORE_ACCEPTED
                                           : MOMENT_STORE_CURRENT);
}

static void
close_slot(struct server *s, uint32_t slot)
{
    struct conn *c = s->slot[slot];

    s->slot[slot] = NULL;
    lead_late_forget(s, slot);
    if (c)
        wire_close(c, s->node);
}

void
lead_drop(struct server *s, uint32_t slot, const char *why)
{
    TRACE("server %d: drops slot %u: %s", s->node, slot, why);
    leader_leave(s->leader, slot, server_now(s));
    close_slot(s, slot);
}

/* A follower's observers: what only a leader does is its leader's business. */
static void
perform_as_master(struct server *s, const struct leader_act *a)
{
    if (a->kind == LEADER_GIVE_UP) {
        lead_end(s);
        s->is_master = false;
    } else {
        master_asks(s, a);
    }
}

static void
perform_one(struct server *s, const struct leader_act *a)
{
    if (s->is_master && a->kind != LEADER_CLOSE && a->kind != LEADER_FOREIGN &&
        a->kind != LEADER_TWIN) {
        perform_as_master(s, a);
        return;
    }
    switch (a->kind) {
    case LEADER_STORE_ACCEPTED:
        store(s, DISK_ACCEPTED, a);
        break;
    case LEADER_STORE_CURRENT:
        store(s, DISK_CURRENT, a);
        break;
    case LEADER_KEEP_IDENTITY:
        disk_order(s, (struct disk_op){.kind = DISK_IDENTITY,
                                       .identity = a->identity});
        break;
    case LEADER_FOREIGN:
        claim_are_foreign(s, 1u << s->slot[a->slot]->node[0]);
        break;
    case LEADER_TWIN:
        claim("NO-TWIN", false,
              "server %d keeps %d out, whose number is only "
              "its own",
              s->node, s->slot[a->slot]->node[0]);
        break;
    case LEADER_LEAD:
        begin_leading(s, a->epoch);
        break;
    case LEADER_COMMIT:
        on_commit(s, a->zxid);
        break;
    case LEADER_REQUEST:
    case LEADER_REVALIDATE:
        s->late[a->slot].is_waiting = !lead_answers(s, a->slot, a->packet);
        break;
    case LEADER_TOUCH:
        lead_on_touch(s, a->packet);
        break;
    case LEADER_CLOSE:
        TRACE("server %d: drops slot %u: %s", s->node, a->slot, a->why);
        close_slot(s, a->slot);
        break;
    case LEADER_GIVE_UP:
        server_look(s, a->why);
        break;
    }
}

void
lead_perform(struct server *s, const struct leader_out *out)
{
    uint32_t term = s->term;

    for (uint32_t i = 0; i < out->count && s->term == term; i++)
        perform_one(s, &out->act[i]);
    if (s->term == term && server_listens(s, PORT_QUORUM))
        leader_check(s->leader);
}

/* --- what goes out ------------------------------------------------------- */

void
lead_send(struct server *s, struct conn *c, struct leader_item *item)
{
    struct qpacket p = item->packet;
    struct msg *m = msg_take(MSG_PACKET);

    claim_sent_in_order(s, c, &p);
    if (p.data.data == item->small) {
        memcpy(m->packet.small, item->small, sizeof item->small);
        p.data.data = m->packet.small;
    }
    m->packet.packet = p;
    if (p.type == Q_NEW_LEADER)
        server_moment(s, MOMENT_SEND_NEW_LEADER);
    wire_send(c, s->node, m);
}

static bool
pump_one(struct server *s, uint32_t slot)
{
    struct leader_out out = {.count = 0};
    struct leader_item item;
    struct conn *c = s->slot[slot];
    bool is_some;

    if (!c || wire_under_way(c, s->node) >= sim.plan.window)
        return false;
    is_some = leader_next(s->leader, slot, server_now(s), &item, &out);
    if (is_some && item.is_snapshot)
        lead_snap(s, c);
    else if (is_some)
        lead_send(s, c, &item);
    lead_perform(s, &out);
    return is_some;
}

void
lead_pump(struct server *s)
{
    uint32_t term = s->term;

    for (uint32_t slot = 0; slot < LEADER_PEERS_MAX && s->term == term &&
                            slot < s->leader->peer_end;
         slot++)
        while (s->term == term && pump_one(s, slot))
            ;
}

/* --- events -------------------------------------------------------------- */

struct leader_conf
lead_conf(const struct server *s)
{
    return (struct leader_conf){
        .quorum = &sim.quorum,
        .me = s->sid,
        .accepted = s->accepted,
        .current = s->current,
        .identity = s->identity,
        .fresh_id = s->is_plain ? 0 : rng_next(&sim.rng) | 1,
        .heard = s->heard_accepted,
        .last = last_of(s->log, s->count),
        .tick_ms = sim.plan.tick_ms,
        .init_ticks = sim.plan.init_ticks,
        .sync_ticks = sim.plan.sync_ticks,
        .ping_ms = sim.plan.ping_ms,
        .silence_ms = sim.plan.silence_ms,
        .config = BYTES_NULL,
        .flags = (sim.plan.is_quick ? LEARNER_QUICK : 0) |
                 (s->is_plain ? 0 : LEARNER_IDENTITY | LEARNER_COMMON),
    };
}

void
lead_begin(struct server *s)
{
    struct leader_conf conf;
    struct leader_out out = {.count = 0};
    uint32_t term;

    server_enter(s, ROLE_LEAD);
    term = s->term;
    memset(s->slot, 0, sizeof s->slot);
    s->openings = 0;
    memset(s->opening, 0, sizeof s->opening);
    s->leader_node = s->node;
    s->snap_from = -1;
    conf = lead_conf(s);
    leader_init(s->leader, &conf, lead_history(s), server_now(s), &out);
    lead_perform(s, &out);
    if (s->term != term)
        return;
    lead_durable(s);
    if (s->term == term)
        sched_after(server_after(s, sim.plan.ping_ms / 2), EV_TICK, s->node,
                    s->term, NULL);
}

void
lead_end(struct server *s)
{
    if (s->role == ROLE_LEAD) {
        s->heard_accepted = s->leader->accepted_max;
        hold_parts(s, 0);
    } else {
        forward_forget(s->forward, NO_CLIENT);
    }
    for (uint32_t i = 0; i < s->leader->peer_end; i++)
        close_slot(s, i);
}

/* After any event: do what it led to, then send. */
static void
follow_up(struct server *s, const struct leader_out *out)
{
    uint32_t term = s->term;

    lead_perform(s, out);
    if (s->term != term)
        return;
    if (s->role == ROLE_LEAD && s->is_serving)
        hold_vouched(s, leader_vouched(s->leader));
    lead_pump(s);
    if (s->term == term)
        attach_go_on(s);
}

void
lead_stored(struct server *s)
{
    struct leader_out out = {.count = 0};

    leader_stored(s->leader, server_now(s), &out);
    follow_up(s, &out);
}

void
lead_durable(struct server *s)
{
    struct leader_out out = {.count = 0};
    zxid_t zxid = last_of(s->log, s->durable);

    if (zxid > s->leader->durable)
        leader_durable(s->leader, zxid, server_now(s), &out);
    follow_up(s, &out);
}

void
lead_resigns(struct server *s)
{
    struct leader_out out = {.count = 0};

    if (s->role != ROLE_LEAD || sim.plan.only_election || is_frozen(s))
        return;
    leader_resign(s->leader, "it was told to", &out);
    lead_perform(s, &out);
}

void
lead_tick(struct server *s)
{
    struct leader_out out = {.count = 0};
    uint32_t term = s->term;

    leader_tick(s->leader, server_now(s), &out);
    follow_up(s, &out);
    if (s->term != term || !s->is_serving || s->role != ROLE_LEAD)
        return;
    lead_expire(s);
    lead_pump(s);
}

static void
hello(struct server *s, struct conn *c)
{
    uint32_t slot = 0;

    while (slot < LEADER_PEERS_MAX && s->slot[slot])
        slot++;
    if (slot == LEADER_PEERS_MAX) {
        wire_close(c, s->node);
        return;
    }
    s->slot[slot] = c;
    c->slot = slot;
    leader_join(s->leader, slot, server_now(s));
}

void
lead_receives(struct server *s, struct conn *c, const struct msg *m)
{
    struct leader_out out = {.count = 0};
    uint32_t term = s->term;

    if (!server_listens(s, PORT_QUORUM) ||
        (m->kind != MSG_HELLO && s->slot[c->slot] != c)) {
        wire_close(c, s->node); /* it dialled a term that is over */
        return;
    }
    switch (m->kind) {
    case MSG_HELLO:
        hello(s, c);
        return;
    case MSG_END:
        s->slot[c->slot] = NULL;
        lead_late_forget(s, c->slot);
        leader_leave(s->leader, c->slot, server_now(s));
        break;
    case MSG_PACKET:
        if (m->packet.packet.type == Q_ACK && !c->is_up_to_date)
            c->ready_at = last_of(s->log, s->committed);
        lead_late_hears(s, c->slot, m);
        break;
    default:
        never("no learner sends this");
    }
    if (s->term == term)
        follow_up(s, &out);
}
