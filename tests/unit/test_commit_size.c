/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about storage/image/commit_size.c: how much a commit takes. */
#include "storage/image/commit_size.h"

#include "tests/unit/unit.h"

enum { MIB = 1024 * 1024, PAGE = 4096, LARGE = 200 * MIB, SMALL = 2 * MIB };

static struct commit_size s;
static mono_ms_t now;

static void
given_new(void)
{
    commit_size_init(&s);
    now = 1000000;
    s.last = now;
}

/* A commit of as many rows as it may have, `ms` after the last one. */
static void
commit(uint64_t row_bytes, uint64_t tree_bytes, int64_t ms)
{
    struct commit_facts c = {.rows = s.rows,
                             .bytes = s.rows * row_bytes,
                             .tree_bytes = tree_bytes,
                             .now = now += ms};

    commit_size_learn(&s, &c);
}

static void
rows_that_lie_all_over_a_large_tree_go_in_small_commits(void)
{
    given_new();
    for (int i = 0; i < 5; i++)
        commit(PAGE, LARGE, 50);
    CU_ASSERT_EQUAL(s.rows, MIB / PAGE);
}

static void
rows_that_are_neighbours_go_together(void)
{
    given_new();
    commit(128, LARGE, 50);
    CU_ASSERT_EQUAL(s.rows, MIB / 128);
    commit(1, LARGE, 50);
    CU_ASSERT_EQUAL(s.rows, COMMIT_ROWS_MAX);
}

static void
commits_without_pause_take_more_each(void)
{
    given_new();
    for (int i = 0; i < 5; i++)
        commit(PAGE, LARGE, 5);
    CU_ASSERT_EQUAL(s.rows, 4 * MIB / PAGE);
    for (int i = 0; i < 5; i++)
        commit(PAGE, LARGE, 500);
    CU_ASSERT_EQUAL(s.rows, MIB / PAGE);
}

/* All its nodes are set all the time: each is written once for many sets. */
static void
of_a_small_tree_a_commit_may_take_all(void)
{
    struct commit_facts c = {
        .rows = 10000, .bytes = SMALL, .tree_bytes = SMALL};

    given_new();
    c.now = now + 50;
    commit_size_learn(&s, &c);
    CU_ASSERT(s.rows >= 10000);
}

static void
a_commit_of_few_rows_says_nothing_of_rows(void)
{
    struct commit_facts c = {.rows = 1, .bytes = 4 * PAGE, .tree_bytes = LARGE};
    size_t rows;

    given_new();
    commit(PAGE, LARGE, 50);
    rows = s.rows;
    c.now = now + 5000;
    commit_size_learn(&s, &c);
    CU_ASSERT_EQUAL(s.rows, rows);
}

/* Where the system does not tell. */
static void
a_commit_that_seems_to_have_written_nothing_bounds_nothing(void)
{
    given_new();
    commit(0, LARGE, 50);
    CU_ASSERT_EQUAL(s.rows, COMMIT_ROWS_MAX);
}

UNIT_SUITE(commit_size)
{
    unit_suite("commit_size");
    UNIT(rows_that_lie_all_over_a_large_tree_go_in_small_commits);
    UNIT(rows_that_are_neighbours_go_together);
    UNIT(commits_without_pause_take_more_each);
    UNIT(of_a_small_tree_a_commit_may_take_all);
    UNIT(a_commit_of_few_rows_says_nothing_of_rows);
    UNIT(a_commit_that_seems_to_have_written_nothing_bounds_nothing);
}
