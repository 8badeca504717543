/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge.c - after a run: did clients see one ensemble?
 *
 * The committed sequence is walked once, beside the model.  Each request is
 * done to the model where its transaction is; what the transaction says, what
 * the client was answered and what the model says must be one.  Reads are
 * compared with the model as it was at the zxid that they show.
 */
#include "tests/sim/run.h"

#include <stdlib.h>

#include "tests/sim/model.h"
#include "tests/sim/op.h"
#include "tests/sim/sim.h"

enum { TABLE = 16384, SESSIONS = 2048 };

#define X(number) ((unsigned long long)(number))

static uint32_t table[TABLE]; /* op + 1, by session and xid */
static uint32_t reads[OPS_MAX], read_count;

/* --- sessions ------------------------------------------------------------ */

/* The newest request of each session that was done. */
static struct {
    session_id_t id;
    int32_t xid;
    bool has_ended;
} done[SESSIONS];
static uint32_t done_count;

/* What is known of a session. */
static uint32_t
done_by(session_id_t session)
{
    uint32_t i = 0;

    while (i < done_count && done[i].id != session)
        i++;
    if (i == SESSIONS)
        sim_full();
    if (i == done_count) {
        memset(&done[i], 0, sizeof done[i]);
        done[i].id = session;
        done_count++;
    }
    return i;
}

static void
end_session(session_id_t session, zxid_t zxid)
{
    done[done_by(session)].has_ended = true;
    model_end_session(session, zxid);
}

/* --- requests ------------------------------------------------------------ */

static uint32_t
slot_of(session_id_t session, int32_t xid)
{
    uint64_t x =
        ((uint64_t)session * 31 + (uint64_t)xid) * UINT64_C(0x9e3779b97f4a7c15);

    return (uint32_t)(x >> 40) % TABLE;
}

static void
note_requests(void)
{
    memset(table, 0, sizeof table);
    read_count = 0;
    for (uint32_t i = 0; i < sim.ops; i++) {
        const struct op *o = &sim.op[i];
        uint32_t slot = slot_of(o->session, o->xid);

        if (op_is_read(o)) {
            if (o->answered)
                reads[read_count++] = i;
            continue;
        }
        while (table[slot])
            slot = (slot + 1) % TABLE;
        table[slot] = i + 1;
    }
}

static struct op *
request_of(const struct txn_header *h)
{
    uint32_t slot = slot_of(h->session, h->cxid);

    for (; table[slot]; slot = (slot + 1) % TABLE) {
        struct op *o = &sim.op[table[slot] - 1];

        if (o->session == h->session && o->xid == h->cxid)
            return o;
    }
    return NULL;
}

/* The error that a transaction is, or holds. */
static int32_t
err_of(struct txn *txn)
{
    struct change c;

    while (txn_next(txn, &c))
        if (c.kind == CHANGE_NONE && c.err != ZK_OK)
            return c.err;
    return ZK_OK;
}

/* A request of a client that lost its session, or has none for it. */
static bool
is_turned_away(int32_t err)
{
    return err == ZK_SESSION_MOVED || err == ZK_SESSION_EXPIRED ||
           err == ZK_EPHEMERAL_ON_LOCAL_SESSION;
}

/*
 * As with Apache, a leader takes a session that it does not know for a local
 * one of the learner that asks: what was on its way when it ended is done all
 * the same.  What was held meanwhile is not.
 */
static bool
may_be_late(const struct op *o)
{
    return sim.plan.local_sessions && done[done_by(o->session)].has_ended &&
           !o->is_asked_again;
}

/*
 * What a session asks is done in the order asked, on whatever connection;
 * only the end of a session is taken from one that it has left.  And, as with
 * Apache, an observer master cannot tell a late request of one observer from
 * those of another: the leader knows its connection alone (README.md).
 */
static void
claim_session_order(const struct op *o)
{
    uint32_t i = done_by(o->session);

    claim("SESSION-ORDER",
          o->type == ZK_OP_CLOSE_SESSION || o->xid > done[i].xid ||
              may_be_late(o) ||
              (sim.plan.has_masters && sim.plan.observers > 0),
          "xid %d of session %llx is done behind %d", o->xid, X(o->session),
          done[i].xid);
    done[i].xid = o->xid;
}

/* Its client was told what it came to, and as of which transaction. */
static void
claim_answer(const struct op *o, zxid_t zxid, const struct model_result *is)
{
    const struct msg_answer *a = &o->answer;

    claim("LINEARIZABLE", a->zxid == zxid && a->err == is->err,
          "%s %s at %llx was answered %d at %llx", op_name(o), o->path, X(zxid),
          a->err, X(a->zxid));
    if (is->err != ZK_OK)
        return;
    claim("LINEARIZABLE", strcmp(is->made, a->path) == 0,
          "%s made %s, its client was told %s", op_name(o), is->made, a->path);
    claim("LINEARIZABLE", !a->has_versions || a->version == is->version,
          "%s %s at %llx has version %d, its client was told %d", op_name(o),
          o->path, X(zxid), is->version, a->version);
}

