/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge.c - after a run: did clients see one ensemble?
 *
 * The committed sequence is walked once, beside a model that knows nothing
 * of preparation or trees: paths, versions, numbers as data.  Each request
 * is done to the model where its transaction is; what the transaction says,
 * what the client was answered and what the model says must be one.  Reads
 * are compared with the model as it was at the zxid that they show.
 */
#include "tests/sim/run.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/op.h"
#include "tests/sim/sim.h"

enum { NODES = 4096, CHANGES_MAX = 16384, TABLE = 16384 };

#define X(number) ((unsigned long long)(number))

/* A path that was a node at some time. */
struct node {
    char path[32];
    bool exists;
    int32_t parent; /* -1: the root */
    int32_t version, creations, children;
    uint64_t data;
    session_id_t owner;
    int32_t next; /* with this hash */
};

static struct node node[NODES];
static int32_t nodes;
static int32_t bucket[NODES];
static struct {
    int32_t node;
    zxid_t zxid;
} change[CHANGES_MAX];
static uint32_t changes;
static uint32_t table[TABLE]; /* op + 1, by session and xid */
static uint32_t reads[OPS_MAX], read_count;

/* --- the model ----------------------------------------------------------- */

static uint32_t
hash(const char *text)
{
    uint32_t h = 2166136261u;

    for (; *text; text++)
        h = (h ^ (uint8_t)*text) * 16777619u;
    return h % NODES;
}

static int32_t
find(const char *path)
{
    int32_t i = bucket[hash(path)];

    while (i >= 0 && strcmp(node[i].path, path) != 0)
        i = node[i].next;
    return i;
}

/* The place of this path, its parent's before. */
static int32_t
place(const char *path)
{
    int32_t i = find(path);
    const char *slash = strrchr(path, '/');
    char up[32];

    if (i >= 0)
        return i;
    if (nodes == NODES)
        sim_full();
    i = nodes++;
    memset(&node[i], 0, sizeof node[i]);
    snprintf(node[i].path, sizeof node[i].path, "%s", path);
    node[i].next = bucket[hash(path)];
    bucket[hash(path)] = i;
    snprintf(up, sizeof up, "%.*s", (int)(slash - path), path);
    node[i].parent = slash == path ? -1 : place(up);
    return i;
}

static bool
exists(const char *path)
{
    int32_t i = find(path);

    return i >= 0 && node[i].exists;
}

static void
note_change(int32_t i, zxid_t zxid)
{
    if (changes == CHANGES_MAX)
        sim_full();
    change[changes].node = i;
    change[changes++].zxid = zxid;
}

static int32_t root_creations;

/* The newest request of each session that was done. */
enum { SESSIONS = 2048 };
static struct {
    session_id_t id;
    int32_t xid;
    bool has_ended;
} done[SESSIONS];
static uint32_t done_count;

static int32_t
do_create(const struct op *o, const char *asked, zxid_t zxid, char made[32])
{
    int32_t i, parent = place(asked), *creations;

    parent = node[parent].parent;
    if (parent >= 0 && !node[parent].exists)
        return ZK_NO_NODE;
    creations = parent >= 0 ? &node[parent].creations : &root_creations;
    if (o->flags & ZK_PERSISTENT_SEQUENTIAL)
        snprintf(made, 32, "%.20s%010d", asked, *creations);
    else
        snprintf(made, 32, "%s", asked);
    if (exists(made))
        return ZK_NODE_EXISTS;
    if (parent >= 0 && node[parent].owner != 0)
        return ZK_NO_CHILDREN_FOR_EPHEMERALS;
    i = place(made);
    node[i] = (struct node){.exists = true,
                            .parent = node[i].parent,
                            .data = o->data,
                            .next = node[i].next,
                            .owner = o->flags & ZK_EPHEMERAL ? o->session : 0};
    snprintf(node[i].path, sizeof node[i].path, "%s", made);
    ++*creations;
    if (parent >= 0)
        node[parent].children++;
    note_change(i, zxid);
    return ZK_OK;
}

static void
remove_node(int32_t i, zxid_t zxid)
{
    node[i].exists = false;
    if (node[i].parent >= 0)
        node[node[i].parent].children--;
    note_change(i, zxid);
}

static int32_t
do_delete(const struct op *o, zxid_t zxid)
{
    int32_t i = find(o->path);

    if (i < 0 || !node[i].exists)
        return ZK_NO_NODE;
    if (o->version != -1 && node[i].version != o->version)
        return ZK_BAD_VERSION;
    if (node[i].children > 0)
        return ZK_NOT_EMPTY;
    remove_node(i, zxid);
    return ZK_OK;
}

