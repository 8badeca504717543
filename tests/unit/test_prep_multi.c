/* SPDX-License-Identifier: Apache-2.0 */
/* test_prep_multi.c - claims about net/prep/prep_multi.c. */
#include "tests/unit/prep_given.h"

static struct jute_out m; /* the multi at hand */

static void
begin(void)
{
    static uint8_t record[KIT_MAXBUFFER];

    m = jute_out_of(record, sizeof record);
}

static void
create(int32_t op, const char *path, int32_t flags)
{
    put_multi_header(&m, op);
    put_create(&m, path, "x", acl_open_to_all, flags);
    if (op == ZK_OP_CREATE_TTL)
        jute_put_i64(&m, 1000);
}

static void delete (const char *path)
{
    put_multi_header(&m, ZK_OP_DELETE);
    put_text(&m, path);
    jute_put_i32(&m, -1);
}

static void
check_version(const char *path, int32_t version)
{
    put_multi_header(&m, ZK_OP_CHECK);
    put_text(&m, path);
    jute_put_i32(&m, version);
}

static int32_t
ask(struct kit *k)
{
    put_multi_header(&m, -1);
    return kit_step(k, ZK_OP_MULTI, KIT_SESSION, kit_bytes(&m), 0);
}

/* Type of sub-transaction `i` as it is written. */
static int32_t
type_of(const struct kit *k, int i)
{
    struct bytes body = kit_last(k).body;
    struct jute_in in = jute_in_of(body.data, (size_t)body.size);
    int32_t type = 0;

    jute_get_count(&in);
    for (; i >= 0; i--) {
        type = jute_get_i32(&in);
        jute_get_bytes(&in);
    }
    CU_ASSERT_FALSE(in.bad);
    return type;
}

static int32_t
err_of(const struct kit *k, int i)
{
    struct txn t = kit_last(k);
    struct change c = {0};

    for (; i >= 0; i--)
        CU_ASSERT_TRUE(txn_next(&t, &c));
    return c.err;
}

static void
each_operation_sees_the_one_before(void)
{
    struct kit *k = kit_open();

    begin();
    create(ZK_OP_CREATE, "/a", 0);
    create(ZK_OP_CREATE, "/a/b", 0);
    check_version("/a/b", 0);
    delete ("/a/b");
    delete ("/a");
    CU_ASSERT_EQUAL(ask(k), 0);
    CU_ASSERT_EQUAL(k->result.outcome_count, 5);
    kit_apply_all(k);
    CU_ASSERT_FALSE(kit_has(k, "/a"));
    kit_close(k);
}

static void
types_travel_so_that_every_server_applies_them(void)
{
    struct kit *k = kit_open();

    begin();
    create(ZK_OP_CREATE, "/a", 0);
    create(ZK_OP_CREATE2, "/b", 0);
    create(ZK_OP_CREATE, "/c", ZK_CONTAINER);
    create(ZK_OP_CREATE_CONTAINER, "/d", 0);
    create(ZK_OP_CREATE_TTL, "/e", ZK_PERSISTENT_TTL);
    create(ZK_OP_CREATE_TTL, "/f", 0);
    CU_ASSERT_EQUAL(ask(k), 0);
    CU_ASSERT_EQUAL(type_of(k, 0), ZK_OP_CREATE);
    CU_ASSERT_EQUAL(type_of(k, 1), ZK_OP_CREATE);
    CU_ASSERT_EQUAL(type_of(k, 2), ZK_OP_CREATE_CONTAINER);
    CU_ASSERT_EQUAL(type_of(k, 3), ZK_OP_CREATE);
    CU_ASSERT_EQUAL(type_of(k, 4), ZK_OP_CREATE_TTL);
    CU_ASSERT_EQUAL(type_of(k, 5), ZK_OP_CREATE);
    CU_ASSERT_EQUAL(k->result.reply_ops[0], ZK_OP_CREATE);
    CU_ASSERT_EQUAL(k->result.reply_ops[1], ZK_OP_CREATE2);
    CU_ASSERT_EQUAL(k->result.reply_ops[2], ZK_OP_CREATE_CONTAINER);
    CU_ASSERT_EQUAL(k->result.reply_ops[3], ZK_OP_CREATE_CONTAINER);
    CU_ASSERT_EQUAL(k->result.reply_ops[4], ZK_OP_CREATE_TTL);
    CU_ASSERT_EQUAL(k->result.reply_ops[5], ZK_OP_CREATE);
    kit_apply_all(k);
    kit_close(k);
}

