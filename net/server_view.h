/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_view.h - the server as one: what all its processes count, added up.
 *
 * For everything that answers "how is the server": four-letter words,
 * metrics, the admin port.  Reads shared memory only, so it is a picture of
 * about one moment.  Any process.
 */
#ifndef NET_SERVER_VIEW_H
#define NET_SERVER_VIEW_H

#include "daemon/shm.h"
#include "storage/tree.h"

struct server_view {
    bool is_serving;
    enum server_role role;
    zxid_t zxid;
    struct tree_totals tree;
    uint32_t sessions;
    int64_t uptime_ms;

    uint64_t connections, connections_rejected;
    uint64_t received, sent;
    uint64_t outstanding; /* requests read, not yet answered */
    uint64_t latency_count, latency_total_ms;
    uint64_t latency_min_ms, latency_max_ms;
    uint64_t watches, watched_paths, watching_connections;
    uint64_t throttled;
    uint64_t sessions_expired;
    uint64_t proposals;

    uint64_t fsync_count, fsync_total_us, fsync_max_us;
    uint64_t log_bytes, snapshot_bytes;
    uint64_t snapshots, snapshot_last_ms;
    zxid_t persisted_zxid;
};

void server_view_take(const struct shm *shm, struct server_view *view);

/* "standalone", "leader", "follower", "observer"; as `srvr` says it. */
const char *server_role_word(enum server_role role);

/* Average latency in ms; 0 before the first request. */
double server_view_latency(const struct server_view *view);

#endif
