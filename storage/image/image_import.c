/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_import.c - an image out of a snapshot and the log behind it.
 *
 * Apache's snapshots are fuzzy, so everything that is in the log is replayed
 * over one, tolerantly; after that the image is exact at the log's end.  While
 * a server of an ensemble runs, what it does not know to be committed waits,
 * and the image says of itself that it is fuzzy.
 * Commits are not synced one by one: only the finished image counts.
 */
#include "storage/image/image_import.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "storage/image/image_batch.h"
#include "storage/log/seam.h"
#include "storage/log/txlog_reader.h"

enum {
    /* Larger than in daily work: sorting more touches each page less often. */
    IMPORT_ROWS_MAX = 512 * 1024,
    IMPORT_BYTES_MAX = 192 * 1024 * 1024,
    PROGRESS_EVERY = 64, /* transactions, each of a megabyte at most */
};

static const char REMEDY_ORPHAN[] =
    "An older snapshot with the log files after it, or the other servers of "
    "the ensemble, have the same data: move this file away and start again.";

static const char REMEDY_WRITE[] =
    "See that the disk has room and works, and that the server's user may "
    "write there.";

struct import {
    const struct datadir *dirs;
    struct image_prepare *p;
    struct data_error *e;
    struct image image; /* being made, in dirs->snap/IMAGE_NEW */
    struct image_batch batch;
    int unwritten;   /* the -errno of a node or session that did not get in */
    bool has_orphan; /* the snapshot: a node whose parent is not before it */
    zxid_t from;     /* zxid of the snapshot */
    zxid_t exact;    /* replayed up to here, it is fuzzy no longer */
    struct seam seam;
};

/* `rc`, of whatever writes the image; an error is told. */
static int
tell_write(const struct import *im, int rc)
{
    rc = image_write_rc(im->dirs->snap, rc);
    if (rc < 0)
        data_error_rc(im->e, im->image.dir, rc, REMEDY_WRITE,
                      "the image cannot be written");
    return rc;
}

static int
commit(struct import *im, zxid_t zxid)
{
    return tell_write(im, image_batch_commit(&im->batch, zxid));
}

static int
commit_if_full(struct import *im)
{
    return image_batch_is_full(&im->batch, IMPORT_ROWS_MAX, IMPORT_BYTES_MAX)
               ? commit(im, im->batch.zxid)
               : 0;
}

/* --- from a snapshot ----------------------------------------------------- */

static int
on_session(void *arg, session_id_t id, int32_t timeout_ms)
{
    struct import *im = arg;

    im->unwritten = image_batch_put_session(&im->batch, id, timeout_ms);
    return im->unwritten;
}

/*
 * Of one without its parent no tree can be made: as damaged as any other, so
 * that an older snapshot is tried.  ZK: DataTree.deserialize, which throws
 */
static int
on_node(void *arg, struct bytes path, struct bytes data, struct bytes acl,
        const struct znode_stat *stat)
{
    struct import *im = arg;
    int rc = image_batch_put_node(&im->batch, path, data, acl, stat);

    im->has_orphan = rc == -ENOENT;
    if (im->has_orphan)
        return -EBADMSG;
    im->unwritten = rc == 0 ? commit_if_full(im) : rc;
    return im->unwritten;
}

/* Why the snapshot at `path` could not be put, which gave `rc`. */
static int
tell_put(const struct import *im, const char *path, int rc)
{
    if (im->unwritten < 0) /* not the snapshot's fault */
        return tell_write(im, im->unwritten);
    if (im->has_orphan)
        data_error_set(im->e, path, -1, REMEDY_ORPHAN,
                       "the snapshot is damaged: a node has no parent in it");
    return rc;
}

static int
put_snapshot(struct import *im, const struct data_file *file)
{
    const struct snap_visitor visitor = {on_session, on_node, im};
    struct snapfile_info info;
    char path[DATA_PATH_MAX];
    bool is_dated; /* it says when it was finished: it reaches so far */
    int rc;

    data_path(path, im->dirs->snap, file->name);
    im->batch.zxid = im->from = file->zxid;
    rc = snapfile_read(path, &visitor, im->p->progress, im->p->progress_arg,
                       &info, im->e);
    if (rc < 0)
        return tell_put(im, path, rc);
    is_dated = info.has_digest && info.digest_zxid != 0;
    im->batch.has_leader_digest = is_dated && info.digest_zxid == file->zxid;
    im->batch.leader_digest = info.digest;
    im->exact = is_dated ? info.digest_zxid : im->p->exact;
    im->p->nodes = info.nodes;
    im->p->sessions = info.sessions;
    memcpy(im->p->snapshot, file->name, sizeof im->p->snapshot);
    return 0;
}

static int
put_first_nodes(struct import *im)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < FIRST_NODES; i++) {
        const struct first_node *first = &tree_first_nodes[i];
        struct znode_stat stat = {.aversion = first->aversion};

        rc =
            on_node(im, bytes_of(first->path), bytes_of(""), first->acl, &stat);
    }
    return tell_write(im, rc);
}

/* --- the log behind it --------------------------------------------------- */

/* 1: the next to replay; 0: the log or what is allowed of it has ended. */
static int
next_of_log(const struct import *im, struct txlog_reader *r,
            struct bytes *entry, zxid_t *zxid)
{
    int rc;

    if (!im->p->has_limit)
        return txlog_reader_next(r, entry, zxid);
    if (im->batch.zxid >= im->p->limit)
        return 0;
    rc = txlog_reader_next(r, entry, zxid);
    return rc == 1 && *zxid > im->p->limit ? 0 : rc;
}

/*
 * Before and after the first transaction of another epoch: has something been
 * left out?  The batch knows its digest when it is committed.
 */
