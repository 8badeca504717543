/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_main.c - the image process.
 *
 * Forked by the supervisor, it owns the LMDB image, the snapshots and their
 * retention.  It waits until the log is open, sees to it that there is an
 * image that goes with the log, then follows the log files, not the ring, up
 * to what is both durable here and committed.  It looks with each beat, for
 * nobody rings it: nothing of it is on the path of a write, and the ring never
 * waits for it.  Commits when a batch is full or some seconds old.
 *
 * The log process may have to replace image, snapshots and log files (a cut,
 * or a leader's snapshot: log_replace.c).  It asks, we let go of everything
 * and begin anew with what it leaves.
 *
 * If it dies nobody notices; its successor goes on at the image's zxid.  When
 * LMDB cannot be written (a full disk) it drops the batch and tries again
 * from the image's zxid later.  PROC_STOP: commit and end.
 */
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdlib.h>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/proc.h"
#include "storage/image/image_proc.h"

enum {
    NICENESS = 5,             /* clients and replication come first */
    MAPPED_FROM = 256 * 1024, /* a batch's memory goes when the batch goes */
    SKIP_BYTES = 1 << 20,     /* of log before our zxid, in one slice */
};

static const double look_seconds = 5;
static const double wait_seconds = 0.01;

/* A start may take long: keep the supervisor informed. */
static void
on_progress(void *arg, uint64_t done, uint64_t total)
{
    struct image_proc *p = arg;

    proc_progress(PROC_IMAGE, p->shm, done, total);
}

static void
tell_damaged(const struct image_prepare *a)
{
    char text[DATA_ERROR_TEXT];

    data_error_text(&a->damage, text);
    log_warn("%" PRIu32 " newer snapshots are damaged, started from %s; the "
             "newest: %s",
             a->damaged, a->snapshot, text);
}

static void
tell_prepared(const struct image_prepare *a, int64_t ms)
{
    if (a->damaged > 0)
        tell_damaged(a);
    if (a->is_ahead)
        log_warn("the transaction log ends before the image zxid=0x%" PRIx64
                 "; what the image holds is kept",
                 (uint64_t)a->zxid);
    if (a->digest_differs)
        log_error("First digest mismatch on txn: 0x%" PRIx64 ", the image "
                  "made from snapshot and log is not what the leader had",
                  (uint64_t)a->zxid);
    if (a->origin == IMAGE_IMPORTED)
        log_info("Snapshot loaded in %" PRId64 " ms, highest zxid is 0x%" PRIx64
                 ", from %s nodes=%" PRIu64 " sessions=%" PRIu64
                 " replayed=%" PRIu64,
                 ms, (uint64_t)a->zxid,
                 *a->snapshot ? a->snapshot : "the log alone", a->nodes,
                 a->sessions, a->txns);
}

/*
 * At a start all of the log is replayed over a snapshot, as it is into the
 * tree, and the log process knows from where on that is exact; later only what
 * is committed counts.
 */
static bool
has_replication_lived(const struct image_proc *p)
{
    return atomic_load(&p->shm->super->life[PROC_REPLICATION]) > 0;
}

/*
 * It has served: the image that tells that this server has begun is there, and
 * the log process has given it its epochs.  Left there, it would do so again
 * when the disk is lost.
 */
static void
take_initialize(const struct image_proc *p)
{
    int rc = datadir_take_initialize(&p->dirs);

    if (rc < 0 && rc != -ENOENT)
        log_warn("%s: the file initialize cannot be removed, and means nothing "
                 "any more: remove it: %s",
                 p->conf.data_log_dir, strerror(-rc));
}

/* Have an image that goes with the log. */
static void
prepare_image(struct image_proc *p)
{
    bool is_start = !has_replication_lived(p);
    struct image_prepare ask = {
        .trusts_empty = p->conf.snapshot_trust_empty,
        .has_limit = !is_start,
        .limit = image_limit(p),
        .exact = is_start ? p->shm->log->exact_zxid : image_exact(p),
        .progress = on_progress,
        .progress_arg = p,
    };
    struct data_error e = {.offset = -1};
    int64_t began = clock_mono_ms();
    int rc;

    proc_disk_begin(PROC_IMAGE, p->shm); /* a new one is synced as a whole */
    rc = image_prepare(&p->dirs, &ask, &e);
    proc_disk_end(PROC_IMAGE, p->shm);
    if (rc < 0)
        data_fatal(&e, rc);
    tell_prepared(&ask, clock_mono_ms() - began);
    if (is_start)
        take_initialize(p);
    p->is_ahead = ask.is_ahead;
}

/* Open it, and the log behind its zxid. */
static void
open_image(struct image_proc *p)
{
    struct data_error e = {.offset = -1};
    int rc = image_open(&p->image, p->dirs.image, IMAGE_WRITE, &e);

    if (rc < 0)
        data_fatal(&e, rc);
    image_warm(&p->image, on_progress, p);
    if (image_batch_init(&p->batch, &p->image) < 0 ||
        txlog_reader_open(&p->reader, p->dirs.log, p->image.meta.zxid) < 0)
        fatal(EXIT_UNEXPECTED, "image: out of memory");
    p->reader.skip_max = SKIP_BYTES;
    p->batch.progress = on_progress;
    p->batch.progress_arg = p;
    p->batch_since = 0;
    commit_size_init(&p->size);
    p->is_open = true;
    atomic_store(&p->shm->image->persisted_zxid, p->image.meta.zxid);
}

static void
close_image(struct image_proc *p)
{
    if (!p->is_open)
        return;
    image_snapshot_abort(&p->snapshot);
    txlog_reader_close(&p->reader);
    image_batch_deinit(&p->batch);
    image_close(&p->image);
    p->is_open = false;
}

void
image_reopen(struct image_proc *p)
{
    close_image(p);
    prepare_image(p);
    open_image(p);
}

/* --- files that the log process replaces ---------------------------------- */

static void
let_go(struct image_proc *p)
{
    log_info("image: its files are being replaced");
    close_image(p);
    atomic_store(&p->shm->image->proc.is_ready, 0);
    atomic_store(&p->shm->image->is_at_work, 0);
    bell_ring(p->shm, PROC_LOG);
}

/*
 * The files are ours from here on, or the log process has them: each process
 * first says what it wants, then looks at the other.
 */
static bool
take_files(struct image_proc *p)
{
    const struct shm_log *log = p->shm->log;
    struct shm_image *image = p->shm->image;

    atomic_store(&image->is_at_work, 1);
    p->replaced = atomic_load(&log->replaced);
    if (!(p->replaced & 1) && atomic_load(&log->proc.is_ready))
        return true;
    atomic_store(&image->is_at_work, 0);
    bell_ring(p->shm, PROC_LOG);
    return false;
}

static void
begin(struct image_proc *p)
{
    prepare_image(p);
    open_image(p);
    snapshot_due_plan(p);
    atomic_store(&p->shm->image->failed, 0);
    log_info("image: ready zxid=0x%" PRIx64, (uint64_t)p->image.meta.zxid);
    proc_ready(PROC_IMAGE, p->shm);
}

/* Let go when asked to; false: there is nothing to work on. */
static bool
follow_log(struct image_proc *p)
{
    if (p->is_open && atomic_load(&p->shm->log->replaced) != p->replaced)
        let_go(p);
    if (!p->is_open && take_files(p))
        begin(p);
    return p->is_open;
}

static bool
work(void *arg)
{
    struct image_proc *p = arg;
    bool more;

    if (!follow_log(p) || clock_mono_ms() < p->paused_until)
        return false;
    more = image_fold(p);
    return snapshot_due_work(p) || more;
}

static void
on_look(struct ev_loop *loop, ev_timer *w, int events)
{
    struct image_proc *p = w->data;

    (void)loop, (void)events;
    if (shm_has_new_conf(p->shm, p->conf_version)) {
        p->conf_version = shm_conf(p->shm, &p->conf);
        snapshot_due_aim(p);
    }
    if (!p->is_open)
        return;
    proc_disk_begin(PROC_IMAGE, p->shm);
    purge_due_work(p);
    atomic_store_explicit(&p->shm->image->dir_bytes,
                          data_dir_bytes(p->dirs.snap), memory_order_relaxed);
    proc_disk_end(PROC_IMAGE, p->shm);
    image_forget_dead_readers(&p->image); /* replication's, or a tool's */
    if (p->batch_since == 0)
        image_batch_trim(&p->batch); /* nothing to fold: it is calm */
}

static void
on_stop(struct ev_loop *loop, ev_signal *w, int events)
{
    struct image_proc *p = w->data;

    (void)events;
    ev_break(loop, EVBREAK_ALL);
    if (!p->is_open)
        return;
    image_snapshot_abort(&p->snapshot);
    while (clock_mono_ms() >= p->paused_until && image_fold(p))
        COUNT(p->shm->image->proc.beats, 1);
    (void)image_commit_now(p);
}

/* The log's end is clean, and the directories are there, once it is ready. */
static void
wait_for_log(struct image_proc *p)
{
    while (!take_files(p)) {
        ev_sleep(wait_seconds);
        COUNT(p->shm->image->proc.beats, 1);
    }
}

static void
start(struct image_proc *p)
{
    struct data_error e = {.offset = -1};
    int rc;

    p->conf_version = shm_conf(p->shm, &p->conf);
    (void)mallopt(M_MMAP_THRESHOLD, MAPPED_FROM);
    proc_give_way(NICENESS);
    p->snapshot = (struct image_snapshot){.writer = {.fd = -1}};
    wait_for_log(p);
    rc = datadir_name(&p->dirs, p->conf.data_dir, p->conf.data_log_dir, &e);
    if (rc < 0)
        data_fatal(&e, rc);
    begin(p);
}

noreturn void
image_main(struct shm *shm)
{
    static struct image_proc p; /* too large for a stack */
    struct ev_loop *loop;

    p.shm = shm;
    start(&p);
    loop = ev_loop_new(EVFLAG_AUTO);
    if (!loop)
        fatal(EXIT_UNEXPECTED, "no event loop can be had");
    bell_attach(&p.bell, loop, shm, PROC_IMAGE, work, &p);
    ev_signal_init(&p.on_stop, on_stop, PROC_STOP);
    ev_timer_init(&p.look, on_look, look_seconds, look_seconds);
    p.on_stop.data = p.look.data = &p;
    ev_signal_start(loop, &p.on_stop);
    ev_timer_start(loop, &p.look);
    ev_run(loop, 0);
    close_image(&p);
    atomic_store(&shm->image->is_at_work, 0);
    exit(EXIT_OK);
}
