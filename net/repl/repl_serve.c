/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_serve.c - serving clients, and holding them while the leader changes.
 *
 * A period of service outlives the loss of a leader.  For HOLD_MS clients
 * keep their connections, reads go on from the tree, and requests wait in
 * their rings.  When there is a leader again, the requests that the last one
 * got are of two kinds:
 *
 *      in the history      they were prepared; they are answered when what
 *                          they became is committed, as always
 *      not in it           nobody will ever commit them, for their epoch is
 *                          closed: they are asked again, in their order
 *
 * So no request is lost and none is done twice.  Clients are let go when no
 * leader is found in time; when the tree is replaced by a snapshot, or what one
 * of them asked is cut off our log: what it asked behind that must not be done
 * without it; and when the same leader has us again in the same epoch: it may
 * still be at work on what it got before, and has our sessions down as another
 * connection's.
 *
 * While we were cut off the ensemble may have gone on, and a client with it:
 * its session has done something elsewhere.  What it had asked here before
 * would come behind that, so it is dropped (repl_session_has_left).
 *
 * The replication process.
 */
#include "net/repl/repl_serve.h"

#include <inttypes.h>

#include "daemon/check.h"
#include "daemon/clock.h"
#include "daemon/log.h"
#include "net/repl/repl_prepare.h"
#include "net/repl/repl_ring.h"
#include "net/repl/repl_role.h"
#include "net/repl/repl_session.h"
#include "net/zab/forward.h"

enum { HOLD_MS = 2000 };

/* ZK: leaderServes=no, a leader that leaves all clients to its followers. */
static bool
takes_clients(const struct repl *r, enum server_role kind)
{
    return kind != ROLE_LEADING || r->conf.leader_serves;
}

/* With a leader, or held for one; read-only clients have none. */
static bool
is_full_service(enum service_state state)
{
    return state != SERVICE_NONE && state != SERVICE_READ_ONLY;
}

static void
note_outage(struct repl *r, enum service_state before)
{
    struct service *service = &r->service;
    mono_ms_t now = clock_mono_ms();

    if (is_full_service(before) && !is_full_service(service->state)) {
        service->unserved_since = now;
    } else if (!is_full_service(before) && is_full_service(service->state)) {
        if (service->unserved_since != 0)
            atomic_store(&r->shm->replication->ensemble.unavailable_last_ms,
                         (uint64_t)(now - service->unserved_since));
        service->unserved_since = 0;
    }
}

/* A period ends, and `period`, or none, begins: no connection outlives that. */
static void
set_period(struct repl *r, enum service_state state, uint32_t period)
{
    enum service_state before = r->service.state;

    r->service.state = state;
    r->service.was_held = false;
    note_outage(r, before);
    repl_local_clear(r);
    atomic_store(&r->shm->replication->serving, period);
    bell_ring_clients(r->shm);
    bell_ring(r->shm, PROC_SUPER);
}

static uint32_t
new_period(struct repl *r)
{
    return atomic_fetch_add(&r->shm->replication->periods, 1) + 1;
}

void
repl_end_serving(struct repl *r)
{
    repl_prepare_end(r);
    if (r->forward)
        forward_clear(r->forward);
    atomic_store(&r->shm->replication->role, ROLE_NONE);
    set_period(r, SERVICE_NONE, 0);
}

bool
repl_is_alone_with_tree(const struct repl *r)
{
    for (uint32_t w = 0; w < r->shm->super->client_count; w++)
        if (atomic_load(&r->shm->client[w]->attached) != 0)
            return false;
    return true;
}

bool
repl_serves_nobody(const struct repl *r)
{
    return r->service.state == SERVICE_NONE;
}

void
repl_service_check(const struct repl *r)
{
    const struct service *service = &r->service;
    bool is_served = atomic_load_explicit(&r->shm->replication->serving,
                                          memory_order_relaxed) != 0;

    check((service->state != SERVICE_NONE) == is_served);
    switch (service->state) {
    case SERVICE_NONE:
        break;
    case SERVICE_OPEN:
        check(r->role != &role_looking);
        break;
    case SERVICE_HELD:
        check(!r->role->is_alone && !r->is_preparing);
        break;
    case SERVICE_ASKING_AGAIN:
        check(r->role != &role_looking);
        check(service->again_end <= r->forward->newest);
        break;
    case SERVICE_READ_ONLY:
        check(r->role == &role_looking && !r->is_preparing);
        break;
    }
}

void
repl_vouched(struct repl *r, mono_ms_t when)
{
    _Atomic mono_ms_t *vouched = &r->shm->replication->vouched;

    if (when > atomic_load_explicit(vouched, memory_order_relaxed))
        atomic_store_explicit(vouched, when, memory_order_release);
}

