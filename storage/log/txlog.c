/* SPDX-License-Identifier: Apache-2.0 */
/*
 * txlog.c - appending to the transaction log.  Log process.
 *
 * Opening and cutting live in txlog_open.c.
 */
#include "storage/log/txlog.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/check.h"
#include "daemon/jute.h"
#include "storage/log/txlog_scan.h"

enum {
    ALLOCATE_BEFORE_END = 4096, /* ZK: FilePadding, the same distance */
    ZERO_BYTES = 128 * 1024,    /* written ahead of a small group */
    ZERO_GROUP_MAX = ZERO_BYTES / 8,
};

/* The log is of no use any more; remembers the first reason. */
static int
give_up(struct txlog *l, int rc)
{
    if (l->failed == 0)
        l->failed = rc;
    return l->failed;
}

/*
 * Have blocks for `more` bytes ahead.  Without room for the whole step and
 * as much for others (the image, and a snapshot that lets old files go), or on
 * a file system that cannot, the file grows as it is written: what counts is
 * whether the write itself succeeds.
 */
static void
allocate_ahead(struct txlog *l, uint64_t more)
{
    uint64_t step = l->options.prealloc_bytes;
    uint64_t end = l->size + more + ALLOCATE_BEFORE_END, target;

    if (step == 0 || end < l->allocated)
        return;
    target = TXLOG_HEADER_BYTES;
    while (target <= end)
        target += step;
    if (data_leaves_room(l->fd, target, step) &&
        fallocate(l->fd, 0, 0, (off_t)target) == 0)
        l->allocated = target;
}

