/* SPDX-License-Identifier: Apache-2.0 */
/* memory.c - see memory.h.  Any process, at its start. */
#include "daemon/memory.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "daemon/log.h"

void *
memory_reserve(size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (at == MAP_FAILED)
        fatal(EXIT_UNEXPECTED, "no address space for %zu bytes: %s", size,
              strerror(errno));
    return at;
}
