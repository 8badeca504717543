/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client.c - clients: a session each, a few requests under way, now and then
 * another server.
 *
 * A client never asks a thing twice: a request without an answer happened or
 * did not, judge.c takes either.  What it can see by itself is claimed here.
 */
#include "tests/sim/client.h"

#include <stdio.h>

#include "tests/sim/op.h"
#include "tests/sim/sim.h"
#include "tests/sim/wire.h"

enum {
    ANSWER_MAX = 3000 * 1000,
    PENDING_MAX = 4,
    PATHS = 6,
    SPAN_MS = 2500,
    SHORTEST_MS = 1000,
    LEAST_MS = 1500, /* where leases are claimed: shorter sessions may end while
                        a leader that lost its quorum does not know it yet, see
                        net/zab/leader_silence.c */
    LATE_MS = 60,    /* a packet may be */
    HASTE = 100, /* of who numbers anew: what it asked may be under way still */
};

static int
node_of(const struct client *c)
{
    return CLIENT_NODE + (int)(c - sim.client);
}

static void
again(struct client *c, usec_t delay)
{
    sched_after(delay, EV_CLIENT, node_of(c), ++c->gen, NULL);
}

void
clients_init(void)
{
    int32_t least = sim.plan.is_steady ? LEAST_MS : SHORTEST_MS;

    memset(sim.client, 0, sizeof sim.client);
    for (uint32_t i = 0; i < sim.plan.clients; i++) {
        sim.client[i].timeout_ms =
            least + (int32_t)rng_below(&sim.rng, SPAN_MS);
        again(&sim.client[i], rng_below(&sim.rng, SEC));
    }
}

/* --- connections ---------------------------------------------------------- */

static void
lose_watches(struct client *c)
{
    uint8_t me = (uint8_t)(c - sim.client);

    c->order++;
    for (uint32_t i = c->watches_from; i < sim.watches; i++) {
        struct watch_seen *w = &sim.watch[i];

        if (w->client == me && w->fired == 0 && w->lost == 0)
            w->lost = c->order;
    }
    c->watches_from = sim.watches;
}

static void
disconnected(struct client *c)
{
    c->conn = NULL;
    c->is_connected = false;
    c->first = c->last = c->number = 0;
    lose_watches(c);
    again(c, rng_skewed(&sim.rng, MSEC, 200 * MSEC) /
                 (sim.plan.numbers_anew ? HASTE : 1));
}

static void
hang_up(struct client *c)
{
    if (c->conn)
        wire_close(c->conn, node_of(c));
    disconnected(c);
}

static void
dial(struct client *c)
{
    do
        c->server = (int)rng_below(&sim.rng, sim.servers);
    while (sim.is_quiet && (sim.plan.absent >> c->server & 1));
    c->conn = wire_dial(node_of(c), c->server, PORT_CLIENT);
    c->last_sent = sim.now;
    again(c, ANSWER_MAX);
}

static void
ask(struct client *c, enum ask_kind kind, uint32_t op)
{
    struct msg *m = msg_take(MSG_ASK);

    m->ask = (struct msg_ask){kind, c->session, c->seen, c->timeout_ms, op};
    wire_send(c->conn, node_of(c), m);
    c->last_sent = sim.now;
}

/* --- requests ------------------------------------------------------------ */

static const char *const paths[PATHS] = {"/a",   "/b", "/a/c",
                                         "/b/d", "/q", "/e"};

static void
some_path(struct op *o)
{
    snprintf(o->path, sizeof o->path, "%s", paths[rng_below(&sim.rng, PATHS)]);
}

static int32_t
some_version(void)
{
    return rng_percent(&sim.rng, 70) ? -1 : (int32_t)rng_below(&sim.rng, 4);
}

static void
some_create(struct op *o, char path[32])
{
    static const int32_t flags[] = {ZK_PERSISTENT, ZK_PERSISTENT, ZK_EPHEMERAL,
                                    ZK_PERSISTENT_SEQUENTIAL,
                                    ZK_EPHEMERAL_SEQUENTIAL};

    o->flags = flags[rng_below(&sim.rng, ARRAY_COUNT(flags))];
    if (o->flags & ZK_PERSISTENT_SEQUENTIAL)
        snprintf(path, 32, "/q/%c-", 'm' + (char)rng_below(&sim.rng, 2));
    else
        snprintf(path, 32, "%s", paths[rng_below(&sim.rng, PATHS)]);
}