/* quorum-protocol.md 16.4: bodies before the failing one, errors after. */
static void
a_failed_multi_keeps_type_14_and_tells_every_result(void)
{
    struct kit *k = kit_open();
    struct txn t;

    begin();
    create(ZK_OP_CREATE, "/a", 0);
    delete ("/none");
    create(ZK_OP_CREATE, "/b", 0);
    CU_ASSERT_EQUAL(ask(k), ZK_NO_NODE);
    t = kit_last(k);
    CU_ASSERT_EQUAL(t.header.type, ZK_OP_MULTI);
    CU_ASSERT_TRUE(t.has_digest);
    CU_ASSERT_EQUAL((uint64_t)t.digest, kit_digest(k));
    CU_ASSERT_EQUAL(txn_count(&t), 3);
    CU_ASSERT_EQUAL(type_of(k, 0), ZK_OP_CREATE);
    CU_ASSERT_EQUAL(type_of(k, 1), ZK_OP_ERROR);
    CU_ASSERT_EQUAL(type_of(k, 2), ZK_OP_ERROR);
    CU_ASSERT_EQUAL(err_of(k, 0), ZK_OK);
    CU_ASSERT_EQUAL(err_of(k, 1), ZK_NO_NODE);
    CU_ASSERT_EQUAL(err_of(k, 2), ZK_RUNTIME_INCONSISTENCY);
    kit_close(k);
}

static void
a_failed_multi_leaves_nothing_pending(void)
{
    struct kit *k = kit_open();

    ask_create(k, "/a", 0);
    begin();
    create(ZK_OP_CREATE, "/a/s", ZK_PERSISTENT_SEQUENTIAL);
    create(ZK_OP_CREATE, "/a/t", 0);
    delete ("/none");
    CU_ASSERT_EQUAL(ask(k), ZK_NO_NODE);
    ask_create(k, "/a/s", ZK_PERSISTENT_SEQUENTIAL);
    CU_ASSERT_TRUE(bytes_are(kit_path(k), "/a/s0000000000"));
    CU_ASSERT_EQUAL(ask_create(k, "/a/t", 0), ZK_OK);
    kit_apply_all(k);
    kit_close(k);
}

static void
a_check_needs_the_right_to_read(void)
{
    struct kit *k = kit_open();

    ask_create_as(k, ZK_OP_CREATE, "/a", "",
                  acl_of(ZK_PERM_ALL & ~ZK_PERM_READ, "world", "anyone"), 0);
    begin();
    check_version("/a", 0);
    CU_ASSERT_EQUAL(ask(k), ZK_NO_AUTH);
    kit_close(k);
}

/* So a follower spells the reply to what its leader prepared. */
static void
all_operations_are_named_in_their_order(void)
{
    struct bytes body;
    int32_t ops[3];

    begin();
    create(ZK_OP_CREATE2, "/a", 0);
    check_version("/a", 0);
    delete ("/a");
    put_multi_header(&m, -1);
    body = kit_bytes(&m);
    CU_ASSERT_EQUAL(prep_multi_ops(body, ops, 3), 3);
    CU_ASSERT_EQUAL(ops[0], ZK_OP_CREATE2);
    CU_ASSERT_EQUAL(ops[1], ZK_OP_CHECK);
    CU_ASSERT_EQUAL(ops[2], ZK_OP_DELETE);
    CU_ASSERT_EQUAL(prep_multi_ops(body, ops, 2), -1);
    body.size -= 1;
    CU_ASSERT_EQUAL(prep_multi_ops(body, ops, 3), -1);
}

static void
an_empty_multi_is_a_transaction(void)
{
    struct kit *k = kit_open();

    begin();
    CU_ASSERT_EQUAL(ask(k), 0);
    CU_ASSERT_EQUAL(kit_last(k).header.type, ZK_OP_MULTI);
    CU_ASSERT_EQUAL(k->result.outcome_count, 0);
    kit_close(k);
}

static void
put_read(void)
{
    put_multi_header(&m, ZK_OP_GET_DATA);
    put_text(&m, "/");
    jute_put_bool(&m, false);
}

static void
put_set_acl(void)
{
    put_multi_header(&m, ZK_OP_SET_ACL);
    put_text(&m, "/");
    put_acl(&m, acl_open_to_all);
    jute_put_i32(&m, -1);
}

static void
put_null_path(void)
{
    put_multi_header(&m, ZK_OP_SET_DATA);
    put_text(&m, NULL);
    put_text(&m, "x");
    jute_put_i32(&m, -1);
}

static void
put_null_id(void)
{
    put_multi_header(&m, ZK_OP_CREATE);
    put_create(&m, "/b", "x", acl_of(31, "ip", NULL), 0);
}

static void
put_ttl_flags(void)
{
    create(ZK_OP_CREATE, "/b", ZK_PERSISTENT_TTL);
}

static void
put_half(void)
{
    put_multi_header(&m, ZK_OP_DELETE);
    jute_put_i32(&m, 4000);
}

