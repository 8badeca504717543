/* SPDX-License-Identifier: Apache-2.0 */
/* server_view.c - see server_view.h.  Any process; reads, never waits. */
#include "net/server_view.h"

#include "daemon/clock.h"
#include "storage/session.h"

#define LOAD(from) atomic_load_explicit(&(from), memory_order_relaxed)

static void
add_client(struct server_view *v, const struct client_stats *s)
{
    uint64_t min_ms = LOAD(s->latency_min_ms);
    uint64_t max_ms = LOAD(s->latency_max_ms);
    uint64_t count = LOAD(s->latency_count);

    if (count > 0 && (v->latency_count == 0 || min_ms < v->latency_min_ms))
        v->latency_min_ms = min_ms;
    if (max_ms > v->latency_max_ms)
        v->latency_max_ms = max_ms;
    v->latency_count += count;
    v->latency_total_ms += LOAD(s->latency_total_ms);
    v->received += LOAD(s->received);
    v->sent += LOAD(s->sent);
    v->connections += LOAD(s->connections);
    v->connections_rejected += LOAD(s->connections_rejected);
    v->outstanding += LOAD(s->outstanding);
    v->watches += LOAD(s->watches);
    v->watched_paths += LOAD(s->watched_paths);
    v->watching_connections += LOAD(s->watching_connections);
    v->throttled += LOAD(s->throttled);
}

static void
look_at_replication(const struct shm *shm, struct server_view *v)
{
    const struct shm_replication *r = shm->replication;
    uint32_t serving = atomic_load(&r->serving);

    v->role = (enum server_role)LOAD(r->role);
    v->is_serving = serving != 0 &&
                    serving == atomic_load(&shm->super->life[PROC_REPLICATION]);
    v->zxid = LOAD(r->applied_zxid);
    v->sessions_expired = LOAD(r->sessions_expired);
    v->proposals = LOAD(r->proposals);
    if (!v->is_serving)
        return;
    tree_totals(shm->tree_arena, &v->tree);
    v->sessions = session_count(shm->session_memory);
}

static void
look_at_storage(const struct shm *shm, struct server_view *v)
{
    v->fsync_count = LOAD(shm->log->fsync_count);
    v->fsync_total_us = LOAD(shm->log->fsync_total_us);
    v->fsync_max_us = LOAD(shm->log->fsync_max_us);
    v->log_bytes = LOAD(shm->log->log_bytes);
    v->snapshot_bytes = LOAD(shm->image->data_bytes);
    v->snapshots = LOAD(shm->image->snapshot_count);
    v->snapshot_last_ms = LOAD(shm->image->snapshot_last_ms);
    v->persisted_zxid = LOAD(shm->image->persisted_zxid);
}

void
server_view_take(const struct shm *shm, struct server_view *view)
{
    *view = (struct server_view){
        .uptime_ms = clock_wall_ms() - shm->super->started_wall_ms,
    };
    look_at_replication(shm, view);
    look_at_storage(shm, view);
    for (uint32_t w = 0; w < shm->super->client_count; w++)
        add_client(view, &shm->client[w]->stats);
}

const char *
server_role_word(enum server_role role)
{
    static const char *const words[] = {
        [ROLE_NONE] = "looking",       [ROLE_STANDALONE] = "standalone",
        [ROLE_LEADING] = "leader",     [ROLE_FOLLOWING] = "follower",
        [ROLE_OBSERVING] = "observer",
    };

    return (size_t)role < ARRAY_COUNT(words) ? words[role] : "looking";
}

double
server_view_latency(const struct server_view *view)
{
    return view->latency_count > 0
               ? (double)view->latency_total_ms / (double)view->latency_count
               : 0;
}
