/* SPDX-License-Identifier: Apache-2.0 */
/* bench_frame.c - see bench_frame.h.  Pure. */
#include "tools/bench/bench_frame.h"

#include "daemon/zk.h"

enum { FRAME_MAX = 1 << 30 };

size_t
bench_begin(struct jute_out *out, int32_t xid, int32_t op)
{
    size_t at = jute_out_size(out);

    jute_put_i32(out, 0);
    jute_put_i32(out, xid);
    jute_put_i32(out, op);
    return at;
}

void
bench_end(struct jute_out *out, size_t at)
{
    if (!out->bad)
        store_be32(out->base + at, (uint32_t)(jute_out_size(out) - at - 4));
}

void
bench_put_connect(struct jute_out *out, int32_t timeout_ms)
{
    static const uint8_t no_password[ZK_PASSWORD_BYTES];

    jute_put_i32(out, BENCH_CONNECT_FRAME_BYTES - 4);
    jute_put_i32(out, 0); /* protocol version */
    jute_put_i64(out, 0); /* last zxid seen */
    jute_put_i32(out, timeout_ms);
    jute_put_i64(out, 0); /* a new session */
    jute_put_bytes(out, (struct bytes){no_password, ZK_PASSWORD_BYTES});
    jute_put_bool(out, false); /* read-only would not do */
}

void
bench_put_read(struct jute_out *out, struct bytes path, bool watch)
{
    jute_put_bytes(out, path);
    jute_put_bool(out, watch);
}

void
bench_put_set(struct jute_out *out, struct bytes path, struct bytes data)
{
    jute_put_bytes(out, path);
    jute_put_bytes(out, data);
    jute_put_i32(out, -1); /* any version */
}

/* With the open ACL: everyone may do everything. */
void
bench_put_create(struct jute_out *out, struct bytes path, struct bytes data,
                 int32_t flags)
{
    jute_put_bytes(out, path);
    jute_put_bytes(out, data);
    jute_put_i32(out, 1);
    jute_put_i32(out, ZK_PERM_ALL);
    jute_put_bytes(out, bytes_of("world"));
    jute_put_bytes(out, bytes_of("anyone"));
    jute_put_i32(out, flags);
}

void
bench_put_delete(struct jute_out *out, struct bytes path)
{
    jute_put_bytes(out, path);
    jute_put_i32(out, -1); /* any version */
}

void
bench_put_multi_header(struct jute_out *out, int32_t op)
{
    jute_put_i32(out, op);
    jute_put_bool(out, op == -1);
    jute_put_i32(out, -1);
}

int64_t
bench_frame_cut(const uint8_t *data, size_t size, struct bytes *frame)
{
    uint32_t length;

    if (size < 4)
        return 0;
    length = load_be32(data);
    if (length > FRAME_MAX)
        return -1;
    if (size - 4 < length)
        return 0;
    *frame = (struct bytes){data + 4, (int32_t)length};
    return (int64_t)length + 4;
}

bool
bench_read_grant(struct bytes frame, struct bench_grant *grant)
{
    struct jute_in in = jute_in_bytes(frame);

    jute_get_i32(&in);
    grant->timeout_ms = jute_get_i32(&in);
    grant->session_id = jute_get_i64(&in);
    return !in.bad;
}

bool
bench_read_reply(struct bytes frame, struct bench_reply *reply)
{
    reply->body = jute_in_bytes(frame);
    reply->xid = jute_get_i32(&reply->body);
    reply->zxid = jute_get_i64(&reply->body);
    reply->code = jute_get_i32(&reply->body);
    return !reply->body.bad;
}

int32_t
bench_multi_code(struct jute_in body)
{
    int32_t type, code;

    for (;;) {
        type = jute_get_i32(&body);
        if (jute_get_bool(&body) || body.bad || type != -1)
            return 0; /* the end, or the result of a success */
        jute_get_i32(&body);
        code = jute_get_i32(&body);
        if (code != ZK_OK && code != ZK_RUNTIME_INCONSISTENCY)
            return code;
    }
}
