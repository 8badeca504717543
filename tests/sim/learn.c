/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn.c - drives learner.c for one simulated server: as
 * net/repl/repl_learn.c.
 */
#include "tests/sim/learn.h"

#include "tests/sim/attach.h"
#include "tests/sim/claims.h"
#include "tests/sim/data.h"
#include "tests/sim/disk.h"
#include "tests/sim/election.h"
#include "tests/sim/hold.h"
#include "tests/sim/lead.h"
#include "tests/sim/sim.h"
#include "tests/sim/wire.h"

enum { DIALS_MAX = 5, DIAL_AGAIN_MS = 100 };

/* --- what the core says -------------------------------------------------- */

static void
say(struct server *s, const struct qpacket *p)
{
    if (p->type == Q_ACK_EPOCH) {
        claim_epoch_promise(s, s->learner.epoch);
        if ((int32_t)load_be32(p->data.data) != -1)
            claim_promises_once(s, s->learner.epoch, s->leader_node);
        server_moment(s, MOMENT_SEND_ACK_EPOCH);
    }
    if (p->type == Q_ACK) {
        claim_seal_durable(s, zxid_epoch(p->zxid));
        server_moment(s, MOMENT_SEND_ACK);
    }
    learn_send(s, p);
}

static void
acknowledge(struct server *s, zxid_t from, zxid_t to)
{
    claim("ACK-DURABLE", !s->is_observer, "observer %d acknowledges %llx",
          s->node, (unsigned long long)to);
    for (zxid_t z = from; z <= to; z++) {
        struct qpacket p = {Q_ACK, z, BYTES_NULL, BYTES_NULL};

        claim_ack_durable(s, z);
        learn_send(s, &p);
    }
    server_moment(s, MOMENT_SEND_ACK);
}

static void
store(struct server *s, enum disk_kind kind, const struct learner_act *a)
{
    TRACE("server %d: stores %s %lld", s->node,
          kind == DISK_ACCEPTED ? "acceptedEpoch" : "currentEpoch",
          (long long)a->epoch);
    disk_order(s, (struct disk_op){.kind = kind,
                                   .epoch = a->epoch,
                                   .identity = a->identity});
    server_moment(s, kind == DISK_ACCEPTED ? MOMENT_STORE_ACCEPTED
                                           : MOMENT_STORE_CURRENT);
}

static void
keep_identity(struct server *s, const struct identity *id)
{
    struct leader_out out = {.count = 0};

    disk_order(s, (struct disk_op){.kind = DISK_IDENTITY, .identity = *id});
    if (!s->is_master)
        return;
    leader_identified(s->leader, id, &out);
    lead_perform(s, &out);
}

static void
serve(struct server *s)
{
    TRACE("server %d: serves, epoch %lld, last %llx", s->node,
          (long long)s->learner.epoch,
          (unsigned long long)last_of(s->log, s->count));
    claim_sync_equal(s, s->learner.epoch, s->up);
    s->snap_from = -1;
    s->is_serving = true;
    hold_serve(s, s->learner.epoch);
    election_established(s, s->learner.epoch);
    if (sim.plan.has_masters && !s->is_observer)
        master_begin(s, s->learner.epoch);
    server_moment(s, MOMENT_SERVE);
}

static void
revalidated(struct server *s, const struct qpacket *p)
{
    struct jute_in in = jute_in_of(p->data.data, (size_t)p->data.size);
    session_id_t session = jute_get_i64(&in);

    if (s->is_master && master_revalidated(s, p))
        return;
    attach_revalidated(s, session, jute_get_bool(&in));
}

static void
give_up(struct server *s, const char *why)
{
    claim("NONE-AHEAD", !s->learner.is_ahead,
          "server %d says that its leader, %d, lacks what was acknowledged",
          s->node, s->leader_node);
    if (s->learner.needs_snap)
        s->snap_from = s->leader_node;
    server_look(s, why);
}

