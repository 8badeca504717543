/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_fold.c - the log's transactions are folded into the image.  Image
 * process.
 *
 * All of it comes in steps of a few milliseconds, except LMDB's commit.
 */
#include <errno.h>
#include <inttypes.h>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/proc.h"
#include "storage/image/image_guard.h"
#include "storage/image/image_proc.h"
#include "storage/image/written.h"

enum {
    /* A batch's bounds, beside what commit_size.h says. */
    BATCH_BYTES_MAX = 16 * 1024 * 1024,
    BATCH_TXNS_MAX = 256 * 1024,
    BATCH_AGE_MS = 5000,
    FOLD_SLICE_US = 5000,
    FOLD_CHECK_EVERY = 64, /* transactions between looks at the clock */
    PAUSE_MS = 10000,
};

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
 * Whether everything up to `zxid` is committed, and not only sent by a server
 * that may yet fail to become our leader.
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
 * A leader's snapshot may hold effects of what comes behind its zxid; how far,
 * the log process learns when the leader's epoch is taken over.  The image
 * takes that in when it is committed, and not before.
 */
zxid_t
image_exact(const struct image_proc *p)
{
    zxid_t exact = atomic_load(&p->shm->log->exact_zxid);

    return is_committed(p, exact) ? exact : INT64_MAX;
}

static zxid_t
exact_from(struct image_proc *p)
{
    struct image_meta *meta = &p->image.meta;

    if (meta->exact == INT64_MAX && is_committed(p, meta->zxid))
        meta->exact = image_exact(p);
    return meta->exact;
}

/* Once for each reason, for it is tried every few seconds. */
static void
tell_failure(struct image_proc *p, int error)
{
    if (atomic_exchange(&p->shm->image->failed, error) == error) {
        log_debug("image: cannot be written still: %s", strerror(error));
        return;
    }
    log_error("%s: the image cannot be written: %s. The log keeps everything "
              "meanwhile, and grows; see to the disk. Trying again every %d s",
              p->image.dir, strerror(error), PAUSE_MS / 1000);
    p->purged_at = 0; /* remove what can be removed */
}

static void
tell_success(struct image_proc *p)
{
    if (atomic_exchange(&p->shm->image->failed, 0) != 0)
        log_info("image: the image is written again zxid=0x%" PRIx64,
                 (uint64_t)p->image.meta.zxid);
}

/*
 * LMDB could not be written, most likely for want of space.  Nothing is lost:
 * the log has it all.  Try again from the image's zxid in a while.  But what a
 * disk has damaged is no better then.
 */
static void
pause_folding(struct image_proc *p, int rc)
{
    if (rc == -EBADMSG)
        image_is_damaged(p->image.dir, "a row cannot be read");
    tell_failure(p, -image_write_rc(p->dirs.snap, rc));
    image_reopen(p);
    p->paused_until = clock_mono_ms() + PAUSE_MS;
}

static void
compare_digests(struct image_proc *p)
{
    if (image_batch_agrees(&p->batch) || image_is_fuzzy(&p->image.meta)) {
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

/* The batch to the disk; what that wrote says how large the next one may be. */
static int
commit(struct image_proc *p)
{
    struct commit_facts c = {.rows = p->batch.row_count};
    uint64_t before = written_bytes();
    int rc;

    proc_disk_begin(PROC_IMAGE, p->shm);
    rc = image_batch_commit(&p->batch, p->batch.zxid);
    proc_disk_end(PROC_IMAGE, p->shm);
    if (rc < 0)
        return rc;
    c.bytes = written_bytes() - before;
    c.tree_bytes = image_rows_bytes(&p->image);
    c.now = clock_mono_ms();
    commit_size_learn(&p->size, &c);
    return 0;
}

bool
image_commit_now(struct image_proc *p)
{
    int rc;

    if (p->batch_since == 0)
        return true;
    rc = commit(p);
    if (rc < 0) {
        pause_folding(p, rc);
        return false;
    }
    p->batch_since = 0;
    atomic_store_explicit(&p->shm->image->persisted_zxid, p->image.meta.zxid,
                          memory_order_release);
    tell_success(p);
    compare_digests(p);
    return true;
}

/* Once meta.exact is known it is written, even if no transaction follows. */
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
        data_fatal(&p->reader.error, rc);
    }
}

/* False: LMDB could not be read, folding pauses. */
static bool
take(struct image_proc *p, struct bytes entry, zxid_t zxid)
{
    int rc;

    p->batch.is_fuzzy = zxid <= exact_from(p);
    rc = image_batch_apply(&p->batch, entry);
    if (rc == -EPROTO)
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
           image_batch_is_full(&p->batch, p->size.rows, BATCH_BYTES_MAX);
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