/* Write at the end of the file. */
static int
write_out(struct txlog *l, const uint8_t *data, size_t size)
{
    allocate_ahead(l, size);
    while (size > 0) {
        ssize_t n = pwrite(l->fd, data, size, (off_t)l->size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return give_up(l, n < 0 ? -errno : -EIO);
        l->size += (uint64_t)n;
        data += n;
        size -= (size_t)n;
    }
    if (l->size > l->allocated)
        l->allocated = l->size;
    return 0;
}

static int
write_buffer(struct txlog *l)
{
    size_t size = l->buffered;

    l->buffered = 0;
    return size > 0 ? write_out(l, l->buffer, size) : 0;
}

/* Begin the file whose first record is `zxid`; its name is made durable. */
static int
begin_file(struct txlog *l, zxid_t zxid)
{
    uint8_t header[TXLOG_HEADER_BYTES] = {0};
    char name[DATA_NAME_MAX];
    int rc;

    data_name(name, "log", zxid);
    data_path(l->path, l->dir, name);
    l->fd = open(l->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (l->fd < 0)
        return give_up(l, -errno);
    l->size = l->allocated = l->zeroed = l->records = 0;
    store_be32(header, TXLOG_MAGIC);
    store_be32(header + 4, TXLOG_VERSION);
    rc = write_out(l, header, sizeof header);
    if (rc == 0 && !l->options.is_sync_off) {
        if (fsync(l->fd) < 0)
            rc = give_up(l, -errno);
        else if ((rc = data_sync_dir(l->dir)) < 0)
            give_up(l, rc);
    }
    return rc;
}

static bool
is_full(const struct txlog *l, size_t record_size)
{
    const struct txlog_options *o = &l->options;

    return (o->roll_records > 0 && l->records >= o->roll_records) ||
           (o->roll_bytes > 0 && l->records > 0 &&
            l->size + l->buffered + record_size > o->roll_bytes);
}

/* Whether one more record would be more than a crash may tear. */
static bool
is_flush_due(const struct txlog *l, size_t record_size)
{
    return l->unsynced > 0 && l->unsynced + record_size > TXLOG_UNSYNCED_MAX;
}

/* Have a file open, and room in the buffer for a record that fits into it. */
static int
make_room(struct txlog *l, zxid_t zxid, size_t record_size)
{
    int rc = 0;

    if (l->fd >= 0 && is_full(l, record_size))
        rc = txlog_roll(l);
    if (rc == 0 && is_flush_due(l, record_size))
        rc = txlog_flush(l);
    if (rc == 0 && l->fd < 0)
        rc = begin_file(l, zxid);
    if (rc == 0 && l->buffered + record_size > TXLOG_BUFFER_BYTES)
        rc = write_buffer(l);
    return rc;
}

/* One that fits into no buffer goes past it, from where its bytes are. */
static int
put_record(struct txlog *l, struct bytes entry)
{
    static const uint8_t eor = TXLOG_EOR;
    size_t size = (size_t)entry.size + TXLOG_RECORD_EXTRA;
    uint8_t *at = l->buffer + l->buffered;
    int rc;

    store_be64(at, libdeflate_adler32(1, entry.data, (size_t)entry.size));
    store_be32(at + 8, (uint32_t)entry.size);
    if (size <= TXLOG_BUFFER_BYTES) {
        memcpy(at + TXLOG_RECORD_HEAD_BYTES, entry.data, (size_t)entry.size);
        at[size - 1] = eor;
        l->buffered += size;
        return 0;
    }
    rc = write_out(l, at, TXLOG_RECORD_HEAD_BYTES);
    if (rc == 0)
        rc = write_out(l, entry.data, (size_t)entry.size);
    return rc == 0 ? write_out(l, &eor, sizeof eor) : rc;
}

int
txlog_append(struct txlog *l, zxid_t zxid, struct bytes entry)
{
    size_t size = (size_t)entry.size + TXLOG_RECORD_EXTRA;
    int rc;

    check(entry.size >= TXLOG_ENTRY_MIN);
    check(zxid > l->last);
    check(txlog_entry_zxid(entry) == zxid);
    if (l->failed)
        return l->failed;
    rc = make_room(l, zxid, size);
    if (rc == 0)
        rc = put_record(l, entry);
    if (rc < 0)
        return rc;
    l->last = zxid;
    l->records++;
    l->unsynced += size;
    return 0;
}

/*
 * The first write to blocks that were only allocated makes fdatasync write
 * the inode as well, a third of its cost.  So a small group takes zeros along
 * for those that follow: one group in eight or more pays, with its bytes.
 * Zeros are what is there already; whether they get there does not matter.
 */
static void
zero_ahead(struct txlog *l)
{
    static const uint8_t zeros[ZERO_BYTES];
    uint64_t ahead = l->allocated - l->size;
    ssize_t n;

    if (l->size <= l->zeroed || ahead == 0 || l->unsynced > ZERO_GROUP_MAX)
        return;
    n = pwrite(l->fd, zeros, ahead < ZERO_BYTES ? ahead : ZERO_BYTES,
               (off_t)l->size);
    if (n > 0)
        l->zeroed = l->size + (uint64_t)n;
}

int
txlog_flush(struct txlog *l)
{
    int rc;

    if (l->failed)
        return l->failed;
    if (l->unsynced == 0)
        return 0;
    rc = write_buffer(l);
    if (rc < 0)
        return rc;
    if (!l->options.is_sync_off) {
        zero_ahead(l);
        if (fdatasync(l->fd) < 0)
            return give_up(l, -errno);
    }
    l->unsynced = 0;
    return 0;
}

int
txlog_roll(struct txlog *l)
{
    int rc = txlog_flush(l);

    if (rc < 0 || l->fd < 0)
        return rc;
    /* give back what was allocated ahead; zeros there do no harm either */
    if (l->allocated > l->size)
        (void)!ftruncate(l->fd, (off_t)l->size);
    close(l->fd);
    l->fd = -1;
    return 0;
}

bool
txlog_is_removed(const struct txlog *l)
{
    struct stat here, there;

    if (l->fd < 0 || fstat(l->fd, &here) < 0)
        return false;
    if (stat(l->path, &there) < 0)
        return errno == ENOENT;
    return here.st_ino != there.st_ino || here.st_dev != there.st_dev;
}

void
txlog_close(struct txlog *l)
{
    if (l->fd >= 0)
        close(l->fd);
    free(l->buffer);
    l->buffer = NULL;
    l->fd = -1;
}