static int
begin_epoch(struct import *im)
{
    int rc = commit(im, im->batch.zxid);

    im->seam.agreed =
        im->batch.has_leader_digest && image_batch_agrees(&im->batch);
    return rc;
}

static int
look_at_seam(struct import *im, const struct txlog_reader *r, zxid_t zxid)
{
    bool has_digest = im->batch.has_leader_digest, agrees = false;
    char path[DATA_PATH_MAX];
    int rc = 0;

    if (has_digest && (im->seam.is_on || seam_is_before(&im->seam, zxid))) {
        rc = commit(im, zxid);
        agrees = image_batch_agrees(&im->batch);
    }
    if (rc < 0 || seam_step(&im->seam, zxid, has_digest, agrees))
        return rc;
    data_path(path, r->dir, r->file.name);
    txlog_missing(im->e, path, im->seam.last, zxid);
    return -ENODATA;
}

static int
replay_one(struct import *im, const struct txlog_reader *r, struct bytes entry,
           zxid_t zxid)
{
    int rc = seam_is_before(&im->seam, zxid) ? begin_epoch(im) : 0;

    if (rc < 0)
        return rc;
    rc = image_batch_apply(&im->batch, entry);
    if (rc == -EPROTO) {
        data_error_set(im->e, im->dirs->log, -1,
                       "The log holds a kind of transaction that this version "
                       "does not know.",
                       "transaction 0x%" PRIx64 " of %s cannot be read",
                       (uint64_t)zxid, r->file.name);
        return -EBADMSG;
    }
    rc = tell_write(im, rc);
    if (rc == 0)
        rc = look_at_seam(im, r, zxid);
    return rc < 0 ? rc : commit_if_full(im);
}

static int
replay(struct import *im, struct txlog_reader *r)
{
    struct bytes entry;
    zxid_t zxid;
    int rc;

    im->batch.is_fuzzy = true;
    im->seam = (struct seam){.last = im->batch.zxid};
    while ((rc = next_of_log(im, r, &entry, &zxid)) == 1) {
        rc = replay_one(im, r, entry, zxid);
        if (rc < 0)
            return rc;
        if (++im->p->txns % PROGRESS_EVERY == 0 && im->p->progress)
            im->p->progress(im->p->progress_arg, 1, 1);
    }
    if (rc == 0 && !im->p->has_limit) /* else somebody appends behind it */
        rc = txlog_reader_check_end(r);
    if (rc < 0 && im->e)
        *im->e = r->error;
    return rc;
}

static int
replay_log(struct import *im)
{
    struct txlog_reader r;
    int rc = txlog_reader_open(&r, im->dirs->log, im->from);

    if (rc == 0)
        rc = replay(im, &r);
    else if (im->e)
        *im->e = r.error;
    txlog_reader_close(&r);
    return rc == -EBADMSG ? -ENODATA : rc; /* no other snapshot helps */
}

/* --- the whole ----------------------------------------------------------- */

/* Fill the new image; `file` NULL: begin with an empty tree. */
static int
fill(struct import *im, const struct data_file *file)
{
    int rc = file ? put_snapshot(im, file) : put_first_nodes(im);

    if (rc == 0)
        rc = commit(im, im->from);
    if (rc == 0)
        rc = replay_log(im);
    if (rc == 0)
        rc = commit(im, im->batch.zxid);
    if (rc == 0)
        rc = tell_write(
            im, image_sync(&im->image, im->p->progress, im->p->progress_arg));
    if (rc == 0) {
        im->p->zxid = im->image.meta.zxid;
        im->p->digest_differs =
            im->p->zxid >= im->exact && !image_batch_agrees(&im->batch);
    }
    return rc;
}

/* An empty image and a batch for it, beside the old one. */
static int
begin(struct import *im)
{
    char made[DATA_PATH_MAX];
    int rc;

    data_path(made, im->dirs->snap, IMAGE_NEW);
    rc = image_remove(made);
    if (rc < 0)
        return data_error_rc(im->e, made, rc, "Remove this directory by hand.",
                             "what an import left cannot be removed");
    rc = image_open(&im->image, made, IMAGE_CREATE, im->e);
    if (rc < 0)
        return rc;
    im->image.meta.exact = im->p->origin == IMAGE_FRESH ? 0 : im->p->exact;
    rc = image_batch_init(&im->batch, &im->image);
    im->batch.progress = im->p->progress;
    im->batch.progress_arg = im->p->progress_arg;
    return tell_write(im, rc);
}

/* Put the finished image in its place. */
static int
put_in_place(const struct import *im)
{
    const char *made = im->image.dir, *place = im->dirs->image;
    int rc = tell_write(im, data_sync_dir(made));

    if (rc < 0)
        return rc;
    rc = image_remove(place);
    if (rc < 0)
        return data_error_rc(im->e, place, rc,
                             "Move what is not ours out of it, or the whole "
                             "directory away.",
                             "the old image cannot be removed");
    rc = rename(made, place) < 0 ? -errno : data_sync_dir(im->dirs->snap);
    return tell_write(im, rc);
}

int
image_import(const struct datadir *d, const struct data_file *file,
             struct image_prepare *p, struct data_error *e)
{
    struct import im = {.dirs = d, .p = p, .e = e, .exact = p->exact};
    int rc;

    p->nodes = p->sessions = p->txns = 0;
    p->snapshot[0] = '\0';
    rc = begin(&im);
    if (rc == 0)
        rc = fill(&im, file);
    image_batch_deinit(&im.batch);
    image_close(&im.image);
    if (rc == 0)
        return put_in_place(&im);
    if (*im.image.dir) /* it was begun */
        (void)image_remove(im.image.dir);
    return rc;
}