static void
do_request(struct op *o, struct txn *txn)
{
    zxid_t zxid = txn->header.zxid;
    int32_t err = err_of(txn);
    struct model_result is;

    claim("EXACTLY-ONCE", !o->is_done, "xid %d of session %llx is done twice",
          o->xid, X(o->session));
    o->is_done = true;
    o->is_turned_away = is_turned_away(err);
    if (o->is_turned_away)
        return;
    claim_session_order(o);
    if (o->type == ZK_OP_CLOSE_SESSION)
        done[done_by(o->session)].has_ended = true;
    is = model_do(o, zxid);
    claim("MODEL", err == is.err, "%s %s at %llx comes to %d, not to %d",
          op_name(o), o->path, X(zxid), err, is.err);
    if (o->answered)
        claim_answer(o, zxid, &is);
}

/* What was answered before a request was made has a smaller zxid. */
static void
claim_real_time(const struct op *o, usec_t *newest)
{
    if (o->asked > *newest)
        *newest = o->asked;
    claim("LINEARIZABLE", !o->answered || o->answered >= *newest,
          "%s %s was answered before a request with a smaller zxid was made",
          op_name(o), o->path);
}

static void
claim_read(const struct op *o)
{
    const struct model_node *n = model_find(o->path);
    const struct msg_answer *a = &o->answer;

    claim("READ", (a->err == ZK_OK) == (n != NULL), "%s %s at %llx says %d",
          op_name(o), o->path, X(a->zxid), a->err);
    if (!n)
        return;
    claim("READ",
          o->type == ZK_OP_GET_CHILDREN2
              ? a->version == n->children
              : a->version == n->version && a->data == n->data,
          "%s %s at %llx says %d and %llx, it is %d and %llx", op_name(o),
          o->path, X(a->zxid), a->version, X(a->data), n->version, X(n->data));
}

static int
by_zxid(const void *a, const void *b)
{
    const struct op *x = &sim.op[*(const uint32_t *)a];
    const struct op *y = &sim.op[*(const uint32_t *)b];

    if (x->answer.zxid != y->answer.zxid)
        return x->answer.zxid < y->answer.zxid ? -1 : 1;
    return x < y ? -1 : x > y;
}

static void
walk(void)
{
    usec_t newest = 0;
    uint32_t next = 0;

    qsort(reads, read_count, sizeof *reads, by_zxid);
    for (uint32_t i = 0; i < sim.committed_count; i++) {
        const struct txn_known *t = &sim.txn[sim.committed[i]];
        struct txn txn;
        struct op *o;

        while (next < read_count && sim.op[reads[next]].answer.zxid < t->zxid)
            claim_read(&sim.op[reads[next++]]);
        check(txn_open(&txn, t->bytes) == 0);
        o = request_of(&txn.header);
        if (o) {
            claim_real_time(o, &newest);
            do_request(o, &txn);
        } else if (txn.header.type == ZK_OP_CLOSE_SESSION) {
            end_session(txn.header.session, t->zxid);
        }
    }
    while (next < read_count)
        claim_read(&sim.op[reads[next++]]);
}

/*
 * What was asked first on a connection is done first, or nothing behind it:
 * who writes ahead and then says that it has counts on that.
 */
static void
claim_no_gaps(void)
{
    static const struct op *gap[CLIENTS_MAX];

    memset(gap, 0, sizeof gap);
    for (uint32_t i = 0; i < sim.ops; i++) {
        const struct op *o = &sim.op[i], *before = gap[o->client];

        if (op_is_read(o) || o->type == ZK_OP_SYNC)
            continue;
        if (before && before->conn != o->conn)
            before = gap[o->client] = NULL;
        claim("SESSION-ORDER", !before || !o->is_done || o->is_turned_away,
              "xid %d of session %llx is done, and %d before it is not", o->xid,
              X(o->session), before->xid);
        if (!before && !o->is_done)
            gap[o->client] = o;
    }
}

/* An answer is a promise. */
static void
claim_nothing_lost(void)
{
    for (uint32_t i = 0; i < sim.ops; i++) {
        const struct op *o = &sim.op[i];

        claim("LOST-WRITE",
              !o->answered || op_is_read(o) || o->type == ZK_OP_SYNC ||
                  o->answer.is_local || o->is_done,
              "%s %s was answered at %llx and is nowhere", op_name(o), o->path,
              X(o->answer.zxid));
    }
}

/* --- watches ------------------------------------------------------------- */

/*
 * Between the watch and its event, its client was shown nothing of what the
 * event tells.
 */
static void
claim_watch(const struct watch_seen *w)
{
    zxid_t zxid = model_change_after(w->path, w->set);
    uint32_t until = w->fired ? w->fired : w->lost ? w->lost : UINT32_MAX;

    claim("WATCH", !w->fired || (zxid != 0 && zxid <= w->fired_zxid),
          "client %d hears of %s at %llx, it changed at %llx", w->client,
          w->path, X(w->fired_zxid), X(zxid));
    for (uint32_t i = 0; zxid != 0 && i < sim.ops; i++) {
        const struct op *o = &sim.op[i];

        claim("WATCH-BEFORE-READ",
              o->client != w->client || !o->answered || o->ended <= w->born ||
                  o->ended >= until || o->answer.zxid < zxid,
              "client %d is shown %llx before it hears that %s changed at %llx",
              w->client, X(o->answer.zxid), w->path, X(zxid));
    }
}

void
judge(void)
{
    model_clear();
    done_count = 0;
    note_requests();
    walk();
    claim_no_gaps();
    claim_nothing_lost();
    for (uint32_t i = 0; i < sim.watches; i++)
        claim_watch(&sim.watch[i]);
}
