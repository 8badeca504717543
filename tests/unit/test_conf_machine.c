/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about daemon/conf/conf_machine.c, on cgroup folders of our own. */
#include "daemon/conf/conf_machine.h"

#include "tests/unit/tempdir.h"
#include "tests/unit/unit.h"

static char self[DATA_PATH_MAX];
static char root[DATA_PATH_MAX];

static void
put(const char *leaf, const char *text)
{
    char path[DATA_PATH_MAX];

    data_path(path, root, leaf);
    file_write(path, text, strlen(text));
}

static void
given_cgroup(const char *line)
{
    static const char *const folders[] = {"a",        "a/b",     "memory",
                                          "memory/a", "unified", "unified/a"};
    char path[DATA_PATH_MAX];

    tempdir_make(root);
    data_path(self, root, "self");
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        data_path(path, root, folders[i]);
        mkdir(path, 0755);
    }
    put("a/memory.max", "max\n");
    put("a/b/memory.max", "max\n");
    put("a/b/memory.high", "max\n");
    put("self", line);
}

static void
without_a_limit_there_is_none(void)
{
    given_cgroup("0::/a/b\n");
    CU_ASSERT_EQUAL(conf_cgroup_memory(self, root), INT64_MAX);
    CU_ASSERT_EQUAL(conf_cgroup_memory("/nowhere", root), INT64_MAX);
    tempdir_remove(root);
}

static void
the_least_limit_up_the_tree_counts(void)
{
    given_cgroup("0::/a/b\n");
    put("a/b/memory.max", "5000\n");
    CU_ASSERT_EQUAL(conf_cgroup_memory(self, root), 5000);
    put("a/memory.max", "4000\n");
    CU_ASSERT_EQUAL(conf_cgroup_memory(self, root), 4000);
    put("a/b/memory.high", "3000\n");
    CU_ASSERT_EQUAL(conf_cgroup_memory(self, root), 3000);
    tempdir_remove(root);
}

static void
version_1_has_its_own_file(void)
{
    given_cgroup("3:cpu,cpuacct:/a\n7:memory:/a\n1:name=systemd:/a/b\n");
    put("memory/a/memory.limit_in_bytes", "7000\n");
    CU_ASSERT_EQUAL(conf_cgroup_memory(self, root), 7000);
    tempdir_remove(root);
}

/* Version 2 beside version 1, as systemd's hybrid hierarchy has it. */
static void
version_2_may_have_a_folder_of_its_own(void)
{
    given_cgroup("0::/a\n");
    put("unified/a/memory.max", "6000\n");
    CU_ASSERT_EQUAL(conf_cgroup_memory(self, root), 6000);
    put("unified/a/memory.high", "5500\n");
    CU_ASSERT_EQUAL(conf_cgroup_memory(self, root), 5500);
    tempdir_remove(root);
}

static void
odd_files_are_no_limit(void)
{
    given_cgroup("nonsense\n0:/a\n0::/a/b\n");
    put("a/b/memory.max", "0\n");
    put("a/memory.max", "");
    CU_ASSERT_EQUAL(conf_cgroup_memory(self, root), INT64_MAX);
    tempdir_remove(root);
}

static void
this_machine_has_a_core_and_memory(void)
{
    CU_ASSERT_TRUE(conf_machine_cores() >= 1);
    CU_ASSERT_TRUE(conf_machine_memory() > 1 << 20);
    CU_ASSERT_TRUE(conf_machine_memory() < INT64_MAX);
}

/* A container of 256M: the rings fill, snapshots are made, nobody dies. */
static void
a_small_machine_keeps_memory_for_the_rest(void)
{
    int64_t small = 256 << 20, rings = 72 << 20;

    CU_ASSERT_TRUE(conf_memory_beside(small, rings) > small / 4);
    CU_ASSERT_TRUE(
        conf_memory_beside(small, rings) / 8 * 9 + rings + (64 << 20) <= small);
    CU_ASSERT_TRUE(conf_memory_beside(100 << 20, rings) > 0);
}

static void
a_large_one_gives_three_quarters(void)
{
    int64_t large = INT64_C(64) << 30;

    CU_ASSERT_TRUE(conf_memory_beside(large, 72 << 20) > large / 100 * 74);
    CU_ASSERT_TRUE(conf_memory_beside(large, 72 << 20) <= large / 4 * 3);
}

UNIT_SUITE(conf_machine)
{
    unit_suite("conf_machine");
    UNIT(without_a_limit_there_is_none);
    UNIT(the_least_limit_up_the_tree_counts);
    UNIT(version_1_has_its_own_file);
    UNIT(version_2_may_have_a_folder_of_its_own);
    UNIT(odd_files_are_no_limit);
    UNIT(this_machine_has_a_core_and_memory);
    UNIT(a_small_machine_keeps_memory_for_the_rest);
    UNIT(a_large_one_gives_three_quarters);
}
