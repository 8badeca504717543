/* SPDX-License-Identifier: Apache-2.0 */
/* zab_shm.c - see zab_shm.h. */
#include "tools/zab_shm.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <unistd.h>

#include "tools/zab_text.h"

/* The name of shm.c's memfd as maps(5) shows it. */
static const char memfd_name[] = "/memfd:zabd ";

/* One run of the server's mapping. */
struct run {
    uint64_t start, end, offset;
};

/* The next run in `maps`, or false. */
static bool
next_run(FILE *maps, struct run *r)
{
    char line[512];

    while (fgets(line, sizeof line, maps)) {
        if (strstr(line, memfd_name) &&
            sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64, &r->start,
                   &r->end, &r->offset) == 3)
            return true;
    }
    return false;
}

static int
open_memfd(int pid, const struct run *r)
{
    char path[96];

    snprintf(path, sizeof path, "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, pid,
             r->start, r->end);
    return open(path, O_RDONLY | O_CLOEXEC);
}

static bool
map_run(int fd, const struct run *r)
{
    void *at = (void *)(uintptr_t)r->start;

    return mmap(at, r->end - r->start, PROT_READ,
                MAP_SHARED | MAP_FIXED_NOREPLACE | MAP_NORESERVE, fd,
                (off_t)r->offset) == at;
}

/*
 * Something of ours lies where the server has its mapping.  Without address
 * randomisation we lie at the very top, where the server's own libraries are.
 */
static void
execute_anew(char **argv)
{
    int now = personality(0xffffffff);

    if (now >= 0 && !(now & ADDR_NO_RANDOMIZE) &&
        personality((unsigned long)now | ADDR_NO_RANDOMIZE) >= 0)
        execv("/proc/self/exe", argv);
}

/* Whether `p` and `size` bytes behind it are in the mapping of the server. */
static bool
is_inside(uint64_t first, uint64_t end, const void *p, size_t size)
{
    uintptr_t at = (uintptr_t)p;

    return at > first && at < end && end - at >= size;
}

/* A directory of another version would send us anywhere. */
static bool
is_directory(const struct shm *s, uint64_t end)
{
    uint64_t first = (uintptr_t)s;

    if (!is_inside(first, end, s->super, sizeof *s->super) ||
        !is_inside(first, end, s->replication, sizeof *s->replication) ||
        !is_inside(first, end, s->log, sizeof *s->log) ||
        !is_inside(first, end, s->image, sizeof *s->image) ||
        !is_inside(first, end, s->ring.base, 2 * s->ring.size) ||
        s->super->client_count > CLIENTS_MAX)
        return false;
    for (uint32_t w = 0; w < s->super->client_count; w++)
        if (!is_inside(first, end, s->client[w], sizeof *s->client[w]))
            return false;
    return true;
}

/* All runs; the first is the directory.  NULL, with errno. */
static const struct shm *
map_all(FILE *maps, int pid, uint64_t *end)
{
    const struct shm *found = NULL;
    struct run r;
    int fd = -1;

    errno = ENOENT;
    while (next_run(maps, &r)) {
        if (fd < 0)
            fd = open_memfd(pid, &r);
        if (fd < 0 || !map_run(fd, &r)) {
            found = NULL;
            break;
        }
        if (!found && r.offset == 0)
            found = (const struct shm *)(uintptr_t)r.start;
        *end = r.end;
    }
    if (fd >= 0)
        close(fd);
    return found;
}

const struct shm *
zab_shm_map(const char *command, int pid, char **argv)
{
    const struct shm *shm = NULL;
    uint64_t end = 0;
    char path[64];
    FILE *maps;
    int error;

    snprintf(path, sizeof path, "/proc/%d/maps", pid);
    maps = fopen(path, "re");
    if (maps)
        shm = map_all(maps, pid, &end);
    error = errno;
    if (maps)
        fclose(maps);
    if (shm && is_directory(shm, end))
        return shm;
    if (shm)
        zab_complain(command, "process %d is a zabd of another version", pid);
    else if (error == EEXIST)
        execute_anew(argv);
    if (!shm)
        zab_complain(command, "process %d: %s", pid,
                     error == ENOENT ? "there is none, or it is no zabd"
                     : error == EPERM || error == EACCES
                         ? "only root may look into its memory"
                         : strerror(error));
    return NULL;
}