/* One operation that has no place in a multi refuses all of it. */
static void
what_does_not_belong_refuses_the_whole(void)
{
    static void (*const puts[])(void) = {put_read,      put_set_acl,
                                         put_null_path, put_null_id,
                                         put_ttl_flags, put_half};
    struct kit *k = kit_open();

    for (size_t i = 0; i < ARRAY_COUNT(puts); i++) {
        begin();
        create(ZK_OP_CREATE, "/a", 0);
        puts[i]();
        CU_ASSERT_EQUAL(ask(k), ZK_MARSHALLING);
        CU_ASSERT_EQUAL(kit_last(k).header.type, ZK_OP_ERROR);
        CU_ASSERT_PTR_NULL(k->result.reply_ops);
        CU_ASSERT_EQUAL(k->prep.pending.used, 0);
    }
    kit_apply_all(k);
    CU_ASSERT_FALSE(kit_has(k, "/a"));
    kit_close(k);
}

/* 3.8: unknown flags and an empty ACL fail their operation only. */
static void
bad_arguments_fail_the_operation(void)
{
    struct kit *k = kit_open();

    begin();
    create(ZK_OP_CREATE, "/a", 9);
    CU_ASSERT_EQUAL(ask(k), ZK_BAD_ARGUMENTS);
    CU_ASSERT_EQUAL(kit_last(k).header.type, ZK_OP_MULTI);
    begin();
    put_multi_header(&m, ZK_OP_CREATE);
    put_text(&m, "/b");
    put_text(&m, "x");
    jute_put_i32(&m, 0);
    jute_put_i32(&m, 0);
    CU_ASSERT_EQUAL(ask(k), ZK_INVALID_ACL);
    CU_ASSERT_EQUAL(kit_last(k).header.type, ZK_OP_MULTI);
    kit_close(k);
}

/* The largest request: every operation fails, and all of it still fits. */
static void
a_multi_as_large_as_can_be_fits(void)
{
    struct kit *k = kit_open();
    uint32_t count = 0;

    begin();
    for (; jute_out_size(&m) < KIT_MAXBUFFER - 64; count++)
        delete ("");
    CU_ASSERT_EQUAL(ask(k), ZK_BAD_ARGUMENTS);
    CU_ASSERT_EQUAL(k->result.outcome_count, count);
    begin();
    create(ZK_OP_CREATE, "/a", 0);
    for (count = 1; jute_out_size(&m) < KIT_MAXBUFFER - 64; count++)
        check_version("/", -1);
    CU_ASSERT_EQUAL(ask(k), 0);
    CU_ASSERT_EQUAL(k->result.outcome_count, count);
    kit_apply_all(k);
    CU_ASSERT_TRUE(kit_has(k, "/a"));
    kit_close(k);
}

static void
as_many_creates_as_a_request_holds_are_pending_at_once(void)
{
    struct kit *k = kit_open();
    char path[16];
    uint32_t count = 0;

    begin();
    for (; jute_out_size(&m) < KIT_MAXBUFFER - 200; count++) {
        snprintf(path, sizeof path, "/%x", count);
        create(ZK_OP_CREATE, path, 0);
    }
    CU_ASSERT_EQUAL(ask(k), 0);
    CU_ASSERT_EQUAL(k->prep.pending.used, count + 1);
    begin();
    delete ("/0");
    delete ("/none");
    CU_ASSERT_EQUAL(ask(k), ZK_NO_NODE);
    kit_apply_all(k);
    CU_ASSERT_EQUAL(k->prep.pending.used, 0);
    kit_close(k);
}

/* A learner whose jute.maxbuffer is larger: the ring must have that room. */
static void
it_needs_no_more_than_for_the_longest_that_we_take(void)
{
    struct kit *k = kit_open();

    CU_ASSERT_EQUAL(prep_need(&k->prep, ZK_OP_MULTI, INT32_MAX).outcomes,
                    k->prep.ops_max);
    CU_ASSERT_EQUAL(prep_need(&k->prep, ZK_OP_MULTI, 2 * 17).outcomes, 3);
    kit_close(k);
}

UNIT_SUITE(prep_multi)
{
    unit_suite("prep_multi");
    UNIT(each_operation_sees_the_one_before);
    UNIT(types_travel_so_that_every_server_applies_them);
    UNIT(a_failed_multi_keeps_type_14_and_tells_every_result);
    UNIT(a_failed_multi_leaves_nothing_pending);
    UNIT(a_check_needs_the_right_to_read);
    UNIT(all_operations_are_named_in_their_order);
    UNIT(an_empty_multi_is_a_transaction);
    UNIT(what_does_not_belong_refuses_the_whole);
    UNIT(bad_arguments_fail_the_operation);
    UNIT(a_multi_as_large_as_can_be_fits);
    UNIT(as_many_creates_as_a_request_holds_are_pending_at_once);
    UNIT(it_needs_no_more_than_for_the_longest_that_we_take);
}
