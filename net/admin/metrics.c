/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.c - see metrics.h.  Client and admin processes. */
#include "net/admin/metrics.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

/* --- what is counted when somebody asks ----------------------------------- */

/* A kernel before 6.2 has no size for that folder. */
static uint64_t
count_files(const char *folder)
{
    struct stat s;
    DIR *dir;
    uint64_t n = 0;

    if (stat(folder, &s) == 0 && s.st_size > 0)
        return (uint64_t)s.st_size;
    dir = opendir(folder);
    if (!dir)
        return 0;
    while (readdir(dir))
        n++;
    closedir(dir);
    return n > 2 ? n - 2 : 0; /* two dots; of our own the folder, too */
}

/*
 * Of the process that has most: the limit is each one's own.  To read those
 * folders takes a microsecond for each file, so this is not counted for who
 * does not ask.
 */
static uint64_t
most_files(const struct figures *f)
{
    uint64_t most = count_files("/proc/self/fd");
    char folder[32];

    for (int i = 0; i < PROC_END; i++) {
        uint64_t n;

        snprintf(folder, sizeof folder, "/proc/%d/fd", f->pid[i]);
        n = f->pid[i] ? count_files(folder) : 0;
        if (n > most)
            most = n;
    }
    return most;
}

/* --- the table ------------------------------------------------------------ */

/*
 * kind, name, value: whole numbers (W) and fractions (R); name, how often and
 * how long in all of what is timed (T), in ms.  The order is that of mntr: what
 * scripts look for comes first, since some read 2048 bytes.  What only a member
 * or a leader has is absent elsewhere, not zero.
 */
#define FIRST_METRICS(W, R, T)                                                 \
    R(GAUGE, avg_latency, figures_latency_avg(f))                              \
    W(GAUGE, max_latency, f->latency_max_ms)                                   \
    W(GAUGE, min_latency, f->latency_min_ms)                                   \
    W(GAUGE, packets_received, f->received)                                    \
    W(GAUGE, packets_sent, f->sent)                                            \
    W(GAUGE, num_alive_connections, f->connections)                            \
    W(GAUGE, outstanding_requests, f->outstanding)                             \
    W(GAUGE, znode_count, f->tree.node_count)                                  \
    W(GAUGE, watch_count, f->data_watches + f->child_watches)                  \
    W(GAUGE, ephemerals_count, f->tree.ephemeral_count)                        \
    W(GAUGE, approximate_data_size, f->tree.data_bytes)                        \
    W(GAUGE, open_file_descriptor_count, most_files(f))                        \
    W(GAUGE, max_file_descriptor_count, f->max_files)

#define MEMBER_METRICS(W, R, T)                                                \
    W(GAUGE, quorum_size, e->quorum_size)                                      \
    W(GAUGE, epoch, e->epoch)                                                  \
    W(COUNTER, looking_count, e->lookings)                                     \
    T(election_time, e->elections, e->elections_ms)                            \
    W(GAUGE, last_election_time, e->election_last_ms)                          \
    W(GAUGE, last_unavailable_time, e->unavailable_last_ms)                    \
    W(COUNTER, diff_count, e->diffs)                                           \
    W(COUNTER, snap_count, e->snaps)                                           \
    W(GAUGE, foreign_members, e->foreign)

/* ZK: `followers` is the name of `learners` before 3.6, still asked for. */
#define LEADER_METRICS(W, R, T)                                                \
    W(GAUGE, learners, e->learners)                                            \
    W(GAUGE, followers, e->learners)                                           \
    W(GAUGE, synced_followers, e->synced_followers)                            \
    W(GAUGE, synced_non_voting_followers, e->synced_non_voting)                \
    W(GAUGE, synced_observers, e->synced_observers)                            \
    W(GAUGE, observer_lag_ms, e->observer_lag_ms)                              \
    W(GAUGE, pending_syncs, e->pending_syncs)                                  \
    W(GAUGE, leader_uptime, e->leader_uptime_ms)                               \
    W(GAUGE, last_proposal_size, e->proposal_last)                             \
    W(GAUGE, max_proposal_size, e->proposal_max)                               \
    W(GAUGE, min_proposal_size, e->proposal_min)