static void
some_request(struct op *o)
{
    static const int32_t types[] = {
        ZK_OP_CREATE,   ZK_OP_CREATE,   ZK_OP_CREATE, ZK_OP_SET_DATA,
        ZK_OP_SET_DATA, ZK_OP_SET_DATA, ZK_OP_DELETE, ZK_OP_MULTI,
        ZK_OP_GET_DATA, ZK_OP_GET_DATA, ZK_OP_EXISTS, ZK_OP_GET_CHILDREN2,
        ZK_OP_SYNC,
    };

    o->type = types[rng_below(&sim.rng, ARRAY_COUNT(types))];
    o->version = some_version();
    some_path(o);
    switch (o->type) {
    case ZK_OP_CREATE:
        some_create(o, o->path);
        break;
    case ZK_OP_MULTI:
        some_create(o, o->other);
        break;
    case ZK_OP_GET_DATA:
    case ZK_OP_EXISTS:
        o->has_watch = rng_percent(&sim.rng, 40);
        break;
    default:
        break;
    }
}

static uint32_t
new_op(struct client *c)
{
    struct op *o = &sim.op[sim.ops];

    if (sim.ops == OPS_MAX)
        sim_full();
    memset(o, 0, sizeof *o);
    o->client = (uint8_t)(c - sim.client);
    o->session = c->session;
    o->conn = c->conn->number;
    o->xid = op_xid(++c->xid, ++c->number);
    o->data = sim.ops + 1;
    o->version = -1;
    o->asked = sim.now;
    o->zxid_asked = sim.newest_answered;
    return sim.ops++;
}

static void
send_op(struct client *c, uint32_t number)
{
    const struct op *o = &sim.op[number];

    TRACE("client %d: session %llx xid %d: %s %s version %d flags %d",
          o->client, (unsigned long long)o->session, o->xid, op_name(o),
          o->path, o->version, o->flags);
    c->queue[c->last++ % PENDING_MAX] = number;
    ask(c, ASK_OP, number);
}

static bool
has_room(const struct client *c)
{
    return c->last - c->first < PENDING_MAX;
}

static void
request(struct client *c)
{
    uint32_t number = new_op(c);

    some_request(&sim.op[number]);
    send_op(c, number);
}

/* After the faults each client's write must succeed. */
static void
probe(struct client *c)
{
    uint32_t number;

    if (c->is_probed || c->first != c->last)
        return;
    number = new_op(c);
    sim.op[number].type = ZK_OP_CREATE;
    sim.op[number].flags = ZK_PERSISTENT;
    snprintf(sim.op[number].path, sizeof sim.op[number].path, "/probe-%d-%d",
             sim.op[number].client, c->xid);
    c->probe = number;
    send_op(c, number);
}

/* --- what a client does by itself ---------------------------------------- */

static void
leave(struct client *c)
{
    switch (rng_below(&sim.rng, 4)) {
    case 0:
        c->session = 0; /* the old one expires */
        hang_up(c);
        break;
    case 1: {
        uint32_t number = new_op(c);

        sim.op[number].type = ZK_OP_CLOSE_SESSION;
        send_op(c, number);
        break;
    }
    default:
        hang_up(c);
    }
}

static bool
is_forgotten(const struct client *c)
{
    return (!c->is_connected || c->first != c->last) &&
           sim.now - c->last_sent > ANSWER_MAX;
}

/*
 * A word in each third of its timeout, whatever it waits for; where no leases
 * are claimed, who waits for an answer says nothing, and its session may end.
 */
static bool
has_to_speak(const struct client *c)
{
    usec_t pause =
        (c->timeout_ms / 3 - LATE_MS - (int32_t)sim.plan.think_ms) * MSEC;

    return sim.now - c->last_sent > pause &&
           (c->first == c->last || sim.plan.is_steady);
}

static void
act(struct client *c)
{
    if (has_to_speak(c))
        ask(c, ASK_PING, 0);
    if (sim.is_quiet) {
        probe(c);
        again(c, LATE_MS / 2 * MSEC);
        return;
    }
    if (has_room(c) && rng_percent(&sim.rng, 2))
        leave(c);
    else if (has_room(c))
        request(c);
    if (c->conn)
        again(c, rng_skewed(&sim.rng, MSEC / 10, sim.plan.think_ms * MSEC));
}

void
client_event(struct client *c, const struct event *e)
{
    if (e->gen != c->gen)
        return;
    if (!c->conn)
        dial(c);
    else if (is_forgotten(c))
        hang_up(c);
    else if (c->is_connected)
        act(c);
    else
        again(c, 100 * MSEC);
}

void
clients_wind_up(void)
{
    for (uint32_t i = 0; i < sim.plan.clients; i++) {
        struct client *c = &sim.client[i];

        if (c->conn && (sim.plan.absent >> c->server & 1))
            hang_up(c);
        else if (c->conn)
            again(c, MSEC);
    }
}

