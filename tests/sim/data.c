/* SPDX-License-Identifier: Apache-2.0 */
/*
 * data.c - a server's log in memory, its tree and its sessions.
 *
 *      delivered <= applied                 committed <= count
 *      applied: in the tree; after a start all of the log, committed or not,
 *      and so is what a learner applies whose ring is full (learn_past.c)
 *
 * As net/repl/repl_apply.c and repl_load.c do, without their shared memory.
 */
#include "tests/sim/data.h"

#include <sys/mman.h>

#include "tests/sim/attach.h"
#include "tests/sim/claims.h"
#include "tests/sim/disk.h"
#include "tests/sim/lead.h"
#include "tests/sim/local.h"
#include "tests/sim/sim.h"

enum {
    ARENA_BYTES = 256 << 20,
    OUTCOMES_MAX = 1024, /* of one transaction */
};

static struct outcome outcomes[OUTCOMES_MAX];

static void *
reserve(size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    check(at != MAP_FAILED);
    return at;
}

/* Memory lasts for all runs; a tree is cleared, not made anew. */
static void
open_memory(struct server *s)
{
    if (s->tree)
        return;
    s->arena = reserve(ARENA_BYTES);
    s->sessions = session_table_init(reserve(session_table_bytes()),
                                     session_table_bytes());
    s->tree = tree_init(s->arena, ARENA_BYTES, s->sessions);
    s->prep_memory = reserve(prep_bytes(MAXBUFFER));
    s->leader = reserve(sizeof *s->leader);
}

/* --- transactions -------------------------------------------------------- */

static zxid_t
zxid_in(struct bytes bytes)
{
    check(bytes.size >= ZK_TXN_HEADER_BYTES);
    return (zxid_t)load_be64(bytes.data + 12);
}

uint32_t
txn_new(struct bytes bytes)
{
    zxid_t zxid = zxid_in(bytes);

    if (sim.txns == LOG_MAX)
        sim_full();
    for (uint32_t i = 0; i < sim.txns; i++)
        claim("ZXID-UNIQUE", sim.txn[i].zxid != zxid,
              "%llx is given out a second time", (unsigned long long)zxid);
    claim_rollover(zxid);
    sim.txn[sim.txns] = (struct txn_known){.zxid = zxid, .bytes = bytes};
    return sim.txns++;
}

uint32_t
txn_known(struct bytes bytes)
{
    zxid_t zxid = zxid_in(bytes);

    for (uint32_t i = sim.txns; i-- > 0;)
        if (sim.txn[i].zxid == zxid) {
            claim("ZXID-UNIQUE", bytes_equal(sim.txn[i].bytes, bytes),
                  "%llx names two transactions", (unsigned long long)zxid);
            return i;
        }
    sim_broken("INTEGRITY", "%llx was proposed by nobody",
               (unsigned long long)zxid);
}

/* --- the log ------------------------------------------------------------- */

uint32_t
data_index(const struct server *s, zxid_t zxid)
{
    uint32_t low = 0, high = s->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (zxid_of(s->log[middle]) < zxid)
            low = middle + 1;
        else
            high = middle;
    }
    return low < s->count && zxid_of(s->log[low]) == zxid ? low : UINT32_MAX;
}

/* Whoever still reads or writes old entries bounds the ring. */
uint32_t
data_slowest(const struct server *s)
{
    uint32_t slowest = s->durable < s->applied ? s->durable : s->applied;

    return server_reader_stands(s) && s->reader_at < slowest ? s->reader_at
                                                             : slowest;
}

bool
data_has_room(const struct server *s)
{
    return s->ring == 0 || s->count - data_slowest(s) < s->ring;
}

void
data_append(struct server *s, uint32_t id)
{
    claim_log_monotone(s, s->log, s->count, id);
    if (s->count == LOG_MAX)
        sim_full();
    s->asker[s->count] = 0;
    s->log[s->count++] = id;
    disk_order(s, (struct disk_op){.kind = DISK_APPEND, .id = id});
    server_moment(s, MOMENT_APPEND);
}

/* --- the tree ------------------------------------------------------------ */

uint64_t
data_digest(const struct server *s)
{
    struct tree_totals totals;

    tree_totals(s->tree, &totals);
    return totals.digest;
}

