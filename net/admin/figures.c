/* SPDX-License-Identifier: Apache-2.0 */
/* figures.c - see figures.h.  Client and admin processes. */
#include "net/admin/figures.h"

#include <math.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

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
    f->limit_refusals += s->watches_refused;
}

static void
add_storage(struct figures *f, const struct shm *shm)
{
    f->fsync_count = shm->log->fsync_count;
    f->fsync_total_us = shm->log->fsync_total_us;
    f->fsync_max_us = shm->log->fsync_max_us;
    f->fsync_slow = shm->log->fsync_slow;
    f->log_dir_bytes = shm->log->dir_bytes;
    f->data_dir_bytes = shm->image->dir_bytes;
    f->snapshots = shm->image->snapshot_count;
    f->snapshot_last_ms = shm->image->snapshot_last_ms;
    f->snapshots_ms = shm->image->snapshot_total_ms;
    f->image_failed =
        shm->image->failed != 0 || shm->super->pid[PROC_IMAGE] == 0;
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
    f->observer_lag_ms = e->observer_lag_ms;
    f->foreign = (uint32_t)__builtin_popcountll(shm->election->foreign);
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
    f->memory_limit = shm->super->conf.memory_limit;
    f->limit_refusals = r->writes_refused;
    getrlimit(RLIMIT_NOFILE, &files);
    f->max_files = files.rlim_cur;
    for (int i = 0; i < PROC_END; i++)
        f->pid[i] = shm->super->pid[i];
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

double
figures_latency_avg(const struct figures *f)
{
    return f->latency_count
               ? (double)f->latency_total_ms / (double)f->latency_count
               : 0;
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

/* ZK: File.getAbsolutePath */
void
figures_folder(const char *dir, char text[FOLDER_TEXT_MAX])
{
    char cwd[PATH_MAX];
    bool is_whole = *dir == '/' || !getcwd(cwd, sizeof cwd);

    snprintf(text, FOLDER_TEXT_MAX, "%s%s%s/version-2", is_whole ? "" : cwd,
             is_whole ? "" : "/", dir);
}
