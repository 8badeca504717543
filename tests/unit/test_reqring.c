/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about daemon/reqring.c: messages of client processes. */
#include "tests/unit/memory_given.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <pthread.h>

#include "daemon/reqring.h"

enum { RING = 64 << 10 }; /* whole pages anywhere */

static _Atomic ring_pos_t tail, taken;
static struct reqring ring;

/* A small ring. */
static void
given_a_ring(void)
{
    static uint8_t *base;

    if (!base)
        base = memory_twice(RING);
    tail = taken = 0;
    ring = (struct reqring){base, RING, &tail, &taken};
}

static bool
send_number(uint32_t n, uint32_t body_size)
{
    struct req *r = reqring_reserve(&ring, 0, body_size);

    if (!r)
        return false;
    r->conn = n;
    memset(r->bytes, (int)n, body_size);
    reqring_send(&ring, r);
    return true;
}

static void
a_reserved_message_is_not_seen(void)
{
    const struct req *r;

    given_a_ring();
    CU_ASSERT_PTR_NOT_NULL(reqring_reserve(&ring, 4, 4));
    CU_ASSERT_EQUAL(reqring_next(&ring, 0, &r), 0);
    CU_ASSERT_PTR_NULL(r);
}

static void
a_full_ring_refuses(void)
{
    given_a_ring();
    while (send_number(1, 1000))
        ;
    CU_ASSERT_TRUE(tail <= RING && tail + 1000 > RING - 1000);
    taken = tail;
    CU_ASSERT_TRUE(send_number(2, 1000));
}

static void
messages_come_whole_across_the_end(void)
{
    const struct req *r;

    given_a_ring();
    for (uint32_t n = 0; n < 5000; n++) {
        uint32_t size = n * 7 % 900;

        CU_ASSERT_TRUE_FATAL(send_number(n, size));
        CU_ASSERT_EQUAL_FATAL(reqring_next(&ring, taken, &r), 0);
        CU_ASSERT_PTR_NOT_NULL_FATAL(r);
        CU_ASSERT_EQUAL(r->conn, n);
        CU_ASSERT_EQUAL(r->body_size, size);
        for (uint32_t i = 0; i < size; i++)
            CU_ASSERT_EQUAL_FATAL(r->bytes[i], (uint8_t)n);
        taken += r->size;
    }
}

static void
a_broken_size_is_an_error_not_a_crash(void)
{
    const struct req *r;

    given_a_ring();
    CU_ASSERT_TRUE_FATAL(send_number(1, 100));
    ((struct req *)(void *)ring.base)->body_size = 1u << 30;
    CU_ASSERT_EQUAL(reqring_next(&ring, 0, &r), -EBADMSG);
    ((struct req *)(void *)ring.base)->body_size = 0;
    ((struct req *)(void *)ring.base)->size = 8;
    CU_ASSERT_EQUAL(reqring_next(&ring, 0, &r), -EBADMSG);
}

/* --- threads ------------------------------------------------------------- */

enum { MESSAGES = 200000 };

static uint32_t
size_of(uint32_t n)
{
    return n * 7 % 900;
}

static atomic_bool is_over;

static void *
send_all(void *unused)
{
    for (uint32_t n = 0; n < MESSAGES && !atomic_load(&is_over);)
        if (send_number(n, size_of(n)))
            n++;
    return unused;
}

/* Its number, and as much of its body as tells. */
static bool
is_number(const struct req *r, uint32_t n)
{
    uint32_t size = size_of(n);

    return r->conn == n && r->body_size == size &&
           (size == 0 ||
            (r->bytes[0] == (uint8_t)n && r->bytes[size - 1] == (uint8_t)n));
}

/* What comes is whole, and its place is used again only when it was read. */
static void
messages_come_whole_from_another_thread(void)
{
    pthread_t producer;
    uint32_t broken = 0;
    ring_pos_t pos = 0;

    given_a_ring();
    atomic_store(&is_over, false);
    if (pthread_create(&producer, NULL, send_all, NULL) != 0)
        abort();
    for (uint32_t n = 0; n < MESSAGES && broken == 0;) {
        const struct req *r;

        broken += reqring_next(&ring, pos, &r) < 0;
        if (!r)
            continue;
        broken += !is_number(r, n++);
        pos += r->size;
        atomic_store_explicit(&taken, pos, memory_order_release);
    }
    atomic_store(&is_over, true);
    pthread_join(producer, NULL);
    CU_ASSERT_EQUAL(broken, 0);
}

UNIT_SUITE(reqring)
{
    unit_suite("reqring");
    UNIT(a_reserved_message_is_not_seen);
    UNIT(a_full_ring_refuses);
    UNIT(messages_come_whole_across_the_end);
    UNIT(a_broken_size_is_an_error_not_a_crash);
    UNIT(messages_come_whole_from_another_thread);
}
