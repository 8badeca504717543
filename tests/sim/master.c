/* SPDX-License-Identifier: Apache-2.0 */
/*
 * master.c - a simulated follower that has observers for learners: as
 * net/repl/repl_master.c.
 *
 * What they ask goes on to the leader; its answers come back in the order of
 * all syncs that we sent, and by session.
 */
#include "tests/sim/lead.h"

#include "tests/sim/hold.h"
#include "tests/sim/learn.h"
#include "tests/sim/sim.h"
#include "tests/sim/wire.h"

void
master_begin(struct server *s, int64_t epoch)
{
    static struct quorum alone[SERVERS_MAX];
    struct leader_conf conf = lead_conf(s);

    alone[s->node] = (struct quorum){.count = 1, .member = {{.sid = s->sid}}};
    conf.quorum = &alone[s->node];
    conf.accepted = conf.current = epoch;
    conf.identity = s->learner.conf.identity;
    conf.last = last_of(s->log, s->committed);
    conf.heard = 0;
    memset(s->slot, 0, sizeof s->slot);
    s->asked_count = 0;
    leader_init_master(s->leader, &conf, lead_history(s), server_now(s));
    s->is_master = true;
}

void
master_commits(struct server *s, zxid_t zxid)
{
    struct leader_out out = {.count = 0};

    if (zxid <= s->leader->committed)
        return;
    leader_proposed(s->leader, zxid);
    leader_durable(s->leader, zxid, server_now(s), &out);
    lead_perform(s, &out);
    lead_pump(s);
}

static void
keep_sync(struct server *s, const struct leader_act *a)
{
    struct req about = {
        .kind = REQ_SYNC, .conn = s->slot[a->slot]->number, .op = ZK_OP_SYNC};

    hold_keep(s, &about, BYTES_NULL, NO_CLIENT, 0);
}

static void
forward_request(struct server *s, const struct leader_act *a)
{
    const struct bytes *data = &a->packet->data;

    check(data->size >= 16);
    if ((int32_t)load_be32(data->data + 12) == ZK_OP_SYNC)
        keep_sync(s, a);
    learn_send(s, a->packet);
}

static void
forward_revalidate(struct server *s, const struct leader_act *a)
{
    uint32_t i = s->asked_count++ % OPENINGS;

    s->asked[i].session = (session_id_t)load_be64(a->packet->data.data);
    s->asked[i].conn = s->slot[a->slot];
    learn_send(s, a->packet);
}

static void
touch(struct server *s, const struct qpacket *p)
{
    struct jute_in in = jute_in_of(p->data.data, (size_t)p->data.size);

    while (jute_in_left(&in) >= QPACKET_TOUCH_BYTES) {
        session_id_t session = jute_get_i64(&in);

        learn_touches(s, session, jute_get_i32(&in));
    }
}

void
master_asks(struct server *s, const struct leader_act *a)
{
    switch (a->kind) {
    case LEADER_REQUEST:
        forward_request(s, a);
        break;
    case LEADER_REVALIDATE:
        forward_revalidate(s, a);
        break;
    case LEADER_TOUCH:
        touch(s, a->packet);
        break;
    default:
        break; /* that something is committed is no news */
    }
}

void
master_synced(struct server *s, uint32_t conn)
{
    for (uint32_t i = 0; s->is_master && i < s->leader->peer_end; i++)
        if (s->slot[i] && s->slot[i]->number == conn) {
            leader_answer_sync(s->leader, i);
            lead_pump(s);
        }
}

bool
master_revalidated(struct server *s, const struct qpacket *p)
{
    session_id_t session = (session_id_t)load_be64(p->data.data);

    for (uint32_t i = 0; i < OPENINGS && i < s->asked_count; i++) {
        struct conn *c = s->asked[i].conn;
        struct msg *m;

        if (s->asked[i].session != session || !c)
            continue;
        s->asked[i].conn = NULL;
        m = msg_take(MSG_PACKET);
        memcpy(m->packet.small, p->data.data, (size_t)p->data.size);
        m->packet.packet = *p;
        m->packet.packet.data.data = m->packet.small;
        wire_send(c, s->node, m);
        return true;
    }
    return false;
}
