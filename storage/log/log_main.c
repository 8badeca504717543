/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_main.c - the log process.
 *
 * Forked by the supervisor, it owns the transaction log.  It follows the ring
 * from `durable` to `published`, appends every transaction and makes what it
 * found durable with one fdatasync, during which the next group gathers; then
 * it advances `durable` and rings replication.
 *
 * Between groups it carries out what replication orders: log_orders.c.
 *
 * If it dies, writes wait; its successor opens the log, finds there some of
 * what lies behind `durable`, and goes on behind that.  When a write or an
 * fdatasync fails it says so in shm->log->failed, appends nothing more, ever,
 * and lets replication step down.  PROC_STOP: flush and end.
 */
#include <errno.h>
#include <ev.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/proc.h"
#include "storage/log/log_proc.h"

enum { LOCK_PATIENCE_MS = 5000 };

static const double look_seconds = 5;
static const double lock_pause_seconds = 0.01;

static void
on_progress(void *arg, uint64_t done, uint64_t total)
{
    struct log_proc *p = arg;

    proc_progress(PROC_LOG, p->shm, done, total);
}

static struct txlog_options
options_of(struct log_proc *p)
{
    const struct conf *c = &p->conf;
    int64_t size_kb = c->txn_log_size_limit_kb > 0 ? c->txn_log_size_limit_kb
                                                   : c->snap_size_limit_kb;

    return (struct txlog_options){
        .prealloc_bytes = (uint64_t)c->pre_alloc_kb * 1024,
        .roll_records = (uint64_t)c->snap_count,
        .roll_bytes = size_kb > 0 ? (uint64_t)size_kb * 1024 : 0,
        .is_sync_off = !c->force_sync,
        .progress = on_progress,
        .progress_arg = p,
    };
}

/* Append up to a flush's worth; -errno when the log has failed. */
static int
append(struct log_proc *p, ring_pos_t limit)
{
    int32_t left =
        p->conf.max_batch_size > 0 ? p->conf.max_batch_size : INT32_MAX;

    while (p->appended < limit && left > 0 &&
           p->log.unsynced < TXLOG_UNSYNCED_MAX) {
        const struct ring_entry *e = txring_at(&p->shm->ring, p->appended);
        int rc;

        p->appended += e->size;
        if (e->kind != RING_TXN || e->zxid <= p->log.last)
            continue; /* nothing to log, or logged by the process before us */
        rc = txlog_append(&p->log, e->zxid, ring_payload(e));
        if (rc < 0)
            return rc;
        if (p->log.records == 1)
            log_info("Creating new log file: log.%" PRIx64, (uint64_t)e->zxid);
        left--;
    }
    return 0;
}

static void
count_fsync(struct log_proc *p, int64_t us)
{
    struct shm_log *s = p->shm->log;

    COUNT(s->fsync_count, 1);
    COUNT(s->fsync_total_us, (uint64_t)us);
    if ((uint64_t)us >
        atomic_load_explicit(&s->fsync_max_us, memory_order_relaxed))
        atomic_store_explicit(&s->fsync_max_us, (uint64_t)us,
                              memory_order_relaxed);
    if (us / 1000 <= p->conf.fsync_warning_ms)
        return;
    COUNT(s->fsync_slow, 1);
    log_warn_often("fsync-ing the write ahead log in log took %" PRId64
                   "ms which will adversely effect operation latency. "
                   "File size is %" PRIu64 " bytes",
                   us / 1000, p->log.size);
}

static int
flush(struct log_proc *p)
{
    int64_t began = clock_mono_us();
    bool is_needed = p->log.unsynced > 0;
    int rc = txlog_flush(&p->log);

    if (rc == 0 && is_needed)
        count_fsync(p, clock_mono_us() - began);
    return rc;
}

/* Appending, too, waits for the disk where a file begins or ends. */
static int
append_and_flush(struct log_proc *p, ring_pos_t limit)
{
    int rc;

    proc_disk_begin(PROC_LOG, p->shm);
    rc = append(p, limit);
    if (rc == 0)
        rc = flush(p);
    proc_disk_end(PROC_LOG, p->shm);
    return rc;
}

/* A group from the ring to the disk; -errno: the log has failed. */
static int
write_group(struct log_proc *p, ring_pos_t limit)
{
    struct shm_log *s = p->shm->log;
    int rc = append_and_flush(p, limit);

    if (rc < 0) {
        log_give_up(p, p->log.path, "the transaction log", rc);
        return rc;
    }
    /* The files come before it, for who follows them by it: image_fold.c. */
    atomic_store_explicit(&s->durable_zxid, p->log.last, memory_order_release);
    atomic_store_explicit(&s->durable, p->appended, memory_order_release);
    bell_ring(p->shm, PROC_REPLICATION);
    return 0;
}

