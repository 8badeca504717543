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
 * one zxid are one snapshot.  Not of snapfile_candidates: a start tries a
 * hundred at most, an operator may keep more.
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
        if (list.file[i - 1].zxid == *oldest || !snapfile_looks_whole(path))
            continue;
        *oldest = list.file[i - 1].zxid;
        kept++;
    }
    data_list_free(&list);
    return rc;
}

static int
purge_snapshots(const char *dir, zxid_t oldest, uint32_t *count)
{
    struct data_list list;
    int rc = data_list_read(&list, dir, DATA_SNAPSHOTS);

    for (size_t i = 0; rc == 0 && i < list.count; i++) {
        if (list.file[i].zxid >= oldest)
            break;
        rc = data_remove(dir, list.file[i].name);
        *count += rc == 0;
    }
    data_list_free(&list);
    return rc;
}

/* A file goes when the next one still begins at or before `needed`. */
static int
purge_logs(const char *dir, zxid_t needed, uint32_t *count)
{
    struct data_list list;
    int rc = data_list_read(&list, dir, DATA_LOGS);

    for (size_t i = 0; rc == 0 && i + 1 < list.count; i++) {
        if (list.file[i + 1].zxid > needed)
            break;
        rc = data_remove(dir, list.file[i].name);
        *count += rc == 0;
    }
    data_list_free(&list);
    return rc;
}

int
purge(const struct datadir *d, uint32_t retain, zxid_t persisted,
      struct purged *purged)
{
    zxid_t oldest;
    int rc = oldest_to_keep(d->snap, retain ? retain : 1, &oldest);

    *purged = (struct purged){0};
    if (rc < 0 || oldest < 0)
        return rc;
    /* What a crash left unfinished; the caller writes none now. */
    rc = data_remove_all(d->snap, "snapshot.", ".tmp");
    if (rc == 0)
        rc = purge_logs(d->log, oldest < persisted ? oldest : persisted,
                        &purged->logs);
    if (rc == 0)
        rc = purge_snapshots(d->snap, oldest, &purged->snapshots);
    return rc;
}
