/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prep_multi.c - several operations, all or nothing.
 *
 *      request      { type i32, done 0, err -1, record }* { -1, 1, -1 }
 *      transaction  count i32 { type i32, size i32, body }*
 *
 * First every record is read, so that one that does not parse refuses the
 * whole; then they run in order, each on what the one before left pending.
 * At the first that fails everything is as before; the transaction keeps the
 * bodies before it and holds errors from there on.
 *
 * Pure.  The replication process.
 * Facts: spec/client-protocol.md 5; spec/quorum-protocol.md 10.2, 16.4.
 */
#include "daemon/check.h"
#include "daemon/shm.h"
#include "net/prep/prep_op.h"

enum {
    MULTI_HEADER_BYTES = 9,
    OP_BYTES_MIN = MULTI_HEADER_BYTES + 4 + 4, /* delete of nothing */
    OUTCOME_BYTES = sizeof(struct outcome) + sizeof(int32_t),
};

_Static_assert((int)OUTCOME_BYTES <= ((int)RING_HOLDS - 2) * (int)OP_BYTES_MIN,
               "beside a transaction of two requests, which is the longest");

uint32_t
prep_multi_ops_max(int32_t body_size)
{
    return body_size < 0 ? 1 : (uint32_t)body_size / OP_BYTES_MIN + 1;
}

/*
 * Read the next operation.  1: there is one; 0: the end; -1: not legible,
 * or nothing that a multi may hold.
 */
static int
next_op(struct jute_in *in, struct prep_op *o)
{
    const struct prep_kind *kind;
    bool is_done;

    *o = (struct prep_op){.op = jute_get_i32(in), .in_multi = true};
    is_done = jute_get_bool(in);
    jute_get_i32(in);
    if (in->bad)
        return -1;
    if (is_done)
        return 0;
    kind = prep_kind_of(o->op);
    if (!kind || !kind->in_multi || !kind->parse(in, o) || o->path.size < 0)
        return -1;
    return 1;
}

/* Read all of them; how many, or -1: not legible, or too many. */
static int32_t
read_ops(struct bytes body, struct prep_op *ops, uint32_t max)
{
    struct jute_in in = jute_in_bytes(body);
    struct prep_op o;
    uint32_t count = 0;
    int rc;

    while ((rc = next_op(&in, &o)) > 0) {
        if (count == max)
            return -1;
        ops[count++] = o;
    }
    return rc < 0 ? -1 : (int32_t)count;
}

/*
 * What the reply calls a result: with a Stat (create2's), or without.  The
 * flags can make a container of a create, and a create of a createTTL.
 */
int32_t
prep_reply_op(int32_t op, int32_t txn_type)
{
    if (txn_type == ZK_OP_CREATE_CONTAINER)
        return ZK_OP_CREATE_CONTAINER;
    if (op == ZK_OP_CREATE_TTL && txn_type == ZK_OP_CREATE)
        return ZK_OP_CREATE;
    return op;
}

/* In a multi the flags alone say what kind of create it is. */
static bool
makes_ephemeral(const struct prep_op *o)
{
    bool may = o->in_multi ? zk_is_create(o->op)
                           : o->op == ZK_OP_CREATE || o->op == ZK_OP_CREATE2;

    return may && prep_is_ephemeral(o->flags);
}

static bool
has_wrong_flags(const struct prep_op *o)
{
    return zk_is_create(o->op) && !prep_knows_flags(o->flags);
}

/* All of a multi must be legible, whatever its first operations ask. */
bool
prep_makes_ephemeral(int32_t op, struct bytes body)
{
    struct jute_in in = jute_in_bytes(body);
    struct prep_op o = {.op = op};
    bool found = false, fails = false;
    int rc;

    if (op != ZK_OP_MULTI)
        return prep_parse_create(&in, &o) && makes_ephemeral(&o);
    while ((rc = next_op(&in, &o)) > 0) {
        found = found || (!fails && makes_ephemeral(&o));
        fails = fails || has_wrong_flags(&o);
    }
    return rc == 0 && found;
}

int32_t
prep_multi_ops(struct bytes body, int32_t *ops, uint32_t max)
{
    struct jute_in in = jute_in_bytes(body);
    struct prep_op o;
    uint32_t count = 0;
    int rc;

    while ((rc = next_op(&in, &o)) > 0) {
        if (count == max)
            return -1;
        ops[count++] = o.op;
    }
    return rc < 0 ? -1 : (int32_t)count;
}

/* One operation; on an error `out` is where it was. */
static enum zk_code
run_op(struct prep *p, struct prep_op *o, struct jute_out *out)
{
    struct jute_out before = *out;
    uint8_t *head = jute_room(out, 8);
    enum zk_code err = prep_kind_of(o->op)->run(p, o, out);

    if (err == ZK_OK) {
        check(head != NULL);
        store_be32(head, (uint32_t)o->txn_type);
        store_be32(head + 4, (uint32_t)(out->at - head - 8));
    } else {
        *out = before;
    }
    return err;
}

static void
put_error(struct jute_out *out, enum zk_code err)
{
    jute_put_i32(out, ZK_OP_ERROR);
    jute_put_i32(out, 4);
    jute_put_i32(out, err);
}

/* Fetch what the next operations will look for. */
static void
look_ahead(const struct prep *p, const struct prep_op *ops, uint32_t count)
{
    struct tree_ahead ahead;

    tree_ahead_begin(&ahead, p->tree);
    for (uint32_t i = 0; i < count && i < TREE_AHEAD_MAX; i++)
        tree_ahead_note(&ahead, ops[i].path);
    tree_ahead_end(&ahead);
}

/* Run one after the other; ZK_MARSHALLING: the multi as a whole. */
static enum zk_code
run_ops(struct prep *p, uint32_t count, struct jute_out *out,
        struct prep_result *result)
{
    for (uint32_t i = 0; i < count; i++) {
        struct prep_op *o = &p->ops[i];
        enum zk_code err = ZK_RUNTIME_INCONSISTENCY;

        if (i % TREE_AHEAD_MAX == 0)
            look_ahead(p, o, count - i);
        if (result->err == 0) {
            err = run_op(p, o, out);
            result->err = err;
            if (err == ZK_MARSHALLING)
                return err; /* a null id, a TTL of no createTTL, no room */
        }
        if (err != ZK_OK)
            put_error(out, err);
        p->reply_ops[i] = prep_reply_op(o->op, o->txn_type);
    }
    return ZK_OK;
}

enum zk_code
prep_run_multi(struct prep *p, struct jute_out *out, struct prep_result *result)
{
    int32_t count = read_ops(p->r->body, p->ops, p->ops_max);

    if (count < 0)
        return ZK_MARSHALLING;
    jute_put_i32(out, count);
    if (run_ops(p, (uint32_t)count, out, result) != ZK_OK)
        return ZK_MARSHALLING;
    if (result->err != 0)
        pending_rollback(&p->pending);
    result->outcome_count = (uint32_t)count;
    result->reply_ops = p->reply_ops;
    return out->bad ? ZK_MARSHALLING : ZK_OK;
}
