/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_local.c - local sessions: what client processes ask, and are told.
 *
 *      SESSION_OPEN      a local one, if that is what sessions are here
 *      SESSION_RESUME    of a local one; others are the role's
 *      LOCAL_CLOSE
 *      WRITE             the role's; an ephemeral makes the session global:
 *                        a createSession with the same id goes before it
 *
 * What is said of them goes through shm->words: it stands in no order with
 * transactions, and in read-only mode none may ever come.
 *
 * They live as long as one period of service, so clients that are held
 * through a change of leader keep them.
 *
 * The replication process.  Facts: spec/client-protocol.md 8.6, 12.
 * ZK: UpgradeableSessionTracker; QuorumZooKeeperServer.checkUpgradeSession
 */
#include "net/repl/repl_session.h"

#include <inttypes.h>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/memory.h"
#include "net/repl/repl_role.h"

void
repl_local_start(struct repl *r)
{
    if (!r->conf.local_sessions && !r->conf.readonly_mode)
        return;
    local_init(&r->local, memory_reserve(session_table_bytes()),
               r->conf.tick_time_ms, clock_mono_ms());
}

static bool
is_on(const struct repl *r)
{
    return r->local.sessions != NULL;
}

static void
count(struct repl *r)
{
    atomic_store_explicit(&r->shm->replication->local_sessions,
                          session_count(r->local.sessions),
                          memory_order_relaxed);
}

/* --- words to client processes ------------------------------------------- */

static bool
has_room(struct repl *r, const struct origin *o)
{
    return reqring_reserve(&r->shm->words[o->worker], 0, 0) != NULL;
}

/* There is room.  `s` is the session it is about, or NULL. */
static void
tell(struct repl *r, const struct origin *o, enum word_kind kind,
     const struct session *s)
{
    struct reqring *ring = &r->shm->words[o->worker];
    struct req *w = reqring_reserve(ring, 0, 0);

    w->kind = (uint16_t)kind;
    w->life = o->life;
    w->conn = o->conn;
    w->session = s ? s->id : 0;
    w->timeout_ms = s ? s->timeout_ms : 0;
    w->slot = s ? local_slot(&r->local, s) : 0;
    reqring_send(ring, w);
    bell_ring(r->shm, (enum proc_id)(PROC_CLIENT + o->worker));
}

/* False: not now. */
static bool
answer(struct repl *r, const struct origin *o, enum word_kind kind)
{
    if (!has_room(r, o))
        return false;
    tell(r, o, kind, NULL);
    return true;
}

/* --- requests ------------------------------------------------------------ */

static bool
opens_local(const struct repl *r, const struct req *req)
{
    return req->session == 0 &&
           (r->service.state == SERVICE_READ_ONLY || r->conf.local_sessions);
}

static bool
on_open(struct repl *r, const struct req *req, const struct origin *o)
{
    struct session *s;

    if (!has_room(r, o))
        return false;
    s = atomic_load(&r->shm->super->is_stopping)
            ? NULL
            : local_open(&r->local, repl_session_id(r), req->timeout_ms, o,
                         clock_mono_ms());
    tell(r, o, s ? WORD_OPENED : WORD_DROP, s);
    count(r);
    return true;
}

/*
 * One that is becoming global comes back when that is done: its client would
 * not know which it is.
 */
static bool
on_resume(struct repl *r, struct session *s, const struct req *req,
          const struct origin *o)
{
    struct origin older = session_owner(s);

    if (s->is_closing || !has_room(r, o) || !has_room(r, &older))
        return false;
    if (!session_is_owner(s, o))
        tell(r, &older, WORD_DROP, NULL);
    local_resume(&r->local, s, req->timeout_ms, o, clock_mono_ms());
    if (!has_room(r, o))
        return false; /* the last place went to the older: again */
    tell(r, o, WORD_RESUMED, s);
    return true;
}

/*
 * ZK: ReadOnlyZooKeeperServer.validateSession.  A global session may live on
 * where there is a quorum, so nobody may be told that it does not.
 */
static bool
resume_read_only(struct repl *r, const struct req *req, const struct origin *o)
{
    return answer(r, o,
                  session_find(r->sessions, req->session) ? WORD_DROP
                                                          : WORD_REFUSED);
}

static void
on_close(struct repl *r, const struct req *req, const struct origin *o)
{
    struct session *s = local_find(&r->local, req->session);

    if (!s || s->is_closing || !session_is_owner(s, o))
        return;
    local_end(&r->local, s);
    count(r);
}

