/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach.c - the clients that are connected to a server: as net/client/.
 *
 * Requests of a connection are answered in the order asked.  Writes and
 * syncs go on at once, behind what was asked before; a read waits until
 * everything before it is answered, and an event is sent before the answer
 * to whatever came after its change.
 */
#include "tests/sim/attach.h"

#include <stdio.h>

#include "net/zab/forward.h"

#include "tests/sim/claims.h"
#include "tests/sim/data.h"
#include "tests/sim/hold.h"
#include "tests/sim/lead.h"
#include "tests/sim/learn.h"
#include "tests/sim/local.h"
#include "tests/sim/op.h"
#include "tests/sim/sim.h"
#include "tests/sim/wire.h"

static struct attached *
of_client(struct server *s, int client)
{
    return &s->client[client];
}

void
attach_drop(struct server *s, struct attached *a)
{
    if (a->conn)
        wire_close(a->conn, s->node);
    memset(a, 0, sizeof *a);
}

void
attach_drop_all(struct server *s)
{
    for (uint32_t i = 0; i < CLIENTS_MAX; i++)
        attach_drop(s, &s->client[i]);
}

zxid_t
attach_applied_zxid(const struct server *s)
{
    return last_of(s->log, s->applied);
}

void
attach_answer(struct server *s, struct attached *a, struct msg_answer answer)
{
    struct msg *m = msg_take(MSG_ANSWER);

    claim_leader_serves(s);
    m->answer = answer;
    m->answer.zxid = attach_applied_zxid(s);
    m->answer.epoch = s->current;
    wire_send(a->conn, s->node, m);
}

static struct op *
at(struct attached *a, uint32_t i)
{
    return &sim.op[a->queue[i % QUEUE_MAX]];
}

static void
answer_op(struct server *s, struct attached *a, struct msg_answer what)
{
    what.kind = ANSWER_OP;
    what.op = a->queue[a->first % QUEUE_MAX];
    attach_answer(s, a, what);
    a->first++;
    if (a->sent < a->first)
        a->sent = a->first;
}

/* --- reads --------------------------------------------------------------- */

/* True: there is a watch now.  One for a path, however often asked for. */
static bool
watch(struct attached *a, const char *path)
{
    uint32_t spare = WATCHES;

    for (uint32_t i = 0; i < WATCHES; i++) {
        if (a->watch[i].is_set && strcmp(a->watch[i].path, path) == 0)
            return true;
        if (!a->watch[i].is_set)
            spare = i;
    }
    if (spare == WATCHES)
        return false;
    a->watch[spare].is_set = true;
    snprintf(a->watch[spare].path, sizeof a->watch[spare].path, "%s", path);
    return true;
}

static void
read_node(struct server *s, struct attached *a, const struct op *o)
{
    struct msg_answer what = {.has_versions = true};
    struct znode_view view;
    bool exists = tree_view(s->tree, bytes_of(o->path), &view);

    what.err = exists ? ZK_OK : ZK_NO_NODE;
    if (exists && o->type == ZK_OP_GET_CHILDREN2)
        what.version = view.stat.child_count;
    else if (exists) {
        what.version = view.stat.version;
        what.data = op_data_in(view.data);
    }
    if (o->has_watch && (exists || o->type == ZK_OP_EXISTS))
        what.is_watched = watch(a, o->path);
    answer_op(s, a, what);
}

/* --- writes and syncs ---------------------------------------------------- */

/* Behind what a sync that is asked now comes back. */
zxid_t
attach_sync_mark(const struct server *s)
{
    return s->role == ROLE_LEAD ? last_of(s->log, s->count) : INT64_MAX;
}

static void
ask_leader(struct server *s, const struct attached *a, const struct op *o,
           struct bytes body)
{
    struct req about = {
        .kind = o->type == ZK_OP_SYNC ? REQ_SYNC : REQ_WRITE,
        .conn = a->conn->number,
        .session = a->session,
        .xid = o->xid,
        .op = o->type,
    };

    learn_request(s, o->type, a->session, o->xid, body);
    hold_keep(s, &about, body, o->client, a->session);
}

static enum asked
send_on(struct server *s, struct attached *a, const struct op *o)
{
    uint8_t memory[MAXBUFFER];
    struct bytes body = op_body(o, memory, sizeof memory);
    struct origin own = lead_own_origin(a);
    enum asked upgrade;

    if (hold_has_left(s, a->session))
        return ASK_DROPS;
    upgrade = local_upgrades(s, a, o->type, body);
    if (upgrade != ASK_DONE)
        return upgrade;
    if (s->role == ROLE_LEARN) {
        ask_leader(s, a, o, body);
        return ASK_DONE;
    }
    if (o->type != ZK_OP_SYNC)
        return lead_request(s, &own, o->type, a->session, o->xid, body);
    return data_has_room(s) ? ASK_DONE : ASK_WAITS; /* see answer_sync */
}