bool
clients_are_done(void)
{
    for (uint32_t i = 0; i < sim.plan.clients; i++)
        if (!sim.client[i].is_probed)
            return false;
    return true;
}

bool
clients_have(session_id_t session)
{
    for (uint32_t i = 0; i < sim.plan.clients; i++)
        if (sim.client[i].session == session)
            return true;
    return false;
}

/* --- what it is told ----------------------------------------------------- */

/* What a session saw it never sees undone. */
static void
claim_sequential(struct client *c, zxid_t zxid)
{
    claim("SEQUENTIAL", zxid >= c->seen,
          "client %d has seen %llx and is shown %llx by server %d",
          (int)(c - sim.client), (unsigned long long)c->seen,
          (unsigned long long)zxid, c->server);
    c->seen = zxid;
}

/*
 * A sync shows whatever its leader had committed; of what a later leader
 * committed it knows nothing.
 */
static void
claim_sync(const struct op *o)
{
    claim("SYNC",
          o->answer.zxid >= o->zxid_asked ||
              zxid_epoch(o->zxid_asked) > o->answer.epoch,
          "%llx was answered before a sync that came back at %llx, epoch %lld",
          (unsigned long long)o->zxid_asked, (unsigned long long)o->answer.zxid,
          (long long)o->answer.epoch);
}

static void
remember_watch(struct client *c, const struct op *o)
{
    struct watch_seen *w = &sim.watch[sim.watches];

    for (uint32_t i = c->watches_from; i < sim.watches; i++)
        if (sim.watch[i].client == o->client && sim.watch[i].fired == 0 &&
            strcmp(sim.watch[i].path, o->path) == 0)
            return; /* one for a path, however often it is asked for */
    if (sim.watches == WATCHES_MAX)
        sim_full();
    sim.watches++;
    *w = (struct watch_seen){
        .client = o->client, .set = o->answer.zxid, .born = c->order};
    memcpy(w->path, o->path, sizeof w->path);
}

static void
answered(struct client *c, const struct msg_answer *a)
{
    struct op *o = &sim.op[a->op];

    claim("IN-ORDER",
          c->first != c->last && c->queue[c->first % PENDING_MAX] == a->op,
          "client %d gets an answer that is not the next", o->client);
    c->first++;
    o->answered = sim.now;
    o->answer = *a;
    o->ended = ++c->order;
    TRACE("client %d: xid %d: err %d, zxid %llx", o->client, o->xid, a->err,
          (unsigned long long)a->zxid);
    claim_sequential(c, a->zxid);
    if (o->type == ZK_OP_SYNC)
        claim_sync(o);
    else if (!op_is_read(o) && a->zxid > sim.newest_answered)
        sim.newest_answered = a->zxid;
    if (a->is_watched)
        remember_watch(c, o);
    if (sim.is_quiet && a->op == c->probe && a->err == ZK_OK)
        c->is_probed = true;
    if (o->type == ZK_OP_CLOSE_SESSION) {
        c->session = 0;
        hang_up(c);
    }
}

static void
fired(struct client *c, const struct msg_answer *a)
{
    uint8_t me = (uint8_t)(c - sim.client);

    c->order++;
    for (uint32_t i = c->watches_from; i < sim.watches; i++) {
        struct watch_seen *w = &sim.watch[i];

        if (w->client != me || w->fired || strcmp(w->path, a->path) != 0)
            continue;
        w->fired = c->order;
        w->fired_zxid = a->zxid;
        return;
    }
    sim_broken("WATCH", "client %d hears of %s, which it does not watch", me,
               a->path);
}

static void
told(struct client *c, const struct msg_answer *a)
{
    switch (a->kind) {
    case ANSWER_CONNECTED:
        TRACE("client %d: has session %llx at server %d", (int)(c - sim.client),
              (unsigned long long)a->session, c->server);
        c->session = a->session;
        c->is_connected = true;
        claim_sequential(c, a->zxid);
        again(c, MSEC);
        break;
    case ANSWER_EXPIRED:
        c->session = 0;
        hang_up(c);
        break;
    case ANSWER_OP:
        answered(c, a);
        break;
    case ANSWER_EVENT:
        fired(c, a);
        break;
    }
}

void
client_receives(struct client *c, struct conn *conn, const struct msg *m)
{
    if (c->conn != conn)
        return;
    switch (m->kind) {
    case MSG_UP:
        ask(c, ASK_CONNECT, 0);
        break;
    case MSG_REFUSED:
        disconnected(c);
        break;
    case MSG_END:
        hang_up(c);
        break;
    default:
        told(c, &m->answer);
    }
}
