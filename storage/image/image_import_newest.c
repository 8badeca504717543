/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_import_newest.c - which snapshot an image is made from.
 *
 * The newest that is whole; an older one only where damage is the reason, and
 * none only where there was never one.  Whatever else is in the way, rights for
 * instance, stops the start: with less than there is nobody would be told what
 * is missing.
 * ZK: FileSnap.deserialize, FileTxnSnapLog.restore (quorum-protocol.md 11.9)
 */
#include "storage/image/image_import.h"

#include <errno.h>

enum {
    CUT = 1
}; /* a result beside 0 and -errno: there is none that is whole */

static const char REMEDY_SNAPSHOT[] =
    "Bring a snapshot file back that is older than the log files, or set "
    "snapshot.trust.empty=true if there never was one.";

static const char REMEDY_ALONE[] =
    "Bring a whole snapshot file back, or move this one away to begin with an "
    "empty tree.";

static const char REMEDY_OPEN[] =
    "Give it to the server's user, or move it away if an older one will do.";

static int
cannot_list(const char *dir, int rc, struct data_error *e)
{
    return data_error_rc(e, dir, rc, data_remedy_access, "cannot be listed");
}

/* One of an empty tree, which a first start may have left, is no loss. */
static int
refuse_cut(const struct datadir *d, const struct data_list *all,
           struct data_error *e)
{
    const struct data_file *newest;
    char path[DATA_PATH_MAX];

    if (all->count == 0)
        return 0;
    newest = &all->file[all->count - 1];
    if (newest->zxid == 0)
        return 0;
    data_path(path, d->snap, newest->name);
    data_error_set(e, path, -1, REMEDY_ALONE,
                   "is cut, or no snapshot, and there is no other");
    return -ENODATA;
}

/* The log alone does not tell what was before it. */
static int
import_without_snapshot(const struct datadir *d, const struct data_list *all,
                        struct image_prepare *p, struct data_error *e)
{
    struct data_list logs;
    int rc = data_list_read(&logs, d->log, DATA_LOGS);
    bool has_log = logs.count > 0;

    data_list_free(&logs);
    if (rc < 0)
        return cannot_list(d->log, rc, e);
    if (!p->trusts_empty && (rc = refuse_cut(d, all, e)) < 0)
        return rc;
    if (has_log && !p->trusts_empty) {
        data_error_set(e, d->snap, -1, REMEDY_SNAPSHOT,
                       "there are transaction logs but no valid snapshot");
        return -ENODATA;
    }
    p->origin = has_log ? IMAGE_IMPORTED : IMAGE_FRESH;
    return image_import(d, NULL, p, e);
}

/*
 * 0; CUT; -EBADMSG: it is damaged.  One that may not be opened, as one that
 * root has brought back, is not: neither an older one nor an empty tree may
 * stand in for it.
 */
static int
import_one(const struct datadir *d, const struct data_file *file,
           struct image_prepare *p, struct data_error *e)
{
    char path[DATA_PATH_MAX];
    int rc;

    data_path(path, d->snap, file->name);
    rc = snapfile_looks_whole(path);
    if (rc == 1)
        return image_import(d, file, p, e);
    if (rc == 0)
        return CUT;
    data_error_rc(e, path, rc, REMEDY_OPEN, "cannot be opened");
    return rc == -EIO ? -EBADMSG : rc; /* a bad sector */
}

/* The newest that is not damaged; CUT: all are cut, or there is none. */
static int
import_newest_of(const struct datadir *d, const struct data_list *all,
                 struct image_prepare *p, struct data_error *e)
{
    int rc = CUT;

    for (size_t i = all->count; i > 0; i--) {
        int found = import_one(d, &all->file[i - 1], p, e);

        if (found == CUT)
            continue;
        rc = found;
        if (rc != -EBADMSG) /* only damage sends us to an older one */
            break;
        if (p->damaged++ == 0 && e)
            p->damage = *e;
    }
    return rc;
}

int
image_import_newest(const struct datadir *d, struct image_prepare *p,
                    struct data_error *e)
{
    struct data_list all;
    int rc = data_list_read(&all, d->snap, DATA_SNAPSHOTS);

    p->origin = IMAGE_IMPORTED;
    p->damaged = 0;
    rc = rc < 0 ? cannot_list(d->snap, rc, e) : import_newest_of(d, &all, p, e);
    if (rc == CUT)
        rc = import_without_snapshot(d, &all, p, e);
    data_list_free(&all);
    return rc;
}
