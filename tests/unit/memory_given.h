/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory_given.h - memory as the supervisor maps it (daemon/shm.c).
 *
 * A test aborts where there is none.
 */
#ifndef TESTS_UNIT_MEMORY_GIVEN_H
#define TESTS_UNIT_MEMORY_GIVEN_H

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/memory.h"
#include "daemon/types.h"

/* Reserved, zero, not touched yet. */
static inline void *
memory_reserved(size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (at == MAP_FAILED)
        abort();
    return at;
}

/* A ring's: the same pages twice in a row. */
static inline uint8_t *
memory_twice(size_t size)
{
    int fd = memfd_create("ring", 0);
    uint8_t *at = memory_reserved(2 * size);

    if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
        abort();
    for (size_t i = 0; i < 2; i++)
        if (mmap(at + size * i, size, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
            abort();
    close(fd);
    return at;
}

/* Whether the page that holds `at` was ever written, or looked at. */
static inline bool
memory_is_touched(const void *at)
{
    uintptr_t page = (uintptr_t)at & ~((uintptr_t)memory_page() - 1);
    unsigned char is_resident;

    if (mincore((void *)page, 1, &is_resident) < 0)
        abort();
    return is_resident & 1;
}

static inline bool
memory_is_zero(const void *at, size_t size)
{
    const uint8_t *byte = at;

    for (size_t i = 0; i < size; i++)
        if (byte[i] != 0)
            return false;
    return true;
}

#endif
