/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about storage/tree/tree_load.c: nodes as a snapshot has them. */
#include "tests/unit/tree_given.h"

#include <errno.h>
#include <stdio.h>

static int
load(const char *path, const char *data, const struct znode_stat *stat)
{
    int rc;

    tree_batch_begin(tree);
    rc = tree_load_node(tree, bytes_of(path), text_or_null(data), BYTES_NULL,
                        stat);
    tree_batch_end(tree, ++applied);
    return rc;
}

static void
load_done(zxid_t at)
{
    tree_batch_begin(tree);
    tree_load_done(tree, at);
    tree_batch_end(tree, ++applied);
}

static void
a_loaded_node_is_as_it_was(void)
{
    struct znode_stat stat = {.czxid = 1,
                              .mzxid = 2,
                              .pzxid = 9,
                              .ctime = 3,
                              .mtime = 4,
                              .version = 5,
                              .cversion = 6,
                              .aversion = 7};
    struct znode_stat got;

    given_tree();
    CU_ASSERT_EQUAL(load("/a", "data", &stat), 0);
    load_done(0x77);
    got = stat_of("/a");
    CU_ASSERT_EQUAL(got.czxid, 1);
    CU_ASSERT_EQUAL(got.mzxid, 2);
    CU_ASSERT_EQUAL(got.pzxid, 9);
    CU_ASSERT_EQUAL(got.ctime, 3);
    CU_ASSERT_EQUAL(got.mtime, 4);
    CU_ASSERT_EQUAL(got.version, 5);
    CU_ASSERT_EQUAL(got.cversion, 6);
    CU_ASSERT_EQUAL(got.aversion, 7);
    CU_ASSERT_EQUAL(got.child_count, 0);
    CU_ASSERT_TRUE(data_is("/a", "data"));
    CU_ASSERT_EQUAL(totals().zxid, 0x77);
}

/* A multi made the node and a child of it: no zxid tells of the counter. */
static void
a_counter_is_loaded_whatever_the_zxids_say(void)
{
    struct znode_stat stat = {.czxid = 5, .mzxid = 5, .pzxid = 5};

    given_tree();
    load("/again", NULL, &stat);
    stat.cversion = 1;
    load("/a", NULL, &stat);
    load("/again", NULL, &stat);
    CU_ASSERT_EQUAL(stat_of("/a").cversion, 1);
    CU_ASSERT_EQUAL(stat_of("/again").cversion, 1);
}

static void
a_loaded_root_keeps_its_children(void)
{
    struct znode_stat stat = {.cversion = 4, .pzxid = 8};

    given_tree();
    CU_ASSERT_EQUAL(load("", "root", &stat), 1);
    CU_ASSERT_EQUAL(load("/", "root", &stat), 1); /* either name */
    CU_ASSERT_TRUE(data_is("/", "root"));
    CU_ASSERT_EQUAL(stat_of("/").cversion, 4);
    CU_ASSERT_EQUAL(stat_of("/").pzxid, 8);
    CU_ASSERT_EQUAL(stat_of("/").child_count, 1);
    CU_ASSERT_EQUAL(totals().node_count, 5);
}

static void
an_orphan_is_not_loaded(void)
{
    struct znode_stat stat = {0};

    given_tree();
    CU_ASSERT_EQUAL(load("/a/b", "x", &stat), -ENOENT);
    CU_ASSERT_EQUAL(load("a", "x", &stat), -ENOENT);
    CU_ASSERT_EQUAL(load("//a", "x", &stat), -ENOENT);
    CU_ASSERT_EQUAL(load("/a/", "x", &stat), -ENOENT);
    CU_ASSERT_EQUAL(totals().node_count, 5);
    load("/a", "x", &stat);
    load("/a/b", "x", &stat);
    load("/a/b/c", "x", &stat);
    CU_ASSERT_EQUAL(load("/a_b/c", "x", &stat), -ENOENT); /* looks like it */
}

static void
loaded_ephemerals_have_their_owner(void)
{
    struct znode_stat stat = {.czxid = 1, .mzxid = 1, .pzxid = 1, .owner = 7};

    given_tree();
    CU_ASSERT_EQUAL(load("/e", "x", &stat), 0);
    CU_ASSERT_EQUAL(totals().ephemeral_count, 1);
    CU_ASSERT_EQUAL(session_find(sessions, 7)->ephemeral_count, 1);
    CU_ASSERT_FALSE(session_find(sessions, 7)->is_alive);
    close_session(7);
    CU_ASSERT_FALSE(exists("/e"));
}

/* An owner that only loaded ephemerals knew goes with the last of them. */
static void
a_dead_owner_goes_with_its_last_node(void)
{
    given_tree();
    create_ephemeral("/e", 7);
    CU_ASSERT_PTR_NOT_NULL(session_find(sessions, 7));
    delete ("/e");
    CU_ASSERT_PTR_NULL(session_find(sessions, 7));
}

/* The digest of what was loaded is that of what was made. */
static void
loading_what_was_made_gives_the_same_digest(void)
{
    struct znode_stat root, a, b;
    uint64_t digest;

    given_tree();
    create("/a", "x");
    create("/a/b", NULL);
    set_data("/a", "yy", 1);
    root = stat_of("/");
    a = stat_of("/a");
    b = stat_of("/a/b");
    digest = totals().digest;
    tree_clear(tree);
    CU_ASSERT_NOT_EQUAL(totals().digest, digest);
    load("", "", &root);
    load("/a", "yy", &a);
    load("/a/b", NULL, &b);
    CU_ASSERT_EQUAL(totals().digest, digest);
}

