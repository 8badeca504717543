/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_main.c - the replication process.
 *
 * Forked by the supervisor when log and image are ready, it is the only
 * writer of the tree, the session table and the transaction ring.  It loads
 * the tree from disk, then turns requests into transactions, hands them to
 * the log through the ring, applies what is committed and wakes the client
 * processes.  In an ensemble it leads or follows (repl_role.h), and speaks on
 * the quorum port.  Nothing on disk is its own.  PROC_STOP ends it at once:
 * what was acknowledged is in the log.  If it dies, clients are dropped as when
 * a server loses its leader, and its successor begins here with a fresh tree;
 * positions in the ring go on.
 */
#include <stdlib.h>

#include "daemon/log.h"
#include "daemon/proc.h"
#include "daemon/timer.h"
#include "net/repl/repl_apply.h"
#include "net/repl/repl_history.h"
#include "net/repl/repl_prepare.h"
#include "net/repl/repl_ring.h"
#include "net/repl/repl_role.h"
#include "net/repl/repl_serve.h"
#include "net/repl/repl_session.h"
#include "net/repl/repl_take.h"

enum { STALL_MS = 1 };

/* --- the loop ------------------------------------------------------------ */

static void
follow_conf(struct repl *r)
{
    if (!shm_has_new_conf(r->shm, r->conf_version))
        return;
    r->conf_version = shm_conf(r->shm, &r->conf);
    if (r->is_preparing)
        repl_prepare_follow(r);
}

/* A log that cannot write acknowledges nothing, so neither do we. */
static void
follow_log(struct repl *r)
{
    int err = atomic_load_explicit(&r->shm->log->failed, memory_order_acquire);

    if (r->is_failed || err == 0)
        return;
    r->is_failed = true;
    r->role->end(r);
    repl_end_serving(r);
    log_error("replication: the transaction log failed (%s): this server "
              "stops serving",
              strerror(err));
}

/*
 * What waits for a consumer's cursor is tried again a little later: client
 * processes do not ring when they have read.
 */
static void
watch_stall(struct repl *r)
{
    if (r->is_stalled && !ev_is_active(&r->stall))
        timer_ring_in(r->loop, &r->stall, STALL_MS);
}

/*
 * Learners hear of what was taken before our own log does: their way to a disk
 * is the longer one, and a quorum has it when both are there.
 */
static bool
work(void *arg)
{
    struct repl *r = arg;
    bool more;

    follow_log(r);
    if (r->is_failed)
        return false;
    follow_conf(r);
    more = repl_take(r);
    repl_publish(r);
    r->role->turn(r);
    repl_wake_log(r);
    more |= repl_apply(r);
    more |= r->history && repl_history_is_reading(r->history);
    watch_stall(r);
    repl_service_check(r);
    return more;
}

/* --- now and then --------------------------------------------------------- */

static void
on_stall(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)timer, (void)events; /* the loop turned: work runs */
}

static void
on_beat(void *arg)
{
    struct repl *r = arg;

    repl_rest(r);
    repl_hold_tick(r);
    repl_readonly_tick(r);
    repl_local_tick(r);
    repl_report(r);
}

/* --- start --------------------------------------------------------------- */

static void
lay_out(struct repl *r, struct shm *shm)
{
    *r = (struct repl){.shm = shm, .snap_from = SID_NONE};
    r->conf_version = shm_conf(shm, &r->conf);
    r->sessions =
        session_table_init(shm->session_memory, session_table_bytes());
    r->tree = tree_init(shm->tree_arena, shm->tree_arena_bytes, r->sessions);
    tree_on_give_back(r->tree, tree_madvise);
}

/*
 * The ring goes on where the last life stopped: all that it published was
 * loaded.  Requests of that life are of connections that are gone.
 */
static void
join_ring(struct repl *r)
{
    struct shm_replication *shared = r->shm->replication;

    r->head = r->published = r->rung = atomic_load(&shared->published);
    r->committed = r->applied = r->slowest = r->published;
    ring_memory_init(&r->ring_memory, r->shm->ring.base, r->shm->ring.size,
                     r->head);
    for (uint32_t w = 0; w < r->shm->super->client_count; w++)
        atomic_store(&shared->taken[w],
                     atomic_load(&r->shm->client[w]->requested));
    tree_batch_begin(r->tree);
    tree_batch_end(r->tree, r->applied);
    r->apply_to = r->conf.member_count > 0 ? r->known_committed : r->zxid;
    atomic_store(&shared->committed_zxid, r->apply_to);
    atomic_store(&shared->applied_zxid, r->zxid);
    atomic_store(&shared->outstanding, 0);
    atomic_store(&shared->committed, r->committed);
    atomic_store(&shared->applied, r->applied);
}

static void
start_loop(struct repl *r)
{
    r->loop = ev_loop_new(EVFLAG_AUTO);
    if (!r->loop)
        fatal(EXIT_UNEXPECTED, "replication: no event loop");
    bell_attach(&r->bell, r->loop, r->shm, PROC_REPLICATION, work, r);
    bell_on_beat(&r->bell, on_beat);
    repl_prepare_init(r);
    ev_init(&r->stall, on_stall);
}

noreturn void
repl_main(struct shm *shm)
{
    static struct repl r;

    lay_out(&r, shm);
    repl_load(&r);
    join_ring(&r);
    start_loop(&r);
    proc_ready(PROC_REPLICATION, shm);
    repl_role_start(&r);
    ev_run(r.loop, 0);
    exit(EXIT_SUCCESS);
}
