/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapfile_read.c - a snapshot file from end to end, and which to read.
 */
#include "storage/snap/snapfile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/snap/snapfile_source.h"

enum { BUFFER_BYTES = 1024 * 1024 };

static const char REMEDY[] =
    "An older snapshot with the log files after it, or the other servers of "
    "the ensemble, have the same data: move this file away and start again.";

enum snap_format
snapfile_format(const char *name)
{
    const char *dot = strrchr(name, '.');

    if (dot && strcmp(dot, ".gz") == 0)
        return SNAP_GZIP;
    if (dot && strcmp(dot, ".snappy") == 0)
        return SNAP_SNAPPY;
    return dot && strcmp(dot, ".zst") == 0 ? SNAP_ZSTD : SNAP_PLAIN;
}

/* The stream's bytes that are not decoded yet. */
struct window {
    uint8_t *data;
    size_t room, filled;
    bool is_last;
};

/* Read on until `need` bytes are there or the stream ends. */
static int
window_fill(struct window *w, struct snap_source *s, size_t need)
{
    if (need > w->room) {
        size_t room = w->room;
        uint8_t *bigger;

        while (room < need)
            room *= 2;
        bigger = realloc(w->data, room);
        if (!bigger)
            return -ENOMEM;
        w->data = bigger;
        w->room = room;
    }
    while (!w->is_last && w->filled < w->room) {
        int64_t n =
            snap_source_read(s, w->data + w->filled, w->room - w->filled);

        if (n < 0)
            return (int)n;
        w->is_last = n == 0;
        w->filled += (size_t)n;
    }
    return 0;
}

/*
 * The window grows no faster than the stream delivers: a damaged length must
 * not take a gigabyte of memory for a file of one page.
 */
static size_t
next_need(const struct window *w, size_t need)
{
    return need > 2 * w->room ? 2 * w->room : need;
}

/* A bad sector is damage as any other: an older snapshot may be whole. */
static int
cannot_fill(struct snap_decode *d, int rc)
{
    d->what = rc == -EIO ? "the disk cannot read it"
                         : "the packed data is damaged or cut off";
    return rc == -EIO ? -EBADMSG : rc;
}

static int
decode_all(struct snap_decode *d, struct snap_source *s, struct window *w,
           progress_fn *progress, void *progress_arg)
{
    while (d->part != SNAP_DONE) {
        size_t used;
        int rc = window_fill(w, s, next_need(w, d->need));

        if (rc < 0)
            return cannot_fill(d, rc);
        rc = snap_decode_feed(d, w->data, w->filled, w->is_last, &used);
        if (rc < 0)
            return rc;
        memmove(w->data, w->data + used, w->filled - used);
        w->filled -= used;
        if (progress)
            progress(progress_arg, s->read, s->size);
    }
    return 0;
}

static int
fail(struct data_error *e, const char *path, int rc,
     const struct snap_decode *d)
{
    if (rc == -EBADMSG)
        data_error_set(e, path, (int64_t)d->offset, REMEDY,
                       "the snapshot is damaged: %s",
                       d->what ? d->what : "its content");
    else
        data_error_rc(e, path, rc,
                      "See that the server's user may read it and that the "
                      "disk and memory suffice.",
                      "cannot be read");
    return rc;
}

zxid_t
snapfile_zxid(const char *path)
{
    static const char prefix[] = "snapshot.";
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

    return strncmp(name, prefix, sizeof prefix - 1) == 0
               ? (zxid_t)strtoull(name + sizeof prefix - 1, NULL, 16)
               : -1;
}

/*
 * A snapshot named after a later zxid than its own would hide what lies
 * between: the log is replayed from its name on.  Its digest is of when it was
 * finished, at its zxid or later; but an Apache leader names one after the
 * epoch that it begins, before there is a transaction.
 */
static int
check_name(const char *path, const struct snap_decode *d, struct data_error *e)
{
    zxid_t zxid = snapfile_zxid(path);

    if (zxid < 0 || !d->has_digest || d->digest_zxid == 0 ||
        d->digest_zxid >= zxid || zxid_counter(zxid) == 0)
        return 0;
    data_error_set(
        e, path, -1, "Give it the name of that zxid, or move it away.",
        "it is a snapshot of 0x%" PRIx64 " at most, not of what its name says",
        (uint64_t)d->digest_zxid);
    return -EBADMSG;
}

int
snapfile_read(const char *path, const struct snap_visitor *visitor,
              progress_fn *progress, void *progress_arg,
              struct snapfile_info *info, struct data_error *e)
{
    struct window window = {.data = malloc(BUFFER_BYTES), .room = BUFFER_BYTES};
    struct snap_source source;
    struct snap_decode decode;
    int rc = snap_source_open(&source, path, snapfile_format(path));

    snap_decode_init(&decode, visitor, false);
    if (rc == 0 && !window.data)
        rc = -ENOMEM;
    if (rc == 0)
        rc = decode_all(&decode, &source, &window, progress, progress_arg);
    if (rc < 0)
        fail(e, path, rc, &decode);
    else
        rc = check_name(path, &decode, e);
    if (rc == 0)
        *info = (struct snapfile_info){
            .sessions = decode.sessions,
            .nodes = decode.nodes,
            .unknown_acls = decode.unknown_acls,
            .has_digest = decode.has_digest,
            .digest_zxid = decode.digest_zxid,
            .digest = decode.digest,
        };
    snap_decode_deinit(&decode);
    snap_source_close(&source);
    free(window.data);
    return rc;
}

/* --- which to read ------------------------------------------------------- */

/* Whether the file has these bytes at `from`: 1, 0, -errno. */
static int
has_bytes(int fd, const uint8_t *wanted, size_t size, off_t from)
{
    uint8_t found[8];
    ssize_t n = pread(fd, found, size, from);

    if (n < 0)
        return -errno;
    return (size_t)n == size && memcmp(found, wanted, size) == 0;
}

int
snapfile_looks_whole(const char *path)
{
    static const uint8_t end[] = {0, 0, 0, 1, '/'};
    static const uint8_t magics[][4] = {
        [SNAP_PLAIN] = {'Z', 'K', 'S', 'N'},
        [SNAP_GZIP] = {0x1f, 0x8b, 8, 0},
        [SNAP_SNAPPY] = {0x82, 'S', 'N', 'A'},
        [SNAP_ZSTD] = {0x28, 0xb5, 0x2f, 0xfd},
    };
    enum snap_format format = snapfile_format(path);
    size_t magic_size = format == SNAP_GZIP ? 3 : 4;
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
    struct stat st;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= 10)
        rc = has_bytes(fd, magics[format], magic_size, 0);
    if (rc == 1 && format == SNAP_PLAIN)
        rc = has_bytes(fd, end, sizeof end, st.st_size - (off_t)sizeof end);
    close(fd);
    return rc;
}

int
snapfile_candidates(struct data_list *list, const char *dir)
{
    int rc = data_list_read(list, dir, DATA_SNAPSHOTS);
    size_t kept = 0;

    for (size_t i = 0; rc == 0 && i < list->count; i++) {
        char path[DATA_PATH_MAX];

        data_path(path, dir, list->file[i].name);
        if (snapfile_looks_whole(path) == 1)
            list->file[kept++] = list->file[i];
    }
    list->count = kept;
    return rc;
}

zxid_t
snapfile_newest(const char *dir)
{
    struct data_list list;
    zxid_t zxid = -1;

    if (snapfile_candidates(&list, dir) == 0 && list.count > 0)
        zxid = list.file[list.count - 1].zxid;
    data_list_free(&list);
    return zxid;
}
