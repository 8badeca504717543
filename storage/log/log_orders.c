/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_orders.c - what replication orders of the log process.
 *
 * shm->replication->log_order holds one order at a time.  Its turn comes when
 * all of the ring up to `behind` is durable, and nothing behind that is
 * appended before it is done.  The answer is order_result, then order_done,
 * then the bell; replication orders nothing else before that.  A log process
 * that dies leaves the order to its successor, so each may be done twice:
 *
 *   epochs     written unless the file says so already; likewise
 *   identity   the ensemble's id; one that is confirmed stays as it is
 *   truncate   image and snapshots that hold more go first, the log's newest
 *              file next, the cut itself last: each step leaves less of the
 *              same history
 *   rebase     rebase.h
 *
 * The image process stands on files that two of these replace.  It is asked
 * to let go (shm->log->replaced is odd), and when it is no longer at work the
 * files are ours; an even value gives them back.
 *
 * ZK: Learner.syncWithLeader, QuorumPeer.setAcceptedEpoch, setCurrentEpoch
 *     (spec/quorum-protocol.md 4.5, 4.8, 4.10, 11.6)
 */
#include <errno.h>
#include <inttypes.h>

#include "daemon/log.h"
#include "daemon/proc.h"
#include "storage/log/epoch.h"
#include "storage/log/identity.h"
#include "storage/image/image_prepare.h"
#include "storage/log/log_proc.h"
#include "storage/log/rebase.h"

enum { WAIT = 1 }; /* no result yet: the image process has to let go */

static const struct shm_log_order *
order_of(const struct log_proc *p)
{
    return &p->shm->replication->log_order;
}

static bool
is_pending(const struct log_proc *p)
{
    return atomic_load_explicit(&order_of(p)->number, memory_order_acquire) !=
           atomic_load_explicit(&p->shm->log->order_done, memory_order_relaxed);
}

ring_pos_t
log_orders_limit(const struct log_proc *p, ring_pos_t published)
{
    ring_pos_t behind;

    if (!is_pending(p))
        return published;
    behind = atomic_load(&order_of(p)->behind);
    if (behind < p->appended)
        behind = p->appended;
    return behind < published ? behind : published;
}

void
log_give_up(struct log_proc *p, const char *path, const char *what, int rc)
{
    log_error("%s: %s cannot be written: %s. Nothing is acknowledged any more. "
              "See to the disk, then restart the server",
              path, what, strerror(-rc));
    atomic_store(&p->shm->log->failed, -rc);
    bell_ring(p->shm, PROC_REPLICATION);
    bell_ring(p->shm, PROC_ELECTION);
}

/* The disk failed in the middle of an order. */
static int
disk_failed(struct log_proc *p, const char *what, int rc,
            const struct data_error *e)
{
    char text[2048];

    proc_disk_end(PROC_LOG, p->shm);
    if (e) {
        data_error_text(e, text, sizeof text);
        log_error("%s", text);
    }
    log_give_up(p, p->dirs.snap, what, rc);
    return rc;
}

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

static void
give_back(struct log_proc *p)
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

/* --- epochs -------------------------------------------------------------- */

/* ZK: acceptedEpoch only rises; a lower one is a mistake of replication's. */
static int
accept_epoch(struct log_proc *p, int64_t epoch, int *result)
{
    _Atomic int64_t *accepted = &p->shm->log->accepted_epoch;
    int rc = 0;

    if (epoch < atomic_load(accepted)) {
        *result = -EINVAL;
        return 0;
    }
    proc_disk_begin(PROC_LOG, p->shm);
    if (epoch != atomic_load(accepted))
        rc = epoch_store_accepted(p->dirs.snap, epoch);
    if (rc < 0)
        return disk_failed(p, "acceptedEpoch", rc, NULL);
    proc_disk_end(PROC_LOG, p->shm);
    atomic_store(accepted, epoch);
    return 0;
}

