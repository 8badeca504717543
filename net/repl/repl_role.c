/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_role.c - which role this server has, and how it changes.
 *
 *      STANDALONE                        no members: for ever
 *
 *      LOOKING -> LEADING | FOLLOWING | OBSERVING -> LOOKING -> ...
 *
 * Looking, the process first waits until its ring is on disk and no order to
 * the log is open, so that what it says of its history holds; then it asks
 * the election process and waits for its word.
 *
 * The replication process.
 */
#include "net/repl/repl_role.h"

#include <inttypes.h>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/memory.h"
#include "election/quorum_conf.h"
#include "net/repl/repl_config.h"
#include "net/repl/repl_history.h"
#include "net/repl/repl_order.h"
#include "net/repl/repl_prepare.h"
#include "net/repl/repl_ring.h"
#include "net/repl/repl_serve.h"
#include "net/repl/repl_session.h"
#include "net/repl/repl_take.h"
#include "net/zab/forward.h"
#include "storage/log/epoch.h"

enum {
    AT_ONCE_MS = 100,
    PAUSE_MS = 200,
    AHEAD_PAUSE_MS = 5000,
    NO_VOTE = -1, /* zxid of who neither votes nor is elected (11.7) */
};

/* --- a leader is there ---------------------------------------------------- */

/*
 * Apache's leader shows its clients the first zxid of its epoch before there
 * is a transaction in it, and they must be welcome here.
 * ZK: Leader.startZkServer; ZooKeeperServer.processConnectRequest
 */
void
repl_reached(struct repl *r, int64_t epoch)
{
    tree_batch_begin(r->tree);
    tree_reached(r->tree, ZXID(epoch, 0));
    tree_batch_end(r->tree, r->applied);
}

void
repl_established(struct repl *r, int64_t epoch)
{
    struct shm_look *look = &r->shm->replication->look;

    r->epoch = epoch;
    r->looking.ahead = 0;
    atomic_store(&r->shm->replication->ensemble.is_ahead, false);
    resolver_meet(&r->resolver, &r->conf);
    atomic_store(&look->established_epoch, epoch);
    atomic_store(&look->established, r->looking.number);
    bell_ring(r->shm, PROC_ELECTION);
}

/* --- looking for a leader ------------------------------------------------ */

/* Clients that are held wait; of others, nobody waits for an answer. */
static bool
take_nothing(struct repl *r, const struct req *req, const struct origin *o)
{
    (void)r, (void)req, (void)o;
    return true;
}

/*
 * A role that was refused at once may be refused for ever: a leader that does
 * not take us is tried a few times a second, not all the time; one that we
 * shall not follow before an operator has acted, seldom.
 */
static mono_ms_t
after_a_pause(const struct repl *r)
{
    mono_ms_t now = clock_mono_ms();

    if (r->looking.ahead >= AHEAD_TIMES)
        return now + AHEAD_PAUSE_MS;
    return r->epoch == 0 && now - r->looking.found < AT_ONCE_MS ? now + PAUSE_MS
                                                                : 0;
}

void
repl_look(struct repl *r, const char *why)
{
    struct shm_look *look = &r->shm->replication->look;

    repl_publish(r);
    /* Those whom we led look for another leader, and will ask us as well. */
    atomic_store(&look->ended, r->looking.number);
    bell_ring(r->shm, PROC_ELECTION);
    r->looking.ask_at = after_a_pause(r);
    r->role->end(r);
    repl_hold(r);
    r->role = &role_looking;
    r->looking.is_asked = false;
    r->looking.since = clock_mono_ms();
    r->epoch = 0;
    repl_report(r);
    log_info("replication: looking for a leader: %s zxid=0x%" PRIx64, why,
             (uint64_t)r->last);
}

/* storage/log/epoch.h: it has nothing, or not all of what a leader gave it. */
static bool
is_to_be_filled(const struct repl *r)
{
    return !r->conf.is_observer &&
           atomic_load(&r->shm->log->current_epoch) == EPOCH_NONE;
}

static void
tell_to_be_filled(const struct repl *r)
{
    log_warn("replication: this server has no vote: its data directory is "
             "empty, or the leader has not given it all yet, and "
             "db.autocreate=false. It counts when it has everything from a "
             "leader, whom others must elect. Only where nobody has any data, "
             "as in a new ensemble: make an empty file %s/initialize, on each "
             "server, and restart them",
             r->conf.data_log_dir);
}

/* repl_config.c: our quorums may be none. */
static bool
has_vote(const struct repl *r)
{
    return !atomic_load(&r->shm->replication->ensemble.is_outdated) &&
           !is_to_be_filled(r);
}

static void
ask(struct repl *r)
{
    struct shm_look *look = &r->shm->replication->look;

    if (is_to_be_filled(r))
        tell_to_be_filled(r);
    r->looking.is_asked = true;
    r->looking.number = atomic_load(&look->number) + 1;
    atomic_store(&look->zxid, has_vote(r) ? r->last : NO_VOTE);
    atomic_store(&look->epoch, atomic_load(&r->shm->log->current_epoch));
    atomic_store(&look->number, r->looking.number);
    bell_ring(r->shm, PROC_ELECTION);
}

static void
take_role(struct repl *r, sid_t leader)
{
    r->role->end(r);
    atomic_store(&r->shm->replication->look.is_taken, false);
    r->looking.found = clock_mono_ms();
    if (leader == r->conf.my_sid)
        repl_lead(r);
    else
        repl_learn(r, leader);
}

static void
looking_turn(struct repl *r)
{
    const struct shm_election *election = r->shm->election;
    int result;

    repl_order_done(r, &result); /* what the last role ordered, if it did */
    if (r->is_ordering || atomic_load(&r->shm->log->durable) < r->published)
        return;
    if (!r->looking.is_asked && clock_mono_ms() >= r->looking.ask_at)
        ask(r);
    else if (r->looking.is_asked &&
             atomic_load(&election->decided) == r->looking.number)
        take_role(r, atomic_load(&election->leader));
}

const struct role role_looking = {
    .name = "looking",
    .take = take_nothing,
    .turn = looking_turn,
    .end = repl_readonly_end,
};

/* --- a server of its own ------------------------------------------------- */

static void
alone_turn(struct repl *r)
{
    (void)r;
}

static void
nothing_to_end(struct repl *r)
{
    (void)r;
}

const struct role role_standalone = {
    .name = "standalone",
    .is_alone = true,
    .take = repl_take_ordering,
    .turn = alone_turn,
    .end = nothing_to_end,
};

static void
join_ensemble(struct repl *r)
{
    quorum_of_conf(&r->conf, &r->quorum);
    resolver_init(&r->resolver, r->loop);
    r->history = repl_history_new(r);
    if (!r->history)
        fatal(EXIT_UNEXPECTED, "replication: no memory for an ensemble");
    r->forward = memory_reserve(sizeof *r->forward);
    r->heard_remote = memory_reserve(SESSIONS_MAX * sizeof *r->heard_remote);
    repl_put_config(r);
    repl_local_start(r);
    r->role = &role_looking;
    r->looking.since = clock_mono_ms();
    repl_report(r); /* the process before us may have said something else */
}

void
repl_role_start(struct repl *r)
{
    if (r->conf.member_count > 0) {
        join_ensemble(r);
        log_info("replication: looking for a leader zxid=0x%" PRIx64,
                 (uint64_t)r->last);
        return;
    }
    r->role = &role_standalone;
    repl_prepare_from(r, r->last);
    repl_serve(r, ROLE_STANDALONE, 0);
    log_info("replication: standalone zxid=0x%" PRIx64, (uint64_t)r->last);
}
