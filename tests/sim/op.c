/* SPDX-License-Identifier: Apache-2.0 */
/*
 * op.c - what clients ask, as records of the client protocol.
 *
 * A node's data is eight bytes, the number of the write that put them there.
 */
#include "tests/sim/op.h"

#include "daemon/check.h"
#include "storage/tree/znode.h"

#include "tests/sim/sim.h"

bool
op_is_read(const struct op *o)
{
    return o->type == ZK_OP_GET_DATA || o->type == ZK_OP_EXISTS ||
           o->type == ZK_OP_GET_CHILDREN2;
}

const char *
op_name(const struct op *o)
{
    switch (o->type) {
    case ZK_OP_CREATE:
        return "create";
    case ZK_OP_DELETE:
        return "delete";
    case ZK_OP_SET_DATA:
        return "set";
    case ZK_OP_MULTI:
        return "multi";
    case ZK_OP_SYNC:
        return "sync";
    case ZK_OP_CLOSE_SESSION:
        return "close";
    case ZK_OP_GET_DATA:
        return "get";
    case ZK_OP_EXISTS:
        return "exists";
    default:
        return "children";
    }
}

static void
put_text(struct jute_out *out, const char *text)
{
    jute_put_bytes(out, bytes_of(text));
}

static void
put_data(struct jute_out *out, uint64_t data)
{
    jute_put_i32(out, 8);
    jute_put_i64(out, (int64_t)data);
}

static void
put_create(struct jute_out *out, const char *path, uint64_t data, int32_t flags)
{
    put_text(out, path);
    put_data(out, data);
    jute_put_raw(out, acl_open_to_all.data, (size_t)acl_open_to_all.size);
    jute_put_i32(out, flags);
}

static void
put_set(struct jute_out *out, const struct op *o)
{
    put_text(out, o->path);
    put_data(out, o->data);
    jute_put_i32(out, o->version);
}

static void
put_multi_header(struct jute_out *out, int32_t op)
{
    jute_put_i32(out, op);
    jute_put_bool(out, op == -1);
    jute_put_i32(out, -1);
}

struct bytes
op_body(const struct op *o, void *memory, size_t size)
{
    struct jute_out out = jute_out_of(memory, size);

    switch (o->type) {
    case ZK_OP_CREATE:
        put_create(&out, o->path, o->data, o->flags);
        break;
    case ZK_OP_DELETE:
        put_text(&out, o->path);
        jute_put_i32(&out, o->version);
        break;
    case ZK_OP_SET_DATA:
        put_set(&out, o);
        break;
    case ZK_OP_MULTI:
        put_multi_header(&out, ZK_OP_SET_DATA);
        put_set(&out, o);
        put_multi_header(&out, ZK_OP_CREATE);
        put_create(&out, o->other, o->data, o->flags);
        put_multi_header(&out, -1);
        break;
    case ZK_OP_SYNC:
        put_text(&out, o->path);
        break;
    default:
        return BYTES_NULL;
    }
    check(!out.bad);
    return (struct bytes){out.base, (int32_t)jute_out_size(&out)};
}

uint64_t
op_data_in(struct bytes data)
{
    return data.size == 8 ? load_be64(data.data) : 0;
}

enum { NUMBERS = 255 }; /* 0 is nobody's */

int32_t
op_xid(int32_t of_session, uint32_t of_connection)
{
    return sim.plan.numbers_anew
               ? of_session << 8 | (int32_t)(of_connection % NUMBERS + 1)
               : of_session;
}

int32_t
op_number(int32_t xid)
{
    return sim.plan.numbers_anew ? xid & NUMBERS : xid;
}

int32_t
op_xid_of(uint32_t conn, int32_t number)
{
    for (uint32_t i = sim.ops; i-- > 0;)
        if (sim.op[i].conn == conn && op_number(sim.op[i].xid) == number)
            return sim.op[i].xid;
    never("a request that no client has made");
}

void
op_asked_again(session_id_t session, int32_t xid)
{
    for (uint32_t i = sim.ops; i-- > 0;)
        if (sim.op[i].session == session && sim.op[i].xid == xid)
            sim.op[i].is_asked_again = true;
}