static void
append(struct server *s, uint32_t id)
{
    data_append(s, id);
    hold_comes_back(s, id);
}

static void
commit(struct server *s, zxid_t zxid)
{
    data_commit(s, zxid);
    if (s->is_master)
        master_commits(s, zxid);
    server_moment(s, MOMENT_COMMIT);
}

static void
perform_one(struct server *s, const struct learner_act *a)
{
    switch (a->kind) {
    case LEARNER_SEND:
        say(s, &a->packet);
        break;
    case LEARNER_PONG:
        learn_pong(s, a);
        break;
    case LEARNER_VOUCHED:
        hold_vouched(s, a->when);
        break;
    case LEARNER_ACK:
        acknowledge(s, a->from, a->zxid);
        break;
    case LEARNER_STORE_ACCEPTED:
        store(s, DISK_ACCEPTED, a);
        break;
    case LEARNER_STORE_CURRENT:
        store(s, DISK_CURRENT, a);
        break;
    case LEARNER_KEEP_IDENTITY:
        keep_identity(s, &a->identity);
        break;
    case LEARNER_TRUNCATE:
        learn_cut(s, a->zxid);
        break;
    case LEARNER_TAKE_SNAP:
        learn_take_snap(s);
        break;
    case LEARNER_APPEND:
        append(s, txn_known(a->packet.data));
        break;
    case LEARNER_COMMIT:
        commit(s, a->zxid);
        break;
    case LEARNER_SERVE:
        serve(s);
        break;
    case LEARNER_SYNCED:
        attach_synced(s);
        break;
    case LEARNER_REVALIDATED:
        revalidated(s, &a->packet);
        break;
    case LEARNER_GIVE_UP:
        give_up(s, a->why);
        break;
    }
}

void
learn_perform(struct server *s, const struct learner_out *out)
{
    uint32_t term = s->term;

    for (uint32_t i = 0; i < out->count && s->term == term; i++)
        perform_one(s, &out->act[i]);
    if (s->term == term)
        learner_check(&s->learner);
    if (s->term == term && s->is_serving)
        attach_go_on(s);
}

/* --- the disk ------------------------------------------------------------ */

void
learn_stored(struct server *s)
{
    struct learner_out out = {.count = 0};

    learner_stored(&s->learner, server_now(s), &out);
    learn_perform(s, &out);
}

void
learn_durable(struct server *s)
{
    struct learner_out out = {.count = 0};
    zxid_t zxid = last_of(s->log, s->durable);

    if (!s->up || s->disk.orders > 0 || zxid <= s->learner.durable ||
        s->learner.state < LEARNER_SYNCING)
        return;
    learner_durable(&s->learner, zxid, &out);
    learn_perform(s, &out);
}

/* --- room ---------------------------------------------------------------- */

/* A transaction, or a word to one of our clients. */
static bool
goes_into_ring(const struct qpacket *p)
{
    return qpacket_txn(p).size >= 0 || p->type == Q_SYNC ||
           p->type == Q_REVALIDATE;
}

bool
learn_takes(const struct server *s, const struct msg *m)
{
    return m->kind != MSG_PACKET || !goes_into_ring(&m->packet.packet) ||
           data_has_room(s);
}

void
learn_resumes(struct server *s)
{
    const struct msg *m = s->up ? wire_next(s->up, s->node) : NULL;

    s->is_deaf = m && !learn_takes(s, m);
    if (m && !s->is_deaf)
        wire_go_on(s->up, s->node);
    else if (m && !learn_past_full(s))
        server_stalls(s);
}

/* --- events -------------------------------------------------------------- */

void
learn_begin(struct server *s, int leader)
{
    server_enter(s, ROLE_LEARN);
    s->leader_node = leader;
    s->dials = 0;
    s->touched_count = 0;
    s->learner.state = LEARNER_OVER;
    s->past = PAST_STAYS;
    learn_dial(s);
    sched_after(server_after(s, sim.plan.ping_ms / 2), EV_TICK, s->node,
                s->term, NULL);
}

