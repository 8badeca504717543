/* SPDX-License-Identifier: Apache-2.0 */
/* figures.c - see figures.h.  Client and admin processes. */
#include "net/admin/figures.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "daemon/clock.h"

const char figures_not_serving[] =
    "This ZooKeeper instance is not currently serving requests";

/* --- collecting ----------------------------------------------------------- */

static void
add_client(struct figures *f, const struct client_stats *s)
{
    uint64_t count = s->latency_count;

    if (count > 0 &&
        (f->latency_count == 0 || s->latency_min_ms < f->latency_min_ms))
        f->latency_min_ms = s->latency_min_ms;
    if (s->latency_max_ms > f->latency_max_ms)
        f->latency_max_ms = s->latency_max_ms;
    f->latency_count += count;
    f->latency_total_ms += s->latency_total_ms;
    f->received += s->received;
    f->sent += s->sent;
    f->bytes_received += s->bytes_received;
    f->connections += s->connections;
    f->rejected += s->connections_rejected;
    f->outstanding += s->outstanding;
    f->data_watches += s->watches;
    f->child_watches += s->child_watches;
    f->watched_paths += s->watched_paths;
    f->watching += s->watching_connections;
    f->watch_bytes += s->watch_bytes;
    f->connection_requests += s->connection_requests;
    f->throttle_drops += s->throttle_drops;
    if (s->drop_ppm > f->drop_ppm)
        f->drop_ppm = s->drop_ppm;
    f->sessionless_expired += s->sessionless_expired;
    f->auth_failed += s->auth_failed;
    f->revalidations += s->revalidations;
    f->throttled += s->throttled;
}

static void
add_storage(struct figures *f, const struct shm *shm)
{
    f->fsync_count = shm->log->fsync_count;
    f->fsync_total_us = shm->log->fsync_total_us;
    f->fsync_max_us = shm->log->fsync_max_us;
    f->fsync_slow = shm->log->fsync_slow;
    f->log_dir_bytes = shm->log->log_bytes;
    f->data_dir_bytes = shm->image->data_bytes;
    f->snapshots = shm->image->snapshot_count;
    f->snapshot_last_ms = shm->image->snapshot_last_ms;
    f->snapshots_ms = shm->image->snapshot_total_ms;
}

static void
add_tree(struct figures *f, const struct shm *shm)
{
    const struct tree *tree = shm->tree_arena;
    uint64_t seq;

    do {
        seq = tree_read_begin(tree);
        if (seq == 0) {
            f->is_serving = false;
            return;
        }
        tree_totals(tree, &f->tree);
        f->sessions = session_count(shm->session_memory);
    } while (tree_read_retry(tree, seq));
}

/* Members do not change while the server runs, so their lines need no copy. */
static void
add_ensemble(struct ensemble_figures *f, const struct shm *shm)
{
    const struct shm_ensemble *e = &shm->replication->ensemble;
    mono_ms_t since = e->leading_since_ms;

    f->quorum_size = conf_voters(&shm->super->conf);
    f->master_port = shm->super->conf.observer_master_port;
    f->zab_state = e->zab_state;
    f->leader = e->leader;
    f->epoch = e->epoch;
    f->learners = e->learners;
    f->synced_followers = e->synced_followers;
    f->synced_non_voting = e->synced_non_voting;
    f->synced_observers = e->synced_observers;
    f->pending_syncs = e->pending_syncs;
    f->aliens = (uint32_t)__builtin_popcountll(shm->election->aliens);
    f->leader_uptime_ms = since ? clock_mono_ms() - since : 0;
    f->proposal_last = e->proposal_last ? e->proposal_last : -1;
    f->proposal_min = e->proposal_min ? e->proposal_min : -1;
    f->proposal_max = e->proposal_max ? e->proposal_max : -1;
    f->lookings = shm->replication->look.number;
    f->diffs = e->diffs;
    f->snaps = e->snaps;
    f->unavailable_last_ms = e->unavailable_last_ms;
    f->elections = shm->election->elections;
    f->election_last_ms = shm->election->last_election_ms;
    f->elections_ms = shm->election->all_elections_ms;
}

void
figures_collect(const struct shm *shm, struct figures *f)
{
    const struct shm_replication *r = shm->replication;
    struct rlimit files = {0};

    *f = (struct figures){.role = r->role};
    f->is_serving = r->serving != 0 && f->role != ROLE_NONE; /* not held */
    f->uptime_ms = clock_mono_ms() - shm->super->started_ms;
    f->sessions_expired = r->sessions_expired;
    f->local_sessions = r->local_sessions;
    f->proposals = r->proposals;
    f->digest_mismatches = r->digest_mismatches;
    getrlimit(RLIMIT_NOFILE, &files);
    f->max_files = files.rlim_cur;
    for (uint32_t w = 0; w < shm->super->client_count; w++)
        add_client(f, &shm->client[w]->stats);
    add_storage(f, shm);
    add_ensemble(&f->ensemble, shm);
    if (f->is_serving)
        add_tree(f, shm);
}

