/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_master.c - an observer master: what a follower does for its observers.
 *
 *      observer --REQUEST, REVALIDATE--> us --as they are--> leader
 *      observer <---------INFORM-------- us <--what it commits--
 *      observer <----SYNC, REVALIDATE--- us <--in order, by session--
 *
 * Observers are a leader's business, so the leader core does it, begun in the
 * state of one that leads.  A write needs no memory here: it comes back as a
 * transaction to everybody.  A sync and a question for a session are kept
 * with those of our own clients, for the leader answers all of them in order;
 * their origin is the connection's slot and life, behind the client processes.
 * Sessions heard of go with our next PING.
 *
 * The replication process, following.
 * ZK: ObserverMaster (spec/quorum-protocol.md 8)
 */
#include "net/repl/repl_master.h"

#include <inttypes.h>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "net/repl/repl_lead.h"
#include "net/repl/repl_learn.h"
#include "net/zab/forward.h"

/* --- to the leader ------------------------------------------------------- */

/* What has to be remembered of it; false: nothing. */
static bool
is_kept(const struct lead_peer *p, const struct qpacket *packet,
        struct req *req)
{
    struct jute_in in = jute_in_bytes(packet->data);

    *req = (struct req){
        .size = sizeof *req,
        .kind = packet->type == Q_REVALIDATE ? REQ_SESSION_RESUME : REQ_SYNC,
        .life = p->life,
        .session = jute_get_i64(&in),
    };
    if (packet->type == Q_REVALIDATE)
        return true;
    req->xid = jute_get_i32(&in);
    req->op = jute_get_i32(&in);
    return req->op == ZK_OP_SYNC;
}

static bool
ask(struct lead_peer *p, const struct qpacket *packet)
{
    struct repl *r = p->lead->r;
    struct conn *leader = &r->learn->conn;
    struct req req;
    bool keeps;

    keeps = is_kept(p, packet, &req);
    if (conn_unsent(leader) > LEARN_UNSENT_MAX ||
        (keeps && !forward_has_room(r->forward, &req, false)) ||
        !qlink_put_packet(leader, packet))
        return false;
    if (keeps)
        forward_keep(r->forward, &req, CLIENTS_MAX + p->slot, req.session);
    return true;
}

/* --- and back ------------------------------------------------------------ */

/* The connection that asked; NULL: it is gone. */
static struct lead_peer *
peer_of(struct repl *r, const struct origin *o)
{
    struct lead_peer *p = &r->lead->peer[o->worker - CLIENTS_MAX];

    return p->is_used && p->life == o->life ? p : NULL;
}

/* What the leader has committed; the core then says it is. */
static void
tell_committed(struct repl_lead *l, mono_ms_t now)
{
    zxid_t zxid = l->r->known_committed;
    struct leader_out out;

    out.count = 0;
    if (zxid <= l->core.committed)
        return;
    leader_proposed(&l->core, zxid);
    leader_durable(&l->core, zxid, now, &out);
    lead_perform(l, &out);
}

void
repl_master_synced(struct repl *r, const struct origin *o)
{
    struct lead_peer *p = peer_of(r, o);

    if (!p)
        return;
    tell_committed(r->lead, clock_mono_ms());
    leader_answer_sync(&r->lead->core, p->slot);
}

void
repl_master_revalidated(struct repl *r, const struct origin *o,
                        const struct qpacket *packet)
{
    struct lead_peer *p = peer_of(r, o);

    if (p)
        qlink_put_packet(&p->conn, packet);
}

/* --- as long as we follow ------------------------------------------------ */

/* The core says what is committed: our leader did so before. */
static void
nothing_to_do(struct repl_lead *l, const struct leader_act *a)
{
    (void)l, (void)a;
}

static const struct lead_duty duty = {
    .name = "observer master",
    .ask = ask,
    .act = nothing_to_do,
};

static bool
is_on(const struct repl *r)
{
    return r->lead && r->lead->is_on && r->lead->duty == &duty;
}

void
repl_master_begin(struct repl *r, int64_t epoch)
{
    int32_t port = r->conf.observer_master_port;
    mono_ms_t now = clock_mono_ms();
    struct leader_conf conf;
    struct repl_lead *l;

    if (port == 0 || r->conf.is_observer)
        return;
    l = lead_open(r, &duty, port);
    l->alone = (struct quorum){.count = 1, .member = {{.sid = r->conf.my_sid}}};
    conf = lead_conf(l);
    conf.quorum = &l->alone;
    conf.accepted = conf.current = epoch;
    conf.identity = r->learn->core.conf.identity;
    conf.heard = l->core.accepted_max;
    conf.last = r->known_committed;
    leader_init_master(&l->core, &conf, &l->history, now);
    log_info("observer master: observers may come port=%" PRId32, port);
}

void
repl_master_identified(struct repl *r, const struct identity *id)
{
    struct leader_out out;

    out.count = 0;
    if (!is_on(r))
        return;
    leader_identified(&r->lead->core, id, &out);
    lead_perform(r->lead, &out);
}

void
repl_master_turn(struct repl *r, mono_ms_t now)
{
    if (!is_on(r))
        return;
    tell_committed(r->lead, now);
    lead_peers_resume(r->lead);
    lead_peers_pump(r->lead, now);
}

void
repl_master_end(struct repl *r)
{
    if (!is_on(r))
        return;
    lead_close(r->lead);
    forward_forget(r->forward, CLIENTS_MAX);
}
