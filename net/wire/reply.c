/* SPDX-License-Identifier: Apache-2.0 */
/* reply.c - see reply.h.  Pure; client processes. */
#include "net/wire/reply.h"

#include "net/wire/frame.h"

enum { STATE_SYNC_CONNECTED = 3, XID_EVENT = -1 };

size_t
reply_begin(struct jute_out *out, int32_t xid, zxid_t zxid, int32_t err)
{
    size_t at = jute_out_size(out);
    uint8_t *p = jute_room(out, REPLY_BYTES);

    if (p) {
        store_be32(p + 4, (uint32_t)xid);
        store_be64(p + 8, (uint64_t)zxid);
        store_be32(p + 16, (uint32_t)err);
    }
    return at;
}

void
reply_put(struct jute_out *out, int32_t xid, zxid_t zxid, int32_t err)
{
    frame_end(out, reply_begin(out, xid, zxid, err));
}

/* 3.8 says zxid -1 in every event; newer servers name the transaction. */
void
reply_put_event(struct jute_out *out, enum zk_event type, struct bytes path)
{
    size_t at = reply_begin(out, XID_EVENT, -1, 0);

    jute_put_i32(out, (int32_t)type);
    jute_put_i32(out, STATE_SYNC_CONNECTED);
    jute_put_bytes(out, path);
    frame_end(out, at);
}

void
reply_put_connect(struct jute_out *out, session_id_t session,
                  int32_t timeout_ms, bool has_read_only, bool is_read_only)
{
    uint8_t password[ZK_PASSWORD_BYTES] = {0};
    size_t at = frame_begin(out);

    if (session != 0)
        session_password(session, password);
    jute_put_i32(out, 0);
    jute_put_i32(out, session != 0 ? timeout_ms : 0);
    jute_put_i64(out, session);
    jute_put_bytes(out, (struct bytes){password, sizeof password});
    if (has_read_only)
        jute_put_bool(out, is_read_only);
    frame_end(out, at);
}

void
reply_put_multi_header(struct jute_out *out, int32_t type, bool done,
                       int32_t err)
{
    jute_put_i32(out, type);
    jute_put_bool(out, done);
    jute_put_i32(out, err);
}

/* The record of a success, if `op` has one. */
static void
put_record(struct jute_out *out, int32_t op, const struct change *c,
           const struct outcome *o)
{
    switch (op) {
    case ZK_OP_CREATE:
        jute_put_bytes(out, c->path);
        break;
    case ZK_OP_CREATE2:
    case ZK_OP_CREATE_CONTAINER:
    case ZK_OP_CREATE_TTL:
        jute_put_bytes(out, c->path);
        znode_stat_put(out, &o->stat);
        break;
    case ZK_OP_RECONFIG:
        jute_put_bytes(out, c->data);
        znode_stat_put(out, &o->stat);
        break;
    case ZK_OP_SET_DATA:
    case ZK_OP_SET_ACL:
        znode_stat_put(out, &o->stat);
        break;
    default: /* delete, check, closeSession */
        break;
    }
}

/* In a multi every create but the plain one answers as create2. */
static int32_t
result_type(int32_t op)
{
    return op == ZK_OP_CREATE_CONTAINER || op == ZK_OP_CREATE_TTL
               ? ZK_OP_CREATE2
               : op;
}

static void
put_results(struct jute_out *out, struct txn *txn,
            const struct outcome *outcomes, const int32_t *ops)
{
    struct change c;

    for (uint32_t i = 0; txn_next(txn, &c); i++) {
        if (txn->is_failed) {
            reply_put_multi_header(out, ZK_OP_ERROR, false, c.err);
            jute_put_i32(out, c.err);
        } else {
            reply_put_multi_header(out, result_type(ops[i]), false, 0);
            put_record(out, ops[i], &c, &outcomes[i]);
        }
    }
    reply_put_multi_header(out, -1, true, -1);
}

void
reply_put_write(struct jute_out *out, int32_t xid, int32_t op, struct txn *txn,
                const struct outcome *outcomes, const int32_t *ops)
{
    zxid_t zxid = txn->header.zxid;
    struct change c = {.kind = CHANGE_NONE};
    int32_t err;
    size_t at;

    if (txn->header.type == ZK_OP_MULTI) {
        at = reply_begin(out, xid, zxid, 0);
        put_results(out, txn, outcomes, ops);
    } else if (txn->header.type == ZK_OP_CLOSE_SESSION) {
        at = reply_begin(out, xid, zxid, 0);
    } else {
        txn_next(txn, &c);
        err = c.err != 0 ? c.err : outcomes[0].err;
        at = reply_begin(out, xid, zxid, err);
        if (err == 0)
            put_record(out, op, &c, &outcomes[0]);
    }
    frame_end(out, at);
}

size_t
reply_write_bytes(const struct txn *txn, uint32_t outcome_count)
{
    return REPLY_BYTES + 9 + (size_t)txn->body.size + 4 +
           (size_t)outcome_count * REPLY_RESULT_BYTES;
}
