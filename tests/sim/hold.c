/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hold.c - clients that are held while the leader changes: as
 * net/repl/repl_serve.c.
 *
 * What they asked of a lost leader is kept in net/zab/forward.c, the real one;
 * what their server's log had of it and is cut off lets all of them go, for
 * they may have asked for more behind it.
 */
#include "tests/sim/hold.h"

#include <sys/mman.h>

#include "net/zab/forward.h"

#include "tests/sim/attach.h"
#include "tests/sim/local.h"
#include "tests/sim/op.h"
#include "tests/sim/sim.h"
#include "tests/sim/wire.h"

enum { HOLD_MS = 2000, REQUEST_MAX = sizeof(struct req) + MAXBUFFER };

void
hold_init(struct server *s)
{
    if (!s->forward)
        s->forward = mmap(NULL, sizeof *s->forward, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    check((void *)s->forward != MAP_FAILED);
    forward_clear(s->forward);
    s->service = SERVICE_NONE;
    s->holds = 0;
    s->served_epoch = 0;
}

/* --- periods of service -------------------------------------------------- */

void
hold_end(struct server *s)
{
    if (s->service != SERVICE_NONE)
        TRACE("server %d: lets its clients go", s->node);
    attach_drop_all(s);
    local_is_over(s);
    forward_clear(s->forward);
    s->service = SERVICE_NONE;
    s->was_held = false;
}

void
hold_begin(struct server *s)
{
    if (s->service == SERVICE_NONE) {
        hold_end(s);
        return;
    }
    if (s->service == SERVICE_HELD)
        return;
    local_stays(s);
    if (s->service == SERVICE_ASKING_AGAIN)
        forward_turn(s->forward, s->again_end);
    s->service = SERVICE_HELD;
    s->was_held = true;
    sched_after(server_after(s, HOLD_MS), EV_LET_GO, s->node, ++s->holds, NULL);
}

void
hold_parts(struct server *s, mono_ms_t when)
{
    if (s->service == SERVICE_HELD)
        return;
    s->parted = when;
    if (s->vouched == MONO_MS_MAX)
        s->vouched = server_now(s); /* it was a quorum by itself */
}

void
hold_vouched(struct server *s, mono_ms_t when)
{
    if (when > s->vouched)
        s->vouched = when;
}

void
hold_is_over(struct server *s, uint32_t hold)
{
    if (s->service == SERVICE_HELD && s->holds == hold)
        hold_end(s);
}

/* As leaderServes says. */
static bool
takes_clients(const struct server *s)
{
    return s->role != ROLE_LEAD || sim.plan.leader_serves;
}

void
hold_serve(struct server *s, int64_t epoch)
{
    if (!takes_clients(s)) {
        hold_end(s);
    } else if (s->service == SERVICE_HELD && epoch != s->served_epoch) {
        hold_vouched(s, s->parted);
        attach_settle_syncs(s);
        s->again_end = forward_ask_again(s->forward);
        s->service = SERVICE_ASKING_AGAIN;
        TRACE("server %d: held its clients, %llu requests to ask again",
              s->node, (unsigned long long)forward_waiting(s->forward));
    } else {
        hold_end(s);
        s->vouched = server_now(s);
        lease_begin(&s->lease, sim.plan.tick_ms, 0, s->vouched);
        s->service = SERVICE_OPEN;
    }
    s->served_epoch = epoch;
}

/* Of the log only `keep` transactions stay; who asked for the others? */
void
hold_cut(struct server *s, uint32_t keep)
{
    bool has_own = false;

    for (uint32_t i = keep; i < s->count; i++)
        has_own |= s->asker[i] != 0;
    if (has_own)
        hold_end(s);
}

/* --- what is asked of a leader ------------------------------------------- */

void
hold_keep(struct server *s, const struct req *about, struct bytes body,
          uint32_t worker, session_id_t session)
{
    _Alignas(8) uint8_t memory[REQUEST_MAX];
    struct req *req = (struct req *)(void *)memory;
    uint32_t size = body.size < 0 ? 0 : (uint32_t)body.size;

    *req = *about;
    req->xid = op_number(about->xid);
    req->size = (uint32_t)ALIGN_UP(sizeof *req + size, 8);
    req->body_size = size;
    check(req->size <= sizeof memory);
    check(
        forward_has_room(s->forward, req, s->service == SERVICE_ASKING_AGAIN));
    if (size > 0)
        memcpy(req->bytes, body.data, size);
    forward_keep(s->forward, req, worker, session);
}

/* A transaction is the last of the log now: whose is it? */
void
hold_comes_back(struct server *s, uint32_t id)
{
    struct origin o;
    struct txn txn;

    check(txn_open(&txn, sim.txn[id].bytes) == 0);
    if (forward_take(s->forward, txn.header.session, op_number(txn.header.cxid),
                     txn.header.type, &o))
        s->asker[s->count - 1] = o.conn;
    hold_note(s, id);
}

static struct session *
find_any(const struct server *s, session_id_t id)
{
    struct session *at = session_find(s->sessions, id);

    return at ? at : local_of(s, id);
}

/* The last of the log: was it asked elsewhere, and done? */
void
hold_note(struct server *s, uint32_t id)
{
    struct session *at;
    struct change c;
    struct txn txn;

    check(txn_open(&txn, sim.txn[id].bytes) == 0);
    at = find_any(s, txn.header.session);
    if (!at || s->asker[s->count - 1] != 0)
        return;
    if (txn.header.type == ZK_OP_ERROR && txn_next(&txn, &c) &&
        (c.err == ZK_SESSION_MOVED || c.err == ZK_SESSION_EXPIRED))
        return;
    at->has_left = 1;
}

/* What is asked for a session that left us, or ended, while it was held. */
bool
hold_has_left(const struct server *s, session_id_t session)
{
    const struct session *at = find_any(s, session);

    return s->was_held && (!at || at->has_left);
}

bool
hold_asks_again(struct server *s)
{
    const struct req *req;
    struct origin o;

    if (s->service != SERVICE_ASKING_AGAIN || !s->is_serving)
        return false;
    while ((req = forward_oldest(s->forward, s->again_end, &o)) != NULL) {
        if (!sim.is_quiet &&
            rng_percent(&sim.rng, sim.plan.again_stall_percent))
            return true; /* there is no room just now */
        if (!attach_asks_again(s, req, &o)) {
            server_stalls(s);
            return true;
        }
        forward_drop(s->forward);
    }
    s->service = SERVICE_OPEN;
    return false;
}
