/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_work.c - folding, snapshots and retention.  Image process.
 *
 * All of it comes in steps of a few milliseconds, except LMDB's commit.
 */
#include <errno.h>
#include <inttypes.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

#include "storage/image/image_proc.h"
#include "storage/image/purge.h"

enum {
    /*
     * A batch's bounds.  A restart replays at most this much: a quarter of a
     * million sets of few nodes take 0.2 s.  Twice as many rows fit the
     * processor's cache no more and cost a tenth more each.
     */
    BATCH_ROWS_MAX = 16 * 1024,
    BATCH_ROWS_MIN = 16,
    BATCH_BYTES_MAX = 16 * 1024 * 1024,
    BATCH_TXNS_MAX = 256 * 1024,
    BATCH_AGE_MS = 5000,
    /*
     * What one commit should write.  Rows that are neighbours share a page of
     * 4 KiB, others dirty one each; and while the disk takes all of it, the
     * log's fdatasync waits: 64 MiB were 100 ms in which nobody's write was
     * answered, 4 MiB are 7.
     */
    COMMIT_BYTES = 4 * 1024 * 1024,
    FOLD_SLICE_US = 5000,
    FOLD_CHECK_EVERY = 64, /* transactions between looks at the clock */
    SNAPSHOT_ROWS = 1000,
    SNAPSHOT_REST = 49, /* times what the last one took: 2 % of the time */
    PAUSE_MS = 10000,
};

/* --- folding -------------------------------------------------------------- */

zxid_t
image_limit(const struct image_proc *p)
{
    zxid_t durable =
        atomic_load_explicit(&p->shm->log->durable_zxid, memory_order_acquire);
    zxid_t committed = atomic_load_explicit(
        &p->shm->replication->committed_zxid, memory_order_acquire);

    return durable < committed ? durable : committed;
}

/*
 * Whether everything up to `zxid` is committed, not just told by somebody who
 * may yet fail to become our leader.
 */
static bool
is_committed(const struct image_proc *p, zxid_t zxid)
{
    const struct shm_replication *r = p->shm->replication;
    uint32_t role = atomic_load(&r->role);

    return role != ROLE_NONE && role != ROLE_READ_ONLY &&
           atomic_load(&r->committed_zxid) >= zxid;
}

/*
 * A leader's snapshot may hold effects of what comes behind its zxid; the log
 * process learns how far, when the leader's epoch is taken over.  But only
 * when that is committed does the image stand for something.
 */
static zxid_t
exact_from(struct image_proc *p)
{
    struct image_meta *meta = &p->image.meta;
    zxid_t exact = atomic_load(&p->shm->log->exact_zxid);

    if (meta->exact == INT64_MAX && is_committed(p, meta->zxid) &&
        is_committed(p, exact))
        meta->exact = exact;
    return meta->exact;
}

/* Whether the image is, or may be, as fuzzy as the snapshot it came from. */
static bool
is_fuzzy(const struct image_proc *p)
{
    return p->image.meta.zxid < p->image.meta.exact;
}

/* LMDB calls a write that was cut short an I/O error; often it is no room. */
static bool
is_full(const char *dir)
{
    struct statvfs st;

    return statvfs(dir, &st) == 0 &&
           st.f_bavail * st.f_frsize < BATCH_BYTES_MAX;
}

/*
 * LMDB could not be written, most likely for want of space.  Nothing is lost:
 * the log has it all.  Try again from the image's zxid in a while, and remove
 * what can be removed before that.
 */
static void
pause_folding(struct image_proc *p, int rc)
{
    if (rc == -EIO && is_full(p->dirs.snap))
        rc = -ENOSPC;
    log_error("%s: the image cannot be written: %s. Reads and writes go on "
              "and the log keeps everything; see to the disk. Trying again in "
              "%d s",
              p->image.dir, strerror(-rc), PAUSE_MS / 1000);
    image_reopen(p);
    p->paused_until = clock_mono_ms() + PAUSE_MS;
    p->purged_at = 0;
}

