/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rebase.h - one snapshot replaces everything on disk.
 *
 * A learner that is too far behind takes its leader's snapshot (snap_intake.h)
 * into a file of its own,
 *
 *     <dataDir>/version-2/taken.<hex>.zst
 *
 * which means nothing until a rebase makes it the one snapshot there is:
 *
 *     1  the marker <dataDir>/version-2/rebase names its zxid, durably
 *     2  taken.<hex>.zst becomes snapshot.<hex>.zst
 *     3  log files, the image, all other snapshots go
 *     4  the marker goes
 *
 * Before 1 is durable all is as it was; from then on every start finishes 2 to
 * 4 first.  So no mixture of two histories is ever read.
 *
 * Log process; meanwhile nobody else uses the directory but tools that read.
 */
#ifndef STORAGE_LOG_REBASE_H
#define STORAGE_LOG_REBASE_H

#include "storage/datadir.h"

/* The prefix of a snapshot that was taken from a leader and not yet used. */
#define REBASE_TAKEN "taken"

/* The file that says that a rebase is under way. */
#define REBASE_MARKER "rebase"

/* What the directory has for a rebase to the snapshot at a zxid. */
enum rebase_state {
    REBASE_NOTHING, /* no such snapshot */
    REBASE_READY,   /* taken.<zxid> */
    REBASE_DONE,    /* snapshot.<zxid>, and no log */
};

/* The state, or -errno. */
int rebase_look(const struct datadir *d, zxid_t zxid);

/* Do it: 0, or -errno when only a later rebase_finish can help. */
int rebase(const struct datadir *d, zxid_t zxid, struct data_error *e);

/* Finish one that was interrupted: 1 and its zxid, 0 if there was none. */
int rebase_finish(const struct datadir *d, zxid_t *zxid, struct data_error *e);

/*
 * Whether one has begun and is not finished: then the directory is neither what
 * it was nor what it will be.  1, 0, -errno.  For tools, which may not finish
 * it.
 */
int rebase_is_pending(const struct datadir *d);

/*
 * Remove snapshots that were taken, whole or half, and never used, from
 * version-2 of the data directory.  0 or -errno.  Replication before it takes
 * one; the log process before replication is forked.
 */
int rebase_forget_taken(const char *dir);

#endif
