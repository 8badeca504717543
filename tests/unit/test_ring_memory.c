/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about daemon/ring_memory.c: what a ring at rest holds. */
#include "tests/unit/memory_given.h"
#include "tests/unit/unit.h"

#include <sys/mman.h>

#include "daemon/memory.h"
#include "daemon/ring_memory.h"

enum { PAGES = 128 };

#define PAGE memory_page()
#define SIZE (PAGES * PAGE)

static uint8_t *base;
static struct ring_memory memory;

/* A ring, all of it written once. */
static void
given_a_full_ring(ring_pos_t head)
{
    if (!base)
        base = memory_twice(SIZE);
    memset(base, 'x', SIZE);
    ring_memory_init(&memory, base, SIZE, head);
}

static int
resident_pages(void)
{
    unsigned char is_there[PAGES];
    int count = 0;

    CU_ASSERT_EQUAL_FATAL(mincore(base, SIZE, is_there), 0);
    for (int i = 0; i < PAGES; i++)
        count += is_there[i] & 1;
    return count;
}

static void
a_ring_at_rest_keeps_one_page(void)
{
    ring_pos_t head = 10 * SIZE + 7 * PAGE + 100;

    given_a_full_ring(head);
    ring_memory_look(&memory, head, head);
    CU_ASSERT_EQUAL(resident_pages(), 1);
    CU_ASSERT_EQUAL(base[7 * PAGE + 99], 'x'); /* the one with the head */
}

static void
what_was_not_read_stays(void)
{
    ring_pos_t head = 10 * SIZE + 100, done = head - 20 * PAGE;

    given_a_full_ring(head);
    ring_memory_look(&memory, done, head);
    CU_ASSERT_EQUAL(resident_pages(), 21);
    for (ring_pos_t pos = done; pos < head; pos++)
        if (base[pos % SIZE] != 'x')
            CU_FAIL("unread bytes are gone");
}

/* The oldest unread byte and the head may share a page. */
static void
a_full_ring_loses_nothing(void)
{
    ring_pos_t head = 10 * SIZE + 100;

    given_a_full_ring(head);
    ring_memory_look(&memory, head - SIZE, head);
    CU_ASSERT_EQUAL(resident_pages(), PAGES);
}

/* The system takes it whole, with what is in it behind what was read. */
static void
a_larger_page_stays_until_all_of_it_was_read(void)
{
    ring_pos_t head = 10 * SIZE + 100, done = head - 20 * PAGE;

    given_a_full_ring(head);
    memory.page = 16 * PAGE;
    ring_memory_look(&memory, done, head);
    CU_ASSERT_EQUAL(resident_pages(), 3 * 16);
    CU_ASSERT_EQUAL(memory.kept % memory.page, 0);
    ring_memory_look(&memory, head, head);
    CU_ASSERT_EQUAL(resident_pages(), 16);
}

static void
a_busy_ring_keeps_its_memory(void)
{
    ring_pos_t head = 10 * SIZE;

    given_a_full_ring(head);
    head += SIZE / 2;
    ring_memory_look(&memory, head, head);
    CU_ASSERT_EQUAL(resident_pages(), PAGES);
    ring_memory_look(&memory, head, head);
    CU_ASSERT_EQUAL(resident_pages(), 0);
}

static void
a_young_ring_ends_at_its_beginning(void)
{
    given_a_full_ring(0);
    ring_memory_look(&memory, PAGE, PAGE + 1);
    CU_ASSERT_EQUAL(resident_pages(), PAGES - 1);
    ring_memory_look(&memory, PAGE + 1, PAGE + 1);
    CU_ASSERT_EQUAL(resident_pages(), PAGES - 1);
}

UNIT_SUITE(ring_memory)
{
    unit_suite("ring_memory");
    UNIT(a_ring_at_rest_keeps_one_page);
    UNIT(what_was_not_read_stays);
    UNIT(a_full_ring_loses_nothing);
    UNIT(a_larger_page_stays_until_all_of_it_was_read);
    UNIT(a_busy_ring_keeps_its_memory);
    UNIT(a_young_ring_ends_at_its_beginning);
}