/* False: it can wait, or the connection is gone. */
static bool
send_next(struct server *s, struct attached *a)
{
    const struct op *o = at(a, a->sent);
    enum asked asked;

    if (o->type == ZK_OP_SYNC)
        a->sync_behind = attach_sync_mark(s);
    asked = send_on(s, a, o);
    if (asked == ASK_DONE)
        a->sent++;
    else if (asked == ASK_DROPS)
        attach_drop(s, a);
    else
        server_stalls(s);
    return asked == ASK_DONE;
}

/* A leader's own clients' wait for what was proposed when they came. */
static bool
answer_sync(struct server *s, struct attached *a)
{
    if (a->sync_behind > attach_applied_zxid(s))
        return false;
    answer_op(s, a, (struct msg_answer){.err = ZK_OK});
    return true;
}

/* True: it is the turn of the end of a session that only we know. */
static bool
is_local_close(struct attached *a)
{
    return a->is_local && a->first == a->sent && a->sent < a->last &&
           at(a, a->sent)->type == ZK_OP_CLOSE_SESSION;
}

static void
close_local(struct server *s, struct attached *a)
{
    local_closes(s, a);
    answer_op(s, a, (struct msg_answer){.err = ZK_OK, .is_local = true});
    attach_drop(s, a);
}

/* What can be sent on now, by itself. */
static bool
is_sendable(struct attached *a)
{
    return a->sent < a->last && !op_is_read(at(a, a->sent)) &&
           !(a->is_local && at(a, a->sent)->type == ZK_OP_CLOSE_SESSION);
}

/* Whose clients are held answers reads, and leaves the rest where it is. */
static void
go_on(struct server *s, struct attached *a)
{
    bool takes = s->service == SERVICE_OPEN && s->is_serving;

    while (a->conn && a->is_connected) {
        if (is_local_close(a)) {
            close_local(s, a);
        } else if (takes && is_sendable(a)) {
            if (!send_next(s, a))
                return;
        } else if (a->first < a->last && op_is_read(at(a, a->first))) {
            read_node(s, a, at(a, a->first));
        } else if (a->first == a->sent || at(a, a->first)->type != ZK_OP_SYNC ||
                   !answer_sync(s, a)) {
            return;
        }
    }
}

void
attach_go_on(struct server *s)
{
    if (hold_asks_again(s) || server_reader_stands(s))
        return;
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        struct attached *a = &s->client[i];

        if (a->conn && a->is_waiting && s->service == SERVICE_OPEN)
            attach_connect(s, a, &a->waiting);
        if (a->conn)
            go_on(s, a);
    }
}

void
attach_settle_syncs(struct server *s)
{
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        struct attached *a = &s->client[i];

        if (!a->conn || a->sync_behind == INT64_MAX)
            continue;
        a->sync_behind = 0;
        go_on(s, a);
    }
}

/* --- leases --------------------------------------------------------------- */

bool
attach_lease_is_over(const struct server *s, int32_t timeout_ms)
{
    return lease_unheard_ms(&s->lease, server_now(s)) >
           lease_lasts_ms(timeout_ms, sim.plan.tick_ms);
}

static void
look(struct server *s, struct attached *a)
{
    if (!attach_lease_is_over(s, a->timeout_ms)) {
        claim_lease(s, a);
        return;
    }
    TRACE("server %d: session %llx may have ended", s->node,
          (unsigned long long)a->session);
    attach_drop(s, a);
}

void
attach_wakes(struct server *s)
{
    if (s->role == ROLE_DOWN || server_reader_stands(s))
        return;
    lease_wakes(&s->lease, s->vouched, 0, server_now(s));
    lease_rests(&s->lease, server_now(s), server_now(s));
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        struct attached *a = &s->client[i];

        if (a->conn && a->is_connected && !a->is_local)
            look(s, a);
    }
}

/* Who asked, if it is still connected. */
struct attached *
attach_asker(struct server *s, const struct origin *o)
{
    struct attached *a = of_client(s, o->worker);

    return a->conn && a->conn->number == o->conn ? a : NULL;
}

void
attach_synced(struct server *s)
{
    struct origin o;
    const struct req *req = forward_take_sync(s->forward, &o);
    struct attached *a;

    check(req != NULL);
    if (o.worker == RING_NOBODY)
        return;
    if (o.worker == NO_CLIENT) {
        master_synced(s, o.conn);
        return;
    }
    if (req->kind == REQ_SESSION_RESUME) {
        attach_resumed(s, &o, true);
        return;
    }
    a = attach_asker(s, &o);
    if (!a)
        return;
    if (a->first == a->last || at(a, a->first)->type != ZK_OP_SYNC) {
        attach_drop(s, a); /* what is before it was never answered */
        return;
    }
    answer_op(s, a, (struct msg_answer){.err = ZK_OK});
}