/*
 * To learn that a confirmed id was taken over again tells nobody anything, so
 * an election does not wait for it.  Another one in its place is a mistake of
 * replication's.
 */
static int
keep_identity(struct log_proc *p, const struct identity *id, int *result)
{
    struct shm_identity *known = &p->shm->log->identity;
    struct identity old = identity_shared(known);
    int rc;

    if (id->id == 0 || (old.is_confirmed && old.id == id->id))
        return 0;
    if (old.is_confirmed) {
        *result = -EINVAL;
        return 0;
    }
    proc_disk_begin(PROC_LOG, p->shm);
    rc = identity_store(p->dirs.snap, id);
    if (rc < 0)
        return disk_failed(p, IDENTITY_FILE, rc, NULL);
    proc_disk_end(PROC_LOG, p->shm);
    identity_share(known, id);
    log_info("log: of the ensemble %016" PRIx64 "%s epoch=%" PRId64, id->id,
             id->is_confirmed ? "" : ", as its leader proposes", id->epoch);
    return 0;
}

/*
 * All the history of the leader of this epoch is in the log: what a fuzzy
 * snapshot held too early has been told by now, too.
 */
static int
take_over_epoch(struct log_proc *p, int64_t epoch, const struct identity *id,
                int *result)
{
    struct shm_log *s = p->shm->log;
    int rc;

    if (epoch < atomic_load(&s->current_epoch) ||
        epoch > atomic_load(&s->accepted_epoch)) {
        *result = -EINVAL;
        return 0;
    }
    rc = keep_identity(p, id, result);
    if (rc < 0 || *result < 0)
        return rc;
    proc_disk_begin(PROC_LOG, p->shm);
    if (epoch != atomic_load(&s->current_epoch))
        rc = epoch_store_current(p->dirs.snap, epoch);
    if (rc < 0)
        return disk_failed(p, "currentEpoch", rc, NULL);
    proc_disk_end(PROC_LOG, p->shm);
    atomic_store(&s->current_epoch, epoch);
    if (atomic_load(&s->exact_zxid) == INT64_MAX)
        atomic_store(&s->exact_zxid, p->log.last);
    return 0;
}

/* --- truncate ------------------------------------------------------------ */

/* Whether a snapshot is there for an image of `zxid` or less to come from. */
static bool
has_snapshot(const struct log_proc *p, zxid_t zxid, bool is_exactly)
{
    struct data_list list;
    bool found = false;

    if (snapfile_candidates(&list, p->dirs.snap) == 0)
        for (size_t i = 0; i < list.count; i++)
            found = found || list.file[i].zxid == zxid ||
                    (!is_exactly && list.file[i].zxid < zxid);
    data_list_free(&list);
    return found;
}

/* Whether a snapshot, or the image, is at exactly `zxid`. */
static bool
is_base(const struct log_proc *p, zxid_t zxid)
{
    return zxid == 0 || zxid == atomic_load(&p->shm->log->base_zxid) ||
           zxid == atomic_load(&p->shm->image->persisted_zxid) ||
           has_snapshot(p, zxid, true);
}

/* Nothing is changed yet: 0, or -ENOENT when that place does not exist. */
static int
look_before_cut(const struct log_proc *p, zxid_t zxid, bool is_image_above)
{
    int place = txlog_find(p->dirs.log, zxid);

    if (place < 0)
        return place;
    if (place == TXLOG_MISSING || (place == TXLOG_BETWEEN && !is_base(p, zxid)))
        return -ENOENT;
    return is_image_above && zxid != 0 && !has_snapshot(p, zxid, false)
               ? -ENOENT
               : 0;
}

