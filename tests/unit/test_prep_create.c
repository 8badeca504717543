/* SPDX-License-Identifier: Apache-2.0 */
/* test_prep_create.c - claims about net/prep/prep_create.c. */
#include "tests/unit/prep_given.h"

/* One create on a tree with /a (open), /e (ephemeral), /shut (read only). */
static struct kit *
given(void)
{
    struct kit *k = kit_open();

    ask_create(k, "/a", 0);
    ask_create(k, "/e", ZK_EPHEMERAL);
    ask_create_as(k, ZK_OP_CREATE, "/shut", "", acl_of(1, "world", "anyone"),
                  0);
    kit_apply_all(k);
    return k;
}

static bool
made(const struct kit *k, const char *path)
{
    return bytes_are(kit_path(k), path);
}

static void
the_first_check_that_fails_names_the_error(void)
{
    struct bytes bad = acl_of(31, "nosuch", "x");
    struct kit *k = given();

    /* flags before ttl before path before ACL before parent ... */
    CU_ASSERT_EQUAL(ask_create(k, "nope", 7), ZK_BAD_ARGUMENTS);
    CU_ASSERT_EQUAL(ask_create(k, "nope", -1), ZK_BAD_ARGUMENTS);
    CU_ASSERT_EQUAL(ask_create_as(k, 1, "nope", "", bad, 0), ZK_BAD_ARGUMENTS);
    CU_ASSERT_EQUAL(ask_create_as(k, 1, NULL, "", acl_open_to_all, 9),
                    ZK_BAD_ARGUMENTS);
    CU_ASSERT_EQUAL(ask_create_as(k, 1, NULL, "", acl_open_to_all, -1),
                    ZK_BAD_ARGUMENTS);
    CU_ASSERT_EQUAL(ask_create_as(k, 1, NULL, "", acl_open_to_all, 0),
                    ZK_MARSHALLING);
    CU_ASSERT_EQUAL(ask_create_as(k, 1, "", "", bad, 0), ZK_BAD_ARGUMENTS);
    CU_ASSERT_EQUAL(ask_create_as(k, 1, "/x/y", "", bad, 0), ZK_INVALID_ACL);
    CU_ASSERT_EQUAL(ask_create(k, "/x/y", 0), ZK_NO_NODE);
    CU_ASSERT_EQUAL(ask_create(k, "/x/", 0), ZK_NO_NODE);
    CU_ASSERT_EQUAL(ask_create(k, "/shut/..", 0), ZK_NO_AUTH);
    CU_ASSERT_EQUAL(ask_create(k, "/a/..", 0), ZK_BAD_ARGUMENTS);
    CU_ASSERT_EQUAL(ask_create(k, "/a/", 0), ZK_BAD_ARGUMENTS);
    CU_ASSERT_EQUAL(ask_create(k, "/a", 0), ZK_NODE_EXISTS);
    CU_ASSERT_EQUAL(ask_create(k, "/", 0), ZK_NODE_EXISTS);
    CU_ASSERT_EQUAL(ask_create(k, "/zookeeper", 0), ZK_NODE_EXISTS);
    CU_ASSERT_EQUAL(ask_create(k, "/e/x", 0), ZK_NO_CHILDREN_FOR_EPHEMERALS);
    CU_ASSERT_EQUAL(ask_create(k, "/a/x", 0), ZK_OK);
    kit_close(k);
}

static void
ttl_flags_need_the_option_and_a_ttl(void)
{
    struct kit *k = given();

    CU_ASSERT_EQUAL(ask_create(k, "/t", 5), ZK_BAD_ARGUMENTS);
    CU_ASSERT_EQUAL(ask_create_ttl(k, "/t", 5, 0), ZK_BAD_ARGUMENTS);
    CU_ASSERT_EQUAL(ask_create_ttl(k, "/t", 5, ZK_TTL_MAX_MS + 1),
                    ZK_BAD_ARGUMENTS);
    CU_ASSERT_EQUAL(ask_create_ttl(k, "/t", 0, -1), ZK_BAD_ARGUMENTS);
    CU_ASSERT_EQUAL(ask_create_ttl(k, "/t", 0, 5), ZK_BAD_ARGUMENTS);
    CU_ASSERT_EQUAL(ask_create_ttl(k, "/t", 5, ZK_TTL_MAX_MS), ZK_OK);
    k->prep.rules.extended_types = false;
    CU_ASSERT_EQUAL(ask_create_ttl(k, "/t", 5, 0), ZK_UNIMPLEMENTED);
    CU_ASSERT_EQUAL(ask_create(k, "nope", 5), ZK_UNIMPLEMENTED);
    kit_close(k);
}

