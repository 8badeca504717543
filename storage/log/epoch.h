/* SPDX-License-Identifier: Apache-2.0 */
/*
 * epoch.h - the two epochs that a server of an ensemble never forgets.
 *
 * acceptedEpoch: the highest epoch promised to a leader to be.  currentEpoch:
 * of the last leader whose history was taken over.  Always
 *
 *      accepted >= current >= epoch of the last transaction logged
 *
 * Each is a file with a decimal number and no newline, replaced atomically
 * and durably.  Replication and log process; blocks on the disk.
 * ZK: QuorumPeer.loadDataBase, setAcceptedEpoch (quorum-protocol.md 11.6)
 */
#ifndef STORAGE_LOG_EPOCH_H
#define STORAGE_LOG_EPOCH_H

#include "storage/datafile.h"

#define EPOCH_ACCEPTED_FILE "acceptedEpoch"
#define EPOCH_CURRENT_FILE "currentEpoch"

struct epochs {
    int64_t accepted;
    int64_t current;
};

/*
 * Read both from `dir` (<dataDir>/version-2) for a server whose last
 * transaction is `last`; missing files are made from its epoch.  Repairs what
 * a crash between two writes can leave, and refuses anything else with
 * -EINVAL.  0 or -errno, and `e` tells.
 */
int epoch_load(struct epochs *epochs, const char *dir, zxid_t last,
               struct data_error *e);

/* 0: it is durable; -errno: unchanged, or durable all the same. */
int epoch_store_accepted(const char *dir, int64_t epoch);
int epoch_store_current(const char *dir, int64_t epoch);

#endif
