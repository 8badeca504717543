/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_start.c - what a log process begins with, and goes on from.
 *
 * Before the log is opened, a rebase that was interrupted is finished.  Then a
 * member of an ensemble has to know how far snapshots and image lead, for the
 * log may end before them, and what it has promised: its epochs, and which
 * ensemble it belongs to.
 */
#include "storage/image/image_prepare.h"
#include "storage/log/epoch.h"
#include "storage/log/identity.h"
#include "storage/log/log_proc.h"
#include "storage/log/rebase.h"

/*
 * Replication is forked when log and image are ready: until then nobody has
 * changed the files, however often a process died while starting.
 */
static bool
is_first_start(const struct log_proc *p)
{
    return atomic_load(&p->shm->super->life[PROC_REPLICATION]) == 0;
}

int
log_start_begin(struct log_proc *p, struct data_error *e)
{
    zxid_t zxid;
    int rc = rebase_finish(&p->dirs, &zxid, e);

    if (rc == 1)
        log_is_rebased(p, zxid);
    if (rc >= 0 && is_first_start(p))
        (void)rebase_forget_taken(p->dirs.snap); /* room, nothing else */
    return rc < 0 ? rc : 0;
}

/* What the image says that this start will go on from; false: there is none. */
static bool
find_image(const struct log_proc *p, struct image_meta *meta)
{
    const struct txlog_options *o = &p->log.options;
    struct image image;

    if (image_open(&image, p->dirs.image, IMAGE_READ, NULL) < 0)
        return false;
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
 * image says it exactly; where one has to be made, a snapshot's name counts,
 * and then nobody knows how fuzzy it is, or whether the log's end is committed.
 * Such a snapshot may be all there is: from a backup, or from an Apache that
 * died when it had begun to lead.
 */
static zxid_t
zxid_beside_log(struct log_proc *p)
{
    struct shm_log *s = p->shm->log;
    struct image_meta image;
    zxid_t newest;

    if (find_image(p, &image)) {
        atomic_store(&s->exact_zxid, image_is_fuzzy(&image) ? image.exact : 0);
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

/*
 * Whether it may have lost what it acknowledged, and nobody has given it all
 * again: 1, 0 or -errno.
 * ZK: FileTxnSnapLog.restore: zxid -1
 */
static int
is_to_be_filled(const struct log_proc *p, struct data_error *e)
{
    if (p->conf.db_autocreate || datadir_has_initialize(&p->dirs))
        return 0;
    return epoch_is_none(p->dirs.snap) ? 1 : datadir_is_empty(&p->dirs, e);
}

static int
load_epochs(const struct log_proc *p, zxid_t last, struct epochs *epochs,
            struct data_error *e)
{
    int rc = is_to_be_filled(p, e);

    if (rc == 1)
        return epoch_load_none(epochs, p->dirs.snap, e);
    if (rc == 0)
        rc = epoch_end_none(p->dirs.snap, e);
    return rc < 0 ? rc : epoch_load(epochs, p->dirs.snap, last, e);
}

static int
load_promises(struct log_proc *p, zxid_t last, struct data_error *e)
{
    struct shm_log *s = p->shm->log;
    struct epochs epochs;
    struct identity id;
    int rc = load_epochs(p, last, &epochs, e);

    if (rc == 0)
        rc = identity_load(&id, p->dirs.snap, e);
    if (rc < 0)
        return rc;
    atomic_store(&s->accepted_epoch, epochs.accepted);
    atomic_store(&s->current_epoch, epochs.current);
    identity_share(&s->identity, &id);
    return 0;
}

int
log_start_end(struct log_proc *p, struct data_error *e)
{
    struct shm_log *s = p->shm->log;
    bool is_member = p->conf.member_count > 0;
    zxid_t beside = 0, base;
    int rc = 0;

    if (is_member && is_first_start(p))
        beside = zxid_beside_log(p); /* which may raise the base */
    base = atomic_load(&s->base_zxid);
    if (p->log.last < base)
        p->log.last = base;
    if (is_member)
        rc = load_promises(p, beside > p->log.last ? beside : p->log.last, e);
    else
        atomic_store(&s->exact_zxid, p->log.last); /* all is committed */
    atomic_store(&s->durable_zxid, p->log.last);
    log_give_back(p);
    return rc;
}
