/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about storage/tree/arena.c. */
#include "storage/tree/arena.h"

#include "tests/unit/memory_given.h"
#include "tests/unit/unit.h"

enum { RESERVED = 64 << 20, FIRST = ARENA_PAGE, BLOCKS = 4000 };

static struct arena arena;
static struct arena_page *table;
static uint8_t *base;
static uint64_t given_back;

static void
count_given_back(void *at, size_t size)
{
    CU_ASSERT_EQUAL((uintptr_t)at % ARENA_PAGE, 0);
    CU_ASSERT_TRUE((uint8_t *)at >= base &&
                   (uint8_t *)at + size <= base + RESERVED);
    given_back += size;
}

static void
given_arena(void)
{
    if (!base) {
        base = memory_reserved(RESERVED);
        table = memory_reserved(arena_table_bytes(RESERVED));
    }
    memset(table, 0xa5, arena_table_bytes(RESERVED)); /* need not be zero */
    arena_init(&arena, base, FIRST, RESERVED, table);
    arena.give_back = count_given_back;
    given_back = 0;
}

static void
a_size_is_rounded_to_its_class(void)
{
    CU_ASSERT_EQUAL(arena_rounded(1), 16);
    CU_ASSERT_EQUAL(arena_rounded(16), 16);
    CU_ASSERT_EQUAL(arena_rounded(17), 32);
    CU_ASSERT_EQUAL(arena_rounded(1024), 1024);
    CU_ASSERT_EQUAL(arena_rounded(1025), 1152);
    CU_ASSERT_EQUAL(arena_rounded(8192), 8192);
    CU_ASSERT_EQUAL(arena_rounded(8193), 12288);
    for (size_t size = 1; size < 100000; size++) {
        CU_ASSERT_FATAL(arena_rounded(size) >= size);
        CU_ASSERT_FATAL(size < 128 || size > 8192 ||
                        arena_rounded(size) <= size + size / 8 + 16);
    }
}

static void
a_block_counts_as_much_as_its_size_is_rounded_to(void)
{
    given_arena();
    for (size_t size = 1; size < 70000; size += 37) {
        uint32_t block = arena_take(&arena, size);

        CU_ASSERT_EQUAL_FATAL(arena.used_bytes, arena_rounded(size));
        arena_give(&arena, block);
    }
    CU_ASSERT_EQUAL(arena.used_bytes, 0);
}

static void
a_block_given_is_taken_again(void)
{
    uint32_t block;

    given_arena();
    arena_take(&arena, 100);
    block = arena_take(&arena, 100);
    arena_give(&arena, block);
    CU_ASSERT_EQUAL(arena_take(&arena, 100), block);
}

static void
a_full_arena_has_no_block_and_recovers(void)
{
    uint32_t large, small = 0, count = 0;

    given_arena();
    CU_ASSERT_EQUAL(arena_take(&arena, RESERVED), 0);
    large = arena_take(&arena, 32 << 20);
    CU_ASSERT_NOT_EQUAL(large, 0);
    CU_ASSERT_EQUAL(arena_take(&arena, 32 << 20), 0);
    for (uint32_t block; (block = arena_take(&arena, 8192)) != 0; count++)
        small = block;
    CU_ASSERT_TRUE(count > (31u << 20) / 8192);
    CU_ASSERT_EQUAL(arena_take(&arena, 8192), 0);
    arena_give(&arena, small);
    CU_ASSERT_NOT_EQUAL(arena_take(&arena, 8192), 0);
    arena_give(&arena, large);
    CU_ASSERT_NOT_EQUAL(arena_take(&arena, 16 << 20), 0);
}

