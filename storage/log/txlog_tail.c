/* SPDX-License-Identifier: Apache-2.0 */
/*
 * txlog_tail.c - what lies behind the last whole record of a log file.
 *
 * Two things leave a broken record.  A write that a crash cut short leaves
 * sectors, or an end, that were never written and read as zeros; it was never
 * acknowledged, nor was anything of the same unsynced write behind it.
 * Everything else is damage to what may have been acknowledged.
 *
 * Ours: Apache drops whatever looks partial, and all records behind it.
 */
#include <errno.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/jute.h"
#include "storage/log/txlog.h"
#include "storage/log/txlog_scan.h"

enum {
    SECTOR = 512,     /* disks write these whole or not at all */
    CHECKSUM_END = 8, /* of a record: four zeros, four bytes of checksum */
    /*
     * How far behind a torn record the whole ones of the same unsynced write
     * may reach.  Ours end within TXLOG_UNSYNCED_MAX, for nothing is written
     * behind a larger record before that is synced; a thousand requests that
     * Apache syncs at once may be more.
     */
    UNSYNCED_WINDOW = 4 * TXLOG_UNSYNCED_MAX,
};

static bool
is_zero(const uint8_t *p, size_t size)
{
    return size == 0 || (p[0] == 0 && memcmp(p, p + 1, size - 1) == 0);
}

/*
 * Whether a sector that begins before `next`, or the part of one from `data`
 * on, was never written.  The last one may reach into a whole record, whose
 * first bytes are zeros.  A part as long as a record's zeros and checksum is
 * never zero in what was written.
 */
static bool
has_hole(const uint8_t *data, size_t next, size_t size, uint64_t offset)
{
    size_t at = 0;

    while (at < next) {
        size_t end = at + SECTOR - (size_t)((offset + at) % SECTOR);

        if (end > size)
            return false;
        if (end - at >= CHECKSUM_END && is_zero(data + at, end - at))
            return true;
        at = end;
    }
    return false;
}

/*
 * Whether a lost sector took some bytes of the checksum and no more: with
 * them the record would be whole.
 */
static bool
lacks_checksum_bytes(const uint8_t *data, size_t size, uint64_t offset)
{
    size_t lost = SECTOR - (size_t)(offset % SECTOR), length;
    uint32_t left;

    if (size < TXLOG_RECORD_EXTRA + TXLOG_ENTRY_MIN || lost >= CHECKSUM_END ||
        lost <= 4 || !is_zero(data, lost))
        return false;
    length = load_be32(data + CHECKSUM_END);
    if (length > size - TXLOG_RECORD_EXTRA ||
        data[TXLOG_RECORD_HEAD_BYTES + length] != TXLOG_EOR)
        return false;
    left = UINT32_MAX >> 8 * (lost - 4);
    return load_be32(data + 4) ==
           (left &
            libdeflate_adler32(1, data + TXLOG_RECORD_HEAD_BYTES, length));
}

/* Whether what is broken before `next` is what a power cut leaves. */
static bool
is_torn(const uint8_t *data, size_t next, size_t size, uint64_t offset)
{
    return has_hole(data, next, size, offset) ||
           lacks_checksum_bytes(data, size, offset);
}

/* The first place behind the broken record where a whole one begins. */
static size_t
find_record(const uint8_t *data, size_t size)
{
    size_t record_size;

    for (size_t at = 1; at < size; at++)
        if (txlog_is_record(data + at, size - at, &record_size))
            return at;
    return size;
}

/* The one record of `data` has only its length changed. */
static bool
only_length_is_wrong(const uint8_t *data, size_t size)
{
    size_t length = size - TXLOG_RECORD_EXTRA;

    return size >= TXLOG_RECORD_EXTRA + TXLOG_ENTRY_MIN &&
           data[size - 1] == TXLOG_EOR &&
           load_be64(data) ==
               libdeflate_adler32(1, data + TXLOG_RECORD_HEAD_BYTES, length);
}

enum txlog_tail
txlog_judge_tail(const uint8_t *data, size_t size, uint64_t offset)
{
    size_t end = size, next;
    uint64_t claimed;

    while (end > 0 && data[end - 1] == 0)
        end--;
    if (end == 0)
        return TXLOG_TAIL_CLEAN;
    next = find_record(data, end);
    if (next < end)
        return is_torn(data, next, end, offset) && end <= UNSYNCED_WINDOW
                   ? TXLOG_TAIL_TORN
                   : TXLOG_TAIL_CORRUPT;
    if (end < TXLOG_RECORD_EXTRA + TXLOG_ENTRY_MIN)
        return TXLOG_TAIL_TORN; /* too short for any record */
    if (only_length_is_wrong(data, end))
        return TXLOG_TAIL_CORRUPT;
    claimed = (uint64_t)load_be32(data + 8) + TXLOG_RECORD_EXTRA;
    return claimed > end || is_torn(data, end, end, offset)
               ? TXLOG_TAIL_TORN
               : TXLOG_TAIL_CORRUPT;
}

/* Where the last data of the file can be: behind it are only holes. */
static int
find_data_end(int fd, uint64_t from, uint64_t *end)
{
    struct stat st;
    off_t last = (off_t)from;

    if (fstat(fd, &st) < 0)
        return -errno;
    while (last < st.st_size) {
        off_t data = lseek(fd, last, SEEK_DATA);
        off_t hole = data < 0 ? data : lseek(fd, data, SEEK_HOLE);

        if (hole < 0 && errno == ENXIO)
            break; /* no data behind it */
        /* A file system may not be able to tell: then it may all be data. */
        last = hole < 0 ? st.st_size : hole;
    }
    *end = (uint64_t)last;
    return 0;
}

int
txlog_scan_tail(const struct txlog_scan *s, enum txlog_tail *tail)
{
    uint64_t from = s->has_header ? s->offset : 0, end = from;
    uint8_t *data;
    ssize_t size;
    int rc = find_data_end(s->fd, from, &end);

    if (rc < 0)
        return rc;
    data = malloc(end - from + 1); /* of nothing it may be NULL */
    if (!data)
        return -ENOMEM;
    size = txlog_read_at(s->fd, data, end - from, from);
    if (size >= 0)
        *tail = txlog_judge_tail(data, (size_t)size, from);
    free(data);
    return size < 0 ? (int)size : 0;
}
