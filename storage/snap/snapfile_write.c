/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapfile_write.c - writing a snapshot that Apache loads.
 *
 * Written data is pushed towards the disk as it comes, a megabyte at a time, so
 * that the fsync at the end finds little left to do and the log's fdatasync
 * never waits behind a flood.
 * ZK: FileSnap.serialize
 */
#include "storage/snap/snapfile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "storage/snap/snapfile_spell.h"

enum {
    BUFFER_BYTES = 256 * 1024,
    PUSH_BYTES = 1024 * 1024,
    ZSTD_LEVEL = 1, /* 100 B nodes: a third of the size at 500 MB/s */
};

static int
give_up(struct snapfile_writer *w, int rc)
{
    if (rc < 0 && w->failed == 0)
        w->failed = rc;
    return w->failed;
}

static void
write_file(struct snapfile_writer *w, const void *data, size_t size)
{
    if (w->failed || give_up(w, data_write(w->fd, data, size)) < 0)
        return;
    w->written += size;
    if (w->written - w->pushed >= PUSH_BYTES) {
        /* a hint only; the fsync at the end is what counts */
        (void)sync_file_range(w->fd, (off_t)w->pushed,
                              (off_t)(w->written - w->pushed),
                              SYNC_FILE_RANGE_WRITE);
        w->pushed = w->written;
    }
}

/* Pack what is buffered; at the end, close the frame. */
static void
drain(struct snapfile_writer *w, bool is_end)
{
    ZSTD_inBuffer in = {w->buffer, w->buffered, 0};
    size_t left = 1;

    w->adler = libdeflate_adler32(w->adler, w->buffer, w->buffered);
    w->buffered = 0;
    if (!w->packer) {
        write_file(w, w->buffer, in.size);
        return;
    }
    while (!w->failed && (in.pos < in.size || (is_end && left > 0))) {
        ZSTD_outBuffer out = {w->packed, w->packed_room, 0};

        left = ZSTD_compressStream2(w->packer, &out, &in,
                                    is_end ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left))
            give_up(w, snapfile_zstd_rc(left, -EIO));
        else
            write_file(w, w->packed, out.pos);
    }
}

static void
put(struct snapfile_writer *w, const void *data, size_t size)
{
    const uint8_t *at = data;

    while (size > 0 && !w->failed) {
        size_t n = BUFFER_BYTES - w->buffered;

        n = n < size ? n : size;
        memcpy(w->buffer + w->buffered, at, n);
        w->buffered += n;
        at += n;
        size -= n;
        if (w->buffered == BUFFER_BYTES)
            drain(w, false);
    }
}

static void
put_i32(struct snapfile_writer *w, int32_t v)
{
    uint8_t b[4];

    store_be32(b, (uint32_t)v);
    put(w, b, sizeof b);
}

static void
put_i64(struct snapfile_writer *w, int64_t v)
{
    uint8_t b[8];

    store_be64(b, (uint64_t)v);
    put(w, b, sizeof b);
}

int
snapfile_zstd_rc(size_t result, int rc)
{
    return ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation ? -ENOMEM
                                                                     : rc;
}

void *
snapfile_packer(void)
{
    ZSTD_CCtx *packer = ZSTD_createCCtx();

    if (packer &&
        !ZSTD_isError(ZSTD_CCtx_setParameter(packer, ZSTD_c_compressionLevel,
                                             ZSTD_LEVEL)) &&
        !ZSTD_isError(ZSTD_CCtx_setParameter(packer, ZSTD_c_checksumFlag, 1)))
        return packer;
    ZSTD_freeCCtx(packer);
    return NULL;
}

static bool
make_packer(struct snapfile_writer *w)
{
    w->packed_room = ZSTD_CStreamOutSize();
    w->packed = malloc(w->packed_room);
    w->packer = snapfile_packer();
    return w->packed && w->packer;
}

static void
let_go(struct snapfile_writer *w)
{
    if (w->fd >= 0)
        close(w->fd);
    ZSTD_freeCCtx(w->packer);
    free(w->packed);
    free(w->buffer);
    *w = (struct snapfile_writer){.fd = -1};
}

