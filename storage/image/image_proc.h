/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_proc.h - the image process's state.
 *
 * Private to image_main.c, which starts it and owns the files, image_fold.c,
 * which follows the log, and snapshot_due.c and purge_due.c, which do what is
 * due now and then.
 */
#ifndef STORAGE_IMAGE_IMAGE_PROC_H
#define STORAGE_IMAGE_IMAGE_PROC_H

#include <ev.h>

#include "daemon/bell.h"
#include "storage/image/commit_size.h"
#include "storage/image/image_batch.h"
#include "storage/image/image_prepare.h"
#include "storage/image/image_snapshot.h"
#include "storage/log/txlog_reader.h"

struct image_proc {
    struct shm *shm;
    struct bell bell;
    ev_signal on_stop;
    ev_timer look;
    struct conf conf;
    uint32_t conf_version;
    struct datadir dirs;
    struct image image;
    struct image_batch batch;
    mono_ms_t batch_since;   /* its first transaction; 0: it is empty */
    struct commit_size size; /* of the batch */
    mono_ms_t paused_until;  /* after LMDB could not be written */
    struct txlog_reader reader;
    struct image_snapshot snapshot;
    mono_ms_t snapshot_began;           /* the one under way: when it began, */
    mono_ms_t snapshot_goes_on;         /* ... until when it rests, */
    int64_t snapshot_us;                /* ... its work so far, without rests */
    mono_ms_t snapshot_ended;           /* the last one, or the start: when, */
    int64_t snapshot_ms;                /* ... and its work, without rests */
    bool needs_snapshot;                /* a start may need one: at once */
    uint64_t txns, bytes;               /* folded since the last snapshot */
    uint64_t txns_wanted, bytes_wanted; /* take one then; 0: never */
    bool is_open;                       /* image, batch and reader are */
    uint64_t replaced; /* shm->log->replaced when they were opened */
    bool is_ahead; /* of the log: the next start needs a snapshot from here */
    mono_ms_t purged_at;
    bool has_differed; /* from the leader's digest: told once */
};

/* image_main.c: image, batch and reader anew, from what is on disk. */
void image_reopen(struct image_proc *p);

/* --- image_fold.c --------------------------------------------------------- */

/* The newest transaction that is durable here and committed. */
zxid_t image_limit(const struct image_proc *p);

/*
 * From where on an image is exact that was made from a fuzzy snapshot;
 * INT64_MAX: that is not known to be committed.
 */
zxid_t image_exact(const struct image_proc *p);

/* Fold some transactions; true if there may be more at once. */
bool image_fold(struct image_proc *p);

/* Commit what is folded; false if that failed and the batch is dropped. */
bool image_commit_now(struct image_proc *p);

/* --- snapshot_due.c ------------------------------------------------------- */

/* Take a snapshot when it is time, a step at a time; true: more at once. */
bool snapshot_due_work(struct image_proc *p);

/* The image was opened: when is the first one due? */
void snapshot_due_plan(struct image_proc *p);

/* The same when only the configuration is new: what was counted stays. */
void snapshot_due_aim(struct image_proc *p);

/* --- purge_due.c ---------------------------------------------------------- */

/*
 * Remove what is no longer needed, when it is time: at once after a start, then
 * every autopurge.purgeInterval, but never beside a snapshot.
 */
void purge_due_work(struct image_proc *p);

#endif