/* Neighbours join whatever the order in which they come free. */
static void
freed_runs_become_one(void)
{
    static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                    {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

    for (size_t i = 0; i < ARRAY_COUNT(orders); i++) {
        uint32_t run[3], fence;

        given_arena();
        for (int j = 0; j < 3; j++)
            run[j] = arena_take(&arena, 5 * ARENA_PAGE);
        fence = arena_take(&arena, 3 * ARENA_PAGE); /* keeps the top up */
        for (int j = 0; j < 3; j++)
            arena_give(&arena, run[orders[i][j]]);
        CU_ASSERT_EQUAL(arena_take(&arena, 15 * ARENA_PAGE), run[0]);
        arena_give(&arena, run[0]);
        arena_give(&arena, fence);
        CU_ASSERT_EQUAL(arena.top_page, arena.first_page);
        CU_ASSERT_EQUAL(arena.resident_pages, 0);
    }
}

static void
freed_memory_goes_back(void)
{
    static uint32_t block[BLOCKS];

    given_arena();
    for (int i = 0; i < BLOCKS; i++)
        block[i] = arena_take(&arena, 1000);
    for (int i = 0; i < BLOCKS; i++)
        arena_give(&arena, block[i]);
    CU_ASSERT_TRUE(given_back >= BLOCKS * 1000 - (64 << 10));
    CU_ASSERT_EQUAL(arena.resident_pages, ARENA_SLAB_PAGES); /* one is kept */
}

/* --- a system whose pages are larger than ours --------------------------- */

enum { LARGE = 64 << 10, RUNS = 400, RUN_PAGES = 3 };

static uint8_t is_gone[RESERVED / LARGE];

/* It takes the pages that are whole, and what is in them is lost. */
static void
take_large_pages(void *at, size_t size)
{
    size_t from = ALIGN_UP((size_t)((uint8_t *)at - base), (size_t)LARGE);
    size_t to = (size_t)((uint8_t *)at - base) + size;

    for (; from + LARGE <= to; from += LARGE) {
        memset(base + from, 0xdd, LARGE);
        is_gone[from / LARGE] = 1;
    }
}

static uint32_t
given_runs(uint32_t run[RUNS])
{
    uint32_t fence;

    given_arena();
    arena.give_back = take_large_pages;
    memset(is_gone, 0, sizeof is_gone);
    for (uint32_t i = 0; i < RUNS; i++) {
        run[i] = arena_take(&arena, RUN_PAGES * ARENA_PAGE);
        memset(arena_at(&arena, run[i]), (int)i % 100, RUN_PAGES * ARENA_PAGE);
    }
    fence = arena_take(&arena, 3 * ARENA_PAGE); /* keeps the top up */
    memset(arena_at(&arena, fence), 7, 3 * ARENA_PAGE);
    return fence;
}

static bool
is_whole(uint32_t block, uint8_t what)
{
    const uint8_t *at = arena_at(&arena, block);

    return at[0] == what && memcmp(at, at + 1, RUN_PAGES * ARENA_PAGE - 1) == 0;
}

/* In whatever order its parts come free; and nothing else goes with it. */
static void
a_large_page_goes_back_when_all_of_it_is_free(void)
{
    static uint32_t run[RUNS];
    uint32_t fence = given_runs(run), gone = 0;

    for (uint32_t i = 0; i < RUNS; i++) {
        uint32_t k = i * 7 % RUNS, next = (i + 1) * 7 % RUNS;

        arena_give(&arena, run[k]);
        if (i + 1 < RUNS)
            CU_ASSERT_TRUE(is_whole(run[next], (uint8_t)(next % 100)));
    }
    CU_ASSERT_TRUE(is_whole(fence, 7));
    for (size_t i = 0; i < ARRAY_COUNT(is_gone); i++)
        gone += is_gone[i];
    CU_ASSERT_TRUE(gone >= RUNS * RUN_PAGES * ARENA_PAGE / LARGE - 1);
}

/* --- all of it ----------------------------------------------------------- */

/* Random takes and gives: no two blocks overlap, the sums are exact. */
static void
blocks_never_overlap(void)
{
    static struct {
        uint32_t block;
        size_t size;
    } held[BLOCKS];
    uint64_t state = 3, used = 0;

    given_arena();
    memset(held, 0, sizeof held);
    for (int step = 0; step < 300000; step++) {
        uint32_t i, kind;

        state = state * UINT64_C(6364136223846793005) + 1;
        i = (uint32_t)(state >> 33) % BLOCKS;
        kind = (uint32_t)(state >> 45) % 64;
        if (held[i].block) {
            const uint8_t *at = arena_at(&arena, held[i].block);

            CU_ASSERT_FATAL(at[0] == (uint8_t)i &&
                            at[held[i].size - 1] == (uint8_t)i);
            used -= arena_rounded(held[i].size);
            arena_give(&arena, held[i].block);
            held[i].block = 0;
        } else {
            held[i].size = kind == 0 ? 1 + (state >> 50) * 5
                                     : 1 + (state >> 50) % (kind * 30);
            held[i].block = arena_take(&arena, held[i].size);
            if (!held[i].block)
                continue;
            used += arena_rounded(held[i].size);
            memset(arena_at(&arena, held[i].block), (uint8_t)i, held[i].size);
        }
        CU_ASSERT_FATAL(arena.used_bytes == used);
    }
    for (uint32_t i = 0; i < BLOCKS; i++)
        if (held[i].block)
            arena_give(&arena, held[i].block);
    CU_ASSERT_EQUAL(arena.used_bytes, 0);
    CU_ASSERT_TRUE(arena.resident_pages <= ARENA_CLASSES * ARENA_SLAB_PAGES);
}

UNIT_SUITE(arena)
{
    unit_suite("arena");
    UNIT(a_size_is_rounded_to_its_class);
    UNIT(a_block_counts_as_much_as_its_size_is_rounded_to);
    UNIT(a_block_given_is_taken_again);
    UNIT(a_full_arena_has_no_block_and_recovers);
    UNIT(freed_runs_become_one);
    UNIT(freed_memory_goes_back);
    UNIT(a_large_page_goes_back_when_all_of_it_is_free);
    UNIT(blocks_never_overlap);
}
