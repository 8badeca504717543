/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prep_admit.c - whose requests are prepared: those of sessions that there are
 * or that are on their way, not those of sessions that have ended, and of each
 * only its newest connection's.
 *
 * Pure, but a session without an owner gets one.  The replication process.
 * ZK: SessionTrackerImpl, LeaderSessionTracker.
 * Facts: spec/client-protocol.md 2.4 (6).
 */
#include "daemon/check.h"
#include "daemon/hash.h"
#include "net/prep/prep_op.h"

enum { SESSIONS_SPARE = 1 << 14 }; /* more opens than can be in flight */

/* --- sessions on their way ----------------------------------------------- */

static bool
are_full(const struct prep_openings *o)
{
    return o->newest - o->oldest == PREP_OPENINGS;
}

static struct prep_opening *
opening_at(struct prep_openings *o, uint32_t n)
{
    return &o->at[n % PREP_OPENINGS];
}

void
prep_note_opening(struct prep *p)
{
    struct prep_openings *o = &p->openings;

    check(!are_full(o));
    *opening_at(o, o->newest++) =
        (struct prep_opening){p->r->session, p->r->zxid};
}

/* Asked with the request right behind: the newest is the likeliest. */
bool
prep_is_opening(const struct prep *p, session_id_t id)
{
    const struct prep_openings *o = &p->openings;

    for (uint32_t n = o->newest; n != o->oldest; n--)
        if (o->at[(n - 1) % PREP_OPENINGS].id == id)
            return true;
    return false;
}

void
prep_drop_openings(struct prep *p, zxid_t zxid)
{
    struct prep_openings *o = &p->openings;

    while (o->oldest != o->newest && opening_at(o, o->oldest)->zxid <= zxid)
        o->oldest++;
}

/* --- sessions that have ended --------------------------------------------- */

static uint32_t
ended_place(session_id_t id)
{
    return (uint32_t)((uint64_t)id * HASH_ODD >> (64 - PREP_ENDED_LOG2));
}

void
prep_note_end(struct prep *p, struct session *s)
{
    s->is_closing = 1;
    p->ended[ended_place(s->id)] = s->id;
}

static bool
has_ended(const struct prep *p, session_id_t id)
{
    return p->ended[ended_place(id)] == id;
}

/* --- who may ask --------------------------------------------------------- */

/* The top byte: who made the session. */
static sid_t
maker_of(session_id_t session)
{
    return (sid_t)((uint64_t)session >> 56);
}

/*
 * A session that we do not have.  One whose createSession is prepared counts:
 * a learner may have applied it before we did.  Others no transaction has
 * made: they may be local, here or at another server, who vouches for them;
 * ours that we do not know are over, and so are those that ended in this term.
 * ZK: LeaderSessionTracker.checkSession; pRequest tracks what it prepares
 */
static enum zk_code
admit_unknown(struct prep *p, const struct prep_request *r)
{
    bool is_theirs =
        r->is_remote && maker_of(r->session) != (p->rules.me & 0xff);

    if (prep_is_opening(p, r->session))
        return ZK_OK;
    if (has_ended(p, r->session))
        return ZK_SESSION_EXPIRED;
    p->is_local = p->rules.local_sessions && (r->is_local || is_theirs);
    return p->is_local && r->op != ZK_OP_CLOSE_SESSION ? ZK_OK
                                                       : ZK_SESSION_EXPIRED;
}

/*
 * May this request begin at all?  Requests of sessions that are unknown or
 * closing vanish: their connection is about to be closed.  So do those of a
 * connection that lost its session to a newer one, but for closeSession.
 * A session without an owner, as after a change of leader, is whose request
 * comes first: what an older connection asked may still be on its way.
 * ZK: ZooKeeperServer.touch, SessionTrackerImpl.checkSession
 */
enum zk_code
prep_admit(struct prep *p, const struct prep_request *r, struct session **s)
{
    const struct origin *o = &r->origin;

    *s = NULL;
    p->is_local = false;
    if (r->op == ZK_OP_CREATE_SESSION)
        return session_count(p->sessions) < SESSIONS_MAX - SESSIONS_SPARE
                   ? ZK_OK
                   : ZK_SYSTEM_ERROR;
    if (r->op == ZK_OP_DELETE_CONTAINER && o->worker == RING_NOBODY)
        return ZK_OK;
    *s = session_find(p->sessions, r->session);
    if (!*s)
        return admit_unknown(p, r);
    if (!(*s)->is_alive || (*s)->is_closing)
        return ZK_SESSION_EXPIRED;
    if (o->worker == RING_NOBODY || r->op == ZK_OP_CLOSE_SESSION)
        return ZK_OK;
    if ((*s)->worker == RING_NOBODY)
        session_set_owner(*s, o);
    return session_is_owner(*s, o) ? ZK_OK : ZK_SESSION_MOVED;
}

/* What is not in the table yet cannot be closed; few can be on their way. */
bool
prep_waits_for_session(const struct prep *p, const struct prep_request *r,
                       const struct session *s)
{
    if (r->op == ZK_OP_CREATE_SESSION)
        return are_full(&p->openings);
    return r->op == ZK_OP_CLOSE_SESSION && !s;
}
