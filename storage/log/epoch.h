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
 *
 * With db.autocreate=false a server that is empty has no current epoch until it
 * has all that a leader had: it may have lost what it acknowledged, so it has
 * no say in who leads.  The file tells of it for as long: a start in the middle
 * of the first synchronisation finds data, and not all of it.
 * ZK: QuorumPeer.loadDataBase, setAcceptedEpoch (quorum-protocol.md 11.6)
 */
#ifndef STORAGE_LOG_EPOCH_H
#define STORAGE_LOG_EPOCH_H

#include "storage/datafile.h"

#define EPOCH_ACCEPTED_FILE "acceptedEpoch"
#define EPOCH_CURRENT_FILE "currentEpoch"

enum { EPOCH_NONE = -1 }; /* current, of such a server */

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

/* Whether currentEpoch in `dir` is EPOCH_NONE. */
bool epoch_is_none(const char *dir);

/* It is from here on; what was promised stays.  0 or -errno, and `e` tells. */
int epoch_load_none(struct epochs *epochs, const char *dir,
                    struct data_error *e);

/* It is no more: this server takes part as it is.  0 or -errno; `e` tells. */
int epoch_end_none(const char *dir, struct data_error *e);

/* 0: it is durable; -errno: unchanged, or durable all the same. */
int epoch_store_accepted(const char *dir, int64_t epoch);
int epoch_store_current(const char *dir, int64_t epoch);

#endif
