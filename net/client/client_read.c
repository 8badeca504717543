/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_read.c - answering from the tree: when to look, and how often.
 *
 *     again: deliver all that is applied      events leave before a reply
 *            begin                            wait while a batch is open
 *            applied is not delivered?  -> again
 *            write the reply into the output buffer
 *            a batch went by?           -> again
 *            set the watch
 *
 * Between the last look and the watch nothing is delivered, so no event is
 * missed.  What a torn look wrote is written over.
 *
 * Facts: spec/client-protocol.md 7.4.  ZK: FinalRequestProcessor
 */
#include "net/client/client_read.h"

#include <sched.h>

#include "daemon/check.h"
#include "daemon/clock.h"
#include "daemon/log.h"
#include "net/client/client_answer.h"
#include "net/client/client_deliver.h"
#include "net/client/client_table.h"
#include "net/client/client_watch.h"
#include "net/wire/frame.h"
#include "net/wire/reply.h"

enum {
    ROOM_FRESH = 16 * 1024 - 64, /* of an output buffer that was not there */
    ROOM_LEFT = 1024,
    LONG_BYTES = 64 * 1024, /* of a reply: the next try is too long as well */
    SPINS = 64,             /* before another process gets the processor */
    STANDSTILL_MS = 1000,
    MULTI_READ_MAX = 64 << 20, /* bytes of its reply, about */
};

/* --- looking -------------------------------------------------------------- */

/*
 * The tree is ahead of `applied` for a moment after each batch, or for ever
 * if replication died right there.
 */
static bool
stands_still(struct client_proc *p, uint32_t spins, mono_ms_t *since)
{
    if (p->shm->replication->serving != p->period)
        return true;
    if (spins % SPINS != SPINS - 1)
        return false;
    sched_yield();
    if (*since == 0)
        *since = clock_mono_ms();
    return clock_mono_ms() - *since > STANDSTILL_MS;
}

bool
client_look(struct client_proc *p, bool insists, uint64_t *seq)
{
    mono_ms_t since = 0;
    uint32_t spins = 0;

    if (insists)
        client_pace_hold(p, true);
    for (;;) {
        client_catch_up(p);
        *seq = tree_read_begin(p->tree);
        if (*seq != 0 && tree_applied(p->tree) == p->delivered)
            return true;
        if (*seq == 0 || stands_still(p, spins++, &since)) {
            p->is_lost = true;
            return false;
        }
    }
}

void
client_looked(struct client_proc *p)
{
    client_pace_hold(p, false);
}

/* --- the reply ------------------------------------------------------------ */

static read_fn *
read_of(int32_t op)
{
    switch (op) {
    case ZK_OP_EXISTS:
        return read_exists;
    case ZK_OP_GET_DATA:
        return read_get_data;
    case ZK_OP_GET_CHILDREN:
    case ZK_OP_GET_CHILDREN2:
        return read_get_children;
    case ZK_OP_GET_ACL:
        return read_get_acl;
    case ZK_OP_SYNC:
        return read_sync;
    case ZK_OP_MULTI_READ:
        return read_multi;
    case ZK_OP_CHECK_WATCHES:
        return read_check_watches;
    case ZK_OP_REMOVE_WATCHES:
        return read_remove_watches;
    case ZK_OP_ADD_WATCH:
        return read_add_watch;
    case ZK_OP_GET_EPHEMERALS:
        return read_ephemerals;
    case ZK_OP_GET_ALL_CHILDREN_NUMBER:
        return read_children_number;
    case ZK_OP_WHO_AM_I:
        return read_who_am_i;
    default:
        never("a read that request_kind knows and nobody answers");
    }
}

/* Too long for a reply, or the pool is empty: only this client suffers. */
static void
cannot_answer(struct client_proc *p, struct client *c, size_t room)
{
    log_warn_often("%s: connection closed, a reply of more than %zu bytes "
                   "finds no buffer",
                   client_name(p, c), room / 2);
    client_drop(p, c);
}

/*
 * Where the reply goes.  A multiRead of a few bytes could ask for all there is
 * a thousand times; whoever wants so much can ask more than once.
 */
static bool
has_room(const struct read *r, size_t room, struct jute_out *out)
{
    return (r->request->op != ZK_OP_MULTI_READ || room <= MULTI_READ_MAX) &&
           conn_out(&r->c->conn, room, out);
}

/* One that was torn too often, or takes so long that it will be again. */
static bool
must_insist(uint32_t torn, const struct jute_out *out)
{
    return torn >= TRIES_POLITE ||
           (torn > 0 && jute_out_size(out) > LONG_BYTES);
}

/* What was written from `at` on gives way to a reply of a header alone. */
static void
put_error(const struct read *r, struct jute_out *out, size_t at, int32_t err)
{
    out->at = out->base + at;
    out->bad = false;
    reply_begin(out, r->request->xid, r->p->zxid, err);
}

/* Write header and body as of one moment.  False: the client is gone. */
static bool
write_reply(struct read *r, read_fn *fn, struct jute_out *out, int32_t *err)
{
    struct client_proc *p = r->p;
    struct client *c = r->c;
    size_t room = c->conn.out ? ROOM_LEFT : ROOM_FRESH, at;
    uint32_t torn = 0;
    uint64_t seq;

    for (;;) {
        if (!client_look(p, must_insist(torn, out), &seq) ||
            c->state != CLIENT_OPEN)
            return false;
        if (!has_room(r, room, out)) {
            cannot_answer(p, c, room);
            return false;
        }
        r->watch_modes = 0;
        at = reply_begin(out, r->request->xid, p->zxid, 0);
        *err = (int32_t)fn(r, out);
        if (tree_read_retry(p->tree, seq))
            torn++;
        else if (out->bad && *err == 0)
            room = 2 * (size_t)(out->end - out->base);
        else
            break;
    }
    if (*err != 0)
        put_error(r, out, at, *err);
    frame_end(out, at);
    return true;
}

void
client_read(struct client_proc *p, struct client *c, const struct request *r,
            struct bytes ids, uint32_t heard_ms)
{
    struct read read = {
        .p = p, .c = c, .request = r, .ids = ids, .heard_ms = heard_ms};
    struct jute_out out;
    int32_t err;

    if (r->op == ZK_OP_SET_WATCHES || r->op == ZK_OP_SET_WATCHES2) {
        read_set_watches(&read);
        return;
    }
    if (!write_reply(&read, read_of(r->op), &out, &err)) {
        client_looked(p);
        if (p->is_lost)
            client_drop(p, c);
        return;
    }
    client_looked(p);
    if (read.watch_modes &&
        !client_watch(p, c, read.watch_path, read.watch_modes)) {
        out.at = out.base;
        reply_put(&out, r->xid, p->zxid, ZK_SYSTEM_ERROR);
    }
    conn_out_end(&c->conn, &out);
    client_count_reply(p, c, r->op, p->zxid, heard_ms);
}
