/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_disk.c - the disk workload, which asks no server: how long does the
 * disk under --dir need to make 4 KiB durable in a file that has its blocks
 * already, one after the other or --rate times a second?  No acknowledged write
 * can be faster.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tools/bench/bench_pace.h"
#include "tools/bench/bench_run.h"

enum { BLOCK_BYTES = 4096, BLOCKS = 1024 };

/* Real blocks, not only reserved ones: what is written is overwritten. */
static int
lay_out(int fd, const uint8_t *block)
{
    for (off_t i = 0; i < BLOCKS; i++)
        if (pwrite(fd, block, BLOCK_BYTES, i * BLOCK_BYTES) != BLOCK_BYTES)
            return errno ? -errno : -EIO;
    return fsync(fd) < 0 ? -errno : 0;
}

/* When the next write begins: now, or in an open loop when it is due. */
static int64_t
next_start_ns(const struct bench_run *r, int64_t began_ns)
{
    double rate = (double)r->opts->rate;
    int64_t due_ns, wake_ns;
    struct timespec wake;

    if (rate == 0)
        return bench_now_ns();
    due_ns = bench_pace_due_ns(began_ns, r->result->requests, rate);
    wake_ns = bench_pace_wake_ns(due_ns, rate);
    wake = (struct timespec){wake_ns / NS_PER_S, wake_ns % NS_PER_S};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wake, NULL);
    while (bench_now_ns() < due_ns)
        ;
    return due_ns;
}

static int
overwrite(struct bench_run *r, int fd, uint8_t *block)
{
    int64_t began_ns = bench_now_ns(), start_ns;
    int64_t end_ns = began_ns + (int64_t)(r->opts->seconds * 1e9);
    struct bench_result *result = r->result;

    while ((start_ns = next_start_ns(r, began_ns)) < end_ns) {
        off_t at = (off_t)(result->requests % BLOCKS) * BLOCK_BYTES;

        block[0]++;
        if (pwrite(fd, block, BLOCK_BYTES, at) != BLOCK_BYTES ||
            fdatasync(fd) < 0)
            return errno ? -errno : -EIO;
        bench_hist_add(&result->hist, bench_now_ns() - start_ns);
        result->requests++;
        result->operations++;
    }
    return 0;
}

int
bench_run_disk(struct bench_run *r)
{
    static uint8_t block[BLOCK_BYTES];
    struct bench_meter meter;
    char path[4096];
    int fd, rc;

    r->result->unit = "fdatasync";
    snprintf(path, sizeof path, "%s/zab-bench-XXXXXX", r->opts->dir);
    fd = mkostemp(path, O_CLOEXEC);
    rc = fd < 0 ? -errno : 0;
    if (rc == 0)
        unlink(path);
    if (rc == 0)
        rc = lay_out(fd, block);
    if (rc == 0) {
        bench_meter_start(&meter, 0);
        rc = overwrite(r, fd, block);
        bench_meter_stop(&meter, r->result);
    }
    if (rc < 0)
        snprintf(r->result->failure, sizeof r->result->failure, "%.80s: %s",
                 path, strerror(-rc));
    if (fd >= 0)
        close(fd);
    return rc;
}