static void
the_opcode_makes_the_kind_and_the_flags_the_name(void)
{
    static const struct {
        int32_t op, flags;
        int64_t owner;
        const char *path;
    } rows[] = {
        {ZK_OP_CREATE, ZK_CONTAINER, 0, "/k0"},
        {ZK_OP_CREATE2, ZK_CONTAINER, 0, "/k1"},
        {ZK_OP_CREATE_CONTAINER, 0, ZK_OWNER_CONTAINER, "/k2"},
        {ZK_OP_CREATE_CONTAINER, 1, ZK_OWNER_CONTAINER, "/k3"},
        {ZK_OP_CREATE_CONTAINER, 4, ZK_OWNER_CONTAINER, "/k4"},
        {ZK_OP_CREATE2, ZK_EPHEMERAL, KIT_SESSION, "/k5"},
    };
    struct kit *k = given();
    struct znode_view view;

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        CU_ASSERT_EQUAL(ask_create_as(k, rows[i].op, rows[i].path, NULL,
                                      acl_open_to_all, rows[i].flags),
                        ZK_OK);
        CU_ASSERT_EQUAL(kit_last(k).header.type, rows[i].op);
        kit_apply(k);
        CU_ASSERT_TRUE_FATAL(kit_view(k, rows[i].path, &view));
        CU_ASSERT_EQUAL(view.stat.owner, rows[i].owner);
        CU_ASSERT_EQUAL(view.data.size, -1);
    }
    CU_ASSERT_EQUAL(ask_create_ttl(k, "/t", 6, 77), ZK_OK);
    CU_ASSERT_TRUE(made(k, "/t0000000009"));
    kit_apply(k);
    CU_ASSERT_TRUE_FATAL(kit_view(k, "/t0000000009", &view));
    CU_ASSERT_EQUAL(view.stat.owner, ZK_OWNER_TTL_MASK | 77);
    kit_close(k);
}

static void
names_count_all_creations_under_the_parent(void)
{
    struct kit *k = given();

    ask_create(k, "/a/s", ZK_PERSISTENT_SEQUENTIAL);
    CU_ASSERT_TRUE(made(k, "/a/s0000000000"));
    ask_create(k, "/a/plain", 0);
    ask_create(k, "/a/s", ZK_EPHEMERAL_SEQUENTIAL);
    CU_ASSERT_TRUE(made(k, "/a/s0000000002"));
    ask_create(k, "/a/plain", 0);
    ask_delete(k, "/a/plain", -1);
    ask_create(k, "/a/", ZK_PERSISTENT_SEQUENTIAL);
    CU_ASSERT_TRUE(made(k, "/a/0000000003"));
    ask_create(k, "/", ZK_PERSISTENT_SEQUENTIAL);
    CU_ASSERT_TRUE(made(k, "/0000000003"));
    kit_close(k);
}

static void
a_parent_made_again_counts_from_zero(void)
{
    struct kit *k = given();

    ask_create(k, "/a/x", 0);
    ask_delete(k, "/a/x", -1);
    ask_delete(k, "/a", -1);
    ask_create(k, "/a", 0);
    ask_create(k, "/a/s", ZK_PERSISTENT_SEQUENTIAL);
    CU_ASSERT_TRUE(made(k, "/a/s0000000000"));
    kit_close(k);
}

/* Put /a's counter where the next name is the last. */
static void
wind(struct kit *k, int32_t cversion)
{
    struct znode_view view;
    struct znode_stat stat;

    kit_view(k, "/a", &view);
    stat = view.stat;
    stat.cversion = cversion;
    tree_batch_begin(k->tree);
    tree_load_node(k->tree, bytes_of("/a"), BYTES_NULL, acl_open_to_all, &stat);
    tree_load_done(k->tree, k->zxid);
    tree_batch_end(k->tree, 0);
    prep_applied(&k->prep, k->zxid);
}

static void
the_counter_sticks_when_one_at_a_time(void)
{
    struct kit *k = given();
    struct znode_view view;

    wind(k, INT32_MAX);
    CU_ASSERT_EQUAL(ask_create(k, "/a/s", ZK_PERSISTENT_SEQUENTIAL), ZK_OK);
    CU_ASSERT_TRUE(made(k, "/a/s2147483647"));
    kit_apply_all(k);
    CU_ASSERT_EQUAL(ask_create(k, "/a/s", ZK_PERSISTENT_SEQUENTIAL),
                    ZK_NODE_EXISTS);
    kit_apply_all(k);
    kit_view(k, "/a", &view);
    CU_ASSERT_EQUAL(view.stat.cversion, INT32_MAX);
    kit_close(k);
}

static void
the_counter_wraps_while_requests_are_in_flight(void)
{
    struct kit *k = given();
    uint64_t last;

    wind(k, INT32_MAX);
    ask_create(k, "/a/s", ZK_PERSISTENT_SEQUENTIAL);
    ask_create(k, "/a/s", ZK_PERSISTENT_SEQUENTIAL);
    CU_ASSERT_TRUE(made(k, "/a/s-2147483648"));
    ask_create(k, "/a/s", ZK_PERSISTENT_SEQUENTIAL);
    CU_ASSERT_TRUE(made(k, "/a/s-2147483647"));
    last = (uint64_t)kit_last(k).digest;
    kit_apply_all(k);
    CU_ASSERT_EQUAL(last, kit_digest(k));
    kit_close(k);
}

