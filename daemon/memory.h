/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.h - memory that a process reserves at its start.
 *
 * Private to the process, kept until it ends.  What is shared is in shm.h.
 */
#ifndef DAEMON_MEMORY_H
#define DAEMON_MEMORY_H

#include <stddef.h>

/* `size` bytes, zero, which cost nothing until they are touched; or fatal. */
void *memory_reserve(size_t size);

#endif