#define OTHER_METRICS(W, R, T)                                                 \
    W(GAUGE, uptime, f->uptime_ms)                                             \
    W(GAUGE, global_sessions, f->sessions)                                     \
    W(GAUGE, local_sessions, f->local_sessions)                                \
    W(GAUGE, auth_failed_count, f->auth_failed)                                \
    W(GAUGE, outstanding_tls_handshake, 0)                                     \
    W(GAUGE, non_mtls_remote_conn_count, 0)                                    \
    W(GAUGE, non_mtls_local_conn_count, 0)                                     \
    R(GAUGE, connection_drop_probability, (double)f->drop_ppm / 1e6)           \
    W(COUNTER, connection_rejected, f->rejected)                               \
    W(COUNTER, connection_drop_count, f->throttle_drops)                       \
    W(COUNTER, connection_request_count, f->connection_requests)               \
    W(COUNTER, connection_revalidate_count, f->revalidations)                  \
    W(COUNTER, revalidate_count, f->revalidations)                             \
    W(COUNTER, sessionless_connections_expired, f->sessionless_expired)        \
    W(COUNTER, stale_sessions_expired, f->sessions_expired)                    \
    W(COUNTER, throttled_ops, f->throttled)                                    \
    W(COUNTER, bytes_received_count, f->bytes_received)                        \
    W(COUNTER, proposal_count, f->proposals)                                   \
    W(COUNTER, commit_count, f->proposals)                                     \
    W(COUNTER, digest_mismatches_count, f->digest_mismatches)                  \
    W(COUNTER, fsync_threshold_exceed_count, f->fsync_slow)                    \
    W(GAUGE, watch_bytes, f->watch_bytes)                                      \
    W(GAUGE, tree_memory_bytes, f->tree.memory_bytes)                          \
    W(GAUGE, memory_limit_bytes, f->memory_limit)                              \
    W(COUNTER, memory_limit_refused_count, f->limit_refusals)                  \
    T(fsynctime, f->fsync_count, (double)f->fsync_total_us / 1000)             \
    W(GAUGE, max_fsynctime, f->fsync_max_us / 1000)                            \
    T(snapshottime, f->snapshots, f->snapshots_ms)                             \
    W(GAUGE, last_snapshottime, f->snapshot_last_ms)                           \
    W(GAUGE, image_failed, f->image_failed)

/* clang-format off */
#define ONE(kind, name, value) + 1
#define THREE(name, count, sum) + 3
_Static_assert(0 FIRST_METRICS(ONE, ONE, THREE)
                 MEMBER_METRICS(ONE, ONE, THREE)
                 LEADER_METRICS(ONE, ONE, THREE)
                 OTHER_METRICS(ONE, ONE, THREE) <= METRICS_MAX, "all fit in");
#undef ONE
#undef THREE
/* clang-format on */

static double
average(double sum, uint64_t count)
{
    return count ? sum / (double)count : 0;
}

size_t
metrics_of(const struct figures *f, struct metric m[METRICS_MAX])
{
    const struct ensemble_figures *e = &f->ensemble;
    size_t n = 0;

#define WHOLE(kind, name, value)                                               \
    m[n++] = (struct metric){#name, METRIC_##kind, false, (int64_t)(value), 0};
#define REAL(kind, name, value)                                                \
    m[n++] = (struct metric){#name, METRIC_##kind, true, 0, (value)};
#define TIMED(name, count, sum)                                                \
    REAL(GAUGE, avg_##name, average((double)(sum), count))                     \
    WHOLE(COUNTER, cnt_##name, count)                                          \
    WHOLE(COUNTER, sum_##name, sum)
    FIRST_METRICS(WHOLE, REAL, TIMED)
    if (e->quorum_size > 0) {
        MEMBER_METRICS(WHOLE, REAL, TIMED)
    }
    if (f->role == ROLE_LEADING) {
        LEADER_METRICS(WHOLE, REAL, TIMED)
    }
    if (f->role == ROLE_FOLLOWING && e->master_port > 0) {
        WHOLE(GAUGE, synced_observers, e->synced_observers)
        WHOLE(GAUGE, observer_lag_ms, e->observer_lag_ms)
    }
    OTHER_METRICS(WHOLE, REAL, TIMED)
#undef WHOLE
#undef REAL
#undef TIMED
    return n;
}

void
metrics_prometheus_name(const char *name, char text[METRIC_NAME_MAX])
{
    bool is_count = strncmp(name, "cnt_", 4) == 0;
    bool is_sum = strncmp(name, "sum_", 4) == 0;

    if (is_count || is_sum)
        snprintf(text, METRIC_NAME_MAX, "%s%s", name + 4,
                 is_count ? "_count" : "_sum");
    else
        snprintf(text, METRIC_NAME_MAX, "%s", name);
}