static void
acls_hold_while_they_are_pending_and_after(void)
{
    struct kit *k = given();

    ask_create_as(k, ZK_OP_CREATE, "/mine", "", acl_of(31, "digest", "a:b"), 0);
    CU_ASSERT_EQUAL(ask_create(k, "/mine/x", 0), ZK_NO_AUTH);
    k->ids = ids_of("digest", "a:b");
    CU_ASSERT_EQUAL(ask_create(k, "/mine/x", 0), ZK_OK);
    kit_apply(k); /* the ACL is the tree's now, the node still pending */
    CU_ASSERT_EQUAL(ask_create(k, "/mine/y", 0), ZK_OK);
    k->ids = BYTES_NULL;
    CU_ASSERT_EQUAL(ask_create(k, "/mine/z", 0), ZK_NO_AUTH);
    kit_apply_all(k);
    CU_ASSERT_EQUAL(ask_create(k, "/mine/z", 0), ZK_NO_AUTH);
    kit_close(k);
}

static void
auth_is_stored_as_the_callers_identity(void)
{
    struct kit *k = given();
    struct txn t;
    struct change c;

    k->ids = ids_of("digest", "me:hash");
    CU_ASSERT_EQUAL(
        ask_create_as(k, ZK_OP_CREATE, "/mine", "", acl_of(3, "auth", ""), 0),
        ZK_OK);
    t = kit_last(k);
    txn_next(&t, &c);
    CU_ASSERT_TRUE(bytes_equal(c.acl, acl_of(3, "digest", "me:hash")));
    kit_close(k);
}

static void
a_full_memory_refuses_nodes_but_not_deletions(void)
{
    struct kit *k = given();

    k->prep.rules.memory_limit = 1;
    CU_ASSERT_EQUAL(ask_create(k, "/b", 0), ZK_SYSTEM_ERROR);
    CU_ASSERT_EQUAL(ask_set(k, "/a", "longer than before", -1),
                    ZK_SYSTEM_ERROR);
    CU_ASSERT_EQUAL(ask_set_acl(k, "/a", acl_of(31, "ip", "::1"), -1),
                    ZK_SYSTEM_ERROR);
    CU_ASSERT_EQUAL(ask_set(k, "/a", "x", -1), ZK_OK);
    CU_ASSERT_EQUAL(ask_delete(k, "/a", -1), ZK_OK);
    kit_close(k);
}

/* What is on its way to the tree will need its room there. */
static void
what_is_in_flight_counts_for_the_memory_limit(void)
{
    struct kit *k = given();

    k->in_flight = KIT_TREE / 2;
    CU_ASSERT_EQUAL(ask_create(k, "/b", 0), ZK_SYSTEM_ERROR);
    k->in_flight = KIT_TREE / 4;
    CU_ASSERT_EQUAL(ask_create(k, "/b", 0), ZK_OK);
    kit_close(k);
}

/* Many entries times many identities: refused, not written. */
static void
an_acl_that_expands_too_far_is_refused(void)
{
    static uint8_t ids[12000], acl[60000];
    struct jute_out out = jute_out_of(ids, sizeof ids);
    struct jute_out record;
    struct kit *k = given();
    char name[32];

    jute_put_i32(&out, 300);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "user%d:hash", i);
        put_text(&out, "digest");
        put_text(&out, name);
    }
    k->ids = kit_bytes(&out);
    out = jute_out_of(acl, sizeof acl);
    jute_put_i32(&out, 1000);
    for (int i = 0; i < 1000; i++) {
        jute_put_i32(&out, i);
        put_text(&out, "auth");
        put_text(&out, "");
    }
    record = kit_record();
    put_create(&record, "/big", "", kit_bytes(&out), 0);
    CU_ASSERT_EQUAL(
        kit_step(k, ZK_OP_CREATE, KIT_SESSION, kit_bytes(&record), 0),
        ZK_INVALID_ACL);
    CU_ASSERT_EQUAL(ask_set_acl(k, "/a", kit_bytes(&out), -1), ZK_INVALID_ACL);
    kit_close(k);
}

UNIT_SUITE(prep_create)
{
    unit_suite("prep_create");
    UNIT(the_first_check_that_fails_names_the_error);
    UNIT(ttl_flags_need_the_option_and_a_ttl);
    UNIT(the_opcode_makes_the_kind_and_the_flags_the_name);
    UNIT(names_count_all_creations_under_the_parent);
    UNIT(a_parent_made_again_counts_from_zero);
    UNIT(the_counter_sticks_when_one_at_a_time);
    UNIT(the_counter_wraps_while_requests_are_in_flight);
    UNIT(acls_hold_while_they_are_pending_and_after);
    UNIT(auth_is_stored_as_the_callers_identity);
    UNIT(a_full_memory_refuses_nodes_but_not_deletions);
    UNIT(what_is_in_flight_counts_for_the_memory_limit);
    UNIT(an_acl_that_expands_too_far_is_refused);
}
