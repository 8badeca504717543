/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_serve.c - serving clients, and holding them while the leader changes.
 *
 * A period of service outlives the loss of a leader.  For HOLD_MS clients
 * keep their connections, reads go on from the tree, and requests wait in
 * their rings.  When there is a leader again, the requests that the last one
 * got are of two kinds:
 *
 *      in the history      they were prepared; they are answered when what
 *                          they became is committed, as always
 *      not in it           nobody will ever commit them, for their epoch is
 *                          closed: they are asked again, in their order
 *
 * So no request is lost and none is done twice.  Clients are let go when no
 * leader is found in time, when the tree is replaced by a snapshot, and when
 * the same leader has us again in the same epoch: it may still be at work on
 * what it got before, and has our sessions down as another connection's.
 *
 * The replication process.
 */
#include "daemon/clock.h"
#include "daemon/log.h"
#include "net/zab/forward.h"
#include "net/repl/repl.h"

enum { HOLD_MS = 2000 };

/* ZK: leaderServes=no, a leader that leaves all clients to its followers. */
static bool
takes_clients(const struct repl *r, enum server_role kind)
{
    return kind != ROLE_LEADING || r->conf.leader_serves;
}

static void
set_serving(struct repl *r, uint32_t period)
{
    struct shm_replication *shared = r->shm->replication;

    if (period == 0 && !r->is_read_only && shared->serving != 0)
        r->unserved_since = clock_mono_ms();
    if (period != 0 && !r->is_read_only && r->unserved_since != 0)
        atomic_store(&shared->ensemble.unavailable_last_ms,
                     (uint64_t)(clock_mono_ms() - r->unserved_since));
    repl_local_clear(r);
    atomic_store(&shared->serving, period);
    bell_ring_clients(r->shm);
    bell_ring(r->shm, PROC_SUPER);
}

static uint32_t
new_period(struct repl *r)
{
    return atomic_fetch_add(&r->shm->replication->periods, 1) + 1;
}

void
repl_end_serving(struct repl *r)
{
    r->is_holding = r->is_asking_again = false;
    r->is_preparing = false;
    repl_stop_clocks(r);
    if (r->forward)
        forward_clear(r->forward);
    atomic_store(&r->shm->replication->role, ROLE_NONE);
    set_serving(r, 0);
}

bool
repl_is_alone_with_tree(const struct repl *r)
{
    for (uint32_t w = 0; w < r->shm->super->client_count; w++)
        if (atomic_load(&r->shm->client[w]->attached) != 0)
            return false;
    return true;
}

/* --- through a change of leader ------------------------------------------ */

void
repl_hold(struct repl *r)
{
    struct shm_replication *shared = r->shm->replication;

    if (shared->serving == 0) {
        repl_end_serving(r);
        return;
    }
    r->is_preparing = false;
    repl_stop_clocks(r);
    repl_local_hold(r);
    if (!r->is_holding)
        r->hold_until = clock_mono_ms() + HOLD_MS;
    r->is_holding = true;
    atomic_store(&shared->role, ROLE_NONE);
}

void
repl_hold_tick(struct repl *r)
{
    if (!r->is_holding || clock_mono_ms() < r->hold_until)
        return;
    log_warn("replication: no leader for %d ms: clients are let go", HOLD_MS);
    repl_end_serving(r);
}

bool
repl_ask_again(struct repl *r)
{
    const struct req *req;
    struct origin o;

    while ((req = forward_oldest(r->forward, r->again_end, &o)) != NULL) {
        if (!r->role->take(r, req, &o))
            return false;
        forward_drop(r->forward);
    }
    r->is_asking_again = false;
    return true;
}

/* Clients that were held go on; false: they cannot. */
static bool
go_on(struct repl *r, int64_t epoch)
{
    uint64_t waiting = r->forward ? forward_waiting(r->forward) : 0;

    if (!r->is_holding || epoch == r->served_epoch)
        return false;
    r->is_holding = false;
    r->is_asking_again = waiting > 0;
    r->again_end = waiting > 0 ? r->forward->newest : 0;
    log_info("replication: clients were held through the change of leader, "
             "%llu requests are asked again",
             (unsigned long long)waiting);
    bell_ring_clients(r->shm);
    return true;
}

void
repl_serve(struct repl *r, enum server_role kind, int64_t epoch)
{
    struct shm_replication *shared = r->shm->replication;

    if (r->known_committed > shared->committed_zxid)
        atomic_store(&shared->committed_zxid, r->known_committed);
    repl_session_start(r);
    repl_report(r);
    atomic_store(&shared->role, kind);
    if (!takes_clients(r, kind)) {
        set_serving(r, 0);
        log_info("replication: leaderServes=no: clients are not served here");
    } else if (!go_on(r, epoch)) {
        r->is_holding = false;
        if (r->forward)
            forward_clear(r->forward);
        set_serving(r, new_period(r));
    }
    r->served_epoch = epoch;
}

void
repl_serve_read_only(struct repl *r)
{
    repl_session_start(r);
    atomic_store(&r->shm->replication->role, ROLE_READ_ONLY);
    set_serving(r, new_period(r));
}