static int
cut_all(struct log_proc *p, zxid_t zxid, bool is_image_above)
{
    struct data_error e = {.offset = -1};
    int rc;

    proc_disk_begin(PROC_LOG, p->shm);
    rc = txlog_roll(&p->log); /* no file is open any more */
    if (rc == 0)
        rc = is_image_above ? image_forget_after(&p->dirs, zxid, &e)
                            : image_forget_snapshots(&p->dirs, zxid, &e);
    if (rc == 0)
        rc = txlog_truncate(p->dirs.log, zxid, true, &e);
    if (rc < 0)
        return disk_failed(p, "the cut transaction log", rc, &e);
    proc_disk_end(PROC_LOG, p->shm);
    return 0;
}

/*
 * The image holds what is committed and no more, so a cut leaves it alone;
 * but one that was made from Apache's files, by a start, holds all of them.
 */
static int
truncate_log(struct log_proc *p, zxid_t zxid, int *result)
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
        return WAIT;
    rc = cut_all(p, zxid, is_above);
    if (rc < 0)
        return rc;
    log_info("log: cut behind zxid=0x%" PRIx64, (uint64_t)zxid);
    if (atomic_load(&s->base_zxid) > zxid ||
        txlog_find(p->dirs.log, zxid) != TXLOG_IN)
        atomic_store(&s->base_zxid, zxid);
    ends_at(p, zxid);
    give_back(p);
    return 0;
}

/* --- rebase -------------------------------------------------------------- */

/* The log is empty and goes on from the snapshot at `zxid`. */
static void
is_rebased(struct log_proc *p, zxid_t zxid)
{
    atomic_store(&p->shm->log->base_zxid, zxid);
    atomic_store(&p->shm->log->exact_zxid, INT64_MAX);
    ends_at(p, zxid);
}

static int
rebase_log(struct log_proc *p, zxid_t zxid, int *result)
{
    struct data_error e = {.offset = -1};
    int found = rebase_look(&p->dirs, zxid), rc;

    if (found <= 0) {
        *result = found < 0 ? found : -ENOENT;
        return 0;
    }
    if (found == 2 && p->log.last == zxid) /* by the one before us */
        return 0;
    if (!has_let_go(p))
        return WAIT;
    proc_disk_begin(PROC_LOG, p->shm);
    rc = txlog_roll(&p->log);
    if (rc == 0)
        rc = rebase(&p->dirs, zxid, &e);
    if (rc < 0)
        return disk_failed(p, "the log's new base", rc, &e);
    proc_disk_end(PROC_LOG, p->shm);
    is_rebased(p, zxid);
    log_info("log: the leader's snapshot replaces all zxid=0x%" PRIx64,
             (uint64_t)zxid);
    give_back(p);
    return 0;
}

/* --- the order ----------------------------------------------------------- */

/* 0: done, see `result`; WAIT; -errno: the disk failed. */
static int
carry_out(struct log_proc *p, const struct shm_log_order *o, int *result)
{
    int64_t value = atomic_load(&o->value);
    struct identity id = identity_shared(&o->identity);

    *result = 0;
    switch (atomic_load(&o->kind)) {
    case LOG_NOTHING:
        return 0;
    case LOG_ACCEPT_EPOCH:
        return accept_epoch(p, value, result);
    case LOG_CURRENT_EPOCH:
        return take_over_epoch(p, value, &id, result);
    case LOG_IDENTITY:
        return keep_identity(p, &id, result);
    case LOG_TRUNCATE:
        return truncate_log(p, value, result);
    case LOG_REBASE:
        return rebase_log(p, value, result);
    default:
        *result = -EINVAL;
        return 0;
    }
}

int
log_orders_work(struct log_proc *p)
{
    const struct shm_log_order *o = order_of(p);
    struct shm_log *s = p->shm->log;
    uint64_t number = atomic_load_explicit(&o->number, memory_order_acquire);
    int result, rc;

    if (!is_pending(p) || p->appended < atomic_load(&o->behind))
        return 0;
    rc = carry_out(p, o, &result);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    log_debug("log>replication order=%" PRIu64 " kind=%" PRIu32
              " value=0x%" PRIx64 " result=%d",
              number, atomic_load(&o->kind), (uint64_t)atomic_load(&o->value),
              result);
    atomic_store(&s->order_result, result);
    atomic_store_explicit(&s->order_done, number, memory_order_release);
    bell_ring(p->shm, PROC_REPLICATION);
    return 1;
}

