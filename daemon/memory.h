/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.h - memory that a process reserves at its start.
 *
 * Private to the process, kept until it ends.  What is shared is in shm.h; the
 * size of a page concerns both.
 */
#ifndef DAEMON_MEMORY_H
#define DAEMON_MEMORY_H

#include <stddef.h>
#include <unistd.h>

/* `size` bytes, zero, which cost nothing until they are touched; or fatal. */
void *memory_reserve(size_t size);

/* All that memory_reserve gave is as it was then: zero, and costs nothing. */
void memory_clear(void *at, size_t size);

/*
 * What the system maps, protects and takes back at once, never a part of it:
 * 4 KiB on most machines, 16 or 64 on some.
 */
static inline size_t
memory_page(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

#endif
