/* SPDX-License-Identifier: Apache-2.0 */
/* test_client_queue.c - claims about requests that wait for answers. */
#include "net/client/client_queue.h"

#include "tests/unit/unit.h"

static struct buf_pool pool;
static struct queue queue;

static void
given_an_empty_queue(void)
{
    buf_pool_init(&pool, 64 << 20);
    queue = (struct queue){0};
}

static bool
put(enum queued_kind kind, int32_t xid, uint32_t body_size)
{
    static const uint8_t body[QUEUE_BYTES_MAX];
    struct queued q = {
        .kind = (uint8_t)kind, .xid = xid, .body_size = body_size};

    return queue_put(&pool, &queue, &q, body);
}

static void
requests_leave_in_the_order_they_came(void)
{
    given_an_empty_queue();
    for (int32_t i = 0; i < 1000; i++)
        CU_ASSERT_TRUE(put(QUEUED_SENT, i, (uint32_t)i % 50));
    for (int32_t i = 0; i < 1000; i++) {
        CU_ASSERT_EQUAL(queue_head(&queue)->xid, i);
        queue_pop(&pool, &queue);
    }
    CU_ASSERT_PTR_NULL(queue_head(&queue));
}

/* Each behind its head, whatever lengths went before. */
static void
a_request_keeps_its_body(void)
{
    given_an_empty_queue();
    for (uint32_t i = 1; i < 30; i++) {
        uint8_t body[32];
        struct queued q = {.kind = QUEUED_WAIT, .body_size = i};

        memset(body, (int)i, sizeof body);
        CU_ASSERT_TRUE(queue_put(&pool, &queue, &q, body));
    }
    for (uint32_t i = 1; i < 30; i++) {
        const struct queued *head = queue_head(&queue);
        const uint8_t *body = (const uint8_t *)(head + 1);

        CU_ASSERT_EQUAL(head->body_size, i);
        CU_ASSERT_EQUAL((uintptr_t)head % 8, 0);
        CU_ASSERT_TRUE(body[0] == i && body[i - 1] == i);
        queue_pop(&pool, &queue);
    }
}

static void
an_empty_queue_has_no_memory(void)
{
    given_an_empty_queue();
    put(QUEUED_SENT, 1, 10);
    queue_pop(&pool, &queue);
    CU_ASSERT_PTR_NULL(queue.buf);
    CU_ASSERT_EQUAL(pool.out_bytes, 0);
}

static void
the_first_that_waits_is_found(void)
{
    given_an_empty_queue();
    put(QUEUED_SENT, 1, 0);
    CU_ASSERT_FALSE(queue_has_parked(&queue));
    put(QUEUED_WAIT, 2, 5);
    put(QUEUED_WAIT, 3, 5);
    CU_ASSERT_EQUAL(queue_parked(&queue)->xid, 2);
    queue_pop(&pool, &queue);
    CU_ASSERT_EQUAL(queue_parked(&queue)->xid, 2);
    queue_unpark(&queue);
    CU_ASSERT_EQUAL(queue_parked(&queue)->xid, 3);
    queue_unpark(&queue);
    CU_ASSERT_FALSE(queue_has_parked(&queue));
    CU_ASSERT_EQUAL(queue.count, 2);
}

/* A reply behind a parked read is behind it in `parked` as well. */
static void
what_comes_behind_a_waiting_one_counts_as_parked(void)
{
    given_an_empty_queue();
    put(QUEUED_WAIT, 1, 0);
    put(QUEUED_REPLY, 2, 0);
    CU_ASSERT_EQUAL(queue_parked(&queue)->xid, 1);
    queue_unpark(&queue);
    CU_ASSERT_EQUAL(queue_parked(&queue)->xid, 2);
}

static void
popping_a_waiting_head_moves_on_to_the_next(void)
{
    given_an_empty_queue();
    put(QUEUED_WAIT, 1, 3);
    put(QUEUED_WAIT, 2, 3);
    queue_pop(&pool, &queue);
    CU_ASSERT_EQUAL(queue_parked(&queue)->xid, 2);
    CU_ASSERT_EQUAL(queue.parked, 0);
}

static void
only_what_went_to_replication_counts_as_sent(void)
{
    given_an_empty_queue();
    CU_ASSERT_EQUAL(queue_sent(&queue), 0);
    put(QUEUED_SENT, 1, 7);
    put(QUEUED_REPLY, 2, 0);
    put(QUEUED_SENT, 3, 20);
    put(QUEUED_WAIT, 4, 100);
    CU_ASSERT_EQUAL(queue_sent(&queue), 2);
    queue_pop(&pool, &queue);
    CU_ASSERT_EQUAL(queue_sent(&queue), 1);
    queue_clear(&pool, &queue);
}

static void
a_full_queue_refuses_but_one_large_request_fits(void)
{
    given_an_empty_queue();
    CU_ASSERT_TRUE(put(QUEUED_WAIT, 1, QUEUE_BYTES_MAX));
    CU_ASSERT_FALSE(put(QUEUED_WAIT, 2, 1));
    CU_ASSERT_EQUAL(queue.count, 1);
}

static void
an_empty_pool_refuses_and_changes_nothing(void)
{
    given_an_empty_queue();
    pool.out_max = 1024;
    CU_ASSERT_TRUE(put(QUEUED_SENT, 1, 0));
    CU_ASSERT_FALSE(put(QUEUED_SENT, 2, 5000));
    CU_ASSERT_EQUAL(queue.count, 1);
    CU_ASSERT_EQUAL(queue_head(&queue)->xid, 1);
}

UNIT_SUITE(client_queue)
{
    unit_suite("client_queue");
    UNIT(requests_leave_in_the_order_they_came);
    UNIT(a_request_keeps_its_body);
    UNIT(an_empty_queue_has_no_memory);
    UNIT(the_first_that_waits_is_found);
    UNIT(what_comes_behind_a_waiting_one_counts_as_parked);
    UNIT(popping_a_waiting_head_moves_on_to_the_next);
    UNIT(only_what_went_to_replication_counts_as_sent);
    UNIT(a_full_queue_refuses_but_one_large_request_fits);
    UNIT(an_empty_pool_refuses_and_changes_nothing);
}