static void
compare_digests(struct image_proc *p)
{
    if (image_batch_agrees(&p->batch) || is_fuzzy(p)) {
        p->has_differed = false;
        return;
    }
    if (!p->has_differed)
        log_error("First digest mismatch on txn: 0x%" PRIx64
                  ", expected digest is %" PRIu64 ", actual digest is %" PRIu64
                  ": this server's tree is not its leader's",
                  (uint64_t)p->batch.zxid, p->batch.leader_digest,
                  p->batch.digest);
    p->has_differed = true;
}

/* Bytes that this process has made dirty so far, in any file. */
static uint64_t
bytes_dirtied(void)
{
    struct rusage usage;

    return getrusage(RUSAGE_SELF, &usage) == 0
               ? (uint64_t)usage.ru_oublock * 512
               : 0;
}

/* As many rows as would have written what a commit should write. */
static void
size_batches(struct image_proc *p, size_t rows, uint64_t bytes)
{
    size_t fit = bytes > 0 ? rows * COMMIT_BYTES / bytes : BATCH_ROWS_MAX;

    if (rows < BATCH_ROWS_MIN)
        return; /* mostly pages above the rows: says nothing */
    p->rows_max = fit < BATCH_ROWS_MIN   ? BATCH_ROWS_MIN
                  : fit > BATCH_ROWS_MAX ? BATCH_ROWS_MAX
                                         : fit;
}

bool
image_commit_now(struct image_proc *p)
{
    size_t rows = p->batch.row_count;
    uint64_t before;
    int rc;

    if (p->batch_since == 0)
        return true;
    before = bytes_dirtied();
    proc_disk_begin(PROC_IMAGE, p->shm);
    rc = image_batch_commit(&p->batch, p->batch.zxid);
    proc_disk_end(PROC_IMAGE, p->shm);
    size_batches(p, rows, bytes_dirtied() - before);
    if (rc < 0) {
        pause_folding(p, rc);
        return false;
    }
    p->batch_since = 0;
    atomic_store_explicit(&p->shm->image->persisted_zxid, p->image.meta.zxid,
                          memory_order_release);
    compare_digests(p);
    return true;
}

/* What came to be known is written even if no transaction follows. */
static void
settle_exact(struct image_proc *p)
{
    if (p->image.meta.exact != INT64_MAX || exact_from(p) == INT64_MAX)
        return;
    log_info("image: exact from zxid=0x%" PRIx64 " on",
             (uint64_t)p->image.meta.exact);
    if (p->batch_since == 0)
        p->batch_since = clock_mono_ms();
    (void)image_commit_now(p);
}

/*
 * The log ends though more is durable, or cannot be read.  A gap is what a
 * snapshot from the leader leaves: then the image is made from that.
 */
static void
on_log_trouble(struct image_proc *p, int rc)
{
    if (rc == 0)
        rc = txlog_reader_check_end(&p->reader);
    if (rc == -ENODATA) {
        log_info("the log does not go on from the image zxid=0x%" PRIx64
                 ", making it anew",
                 (uint64_t)p->batch.zxid);
        image_reopen(p);
    } else if (rc < 0) {
        image_cannot_go_on(&p->reader.error);
    }
}

/* False: LMDB could not be read, folding pauses. */
static bool
take(struct image_proc *p, struct bytes entry, zxid_t zxid)
{
    int rc;

    p->batch.is_fuzzy = zxid <= exact_from(p);
    rc = image_batch_apply(&p->batch, entry);
    if (rc == -EBADMSG)
        fatal(EXIT_DATA,
              "%s/%s: transaction 0x%" PRIx64 " cannot be read or "
              "is of a kind that this version does not know",
              p->reader.dir, p->reader.file.name, (uint64_t)zxid);
    if (rc < 0) {
        pause_folding(p, rc);
        return false;
    }
    if (p->batch_since == 0)
        p->batch_since = clock_mono_ms();
    p->txns++;
    p->bytes += (uint64_t)entry.size;
    return true;
}

static bool
is_batch_full(const struct image_proc *p)
{
    return p->batch.txns >= BATCH_TXNS_MAX ||
           image_batch_is_full(&p->batch, p->rows_max, BATCH_BYTES_MAX);
}

