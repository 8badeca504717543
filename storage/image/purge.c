/* SPDX-License-Identifier: Apache-2.0 */
/*
 * purge.c - see purge.h.
 *
 * Oldest first, so that what a crash leaves in between is still without gaps
 * from its first file on.
 */
#include "storage/image/purge.h"

#include "storage/snap/snapfile.h"

/*
 * The zxid of the oldest snapshot to keep, -1 if there are none.  Two files of
 * one zxid are one snapshot.
 */
static int
oldest_to_keep(const char *dir, uint32_t retain, zxid_t *oldest)
{
    struct data_list list;
    uint32_t kept = 0;
    int rc = data_list_read(&list, dir, DATA_SNAPSHOTS);

    *oldest = -1;
    for (size_t i = list.count; rc == 0 && i > 0 && kept < retain; i--) {
        char path[DATA_PATH_MAX];

        data_path(path, dir, list.file[i - 1].name);
        if (list.file[i - 1].zxid == *oldest || snapfile_looks_whole(path) != 1)
            continue;
        *oldest = list.file[i - 1].zxid;
        kept++;
    }
    data_list_free(&list);
    return rc;
}

/*
 * A snapshot goes when it is older than `needed`; a log file when the next one
 * still begins at or before that.
 */
static bool
is_old(const struct data_list *list, size_t i, enum data_kind kind,
       zxid_t needed)
{
    if (kind == DATA_SNAPSHOTS)
        return list->file[i].zxid < needed;
    return i + 1 < list->count && list->file[i + 1].zxid <= needed;
}

static int
tell(struct data_error *e, const char *path, int rc)
{
    return data_error_rc(e, path, rc, data_remedy_access,
                         "old files cannot be removed");
}

static int
purge_kind(const char *dir, enum data_kind kind, zxid_t needed, uint32_t *count,
           struct data_error *e)
{
    struct data_list list;
    char path[DATA_PATH_MAX];
    int rc = data_list_read(&list, dir, kind);

    data_path(path, dir, "");
    for (size_t i = 0; rc == 0 && i < list.count; i++) {
        if (!is_old(&list, i, kind, needed))
            break;
        data_path(path, dir, list.file[i].name);
        rc = data_remove(dir, list.file[i].name);
        *count += rc == 0;
    }
    data_list_free(&list);
    return rc < 0 ? tell(e, path, rc) : 0;
}

int
purge(const struct datadir *d, uint32_t retain, zxid_t persisted,
      struct purged *purged, struct data_error *e)
{
    zxid_t oldest;
    int rc = oldest_to_keep(d->snap, retain ? retain : 1, &oldest);

    *purged = (struct purged){0};
    if (rc == 0 && oldest >= 0) /* what a crash left; the caller writes none */
        rc = data_remove_all(d->snap, "snapshot.", ".tmp");
    if (rc < 0)
        return tell(e, d->snap, rc);
    if (oldest < 0)
        return 0;
    rc = purge_kind(d->log, DATA_LOGS, oldest < persisted ? oldest : persisted,
                    &purged->logs, e);
    return rc < 0 ? rc
                  : purge_kind(d->snap, DATA_SNAPSHOTS, oldest,
                               &purged->snapshots, e);
}
