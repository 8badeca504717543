/* SPDX-License-Identifier: Apache-2.0 */
/* test_conn_buf.c - claims about buffers that are lent. */
#include "net/wire/conn_buf.h"

#include "tests/unit/memory_given.h"
#include "tests/unit/unit.h"

static struct buf_pool pool;

static void
a_buffer_has_the_room_asked_for(void)
{
    buf_pool_init(&pool, 1 << 30);
    for (size_t size = 1; size < (8u << 20); size = size * 3 + 1) {
        struct buf *b = buf_take(&pool, size);

        CU_ASSERT_PTR_NOT_NULL(b);
        CU_ASSERT_TRUE(buf_capacity(b) >= size);
        memset(b->data, 1, buf_capacity(b));
        buf_give(&pool, b);
    }
    CU_ASSERT_EQUAL(pool.out_bytes, 0);
}

static void
the_last_given_is_the_next_taken(void)
{
    struct buf *b;

    buf_pool_init(&pool, 1 << 20);
    b = buf_take(&pool, 4000);
    buf_give(&pool, b);
    CU_ASSERT_PTR_EQUAL(buf_take(&pool, 4000), b);
}

static void
all_that_were_given_are_taken_again(void)
{
    struct buf *b[3];

    buf_pool_init(&pool, 1 << 20);
    for (int i = 0; i < 3; i++)
        b[i] = buf_take(&pool, 60000); /* one mapping each */
    for (int i = 0; i < 3; i++)
        buf_give(&pool, b[i]);
    for (int i = 3; i-- > 0;)
        CU_ASSERT_PTR_EQUAL(buf_take(&pool, 60000), b[i]);
}

/* A piece of memory is cut off as it is needed, none of it in advance. */
static void
what_nobody_took_is_not_touched(void)
{
    struct buf *b;
    uint8_t *end;

    buf_pool_init(&pool, 1 << 20);
    b = buf_take(&pool, 4000);
    end = (uint8_t *)b + BUF_PIECE - 1;
    CU_ASSERT_TRUE(memory_is_touched(b));
    CU_ASSERT_EQUAL(memory_is_touched(end), memory_page() >= BUF_PIECE);
    for (uint32_t i = 1; i < BUF_PIECE / 4096; i++)
        b = buf_take(&pool, 4000);
    CU_ASSERT_TRUE(memory_is_touched(end));
    CU_ASSERT_PTR_EQUAL((uint8_t *)b + 4095, end);
}

/* Whatever their sizes. */
static void
no_two_share_a_byte(void)
{
    struct buf *b[100];

    buf_pool_init(&pool, 16 << 20);
    for (uint32_t i = 0; i < ARRAY_COUNT(b); i++) {
        b[i] = buf_take(&pool, (size_t)400 << i % 8);
        memset(b[i]->data, (int)i, buf_capacity(b[i]));
    }
    for (uint32_t i = 0; i < ARRAY_COUNT(b); i++) {
        CU_ASSERT_EQUAL(b[i]->data[0], i);
        CU_ASSERT_EQUAL(b[i]->data[buf_capacity(b[i]) - 1], i);
    }
}

static void
what_is_out_is_bounded(void)
{
    struct buf *b;

    buf_pool_init(&pool, 2048);
    b = buf_take(&pool, 1000);
    CU_ASSERT_PTR_NOT_NULL(b);
    CU_ASSERT_PTR_NULL(buf_take(&pool, 1100));
    buf_give(&pool, b);
    CU_ASSERT_PTR_NOT_NULL(buf_take(&pool, 1100));
}

/* Who asks for little is not kept from it by those who ask for much. */
static void
the_last_eighth_is_for_small_buffers(void)
{
    enum { LITTLE = (16 << 10) - 64, MUCH = (64 << 10) - 64 };
    uint32_t large = 0, small = 0;

    buf_pool_init(&pool, 1 << 20);
    while (buf_take(&pool, MUCH))
        large++;
    while (buf_take(&pool, LITTLE))
        small++;
    CU_ASSERT_EQUAL(large, 14);
    CU_ASSERT_EQUAL(small, 8);
}

static void
reserving_keeps_the_content(void)
{
    struct buf *b = NULL;

    buf_pool_init(&pool, 1 << 20);
    for (uint32_t i = 0; i < 10000; i++) {
        CU_ASSERT_TRUE(buf_reserve(&pool, &b, 1));
        b->data[b->end++] = (uint8_t)i;
    }
    for (uint32_t i = 0; i < 10000; i++)
        if (b->data[b->start + i] != (uint8_t)i) {
            CU_FAIL("a byte changed");
            return;
        }
    CU_ASSERT_EQUAL(buf_used(b), 10000);
}

/* Room that was used up at the front is room again. */
static void
reserving_moves_before_it_grows(void)
{
    struct buf *b = NULL, *same;

    buf_pool_init(&pool, 1 << 20);
    buf_reserve(&pool, &b, 100);
    same = b;
    b->end = (uint32_t)buf_capacity(b);
    b->start = b->end - 1;
    b->data[b->start] = 42;
    CU_ASSERT_TRUE(buf_reserve(&pool, &b, 100));
    CU_ASSERT_PTR_EQUAL(b, same);
    CU_ASSERT_EQUAL(b->data[b->start], 42);
}

static void
a_refused_reserve_changes_nothing(void)
{
    struct buf *b = NULL, *same;

    buf_pool_init(&pool, 1024);
    buf_reserve(&pool, &b, 100);
    same = b;
    CU_ASSERT_FALSE(buf_reserve(&pool, &b, 10000));
    CU_ASSERT_PTR_EQUAL(b, same);
}

static void
trimming_keeps_the_content_and_little_more(void)
{
    struct buf *b = NULL, *same;

    buf_pool_init(&pool, 1 << 20);
    buf_reserve(&pool, &b, 100000);
    b->start = 70000;
    b->end = 70100;
    b->data[70099] = 42;
    buf_trim(&pool, &b);
    CU_ASSERT_EQUAL(pool.out_bytes, 512);
    CU_ASSERT_EQUAL_FATAL(buf_used(b), 100);
    CU_ASSERT_EQUAL(b->data[b->start + 99], 42);
    b->end = b->start + (uint32_t)buf_capacity(b) / 2;
    same = b;
    buf_trim(&pool, &b);
    CU_ASSERT_PTR_EQUAL(b, same);
}

UNIT_SUITE(conn_buf)
{
    unit_suite("conn_buf");
    UNIT(a_buffer_has_the_room_asked_for);
    UNIT(the_last_given_is_the_next_taken);
    UNIT(all_that_were_given_are_taken_again);
    UNIT(what_nobody_took_is_not_touched);
    UNIT(no_two_share_a_byte);
    UNIT(what_is_out_is_bounded);
    UNIT(the_last_eighth_is_for_small_buffers);
    UNIT(reserving_keeps_the_content);
    UNIT(reserving_moves_before_it_grows);
    UNIT(a_refused_reserve_changes_nothing);
    UNIT(trimming_keeps_the_content_and_little_more);
}
