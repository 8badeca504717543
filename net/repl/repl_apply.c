/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_apply.c - committed entries change the tree and the session table.
 *
 * The replication process.  Entries are applied in batches under the tree's
 * sequence lock, short enough that a reader hardly waits; what a reply needs
 * is kept in the entry.
 */
#include "net/repl/repl_apply.h"

#include <inttypes.h>

#include "daemon/check.h"
#include "daemon/log.h"
#include "daemon/ring_readers.h"
#include "net/repl/repl_config.h"
#include "net/repl/repl_role.h"
#include "net/repl/repl_session.h"

enum {
    BATCH_ENTRIES = 64,
    BATCH_OUTCOMES = 512,
    APPLY_BATCHES = 16,
    BEHIND_BYTES = 64 * 1024, /* of the ring: then anybody is woken */
};

_Static_assert(CLIENTS_MAX <= 64, "one bit each in `concerned`");
_Static_assert(sizeof(struct outcome) == RING_OUTCOME_BYTES, "an entry's room");

/*
 * What a leader sent says what its tree is: ours must be the same, all the
 * time, or clients read something else here.  The log says so once; the counter
 * shows each.  Up to exact_zxid the tree may still hold a part of
 * the future that a fuzzy snapshot brought.
 */
static void
compare_digest(struct repl *r, const struct txn *txn)
{
    zxid_t zxid = txn->header.zxid;

    if (tree_agrees(r->tree, txn) ||
        zxid <= atomic_load_explicit(&r->shm->log->exact_zxid,
                                     memory_order_relaxed))
        return;
    COUNT(r->shm->replication->digest_mismatches, 1);
    if (!r->has_differed)
        log_error("First digest mismatch on txn: 0x%" PRIx64
                  ", expected digest is %" PRIu64 ": this server's tree is not "
                  "its leader's.  Stop it, move its data and log directories "
                  "away but for myid, and start it: it takes everything from "
                  "the leader",
                  (uint64_t)zxid, (uint64_t)txn->digest);
    r->has_differed = true;
}

/* The tree keeps the session table as well; a slot that ends has no bucket. */
void
repl_apply_txn(struct repl *r, struct txn *txn, struct outcome *outcomes)
{
    if (txn->header.type == ZK_OP_CLOSE_SESSION) {
        struct session *s = session_find(r->sessions, txn->header.session);

        if (s)
            expiry_remove(&r->expiry, s);
    }
    tree_apply_txn(r->tree, txn, outcomes);
    compare_digest(r, txn);
}

/*
 * Whom to ring for this entry: its origin; or all, if a connection may have to
 * be closed somewhere.  Processes that only read, or lag, need no bell for it.
 */
static void
note_concerned(struct repl *r, const struct ring_entry *e)
{
    if (e->kind != RING_TXN || e->op == ZK_OP_CLOSE_SESSION)
        r->concerned = UINT64_MAX;
    else if (e->worker < CLIENTS_MAX)
        r->concerned |= UINT64_C(1) << e->worker;
}

/* The number of outcomes, for the batch's bound. */
static uint32_t
apply_entry(struct repl *r, struct ring_entry *e)
{
    struct txn txn;

    note_concerned(r, e);
    if (e->kind != RING_TXN)
        return 0;
    check(txn_open_known(&txn, ring_payload(e)) == 0);
    check(txn.header.zxid == e->zxid);
    check_slow(txn_count(&txn) == e->outcome_count);
    repl_apply_txn(r, &txn, ring_outcomes(e));
    if (txn.header.type == ZK_OP_CREATE_SESSION)
        repl_session_owned(r, e);
    if (txn.header.type == ZK_OP_RECONFIG)
        repl_config_changed(r, &txn);
    repl_local_applied(r, e, txn.header.type);
    r->outstanding--;
    return e->outcome_count;
}

/* Up to `until`, which is committed. */
static void
apply_batch(struct repl *r, ring_pos_t until)
{
    struct shm_replication *shared = r->shm->replication;
    ring_pos_t seen = r->applied; /* looked ahead up to here */
    zxid_t zxid = 0;
    uint32_t outcomes = 0;

    tree_batch_begin(r->tree);
    for (uint32_t i = 0;
         i < BATCH_ENTRIES && outcomes < BATCH_OUTCOMES && r->applied < until;
         i++) {
        struct ring_entry *e = txring_at(&r->shm->ring, r->applied);

        if (r->applied == seen)
            seen = repl_ahead_entries(r, seen);
        outcomes += apply_entry(r, e);
        if (e->kind == RING_TXN)
            zxid = e->zxid;
        r->applied += e->size;
    }
    tree_batch_end(r->tree, r->applied);
    if (zxid != 0) {
        atomic_store_explicit(&shared->applied_zxid, zxid,
                              memory_order_release);
        if (r->is_preparing)
            prep_applied(&r->prep, zxid);
    }
    atomic_store_explicit(&shared->applied, r->applied, memory_order_release);
}