/* --- start --------------------------------------------------------------- */

/*
 * Replication is forked when log and image are ready: until then nothing has
 * been done with the files, whoever died while starting.
 */
static bool
is_first_start(const struct log_proc *p)
{
    return atomic_load(&p->shm->super->life[PROC_REPLICATION]) == 0;
}

int
log_orders_start(struct log_proc *p, struct data_error *e)
{
    zxid_t zxid;
    int rc = rebase_finish(&p->dirs, &zxid, e);

    if (rc == 1)
        is_rebased(p, zxid);
    if (rc >= 0 && is_first_start(p))
        (void)rebase_forget_taken(p->dirs.snap); /* room, nothing else */
    return rc < 0 ? rc : 0;
}

/* The image that this start will go on from: 1 and what it says; 0: none. */
static int
find_image(const struct log_proc *p, struct image_meta *meta)
{
    const struct txlog_options *o = &p->log.options;
    struct image image;

    if (image_open(&image, p->dirs.image, IMAGE_READ, NULL) < 0)
        return 0;
    *meta = image.meta;
    image_close(&image);
    return image_is_kept(&p->dirs, meta->zxid, o->progress, o->progress_arg) ==
           1;
}

/* The log goes on from there, if not from later. */
static void
raise_base(struct log_proc *p, zxid_t zxid)
{
    struct shm_log *s = p->shm->log;

    if (atomic_load(&s->base_zxid) < zxid)
        atomic_store(&s->base_zxid, zxid);
}

/*
 * What image and snapshots hold, for a server that has just started.  The
 * image tells exactly; where one has to be made, a snapshot's name counts, and
 * then nobody knows how fuzzy it is, or whether the log's end is committed.
 * Such a snapshot may be all there is: of a backup, or of Apache's that died
 * when it had begun to lead.
 */
static zxid_t
zxid_beside_log(struct log_proc *p)
{
    struct shm_log *s = p->shm->log;
    struct image_meta image;
    zxid_t newest;

    if (find_image(p, &image)) {
        atomic_store(&s->exact_zxid,
                     image.exact > image.zxid ? image.exact : 0);
        raise_base(p, image.zxid);
        return image.zxid;
    }
    newest = snapfile_newest(p->dirs.snap);
    if (newest > p->log.last)
        raise_base(p, newest);
    if (newest >= 0 || p->log.last > 0)
        atomic_store(&s->exact_zxid, INT64_MAX);
    return newest < 0 ? 0 : newest;
}

int
log_orders_open(struct log_proc *p, struct data_error *e)
{
    struct shm_log *s = p->shm->log;
    zxid_t beside = 0, base;
    struct epochs epochs;
    struct identity id;
    int rc = 0;

    if (p->conf.member_count > 0 && is_first_start(p))
        beside = zxid_beside_log(p);
    base = atomic_load(&s->base_zxid);
    if (p->log.last < base)
        p->log.last = base;
    if (p->conf.member_count <= 0) {
        atomic_store(&s->exact_zxid, p->log.last); /* all is committed */
    } else {
        rc = epoch_load(&epochs, p->dirs.snap,
                        beside > p->log.last ? beside : p->log.last, e);
        if (rc == 0)
            rc = identity_load(&id, p->dirs.snap, e);
        if (rc == 0) {
            atomic_store(&s->accepted_epoch, epochs.accepted);
            atomic_store(&s->current_epoch, epochs.current);
            identity_share(&s->identity, &id);
        }
    }
    atomic_store(&s->durable_zxid, p->log.last);
    give_back(p);
    return rc;
}
