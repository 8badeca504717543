/* SPDX-License-Identifier: Apache-2.0 */
/*
 * txlog_open.c - where the log ends, and cutting it there or earlier.
 *
 * A crash leaves at the very end of the newest file: nothing, zeros, a torn
 * record, or a file whose header was never written.  All of that goes; so
 * does a file without any record, for the next append may need its name.
 * ZK: FileTxnLog.FileTxnIterator, truncate (spec/quorum-protocol.md 11.4)
 */
#include "storage/log/txlog.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/log/txlog_reader.h"
#include "storage/log/txlog_scan.h"

enum { PROGRESS_BYTES = 1024 * 1024 };

static int
fail(struct data_error *e, const char *path, int rc, const char *what)
{
    return data_error_rc(e, path, rc, data_remedy_access, what);
}

/*
 * Let the disk, not the page cache, say what is in the file: push out what
 * a killed writer left behind, then drop the pages.
 */
static int
settle(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC), rc = 0;

    if (fd < 0)
        return -errno;
    if (fsync(fd) < 0)
        rc = -errno;
    else
        (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    close(fd);
    return rc;
}

/* How far a scan is; `told` is the offset that was told last. */
static void
tell_progress(const struct txlog_scan *s, const struct txlog_options *o,
              uint64_t *told)
{
    struct stat st;

    if (!o->progress || s->offset - *told < PROGRESS_BYTES ||
        fstat(s->fd, &st) < 0)
        return;
    *told = s->offset;
    o->progress(o->progress_arg, s->offset, (uint64_t)st.st_size);
}

/*
 * Read the file to its end.  `last` gets its last zxid, though one before may
 * have been logged twice; returns 1, or 0 if it has no record.  Damage is
 * -EBADMSG.
 */
static int
scan_to_end(struct txlog_scan *s, const char *path,
            const struct txlog_options *o, zxid_t *last, enum txlog_tail *tail,
            struct data_error *e)
{
    uint64_t told = 0;
    zxid_t zxid = 0;
    struct bytes entry;
    int rc = txlog_scan_open(s, path), found = 0;

    while (rc >= 0 && (rc = txlog_scan_next(s, &entry)) == 1) {
        if (txlog_entry_zxid(entry) > zxid)
            zxid = txlog_entry_zxid(entry);
        found = 1;
        tell_progress(s, o, &told);
    }
    if (rc == 0)
        rc = txlog_scan_tail(s, tail);
    if (rc == -EBADMSG || (rc == 0 && *tail == TXLOG_TAIL_CORRUPT)) {
        txlog_damage(e, path, s->offset, zxid);
        return -EBADMSG;
    }
    if (rc < 0)
        return fail(e, path, rc, "cannot be read");
    *last = zxid;
    return found;
}

/* Cut the file at `size`, durably; what was allocated behind it goes too. */
static int
cut_file(const char *path, uint64_t size)
{
    int fd = open(path, O_RDWR | O_CLOEXEC), rc = 0;

    if (fd < 0)
        return -errno;
    if (ftruncate(fd, (off_t)size) < 0 || fsync(fd) < 0)
        rc = -errno;
    close(fd);
    return rc;
}

/*
 * Bring the newest file to a clean end.  1: it has records, `last` is the
 * last; 0: it had none and is gone.
 */
static int
clean_file(struct txlog_scan *s, const char *path,
           const struct txlog_options *o, zxid_t *last, bool *is_torn,
           struct data_error *e)
{
    enum txlog_tail tail = TXLOG_TAIL_CLEAN;
    int rc = settle(path), found;

    if (rc < 0)
        return fail(e, path, rc, "cannot be made durable");
    found = scan_to_end(s, path, o, last, &tail, e);
    if (found < 0)
        return found;
    if (found == 0)
        rc = unlink(path) < 0 ? -errno : 0;
    else
        rc = cut_file(path, s->offset);
    *is_torn = *is_torn || tail == TXLOG_TAIL_TORN || found == 0;
    return rc < 0 ? fail(e, path, rc, "cannot be cut") : found;
}

/* Clean the end of the log; `last` is 0 for an empty one. */
static int
clean_end(const char *dir, const struct txlog_options *o, zxid_t *last,
          bool *is_torn, struct data_error *e)
{
    struct txlog_scan scan = {.fd = -1};
    struct data_list list;
    char path[DATA_PATH_MAX];
    int rc = data_list_read(&list, dir, DATA_LOGS), found = 0;

    if (rc < 0)
        fail(e, dir, rc, "cannot be listed");
    *last = 0;
    for (size_t i = list.count; rc == 0 && found == 0 && i > 0; i--) {
        data_path(path, dir, list.file[i - 1].name);
        found = clean_file(&scan, path, o, last, is_torn, e);
        rc = found < 0 ? found : 0;
    }
    txlog_scan_deinit(&scan);
    data_list_free(&list);
    if (rc == 0 && (rc = data_sync_dir(dir)) < 0)
        fail(e, dir, rc, "cannot be made durable");
    return rc;
}

/*
 * Transactions are looked for by the names of files, which are those of their
 * first transactions: a file under another name would be read out of its turn
 * or not at all, and be in the way of the file whose name it has.  One whose
 * beginning cannot be read is judged when it is needed.
 */
