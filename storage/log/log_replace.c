/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_replace.c - the two orders that replace files.
 *
 *   truncate   image and snapshots that hold more go first, the log's newest
 *              file next, the cut itself last: each step leaves less of the
 *              same history
 *   rebase     rebase.h
 *
 * The image process uses these files.  It is asked to let go of them
 * (shm->log->replaced is odd), and once it is no longer at work they are ours;
 * an even value gives them back.
 *
 * ZK: Learner.syncWithLeader (spec/quorum-protocol.md 4.8)
 */
#include <errno.h>
#include <inttypes.h>

#include "daemon/log.h"
#include "storage/image/image_forget.h"
#include "storage/log/log_proc.h"
#include "storage/log/rebase.h"
#include "storage/snap/snapfile.h"

/* --- handing files over -------------------------------------------------- */

static bool
is_replacing(const struct log_proc *p)
{
    return atomic_load(&p->shm->log->replaced) & 1;
}

/* Ask the image process to let go; false: not yet. */
static bool
has_let_go(struct log_proc *p)
{
    if (!is_replacing(p)) {
        atomic_fetch_add(&p->shm->log->replaced, 1);
        bell_ring(p->shm, PROC_IMAGE);
    }
    return !atomic_load(&p->shm->image->is_at_work);
}

void
log_give_back(struct log_proc *p)
{
    if (!is_replacing(p))
        return;
    atomic_fetch_add(&p->shm->log->replaced, 1);
    bell_ring(p->shm, PROC_IMAGE);
}

/* The log ends at `zxid` now, on disk and for everybody. */
static void
ends_at(struct log_proc *p, zxid_t zxid)
{
    p->log.last = zxid;
    atomic_store(&p->shm->log->durable_zxid, zxid);
}

/* --- truncate ------------------------------------------------------------ */

/* The zxid of the newest snapshot that holds no more than `zxid`, or -1. */
static int
find_snapshot(const struct log_proc *p, zxid_t zxid, zxid_t *found)
{
    struct data_list list;
    int rc = snapfile_candidates(&list, p->dirs.snap);

    *found = -1;
    for (size_t i = 0; i < list.count && list.file[i].zxid <= zxid; i++)
        *found = list.file[i].zxid;
    data_list_free(&list);
    return rc;
}

/* Whether a snapshot, or the image, is at exactly `zxid`. */
static bool
is_base(const struct log_proc *p, zxid_t zxid, zxid_t snapshot)
{
    return zxid == 0 || zxid == snapshot ||
           zxid == atomic_load(&p->shm->log->base_zxid) ||
           zxid == atomic_load(&p->shm->image->persisted_zxid);
}

/*
 * Nothing is changed yet: 0; -ENOENT: that place does not exist, and only a
 * snapshot of the leader's helps; other -errno.
 */
static int
look_before_cut(const struct log_proc *p, zxid_t zxid, bool is_image_above)
{
    int place = txlog_find(p->dirs.log, zxid);
    zxid_t snapshot;
    int rc = place < 0 ? place : find_snapshot(p, zxid, &snapshot);

    if (rc < 0)
        return rc;
    if (place == TXLOG_MISSING ||
        (place == TXLOG_BETWEEN && !is_base(p, zxid, snapshot)))
        return -ENOENT;
    if (is_image_above && zxid != 0 && snapshot < 0)
        return -ENOENT; /* no image could be made of what is left */
    return 0;
}

static int
cut_all(struct log_proc *p, zxid_t zxid, bool is_image_above)
{
    struct data_error e = {.offset = -1};
    int rc;

    rc = txlog_roll(&p->log); /* no file is open any more */
    if (rc == 0)
        rc = is_image_above ? image_forget_after(&p->dirs, zxid, &e)
                            : image_forget_snapshots(&p->dirs, zxid, &e);
    if (rc == 0)
        rc = txlog_truncate(p->dirs.log, zxid, true, &e);
    if (rc < 0)
        return log_order_failed(p, "the cut transaction log", rc, &e);
    return 0;
}

/*
 * The image holds what is committed and no more, so a cut leaves it alone;
 * but one that was made from Apache's files, by a start, holds all of them.
 */
int
log_truncate(struct log_proc *p, zxid_t zxid, int *result)
{
    struct shm_log *s = p->shm->log;
    bool is_above =
        is_replacing(p) || atomic_load(&p->shm->image->persisted_zxid) > zxid;
    int rc;

    if (zxid > p->log.last) {
        *result = -ENOENT;
        return 0;
    }
    rc = is_replacing(p) ? 0 : look_before_cut(p, zxid, is_above);
    if (rc < 0) {
        *result = rc;
        return 0;
    }
    if (is_above && !has_let_go(p))
        return LOG_ORDER_WAITS;
    rc = cut_all(p, zxid, is_above);
    if (rc < 0)
        return rc;
    log_info("log: cut behind zxid=0x%" PRIx64, (uint64_t)zxid);
    if (atomic_load(&s->base_zxid) > zxid ||
        txlog_find(p->dirs.log, zxid) != TXLOG_IN)
        atomic_store(&s->base_zxid, zxid);
    ends_at(p, zxid);
    log_give_back(p);
    return 0;
}

/* --- rebase -------------------------------------------------------------- */

void
log_is_rebased(struct log_proc *p, zxid_t zxid)
{
    atomic_store(&p->shm->log->base_zxid, zxid);
    atomic_store(&p->shm->log->exact_zxid, INT64_MAX);
    ends_at(p, zxid);
}

int
log_rebase(struct log_proc *p, zxid_t zxid, int *result)
{
    struct data_error e = {.offset = -1};
    int found = rebase_look(&p->dirs, zxid), rc;

    if (found < 0 || found == REBASE_NOTHING) {
        *result = found < 0 ? found : -ENOENT;
        return 0;
    }
    if (found == REBASE_DONE && p->log.last == zxid) /* by the one before us */
        return 0;
    if (!has_let_go(p))
        return LOG_ORDER_WAITS;
    rc = txlog_roll(&p->log);
    if (rc == 0)
        rc = rebase(&p->dirs, zxid, &e);
    if (rc < 0)
        return log_order_failed(p, "the log's new base", rc, &e);
    log_is_rebased(p, zxid);
    log_info("log: the leader's snapshot replaces all zxid=0x%" PRIx64,
             (uint64_t)zxid);
    log_give_back(p);
    return 0;
}