/* --- what is applied ----------------------------------------------------- */

static void
fire(struct server *s, const struct change *c)
{
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        struct attached *a = &s->client[i];

        for (uint32_t j = 0; a->conn && j < WATCHES; j++) {
            struct msg_answer event = {.kind = ANSWER_EVENT};

            if (!a->watch[j].is_set || !bytes_are(c->path, a->watch[j].path))
                continue;
            a->watch[j].is_set = false;
            snprintf(event.path, sizeof event.path, "%s", a->watch[j].path);
            attach_answer(s, a, event);
        }
    }
}

static void
fire_all(struct server *s, struct txn *txn, const struct outcome *out)
{
    struct change c;

    txn_rewind(txn);
    for (uint32_t i = 0; txn_next(txn, &c); i++)
        if ((c.kind == CHANGE_CREATE || c.kind == CHANGE_DELETE ||
             c.kind == CHANGE_SET_DATA) &&
            out[i].err == ZK_OK)
            fire(s, &c);
}

static struct msg_answer
result_of(struct txn *txn, const struct outcome *out, uint32_t count)
{
    struct msg_answer what = {.err = ZK_OK};
    struct change c;

    for (uint32_t i = 0; i < count && what.err == ZK_OK; i++)
        what.err = out[i].err;
    if (what.err != ZK_OK)
        return what;
    txn_rewind(txn);
    for (uint32_t i = 0; txn_next(txn, &c); i++) {
        if (c.kind == CHANGE_CREATE)
            snprintf(what.path, sizeof what.path, "%.*s", c.path.size,
                     (const char *)c.path.data);
        if (c.kind == CHANGE_SET_DATA) {
            what.version = out[i].stat.version;
            what.has_versions = true;
        }
    }
    return what;
}

/* The answer to whoever asked for this transaction here. */
static void
answer_origin(struct server *s, struct attached *a, struct txn *txn,
              const struct outcome *out, uint32_t count)
{
    const struct txn_header *h = &txn->header;
    struct msg_answer what;

    if (h->type == ZK_OP_CREATE_SESSION) {
        if (a->is_opening)
            attach_connected(s, a);
        a->is_local = false;
        return;
    }
    if (h->cxid == 0)
        return;
    what = result_of(txn, out, count);
    if (h->type == ZK_OP_CLOSE_SESSION)
        what.err = ZK_OK;
    if (a->is_local && h->type == ZK_OP_ERROR && what.err == ZK_SESSION_EXPIRED)
        what.err = ZK_EPHEMERAL_ON_LOCAL_SESSION; /* to the leader */
    if (what.err == ZK_SESSION_MOVED || what.err == ZK_SESSION_EXPIRED ||
        a->first == a->sent ||
        op_number(at(a, a->first)->xid) != op_number(h->cxid)) {
        attach_drop(s, a); /* it comes again, as ours or not at all */
        return;
    }
    answer_op(s, a, what);
}

void
attach_applied(struct server *s, uint32_t id, uint32_t asker,
               const struct outcome *out, uint32_t count)
{
    struct txn txn;

    check(txn_open(&txn, sim.txn[id].bytes) == 0);
    fire_all(s, &txn, out);
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        struct attached *a = &s->client[i];

        if (a->conn && a->conn->number == asker)
            answer_origin(s, a, &txn, out, count);
        if (a->conn && a->session == txn.header.session &&
            txn.header.type == ZK_OP_CLOSE_SESSION)
            attach_drop(s, a);
    }
}

void
attach_touches(struct server *s, const struct attached *a)
{
    if (a->is_local)
        local_touches(s, a->session);
    else if (s->role == ROLE_LEAD && s->is_serving)
        lead_touches(s, a->session);
    else
        learn_touches(s, a->session, a->timeout_ms);
}

static void
hear(struct server *s, struct attached *a, const struct msg_ask *ask)
{
    if (ask->kind == ASK_CONNECT) {
        attach_connect(s, a, ask);
    } else if (a->is_connected) {
        attach_touches(s, a);
        if (ask->kind == ASK_OP && a->last - a->first < QUEUE_MAX)
            a->queue[a->last++ % QUEUE_MAX] = ask->op;
    }
    if (s->service != SERVICE_NONE)
        attach_go_on(s);
    if (s->role == ROLE_LEAD)
        lead_pump(s);
}

void
attach_receives(struct server *s, struct conn *c, const struct msg *m)
{
    struct attached *a = of_client(s, c->node[0] - CLIENT_NODE);

    if (m->kind == MSG_HELLO) {
        attach_drop(s, a);
        a->conn = c;
    } else if (a->conn != c) {
        wire_close(c, s->node);
    } else if (m->kind == MSG_END) {
        memset(a, 0, sizeof *a);
    } else {
        hear(s, a, &m->ask);
    }
}
