/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_main.c - the replication process.
 *
 * Forked by the supervisor when log and image are ready, it is the only
 * writer of the tree, the session table and the transaction ring.  It loads
 * the tree from disk, then turns requests into transactions, hands them to
 * the log through the ring, applies what is committed and wakes the client
 * processes.  In an ensemble it leads or follows (role.h), and speaks on the
 * quorum port.  Nothing on disk is its own.  PROC_STOP ends it at once: what
 * was acknowledged is in the log.  If it dies, clients are dropped as when a
 * server loses its leader, and its successor begins here with a fresh tree;
 * positions in the ring go on.
 */
#include <stdlib.h>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/proc.h"
#include "net/repl/repl.h"
#include "net/repl/repl_history.h"

static const double stall_s = 0.001;
static const double rest_s = 0.25;

/* --- the loop ------------------------------------------------------------ */

void
repl_publish(struct repl *r)
{
    if (r->published == r->head)
        return;
    r->published = r->head;
    atomic_store_explicit(&r->shm->replication->published, r->head,
                          memory_order_release);
}

static void
ring_log(struct repl *r)
{
    if (r->rung == r->published)
        return;
    r->rung = r->published;
    bell_ring(r->shm, PROC_LOG);
}

static void
follow_conf(struct repl *r)
{
    struct prep_rules before = r->prep.rules;

    if (!shm_has_new_conf(r->shm, r->conf_version))
        return;
    r->conf_version = shm_conf(r->shm, &r->conf);
    if (!r->is_preparing)
        return;
    prep_rules_of(&r->conf, &r->prep.rules);
    /* What was taken in already may be as large as it was; pending nodes were
       made with a digest, or without. */
    if (r->prep.rules.txn_max < before.txn_max)
        r->prep.rules.txn_max = before.txn_max;
    r->prep.rules.digest_enabled = before.digest_enabled;
    reaper_follow(&r->reaper, &r->conf, clock_mono_ms());
    if (ev_is_active(&r->reap))
        ev_feed_event(r->loop, &r->reap, EV_TIMER); /* when to look next? */
}

/* A log that cannot write acknowledges nothing, so neither do we. */
static bool
log_failed(struct repl *r)
{
    int err = atomic_load_explicit(&r->shm->log->failed, memory_order_acquire);

    if (r->is_failed || err == 0)
        return r->is_failed;
    r->is_failed = true;
    r->role->end(r);
    repl_end_serving(r);
    log_error("replication: the transaction log failed (%s): this server "
              "stops serving; repair the disk and restart it",
              strerror(err < 0 ? -err : err));
    return true;
}

/*
 * What waits for a consumer's cursor is tried again a little later: client
 * processes do not ring when they have read.
 */
static void
watch_stall(struct repl *r)
{
    if (r->is_stalled && !ev_is_active(&r->stall)) {
        ev_timer_set(&r->stall, stall_s, 0.);
        ev_timer_start(r->loop, &r->stall);
    }
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

    if (log_failed(r))
        return false;
    follow_conf(r);
    more = repl_take(r);
    repl_publish(r);
    r->role->turn(r);
    ring_log(r);
    more |= repl_apply(r);
    more |= r->history && repl_history_is_reading(r->history);
    watch_stall(r);
    repl_service_check(r);
    return more;
}

/* --- timers: the loop turns after each, and work runs --------------------- */

static void
again_at(struct repl *r, ev_timer *timer, mono_ms_t when)
{
    mono_ms_t wait = when - clock_mono_ms();

    ev_timer_stop(r->loop, timer);
    ev_timer_set(timer, (double)(wait < 1 ? 1 : wait) / 1000., 0.);
    ev_timer_start(r->loop, timer);
}

static void
on_expire(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct repl *r = timer->data;

    (void)loop, (void)events;
    if (!r->is_failed)
        repl_session_expire(r);
    watch_stall(r);
    again_at(r, timer, r->expiry.due);
}

static void
on_reap(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct repl *r = timer->data;
    uint8_t record[REAPER_LIST_BYTES];
    struct jute_out out = jute_out_of(record, sizeof record);
    mono_ms_t again;
    struct bytes path = reaper_next(&r->reaper, r->tree, clock_mono_ms(),
                                    clock_wall_ms(), &again);

    (void)loop, (void)events;
    if (path.size >= 0 && !r->is_failed) {
        jute_put_bytes(&out, path);
        /* Refused for want of room: the next look finds it again. */
        repl_submit(r, ZK_OP_DELETE_CONTAINER, 0,
                    (struct bytes){record, (int32_t)jute_out_size(&out)});
    }
    again_at(r, timer, again);
}

void
repl_start_clocks(struct repl *r)
{
    mono_ms_t now = clock_mono_ms();

    expiry_init(&r->expiry, r->sessions, r->conf.tick_time_ms, now);
    reaper_init(&r->reaper, &r->conf, now, clock_wall_ms());
    repl_revive_sessions(r);
    again_at(r, &r->expire, r->expiry.due);
    again_at(r, &r->reap, r->reaper.next_look);
}

void
repl_stop_clocks(struct repl *r)
{
    ev_timer_stop(r->loop, &r->expire);
    ev_timer_stop(r->loop, &r->reap);
}

static void
on_stall(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)timer, (void)events; /* the loop turned: work runs */
}

static void
on_rest(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)events;
    repl_rest(timer->data);
    repl_hold_tick(timer->data);
    repl_readonly_tick(timer->data);
    repl_local_tick(timer->data);
    repl_report(timer->data);
}

/* --- start --------------------------------------------------------------- */

static void
lay_out(struct repl *r, struct shm *shm)
{
    *r = (struct repl){.shm = shm};
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
    r->commit_zxid = r->conf.member_count > 0 ? r->known_committed : r->zxid;
    atomic_store(&shared->committed_zxid, r->commit_zxid);
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
    ev_init(&r->expire, on_expire);
    ev_init(&r->reap, on_reap);
    ev_init(&r->stall, on_stall);
    ev_timer_init(&r->rest, on_rest, rest_s, rest_s);
    r->expire.data = r->reap.data = r->stall.data = r->rest.data = r;
    ev_timer_start(r->loop, &r->rest);
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