/* The createSession that makes it global; false: not now. */
static bool
upgrade(struct repl *r, struct session *s, const struct origin *o)
{
    struct req open = {
        .size = sizeof open,
        .kind = REQ_SESSION_OPEN,
        .life = o->life,
        .conn = o->conn,
        .session = s->id,
        .op = ZK_OP_CREATE_SESSION,
        .timeout_ms = s->timeout_ms,
    };

    if (!r->role->take(r, &open, o))
        return false;
    log_info("session 0x%" PRIx64 ": becomes global", (uint64_t)s->id);
    s->is_closing = 1;
    return true;
}

static bool
on_write(struct repl *r, struct session *s, const struct req *req,
         const struct origin *o)
{
    if (!session_is_owner(s, o))
        return answer(r, o, WORD_DROP);
    if (!s->is_closing && r->conf.local_sessions_upgrading &&
        prep_makes_ephemeral(req->op, req_body(req)) && !upgrade(r, s, o))
        return false;
    return r->role->take(r, req, o);
}

bool
repl_local_take(struct repl *r, const struct req *req, const struct origin *o)
{
    struct session *s;

    if (!is_on(r))
        return r->role->take(r, req, o);
    s = local_find(&r->local, req->session);
    switch (req->kind) {
    case REQ_SESSION_OPEN:
        if (opens_local(r, req))
            return on_open(r, req, o);
        break;
    case REQ_SESSION_RESUME:
        if (s)
            return on_resume(r, s, req, o);
        if (r->service.state == SERVICE_READ_ONLY)
            return resume_read_only(r, req, o);
        break;
    case REQ_LOCAL_CLOSE:
        on_close(r, req, o);
        return true;
    case REQ_WRITE:
        if (s)
            return on_write(r, s, req, o);
        break;
    default:
        break;
    }
    return r->role->take(r, req, o);
}

bool
repl_local_has(const struct repl *r, session_id_t session)
{
    return is_on(r) && local_find(&r->local, session);
}

/* --- their ends ---------------------------------------------------------- */

/* What its client did elsewhere came behind its createSession. */
static void
end_as_global(struct repl *r, struct session *s)
{
    struct session *global = session_find(r->sessions, s->id);

    if (global)
        global->has_left = s->has_left;
    local_end(&r->local, s);
}

/*
 * A leader without localSessionsEnabled takes those of others for sessions that
 * have ended.  Only what makes no node is refused for nothing else.
 */
static bool
is_of_nobody(const struct ring_entry *e, int32_t type)
{
    bool makes_none = e->op == ZK_OP_SET_DATA || e->op == ZK_OP_SET_ACL ||
                      e->op == ZK_OP_DELETE;

    return makes_none && type == ZK_OP_ERROR &&
           txn_peek_error(ring_payload(e)) == ZK_SESSION_EXPIRED;
}

void
repl_local_applied(struct repl *r, const struct ring_entry *e, int32_t type)
{
    struct session *s;

    if (!is_on(r))
        return;
    if (is_of_nobody(e, type) && local_find(&r->local, e->session))
        log_warn_often("replication: our leader refuses what local sessions "
                       "write: localSessionsEnabled must be true on every "
                       "server");
    if (type != ZK_OP_CREATE_SESSION && e->op != ZK_OP_CREATE_SESSION)
        return;
    s = local_find(&r->local, e->session);
    if (s && type == ZK_OP_CREATE_SESSION)
        end_as_global(r, s);
    else if (s)
        s->is_closing = 0; /* refused: there are too many */
    count(r);
}

void
repl_local_hold(struct repl *r)
{
    if (is_on(r))
        local_stay(&r->local);
}

void
repl_local_asked_again(struct repl *r, const struct req *req)
{
    struct session *s = NULL;

    if (is_on(r) && req->kind == REQ_SESSION_OPEN && req->session != 0)
        s = local_find(&r->local, req->session);
    if (s)
        s->is_closing = 1;
}

void
repl_local_clear(struct repl *r)
{
    if (!is_on(r))
        return;
    local_clear(&r->local, clock_mono_ms());
    count(r);
}

/* As for global sessions, a slot further on. */
static mono_ms_t
last_heard(void *arg, uint32_t slot, mono_ms_t now)
{
    return repl_last_heard(arg, SESSIONS_MAX + slot, now);
}

void
repl_local_tick(struct repl *r)
{
    mono_ms_t now = clock_mono_ms();
    struct session *s;

    while (is_on(r) &&
           (s = local_expired(&r->local, now, last_heard, r)) != NULL) {
        struct origin owner = session_owner(s);

        if (!answer(r, &owner, WORD_DROP)) {
            local_retry(&r->local, s, now);
            return;
        }
        log_info("session 0x%" PRIx64 ": expired, silent for %d ms, local",
                 (uint64_t)s->id, s->timeout_ms);
        local_end(&r->local, s);
        count(r);
        COUNT(r->shm->replication->sessions_expired, 1);
    }
}