const char *
figures_state(const struct figures *f)
{
    switch (f->role) {
    case ROLE_LEADING:
        return "leader";
    case ROLE_FOLLOWING:
        return "follower";
    case ROLE_OBSERVING:
        return "observer";
    case ROLE_READ_ONLY:
        return "read-only";
    default:
        return "standalone";
    }
}

const char *
figures_zab_state(const struct figures *f)
{
    static const char *const names[] = {
        [ZAB_ELECTION] = "election",
        [ZAB_DISCOVERY] = "discovery",
        [ZAB_SYNCHRONIZATION] = "synchronization",
        [ZAB_BROADCAST] = "broadcast",
    };

    if (f->ensemble.quorum_size == 0)
        return "";
    return names[f->ensemble.zab_state % ARRAY_COUNT(names)];
}

/* ZK: QuorumPeer.getDetailedState */
const char *
figures_peer_state(const struct figures *f)
{
#define ROW(role, word)                                                        \
    [role] = {                                                                 \
        word " - election",                                                    \
        word " - discovery",                                                   \
        word " - synchronization",                                             \
        word " - broadcast"                                                    \
    }
    static const char *const names[][ZAB_BROADCAST + 1] = {
        ROW(ROLE_LEADING, "leading"),
        ROW(ROLE_FOLLOWING, "following"),
        ROW(ROLE_OBSERVING, "observing"),
    };
#undef ROW

    if (f->ensemble.quorum_size == 0 || f->role == ROLE_READ_ONLY)
        return NULL;
    if (f->role < ROLE_LEADING || f->role > ROLE_OBSERVING)
        return "looking";
    return names[f->role][f->ensemble.zab_state % (ZAB_BROADCAST + 1)];
}

void
figures_format(double value, char text[32])
{
    size_t n;

    snprintf(text, 32, "%.4f", round(value * 10000) / 10000);
    n = strlen(text);
    while (text[n - 1] == '0' && text[n - 2] != '.')
        text[--n] = 0;
}

void
figures_prometheus_name(const char *name, char text[METRIC_NAME_MAX])
{
    bool is_count = strncmp(name, "cnt_", 4) == 0;
    bool is_sum = strncmp(name, "sum_", 4) == 0;

    if (is_count || is_sum)
        snprintf(text, METRIC_NAME_MAX, "%s%s", name + 4,
                 is_count ? "_count" : "_sum");
    else
        snprintf(text, METRIC_NAME_MAX, "%s", name);
}

/* --- the table ------------------------------------------------------------ */

static double
average(double sum, uint64_t count)
{
    return count ? sum / (double)count : 0;
}

double
figures_latency_avg(const struct figures *f)
{
    return average((double)f->latency_total_ms, f->latency_count);
}

/*
 * Of the process that is asked.  A kernel before 6.2 has no size for that
 * folder; to read it takes a microsecond for each file, so they are counted
 * only for those who ask.
 */
static uint64_t
count_files(void)
{
    struct stat s;
    DIR *dir;
    uint64_t n = 0;

    if (stat("/proc/self/fd", &s) == 0 && s.st_size > 0)
        return (uint64_t)s.st_size;
    dir = opendir("/proc/self/fd");
    if (!dir)
        return 0;
    while (readdir(dir))
        n++;
    closedir(dir);
    return n > 3 ? n - 3 : 0; /* two dots and the folder itself */
}

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
    W(GAUGE, open_file_descriptor_count, count_files())                        \
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
    W(GAUGE, foreign_members, e->aliens)

/* ZK: `followers` is the name of `learners` before 3.6, still asked for. */
#define LEADER_METRICS(W, R, T)                                                \
    W(GAUGE, learners, e->learners)                                            \
    W(GAUGE, followers, e->learners)                                           \
    W(GAUGE, synced_followers, e->synced_followers)                            \
    W(GAUGE, synced_non_voting_followers, e->synced_non_voting)                \
    W(GAUGE, synced_observers, e->synced_observers)                            \
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
    T(fsynctime, f->fsync_count, (double)f->fsync_total_us / 1000)             \
    W(GAUGE, max_fsynctime, f->fsync_max_us / 1000)                            \
    T(snapshottime, f->snapshots, f->snapshots_ms)                             \
    W(GAUGE, last_snapshottime, f->snapshot_last_ms)

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

size_t
figures_metrics(const struct figures *f, struct metric m[METRICS_MAX])
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
    }
    OTHER_METRICS(WHOLE, REAL, TIMED)
#undef WHOLE
#undef REAL
#undef TIMED
    return n;
}
