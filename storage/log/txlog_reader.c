/* SPDX-License-Identifier: Apache-2.0 */
/*
 * txlog_reader.c - from file to file, without a gap.
 *
 * ZK: FileTxnLog.FileTxnIterator.  Ours: Apache reads past a torn record
 * into the next file whatever that begins with; here the next file must go on
 * exactly where the torn one stopped.
 */
#include "storage/log/txlog_reader.h"

#include <errno.h>
#include <inttypes.h>

#include "storage/tree/txn.h"

static const char REMEDY_RESTORE[] =
    "In an ensemble, move this server's data and log directories away and let "
    "it take everything from the leader. Alone, restore the file from a "
    "backup. To give up every transaction from this place on instead, cut the "
    "file at this offset with truncate(1) and move all newer log files away.";

static const char REMEDY_MISSING[] =
    "Bring the missing log files back, or a snapshot that is newer than the "
    "gap. In an ensemble, move this server's data and log directories away "
    "and let it take everything from the leader.";

void
txlog_damage(struct data_error *e, const char *path, uint64_t offset,
             zxid_t last)
{
    static const char what[] = "this record of the transaction log is damaged";

    if (last > 0)
        data_error_set(e, path, (int64_t)offset, REMEDY_RESTORE,
                       "%s; the last good transaction before it is 0x%" PRIx64,
                       what, (uint64_t)last);
    else
        data_error_set(e, path, (int64_t)offset, REMEDY_RESTORE,
                       "%s; the file has no good transaction before it", what);
}

void
txlog_missing(struct data_error *e, const char *path, zxid_t last, zxid_t next)
{
    data_error_set(e, path, -1, REMEDY_MISSING,
                   "transactions are missing between 0x%" PRIx64
                   " and 0x%" PRIx64,
                   (uint64_t)last, (uint64_t)next);
}

int
txlog_reader_open(struct txlog_reader *r, const char *dir, zxid_t after)
{
    *r = (struct txlog_reader){
        .scan = {.fd = -1}, .after = after, .last = after};
    if (data_path(r->dir, dir, ""))
        return 0;
    data_error_set(&r->error, r->dir, -1, "Use a shorter path.",
                   "the path is too long");
    return -ENAMETOOLONG;
}

void
txlog_reader_close(struct txlog_reader *r)
{
    txlog_scan_deinit(&r->scan);
}

static int
fail(struct txlog_reader *r, int rc, const char *name, const char *what)
{
    char path[DATA_PATH_MAX];

    data_path(path, r->dir, name);
    return data_error_rc(&r->error, path, rc, data_remedy_access, what);
}

static int
damaged(struct txlog_reader *r)
{
    bool has_yielded = r->last > r->after;
    char path[DATA_PATH_MAX];

    data_path(path, r->dir, r->file.name);
    txlog_damage(&r->error, path, r->scan.offset,
                 has_yielded ? r->last : r->skipped);
    return -EBADMSG;
}

/*
 * The file to read next: the newest that begins at or before the transaction
 * wanted, or when one is open the next newer one.  1 found, 0 none.
 */
static int
choose_file(struct txlog_reader *r, bool is_first, struct data_file *chosen)
{
    struct data_list list;
    int rc = data_list_read(&list, r->dir, DATA_LOGS);
    bool found = false;

    for (size_t i = 0; rc == 0 && i < list.count; i++) {
        const struct data_file *f = &list.file[i];

        if (is_first ? found && f->zxid > r->after : f->zxid <= r->file.zxid)
            continue;
        *chosen = *f;
        found = true;
        if (!is_first)
            break;
    }
    data_list_free(&list);
    return rc < 0 ? fail(r, rc, "", "cannot be listed") : found;
}

static int
open_file(struct txlog_reader *r, const struct data_file *file)
{
    char path[DATA_PATH_MAX];
    int rc;

    data_path(path, r->dir, file->name);
    rc = txlog_scan_open(&r->scan, path);
    if (rc < 0)
        return fail(r, rc, file->name, "cannot be opened");
    r->file = *file;
    return 1;
}

