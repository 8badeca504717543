/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about storage/tree/quota.c. */
#include "storage/tree/quota.h"

#include "tests/unit/tree_given.h"

#define QUOTA_A "/zookeeper/quota/a"

/* A quota on /a with `limits`; /a and /a/b exist: 3 bytes in 2 nodes. */
static void
given_quota(const char *limits)
{
    given_tree();
    create("/a", "1");
    create("/a/b", "22");
    create(QUOTA_A, NULL);
    create(QUOTA_A "/zookeeper_limits", limits);
    create(QUOTA_A "/zookeeper_stats", "count=0,bytes=0");
}

static bool
stats_are(const char *expected)
{
    return data_is(QUOTA_A "/zookeeper_stats", expected);
}

/* --- statistics ---------------------------------------------------------- */

static void
new_statistics_say_what_is_there(void)
{
    given_quota("count=5,bytes=-1");
    CU_ASSERT_TRUE(stats_are("count=2,bytes=3"));
}

static void
statistics_follow_every_change_below(void)
{
    given_quota("count=5,bytes=-1");
    create("/a/c", "4444");
    CU_ASSERT_TRUE(stats_are("count=3,bytes=7"));
    create("/a/c/d", NULL);
    CU_ASSERT_TRUE(stats_are("count=4,bytes=7"));
    set_data("/a/b", "333", 1);
    CU_ASSERT_TRUE(stats_are("count=4,bytes=8"));
    set_data("/a", NULL, 1);
    CU_ASSERT_TRUE(stats_are("count=4,bytes=7"));
    delete ("/a/b");
    CU_ASSERT_TRUE(stats_are("count=3,bytes=4"));
    create("/ab", "not below");
    create("/other", "neither");
    CU_ASSERT_TRUE(stats_are("count=3,bytes=4"));
}

static void
statistics_change_nothing_but_their_data(void)
{
    struct znode_stat before, after;
    uint64_t digest;

    given_quota("count=5,bytes=-1");
    before = stat_of(QUOTA_A "/zookeeper_stats");
    create("/a/c", "4444");
    after = stat_of(QUOTA_A "/zookeeper_stats");
    CU_ASSERT_EQUAL(after.mzxid, before.mzxid);
    CU_ASSERT_EQUAL(after.version, 0);
    CU_ASSERT_EQUAL(after.mtime, before.mtime);
    digest = totals().digest;
    set_data(QUOTA_A "/zookeeper_stats", "count=2,bytes=3", 1);
    CU_ASSERT_EQUAL(totals().digest, digest);
}

static void
only_the_deepest_quota_is_charged(void)
{
    given_quota("count=5,bytes=-1");
    create(QUOTA_A "/b", NULL);
    create(QUOTA_A "/b/zookeeper_limits", "count=9");
    create(QUOTA_A "/b/zookeeper_stats", NULL);
    CU_ASSERT_TRUE(data_is(QUOTA_A "/b/zookeeper_stats", "count=1,bytes=2"));
    create("/a/b/c", "55555");
    CU_ASSERT_TRUE(data_is(QUOTA_A "/b/zookeeper_stats", "count=2,bytes=7"));
    CU_ASSERT_TRUE(stats_are("count=2,bytes=3"));
}

static void
without_limits_nothing_is_charged(void)
{
    given_quota("count=5,bytes=-1");
    delete (QUOTA_A "/zookeeper_limits");
    create("/a/c", "4444");
    CU_ASSERT_TRUE(stats_are("count=2,bytes=3"));
}

/* Which ends the Java server, whenever it meets the transaction. */
static void
limits_on_the_root_mean_nothing(void)
{
    struct quota_view q;

    given_tree();
    CU_ASSERT_EQUAL(create("/zookeeper/quota/zookeeper_limits", "count=1"),
                    ZK_OK);
    CU_ASSERT_FALSE(quota_find(tree, bytes_of("/a"), &q));
    CU_ASSERT_EQUAL(delete ("/zookeeper/quota/zookeeper_limits"), ZK_OK);
}

static void
a_loaded_quota_is_counted_anew(void)
{
    struct znode_stat stat = {.czxid = 1, .mzxid = 1, .pzxid = 1};

    given_tree();
    tree_batch_begin(tree);
    tree_load_node(tree, bytes_of("/a"), bytes_of("1"), BYTES_NULL, &stat);
    tree_load_node(tree, bytes_of("/a/b"), bytes_of("22"), BYTES_NULL, &stat);
    tree_load_node(tree, bytes_of(QUOTA_A), BYTES_NULL, BYTES_NULL, &stat);
    tree_load_node(tree, bytes_of(QUOTA_A "/zookeeper_limits"),
                   bytes_of("count=5"), BYTES_NULL, &stat);
    tree_load_node(tree, bytes_of(QUOTA_A "/zookeeper_stats"),
                   bytes_of("count=77,bytes=77"), BYTES_NULL, &stat);
    tree_load_done(tree, 1);
    tree_batch_end(tree, ++applied);
    CU_ASSERT_TRUE(stats_are("count=2,bytes=3"));
    create("/a/c", NULL);
    CU_ASSERT_TRUE(stats_are("count=3,bytes=3"));
}

/* --- what request preparation asks --------------------------------------- */

static void
a_quota_is_found_by_what_it_covers(void)
{
    struct quota_view q;

    given_quota("count=5,bytes=100=;countHardLimit=7");
    CU_ASSERT_TRUE(quota_find(tree, bytes_of("/a/b/to/come"), &q));
    CU_ASSERT_TRUE(bytes_are(q.path, "/a"));
    CU_ASSERT_EQUAL(q.limits.count, 5);
    CU_ASSERT_EQUAL(q.limits.bytes, 100);
    CU_ASSERT_EQUAL(q.limits.count_hard, 7);
    CU_ASSERT_EQUAL(q.limits.bytes_hard, -1);
    CU_ASSERT_TRUE(q.has_stats);
    CU_ASSERT_EQUAL(q.now.count, 2);
    CU_ASSERT_EQUAL(q.now.bytes, 3);
    CU_ASSERT_TRUE(quota_find(tree, bytes_of("/a"), &q));
    CU_ASSERT_FALSE(quota_find(tree, bytes_of("/ab"), &q));
    CU_ASSERT_FALSE(quota_find(tree, bytes_of("/"), &q));
    CU_ASSERT_FALSE(quota_find(tree, bytes_of("//a"), &q));
    delete (QUOTA_A "/zookeeper_stats");
    CU_ASSERT_TRUE(quota_find(tree, bytes_of("/a"), &q));
    CU_ASSERT_FALSE(q.has_stats);
}

UNIT_SUITE(quota)
{
    unit_suite("quota");
    UNIT(new_statistics_say_what_is_there);
    UNIT(statistics_follow_every_change_below);
    UNIT(statistics_change_nothing_but_their_data);
    UNIT(only_the_deepest_quota_is_charged);
    UNIT(without_limits_nothing_is_charged);
    UNIT(limits_on_the_root_mean_nothing);
    UNIT(a_loaded_quota_is_counted_anew);
    UNIT(a_quota_is_found_by_what_it_covers);
}