static void
a_full_arena_refuses_to_load(void)
{
    enum { SIZE = 16 << 20, DATA = 1 << 20 };
    static char path[16];
    static uint8_t data[DATA];
    struct znode_stat stat = {0};
    struct session_table *none = sessions;
    struct tree *small = tree_init(memory_reserved(SIZE), SIZE, none);
    int rc = 0, count = 0;

    tree_batch_begin(small);
    for (; rc == 0 && count < 100; count++) {
        snprintf(path, sizeof path, "/n%d", count);
        rc = tree_load_node(small, bytes_of(path),
                            (struct bytes){data, sizeof data}, BYTES_NULL,
                            &stat);
    }
    CU_ASSERT_EQUAL(rc, -ENOSPC);
    CU_ASSERT_TRUE(count > 8);
    tree_clear(small);
    CU_ASSERT_EQUAL(
        tree_load_node(small, bytes_of("/a"), bytes_of("x"), BYTES_NULL, &stat),
        0);
    tree_batch_end(small, 1);
}

/*
 * A path is looked for beside the node before it only if it is there: what
 * precedes its last slash must be the parent's path, whole.
 */
static void
neighbours_in_order_find_their_parents(void)
{
    static const char *const paths[] = {
        "/a",  "/a-b",  "/a-b/c", "/a/b", "/a/b/c", "/a/c",
        "/ab", "/ab/b", "/b",     "/b/b", "/b/b/b", "/b/b/b/b",
    };
    struct znode_stat stat = {.czxid = 1, .pzxid = 1};
    struct znode_view view;

    given_tree();
    for (size_t i = 0; i < ARRAY_COUNT(paths); i++)
        CU_ASSERT_EQUAL(load(paths[i], paths[i], &stat), 0);
    load_done(1);
    for (size_t i = 0; i < ARRAY_COUNT(paths); i++) {
        CU_ASSERT_TRUE_FATAL(tree_view(tree, bytes_of(paths[i]), &view));
        CU_ASSERT_TRUE(bytes_are(view.data, paths[i]));
    }
    CU_ASSERT_EQUAL(totals().node_count, 5 + ARRAY_COUNT(paths));
    CU_ASSERT_EQUAL(stat_of("/").child_count, 5);
    CU_ASSERT_EQUAL(stat_of("/a").child_count, 2);
    CU_ASSERT_FALSE(exists("/a/b/b"));
}

/* What is announced, or not, or never comes makes no difference. */
static void
announcing_changes_nothing(void)
{
    struct znode_stat stat = {.czxid = 1, .pzxid = 1};
    uint64_t digest;

    given_tree();
    load("/a", "", &stat);
    load("/a/b", "", &stat);
    load_done(1);
    digest = totals().digest;
    given_tree();
    tree_batch_begin(tree);
    tree_load_expect(tree, 1000);
    tree_batch_end(tree, ++applied);
    tree_load_soon(tree, bytes_of("/a"));
    load("/a", "", &stat);
    tree_load_soon(tree, bytes_of("/a/b"));
    tree_load_soon(tree, bytes_of("/x/y"));
    tree_load_soon(tree, bytes_of("no path"));
    tree_load_soon(tree, BYTES_NULL);
    load("/a/b", "", &stat);
    load_done(1);
    CU_ASSERT_EQUAL(totals().digest, digest);
    CU_ASSERT_EQUAL(totals().node_count, 7);
}

/* More paths than there is room for, and some that are none. */
static void
looking_ahead_changes_nothing(void)
{
    static const char *const paths[] = {"/a", "/a/b", "/a/c/d", "/",
                                        "",   "//a",  "/a/",    "no path"};
    struct tree_ahead ahead;
    uint64_t digest, nodes;

    given_tree();
    create("/a", "");
    create("/a/b", "");
    digest = totals().digest;
    nodes = totals().node_count;
    tree_ahead_begin(&ahead, tree);
    tree_ahead_note(&ahead, BYTES_NULL);
    CU_ASSERT_EQUAL(ahead.count, 0);
    for (size_t i = 0; i < 100; i++)
        tree_ahead_note(&ahead, bytes_of(paths[i % ARRAY_COUNT(paths)]));
    CU_ASSERT(tree_ahead_is_full(&ahead));
    tree_ahead_end(&ahead);
    CU_ASSERT_EQUAL(totals().digest, digest);
    CU_ASSERT_EQUAL(totals().node_count, nodes);
}

UNIT_SUITE(tree_load)
{
    unit_suite("tree_load");
    UNIT(a_loaded_node_is_as_it_was);
    UNIT(a_counter_is_loaded_whatever_the_zxids_say);
    UNIT(a_loaded_root_keeps_its_children);
    UNIT(an_orphan_is_not_loaded);
    UNIT(loaded_ephemerals_have_their_owner);
    UNIT(a_dead_owner_goes_with_its_last_node);
    UNIT(loading_what_was_made_gives_the_same_digest);
    UNIT(a_full_arena_refuses_to_load);
    UNIT(neighbours_in_order_find_their_parents);
    UNIT(announcing_changes_nothing);
    UNIT(looking_ahead_changes_nothing);
}
