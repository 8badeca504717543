/* SPDX-License-Identifier: Apache-2.0 */
/*
 * datadir.h - the directories of a server on disk: paths and locks.
 *
 *     <dataDir>/myid                     the server's number, in decimal
 *     <dataDir>/version-2/zabd.lock      locked while a server lives here
 *     <dataDir>/version-2/snapshot.<hex>[.gz|.snappy|.zst]
 *     <dataDir>/version-2/acceptedEpoch, currentEpoch, ensembleId
 *     <dataDir>/version-2/image/         the LMDB image, see image.h
 *     <dataLogDir>/version-2/log.<hex>
 *     <dataLogDir>/initialize            see datadir_has_initialize
 *
 * <hex> is a zxid in lower case without padding.  Any process.
 * ZK: FileTxnSnapLog, Util (spec/quorum-protocol.md 11.1)
 */
#ifndef STORAGE_DATADIR_H
#define STORAGE_DATADIR_H

#include "storage/datafile.h"

struct datadir {
    char data[DATA_PATH_MAX];  /* <dataDir> */
    char snap[DATA_PATH_MAX];  /* <dataDir>/version-2 */
    char log[DATA_PATH_MAX];   /* <dataLogDir>/version-2 */
    char image[DATA_PATH_MAX]; /* <dataDir>/version-2/image */
    int lock_fd, log_lock_fd;  /* -1 when not held */
};

/*
 * Fill in the paths, make the directories where they are missing (with
 * `may_create`; otherwise their absence is an error) and take the locks, so
 * that no two servers use one directory.  `log_dir` NULL or "" is `data_dir`;
 * one that is another and not there is an error beside data that is.
 * The locks last until datadir_close or until every process that inherited
 * them has ended.  0 or -errno; -EBUSY: another server lives here.
 */
int datadir_open(struct datadir *d, const char *data_dir, const char *log_dir,
                 bool may_create, struct data_error *e);
void datadir_close(struct datadir *d);

/* The paths alone, for tools: nothing is made, checked or locked. */
int datadir_name(struct datadir *d, const char *data_dir, const char *log_dir,
                 struct data_error *e);

/* Whether there is neither image nor snapshot nor log: 1, 0 or -errno. */
int datadir_is_empty(const struct datadir *d, struct data_error *e);

/*
 * The marker `initialize`, by which an operator says that a server begins with
 * nothing, as its ensemble does.  Whether it is there; and its removal: 0 if it
 * was there, -ENOENT if not.
 * ZK: FileTxnSnapLog.restore, autoCreateDB (11.7)
 */
bool datadir_has_initialize(const struct datadir *d);
int datadir_take_initialize(const struct datadir *d);

#endif
