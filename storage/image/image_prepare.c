/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_prepare.c - whether the image that is there goes with the files.
 *
 * Between two runs of ours an operator may have run Apache on the directory,
 * restored files or removed some; a learner may have been given a snapshot
 * by its leader.  The image at zxid Z is kept when the log says that it is a
 * part of this history:
 *
 *     the log has Z itself and goes on from it, or ends with it
 *     the log begins right behind Z, or is empty
 *     the log goes on with Z+1, though it has a gap before
 *     the log ends before Z (what the image holds was committed; a warning)
 *
 * and when no snapshot is newer than what image and log lead to.  Else it is
 * built anew.
 */
#include "storage/image/image_prepare.h"

#include <errno.h>

#include "storage/image/image_import.h"
#include "storage/log/txlog_reader.h"

/* What the log says about an image. */
struct chain {
    bool is_broken; /* image and log do not belong together */
    bool is_ahead;  /* the log ends before the image */
    zxid_t end;     /* where image and log lead */
};

enum {
    STEP_BYTES = 1024 * 1024, /* of log, between signs of life */
    TRIES = 3,
};

/* txlog_reader_next, however long the way to `after` is. */
static int
next_record(struct txlog_reader *r, const struct image_prepare *p, zxid_t *zxid)
{
    struct bytes entry;
    int rc;

    do {
        rc = txlog_reader_next(r, &entry, zxid);
        if (p->progress)
            p->progress(p->progress_arg, 1, 1);
    } while (rc == -EAGAIN);
    return rc;
}

/*
 * Whether the log has what comes before transaction `zxid`, but not that one.
 * No log has number 0 of an epoch: with that the epoch begins, before any
 * transaction.
 */
static bool
lacks(const struct txlog_reader *r, zxid_t zxid)
{
    return r->skipped != 0 && r->skipped < zxid && zxid_counter(zxid) != 0;
}

/*
 * Read the log from the image on; to its end only if `wants_end`, for else
 * whoever loads it will read it anyway.
 */
static int
follow_once(const char *log_dir, zxid_t zxid, bool wants_end,
            const struct image_prepare *p, struct chain *chain,
            struct data_error *e)
{
    struct txlog_reader r;
    zxid_t here = zxid;
    int rc = txlog_reader_open(&r, log_dir, zxid);

    r.skip_max = STEP_BYTES;
    if (rc == 0)
        rc = next_record(&r, p, &here);
    *chain = (struct chain){
        .is_broken = rc == 1 && lacks(&r, zxid) && here != zxid + 1,
        .is_ahead = rc == 0 && lacks(&r, zxid),
    };
    while (wants_end && rc == 1)
        rc = next_record(&r, p, &here);
    if (rc == -ENODATA) { /* a gap: a snapshot may bridge it */
        chain->is_broken = true;
        rc = 0;
    }
    if (rc < 0 && e)
        *e = r.error;
    chain->end = here;
    txlog_reader_close(&r);
    return rc < 0 ? rc : 0;
}

/*
 * The log process may be cutting the log behind the image (log_replace.c): a
 * file that was listed is gone when it is opened.  Then the list is looked at
 * again.
 */
static int
follow_chain(const char *log_dir, zxid_t zxid, bool wants_end,
             const struct image_prepare *p, struct chain *chain,
             struct data_error *e)
{
    int rc = -ENOENT;

    for (int i = 0; rc == -ENOENT && i < TRIES; i++)
        rc = follow_once(log_dir, zxid, wants_end, p, chain, e);
    return rc;
}

/* 1: the image is good to start from; 0: build it anew; -errno. */
static int
can_keep(const struct datadir *d, zxid_t zxid, struct image_prepare *p,
         struct data_error *e)
{
    zxid_t snapshot = snapfile_newest(d->snap);
    struct chain chain;
    int rc = follow_chain(d->log, zxid, snapshot > zxid, p, &chain, e);

    if (rc < 0)
        return rc;
    if (chain.is_broken || snapshot > chain.end)
        return 0;
    p->is_ahead = chain.is_ahead;
    p->zxid = zxid;
    return 1;
}

int
image_is_kept(const struct datadir *d, zxid_t zxid, progress_fn *progress,
              void *progress_arg)
{
    struct image_prepare p = {.progress = progress,
                              .progress_arg = progress_arg};

    return can_keep(d, zxid, &p, NULL);
}

int
image_prepare(const struct datadir *d, struct image_prepare *p,
              struct data_error *e)
{
    struct image image;
    int rc = image_open(&image, d->image, IMAGE_READ, e);

    p->is_ahead = false;
    p->digest_differs = false;
    if (rc == 0) {
        zxid_t zxid = image.meta.zxid;

        image_close(&image);
        rc = can_keep(d, zxid, p, e);
        p->origin = IMAGE_KEPT;
        if (rc != 0)
            return rc < 0 ? rc : 0;
    } else if (rc != -ENOENT) {
        return rc;
    }
    return image_import_newest(d, p, e);
}
