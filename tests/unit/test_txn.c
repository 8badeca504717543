/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about storage/tree/txn.c. */
#include "storage/tree/txn.h"

#include <errno.h>

#include "tests/unit/unit.h"

static const uint8_t open_acl[] = {
    0,   0,   0,   1, 0, 0, 0, 31,  0,   0,   0,   5,   'w', 'o',
    'r', 'l', 'd', 0, 0, 0, 6, 'a', 'n', 'y', 'o', 'n', 'e',
};

static uint8_t room[4096];
static struct jute_out out;
static struct txn txn;

/* --- builders ------------------------------------------------------------ */

static void
given_header(int32_t type)
{
    struct txn_header h = {.session = 9,
                           .cxid = 3,
                           .zxid = ZXID(1, 2),
                           .time = 1000,
                           .type = type};

    out = jute_out_of(room, sizeof room);
    txn_put_header(&out, &h);
}

static void
put_create(struct jute_out *to, const char *path, int32_t type)
{
    jute_put_bytes(to, bytes_of(path));
    jute_put_bytes(to, bytes_of("data"));
    jute_put_raw(to, open_acl, sizeof open_acl);
    if (type == ZK_OP_CREATE || type == ZK_OP_CREATE2)
        jute_put_bool(to, true);
    jute_put_i32(to, 5);
    if (type == ZK_OP_CREATE_TTL)
        jute_put_i64(to, 60000);
}

static void
put_error(struct jute_out *to, int32_t code)
{
    jute_put_i32(to, code);
}

/* One Txn{type, body} of a multi. */
static void
put_sub(int32_t type, const struct jute_out *body)
{
    jute_put_i32(&out, type);
    jute_put_bytes(&out,
                   (struct bytes){body->base, (int32_t)jute_out_size(body)});
}

static void
put_sub_create(const char *path)
{
    uint8_t body[200];
    struct jute_out to = jute_out_of(body, sizeof body);

    put_create(&to, path, ZK_OP_CREATE);
    put_sub(ZK_OP_CREATE, &to);
}

static void
put_sub_error(int32_t code)
{
    uint8_t body[4];
    struct jute_out to = jute_out_of(body, sizeof body);

    put_error(&to, code);
    put_sub(ZK_OP_ERROR, &to);
}

/* What was opened once says the same when it is opened as known. */
static void
known_alike(struct bytes bytes)
{
    struct txn known;

    CU_ASSERT_EQUAL_FATAL(txn_open_known(&known, bytes), 0);
    CU_ASSERT_EQUAL(known.header.zxid, txn.header.zxid);
    CU_ASSERT_EQUAL(known.body.size, txn.body.size);
    CU_ASSERT_EQUAL(known.is_failed, txn.is_failed);
    CU_ASSERT_EQUAL(known.has_digest, txn.has_digest);
    CU_ASSERT_EQUAL(known.digest, txn.digest);
    CU_ASSERT_EQUAL(known.at.at, txn.at.at);
    CU_ASSERT_EQUAL(txn_count(&known), txn_count(&txn));
}

static int
opened(void)
{
    struct bytes bytes = {room, (int32_t)jute_out_size(&out)};
    int rc = txn_open(&txn, bytes);

    if (rc == 0)
        known_alike(bytes);
    return rc;
}

static struct change
next(void)
{
    struct change c = {.kind = (enum change_kind)99};

    txn_next(&txn, &c);
    return c;
}

/* --- one body each ------------------------------------------------------- */

