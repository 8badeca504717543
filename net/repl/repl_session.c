/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_session.c - sessions: their ids, owners, and ends.
 *
 * The replication process in every role; only who orders ends them.
 * Facts: spec/client-protocol.md 8.1, 8.3, 8.5.
 */
#include "net/repl/repl_session.h"

#include <inttypes.h>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "net/admin/conn_info.h"
#include "net/repl/repl_prepare.h"
#include "storage/tree/txn.h"

enum {
    STANDALONE_SID = 1, /* in the top byte of ids */
    FUTURE_MS = 60000,  /* heard of so much ahead of our clock: just now */
    ENDINGS_BYTES = 32 * 1024, /* of the ring in a turn: 100 sessions or so */
};

/*
 * Forty bits of a clock and sixteen of room.  Ours: the wall's clock, so
 * that ids do not come back after the machine was restarted; nor after it was
 * set back.
 */
void
repl_session_start(struct repl *r)
{
    uint64_t ms = (uint64_t)clock_wall_ms();
    uint64_t sid =
        r->conf.member_count > 0 ? (uint64_t)r->conf.my_sid : STANDALONE_SID;
    uint64_t first = ms << 24 >> 8 | sid << 56;

    if ((uint64_t)r->next_session < first) /* negative from server 128 on */
        r->next_session = (session_id_t)first;
}

session_id_t
repl_session_id(struct repl *r)
{
    while (r->next_session == ZK_OWNER_CONTAINER ||
           session_find(r->sessions, r->next_session))
        r->next_session++;
    return r->next_session++;
}

/*
 * Full timeouts from now.  Owners of ephemerals that are no sessions, which
 * only an unfinished server leaves behind, end at the next tick.
 * ZK: LearnerSessionTracker; SessionTrackerImpl's constructor
 */
void
repl_revive_sessions(struct repl *r)
{
    mono_ms_t now = clock_mono_ms();

    for (uint32_t i = 0; i < session_slot_end(r->sessions); i++) {
        struct session *s = session_at(r->sessions, i);

        if (s->id == 0)
            continue;
        s->worker = RING_NOBODY;
        s->is_closing = 0;
        s->has_bucket = 0;
        if (!s->is_alive)
            s->timeout_ms = 0;
        s->is_alive = 1;
        expiry_touch(&r->expiry, s, now);
    }
}

enum zk_code
repl_session_resume(struct repl *r, session_id_t id,
                    const struct origin *origin, int32_t timeout_ms)
{
    struct session *s = session_find(r->sessions, id);

    if (!s || !s->is_alive || s->is_closing)
        return ZK_SESSION_EXPIRED;
    session_set_owner(s, origin);
    repl_session_moves(r, id, origin);
    s->timeout_ms = timeout_ms;
    expiry_touch(&r->expiry, s, clock_mono_ms());
    return ZK_OK;
}

void
repl_session_owned(struct repl *r, const struct ring_entry *e)
{
    struct session *s = session_find(r->sessions, e->session);
    struct origin o = {e->worker, e->life, e->conn};

    if (!s)
        return;
    session_set_owner(s, &o);
    if (r->is_preparing)
        expiry_touch(&r->expiry, s, clock_mono_ms());
}

/* --- where its client is -------------------------------------------------- */

void
repl_session_moves(struct repl *r, session_id_t id, const struct origin *origin)
{
    struct session *s = session_find(r->sessions, id);

    if (s)
        s->has_left = origin->worker >= CLIENTS_MAX;
}

void
repl_session_lasts(struct repl *r, session_id_t id, int32_t timeout_ms)
{
    struct session *s = session_find(r->sessions, id);

    if (s && timeout_ms > 0)
        s->timeout_ms = timeout_ms;
}

/* One that is becoming global may have gone on elsewhere before we hear it. */
static struct session *
find_any(const struct repl *r, session_id_t id)
{
    struct session *s = session_find(r->sessions, id);

    return s || !r->local.sessions ? s : local_find(&r->local, id);
}

/* A leader's answer to a connection that has lost its session. */
static bool
is_turned_away(const struct ring_entry *e)
{
    int32_t err = txn_peek_error(ring_payload(e));

    return err == ZK_SESSION_MOVED || err == ZK_SESSION_EXPIRED;
}

void
repl_session_acts(struct repl *r, const struct ring_entry *e)
{
    struct session *s;

    if (e->worker < CLIENTS_MAX || e->session == 0 || is_turned_away(e))
        return;
    s = find_any(r, e->session);
    if (s)
        s->has_left = 1;
}

/* It has to keep its place among what the session asks. */
static bool
has_turn(const struct req *req)
{
    return req->kind == REQ_WRITE || req->kind == REQ_SYNC ||
           (req->kind == REQ_SESSION_OPEN && req->session != 0);
}

bool
repl_session_has_left(const struct repl *r, const struct req *req)
{
    const struct session *s;

    if (!r->service.was_held || !has_turn(req))
        return false;
    s = find_any(r, req->session);
    return !s || s->has_left;
}

bool
repl_session_is_unwanted(const struct repl *r, const struct req *req,
                         const struct origin *o)
{
    bool asks = req->kind == REQ_SESSION_RESUME ||
                (req->kind == REQ_SESSION_OPEN && req->session == 0);

    return asks && o->worker < CLIENTS_MAX && !conn_is_open(r->shm, o);
}

/* --- expiry --------------------------------------------------------------- */

/* The lesser of `least` and the age of a word noted `at`; 0 is no word. */
static int64_t
younger(int64_t least, uint32_t at, mono_ms_t now)
{
    int64_t age = (uint32_t)((uint32_t)now - at);

    if (at == 0)
        return least;
    if (age > (int64_t)UINT32_MAX - FUTURE_MS)
        age = 0; /* a word after we looked at the clock */
    return age < least ? age : least;
}

/*
 * The youngest word of any client process or learner.  They note the low 32
 * bits of the clock, which come round in 49 days.
 */
mono_ms_t
repl_last_heard(void *repl, uint32_t slot, mono_ms_t now)
{
    const struct repl *r = repl;
    int64_t least = INT64_MAX;

    for (uint32_t w = 0; w < r->shm->super->client_count; w++)
        least = younger(
            least,
            atomic_load_explicit(&r->shm->heard[w][slot], memory_order_relaxed),
            now);
    if (r->heard_remote && slot < SESSIONS_MAX)
        least = younger(least, r->heard_remote[slot], now);
    return least > now ? 0 : now - least;
}

/*
 * When a server starts, or begins to lead, whoever is gone is silent since the
 * same moment, and all end in one tick.  Neither clients nor learners can wait
 * until the last one is through, and what they leave pending is to be applied
 * meanwhile.
 */
void
repl_session_expire(struct repl *r)
{
    mono_ms_t now = clock_mono_ms();
    ring_pos_t begun = r->head;
    struct session *s;

    while (r->head - begun < ENDINGS_BYTES &&
           (s = expiry_next(&r->expiry, now, repl_last_heard, r)) != NULL) {
        if (!repl_submit(r, ZK_OP_CLOSE_SESSION, s->id, BYTES_NULL)) {
            expiry_touch(&r->expiry, s, now - s->timeout_ms);
            return;
        }
        log_info("session 0x%" PRIx64 ": expired, silent for %d ms",
                 (uint64_t)s->id, s->timeout_ms);
        COUNT(r->shm->replication->sessions_expired, 1);
    }
}
