/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach_session.c - sessions of the clients that are connected to a server:
 * opened, given back, and what is asked again of another leader.
 */
#include "tests/sim/attach.h"

#include "net/zab/forward.h"

#include "tests/sim/data.h"
#include "tests/sim/hold.h"
#include "tests/sim/lead.h"
#include "tests/sim/learn.h"
#include "tests/sim/local.h"
#include "tests/sim/op.h"
#include "tests/sim/sim.h"
#include "tests/sim/wire.h"

enum { RESUME_XID = -1 };

void
attach_connected(struct server *s, struct attached *a)
{
    struct session *own = session_find(s->sessions, a->session);

    a->is_opening = false;
    a->is_connected = true;
    if (own) {
        own->has_left = 0;
        attach_touches(s, a);
    }
    attach_answer(
        s, a,
        (struct msg_answer){.kind = ANSWER_CONNECTED, .session = a->session});
}

static void
resumed(struct server *s, struct attached *a, bool is_valid)
{
    bool is_there = session_find(s->sessions, a->session) != NULL;

    a->is_opening = false;
    if (is_valid &&
        (!is_there || lease_is_late(server_now(s) - a->asked, a->timeout_ms))) {
        attach_drop(s, a);
        return;
    }
    if (is_valid) {
        attach_connected(s, a);
        return;
    }
    attach_answer(s, a, (struct msg_answer){.kind = ANSWER_EXPIRED});
    attach_drop(s, a);
}

void
attach_revalidated(struct server *s, session_id_t session, bool is_valid)
{
    struct origin o;

    if (forward_take_session(s->forward, session, is_valid, &o))
        attach_resumed(s, &o, is_valid);
}

void
attach_resumed(struct server *s, const struct origin *o, bool is_valid)
{
    struct attached *a = attach_asker(s, o);

    if (a && a->is_opening)
        resumed(s, a, is_valid);
}

session_id_t
attach_session_id(struct server *s)
{
    return s->sid << 56 | (session_id_t)s->life << 32 | ++s->next_session;
}

/* False, as of all these: not now. */
static bool
open_session(struct server *s, struct attached *a, uint32_t client)
{
    uint8_t body[4];
    struct bytes b = {body, sizeof body};
    struct origin own = lead_own_origin(a);
    struct req about = {.kind = REQ_SESSION_OPEN,
                        .conn = a->conn->number,
                        .op = ZK_OP_CREATE_SESSION};

    a->session = attach_session_id(s);
    store_be32(body, (uint32_t)a->timeout_ms);
    if (s->role == ROLE_LEAD)
        return lead_request(s, &own, ZK_OP_CREATE_SESSION, a->session, 0, b) !=
               ASK_WAITS;
    learn_request(s, ZK_OP_CREATE_SESSION, a->session, 0, b);
    hold_keep(s, &about, BYTES_NULL, client, a->session);
    return true;
}

static bool
resume_session(struct server *s, struct attached *a, uint32_t client)
{
    struct origin own = lead_own_origin(a);
    struct req about = {.kind = REQ_SESSION_RESUME,
                        .conn = a->conn->number,
                        .session = a->session};

    if (s->role == ROLE_LEAD &&
        (prep_is_opening(&s->prep, a->session) || !data_has_room(s)))
        return false;
    if (s->role == ROLE_LEAD) {
        resumed(s, a, lead_revalidates(s, a->session, a->timeout_ms, &own));
        return true;
    }
    learn_revalidate(s, a->session, a->timeout_ms);
    learn_request(s, ZK_OP_SYNC, a->session, RESUME_XID, BYTES_NULL);
    hold_keep(s, &about, BYTES_NULL, client, a->session);
    return true;
}

/* Local sessions first, then the role's. */
static bool
begins(struct server *s, struct attached *a, uint32_t client)
{
    struct session *own = local_of(s, a->session);

    if (own && own->is_closing)
        return false; /* its client would not know which it is */
    if (own) {
        local_comes_back(s, a, own);
        return true;
    }
    if (a->session != 0)
        return resume_session(s, a, client);
    if (!sim.plan.local_sessions)
        return open_session(s, a, client);
    local_opens(s, a);
    return true;
}

/* It would be let go at once; but it was heard of. */
static bool
is_unheard(struct server *s, const struct attached *a)
{
    bool may_be_local =
        local_of(s, a->session) || (a->session == 0 && sim.plan.local_sessions);

    if (may_be_local || !attach_lease_is_over(s, a->timeout_ms))
        return false;
    if (a->session != 0)
        attach_touches(s, a);
    return true;
}

/* A client that has seen more than we have comes to the wrong server. */
void
attach_connect(struct server *s, struct attached *a, const struct msg_ask *ask)
{
    uint32_t client = (uint32_t)(a - s->client);

    if (s->service == SERVICE_NONE || ask->seen > attach_applied_zxid(s) ||
        a->is_opening || a->is_connected) {
        attach_drop(s, a);
        return;
    }
    a->is_waiting = s->service != SERVICE_OPEN;
    if (a->is_waiting) {
        a->waiting = *ask;
        return;
    }
    a->timeout_ms = ask->timeout_ms;
    a->session = ask->session;
    if (is_unheard(s, a)) {
        attach_drop(s, a);
        return;
    }
    a->is_opening = true;
    a->asked = server_now(s);
    if (begins(s, a, client))
        return;
    a->is_opening = false;
    a->is_waiting = true;
    a->waiting = *ask;
    server_stalls(s);
}

/* --- once more ----------------------------------------------------------- */

/* Whoever asked may be gone: that is no reason not to ask. */
static bool
write_again(struct server *s, const struct req *req, const struct origin *o)
{
    struct origin own = {.worker = OWN_CLIENTS, .life = o->conn};
    struct attached *a = attach_asker(s, o);
    struct req about = *req;
    enum asked asked;

    if (hold_has_left(s, req->session)) {
        if (a)
            attach_drop(s, a);
        return true;
    }
    about.xid = op_xid_of(o->conn, req->xid);
    op_asked_again(req->session, about.xid);
    if (s->role == ROLE_LEARN) {
        learn_request(s, req->op, req->session, about.xid, req_body(req));
        hold_keep(s, &about, req_body(req), o->worker, req->session);
        return true;
    }
    if (req->op == ZK_OP_SYNC && a)
        a->sync_behind = attach_sync_mark(s);
    if (req->op == ZK_OP_SYNC)
        return data_has_room(s);
    asked =
        lead_request(s, &own, req->op, req->session, about.xid, req_body(req));
    if (asked == ASK_DROPS && a)
        attach_drop(s, a);
    return asked != ASK_WAITS;
}

bool
attach_asks_again(struct server *s, const struct req *req,
                  const struct origin *o)
{
    struct attached *a = attach_asker(s, o);

    if (req->kind == REQ_WRITE || req->kind == REQ_SYNC)
        return write_again(s, req, o);
    if (req->kind == REQ_SESSION_OPEN && req->session != 0)
        return local_upgrades_again(s, req, o);
    if (!a || !a->is_opening)
        return true;
    return req->kind == REQ_SESSION_OPEN ? open_session(s, a, o->worker)
                                         : resume_session(s, a, o->worker);
}
