/* SPDX-License-Identifier: Apache-2.0 */
/* repl_prepare.c - see repl_prepare.h.  The replication process. */
#include "net/repl/repl_prepare.h"

#include <sys/mman.h>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/memory.h"
#include "daemon/random.h"
#include "daemon/timer.h"
#include "net/access/byte_set.h"
#include "net/repl/repl_ring.h"
#include "net/repl/repl_role.h"
#include "net/repl/repl_session.h"

/* --- one request ---------------------------------------------------------- */

static uint64_t
size_of_need(const struct prep_need *need)
{
    return ring_entry_size(need->payload, need->outcomes, need->has_ops);
}

/* The header of a transaction's entry, around what prep wrote. */
static void
finish_txn(struct ring_entry *e, const struct prep_request *q,
           const struct prep_result *result, int32_t timeout_ms)
{
    const struct origin *o = &q->origin;
    bool is_own = o->worker == RING_NOBODY || result->is_partial;

    *e = (struct ring_entry){
        .size = (uint32_t)ring_entry_size(result->size, result->outcome_count,
                                          result->reply_ops != NULL),
        .kind = RING_TXN,
        .worker = is_own ? RING_NOBODY : o->worker,
        .life = is_own ? 0 : o->life,
        .conn = is_own ? 0 : o->conn,
        .zxid = q->zxid,
        .session = q->session,
        .xid = q->xid,
        .op = q->op,
        .timeout_ms = timeout_ms,
        .payload_size = result->size,
        .outcome_count = result->outcome_count,
    };
    if (result->reply_ops)
        memcpy(ring_reply_ops(e), result->reply_ops,
               result->outcome_count * sizeof(int32_t));
}

/*
 * Counter 0xffffffff is never used: a leader could not propose it.  Alone, we
 * go on in the next epoch; a leader's epoch is worn, and a new term brings
 * another.  False: there is none.
 */
static bool
zxid_after(struct repl *r, zxid_t *zxid)
{
    *zxid = r->zxid + 1;
    if (zxid_counter(r->zxid) < 0xfffffffe)
        return true;
    *zxid = ZXID(zxid_epoch(r->zxid) + 1, 1);
    r->is_worn = !r->role->is_alone;
    return r->role->is_alone;
}

/* The client is told a code that has no word for it, and nobody else. */
static void
tell_limit(struct repl *r, const struct prep_request *q)
{
    if (q->op == ZK_OP_CREATE_SESSION) {
        log_warn_often("replication: session refused, there are %d",
                       SESSIONS_MAX);
        return;
    }
    log_warn_often("replication: write refused, memory.limit is reached");
    COUNT(r->shm->replication->writes_refused, 1);
}

enum prep_verdict
repl_prepare(struct repl *r, struct prep_request *q, int32_t timeout_ms,
             int32_t *err)
{
    struct prep_need need = prep_need(&r->prep, q->op, q->body.size);
    struct prep_result result = {0};
    enum prep_verdict verdict;

    q->now = (wall_ms_t)(ev_now(r->loop) * 1000.); /* as this turn began */
    do {
        struct ring_entry *e = repl_reserve(r, size_of_need(&need));

        if (!e || !zxid_after(r, &q->zxid))
            return PREP_WAIT;
        q->in_flight = r->head - r->applied;
        verdict = prep_step(&r->prep, q, e + 1, need.payload, &result);
        *err = result.err;
        if (result.err == ZK_SYSTEM_ERROR)
            tell_limit(r, q);
        if (verdict != PREP_TXN)
            return verdict;
        r->zxid = q->zxid;
        finish_txn(e, q, &result, timeout_ms);
        repl_append(r, e);
    } while (result.is_partial);
    return PREP_TXN;
}

/* --- what the server itself asks for -------------------------------------- */

bool
repl_submit(struct repl *r, int32_t op, session_id_t session, struct bytes body)
{
    struct prep_request q = {
        .op = op,
        .session = session,
        .origin = {.worker = RING_NOBODY},
        .body = body,
        .ids = BYTES_NULL,
    };
    int32_t err;

    return repl_prepare(r, &q, 0, &err) != PREP_WAIT;
}

static void
again_at(struct repl *r, ev_timer *timer, mono_ms_t when)
{
    mono_ms_t wait = when - clock_mono_ms();

    timer_ring_in(r->loop, timer, wait < 1 ? 1 : wait);
}

static void
on_expire(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct repl *r = timer->data;

    (void)loop, (void)events;
    if (!r->is_failed)
        repl_session_expire(r);
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
repl_prepare_init(struct repl *r)
{
    ev_init(&r->expire, on_expire);
    ev_init(&r->reap, on_reap);
    r->expire.data = r->reap.data = r;
}

/* Every session is heard of now. */
static void
start_clocks(struct repl *r)
{
    mono_ms_t now = clock_mono_ms();

    expiry_init(&r->expiry, r->sessions, r->conf.tick_time_ms, now);
    reaper_init(&r->reaper, &r->conf, now, clock_wall_ms());
    repl_revive_sessions(r);
    again_at(r, &r->expire, r->expiry.due);
    again_at(r, &r->reap, r->reaper.next_look);
}

/* --- a term --------------------------------------------------------------- */

/*
 * Zeroed: the memory of an earlier term goes back first.  It may be too small
 * by now, where jute.maxbuffer became smaller and larger again.
 */
static void *
prep_memory(struct repl *r, size_t size)
{
    if (size <= r->prep_size) {
        memory_clear(r->prep_memory, r->prep_size);
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
    uint64_t seed = random_number();
    struct prep_rules rules;

    prep_rules_of(&r->conf, &rules);
    byte_set_seed(seed);
    prep_init(&r->prep, prep_memory(r, prep_bytes(maxbuffer)), maxbuffer,
              r->tree, r->sessions, &rules, seed);
    r->zxid = r->prep.prepared = r->prep.applied = zxid;
    r->is_preparing = true;
    start_clocks(r);
}

void
repl_prepare_follow(struct repl *r)
{
    struct prep_rules before = r->prep.rules;

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

void
repl_prepare_end(struct repl *r)
{
    r->is_preparing = false;
    ev_timer_stop(r->loop, &r->expire);
    ev_timer_stop(r->loop, &r->reap);
}