static void
a_create_has_all_its_fields(void)
{
    struct change c;

    given_header(ZK_OP_CREATE);
    put_create(&out, "/a", ZK_OP_CREATE);
    CU_ASSERT_EQUAL(opened(), 0);
    CU_ASSERT_EQUAL(txn.header.session, 9);
    CU_ASSERT_EQUAL(txn.header.cxid, 3);
    CU_ASSERT_EQUAL(txn.header.zxid, ZXID(1, 2));
    CU_ASSERT_EQUAL(txn.header.time, 1000);
    CU_ASSERT_EQUAL(txn_count(&txn), 1);
    CU_ASSERT_FALSE(txn.has_digest);
    c = next();
    CU_ASSERT_EQUAL(c.kind, CHANGE_CREATE);
    CU_ASSERT_EQUAL(c.op, ZK_OP_CREATE);
    CU_ASSERT_TRUE(bytes_are(c.path, "/a"));
    CU_ASSERT_TRUE(bytes_are(c.data, "data"));
    CU_ASSERT_EQUAL(c.acl.size, (int32_t)sizeof open_acl);
    CU_ASSERT_EQUAL(memcmp(c.acl.data, open_acl, sizeof open_acl), 0);
    CU_ASSERT_EQUAL(c.owner, 9);
    CU_ASSERT_EQUAL(c.parent_cversion, 5);
    CU_ASSERT_FALSE(txn_next(&txn, &c));
}

static void
the_kind_of_a_create_is_its_owner(void)
{
    given_header(ZK_OP_CREATE_CONTAINER);
    put_create(&out, "/a", ZK_OP_CREATE_CONTAINER);
    CU_ASSERT_EQUAL(opened(), 0);
    CU_ASSERT_EQUAL(next().owner, ZK_OWNER_CONTAINER);
    given_header(ZK_OP_CREATE_TTL);
    put_create(&out, "/a", ZK_OP_CREATE_TTL);
    CU_ASSERT_EQUAL(opened(), 0);
    CU_ASSERT_EQUAL(next().owner, ZK_OWNER_TTL_MASK | 60000);
}

static void
an_old_create_has_no_parent_cversion(void)
{
    given_header(ZK_OP_CREATE);
    put_create(&out, "/a", ZK_OP_CREATE);
    out.at -= 4;
    CU_ASSERT_EQUAL(opened(), 0);
    CU_ASSERT_EQUAL(next().parent_cversion, -1);
    given_header(ZK_OP_CREATE2); /* which is younger than the field */
    put_create(&out, "/a", ZK_OP_CREATE2);
    out.at -= 4;
    CU_ASSERT_EQUAL(opened(), -EBADMSG);
}

static void
a_reconfig_sets_data(void)
{
    struct change c;

    given_header(ZK_OP_RECONFIG);
    jute_put_bytes(&out, bytes_of("/zookeeper/config"));
    jute_put_bytes(&out, BYTES_NULL);
    jute_put_i32(&out, -1);
    CU_ASSERT_EQUAL(opened(), 0);
    c = next();
    CU_ASSERT_EQUAL(c.kind, CHANGE_SET_DATA);
    CU_ASSERT_EQUAL(c.op, ZK_OP_RECONFIG);
    CU_ASSERT_EQUAL(c.data.size, -1);
    CU_ASSERT_EQUAL(c.version, -1);
}

static void
set_acl_delete_and_sessions_are_taken_apart(void)
{
    struct change c;

    given_header(ZK_OP_SET_ACL);
    jute_put_bytes(&out, bytes_of("/a"));
    jute_put_raw(&out, open_acl, sizeof open_acl);
    jute_put_i32(&out, 4);
    CU_ASSERT_EQUAL(opened(), 0);
    c = next();
    CU_ASSERT_EQUAL(c.kind, CHANGE_SET_ACL);
    CU_ASSERT_EQUAL(c.version, 4);
    given_header(ZK_OP_DELETE_CONTAINER);
    jute_put_bytes(&out, bytes_of("/a"));
    CU_ASSERT_EQUAL(opened(), 0);
    c = next();
    CU_ASSERT_EQUAL(c.kind, CHANGE_DELETE);
    given_header(ZK_OP_CREATE_SESSION);
    jute_put_i32(&out, 5000);
    CU_ASSERT_EQUAL(opened(), 0);
    c = next();
    CU_ASSERT_EQUAL(c.kind, CHANGE_OPEN_SESSION);
    CU_ASSERT_EQUAL(c.timeout_ms, 5000);
}

