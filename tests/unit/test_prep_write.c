/* SPDX-License-Identifier: Apache-2.0 */
/* test_prep_write.c - claims about net/prep/prep_write.c. */
#include "tests/unit/prep_given.h"

/* /a with a child /a/b; /shut that nobody may touch, /shut/in below it. */
static struct kit *
given(void)
{
    struct kit *k = kit_open();

    ask_create(k, "/a", 0);
    ask_create(k, "/a/b", 0);
    ask_create(k, "/shut", 0);
    ask_create(k, "/shut/in", 0);
    ask_set_acl(k, "/shut", acl_of(0, "world", "anyone"), -1);
    kit_apply_all(k);
    return k;
}

static void
delete_checks_in_order(void)
{
    struct kit *k = given();

    CU_ASSERT_EQUAL(ask_delete(k, NULL, -1), ZK_MARSHALLING);
    CU_ASSERT_EQUAL(ask_delete(k, "a", -1), ZK_BAD_ARGUMENTS);
    CU_ASSERT_EQUAL(ask_delete(k, "/", -1), ZK_BAD_ARGUMENTS);
    CU_ASSERT_EQUAL(ask_delete(k, "/zookeeper/quota", -1), ZK_BAD_ARGUMENTS);
    CU_ASSERT_EQUAL(ask_delete(k, "/x/y", -1), ZK_NO_NODE);
    CU_ASSERT_EQUAL(ask_delete(k, "/shut/none", -1), ZK_NO_AUTH);
    CU_ASSERT_EQUAL(ask_delete(k, "/a/", -1), ZK_NO_NODE);
    CU_ASSERT_EQUAL(ask_delete(k, "//a", -1), ZK_NO_NODE);
    CU_ASSERT_EQUAL(ask_delete(k, "a/b", -1), ZK_NO_NODE);
    CU_ASSERT_EQUAL(ask_delete(k, "/a", 9), ZK_BAD_VERSION);
    CU_ASSERT_EQUAL(ask_delete(k, "/a", 0), ZK_NOT_EMPTY);
    CU_ASSERT_EQUAL(ask_delete(k, "/a/b", 0), ZK_OK);
    CU_ASSERT_EQUAL(ask_delete(k, "/a", -1), ZK_OK);
    CU_ASSERT_EQUAL(ask_delete(k, "/a", -1), ZK_NO_NODE);
    CU_ASSERT_EQUAL(ask_create(k, "/a/c", 0), ZK_NO_NODE);
    kit_close(k);
}

/* DELETE is asked of the parent, not of the node. */
static void
a_closed_node_in_an_open_parent_can_be_deleted(void)
{
    struct kit *k = given();

    CU_ASSERT_EQUAL(ask_delete(k, "/shut/in", -1), ZK_NO_AUTH);
    ask_set_acl(k, "/a/b", acl_of(0, "world", "anyone"), -1);
    CU_ASSERT_EQUAL(ask_delete(k, "/a/b", -1), ZK_OK);
    kit_close(k);
}

static void
set_data_checks_in_order(void)
{
    struct kit *k = given();

    CU_ASSERT_EQUAL(ask_set(k, NULL, "x", -1), ZK_BAD_ARGUMENTS);
    CU_ASSERT_EQUAL(ask_set(k, "/a/", "x", -1), ZK_BAD_ARGUMENTS);
    CU_ASSERT_EQUAL(ask_set(k, "/none", "x", -1), ZK_NO_NODE);
    CU_ASSERT_EQUAL(ask_set(k, "/shut", "x", 9), ZK_NO_AUTH);
    CU_ASSERT_EQUAL(ask_set(k, "/a", "x", 9), ZK_BAD_VERSION);
    CU_ASSERT_EQUAL(ask_set(k, "/a", "x", 0), ZK_OK);
    CU_ASSERT_EQUAL(ask_set(k, "/a", "x", 0), ZK_BAD_VERSION);
    CU_ASSERT_EQUAL(ask_set(k, "/a", NULL, 1), ZK_OK);
    CU_ASSERT_EQUAL(ask_set(k, "/", "root", 0), ZK_OK);
    CU_ASSERT_EQUAL(ask_set(k, "/", "again", 1), ZK_OK);
    kit_apply_all(k);
    kit_close(k);
}

static void
set_acl_checks_in_order(void)
{
    struct bytes bad = acl_of(1, "nosuch", "x");
    struct kit *k = given();

    CU_ASSERT_EQUAL(ask_set_acl(k, "/a//b", bad, -1), ZK_BAD_ARGUMENTS);
    CU_ASSERT_EQUAL(ask_set_acl(k, "/none", bad, -1), ZK_INVALID_ACL);
    CU_ASSERT_EQUAL(ask_set_acl(k, "/none", acl_open_to_all, -1), ZK_NO_NODE);
    CU_ASSERT_EQUAL(ask_set_acl(k, "/shut", acl_open_to_all, 9), ZK_NO_AUTH);
    CU_ASSERT_EQUAL(ask_set(k, "/a", "x", -1), ZK_OK);
    CU_ASSERT_EQUAL(ask_set_acl(k, "/a", acl_open_to_all, 1), ZK_BAD_VERSION);
    CU_ASSERT_EQUAL(ask_set_acl(k, "/a", acl_open_to_all, 0), ZK_OK);
    kit_apply_all(k);
    kit_close(k);
}

