/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_txlog.c - a log file as a disk may give it back. */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "storage/log/txlog_scan.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct txlog_scan scan = {.fd = -1};
    enum txlog_tail tail;
    struct bytes entry;
    char path[64];
    int fd = memfd_create("log", MFD_CLOEXEC);

    check(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (txlog_scan_open(&scan, path) == 0) {
        while (txlog_scan_next(&scan, &entry) > 0)
            check(entry.size >= TXLOG_ENTRY_MIN && entry.size < (int32_t)size);
        (void)!txlog_scan_tail(&scan, &tail);
    }
    txlog_scan_deinit(&scan);
    close(fd);
    (void)txlog_judge_tail(data, size, TXLOG_HEADER_BYTES);
    return 0;
}
