/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory.c - see memory.h.  Any process, at its start.
 *
 * Anonymous private memory is charged in full when it is mapped where
 * vm.overcommit_memory is 2, as hosts of databases have it, and by
 * RLIMIT_DATA.  A memfd's is charged page by page, as it is touched, but where
 * it is only read, too; so it is for what is large.
 */
#include "daemon/memory.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/log.h"

/* Above this it is a memfd; and not in core dumps, which touch every page. */
enum { LARGE = 64 << 20 };

static void *
map_large(size_t size)
{
    int fd = memfd_create("zabd private", MFD_CLOEXEC);
    void *at = MAP_FAILED;

    if (fd >= 0 && ftruncate(fd, (off_t)size) == 0)
        at = mmap(NULL, size, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_NORESERVE, fd, 0);
    if (at != MAP_FAILED) {
        close(fd); /* the mapping keeps it */
        madvise(at, size, MADV_DONTDUMP);
    }
    return at;
}

void *
memory_reserve(size_t size)
{
    void *at = size > LARGE
                   ? map_large(size)
                   : mmap(NULL, size, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (at == MAP_FAILED)
        fatal(EXIT_UNEXPECTED,
              "cannot reserve %zu bytes of memory: %s; see to its limits "
              "(ulimit -d and -v, LimitDATA, LimitAS)",
              size, strerror(errno));
    return at;
}

/* A memfd keeps its pages when they are not needed: they must be removed. */
void
memory_clear(void *at, size_t size)
{
    if (madvise(at, size, size > LARGE ? MADV_REMOVE : MADV_DONTNEED) < 0)
        memset(at, 0, size);
}