static uint32_t
apply(struct server *s, struct txn *txn)
{
    uint32_t count = txn_count(txn);

    check(count <= OUTCOMES_MAX);
    if (txn->header.type == ZK_OP_CLOSE_SESSION) {
        struct session *gone = session_find(s->sessions, txn->header.session);

        if (gone)
            expiry_remove(&s->expiry, gone);
    }
    claim_session(s, txn);
    tree_batch_begin(s->tree);
    tree_apply_txn(s->tree, txn, outcomes);
    tree_batch_end(s->tree, s->applied);
    return count;
}

static void
apply_one(struct server *s, uint32_t id, uint32_t asker)
{
    struct txn txn;
    uint32_t count;

    check(txn_open(&txn, sim.txn[id].bytes) == 0);
    count = apply(s, &txn);
    claim_digest(s, id);
    if (txn.header.type == ZK_OP_CREATE_SESSION)
        local_applied(s, txn.header.session);
    if (s->role == ROLE_LEAD && s->is_serving) {
        struct session *opened;

        prep_applied(&s->prep, txn.header.zxid);
        opened = txn.header.type == ZK_OP_CREATE_SESSION
                     ? session_find(s->sessions, txn.header.session)
                     : NULL;
        if (opened)
            lead_owns(s, opened);
    }
    if (s->service != SERVICE_NONE)
        attach_applied(s, id, asker, outcomes, count);
}

void
data_clear(struct server *s)
{
    open_memory(s);
    s->reader_back = 0; /* nobody is at work on this tree */
    session_table_clear(s->sessions);
    tree_clear(s->tree);
    memset(&s->expiry, 0, sizeof s->expiry);
    s->expiry.sessions = s->sessions;
}

void
data_feed(struct server *s, const uint32_t *ids, uint32_t count)
{
    struct txn txn;

    for (uint32_t i = 0; i < count; i++) {
        check(txn_open(&txn, sim.txn[ids[i]].bytes) == 0);
        apply(s, &txn);
    }
}

void
data_load(struct server *s)
{
    data_clear(s);
    data_feed(s, s->log, s->count);
    s->applied = s->count;
    claim_snapshot(s);
}

void
data_apply(struct server *s, uint32_t until)
{
    while (s->applied < until) {
        uint32_t at = s->applied++;

        apply_one(s, s->log[at], s->asker[at]);
    }
}

void
data_commit(struct server *s, zxid_t zxid)
{
    uint32_t index = data_index(s, zxid);

    if (zxid == 0 ||
        (s->committed > 0 && zxid <= zxid_of(s->log[s->committed - 1])))
        return;
    claim_follower_commit(s, zxid);
    check(index < s->count);
    s->committed = index + 1;
    for (; s->delivered < s->committed; s->delivered++)
        claim_delivered(s, s->delivered);
    data_apply(s, s->committed);
}

/* --- preparation --------------------------------------------------------- */

static void
revive_sessions(struct server *s)
{
    mono_ms_t now = server_now(s);

    expiry_init(&s->expiry, s->sessions, sim.plan.tick_ms, now);
    for (uint32_t i = 0; i < session_slot_end(s->sessions); i++) {
        struct session *at = session_at(s->sessions, i);

        if (at->id == 0 || !at->is_alive)
            continue;
        at->is_closing = 0;
        at->worker = RING_NOBODY;
        at->has_bucket = 0;
        at->bucket_next = at->bucket_prev = 0;
        expiry_touch(&s->expiry, at, now);
    }
}

void
data_prepare_from(struct server *s, zxid_t zxid)
{
    struct prep_rules rules = {
        .digest_enabled = true,
        .extended_types = true,
        .memory_limit = ARENA_BYTES,
        .txn_max = TXN_MAX,
        .local_sessions = sim.plan.local_sessions,
        .me = s->sid,
    };
    struct pending *old = &s->prep.pending;

    if (old->bucket)
        memset(old->bucket, 0,
               (size_t)(old->touched - old->bucket) * sizeof *old->bucket);
    prep_init(&s->prep, s->prep_memory, MAXBUFFER, s->tree, s->sessions, &rules,
              sim.seed);
    s->zxid = s->prep.prepared = s->prep.applied = zxid;
    revive_sessions(s);
}
