/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn_ask.c - what a learner sends its leader: requests, sessions, pongs; as
 * net/repl/repl_learn_ask.c and repl_learn_touch.c.
 */
#include "tests/sim/learn.h"

#include "tests/sim/sim.h"
#include "tests/sim/wire.h"

enum { REQUEST_HEAD = 16 };

void
learn_send(struct server *s, const struct qpacket *p)
{
    struct msg *m = msg_take(MSG_PACKET);

    m->packet.packet = *p;
    if (p->data.size > 0) {
        uint8_t *copy = p->data.size <= (int32_t)sizeof m->packet.small
                            ? m->packet.small
                            : sim_memory((size_t)p->data.size);

        memcpy(copy, p->data.data, (size_t)p->data.size);
        m->packet.packet.data.data = copy;
    }
    wire_send(s->up, s->node, m);
}

void
learn_request(struct server *s, int32_t op, session_id_t session, int32_t xid,
              struct bytes body)
{
    uint8_t data[REQUEST_HEAD + MAXBUFFER];
    struct jute_out out = jute_out_of(data, sizeof data);
    struct qpacket p = {Q_REQUEST, -1, BYTES_NULL, BYTES_NULL};

    jute_put_i64(&out, session);
    jute_put_i32(&out, xid);
    jute_put_i32(&out, op);
    if (body.size > 0)
        jute_put_raw(&out, body.data, (size_t)body.size);
    check(!out.bad);
    p.data = (struct bytes){data, (int32_t)jute_out_size(&out)};
    learn_send(s, &p);
}

void
learn_revalidate(struct server *s, session_id_t session, int32_t timeout_ms)
{
    uint8_t data[12];
    struct jute_out out = jute_out_of(data, sizeof data);
    struct qpacket p = {Q_REVALIDATE, -1, {data, sizeof data}, BYTES_NULL};

    jute_put_i64(&out, session);
    jute_put_i32(&out, timeout_ms);
    learn_send(s, &p);
}

void
learn_touches(struct server *s, session_id_t session, int32_t timeout_ms)
{
    for (uint32_t i = 0; i < s->touched_count; i++)
        if (s->touched[i].session == session)
            return;
    if (s->touched_count == TOUCHED)
        return;
    s->touched[s->touched_count].session = session;
    s->touched[s->touched_count++].timeout_ms = timeout_ms;
}

/* All that are ours, though they may have said nothing since. */
static void
touch_all(struct server *s)
{
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        const struct attached *a = &s->client[i];

        if (a->conn && a->is_connected && !a->is_local)
            learn_touches(s, a->session, a->timeout_ms);
    }
}

void
learn_pong(struct server *s, const struct learner_act *a)
{
    uint8_t data[TOUCHED * QPACKET_TOUCH_BYTES];
    struct jute_out out = jute_out_of(data, sizeof data);
    struct qpacket p = {Q_PING, a->zxid, {data, 0}, BYTES_NULL};

    if (a->is_first)
        touch_all(s);
    for (uint32_t i = 0; a->tells && i < s->touched_count; i++) {
        jute_put_i64(&out, s->touched[i].session);
        jute_put_i32(&out, s->touched[i].timeout_ms);
    }
    if (a->tells)
        s->touched_count = 0;
    p.data = (struct bytes){data, (int32_t)jute_out_size(&out)};
    learn_send(s, &p);
}