/* Apache 3.8.0 logs a check that stands alone, and cannot read it again. */
static void
a_lone_check_changes_nothing(void)
{
    struct change c;

    given_header(ZK_OP_CHECK);
    jute_put_bytes(&out, bytes_of("/a"));
    jute_put_i32(&out, 1);
    CU_ASSERT_EQUAL(opened(), 0);
    c = next();
    CU_ASSERT_EQUAL(c.kind, CHANGE_NONE);
    CU_ASSERT_EQUAL(c.err, 0);
}

static void
an_error_carries_its_code(void)
{
    given_header(ZK_OP_ERROR);
    put_error(&out, ZK_NO_NODE);
    CU_ASSERT_EQUAL(opened(), 0);
    CU_ASSERT_EQUAL(next().err, ZK_NO_NODE);
}

/* --- multi --------------------------------------------------------------- */

static void
a_multi_yields_its_operations(void)
{
    struct change c;

    given_header(ZK_OP_MULTI);
    jute_put_i32(&out, 2);
    put_sub_create("/a");
    put_sub_create("/b");
    txn_put_digest(&out, 42);
    CU_ASSERT_EQUAL(opened(), 0);
    CU_ASSERT_EQUAL(txn_count(&txn), 2);
    CU_ASSERT_TRUE(txn.has_digest);
    CU_ASSERT_EQUAL(txn.digest, 42);
    CU_ASSERT_FALSE(txn.is_failed);
    CU_ASSERT_TRUE(bytes_are(next().path, "/a"));
    c = next();
    CU_ASSERT_EQUAL(c.kind, CHANGE_CREATE);
    CU_ASSERT_EQUAL(c.owner, 9);
    CU_ASSERT_FALSE(txn_next(&txn, &c));
    txn_rewind(&txn);
    CU_ASSERT_TRUE(bytes_are(next().path, "/a"));
}

static void
a_failed_multi_changes_nothing(void)
{
    struct change c;

    for (int again = 0; again < 2; again++) {
        given_header(ZK_OP_MULTI);
        jute_put_i32(&out, 3);
        put_sub_create("/a");
        put_sub_error(ZK_NO_NODE);
        put_sub_error(ZK_RUNTIME_INCONSISTENCY);
        CU_ASSERT_EQUAL(opened(), 0);
        CU_ASSERT_TRUE(txn.is_failed);
        c = next();
        CU_ASSERT_EQUAL(c.kind, CHANGE_NONE);
        CU_ASSERT_EQUAL(c.err, ZK_OK);
        CU_ASSERT_EQUAL(next().err, ZK_NO_NODE);
        c = next();
        CU_ASSERT_EQUAL(c.kind, CHANGE_NONE);
        CU_ASSERT_EQUAL(c.err, ZK_RUNTIME_INCONSISTENCY);
        CU_ASSERT_FALSE(txn_next(&txn, &c));
    }
}

static void
an_empty_multi_yields_nothing(void)
{
    struct change c;

    given_header(ZK_OP_MULTI);
    jute_put_i32(&out, 0);
    CU_ASSERT_EQUAL(opened(), 0);
    CU_ASSERT_EQUAL(txn_count(&txn), 0);
    CU_ASSERT_FALSE(txn_next(&txn, &c));
}

/* --- closeSession -------------------------------------------------------- */

static void
a_close_deletes_its_list_first(void)
{
    struct change c;

    given_header(ZK_OP_CLOSE_SESSION);
    jute_put_i32(&out, 2);
    jute_put_bytes(&out, bytes_of("/e1"));
    jute_put_bytes(&out, bytes_of("/e2"));
    txn_put_digest(&out, 7);
    CU_ASSERT_EQUAL(opened(), 0);
    CU_ASSERT_EQUAL(txn_count(&txn), 3);
    CU_ASSERT_TRUE(txn.has_digest);
    c = next();
    CU_ASSERT_EQUAL(c.kind, CHANGE_DELETE);
    CU_ASSERT_TRUE(bytes_are(c.path, "/e1"));
    next();
    CU_ASSERT_EQUAL(next().kind, CHANGE_CLOSE_SESSION);
    CU_ASSERT_FALSE(txn_next(&txn, &c));
}