/* Of a pipeline: what is behind it is judged by it, and foretold with it. */
static void
a_new_acl_holds_before_it_is_applied(void)
{
    struct kit *k = given();

    CU_ASSERT_EQUAL(ask_set_acl(k, "/a/b", acl_of(1, "world", "anyone"), 0),
                    ZK_OK);
    CU_ASSERT_EQUAL(ask_set(k, "/a/b", "x", -1), ZK_NO_AUTH);
    CU_ASSERT_EQUAL(ask_set_acl(k, "/a/b", acl_open_to_all, -1), ZK_NO_AUTH);
    CU_ASSERT_EQUAL(ask_set_acl(k, "/a", acl_open_to_all, 0), ZK_OK);
    CU_ASSERT_EQUAL(ask_set_acl(k, "/a", acl_open_to_all, 0), ZK_BAD_VERSION);
    CU_ASSERT_EQUAL(ask_create(k, "/a/c", 0), ZK_OK);
    kit_apply_all(k);
    CU_ASSERT_EQUAL(ask_set(k, "/a/b", "x", -1), ZK_NO_AUTH);
    kit_close(k);
}

/* Minus one means "any", so no step lands there. */
static void
versions_skip_minus_one(void)
{
    struct kit *k = given();
    struct znode_stat stat = {.version = -2, .aversion = INT32_MAX};
    struct znode_view view;

    tree_batch_begin(k->tree);
    tree_load_node(k->tree, bytes_of("/a/b"), BYTES_NULL, acl_open_to_all,
                   &stat);
    tree_load_done(k->tree, k->zxid);
    tree_batch_end(k->tree, 0);
    prep_applied(&k->prep, k->zxid);
    CU_ASSERT_EQUAL(ask_set(k, "/a/b", "x", -2), ZK_OK);
    CU_ASSERT_EQUAL(ask_set_acl(k, "/a/b", acl_open_to_all, -1), ZK_OK);
    kit_apply_all(k);
    kit_view(k, "/a/b", &view);
    CU_ASSERT_EQUAL(view.stat.version, 0);
    CU_ASSERT_EQUAL(view.stat.aversion, INT32_MIN);
    kit_close(k);
}

static void
check_belongs_into_a_multi(void)
{
    struct kit *k = given();
    struct jute_out out = kit_record();

    put_text(&out, "/a");
    jute_put_i32(&out, -1);
    CU_ASSERT_EQUAL(kit_step(k, ZK_OP_CHECK, KIT_SESSION, kit_bytes(&out), 0),
                    ZK_UNIMPLEMENTED);
    kit_close(k);
}

/* The record, less its last `cut` bytes. */
static int32_t
reconfig(struct kit *k, int32_t cut)
{
    struct jute_out out = kit_record();
    struct bytes body;

    put_text(&out, NULL);
    put_text(&out, NULL);
    put_text(&out, NULL);
    jute_put_i64(&out, -1);
    body = kit_bytes(&out);
    body.size -= cut;
    return kit_step(k, ZK_OP_RECONFIG, KIT_SESSION, body, 0);
}

static void
reconfig_is_disabled_or_unimplemented(void)
{
    struct kit *k = given();

    CU_ASSERT_EQUAL(reconfig(k, 0), ZK_RECONFIG_DISABLED);
    k->prep.rules.reconfig_enabled = true;
    CU_ASSERT_EQUAL(reconfig(k, 0), ZK_UNIMPLEMENTED);
    reconfig(k, 1);
    CU_ASSERT_EQUAL(k->verdict, PREP_REFUSE);
    kit_close(k);
}

/* A removal that is not right any more leaves no transaction. */
static void
only_empty_containers_and_ttl_nodes_are_reaped(void)
{
    static const char *const stays[] = {"/a/b", "/e", "/none", "/zookeeper",
                                        "/full"};
    struct kit *k = given();

    ask_create(k, "/e", ZK_EPHEMERAL);
    ask_create_as(k, ZK_OP_CREATE_CONTAINER, "/full", "", acl_open_to_all, 4);
    ask_create(k, "/full/x", 0);
    ask_create_as(k, ZK_OP_CREATE_CONTAINER, "/c", "", acl_open_to_all, 4);
    for (size_t i = 0; i < ARRAY_COUNT(stays); i++) {
        ask_delete_container(k, stays[i]);
        CU_ASSERT_EQUAL(k->verdict, PREP_DROP);
    }
    ask_delete_container(k, "/c");
    CU_ASSERT_EQUAL(k->verdict, PREP_TXN);
    CU_ASSERT_EQUAL(kit_last(k).header.type, ZK_OP_DELETE_CONTAINER);
    kit_apply_all(k);
    CU_ASSERT_FALSE(kit_has(k, "/c"));
    kit_close(k);
}

static void
a_client_may_not_reap(void)
{
    struct kit *k = given();
    struct jute_out out = kit_record();

    put_text(&out, "/a/b");
    CU_ASSERT_EQUAL(
        kit_step(k, ZK_OP_DELETE_CONTAINER, KIT_SESSION, kit_bytes(&out), 0),
        ZK_UNIMPLEMENTED);
    kit_step(k, ZK_OP_DELETE_CONTAINER, 99, kit_bytes(&out), 0);
    CU_ASSERT_EQUAL(k->verdict, PREP_DROP); /* whoever that is */
    kit_close(k);
}

UNIT_SUITE(prep_write)
{
    unit_suite("prep_write");
    UNIT(delete_checks_in_order);
    UNIT(a_closed_node_in_an_open_parent_can_be_deleted);
    UNIT(set_data_checks_in_order);
    UNIT(set_acl_checks_in_order);
    UNIT(a_new_acl_holds_before_it_is_applied);
    UNIT(versions_skip_minus_one);
    UNIT(check_belongs_into_a_multi);
    UNIT(reconfig_is_disabled_or_unimplemented);
    UNIT(only_empty_containers_and_ttl_nodes_are_reaped);
    UNIT(a_client_may_not_reap);
}
