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
#include <errno.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "daemon/check.h"
#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/memory.h"
#include "election/quorum_conf.h"
#include "net/access/byte_set.h"
#include "net/zab/forward.h"
#include "net/repl/repl_history.h"

enum { AT_ONCE_MS = 100, PAUSE_MS = 200 };

/* --- preparing ------------------------------------------------------------ */

/*
 * Zeroed: the memory of an earlier term goes back first.  It may be too small
 * by now, where jute.maxbuffer became smaller and larger again.
 */
static void *
prep_memory(struct repl *r, size_t size)
{
    if (size <= r->prep_size) {
        madvise(r->prep_memory, r->prep_size, MADV_DONTNEED);
        return r->prep_memory;
    }
    if (r->prep_memory)
        munmap(r->prep_memory, r->prep_size);
    r->prep_memory = memory_reserve(size);
    r->prep_size = size;
    return r->prep_memory;
}

void
repl_prepare_from(struct repl *r, zxid_t zxid)
{
    uint32_t maxbuffer = (uint32_t)conf_request_max(&r->conf);
    struct prep_rules rules;
    uint64_t seed;

    prep_rules_of(&r->conf, &rules);
    if (getrandom(&seed, sizeof seed, 0) != sizeof seed)
        fatal(EXIT_UNEXPECTED, "replication: no random numbers: %s",
              strerror(errno));
    byte_set_seed(seed);
    prep_init(&r->prep, prep_memory(r, prep_bytes(maxbuffer)), maxbuffer,
              r->tree, r->sessions, &rules, seed);
    r->zxid = r->prep.prepared = r->prep.applied = zxid;
    r->is_preparing = true;
    repl_start_clocks(r);
}

/* --- the log's and the election's word ------------------------------------ */

void
repl_order(struct repl *r, enum log_order kind, int64_t value)
{
    struct shm_log_order *o = &r->shm->replication->log_order;

    check(!r->is_ordering);
    r->is_ordering = true;
    r->order = atomic_load(&o->number) + 1;
    atomic_store(&o->kind, kind);
    atomic_store(&o->value, value);
    atomic_store(&o->behind, r->published);
    atomic_store(&o->number, r->order);
    bell_ring(r->shm, PROC_LOG);
}

void
repl_order_named(struct repl *r, enum log_order kind, int64_t value,
                 const struct identity *id)
{
    check(!r->is_ordering);
    identity_share(&r->shm->replication->log_order.identity, id);
    repl_order(r, kind, value);
}

bool
repl_order_done(struct repl *r, int *result)
{
    const struct shm_log *log = r->shm->log;

    if (!r->is_ordering || atomic_load(&log->order_done) != r->order)
        return false;
    r->is_ordering = false;
    *result = atomic_load(&log->order_result);
    return true;
}

zxid_t
repl_durable(const struct repl *r)
{
    return atomic_load_explicit(&r->shm->log->durable_zxid,
                                memory_order_acquire);
}

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
 * A role that was refused at once may be refused for ever: a leader that is
 * not to be had is tried a few times a second, not all the time.
 */
static mono_ms_t
after_a_pause(const struct repl *r)
{
    mono_ms_t now = clock_mono_ms();

    return r->epoch == 0 && now - r->looking.found < AT_ONCE_MS ? now + PAUSE_MS
                                                                : 0;
}

void
repl_look(struct repl *r, const char *why)
{
    struct shm_look *look = &r->shm->replication->look;

    repl_publish(r);
    /* Those whom we led look for another leader, and ask us, too. */
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

static void
ask(struct repl *r)
{
    struct shm_look *look = &r->shm->replication->look;

    r->looking.is_asked = true;
    r->looking.number = atomic_load(&look->number) + 1;
    atomic_store(&look->zxid, r->last);
    atomic_store(&look->epoch, atomic_load(&r->shm->log->current_epoch));
    atomic_store(&look->number, r->looking.number);
    bell_ring(r->shm, PROC_ELECTION);
}

static void
take_role(struct repl *r, sid_t leader)
{
    r->role->end(r);
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
    .orders = true,
    .is_alone = true,
    .take = repl_take_ordering,
    .turn = alone_turn,
    .end = nothing_to_end,
};

void
repl_put_config(struct repl *r)
{
    static char text[CONFIG_TEXT_MAX];
    size_t size = config_text(&r->conf, text, sizeof text);
    struct txn_header h = {.type = ZK_OP_SET_DATA, .time = clock_wall_ms()};
    struct change c = {
        .kind = CHANGE_SET_DATA,
        .op = ZK_OP_SET_DATA,
        .path = bytes_of("/zookeeper/config"),
        .data = {(const uint8_t *)text, (int32_t)size},
        .version = -1,
    };
    struct outcome outcome;

    tree_batch_begin(r->tree);
    tree_apply(r->tree, &h, &c, &outcome);
    tree_batch_end(r->tree, r->applied);
}

static void
join_ensemble(struct repl *r)
{
    quorum_of_conf(&r->conf, &r->quorum);
    resolver_init(&r->resolver, r->loop);
    r->history = repl_history_new(r);
    r->forward = memory_reserve(sizeof *r->forward);
    r->heard_remote = memory_reserve(SESSIONS_MAX * sizeof *r->heard_remote);
    if (!r->history)
        fatal(EXIT_UNEXPECTED, "replication: no memory for an ensemble");
    repl_history_begin(r->history, r->last);
    repl_put_config(r);
    repl_local_start(r);
    r->role = &role_looking;
    r->looking.since = clock_mono_ms();
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