/* `published` is read before the order: nothing behind an order slips by. */
static bool
work(void *arg)
{
    struct log_proc *p = arg;
    ring_pos_t published = atomic_load_explicit(&p->shm->replication->published,
                                                memory_order_acquire);
    ring_pos_t limit = log_orders_limit(p, published);
    int rc = 0;

    if (atomic_load(&p->shm->log->failed))
        return false;
    if (p->appended < limit)
        rc = write_group(p, limit);
    if (rc == 0)
        rc = log_orders_work(p);
    return rc == 1 || (rc == 0 && p->appended < limit);
}

/*
 * Somebody has made room with rm, or purged a package.  We write on, into a
 * file that nobody will find again.
 */
static void
look_for_file(struct log_proc *p)
{
    struct shm_log *s = p->shm->log;
    bool is_removed = txlog_is_removed(&p->log);

    if (is_removed == (atomic_load(&s->is_removed) != 0))
        return;
    atomic_store(&s->is_removed, is_removed);
    if (!is_removed)
        log_info("%s: the log is in its place again", p->log.path);
    else if (access(p->dirs.image, F_OK) == 0)
        log_error("%s: this file was removed, and the server writes it: what "
                  "is in no image yet is lost if the server dies. Copy by a "
                  "client what must not be lost, then restart it: when it "
                  "stops it puts what it can still read into the image",
                  p->log.path);
    else
        log_error("%s: this file was removed, and the image, too: what the "
                  "server has is on no disk any more. Put them back. Else, in "
                  "an ensemble, restart it, and it takes all from the leader; "
                  "alone, copy what you need by a client before it stops",
                  p->log.path);
}

static void
on_look(struct ev_loop *loop, ev_timer *w, int events)
{
    struct log_proc *p = w->data;

    (void)loop, (void)events;
    if (shm_has_new_conf(p->shm, p->conf_version)) {
        p->conf_version = shm_conf(p->shm, &p->conf);
        p->log.options = options_of(p);
    }
    proc_disk_begin(PROC_LOG, p->shm);
    log_look_for_room(p);
    look_for_file(p);
    atomic_store_explicit(&p->shm->log->dir_bytes, data_dir_bytes(p->dirs.log),
                          memory_order_relaxed);
    proc_disk_end(PROC_LOG, p->shm);
}

/* What was published is logged; the rest of the preallocation goes back. */
static void
on_stop(struct ev_loop *loop, ev_signal *w, int events)
{
    struct log_proc *p = w->data;

    (void)events;
    while (work(p))
        ;
    if (!atomic_load(&p->shm->log->failed))
        (void)txlog_roll(&p->log);
    ev_break(loop, EVBREAK_ALL);
}

/* Processes of a server that was killed may take a moment to end. */
static void
open_dirs(struct log_proc *p)
{
    mono_ms_t until = clock_mono_ms() + LOCK_PATIENCE_MS;
    struct data_error e = {.offset = -1};
    int rc;

    while ((rc = datadir_open(&p->dirs, p->conf.data_dir, p->conf.data_log_dir,
                              p->conf.datadir_autocreate, &e)) == -EBUSY &&
           clock_mono_ms() < until) {
        ev_sleep(lock_pause_seconds);
        COUNT(p->shm->log->proc.beats, 1);
    }
    if (rc < 0)
        data_fatal(&e, rc);
}

static void
open_log(struct log_proc *p)
{
    struct txlog_options options;
    struct data_error e = {.offset = -1};
    bool was_torn;
    int rc;

    p->conf_version = shm_conf(p->shm, &p->conf);
    open_dirs(p);
    options = options_of(p);
    proc_disk_begin(PROC_LOG, p->shm);
    rc = log_start_begin(p, &e);
    if (rc == 0)
        rc = txlog_open(&p->log, p->dirs.log, &options, &was_torn, &e);
    p->appended = atomic_load(&p->shm->log->durable);
    if (rc == 0)
        rc = log_start_end(p, &e);
    if (rc < 0)
        data_fatal(&e, rc);
    proc_disk_end(PROC_LOG, p->shm);
    if (was_torn)
        log_warn("cut a write that never finished off the end of the log "
                 "zxid=0x%" PRIx64,
                 (uint64_t)p->log.last);
    if (!p->conf.force_sync)
        log_warn("forceSync=no: what is acknowledged is NOT on disk and is "
                 "lost in a power cut");
}

noreturn void
log_main(struct shm *shm)
{
    static struct log_proc p; /* too large for a stack */

    p.shm = shm;
    open_log(&p);
    p.loop = ev_loop_new(EVFLAG_AUTO);
    if (!p.loop)
        fatal(EXIT_UNEXPECTED, "no event loop can be had");
    bell_attach(&p.bell, p.loop, shm, PROC_LOG, work, &p);
    ev_signal_init(&p.on_stop, on_stop, PROC_STOP);
    ev_timer_init(&p.look, on_look, 0, look_seconds);
    p.on_stop.data = p.look.data = &p;
    ev_signal_start(p.loop, &p.on_stop);
    ev_timer_start(p.loop, &p.look);
    log_info("log: ready zxid=0x%" PRIx64, (uint64_t)p.log.last);
    proc_ready(PROC_LOG, shm);
    ev_run(p.loop, 0);
    txlog_close(&p.log);
    exit(EXIT_OK);
}