static int
some_voter(void)
{
    int node;

    do
        node = (int)rng_below(&sim.rng, sim.servers);
    while (sim.server[node].is_observer ||
           (sim.is_quiet && (sim.plan.absent >> node & 1)));
    return node;
}

void
learn_dial(struct server *s)
{
    int to;

    if (s->dials++ == DIALS_MAX) {
        server_look(s, "the leader refuses connections");
        return;
    }
    to = s->leader_node;
    if (s->is_observer && sim.plan.has_masters && rng_percent(&sim.rng, 70))
        to = some_voter();
    s->up = wire_dial(s->node, to, PORT_QUORUM);
}

void
learn_end(struct server *s)
{
    hold_parts(s, s->learner.has_read);
    if (s->up)
        wire_close(s->up, s->node);
    s->up = NULL;
    s->learner.state = LEARNER_OVER;
    learn_past_end(s);
}

static void
connected(struct server *s)
{
    struct learner_out out = {.count = 0};
    struct learner_conf conf;

    if (s->snap_from != s->leader_node && !s->is_observer)
        s->snap_from = -1;
    conf = (struct learner_conf){
        .me = s->sid,
        .is_observer = s->is_observer,
        .accepted = s->accepted,
        .current = s->current,
        .identity = s->identity,
        .last = last_of(s->log, s->count),
        .committed = last_of(s->log, s->committed),
        .served = s->served_epoch,
        .wants_snap = s->snap_from != -1,
        .flags = (sim.plan.is_quick ? LEARNER_QUICK : 0) |
                 (s->is_plain ? 0 : LEARNER_IDENTITY | LEARNER_COMMON),
        .tick_ms = sim.plan.tick_ms,
        .init_ticks = sim.plan.init_ticks,
        .sync_ticks = sim.plan.sync_ticks,
        .silence_ms = sim.plan.silence_ms,
    };

    s->came = 0;
    s->came_at = server_now(s);
    learner_init(&s->learner, &conf, s->came_at, &out);
    learn_perform(s, &out);
}

static void
note_backlog(struct server *s)
{
    if (!s->up || wire_read_by(s->up, s->node) < s->came)
        return;
    learner_has_read(&s->learner, s->came_at);
    s->came = wire_sent_to(s->up, s->node);
    s->came_at = server_now(s);
}

void
learn_tick(struct server *s)
{
    struct learner_out out = {.count = 0};

    if (s->learner.state == LEARNER_OVER) {
        if (sim.now - s->elected_at > 2 * SEC)
            server_look(s, "the leader cannot be reached");
        return;
    }
    if (s->is_deaf || (s->up && s->up->is_paused[0]))
        learner_stirs(&s->learner, server_now(s));
    note_backlog(s);
    learner_tick(&s->learner, server_now(s), &out);
    learn_perform(s, &out);
    if (s->is_master)
        lead_tick(s);
}

static void
hear(struct server *s, const struct qpacket *p)
{
    struct learner_out out = {.count = 0};

    learner_hear(&s->learner, p, server_now(s), &out);
    learn_perform(s, &out);
}

void
learn_receives(struct server *s, struct conn *c, const struct msg *m)
{
    if (s->role != ROLE_LEARN || s->up != c) {
        wire_close(c, s->node);
        return;
    }
    switch (m->kind) {
    case MSG_UP:
        connected(s);
        break;
    case MSG_REFUSED:
        s->up = NULL;
        sched_after(server_after(s, DIAL_AGAIN_MS), EV_DIAL, s->node, s->term,
                    NULL);
        break;
    case MSG_END:
        s->up = NULL;
        server_look(s, "the leader is gone");
        break;
    case MSG_PACKET:
        hear(s, &m->packet.packet);
        break;
    case MSG_PIECE:
        learn_takes_piece(s, &m->piece);
        break;
    default:
        never("no leader sends this");
    }
}