static int
check_name(struct txlog_scan *s, const char *dir, const struct data_file *file,
           struct data_error *e)
{
    char path[DATA_PATH_MAX];
    struct bytes entry;
    zxid_t first;

    data_path(path, dir, file->name);
    if (txlog_scan_open(s, path) < 0 || txlog_scan_next(s, &entry) != 1)
        return 0;
    first = txlog_entry_zxid(entry);
    if (first == file->zxid)
        return 0;
    data_error_set(e, path, TXLOG_HEADER_BYTES,
                   "If it belongs here, give it the name of that transaction; "
                   "else move it away and bring back the file that has this "
                   "name by right.",
                   "the file begins with transaction 0x%" PRIx64
                   ", after which it is not named",
                   (uint64_t)first);
    return -EBADMSG;
}

static int
check_names(const char *dir, const struct txlog_options *o,
            struct data_error *e)
{
    struct txlog_scan scan = {.fd = -1};
    struct data_list list;
    int rc = data_list_read(&list, dir, DATA_LOGS);

    if (rc < 0)
        fail(e, dir, rc, "cannot be listed");
    for (size_t i = 0; rc == 0 && i < list.count; i++) {
        rc = check_name(&scan, dir, &list.file[i], e);
        if (o->progress)
            o->progress(o->progress_arg, 1, 1); /* a sign of life */
    }
    txlog_scan_deinit(&scan);
    data_list_free(&list);
    return rc;
}

int
txlog_open(struct txlog *l, const char *dir,
           const struct txlog_options *options, bool *was_torn,
           struct data_error *e)
{
    bool is_torn = false;
    int rc;

    *l = (struct txlog){.fd = -1, .options = *options};
    data_path(l->dir, dir, "");
    rc = check_names(dir, options, e);
    if (rc == 0)
        rc = clean_end(dir, options, &l->last, &is_torn, e);
    if (was_torn)
        *was_torn = is_torn;
    if (rc == 0 && !(l->buffer = malloc(TXLOG_BUFFER_BYTES)))
        rc = fail(e, dir, -ENOMEM, "cannot be written");
    if (rc < 0)
        txlog_close(l);
    return rc;
}

/* --- cutting at a transaction -------------------------------------------- */

/* Where a log is cut: file `index - 1` at `end`, all files from `index` go. */
struct cut {
    struct data_list list;
    size_t index;
    uint64_t end;
};

/* Look for record `zxid` in the file: its end; TXLOG_*, or -errno. */
static int
find_record(const char *path, zxid_t zxid, uint64_t *end)
{
    enum txlog_place place = TXLOG_BETWEEN;
    struct txlog_scan scan = {.fd = -1};
    struct bytes entry;
    int rc = txlog_scan_open(&scan, path);

    while (rc >= 0 && (rc = txlog_scan_next(&scan, &entry)) == 1) {
        zxid_t here = txlog_entry_zxid(entry);

        if (here == zxid) {
            *end = scan.offset;
            place = TXLOG_IN; /* the last of equals, if it was logged twice */
        }
        if (here > zxid) {
            if (place == TXLOG_BETWEEN)
                place = TXLOG_MISSING;
            break;
        }
    }
    txlog_scan_deinit(&scan);
    return rc < 0 ? rc : (int)place;
}

/* Free cut->list in any case. */
static int
locate(const char *dir, zxid_t zxid, struct cut *cut)
{
    char path[DATA_PATH_MAX];
    int rc = data_list_read(&cut->list, dir, DATA_LOGS);

    if (rc < 0)
        return rc;
    cut->index = cut->list.count;
    while (cut->index > 0 && cut->list.file[cut->index - 1].zxid > zxid)
        cut->index--;
    if (cut->index == 0)
        return TXLOG_BETWEEN;
    data_path(path, dir, cut->list.file[cut->index - 1].name);
    return find_record(path, zxid, &cut->end);
}

int
txlog_find(const char *dir, zxid_t zxid)
{
    struct cut cut;
    int rc = locate(dir, zxid, &cut);

    data_list_free(&cut.list);
    return rc;
}

/*
 * Newer files go first, newest first: a crash in between leaves a log that
 * is still without gaps, and is cut again.
 */
static int
remove_newer(const char *dir, const struct cut *cut)
{
    int rc = 0;

    for (size_t i = cut->list.count; rc == 0 && i > cut->index; i--) {
        rc = data_remove(dir, cut->list.file[i - 1].name);
        if (rc == 0)
            rc = data_sync_dir(dir);
    }
    return rc;
}

int
txlog_truncate(const char *dir, zxid_t zxid, bool is_base, struct data_error *e)
{
    char path[DATA_PATH_MAX];
    struct cut cut;
    int place = locate(dir, zxid, &cut), rc = place < 0 ? place : 0;

    if (place == TXLOG_MISSING || (place == TXLOG_BETWEEN && !is_base))
        rc = -ENOENT;
    if (rc == 0)
        rc = remove_newer(dir, &cut);
    if (rc == 0 && place == TXLOG_IN) {
        data_path(path, dir, cut.list.file[cut.index - 1].name);
        rc = cut_file(path, cut.end);
    }
    data_list_free(&cut.list);
    return rc < 0 ? fail(e, dir, rc, "cannot be cut") : 0;
}
