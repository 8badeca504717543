/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_load.c - the tree as it was: the LMDB image, then the log's tail.
 *
 * The replication process, at its start, before it is ready: the log process
 * has repaired its last file and the image process has an image.  What was
 * published in an earlier life is in the log by now.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/proc.h"
#include "net/repl/repl_apply.h"
#include "storage/datadir.h"
#include "storage/image/image.h"
#include "storage/log/seam.h"
#include "storage/log/txlog_reader.h"

enum {
    REPLAY_BATCH = 1024,      /* transactions in one step, */
    STEP_BYTES = 1024 * 1024, /* ... or so much log, replayed or skipped */
};

static noreturn void
unusable(const char *what, int rc, const struct data_error *e)
{
    char text[DATA_ERROR_TEXT];

    data_error_text(e, text);
    fatal(data_may_pass(rc) ? EXIT_UNEXPECTED : EXIT_DATA,
          "replication: %s: %s: %s", what, strerror(-rc), text);
}

static void
progress(void *arg, uint64_t done, uint64_t total)
{
    struct repl *r = arg;

    proc_progress(PROC_REPLICATION, r->shm, done, total);
}

static void
load_image(struct repl *r, const struct datadir *dir)
{
    struct data_error e = {0};
    struct image image;
    int rc = image_open(&image, dir->image, IMAGE_READ, &e);

    if (rc < 0)
        unusable("no image to load", rc, &e);
    tree_batch_begin(r->tree);
    rc = image_load(&image, r->tree, r->sessions, progress, r, &e);
    tree_batch_end(r->tree, 0);
    r->known_committed = image_committed(&image);
    image_close(&image);
    if (rc < 0)
        unusable("the image does not load", rc, &e);
}

/* --- the log behind it ---------------------------------------------------- */

struct replay {
    struct repl *r;
    struct txlog_reader reader;
    struct seam seam;
    uint64_t count;
};

/* Whether the image is what the record says that it ends with. */
static bool
image_agrees(const struct replay *p)
{
    struct tree_totals totals;

    tree_totals(p->r->tree, &totals);
    return p->reader.has_digest && p->reader.digest == totals.digest;
}

/* Into the tree: 1; -EBADMSG and -ENODATA are told by reader.error. */
static int
replay_one(struct replay *p, struct bytes entry, zxid_t zxid)
{
    struct txlog_reader *reader = &p->reader;
    const struct tree *tree = p->r->tree;
    struct txn txn;

    if (txn_open(&txn, entry) < 0) {
        data_error_set(&reader->error, reader->dir, -1,
                       "Start a server that knows this kind of transaction, "
                       "or restore a snapshot.",
                       "transaction 0x%" PRIx64 " is of no known form",
                       (uint64_t)zxid);
        return -EBADMSG;
    }
    if (p->count++ == 0)
        p->seam.agreed = image_agrees(p);
    repl_apply_txn(p->r, &txn, NULL);
    if (seam_step(&p->seam, zxid, txn_has_tree_digest(&txn),
                  tree_agrees(tree, &txn)))
        return 1;
    txlog_missing(&reader->error, reader->dir, p->seam.last, zxid);
    return -ENODATA;
}

/* Up to a batch of transactions; 0 at the end. */
static int
replay_some(struct replay *p)
{
    struct repl *r = p->r;
    struct bytes entry;
    int64_t bytes = 0;
    zxid_t zxid;
    int rc = 1;

    tree_batch_begin(r->tree);
    for (int i = 0; i < REPLAY_BATCH && bytes < STEP_BYTES && rc > 0; i++) {
        rc = txlog_reader_next(&p->reader, &entry, &zxid);
        if (rc != 1)
            break;
        bytes += entry.size;
        rc = replay_one(p, entry, zxid);
    }
    tree_batch_end(r->tree, 0);
    proc_progress(PROC_REPLICATION, r->shm, 1, 1);
    return rc == -EAGAIN ? 1 : rc; /* on its way to the image's zxid */
}

static uint64_t
replay_log(struct repl *r, const struct datadir *dir, zxid_t after)
{
    struct replay p = {.r = r, .seam = {.last = after}};
    int rc = txlog_reader_open(&p.reader, dir->log, after);

    if (rc < 0)
        unusable("the log does not open", rc, &p.reader.error);
    p.reader.skip_max = STEP_BYTES;
    while ((rc = replay_some(&p)) > 0)
        ;
    if (rc == 0)
        rc = txlog_reader_check_end(&p.reader);
    if (rc < 0)
        unusable("the log cannot be replayed", rc, &p.reader.error);
    txlog_reader_close(&p.reader);
    return p.count;
}

/* What the log process knows to be on disk has to be in the tree now. */
static void
check_complete(const struct repl *r)
{
    zxid_t durable = atomic_load(&r->shm->log->durable_zxid);

    if (r->zxid < durable)
        fatal(EXIT_DATA,
              "replication: image and log end at 0x%" PRIx64
              ", but transactions up to 0x%" PRIx64
              " are on disk: was a file of %s removed?",
              (uint64_t)r->zxid, (uint64_t)durable, r->conf.data_log_dir);
}

void
repl_load(struct repl *r)
{
    mono_ms_t began = clock_mono_ms();
    struct tree_totals totals;
    struct data_error e = {0};
    struct datadir dir;
    uint64_t replayed;
    int rc = datadir_name(&dir, r->conf.data_dir, r->conf.data_log_dir, &e);

    if (rc < 0)
        unusable("the data directory", rc, &e);
    proc_disk_begin(PROC_REPLICATION, r->shm);
    load_image(r, &dir);
    tree_totals(r->tree, &totals);
    replayed = replay_log(r, &dir, totals.zxid);
    proc_disk_end(PROC_REPLICATION, r->shm);
    tree_totals(r->tree, &totals);
    r->zxid = r->last = totals.zxid;
    check_complete(r);
    log_info("replication: loaded nodes=%" PRIu64 " sessions=%u zxid=0x%" PRIx64
             " replayed=%" PRIu64 " ms=%" PRId64,
             totals.node_count, session_count(r->sessions),
             (uint64_t)totals.zxid, replayed, clock_mono_ms() - began);
}