static void
look_ahead(const struct image_proc *p)
{
    struct bytes entries[IMAGE_BATCH_AHEAD_MAX];
    uint32_t count =
        txlog_scan_ahead(&p->reader.scan, entries, IMAGE_BATCH_AHEAD_MAX);

    image_batch_ahead(&p->batch, entries, count);
}

/* A slice of time; true if it ended before the work did. */
static bool
fold_slice(struct image_proc *p, zxid_t limit)
{
    int64_t until = clock_mono_us() + FOLD_SLICE_US;
    struct bytes entry;
    zxid_t zxid;

    for (uint32_t n = 1; p->batch.zxid < limit; n++) {
        int rc;

        if (n % IMAGE_BATCH_AHEAD_MAX == 1)
            look_ahead(p);
        rc = txlog_reader_next(&p->reader, &entry, &zxid);
        if (rc == -EAGAIN)
            return true; /* on its way to our zxid */
        if (rc != 1) {
            on_log_trouble(p, rc);
            return false;
        }
        if (!take(p, entry, zxid))
            return false;
        if (is_batch_full(p))
            return image_commit_now(p);
        if (n % FOLD_CHECK_EVERY == 0 && clock_mono_us() > until)
            return true;
    }
    return false;
}

/* Replication wants to send the image to a learner and needs it this new. */
static bool
is_wanted(const struct image_proc *p)
{
    zxid_t wanted = atomic_load_explicit(&p->shm->replication->image_wanted,
                                         memory_order_acquire);

    return p->image.meta.zxid < wanted && p->batch.zxid >= wanted;
}

bool
image_fold(struct image_proc *p)
{
    zxid_t limit = image_limit(p);
    bool more = false;

    settle_exact(p);
    if (p->batch.zxid < limit) {
        txlog_reader_refresh(&p->reader);
        more = fold_slice(p, limit);
    }
    if (p->batch_since != 0 &&
        (is_wanted(p) || clock_mono_ms() - p->batch_since >= BATCH_AGE_MS) &&
        image_commit_now(p))
        image_batch_trim(&p->batch); /* calm: the next may be small */
    return more;
}

/* --- snapshots ------------------------------------------------------------ */

/* A random number of [n/2, n], so that servers do not snapshot together. */
static uint64_t
about(uint64_t n)
{
    uint64_t random = 0;

    (void)!getrandom(&random, sizeof random, 0);
    return n / 2 + random % (n - n / 2 + 1);
}

/* The newest snapshot's zxid; -1 without one. */
static zxid_t
newest_snapshot(const struct image_proc *p)
{
    struct data_list list;
    zxid_t zxid = -1;

    if (snapfile_candidates(&list, p->dirs.snap) == 0 && list.count > 0)
        zxid = list.file[list.count - 1].zxid;
    data_list_free(&list);
    return zxid;
}

/* ZK: SyncRequestProcessor.shouldSnapshot */
void
image_snapshot_aim(struct image_proc *p)
{
    p->txns_wanted = about((uint64_t)p->conf.snap_count);
    p->bytes_wanted = p->conf.snap_size_limit_kb > 0
                          ? about((uint64_t)p->conf.snap_size_limit_kb * 1024)
                          : 0;
}

void
image_snapshot_plan(struct image_proc *p)
{
    zxid_t last = newest_snapshot(p), here = p->image.meta.zxid;

    image_snapshot_aim(p);
    p->txns = p->bytes = 0;
    if (last < 0 || (p->is_ahead && last < here))
        p->txns = INT32_MAX; /* at once: a start may need it */
    else if (here > last && zxid_epoch(here) == zxid_epoch(last))
        p->txns = (uint64_t)(here - last);
    atomic_store(&p->shm->image->snapshot_zxid, last < 0 ? 0 : last);
}

