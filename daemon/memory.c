/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.c - see memory.h.  Any process, at its start.
 *
 * Anonymous private memory is charged in full when it is mapped where
 * vm.overcommit_memory is 2, as hosts of databases have it, and by
 * RLIMIT_DATA.  A memfd's is charged page by page, as it is touched.
 */
#include "daemon/memory.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/log.h"

/* Above this it stays out of core dumps, which would touch every page. */
enum { DUMP_MAX = 64 << 20 };

void *
memory_reserve(size_t size)
{
    void *at = MAP_FAILED;
    int fd = memfd_create("zabd private", MFD_CLOEXEC);

    if (fd >= 0 && ftruncate(fd, (off_t)size) == 0)
        at = mmap(NULL, size, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_NORESERVE, fd, 0);
    if (at == MAP_FAILED)
        fatal(EXIT_UNEXPECTED, "cannot reserve %zu bytes of memory: %s", size,
              strerror(errno));
    close(fd); /* the mapping keeps it */
    if (size > DUMP_MAX)
        madvise(at, size, MADV_DONTDUMP);
    return at;
}

/* MADV_DONTNEED would do for private memory only: a memfd keeps its pages. */
void
memory_clear(void *at, size_t size)
{
    if (madvise(at, size, MADV_REMOVE) < 0)
        memset(at, 0, size);
}
