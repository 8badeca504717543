/* SPDX-License-Identifier: Apache-2.0 */
/*
 * figures.h - the server in numbers, added up over its processes.
 *
 * Read from shared memory, each number of its own moment.  How they are called
 * and shown: metrics.h, four.h, admin_commands.h.
 * Client and admin processes.  Facts: spec/operations.md 8.
 */
#ifndef NET_ADMIN_FIGURES_H
#define NET_ADMIN_FIGURES_H

#include <limits.h>

#include "daemon/shm.h"
#include "storage/tree/tree.h"

/* What a member of an ensemble tells; see struct shm_ensemble. */
struct ensemble_figures {
    uint32_t zab_state;   /* enum zab_state */
    uint32_t quorum_size; /* all voters; 0: a server of its own */
    sid_t leader;
    int64_t epoch;
    int32_t master_port; /* a follower's, for observers; 0: none */
    uint32_t learners, synced_followers, synced_non_voting, synced_observers;
    uint32_t pending_syncs;
    int64_t observer_lag_ms;
    uint32_t foreign; /* members of another ensemble */
    int64_t leader_uptime_ms;
    int64_t proposal_last, proposal_min, proposal_max; /* -1: none yet */
    uint64_t lookings, diffs, snaps, unavailable_last_ms;
    uint64_t elections, election_last_ms, elections_ms;
};

/* Sums over all client processes, and what the others tell. */
struct figures {
    bool is_serving;
    uint32_t role; /* enum server_role */
    struct ensemble_figures ensemble;
    struct tree_totals tree;
    uint64_t sessions, local_sessions;
    int64_t uptime_ms;
    uint64_t received, sent, bytes_received;
    uint64_t latency_count, latency_total_ms, latency_min_ms, latency_max_ms;
    uint64_t connections, rejected, outstanding;
    uint64_t data_watches, child_watches, watched_paths, watching;
    uint64_t connection_requests, throttle_drops, sessionless_expired;
    uint64_t drop_ppm; /* of the process that drops most */
    uint64_t auth_failed, revalidations, throttled, watch_bytes;
    int64_t memory_limit;    /* bytes of tree and watches together */
    uint64_t limit_refusals; /* of writes, by who orders them, and watches */
    uint64_t max_files;
    int32_t pid[PROC_END]; /* of our processes; 0: there is none */
    uint64_t sessions_expired, proposals, digest_mismatches;
    uint64_t fsync_count, fsync_total_us, fsync_max_us, fsync_slow;
    uint64_t snapshots, snapshot_last_ms, snapshots_ms;
    bool image_failed; /* it cannot be written, or its process is gone */
    uint64_t data_dir_bytes, log_dir_bytes;
};

void figures_collect(const struct shm *shm, struct figures *f);

/* The answer to most questions while the server does not serve. */
extern const char figures_not_serving[];

/* "standalone", "leader", "follower", "observer", "read-only". */
const char *figures_state(const struct figures *f);

/*
 * "leading - broadcast", "following - synchronization", "looking"; NULL for a
 * server of its own, or in read-only mode.
 */
const char *figures_peer_state(const struct figures *f);

/* "election" to "broadcast", "" for a server of its own. */
const char *figures_zab_state(const struct figures *f);

/* Of all answers, 0 if there was none. */
double figures_latency_avg(const struct figures *f);

/* At least one and at most four fraction digits, as Java prints. */
void figures_format(double value, char text[32]);

enum { FOLDER_TEXT_MAX = PATH_MAX + CONF_PATH_MAX + 16 };

/*
 * Where the files of `dir` lie, from the root: a configured folder may be
 * relative to the one that the server was started in.
 */
void figures_folder(const char *dir, char text[FOLDER_TEXT_MAX]);

#endif
