/* SPDX-License-Identifier: Apache-2.0 */
/* test_watch_arena.c - claims about the memory that watches live in. */
#include "net/client/watch_arena.h"

#include "tests/unit/unit.h"

enum { BYTES = 1 << 16, SMALL = 2 * WATCH_UNIT };

static struct watch_arena arena;

/* One block is taken for good: an empty arena would begin anew. */
static void
given_arena(void)
{
    static uint64_t memory[BYTES / sizeof(uint64_t)];

    watch_arena_init(&arena, memory, BYTES);
    CU_ASSERT_NOT_EQUAL(watch_take(&arena, SMALL), 0);
}

/* How many small blocks there are. */
static int
taken(void)
{
    int count = 0;

    while (watch_take(&arena, SMALL))
        count++;
    return count;
}

static void
a_block_given_is_taken_again(void)
{
    given_arena();
    for (int i = 0; i < BYTES; i++) {
        uint32_t handle = watch_take(&arena, SMALL);

        CU_ASSERT_NOT_EQUAL_FATAL(handle, 0);
        watch_give(&arena, handle, SMALL);
    }
}

static void
a_large_block_given_becomes_small_ones(void)
{
    int all;

    given_arena();
    all = taken();
    CU_ASSERT_TRUE(all > BYTES / SMALL - 4);
    given_arena();
    watch_give(&arena, watch_take(&arena, BYTES / 2), BYTES / 2);
    CU_ASSERT_EQUAL(taken(), all);
}

UNIT_SUITE(watch_arena)
{
    unit_suite("watch_arena");
    UNIT(a_block_given_is_taken_again);
    UNIT(a_large_block_given_becomes_small_ones);
}