void
snapfile_name(char name[DATA_NAME_MAX], const char *prefix, zxid_t zxid,
              enum snap_format format)
{
    snprintf(name, DATA_NAME_MAX, "%s.%" PRIx64 "%s", prefix, (uint64_t)zxid,
             format == SNAP_ZSTD ? ".zst" : "");
}

int
snapfile_writer_open_as(struct snapfile_writer *w, const char *dir,
                        const char *prefix, zxid_t zxid,
                        enum snap_format format)
{
    char name[DATA_NAME_MAX], temp[DATA_NAME_MAX + 8];
    int rc = 0;

    *w = (struct snapfile_writer){.fd = -1, .adler = 1};
    snapfile_name(name, prefix, zxid, format);
    snprintf(temp, sizeof temp, "%s.tmp", name);
    if (!data_path(w->dir, dir, "") || !data_path(w->path, dir, name) ||
        !data_path(w->temp, dir, temp))
        return -ENAMETOOLONG;
    w->buffer = malloc(BUFFER_BYTES);
    if (!w->buffer || (format == SNAP_ZSTD && !make_packer(w)))
        rc = -ENOMEM;
    if (rc == 0) {
        w->fd = open(w->temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
        rc = w->fd < 0 ? -errno : 0;
    }
    if (rc < 0) {
        let_go(w);
        return rc;
    }
    put_i32(w, SNAP_MAGIC);
    put_i32(w, SNAP_VERSION);
    put_i64(w, -1);
    return 0;
}

void
snapfile_put(struct snapfile_writer *w, struct bytes piece)
{
    put(w, piece.data, (size_t)piece.size);
}

static void
put_item(struct snapfile_writer *w, const struct snap_item *item)
{
    for (uint32_t i = 0; i < item->count; i++)
        snapfile_put(w, item->piece[i]);
}

int
snapfile_writer_open(struct snapfile_writer *w, const char *dir, zxid_t zxid,
                     enum snap_format format)
{
    return snapfile_writer_open_as(w, dir, "snapshot", zxid, format);
}

void
snapfile_put_count(struct snapfile_writer *w, int32_t count)
{
    put_i32(w, count);
}

void
snapfile_put_session(struct snapfile_writer *w, session_id_t id,
                     int32_t timeout_ms)
{
    struct snap_item item;

    snap_spell_session(&item, id, timeout_ms);
    put_item(w, &item);
}

void
snapfile_put_acl(struct snapfile_writer *w, int64_t id, struct bytes list)
{
    struct snap_item item;

    snap_spell_acl(&item, id, list);
    put_item(w, &item);
}

void
snapfile_put_node(struct snapfile_writer *w, struct bytes path,
                  struct bytes data, int64_t acl, const struct znode_stat *stat)
{
    struct snap_item item;

    snap_spell_node(&item, path, data, acl, stat);
    put_item(w, &item);
}

static void
put_seal(struct snapfile_writer *w)
{
    struct snap_item end;

    drain(w, false);
    put_i64(w, w->adler);
    snap_spell_end(&end);
    put_item(w, &end);
}

/* Make the finished file durable and give it its name. */
static int
publish(struct snapfile_writer *w)
{
    if (fsync(w->fd) < 0)
        return -errno;
    (void)posix_fadvise(w->fd, 0, 0, POSIX_FADV_DONTNEED);
    return rename(w->temp, w->path) < 0 ? -errno : data_sync_dir(w->dir);
}

int
snapfile_writer_end(struct snapfile_writer *w, zxid_t zxid, uint64_t digest)
{
    struct snap_item nodes_end;
    int rc;

    snap_spell_end(&nodes_end);
    put_item(w, &nodes_end);
    put_seal(w);
    put_i64(w, zxid);
    put_i32(w, ZK_DIGEST_VERSION);
    put_i64(w, (int64_t)digest);
    put_seal(w);
    drain(w, true);
    rc = w->failed ? w->failed : publish(w);
    if (rc < 0)
        (void)unlink(w->temp);
    let_go(w);
    return rc;
}

void
snapfile_writer_abort(struct snapfile_writer *w)
{
    if (w->fd >= 0)
        (void)unlink(w->temp);
    let_go(w);
}