static void
begin_snapshot(struct image_proc *p)
{
    int rc;

    if (!image_commit_now(p))
        return;
    p->snapshot_began = clock_mono_ms();
    rc = image_snapshot_begin(&p->snapshot, &p->image, p->dirs.snap, SNAP_ZSTD);
    if (rc == 0)
        log_info("Snapshotting: 0x%" PRIx64 " to %s",
                 (uint64_t)p->snapshot.zxid, p->snapshot.writer.path);
    else
        log_error("%s: no snapshot can be written: %s", p->dirs.snap,
                  strerror(-rc));
    p->txns = p->bytes = 0; /* a failed one is tried as late again */
}

static void
end_snapshot(struct image_proc *p, zxid_t zxid)
{
    struct shm_image *s = p->shm->image;
    int64_t ms = clock_mono_ms() - p->snapshot_began;
    uint64_t txns = p->txns, bytes = p->bytes;

    log_info("Snapshot taken in %" PRId64 " ms", ms);
    p->snapshot_after = clock_mono_ms() + SNAPSHOT_REST * ms;
    image_snapshot_plan(p);
    p->txns = txns; /* folded since it was begun */
    p->bytes = bytes;
    atomic_store(&s->snapshot_zxid, zxid);
    atomic_store(&s->snapshot_last_ms, (uint64_t)ms);
    atomic_fetch_add(&s->snapshot_total_ms, (uint64_t)ms);
    atomic_fetch_add(&s->snapshot_count, 1);
}

/*
 * While replication loads the tree, the processors and the disk are its own.
 * Our snapshots are exact, so a fuzzy image gives none.
 */
static bool
is_snapshot_due(const struct image_proc *p)
{
    if (!atomic_load(&p->shm->replication->proc.is_ready) ||
        clock_mono_ms() < p->snapshot_after || is_fuzzy(p))
        return false;
    return p->txns >= p->txns_wanted ||
           (p->bytes_wanted > 0 && p->bytes >= p->bytes_wanted);
}

static void
tell_given_up(const struct image_proc *p, zxid_t zxid, int rc)
{
    if (rc == -EBADMSG)
        log_error("%s: the image is damaged: its nodes do not add up to its "
                  "digest, and no snapshot is taken of it. Reads and writes go "
                  "on, but stop the server when you can. %s",
                  p->image.dir, image_remedy);
    else
        log_error("%s: the snapshot at 0x%" PRIx64 " was given up: %s",
                  p->dirs.snap, (uint64_t)zxid, strerror(-rc));
}

bool
image_snapshot_work(struct image_proc *p)
{
    zxid_t zxid = p->snapshot.zxid;
    bool is_last;
    int rc;

    if (!p->snapshot.image) {
        if (is_snapshot_due(p))
            begin_snapshot(p);
        return p->snapshot.image != NULL;
    }
    is_last = p->snapshot.done + SNAPSHOT_ROWS >= p->snapshot.total;
    if (is_last) /* ends with an fsync */
        proc_disk_begin(PROC_IMAGE, p->shm);
    rc = image_snapshot_step(&p->snapshot, SNAPSHOT_ROWS);
    if (is_last)
        proc_disk_end(PROC_IMAGE, p->shm);
    if (rc == 0)
        end_snapshot(p, zxid);
    else if (rc < 0)
        tell_given_up(p, zxid, rc);
    return rc == 1;
}

/* --- retention ------------------------------------------------------------ */

void
image_purge_work(struct image_proc *p)
{
    int64_t interval = p->conf.autopurge_interval_ms;
    mono_ms_t now = clock_mono_ms();
    struct purged gone;
    int rc;

    if (interval <= 0 || p->snapshot.image ||
        (p->purged_at != 0 && now - p->purged_at < interval))
        return;
    p->purged_at = now;
    log_info("Purge task started.");
    rc = purge(&p->dirs, (uint32_t)p->conf.autopurge_retain, p->image.meta.zxid,
               &gone);
    if (rc < 0)
        log_error("%s: old files cannot be removed: %s", p->dirs.snap,
                  strerror(-rc));
    log_info("Purge task completed. snapshots=%" PRIu32 " logs=%" PRIu32,
             gone.snapshots, gone.logs);
}