static void
a_close_may_have_no_list(void)
{
    given_header(ZK_OP_CLOSE_SESSION);
    CU_ASSERT_EQUAL(opened(), 0);
    CU_ASSERT_EQUAL(txn_count(&txn), 1);
    CU_ASSERT_FALSE(txn.has_digest);
    CU_ASSERT_EQUAL(next().kind, CHANGE_CLOSE_SESSION);
    txn_put_digest(&out, 7); /* and a digest all the same */
    CU_ASSERT_EQUAL(opened(), 0);
    CU_ASSERT_EQUAL(txn_count(&txn), 1);
    CU_ASSERT_TRUE(txn.has_digest);
    CU_ASSERT_EQUAL(txn.digest, 7);
    CU_ASSERT_EQUAL(next().kind, CHANGE_CLOSE_SESSION);
}

/* All of it but the first twelve bytes is gone, as if they were a digest. */
static void
a_list_that_was_cut_is_none(void)
{
    static const char *const paths[] = {"/a-name", "/e", "/e"};

    for (int32_t count = 1; count <= 3; count++) {
        given_header(ZK_OP_CLOSE_SESSION);
        jute_put_i32(&out, count);
        for (int32_t i = 0; i < count; i++)
            jute_put_bytes(&out, bytes_of(paths[i]));
        txn_put_digest(&out, 7);
        out.at = room + ZK_TXN_HEADER_BYTES + ZK_TXN_DIGEST_BYTES;
        CU_ASSERT_EQUAL(opened(), 0);
        CU_ASSERT_EQUAL(txn_count(&txn), 1);
        CU_ASSERT_FALSE(txn.has_digest);
        CU_ASSERT_EQUAL(next().kind, CHANGE_CLOSE_SESSION);
    }
}

/* --- what is no transaction ---------------------------------------------- */

static void
unknown_types_are_refused(void)
{
    given_header(99);
    CU_ASSERT_EQUAL(opened(), -EBADMSG);
    given_header(ZK_OP_MULTI);
    jute_put_i32(&out, 1);
    put_sub(ZK_OP_SET_ACL, &(struct jute_out){room, room, room, false});
    CU_ASSERT_EQUAL(opened(), -EBADMSG);
}

static void
a_known_multi_ends_at_a_broken_operation(void)
{
    struct change c;

    given_header(ZK_OP_MULTI);
    jute_put_i32(&out, 2);
    put_sub_create("/a");
    put_sub(ZK_OP_SET_ACL, &(struct jute_out){room, room, room, false});
    CU_ASSERT_EQUAL(
        txn_open_known(&txn,
                       (struct bytes){room, (int32_t)jute_out_size(&out)}),
        0);
    CU_ASSERT_TRUE(txn_next(&txn, &c));
    CU_ASSERT_FALSE(txn.at.bad);
    CU_ASSERT_FALSE(txn_next(&txn, &c));
    CU_ASSERT_TRUE(txn.at.bad);
}

static void
a_null_path_is_refused(void)
{
    given_header(ZK_OP_DELETE);
    jute_put_bytes(&out, BYTES_NULL);
    CU_ASSERT_EQUAL(opened(), -EBADMSG);
}

/* Tree and image would not agree where they are. */
static void
paths_of_no_node_are_refused(void)
{
    static const char *const paths[] = {"", "/", "//", "/a/", "//a", "a"};

    for (size_t i = 0; i < ARRAY_COUNT(paths); i++) {
        given_header(ZK_OP_CREATE);
        put_create(&out, paths[i], ZK_OP_CREATE);
        CU_ASSERT_EQUAL(opened(), -EBADMSG);
        given_header(ZK_OP_DELETE);
        jute_put_bytes(&out, bytes_of(paths[i]));
        CU_ASSERT_EQUAL(opened(), -EBADMSG);
        given_header(ZK_OP_SET_DATA);
        jute_put_bytes(&out, bytes_of(paths[i]));
        jute_put_bytes(&out, bytes_of("data"));
        jute_put_i32(&out, 1);
        CU_ASSERT_EQUAL(opened(), i == 1 ? 0 : -EBADMSG); /* the root stays */
    }
}

