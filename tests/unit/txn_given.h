/* SPDX-License-Identifier: Apache-2.0 */
/*
 * txn_given.h - transactions, as bytes.
 *
 * Each is made in the same room: take what the last one said before the next.
 * The time is 1000 + zxid; nobody has a digest.
 */
#ifndef TESTS_UNIT_TXN_GIVEN_H
#define TESTS_UNIT_TXN_GIVEN_H

#include "daemon/zk.h"
#include "storage/tree/tree.h"
#include "tests/unit/unit.h"

/* The header of one; its body comes next. */
static inline struct jute_out
txn_begun(session_id_t session, zxid_t z, int32_t type)
{
    static uint8_t room[512 * 1024];
    struct jute_out out = jute_out_of(room, sizeof room);
    struct txn_header h = {
        .session = session, .zxid = z, .time = 1000 + z, .type = type};

    txn_put_header(&out, &h);
    return out;
}

static inline struct bytes
whole(const struct jute_out *out)
{
    CU_ASSERT_FALSE_FATAL(out->bad);
    return (struct bytes){out->base, (int32_t)jute_out_size(out)};
}

static inline struct bytes
a_create_with(zxid_t z, const char *path, struct bytes data, struct bytes acl,
              session_id_t owner, int32_t cversion)
{
    struct jute_out out = txn_begun(owner, z, ZK_OP_CREATE);

    jute_put_bytes(&out, bytes_of(path));
    jute_put_bytes(&out, data);
    jute_put_raw(&out, acl.data, (size_t)acl.size);
    jute_put_bool(&out, owner != 0);
    jute_put_i32(&out, cversion);
    return whole(&out);
}

/* Open to the world; `data` may be NULL. */
static inline struct bytes
a_create(zxid_t z, const char *path, const char *data, session_id_t owner,
         int32_t cversion)
{
    return a_create_with(z, path, data ? bytes_of(data) : BYTES_NULL,
                         acl_open_to_all, owner, cversion);
}

static inline struct bytes
a_delete(zxid_t z, const char *path)
{
    struct jute_out out = txn_begun(0, z, ZK_OP_DELETE);

    jute_put_bytes(&out, bytes_of(path));
    return whole(&out);
}

static inline struct bytes
a_set_data(zxid_t z, const char *path, const char *data, int32_t version)
{
    struct jute_out out = txn_begun(0, z, ZK_OP_SET_DATA);

    jute_put_bytes(&out, bytes_of(path));
    jute_put_bytes(&out, bytes_of(data));
    jute_put_i32(&out, version);
    return whole(&out);
}

static inline struct bytes
a_session(zxid_t z, session_id_t session, int32_t timeout_ms)
{
    struct jute_out out = txn_begun(session, z, ZK_OP_CREATE_SESSION);

    jute_put_i32(&out, timeout_ms);
    return whole(&out);
}

/* Lists at most one path; an old log's lists none. */
static inline struct bytes
an_end(zxid_t z, session_id_t session, const char *path)
{
    struct jute_out out = txn_begun(session, z, ZK_OP_CLOSE_SESSION);

    jute_put_i32(&out, path ? 1 : 0);
    if (path)
        jute_put_bytes(&out, bytes_of(path));
    return whole(&out);
}

#endif
