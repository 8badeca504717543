/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lead_ask.c - what a leader is asked: requests, sessions, touches.
 */
#include "tests/sim/lead.h"

#include "tests/sim/claims.h"
#include "tests/sim/data.h"
#include "tests/sim/hold.h"
#include "tests/sim/local.h"
#include "tests/sim/sim.h"
#include "tests/sim/wire.h"

/* --- what learners ask --------------------------------------------------- */

static struct origin
origin_of(const struct server *s, uint32_t slot)
{
    return (struct origin){.worker = (uint16_t)slot,
                           .life = s->slot[slot]->number};
}

struct origin
lead_own_origin(const struct attached *a)
{
    return (struct origin){.worker = OWN_CLIENTS, .life = a->conn->number};
}

/* Who asked for a session that is being opened. */
static void
remember_owner(struct server *s, session_id_t session, const struct origin *o)
{
    s->opening[s->openings % OPENINGS].session = session;
    s->opening[s->openings++ % OPENINGS].origin = *o;
}

void
lead_owns(struct server *s, struct session *opened)
{
    for (uint32_t i = 0; i < OPENINGS; i++)
        if (s->opening[i].session == opened->id) {
            opened->worker = s->opening[i].origin.worker;
            opened->life = s->opening[i].origin.life;
            opened->conn = 0;
        }
    expiry_touch(&s->expiry, opened, server_now(s));
}

static void
propose(struct server *s, struct bytes bytes, uint32_t asker)
{
    uint32_t id = txn_new(bytes);

    claim_proposes(s, id);
    data_append(s, id);
    s->asker[s->count - 1] = asker;
    hold_note(s, id);
    leader_proposed(s->leader, zxid_of(id));
    server_moment(s, MOMENT_PROPOSE);
}

/* Then a new term brings another epoch. */
static bool
is_worn(struct server *s)
{
    s->is_worn = sim.plan.zxids && zxid_counter(s->zxid) >= sim.plan.zxids;
    return s->is_worn;
}

enum asked
lead_request(struct server *s, const struct origin *origin, int32_t op,
             session_id_t session, int32_t xid, struct bytes body)
{
    struct prep_need need = prep_need(&s->prep, op, body.size);
    struct prep_request r = {
        .op = op,
        .xid = xid,
        .session = session,
        .origin = *origin,
        .body = body,
        .ids = BYTES_NULL,
        .now = s->wall + sim.now / 1000,
        .is_remote = origin->worker < OWN_CLIENTS,
        .is_local =
            origin->worker == OWN_CLIENTS && local_of(s, session) != NULL,
    };
    struct prep_result result = {0};
    enum prep_verdict verdict;

    if (op == ZK_OP_CREATE_SESSION)
        remember_owner(s, session, origin);
    do {
        uint8_t *buffer = sim.memory + sim.used;

        if (sim.used + need.payload > RUN_BYTES)
            sim_full();
        if (!data_has_room(s) || is_worn(s))
            return ASK_WAITS;
        r.zxid = s->zxid + 1;
        verdict = prep_step(&s->prep, &r, buffer, need.payload, &result);
        if (verdict != PREP_TXN)
            return verdict == PREP_WAIT ? ASK_WAITS : ASK_DROPS;
        s->zxid = r.zxid;
        sim_memory(result.size);
        propose(s, (struct bytes){buffer, (int32_t)result.size},
                origin->worker == OWN_CLIENTS ? origin->life : 0);
    } while (result.is_partial);
    return ASK_DONE;
}

static bool
on_request(struct server *s, uint32_t slot, const struct qpacket *p)
{
    struct jute_in in = jute_in_of(p->data.data, (size_t)p->data.size);
    struct origin o = origin_of(s, slot);
    session_id_t session = jute_get_i64(&in);
    int32_t xid = jute_get_i32(&in), op = jute_get_i32(&in);
    struct bytes body = {in.at, (int32_t)jute_in_left(&in)};

    check(!in.bad);
    TRACE("server %d: request %d of session %llx xid %d from slot %u", s->node,
          op, (unsigned long long)session, xid, slot);
    return lead_request(s, &o, op, session, xid, body) != ASK_WAITS;
}

bool
lead_revalidates(struct server *s, session_id_t session, int32_t timeout_ms,
                 const struct origin *origin)
{
    struct session *at = session_find(s->sessions, session);

    if (!at || !at->is_alive || at->is_closing)
        return false;
    at->worker = origin->worker;
    at->life = origin->life;
    at->conn = 0;
    at->has_left = origin->worker < OWN_CLIENTS;
    at->timeout_ms = timeout_ms;
    expiry_touch(&s->expiry, at, server_now(s));
    return true;
}

static bool
on_revalidate(struct server *s, uint32_t slot, const struct qpacket *p)
{
    struct jute_in in = jute_in_of(p->data.data, (size_t)p->data.size);
    struct origin o = origin_of(s, slot);
    session_id_t session = jute_get_i64(&in);
    int32_t timeout_ms = jute_get_i32(&in);
    struct jute_out out;
    struct msg *m;

    if (prep_is_opening(&s->prep, session))
        return false;
    m = msg_take(MSG_PACKET);
    out = jute_out_of(m->packet.small, 9);
    jute_put_i64(&out, session);
    jute_put_bool(&out, lead_revalidates(s, session, timeout_ms, &o));
    m->packet.packet =
        (struct qpacket){Q_REVALIDATE, -1, {m->packet.small, 9}, BYTES_NULL};
    wire_send(s->slot[slot], s->node, m);
    return true;
}

bool
lead_answers(struct server *s, uint32_t slot, const struct qpacket *p)
{
    return p->type == Q_REQUEST ? on_request(s, slot, p)
                                : on_revalidate(s, slot, p);
}

void
lead_touches(struct server *s, session_id_t session)
{
    struct session *at = session_find(s->sessions, session);

    if (at && at->is_alive && !at->is_closing)
        expiry_touch(&s->expiry, at, server_now(s));
}

void
lead_on_touch(struct server *s, const struct qpacket *p)
{
    struct jute_in in = jute_in_of(p->data.data, (size_t)p->data.size);

    while (jute_in_left(&in) >= QPACKET_TOUCH_BYTES) {
        session_id_t session = jute_get_i64(&in);

        int32_t timeout_ms = jute_get_i32(&in);
        struct session *at = session_find(s->sessions, session);

        if (at)
            at->timeout_ms = timeout_ms;
        lead_touches(s, session);
    }
}

/* Nobody is asked again: touches go into the wheel as they come. */
static mono_ms_t
heard(void *arg, uint32_t slot, mono_ms_t now)
{
    (void)arg, (void)slot, (void)now;
    return 0;
}

void
lead_expire(struct server *s)
{
    struct origin nobody = {.worker = RING_NOBODY};
    struct session *gone;

    while ((gone = expiry_next(&s->expiry, server_now(s), heard, s)) != NULL) {
        TRACE("server %d: session %llx expires", s->node,
              (unsigned long long)gone->id);
        if (lead_request(s, &nobody, ZK_OP_CLOSE_SESSION, gone->id, 0,
                         BYTES_NULL) == ASK_WAITS) {
            expiry_touch(&s->expiry, gone, server_now(s) - gone->timeout_ms);
            server_stalls(s);
            return; /* the next tick finds it again */
        }
    }
}
