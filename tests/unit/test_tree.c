/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about storage/tree/tree.c: beginning, totals, memory. */
#include "tests/unit/tree_given.h"

#include <stdio.h>

static const uint8_t read_acl[] = {
    0,   0,   0,   1, 0, 0, 0, 1,   0,   0,   0,   5,   'w', 'o',
    'r', 'l', 'd', 0, 0, 0, 6, 'a', 'n', 'y', 'o', 'n', 'e',
};

/* --- beginning ----------------------------------------------------------- */

static void
a_fresh_tree_has_what_apache_counts(void)
{
    struct znode_view view;

    given_tree();
    CU_ASSERT_EQUAL(totals().node_count, 5);
    CU_ASSERT_EQUAL(totals().data_bytes, 44);
    CU_ASSERT_EQUAL(totals().digest, 1371985504);
    CU_ASSERT_EQUAL(totals().ephemeral_count, 0);
    CU_ASSERT_EQUAL(totals().zxid, 0);
    CU_ASSERT_TRUE(tree_view(tree, bytes_of("/"), &view));
    CU_ASSERT_EQUAL(tree_descendants(tree, &view), 3);
    CU_ASSERT_EQUAL(view.stat.child_count, 1);
    CU_ASSERT_EQUAL(view.data.size, 0);
    CU_ASSERT_TRUE(tree_view(tree, bytes_of("/zookeeper"), &view));
    CU_ASSERT_EQUAL(view.stat.child_count, 2);
}

static void
the_config_node_is_read_only(void)
{
    struct znode_view view;
    struct bytes acl;

    given_tree();
    CU_ASSERT_TRUE(tree_view(tree, bytes_of("/zookeeper/config"), &view));
    CU_ASSERT_EQUAL(view.stat.aversion, -1);
    CU_ASSERT_EQUAL(view.data.size, 0); /* empty, not null */
    acl = tree_acl(tree, view.acl);
    CU_ASSERT_EQUAL(acl.size, (int32_t)sizeof read_acl);
    CU_ASSERT_EQUAL(memcmp(acl.data, read_acl, sizeof read_acl), 0);
}

static void
reference_zero_is_the_open_list(void)
{
    struct znode_view view;
    struct bytes acl;

    given_tree();
    CU_ASSERT_TRUE(tree_view(tree, bytes_of("/zookeeper"), &view));
    CU_ASSERT_EQUAL(view.acl, 0);
    acl = tree_acl(tree, 0);
    CU_ASSERT_EQUAL(acl.size, (int32_t)sizeof read_acl);
    CU_ASSERT_EQUAL(acl.data[7], ZK_PERM_ALL);
}

static void
nothing_counts_before_the_tree_begins(void)
{
    static uint8_t zero[4096] __attribute__((aligned(4096)));
    struct tree_totals none;

    tree_totals((const struct tree *)zero, &none);
    CU_ASSERT_EQUAL(none.node_count, 0);
    CU_ASSERT_EQUAL(none.memory_bytes, 0);
}

/* The sequence goes on, so a reader of the old tree notices. */
static void
a_tree_begun_again_is_another_tree(void)
{
    uint64_t seq;

    given_tree();
    create("/a", "x");
    seq = tree_read_begin(tree);
    tree_batch_begin(tree); /* and the writer dies here */
    given_tree();
    CU_ASSERT_TRUE(tree_read_retry(tree, seq));
    CU_ASSERT_TRUE(tree_read_begin(tree) > seq);
    CU_ASSERT_FALSE(exists("/a"));
    CU_ASSERT_EQUAL(totals().node_count, 5);
}

static void
a_cleared_tree_is_fresh(void)
{
    given_tree();
    open_session(7);
    create_ephemeral("/e", 7);
    create_ephemeral("/f", 8); /* whose session is not open */
    create("/a", "x");
    tree_clear(tree);
    CU_ASSERT_FALSE(exists("/a"));
    CU_ASSERT_EQUAL(totals().node_count, 5);
    CU_ASSERT_EQUAL(totals().digest, 1371985504);
    CU_ASSERT_EQUAL(session_find(sessions, 7)->ephemerals, 0);
    CU_ASSERT_PTR_NULL(session_find(sessions, 8));
    CU_ASSERT_EQUAL(create_ephemeral("/e", 7), ZK_OK);
    CU_ASSERT_EQUAL(session_find(sessions, 7)->ephemeral_count, 1);
}

static void
clearing_inside_a_batch_leaves_it_open(void)
{
    given_tree();
    tree_batch_begin(tree);
    tree_clear(tree);
    tree_batch_end(tree, ++applied);
    CU_ASSERT_EQUAL(tree_applied(tree), applied);
    CU_ASSERT_EQUAL(create("/a", "x"), ZK_OK);
}

/* --- memory -------------------------------------------------------------- */

enum { MANY = 1000000 };

static void
create_many(int from, int to)
{
    static const uint8_t data[100];
    char path[32];

    for (int i = from; i < to; i++) {
        struct change c = {.kind = CHANGE_CREATE,
                           .op = ZK_OP_CREATE,
                           .data = {data, sizeof data},
                           .acl = BYTES_NULL,
                           .parent_cversion = -1};

        snprintf(path, sizeof path, "/many/n%07d", i);
        c.path = bytes_of(path);
        change(c, 0);
    }
}

static void
delete_many(int from, int to)
{
    char path[32];

    for (int i = from; i < to; i++) {
        snprintf(path, sizeof path, "/many/n%07d", i);
        delete (path);
    }
}

/* 250 bytes is the budget; the rest is for what else a server keeps. */
static void
a_million_nodes_cost_little_and_give_it_back(void)
{
    uint64_t before, full, after;

    given_tree();
    create("/many", NULL);
    before = totals().memory_bytes;
    create_many(0, MANY);
    full = totals().memory_bytes;
    CU_ASSERT_EQUAL(totals().node_count, MANY + 6);
    CU_ASSERT_TRUE((full - before) / MANY <= 232);
    delete_many(0, MANY);
    after = totals().memory_bytes;
    CU_ASSERT_TRUE(after - before < 1 << 20);
    CU_ASSERT_EQUAL(stat_of("/many").child_count, 0);
}

static void
deleting_makes_room_under_a_limit(void)
{
    uint64_t limit;

    given_tree();
    create("/many", NULL);
    create_many(0, 100000);
    limit = totals().memory_bytes;
    CU_ASSERT_FALSE(tree_has_room(tree, 1000, limit));
    CU_ASSERT_TRUE(tree_has_room(tree, 1000, limit + 1000));
    for (int i = 0; i < 100000; i += 4) /* no slab gets empty by this */
        delete_many(i, i + 1);
    CU_ASSERT_TRUE(tree_has_room(tree, 1000, limit));
    CU_ASSERT_FALSE(tree_has_room(tree, UINT64_C(4) << 30, UINT64_MAX / 2));
}

UNIT_SUITE(tree)
{
    unit_suite("tree");
    UNIT(a_fresh_tree_has_what_apache_counts);
    UNIT(the_config_node_is_read_only);
    UNIT(reference_zero_is_the_open_list);
    UNIT(nothing_counts_before_the_tree_begins);
    UNIT(a_tree_begun_again_is_another_tree);
    UNIT(a_cleared_tree_is_fresh);
    UNIT(clearing_inside_a_batch_leaves_it_open);
    UNIT(a_million_nodes_cost_little_and_give_it_back);
    UNIT(deleting_makes_room_under_a_limit);
}