static int32_t
do_set(const struct op *o, zxid_t zxid, int32_t *version)
{
    int32_t i = find(o->path);

    if (i < 0 || !node[i].exists)
        return ZK_NO_NODE;
    if (o->version != -1 && node[i].version != o->version)
        return ZK_BAD_VERSION;
    node[i].data = o->data;
    *version = ++node[i].version;
    note_change(i, zxid);
    return ZK_OK;
}

/* Both or none: the set is taken back when the create fails. */
static int32_t
do_multi(const struct op *o, zxid_t zxid, char made[32], int32_t *version)
{
    int32_t i = find(o->path);
    struct node was = {0};
    int32_t err;

    if (i >= 0)
        was = node[i];
    err = do_set(o, zxid, version);
    if (err != ZK_OK)
        return err;
    err = do_create(o, o->other, zxid, made);
    if (err != ZK_OK) {
        node[i] = was;
        changes--;
    }
    return err;
}

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
    for (int32_t i = 0; i < nodes; i++)
        if (node[i].exists && node[i].owner == session)
            remove_node(i, zxid);
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

static void
do_request(struct op *o, struct txn *txn)
{
    zxid_t zxid = txn->header.zxid;
    char made[32] = "";
    int32_t version = 0, err = err_of(txn), expected;

    claim("EXACTLY-ONCE", !o->is_done, "xid %d of session %llx is done twice",
          o->xid, X(o->session));
    o->is_done = true;
    o->is_turned_away = is_turned_away(err);
    if (o->is_turned_away)
        return;
    claim_session_order(o);
    switch (o->type) {
    case ZK_OP_CREATE:
        expected = do_create(o, o->path, zxid, made);
        break;
    case ZK_OP_DELETE:
        expected = do_delete(o, zxid);
        break;
    case ZK_OP_SET_DATA:
        expected = do_set(o, zxid, &version);
        break;
    case ZK_OP_MULTI:
        expected = do_multi(o, zxid, made, &version);
        break;
    default:
        expected = ZK_OK;
        end_session(o->session, zxid);
    }
    claim("MODEL", err == expected, "%s %s at %llx comes to %d, not to %d",
          op_name(o), o->path, X(zxid), err, expected);
    if (!o->answered)
        return;
    claim("LINEARIZABLE", o->answer.zxid == zxid && o->answer.err == expected,
          "%s %s at %llx was answered %d at %llx", op_name(o), o->path, X(zxid),
          o->answer.err, X(o->answer.zxid));
    claim(
        "LINEARIZABLE", expected != ZK_OK || strcmp(made, o->answer.path) == 0,
        "%s made %s, its client was told %s", op_name(o), made, o->answer.path);
    claim("LINEARIZABLE",
          expected != ZK_OK || !o->answer.has_versions ||
              o->answer.version == version,
          "%s %s at %llx has version %d, its client was told %d", op_name(o),
          o->path, X(zxid), version, o->answer.version);
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
    int32_t i = find(o->path);
    bool is_there = i >= 0 && node[i].exists;
    const struct msg_answer *a = &o->answer;

    claim("READ", (a->err == ZK_OK) == is_there, "%s %s at %llx says %d",
          op_name(o), o->path, X(a->zxid), a->err);
    if (!is_there)
        return;
    claim("READ",
          o->type == ZK_OP_GET_CHILDREN2
              ? a->version == node[i].children
              : a->version == node[i].version && a->data == node[i].data,
          "%s %s at %llx says %d and %llx, it is %d and %llx", op_name(o),
          o->path, X(a->zxid), a->version, X(a->data), node[i].version,
          X(node[i].data));
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

/* The first change of `path` behind `zxid`, or 0. */
static zxid_t
change_after(const char *path, zxid_t zxid)
{
    int32_t i = find(path);

    for (uint32_t j = 0; i >= 0 && j < changes; j++)
        if (change[j].node == i && change[j].zxid > zxid)
            return change[j].zxid;
    return 0;
}

/*
 * Between the watch and its event, its client was shown nothing of what the
 * event tells.
 */
static void
claim_watch(const struct watch_seen *w)
{
    zxid_t zxid = change_after(w->path, w->set);
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
    nodes = 0;
    changes = 0;
    root_creations = 0;
    done_count = 0;
    for (int32_t i = 0; i < NODES; i++)
        bucket[i] = -1;
    note_requests();
    walk();
    claim_no_gaps();
    claim_nothing_lost();
    for (uint32_t i = 0; i < sim.watches; i++)
        claim_watch(&sim.watch[i]);
}
