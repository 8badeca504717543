/* SPDX-License-Identifier: Apache-2.0 */
/*
 * purge.h - removing snapshots and logs that nobody needs to start from.
 *
 * It keeps the newest `retain` snapshots that look whole; every log file that
 * may hold a transaction behind the oldest of these, or behind the image; and
 * always the newest log file.  Nothing is removed while there is no snapshot.
 * Image process.  ZK: PurgeTxnLog (spec/quorum-protocol.md 11.10)
 */
#ifndef STORAGE_IMAGE_PURGE_H
#define STORAGE_IMAGE_PURGE_H

#include "storage/datadir.h"

struct purged {
    uint32_t snapshots, logs;
};

/*
 * `persisted` is the image's zxid as it is durable.  0 or -errno, and `e`
 * tells; in either case what was removed.
 */
int purge(const struct datadir *d, uint32_t retain, zxid_t persisted,
          struct purged *purged, struct data_error *e);

#endif