/*
 * Up to where the ring is committed, and the last zxid there.  Words between
 * transactions go with the transaction before them.
 */
static ring_pos_t
find_committed(const struct repl *r, zxid_t *zxid)
{
    ring_pos_t pos = r->committed;

    while (pos < r->published) {
        const struct ring_entry *e = txring_at(&r->shm->ring, pos);

        if (e->kind == RING_TXN && e->zxid > r->apply_to)
            break;
        if (e->kind == RING_TXN)
            *zxid = e->zxid;
        pos += e->size;
    }
    return pos;
}

/*
 * Alone, what is durable is committed: the log process has walked it.  It
 * says the zxid first, so that may be one of a moment later, durable as well.
 */
static ring_pos_t
find_durable(const struct repl *r, zxid_t *zxid)
{
    const struct shm_log *log = r->shm->log;
    ring_pos_t durable =
        atomic_load_explicit(&log->durable, memory_order_acquire);

    *zxid = atomic_load_explicit(&log->durable_zxid, memory_order_relaxed);
    return durable < r->published ? durable : r->published;
}

/*
 * What is applied before it is known to be committed (repl_learn_full.c) may
 * have to go again, and is nothing for the image.
 */
static zxid_t
known(const struct repl *r, zxid_t zxid)
{
    return r->role->is_alone || zxid < r->known_committed ? zxid
                                                          : r->known_committed;
}

static void
tell_committed(struct repl *r)
{
    struct shm_replication *shared = r->shm->replication;
    zxid_t zxid = 0;
    ring_pos_t committed =
        r->role->is_alone ? find_durable(r, &zxid) : find_committed(r, &zxid);

    if (committed <= r->committed)
        return;
    r->committed = committed;
    if (zxid != 0)
        atomic_store_explicit(&shared->committed_zxid, known(r, zxid),
                              memory_order_release);
    atomic_store_explicit(&shared->committed, committed, memory_order_release);
}

static bool
is_watching(const struct shm_client *c)
{
    return atomic_load_explicit(&c->stats.watches, memory_order_relaxed) ||
           atomic_load_explicit(&c->stats.child_watches, memory_order_relaxed);
}

static bool
is_behind(const struct repl *r, const struct shm_client *c)
{
    ring_pos_t delivered =
        atomic_load_explicit(&c->delivered, memory_order_relaxed);

    return delivered != RING_POS_NONE && r->applied - delivered > BEHIND_BYTES;
}

/* It has to look at the ring before it lets us go on. */
static bool
is_holding(const struct shm_client *c)
{
    return atomic_load_explicit(&c->apply_until, memory_order_relaxed) != 0;
}

/*
 * Wake those that have something to do.  A client process that begins to watch
 * looks at the ring once more before it sleeps, so no event is late.
 */
static void
ring_concerned(struct repl *r)
{
    atomic_thread_fence(memory_order_seq_cst); /* `applied`, then the flags */
    for (uint32_t w = 0; w < r->shm->super->client_count; w++) {
        const struct shm_client *c = r->shm->client[w];

        if ((r->concerned >> w & 1) || is_watching(c) || is_holding(c) ||
            is_behind(r, c))
            bell_ring(r->shm, (enum proc_id)(PROC_CLIENT + w));
    }
    r->concerned = 0;
}

/* What all client processes let us apply: client_pace.c. */
static ring_pos_t
let_by_all(const struct repl *r)
{
    ring_pos_t least = r->committed;

    for (uint32_t w = 0; w < r->shm->super->client_count; w++) {
        ring_pos_t pos = atomic_load_explicit(&r->shm->client[w]->apply_until,
                                              memory_order_acquire);

        if (pos != 0 && pos < least)
            least = pos;
    }
    return least;
}

static void
apply_up_to(struct repl *r, ring_pos_t until)
{
    for (int i = 0; i < APPLY_BATCHES && r->applied < until; i++)
        apply_batch(r, until);
    atomic_store_explicit(&r->shm->replication->outstanding, r->outstanding,
                          memory_order_relaxed);
    tree_reclaim(r->tree, ring_readers_slowest(r->shm, r->applied));
    ring_concerned(r);
}

void
repl_apply_all(struct repl *r)
{
    tell_committed(r);
    while (r->applied < r->committed)
        apply_up_to(r, r->committed);
}

bool
repl_apply(struct repl *r)
{
    ring_pos_t until;

    tell_committed(r);
    if (r->applied == r->committed)
        return false;
    until = let_by_all(r);
    if (r->applied < until)
        apply_up_to(r, until);
    r->is_stalled |= until < r->committed;
    return r->applied < until;
}
