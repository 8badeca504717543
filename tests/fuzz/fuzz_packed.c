/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_packed.c - a packed snapshot file, as a disk or Apache may give it.
 *
 * The first byte says how it is packed.  A few bytes may unpack to very many:
 * after a megabyte it has had its chance.
 */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "storage/snap/snapfile_source.h"

enum { ENOUGH = 1 << 20 };

/* Every byte that is handed out can be read. */
static uint32_t
read_all(struct snap_source *s)
{
    static uint8_t out[1 << 16];
    uint32_t sum = 0;
    int64_t n = 1;

    for (int64_t total = 0; n > 0 && total < ENOUGH; total += n) {
        n = snap_source_read(s, out, sizeof out);
        check(n <= (int64_t)sizeof out);
        for (int64_t i = 0; i < n; i++)
            sum += out[i];
    }
    check(s->read <= s->size);
    return sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct snap_source source;
    char path[64];
    int fd;

    if (size < 1)
        return 0;
    fd = memfd_create("packed", MFD_CLOEXEC);
    check(fd >= 0 && write(fd, data + 1, size - 1) == (ssize_t)size - 1);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (snap_source_open(&source, path, data[0] % (SNAP_ZSTD + 1)) == 0)
        (void)read_all(&source);
    snap_source_close(&source);
    close(fd);
    return 0;
}
