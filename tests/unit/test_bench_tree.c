/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about the names and values of tools/bench/bench_tree.c. */
#include "tools/bench/bench_tree.h"

#include "tests/unit/unit.h"

static struct bench_opts opts;
static struct bench_tree tree;
static struct bench_path path;

static void
given_prefix(const char *prefix)
{
    opts = (struct bench_opts){.prefix = prefix};
    bench_tree_init(&tree, &opts);
}

static void
keys_lie_a_thousand_to_a_parent(void)
{
    given_prefix("/p");
    bench_path_key(&tree, 999, &path);
    CU_ASSERT_TRUE(bytes_are(path.bytes, "/p/d000000/k00000999"));
    bench_path_key(&tree, 1000, &path);
    CU_ASSERT_TRUE(bytes_are(path.bytes, "/p/d000001/k00001000"));
    bench_path_key_parent(&tree, 1, &path);
    CU_ASSERT_TRUE(bytes_are(path.bytes, "/p/d000001"));
}

static void
keys_may_begin_at_any_thousand(void)
{
    given_prefix("/p");
    opts.first_key = 3000;
    bench_path_key(&tree, 1, &path);
    CU_ASSERT_TRUE(bytes_are(path.bytes, "/p/d000003/k00003001"));
    bench_path_key_parent(&tree, 1, &path);
    CU_ASSERT_TRUE(bytes_are(path.bytes, "/p/d000004"));
}

static void
connections_never_create_the_same_name(void)
{
    given_prefix("/p");
    bench_path_work(&tree, 65, 7, &path);
    CU_ASSERT_TRUE(bytes_are(path.bytes, "/p/w000001/c000065-000000007"));
    bench_path_work_parent(&tree, 1, &path);
    CU_ASSERT_TRUE(bytes_are(path.bytes, "/p/w000001"));
}

static void
the_list_has_a_place_of_its_own(void)
{
    given_prefix("/a/b");
    bench_path_list_child(&tree, 12, &path);
    CU_ASSERT_TRUE(bytes_are(path.bytes, "/a/b/list/c000012"));
}

static void
nobody_else_has_our_default_prefix(void)
{
    given_prefix(NULL);
    CU_ASSERT_EQUAL(strncmp(tree.prefix, "/zab-bench-", 11), 0);
    CU_ASSERT_FALSE(tree.is_ours);
}

static void
values_differ_from_key_to_key(void)
{
    CU_ASSERT_FALSE(bytes_equal(bench_data(1, 100), bench_data(2, 100)));
    CU_ASSERT_TRUE(bytes_equal(bench_data(1, 100), bench_data(1, 100)));
    CU_ASSERT_EQUAL(bench_data(1, 0).size, 0);
}

static void
a_request_has_room_for_all_its_creates(void)
{
    opts = (struct bench_opts){.value_size = 1000, .multi_ops = 500};
    CU_ASSERT_TRUE(bench_request_max(&opts) > 500 * 1000);
}

UNIT_SUITE(bench_tree)
{
    unit_suite("bench_tree");
    UNIT(keys_lie_a_thousand_to_a_parent);
    UNIT(keys_may_begin_at_any_thousand);
    UNIT(connections_never_create_the_same_name);
    UNIT(the_list_has_a_place_of_its_own);
    UNIT(nobody_else_has_our_default_prefix);
    UNIT(values_differ_from_key_to_key);
    UNIT(a_request_has_room_for_all_its_creates);
}
