/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.c - a wall clock that a test can set, for one server only.
 *
 * Preloaded into the server: CLOCK_REALTIME is so many milliseconds off as
 * the file CLOCK_FILE says, eight bytes of this machine's order, which a test
 * may write at any time.  Other clocks are as they are.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *offset_ms;

__attribute__((constructor)) static void
begin(void)
{
    const char *path = getenv("CLOCK_FILE");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *at =
        fd < 0 ? MAP_FAILED
               : mmap(NULL, sizeof *offset_ms, PROT_READ, MAP_SHARED, fd, 0);

    offset_ms = at == MAP_FAILED ? NULL : at;
}

int
clock_gettime(clockid_t id, struct timespec *ts)
{
    int rc = (int)syscall(SYS_clock_gettime, id, ts);
    int64_t ns;

    if (rc != 0 || id != CLOCK_REALTIME || !offset_ms)
        return rc;
    ns = ts->tv_nsec + *offset_ms % 1000 * 1000000;
    ts->tv_sec += *offset_ms / 1000 + (ns < 0 ? -1 : ns / 1000000000);
    ts->tv_nsec = ns < 0 ? ns + 1000000000 : ns % 1000000000;
    return 0;
}