/*
 * Nothing more in this file, though a newer one exists: the end must be one
 * that a stopped or crashed server leaves, then go over.
 */
static int
go_over(struct txlog_reader *r, const struct data_file *next)
{
    enum txlog_tail tail;
    int rc = txlog_scan_tail(&r->scan, &tail);

    if (rc < 0)
        return fail(r, rc, r->file.name, "cannot be read");
    if (tail == TXLOG_TAIL_CORRUPT)
        return damaged(r);
    return open_file(r, next);
}

/* The next whole record of the file that is open; 0: none, or not yet. */
static int
next_in_file(struct txlog_reader *r, struct bytes *entry)
{
    int rc = txlog_scan_next(&r->scan, entry);

    if (rc == -EBADMSG)
        return damaged(r);
    return rc < 0 ? fail(r, rc, r->file.name, "cannot be read") : rc;
}

/* Open the file to begin with.  1; 0: there is none. */
static int
begin(struct txlog_reader *r)
{
    struct data_file first;
    int rc = choose_file(r, true, &first);

    return rc == 1 ? open_file(r, &first) : rc;
}

/* The next whole record of any file. */
static int
next_record(struct txlog_reader *r, struct bytes *entry)
{
    struct data_file next;
    int rc = r->scan.fd < 0 ? begin(r) : 1;

    while (rc == 1) {
        rc = next_in_file(r, entry);
        if (rc != 0)
            return rc;
        rc = choose_file(r, false, &next);
        if (rc != 1)
            return rc;
        /* it may have been finished before the newer one was begun */
        rc = next_in_file(r, entry);
        if (rc != 0)
            return rc;
        rc = go_over(r, &next);
    }
    return rc;
}

static int
missing(struct txlog_reader *r, zxid_t zxid)
{
    char path[DATA_PATH_MAX];

    data_path(path, r->dir, r->file.name);
    txlog_missing(&r->error, path, r->last, zxid);
    return -ENODATA;
}

/* Skip a record up to `after`; the digest of that one is kept. */
static void
skip(struct txlog_reader *r, struct bytes found, zxid_t here)
{
    struct txn txn;

    if (here > r->skipped)
        r->skipped = here;
    if (here != r->after)
        return;
    r->has_digest = txn_open(&txn, found) == 0 && txn_has_tree_digest(&txn);
    r->digest = r->has_digest ? (uint64_t)txn.digest : 0;
}

int
txlog_reader_next(struct txlog_reader *r, struct bytes *entry, zxid_t *zxid)
{
    uint64_t skipped = 0;
    struct bytes found;
    int rc;

    while ((rc = next_record(r, &found)) == 1) {
        zxid_t here = txlog_entry_zxid(found);

        if (here <= r->after) {
            skip(r, found, here);
            skipped += (uint64_t)found.size;
            if (r->skip_max > 0 && skipped > r->skip_max)
                return -EAGAIN;
            continue;
        }
        if (here <= r->last)
            continue; /* Apache may log one twice: it is the same one */
        if (r->last != TXLOG_FROM_START && !zxid_follows(r->last, here))
            return missing(r, here);
        r->last = here;
        *entry = found;
        *zxid = here;
        return 1;
    }
    return rc;
}

void
txlog_reader_refresh(struct txlog_reader *r)
{
    r->scan.filled = 0;
    r->scan.base = r->scan.offset;
}

int
txlog_reader_check_end(struct txlog_reader *r)
{
    enum txlog_tail tail;
    int rc;

    if (r->scan.fd < 0)
        return 0; /* there is no file */
    rc = txlog_scan_tail(&r->scan, &tail);
    if (rc < 0)
        return fail(r, rc, r->file.name, "cannot be read");
    return tail == TXLOG_TAIL_CORRUPT ? damaged(r) : 0;
}