/* From a role's word on; without one, as in read-only mode, nobody counts. */
static void
begin_vouching(struct repl *r, enum server_role kind)
{
    bool is_for_ever = kind == ROLE_STANDALONE || kind == ROLE_READ_ONLY;

    atomic_store(&r->shm->replication->vouched,
                 is_for_ever ? MONO_MS_MAX : clock_mono_ms());
}

/*
 * Clients that were held: whoever leads now gave their sessions full timeouts
 * when its term began.  We do not know when, for we may have found it late, or
 * stood still before we read its word; but hardly before we parted with the
 * last one: at most by as much as that one went on without its quorum.
 */
static void
go_on_vouching(struct repl *r)
{
    repl_vouched(r, r->service.parted);
}

/* --- through a change of leader ------------------------------------------ */

/* Who was a quorum by itself knows that it is over. */
void
repl_parts(struct repl *r, mono_ms_t when)
{
    _Atomic mono_ms_t *vouched = &r->shm->replication->vouched;

    if (r->service.state == SERVICE_HELD)
        return;
    r->service.parted = when;
    if (atomic_load(vouched) == MONO_MS_MAX)
        atomic_store(vouched, clock_mono_ms());
}

void
repl_hold(struct repl *r)
{
    struct service *service = &r->service;

    if (service->state == SERVICE_NONE) {
        repl_end_serving(r);
        return;
    }
    repl_prepare_end(r);
    repl_local_hold(r);
    if (service->state == SERVICE_ASKING_AGAIN)
        forward_turn(r->forward, service->again_end);
    if (service->state != SERVICE_HELD)
        service->hold_until = clock_mono_ms() + HOLD_MS;
    service->state = SERVICE_HELD;
    service->was_held = true;
    atomic_store(&r->shm->replication->role, ROLE_NONE);
}

void
repl_hold_tick(struct repl *r)
{
    if (r->service.state != SERVICE_HELD ||
        clock_mono_ms() < r->service.hold_until)
        return;
    log_warn("replication: no leader for %d ms: clients are let go", HOLD_MS);
    repl_end_serving(r);
}

/* False: not now. */
static bool
ask_once_more(struct repl *r, const struct req *req, const struct origin *o)
{
    if (repl_session_is_unwanted(r, req, o))
        return true;
    if (repl_session_has_left(r, req))
        return repl_put_word(r, RING_DROP, req, o, ZK_OK);
    if (!r->role->take(r, req, o))
        return false;
    repl_local_asked_again(r, req);
    return true;
}

bool
repl_ask_again(struct repl *r)
{
    const struct req *req;
    struct origin o;

    while ((req = forward_oldest(r->forward, r->service.again_end, &o)) !=
           NULL) {
        if (!ask_once_more(r, req, &o))
            return false;
        forward_drop(r->forward);
    }
    r->service.state = SERVICE_OPEN;
    return true;
}

/* Clients that were held go on; false: they cannot. */
static bool
go_on(struct repl *r, int64_t epoch)
{
    struct service *service = &r->service;
    uint64_t waiting = r->forward ? forward_waiting(r->forward) : 0;

    if (service->state != SERVICE_HELD || epoch == service->epoch)
        return false;
    service->state = waiting > 0 ? SERVICE_ASKING_AGAIN : SERVICE_OPEN;
    service->again_end = waiting > 0 ? forward_ask_again(r->forward) : 0;
    log_info("replication: clients were held through the change of leader, "
             "%" PRIu64 " requests are asked again",
             waiting);
    bell_ring_clients(r->shm);
    return true;
}

/* Whoever was held is let go, with what was kept for it. */
static void
begin_anew(struct repl *r, enum service_state state, uint32_t period)
{
    if (r->forward)
        forward_clear(r->forward);
    set_period(r, state, period);
}

void
repl_serve(struct repl *r, enum server_role kind, int64_t epoch)
{
    struct shm_replication *shared = r->shm->replication;

    if (r->known_committed > shared->committed_zxid)
        atomic_store(&shared->committed_zxid, r->known_committed);
    repl_session_start(r);
    repl_report(r);
    atomic_store(&shared->role, kind);
    if (takes_clients(r, kind)) {
        if (go_on(r, epoch)) {
            go_on_vouching(r);
        } else {
            begin_vouching(r, kind);
            begin_anew(r, SERVICE_OPEN, new_period(r));
        }
    } else {
        begin_anew(r, SERVICE_NONE, 0);
        log_info("replication: leaderServes=no: clients are not served here");
    }
    r->service.epoch = epoch;
}

void
repl_serve_read_only(struct repl *r)
{
    if (r->service.state == SERVICE_HELD)
        repl_end_serving(r);
    repl_session_start(r);
    begin_vouching(r, ROLE_READ_ONLY);
    atomic_store(&r->shm->replication->role, ROLE_READ_ONLY);
    set_period(r, SERVICE_READ_ONLY, new_period(r));
}
