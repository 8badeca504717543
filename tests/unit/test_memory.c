/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about daemon/memory.c: memory that a process sets aside. */
#include "tests/unit/memory_given.h"
#include "tests/unit/unit.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "daemon/memory.h"

static void
is_as_new_when_cleared(size_t size)
{
    uint8_t *at = memory_reserve(size);

    CU_ASSERT_TRUE(memory_is_zero(at, size));
    memset(at, 'x', size);
    memory_clear(at, size);
    CU_ASSERT_TRUE(memory_is_zero(at, size));
    munmap(at, size);
}

/* A little of it, and so much that it is of another kind. */
static void
what_is_cleared_is_as_new(void)
{
    is_as_new_when_cleared(16 * memory_page());
    is_as_new_when_cleared((size_t)65 << 20);
}

/* Of what a process may store to, this limit takes every byte into account. */
static void
what_is_not_touched_is_not_charged(void)
{
    const size_t large = (size_t)64 << 30;
    struct rlimit before, tight;
    uint8_t *at;

    CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_DATA, &before), 0);
    tight = before;
    tight.rlim_cur = (rlim_t)1 << 30;
    CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_DATA, &tight), 0);
    at = memory_reserve(large);
    CU_ASSERT_EQUAL(setrlimit(RLIMIT_DATA, &before), 0);
    at[large - 1] = 'x';
    munmap(at, large);
}

UNIT_SUITE(memory)
{
    unit_suite("memory");
    UNIT(what_is_cleared_is_as_new);
    UNIT(what_is_not_touched_is_not_charged);
}
