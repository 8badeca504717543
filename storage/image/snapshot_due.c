/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot_due.c - when a snapshot is due, and taking it.  Image process.
 *
 * A snapshot is taken in steps of a few milliseconds, between which the log is
 * folded, and waits after each piece that it sent to the disk.
 */
#include <errno.h>
#include <inttypes.h>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/proc.h"
#include "daemon/random.h"
#include "storage/image/image_proc.h"

enum {
    SNAPSHOT_ROWS = 1000, /* of a step */
    SNAPSHOT_REST = 49,   /* times its work: 2 % of the time */
    PIECE_REST_MS = 25,   /* the disk is the log's meanwhile */
    NODES_PER_MS = 1000,  /* what none does faster */
};

/* A random number of [n/2, n], so that servers do not snapshot together. */
static uint64_t
about(uint64_t n)
{
    return n / 2 + random_number() % (n - n / 2 + 1);
}

/* ZK: SyncRequestProcessor.shouldSnapshot */
void
snapshot_due_aim(struct image_proc *p)
{
    p->txns_wanted = about((uint64_t)p->conf.snap_count);
    p->bytes_wanted = p->conf.snap_size_limit_kb > 0
                          ? about((uint64_t)p->conf.snap_size_limit_kb * 1024)
                          : 0;
}

/* One has ended now, after `ms` of work, or would have. */
static void
rest_after(struct image_proc *p, int64_t ms)
{
    p->snapshot_ended = clock_mono_ms();
    p->snapshot_ms = ms;
}

/*
 * The tree may have grown since: what the next one will take is what the rest
 * must be long enough for.
 */
static bool
has_rested(const struct image_proc *p)
{
    uint64_t nodes = 0, sessions;
    int64_t ms;

    (void)image_count(&p->image, &nodes, &sessions); /* else as the last one */
    ms = (int64_t)nodes / NODES_PER_MS;
    if (ms < p->snapshot_ms)
        ms = p->snapshot_ms;
    return clock_mono_ms() - p->snapshot_ended >= SNAPSHOT_REST * ms;
}

/*
 * Right after a start clients come back, and what was folded before it counts:
 * without a rest the first snapshot would be taken in the middle of that.
 */
void
snapshot_due_plan(struct image_proc *p)
{
    zxid_t last = snapfile_newest(p->dirs.snap), here = p->image.meta.zxid;

    snapshot_due_aim(p);
    p->txns = p->bytes = 0;
    if (here > last && zxid_epoch(here) == zxid_epoch(last))
        p->txns = (uint64_t)(here - last);
    p->needs_snapshot = last < 0 || (p->is_ahead && last < here);
    rest_after(p, 0);
    atomic_store(&p->shm->image->snapshot_zxid, last < 0 ? 0 : last);
}

static void
begin_snapshot(struct image_proc *p)
{
    int rc;

    if (!image_commit_now(p))
        return;
    p->snapshot_began = clock_mono_ms();
    p->snapshot_goes_on = p->snapshot_us = 0;
    rc = image_snapshot_begin(&p->snapshot, &p->image, p->dirs.snap, SNAP_ZSTD);
    if (rc == 0)
        log_info("Snapshotting: 0x%" PRIx64 " to %s",
                 (uint64_t)p->snapshot.stream.zxid, p->snapshot.writer.path);
    else
        log_error("%s: no snapshot can be written: %s", p->dirs.snap,
                  strerror(-rc));
    p->txns = p->bytes = 0; /* a failed one is tried as late again */
    p->needs_snapshot = false;
}

static void
end_snapshot(struct image_proc *p, zxid_t zxid)
{
    struct shm_image *s = p->shm->image;
    int64_t ms = clock_mono_ms() - p->snapshot_began;

    log_info("Snapshot taken in %" PRId64 " ms", ms);
    rest_after(p, p->snapshot_us / 1000);
    snapshot_due_aim(p);
    atomic_store(&s->snapshot_zxid, zxid);
    atomic_store(&s->snapshot_last_ms, (uint64_t)ms);
    COUNT(s->snapshot_total_ms, (uint64_t)ms);
    COUNT(s->snapshot_count, 1);
}

static bool
has_enough(const struct image_proc *p)
{
    return p->txns >= p->txns_wanted ||
           (p->bytes_wanted > 0 && p->bytes >= p->bytes_wanted);
}

/*
 * While replication loads the tree, it has the processors and the disk to
 * itself.  Our snapshots are exact, so none is taken of a fuzzy image; nor of
 * one that waits for a leader's data (epoch.h): it would pass for a server's.
 */
static bool
is_snapshot_due(const struct image_proc *p)
{
    if (!atomic_load(&p->shm->replication->proc.is_ready) ||
        image_is_fuzzy(&p->image.meta) ||
        atomic_load(&p->shm->log->current_epoch) < 0)
        return false;
    return p->needs_snapshot || (has_enough(p) && has_rested(p));
}

static void
give_up(struct image_proc *p, zxid_t zxid, int rc)
{
    rest_after(p, p->snapshot_us / 1000);
    if (rc == -EBADMSG)
        log_error("%s: the image is damaged: its nodes do not add up to its "
                  "digest, and no snapshot is taken of it. Reads and writes go "
                  "on, but stop the server when you can. %s",
                  p->image.dir, image_remedy);
    else
        log_error("%s: the snapshot at 0x%" PRIx64 " was given up: %s",
                  p->dirs.snap, (uint64_t)zxid, strerror(-rc));
}

/* As image_snapshot_step; the last one ends with an fsync. */
static int
step(struct image_proc *p)
{
    uint64_t pushed = p->snapshot.writer.pushed;
    bool is_last =
        p->snapshot.stream.done + SNAPSHOT_ROWS >= p->snapshot.stream.total;
    int64_t began = clock_mono_us();
    int rc;

    if (is_last)
        proc_disk_begin(PROC_IMAGE, p->shm);
    rc = image_snapshot_step(&p->snapshot, SNAPSHOT_ROWS);
    if (is_last)
        proc_disk_end(PROC_IMAGE, p->shm);
    p->snapshot_us += clock_mono_us() - began;
    if (p->snapshot.writer.pushed != pushed)
        p->snapshot_goes_on = clock_mono_ms() + PIECE_REST_MS;
    return rc;
}

bool
snapshot_due_work(struct image_proc *p)
{
    zxid_t zxid = p->snapshot.stream.zxid;
    int rc;

    if (!image_snapshot_is_running(&p->snapshot)) {
        if (is_snapshot_due(p))
            begin_snapshot(p);
        return image_snapshot_is_running(&p->snapshot);
    }
    if (clock_mono_ms() < p->snapshot_goes_on)
        return false;
    rc = step(p);
    if (rc == 0)
        end_snapshot(p, zxid);
    else if (rc < 0)
        give_up(p, zxid, rc);
    return rc == 1;
}
