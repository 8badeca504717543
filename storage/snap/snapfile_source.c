/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapfile_source.c - plain, gzip, snappy and zstd files read alike.
 *
 * snappy is in xerial's framing, as snappy-java writes it:
 *
 *      0  82 53 4e 41 50 50 59 00, u32 version 1, u32 compatible 1
 *     16  blocks: u32 size, raw snappy block
 */
#include "storage/snap/snapfile_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "storage/snap/snapfile_snappy.h"

enum {
    IN_BYTES = 256 * 1024,
    BLOCK_MAX = 64 * 1024 * 1024, /* of one snappy block; Java writes 32 KiB */
    XERIAL_HEADER_BYTES = 16,
};

struct snappy_state {
    bool has_header;
    uint8_t *block; /* packed */
    size_t block_room;
    uint8_t *out; /* unpacked */
    size_t out_room, out_at, out_size;
};

/* Have bytes of the file at in_at: 1, 0 at its end, -errno. */
static int
fill(struct snap_source *s)
{
    ssize_t n;

    if (s->in_at < s->in_size)
        return 1;
    do {
        n = read(s->fd, s->in, IN_BYTES);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    s->in_at = 0;
    s->in_size = (size_t)n;
    s->read += (uint64_t)n;
    return n > 0;
}

/* Exactly `size` bytes of the file: 1, 0 at a clean end, -EBADMSG inside. */
static int
take(struct snap_source *s, uint8_t *out, size_t size)
{
    size_t done = 0;

    while (done < size) {
        int rc = fill(s);
        size_t n = s->in_size - s->in_at;

        if (rc < 0)
            return rc;
        if (rc == 0)
            return done == 0 ? 0 : -EBADMSG;
        if (n > size - done)
            n = size - done;
        memcpy(out + done, s->in + s->in_at, n);
        s->in_at += n;
        done += n;
    }
    return 1;
}

static int64_t
read_plain(struct snap_source *s, uint8_t *out, size_t size)
{
    int rc = fill(s);
    size_t n = s->in_size - s->in_at;

    if (rc <= 0)
        return rc;
    n = n < size ? n : size;
    memcpy(out, s->in + s->in_at, n);
    s->in_at += n;
    return (int64_t)n;
}

static int64_t
read_gzip(struct snap_source *s, uint8_t *out, size_t size)
{
    z_stream *z = s->unpacker;

    z->next_out = out;
    z->avail_out = (uInt)size;
    while (z->avail_out == size) {
        int rc = fill(s);

        if (rc <= 0)
            return rc < 0 ? rc : s->at_frame_end ? 0 : -EBADMSG;
        if (s->at_frame_end && inflateReset(z) != Z_OK)
            return -EBADMSG;
        s->at_frame_end = false;
        z->next_in = s->in + s->in_at;
        z->avail_in = (uInt)(s->in_size - s->in_at);
        rc = inflate(z, Z_NO_FLUSH);
        s->in_at = s->in_size - z->avail_in;
        s->at_frame_end = rc == Z_STREAM_END;
        if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
            return rc == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
    }
    return (int64_t)(size - z->avail_out);
}

static int64_t
read_zstd(struct snap_source *s, uint8_t *out, size_t size)
{
    ZSTD_outBuffer to = {out, size, 0};

    while (to.pos == 0) {
        ZSTD_inBuffer from;
        size_t left;
        int rc = fill(s);

        if (rc < 0)
            return rc;
        from = (ZSTD_inBuffer){s->in, s->in_size, s->in_at};
        left = ZSTD_decompressStream(s->unpacker, &to, &from);
        if (ZSTD_isError(left))
            return snapfile_zstd_rc(left, -EBADMSG);
        s->in_at = from.pos;
        if (rc == 0 && to.pos == 0) /* at_frame_end is of the turn before */
            return s->at_frame_end ? 0 : -EBADMSG;
        s->at_frame_end = left == 0;
    }
    return (int64_t)to.pos;
}

static int
make_room(uint8_t **buffer, size_t *room, size_t size)
{
    uint8_t *bigger;

    if (size <= *room)
        return 0;
    bigger = realloc(*buffer, size);
    if (!bigger)
        return -ENOMEM;
    *buffer = bigger;
    *room = size;
    return 0;
}

/* Step over what the file begins with; -EBADMSG: it is not snappy-java's. */
static int
skip_header(struct snap_source *s, struct snappy_state *y)
{
    static const uint8_t magic[] = "\202SNAPPY";
    uint8_t head[XERIAL_HEADER_BYTES];
    int rc;

    if (y->has_header)
        return 0;
    rc = take(s, head, sizeof head);
    if (rc < 0)
        return rc;
    y->has_header = rc == 1 && memcmp(head, magic, sizeof magic) == 0;
    return y->has_header ? 0 : -EBADMSG;
}

/* The next block, packed, into y->block: 1, 0 at the end, -errno. */
static int
take_block(struct snap_source *s, struct snappy_state *y, uint32_t *size)
{
    uint8_t head[4];
    int rc = take(s, head, sizeof head);

    if (rc <= 0)
        return rc;
    *size = load_be32(head);
    if (*size > BLOCK_MAX)
        return -EBADMSG;
    rc = make_room(&y->block, &y->block_room, *size);
    if (rc < 0)
        return rc;
    rc = take(s, y->block, *size);
    return rc == 0 ? -EBADMSG : rc; /* the file ends inside */
}

/* Unpack the next block into y->out: 1, 0 at the end, -errno. */
static int
next_block(struct snap_source *s, struct snappy_state *y)
{
    uint32_t size;
    int rc = skip_header(s, y);

    if (rc == 0)
        rc = take_block(s, y, &size);
    if (rc <= 0)
        return rc;
    rc = snappy_size(y->block, size, &y->out_size);
    if (rc == 0 && y->out_size > BLOCK_MAX)
        rc = -EBADMSG;
    if (rc == 0)
        rc = make_room(&y->out, &y->out_room, y->out_size);
    if (rc == 0)
        rc = snappy_unpack(y->block, size, y->out, y->out_size);
    y->out_at = 0;
    return rc < 0 ? rc : 1;
}

static int64_t
read_snappy(struct snap_source *s, uint8_t *out, size_t size)
{
    struct snappy_state *y = s->unpacker;
    size_t n;

    while (y->out_at == y->out_size) {
        int rc = next_block(s, y);

        if (rc <= 0)
            return rc;
    }
    n = y->out_size - y->out_at;
    n = n < size ? n : size;
    memcpy(out, y->out + y->out_at, n);
    y->out_at += n;
    return (int64_t)n;
}

/* What unpacks this format; false without memory. */
static bool
make_unpacker(struct snap_source *s)
{
    switch (s->format) {
    case SNAP_PLAIN:
        return true;
    case SNAP_GZIP:
        s->unpacker = calloc(1, sizeof(z_stream));
        return s->unpacker && inflateInit2(s->unpacker, 16 + MAX_WBITS) == Z_OK;
    case SNAP_SNAPPY:
        s->unpacker = calloc(1, sizeof(struct snappy_state));
        break;
    case SNAP_ZSTD:
        s->unpacker = ZSTD_createDStream();
        break;
    }
    return s->unpacker != NULL;
}

int
snap_source_open(struct snap_source *s, const char *path,
                 enum snap_format format)
{
    struct stat st;

    *s = (struct snap_source){.format = format};
    s->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (s->fd < 0 || fstat(s->fd, &st) < 0)
        return -errno;
    s->size = (uint64_t)st.st_size;
    s->in = malloc(IN_BYTES);
    return s->in && make_unpacker(s) ? 0 : -ENOMEM;
}

void
snap_source_close(struct snap_source *s)
{
    if (s->unpacker && s->format == SNAP_GZIP) {
        inflateEnd(s->unpacker);
        free(s->unpacker);
    }
    if (s->unpacker && s->format == SNAP_ZSTD)
        ZSTD_freeDStream(s->unpacker);
    if (s->unpacker && s->format == SNAP_SNAPPY) {
        struct snappy_state *y = s->unpacker;

        free(y->block);
        free(y->out);
        free(y);
    }
    free(s->in);
    if (s->fd >= 0)
        close(s->fd);
    *s = (struct snap_source){.fd = -1};
}

int64_t
snap_source_read(struct snap_source *s, uint8_t *out, size_t size)
{
    switch (s->format) {
    case SNAP_PLAIN:
        return read_plain(s, out, size);
    case SNAP_GZIP:
        return read_gzip(s, out, size);
    case SNAP_SNAPPY:
        return read_snappy(s, out, size);
    case SNAP_ZSTD:
        return read_zstd(s, out, size);
    }
    return -EINVAL;
}