/* Cut anywhere, a multi is refused, except where only the digest is cut. */
static void
no_cut_is_taken_for_a_transaction(void)
{
    size_t whole, body;

    given_header(ZK_OP_MULTI);
    jute_put_i32(&out, 2);
    put_sub_create("/a");
    put_sub_error(ZK_NO_NODE);
    body = jute_out_size(&out);
    txn_put_digest(&out, 1);
    whole = jute_out_size(&out);
    for (size_t size = 0; size <= whole; size++) {
        int rc = txn_open(&txn, (struct bytes){room, (int32_t)size});

        CU_ASSERT_EQUAL(rc, size < body ? -EBADMSG : 0);
        if (rc == 0)
            CU_ASSERT_EQUAL(txn.has_digest, size == whole);
    }
}

/* The proposal of quorum-protocol.md 16.3 begins like this. */
static void
a_header_is_thirty_two_bytes(void)
{
    given_header(ZK_OP_DELETE);
    CU_ASSERT_EQUAL(jute_out_size(&out), ZK_TXN_HEADER_BYTES);
    txn_put_digest(&out, 1);
    CU_ASSERT_EQUAL(jute_out_size(&out),
                    ZK_TXN_HEADER_BYTES + ZK_TXN_DIGEST_BYTES);
}

static int32_t
peeked(void)
{
    return txn_peek_error((struct bytes){room, (int32_t)jute_out_size(&out)});
}

static void
an_error_shows_at_a_glance(void)
{
    given_header(ZK_OP_ERROR);
    CU_ASSERT_EQUAL(peeked(), ZK_OK); /* cut short */
    put_error(&out, ZK_NO_NODE);
    CU_ASSERT_EQUAL(peeked(), ZK_NO_NODE);
    given_header(ZK_OP_CREATE);
    put_create(&out, "/a", ZK_OP_CREATE);
    CU_ASSERT_EQUAL(peeked(), ZK_OK);
    CU_ASSERT_EQUAL(txn_peek_error(BYTES_NULL), ZK_OK);
}

static void
and_so_does_that_of_a_multis_first_operation(void)
{
    given_header(ZK_OP_MULTI);
    jute_put_i32(&out, 2);
    put_sub_error(ZK_SESSION_MOVED);
    put_sub_error(ZK_RUNTIME_INCONSISTENCY);
    CU_ASSERT_EQUAL(peeked(), ZK_SESSION_MOVED);
    given_header(ZK_OP_MULTI);
    jute_put_i32(&out, 2);
    put_sub_create("/a");
    put_sub_error(ZK_NO_NODE);
    CU_ASSERT_EQUAL(peeked(), ZK_OK);
    given_header(ZK_OP_MULTI);
    jute_put_i32(&out, 0);
    CU_ASSERT_EQUAL(peeked(), ZK_OK);
}

UNIT_SUITE(txn)
{
    unit_suite("txn");
    UNIT(a_create_has_all_its_fields);
    UNIT(the_kind_of_a_create_is_its_owner);
    UNIT(an_old_create_has_no_parent_cversion);
    UNIT(a_reconfig_sets_data);
    UNIT(set_acl_delete_and_sessions_are_taken_apart);
    UNIT(a_lone_check_changes_nothing);
    UNIT(an_error_carries_its_code);
    UNIT(a_multi_yields_its_operations);
    UNIT(a_failed_multi_changes_nothing);
    UNIT(an_empty_multi_yields_nothing);
    UNIT(a_close_deletes_its_list_first);
    UNIT(a_close_may_have_no_list);
    UNIT(a_list_that_was_cut_is_none);
    UNIT(unknown_types_are_refused);
    UNIT(a_known_multi_ends_at_a_broken_operation);
    UNIT(a_null_path_is_refused);
    UNIT(paths_of_no_node_are_refused);
    UNIT(no_cut_is_taken_for_a_transaction);
    UNIT(a_header_is_thirty_two_bytes);
    UNIT(an_error_shows_at_a_glance);
    UNIT(and_so_does_that_of_a_multis_first_operation);
}
