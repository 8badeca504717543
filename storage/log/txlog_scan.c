/* SPDX-License-Identifier: Apache-2.0 */
/*
 * txlog_scan.c - reading one log file, also while it is being written.
 *
 * Read with pread into a buffer of its own, never mapped: a file that another
 * process cuts would kill the reader of a mapping.
 */
#include "storage/log/txlog_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/jute.h"

/* A part of the cache; a file allocated ahead fills it with zeros. */
enum { BUFFER_BYTES = 64 * 1024 };

static void
close_file(struct txlog_scan *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

int
txlog_scan_open(struct txlog_scan *s, const char *path)
{
    close_file(s);
    if (!s->buffer) {
        s->buffer = malloc(BUFFER_BYTES);
        if (!s->buffer)
            return -ENOMEM;
        s->capacity = BUFFER_BYTES;
    }
    s->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (s->fd < 0)
        return -errno;
    s->has_header = false;
    s->offset = s->base = s->filled = 0;
    return 0;
}

void
txlog_scan_deinit(struct txlog_scan *s)
{
    close_file(s);
    free(s->buffer);
    s->buffer = NULL;
}

ssize_t
txlog_read_at(int fd, uint8_t *data, size_t size, uint64_t from)
{
    size_t filled = 0;

    while (filled < size) {
        ssize_t n =
            pread(fd, data + filled, size - filled, (off_t)(from + filled));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        filled += (size_t)n;
    }
    return (ssize_t)filled;
}

/* Read on from `offset`, dropping what the buffer holds before it. */
static int
refill(struct txlog_scan *s)
{
    ssize_t n = txlog_read_at(s->fd, s->buffer, s->capacity, s->offset);

    s->base = s->offset;
    s->filled = n < 0 ? 0 : (size_t)n;
    return n < 0 ? (int)n : 0;
}

/* A record longer than the buffer: take one that holds it. */
static int
make_room(struct txlog_scan *s, uint64_t record_size)
{
    struct stat st;
    uint8_t *buffer;

    if (record_size <= s->capacity)
        return 1;
    if (fstat(s->fd, &st) < 0)
        return -errno;
    if (s->offset + record_size > (uint64_t)st.st_size)
        return 0; /* reaches beyond the file: not whole */
    buffer = realloc(s->buffer, record_size);
    if (!buffer)
        return -ENOMEM;
    s->buffer = buffer;
    s->capacity = record_size;
    return 1;
}

bool
txlog_is_record(const uint8_t *p, size_t left, size_t *record_size)
{
    uint32_t length;

    if (left < TXLOG_RECORD_EXTRA + TXLOG_ENTRY_MIN || load_be32(p) != 0)
        return false;
    length = load_be32(p + 8);
    if (length < TXLOG_ENTRY_MIN || length > INT32_MAX ||
        length > left - TXLOG_RECORD_EXTRA ||
        p[TXLOG_RECORD_HEAD_BYTES + length] != TXLOG_EOR)
        return false;
    *record_size = (size_t)length + TXLOG_RECORD_EXTRA;
    return load_be32(p + 4) ==
           libdeflate_adler32(1, p + TXLOG_RECORD_HEAD_BYTES, length);
}

/* 1: `entry` is the record at `offset`, whole in the buffer; 0: it is not. */
static int
take_buffered(struct txlog_scan *s, struct bytes *entry)
{
    size_t at = (size_t)(s->offset - s->base), size;

    if (at > s->filled ||
        !txlog_is_record(s->buffer + at, s->filled - at, &size))
        return 0;
    *entry = (struct bytes){s->buffer + at + TXLOG_RECORD_HEAD_BYTES,
                            (int32_t)(size - TXLOG_RECORD_EXTRA)};
    s->offset += size;
    return 1;
}

/* The file's header: 1 good, 0 not written yet, -EBADMSG another file. */
static int
read_header(struct txlog_scan *s)
{
    static const uint8_t zeros[TXLOG_HEADER_BYTES];
    int rc;

    s->offset = 0;
    rc = refill(s);
    if (rc < 0)
        return rc;
    if (s->filled < TXLOG_HEADER_BYTES ||
        memcmp(s->buffer, zeros, TXLOG_HEADER_BYTES) == 0)
        return 0;
    if (load_be32(s->buffer) != TXLOG_MAGIC ||
        load_be32(s->buffer + 4) != TXLOG_VERSION)
        return -EBADMSG;
    s->offset = TXLOG_HEADER_BYTES;
    s->has_header = true;
    return 1;
}

int
txlog_scan_next(struct txlog_scan *s, struct bytes *entry)
{
    int rc;

    if (!s->has_header) {
        rc = read_header(s);
        if (rc <= 0)
            return rc;
    }
    if (take_buffered(s, entry))
        return 1;
    rc = refill(s); /* the buffer ended, or is older than the file */
    if (rc < 0)
        return rc;
    if (take_buffered(s, entry))
        return 1;
    if (s->filled < TXLOG_RECORD_HEAD_BYTES)
        return 0;
    rc = make_room(s, (uint64_t)load_be32(s->buffer + 8) + TXLOG_RECORD_EXTRA);
    if (rc <= 0)
        return rc;
    rc = s->capacity > s->filled ? refill(s) : 0;
    return rc < 0 ? rc : take_buffered(s, entry);
}

uint32_t
txlog_scan_ahead(const struct txlog_scan *s, struct bytes *entries,
                 uint32_t max)
{
    uint64_t at = s->offset - s->base;
    uint32_t count = 0;

    while (count < max &&
           at + TXLOG_RECORD_EXTRA + TXLOG_ENTRY_MIN <= (uint64_t)s->filled) {
        uint32_t length = load_be32(s->buffer + at + 8);

        at += TXLOG_RECORD_HEAD_BYTES;
        if (length < TXLOG_ENTRY_MIN || length > s->filled - at)
            break;
        entries[count++] = (struct bytes){s->buffer + at, (int32_t)length};
        at += length + 1;
    }
    return count;
}

zxid_t
txlog_entry_zxid(struct bytes entry)
{
    return (zxid_t)load_be64(entry.data + 12); /* after session and cxid */
}
