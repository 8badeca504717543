/* SPDX-License-Identifier: Apache-2.0 */
/* rebase.c - see rebase.h. */
#include "storage/log/rebase.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "storage/image/image.h"

static const char REMEDY[] =
    "See that the disk works and that the server's user may write there. "
    "Otherwise move the data and log directories away and let this server "
    "take everything from the leader.";

static int
fail(struct data_error *e, const char *path, int rc, const char *what)
{
    return data_error_rc(e, path, rc, REMEDY, what);
}

static void
path_of(char path[DATA_PATH_MAX], const struct datadir *d, const char *prefix,
        zxid_t zxid)
{
    char name[DATA_NAME_MAX];

    snapfile_name(name, prefix, zxid, SNAP_ZSTD);
    data_path(path, d->snap, name);
}

/* Remove what data_list_read finds, but not `keep`; make that durable. */
static int
remove_all(const char *dir, enum data_kind kind, const char *keep)
{
    struct data_list list;
    int rc = data_list_read(&list, dir, kind);

    for (size_t i = list.count; rc == 0 && i > 0; i--) {
        const char *name = list.file[i - 1].name;

        if (strcmp(name, keep) != 0)
            rc = data_remove(dir, name);
    }
    data_list_free(&list);
    return rc < 0 ? rc : data_sync_dir(dir);
}

/* --- the marker ---------------------------------------------------------- */

static int
write_marker(const struct datadir *d, zxid_t zxid)
{
    char text[32];
    int size = snprintf(text, sizeof text, "%" PRIx64 "\n", (uint64_t)zxid);

    return data_replace(d->snap, REBASE_MARKER, text, (size_t)size);
}

/* 1: there is one; 0: none; -EBADMSG: it cannot be read as one; -errno. */
static int
read_marker(const struct datadir *d, zxid_t *zxid)
{
    char text[32], *end;
    int rc = data_read(d->snap, REBASE_MARKER, text, sizeof text);

    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    *zxid = (zxid_t)strtoull(text, &end, 16);
    return end == text || *end != '\n' ? -EBADMSG : 1;
}

static int
remove_marker(const struct datadir *d)
{
    int rc = data_remove(d->snap, REBASE_MARKER);

    return rc < 0 ? rc : data_sync_dir(d->snap);
}

/* --- the steps ----------------------------------------------------------- */

/* The snapshot gets its name, unless it had it before a crash. */
static int
place_snapshot(const struct datadir *d, zxid_t zxid)
{
    char taken[DATA_PATH_MAX], snapshot[DATA_PATH_MAX];

    path_of(taken, d, REBASE_TAKEN, zxid);
    path_of(snapshot, d, "snapshot", zxid);
    if (rename(taken, snapshot) == 0)
        return data_sync_dir(d->snap);
    return errno == ENOENT && access(snapshot, F_OK) == 0 ? 0 : -errno;
}

static int
remove_image_new(const struct datadir *d)
{
    char path[DATA_PATH_MAX];

    data_path(path, d->snap, IMAGE_NEW);
    return image_remove(path);
}

/* All behind the marker, from wherever it was interrupted. */
static int
finish(const struct datadir *d, zxid_t zxid, struct data_error *e)
{
    char keep[DATA_NAME_MAX];
    int rc = place_snapshot(d, zxid);

    if (rc < 0)
        return fail(e, d->snap, rc, "the leader's snapshot cannot be named");
    snapfile_name(keep, "snapshot", zxid, SNAP_ZSTD);
    rc = remove_all(d->log, DATA_LOGS, "");
    if (rc < 0)
        return fail(e, d->log, rc, "log files cannot be removed");
    rc = image_remove(d->image);
    if (rc == 0)
        rc = remove_image_new(d);
    if (rc < 0)
        return fail(e, d->image, rc, "cannot be removed");
    rc = remove_all(d->snap, DATA_SNAPSHOTS, keep);
    if (rc < 0)
        return fail(e, d->snap, rc, "snapshots cannot be removed");
    rc = remove_marker(d);
    return rc < 0 ? fail(e, d->snap, rc, "the marker cannot be removed") : 0;
}

int
rebase_look(const struct datadir *d, zxid_t zxid)
{
    struct data_list logs;
    char path[DATA_PATH_MAX];
    int rc;

    path_of(path, d, REBASE_TAKEN, zxid);
    if (access(path, F_OK) == 0)
        return REBASE_READY;
    path_of(path, d, "snapshot", zxid);
    if (access(path, F_OK) < 0)
        return errno == ENOENT ? REBASE_NOTHING : -errno;
    rc = data_list_read(&logs, d->log, DATA_LOGS);
    if (rc == 0)
        rc = logs.count == 0 ? REBASE_DONE : REBASE_NOTHING;
    data_list_free(&logs);
    return rc;
}

int
rebase(const struct datadir *d, zxid_t zxid, struct data_error *e)
{
    int rc = write_marker(d, zxid);

    if (rc < 0)
        return fail(e, d->snap, rc, "the marker cannot be written");
    return finish(d, zxid, e);
}

int
rebase_finish(const struct datadir *d, zxid_t *zxid, struct data_error *e)
{
    char path[DATA_PATH_MAX];
    int rc = read_marker(d, zxid);

    if (rc == 1) {
        rc = finish(d, *zxid, e);
        return rc < 0 ? rc : 1;
    }
    data_path(path, d->snap, REBASE_MARKER);
    return rc < 0 ? fail(e, path, rc, "cannot be read") : 0;
}

int
rebase_is_pending(const struct datadir *d)
{
    zxid_t zxid;
    int rc = read_marker(d, &zxid);

    return rc == -EBADMSG ? 1 : rc;
}

int
rebase_forget_taken(const char *dir)
{
    return data_remove_all(dir, REBASE_TAKEN ".", "");
}
