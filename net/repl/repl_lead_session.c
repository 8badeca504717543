/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_lead_session.c - what learners forward: requests, and their sessions.
 *
 * The replication process, leading.  A learner's client is judged by the ids
 * that travel with its request; the owner of its session is the learner's
 * connection.  Facts: spec/quorum-protocol.md 5.2, 7, 16.3, 16.4.
 */
#include "daemon/clock.h"
#include "net/repl/repl_lead.h"
#include "net/repl/repl_prepare.h"
#include "net/repl/repl_session.h"

static struct origin
origin_of(const struct lead_peer *p)
{
    return (struct origin){
        .worker = (uint16_t)(CLIENTS_MAX + p->slot),
        .life = p->life,
    };
}

static int32_t
timeout_in(struct bytes body)
{
    return body.size < 4 ? 0 : (int32_t)load_be32(body.data);
}

static bool
request(struct lead_peer *p, const struct qpacket *packet)
{
    struct jute_in in = jute_in_bytes(packet->data);
    struct prep_request q = {.origin = origin_of(p), .is_remote = true};
    struct repl *r = p->lead->r;
    int32_t err;

    q.session = jute_get_i64(&in);
    q.xid = jute_get_i32(&in);
    q.op = jute_get_i32(&in);
    q.body = (struct bytes){in.at, (int32_t)(in.end - in.at)};
    q.ids = packet->authinfo;
    p->lead->asked = p->slot;
    if (repl_prepare(r, &q, timeout_in(q.body), &err) == PREP_WAIT)
        return false;
    leader_proposed(&p->lead->core, r->last);
    return true;
}

/* False: the session opens, and is waited for as in repl_take.c. */
static bool
revalidate(struct lead_peer *p, const struct qpacket *packet)
{
    struct jute_in in = jute_in_bytes(packet->data);
    struct origin o = origin_of(p);
    uint8_t data[9];
    struct jute_out out = jute_out_of(data, sizeof data);
    session_id_t id = jute_get_i64(&in);
    int32_t timeout_ms = jute_get_i32(&in);
    enum zk_code err;

    if (prep_is_opening(&p->lead->r->prep, id))
        return false;
    err = repl_session_resume(p->lead->r, id, &o, timeout_ms);
    jute_put_i64(&out, id);
    jute_put_bool(&out, err == ZK_OK);
    qlink_put(&p->conn, Q_REVALIDATE, -1, (struct bytes){data, sizeof data},
              BYTES_NULL);
    return true;
}

bool
lead_answer(struct lead_peer *p, const struct qpacket *packet)
{
    if (packet->type == Q_REQUEST)
        return request(p, packet);
    return revalidate(p, packet);
}

void
lead_touch(struct lead_peer *p, const struct qpacket *packet)
{
    struct jute_in in = jute_in_bytes(packet->data);
    struct repl *r = p->lead->r;
    uint32_t now = shm_heard_at(clock_mono_ms());

    while (jute_in_left(&in) >= QPACKET_TOUCH_BYTES) {
        struct session *s = session_find(r->sessions, jute_get_i64(&in));
        int32_t timeout_ms = jute_get_i32(&in);

        if (!s)
            continue;
        r->heard_remote[session_slot(r->sessions, s)] = now;
        if (timeout_ms > 0)
            s->timeout_ms = timeout_ms;
    }
}
