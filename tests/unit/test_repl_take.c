/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about whose requests a role takes: net/repl/repl_take.c with the
 * takes of repl_lead.c and repl_learn.c.
 */
#include "net/repl/repl_take.h"

#include "net/admin/conn_info.h"
#include "net/repl/repl_lead.h"
#include "net/repl/repl_learn.h"
#include "net/repl/repl_ring.h"
#include "net/repl/repl_role.h"
#include "net/repl/repl_serve.h"
#include "net/repl/repl_session.h"
#include "storage/tree/txn.h"
#include "tests/unit/forward_given.h"
#include "tests/unit/unit.h"

enum { RING_BYTES = 1 << 16 };

static struct shm shm;
static struct repl r;
static struct repl_lead lead;
static struct repl_learn learn;
static struct forward *forwarded;
static _Atomic ring_pos_t tail;

/* One client process, and a request of its in the ring. */
static struct req *
given(const struct role *role, enum service_state service)
{
    static struct shm_super super = {.client_count = 1};
    static struct shm_replication replication;
    struct reqring *ring;
    struct req *req;

    if (!shm.requests[0].base)
        shm.requests[0] = (struct reqring){memory_twice(RING_BYTES), RING_BYTES,
                                           &tail, &replication.taken[0]};
    if (!shm.conns[0])
        shm.conns[0] = memory_reserved((size_t)CONNS_MAX * CONN_INFO_BYTES);
    shm.super = &super;
    shm.replication = &replication;
    atomic_store(&replication.taken[0], atomic_load(&tail));
    forwarded = forward_given();
    r = (struct repl){.shm = &shm,
                      .role = role,
                      .lead = &lead,
                      .learn = &learn,
                      .forward = forwarded};
    r.service.state = service;
    lead.r = learn.r = &r;
    learn.is_connected = true;
    ring = &shm.requests[0];
    req = reqring_reserve(ring, 0, 0);
    req->kind = REQ_WRITE;
    req->op = ZK_OP_SET_DATA;
    reqring_send(ring, req);
    return req;
}

static bool
is_taken(void)
{
    repl_take(&r);
    return atomic_load(&shm.replication->taken[0]) == atomic_load(&tail);
}

/* The core has given up, and this turn will look: the client is held. */
static void
a_term_that_is_over_takes_no_request(void)
{
    given(&role_leading, SERVICE_OPEN);
    lead.core.state = LEADER_OVER;
    CU_ASSERT_FALSE(is_taken());
}

static void
a_lost_leader_takes_no_request(void)
{
    given(&role_learning, SERVICE_OPEN);
    learn.core.state = LEARNER_OVER;
    CU_ASSERT_FALSE(is_taken());
}

static void
what_is_asked_again_stays_when_this_leader_is_lost(void)
{
    struct req req = {.size = sizeof req, .kind = REQ_SYNC};

    given(&role_learning, SERVICE_ASKING_AGAIN);
    learn.core.state = LEARNER_OVER;
    forward_keep(forwarded, &req, 0, 5);
    r.service.again_end = forwarded->newest;
    CU_ASSERT_FALSE(is_taken());
    CU_ASSERT_EQUAL(forward_waiting(forwarded), 1);
    CU_ASSERT_EQUAL(r.service.state, SERVICE_ASKING_AGAIN);
}

/* The second leader was asked the first of two requests, and is lost. */
static void
what_is_asked_a_third_time_is_asked_in_order(void)
{
    struct req first = {.size = sizeof first, .kind = REQ_WRITE, .xid = 1};
    struct req second = {.size = sizeof second, .kind = REQ_WRITE, .xid = 2};
    struct origin o;

    given(&role_learning, SERVICE_ASKING_AGAIN);
    forward_keep(forwarded, &second, 0, 5);
    r.service.again_end = forwarded->newest;
    forward_keep(forwarded, &first, 0, 5);
    repl_hold(&r);
    CU_ASSERT_EQUAL(r.service.state, SERVICE_HELD);
    CU_ASSERT_EQUAL(forward_oldest(forwarded, UINT64_MAX, &o)->xid, 1);
}

static uint32_t took;

static bool
takes_all(struct repl *of, const struct req *req, const struct origin *o)
{
    (void)of, (void)req, (void)o;
    took++;
    return true;
}

/* Its client would not know which it is, and keep alive the wrong one. */
static void
a_local_session_that_is_made_global_again_cannot_move(void)
{
    static const struct role role = {.name = "any", .take = takes_all};
    struct req open = {
        .size = sizeof open, .kind = REQ_SESSION_OPEN, .session = 7};
    struct origin here = {.worker = 0};
    void *memory = memory_reserved(session_table_bytes());

    given(&role, SERVICE_ASKING_AGAIN);
    local_init(&r.local, memory, 1000, 1000);
    local_open(&r.local, 7, 5000, &here, 1000);
    forward_keep(forwarded, &open, 0, 7);
    r.service.again_end = forwarded->newest;
    repl_take(&r);
    CU_ASSERT_EQUAL(r.service.state, SERVICE_OPEN);
    CU_ASSERT_TRUE(local_find(&r.local, 7)->is_closing);
}

/* Its client was answered by a follower that had applied it before us. */
static void
a_session_that_opens_is_resumed_when_it_is_there(void)
{
    struct req *req = given(&role_leading, SERVICE_OPEN);

    lead.core.state = LEADER_BROADCAST;
    req->kind = REQ_SESSION_RESUME;
    req->session = 7;
    req->conn = 1 << 17;
    conn_info_at(&shm, 0, 0)->id = req->conn;
    r.prep.openings.at[0] = (struct prep_opening){7, 1};
    r.prep.openings.newest = 1;
    CU_ASSERT_FALSE(is_taken());
    CU_ASSERT_TRUE(r.is_stalled);
}

/* A connection asks for a session, and is open still or closed. */
static struct req *
given_connection(bool is_open, int64_t session)
{
    static const struct role role = {.name = "any", .take = takes_all};
    struct req *req = given(&role, SERVICE_OPEN);

    req->kind = session ? REQ_SESSION_RESUME : REQ_SESSION_OPEN;
    req->session = session;
    req->conn = 5 << 17 | 3; /* the fifth in place 3 */
    conn_info_at(&shm, 0, 3)->id = is_open ? req->conn : 6 << 17 | 3;
    took = 0;
    return req;
}

/* It had to wait for a leader, and its client came again meanwhile. */
static void
who_is_gone_takes_no_session_from_the_next(void)
{
    given_connection(false, 7);
    CU_ASSERT_TRUE(is_taken());
    CU_ASSERT_EQUAL(took, 0);
    given_connection(true, 7);
    CU_ASSERT_TRUE(is_taken());
    CU_ASSERT_EQUAL(took, 1);
}

static void
who_is_gone_needs_no_new_session(void)
{
    given_connection(false, 0);
    CU_ASSERT_TRUE(is_taken());
    CU_ASSERT_EQUAL(took, 0);
}

static void
what_a_process_asked_that_died_is_of_nobody(void)
{
    given_connection(true, 7)->life = 1;
    CU_ASSERT_TRUE(is_taken());
    CU_ASSERT_EQUAL(took, 0);
}

/* A write is done all the same, and makes a local session global before. */
static void
what_else_it_asked_is_done(void)
{
    given_connection(false, 7)->kind = REQ_WRITE;
    CU_ASSERT_TRUE(is_taken());
    given_connection(false, 7)->kind = REQ_SESSION_OPEN;
    CU_ASSERT_TRUE(is_taken());
    CU_ASSERT_EQUAL(took, 1);
}

/* The same of what a lost leader was asked. */
static void
who_is_gone_does_not_ask_the_next_leader_for_a_session(void)
{
    struct req req = {.size = sizeof req, .kind = REQ_SESSION_RESUME};

    given_connection(false, 7);
    req.session = 7;
    req.conn = 5 << 17 | 3;
    forward_keep(forwarded, &req, 0, 7);
    r.service.state = SERVICE_ASKING_AGAIN;
    r.service.again_end = forwarded->newest;
    CU_ASSERT_TRUE(is_taken());
    CU_ASSERT_EQUAL(took, 0);
    CU_ASSERT_EQUAL(forward_waiting(forwarded), 0);
}

static bool
becomes_a_word(struct lead_peer *p, const struct qpacket *packet)
{
    struct req req = {.kind = REQ_WRITE};
    struct origin nobody = {.worker = RING_NOBODY};

    (void)packet;
    return repl_put_word(p->lead->r, RING_DROP, &req, &nobody, ZK_OK);
}

static const struct quorum three = {
    .count = 3,
    .member = {{.sid = 0}, {.sid = 1}, {.sid = 2}},
};

/* A learner's request found no room before; now there is some. */
static void
given_late_request(const struct lead_duty *duty)
{
    static uint8_t memory[RING_BYTES];
    static struct shm_log log_part;
    struct qpacket packet = {Q_REQUEST, -1, BYTES_NULL, BYTES_NULL};
    struct lead_peer *p = &lead.peer[0];
    struct jute_out out;

    given(&role_leading, SERVICE_OPEN);
    shm.log = &log_part;
    shm.ring = (struct txring){memory, sizeof memory};
    lead.duty = duty;
    lead.core.conf.quorum = &three;
    lead.core.state = LEADER_BROADCAST;
    lead.core.peer_end = 1;
    lead.core.peer[0].stage = PEER_UP_TO_DATE;
    buf_pool_init(&lead.home.pool, 1 << 20);
    *p = (struct lead_peer){.lead = &lead, .is_used = true, .is_waiting = true};
    CU_ASSERT_TRUE_FATAL(buf_reserve(&lead.home.pool, &p->late, 64));
    out = jute_out_of(p->late->data, 64);
    qpacket_put(&out, &packet);
    p->late->end = (uint32_t)jute_out_size(&out);
}

/* Who looks next may find nothing to do, and sleep. */
static void
what_was_late_is_published_in_the_turn_that_takes_it(void)
{
    static const struct lead_duty duty = {.name = "any", .ask = becomes_a_word};

    given_late_request(&duty);
    r.role->turn(&r);
    CU_ASSERT_PTR_NULL(lead.peer[0].late);
    CU_ASSERT_NOT_EQUAL(r.head, 0);
    CU_ASSERT_EQUAL(r.published, r.head);
    lead.peer[0].is_used = false;
}

/* The number is in the top byte, and 0 is one; alone it is 1, as Apache's. */
static void
each_server_has_session_ids_of_its_own(void)
{
    given(&role_learning, SERVICE_OPEN);
    r.sessions = session_table_init(memory_reserved(session_table_bytes()),
                                    session_table_bytes());
    r.conf.member_count = 3;
    repl_session_start(&r);
    CU_ASSERT_EQUAL(repl_session_id(&r) >> 56, 0);
    r.next_session = 0;
    r.conf.my_sid = 255;
    repl_session_start(&r);
    CU_ASSERT_EQUAL((uint64_t)repl_session_id(&r) >> 56, 255);
    r.next_session = 0;
    r.conf = (struct conf){0};
    repl_session_start(&r);
    CU_ASSERT_EQUAL(repl_session_id(&r) >> 56, 1);
}

/* Nor does a clock that was set back bring one back. */
static void
session_ids_only_grow(void)
{
    session_id_t ahead;

    for (sid_t sid = 1; sid < 256; sid += 254) {
        given(&role_learning, SERVICE_OPEN);
        r.sessions = session_table_init(memory_reserved(session_table_bytes()),
                                        session_table_bytes());
        r.conf.member_count = 3;
        r.conf.my_sid = sid;
        repl_session_start(&r);
        r.next_session += 1 << 30; /* by a later clock */
        ahead = r.next_session;
        repl_session_start(&r);
        CU_ASSERT_EQUAL(repl_session_id(&r), ahead);
    }
}

/* Its connection is gone, and so may be what it asked before. */
static void
a_request_of_an_earlier_period_is_nobodys(void)
{
    struct req *req = given(&role_learning, SERVICE_HELD);

    learn.core.state = LEARNER_OVER;
    req->period = 1;
    atomic_store(&shm.replication->serving, 2);
    r.service.state = SERVICE_OPEN;
    CU_ASSERT_TRUE(is_taken());
    atomic_store(&shm.replication->serving, 0);
}

/* The last transaction is one of session 7, asked by `worker`. */
static void
session_acts(uint16_t worker, int32_t type, int32_t err)
{
    static struct {
        struct ring_entry e;
        uint8_t payload[ZK_TXN_HEADER_BYTES + 16];
    } at;
    struct jute_out out = jute_out_of(at.payload, sizeof at.payload);
    struct txn_header h = {.session = 7, .zxid = 1, .type = type};

    at.e = (struct ring_entry){.kind = RING_TXN,
                               .worker = worker,
                               .session = 7,
                               .payload_size = sizeof at.payload};
    txn_put_header(&out, &h);
    if (type == ZK_OP_MULTI) {
        jute_put_i32(&out, 1);
        jute_put_i32(&out, ZK_OP_ERROR);
        jute_put_i32(&out, 4);
    }
    jute_put_i32(&out, err);
    repl_session_acts(&r, &at.e);
}

/* A session whose client is here; it is asked something for it. */
static bool
has_left(bool was_held)
{
    const struct req write = {.kind = REQ_WRITE, .session = 7};

    r.service.was_held = was_held;
    return repl_session_has_left(&r, &write);
}

static void
given_session(void)
{
    struct origin here = {.worker = 0};
    void *memory = memory_reserved(session_table_bytes());

    given(&role_learning, SERVICE_OPEN);
    r.sessions = session_table_init(memory, session_table_bytes());
    session_take(r.sessions, 7);
    repl_session_moves(&r, 7, &here);
}

/* While we were cut off its client went on elsewhere; then it comes back. */
static void
what_a_session_did_elsewhere_ends_what_it_asked_here(void)
{
    struct origin here = {.worker = 0};

    given_session();
    session_acts(0, ZK_OP_SET_DATA, 0);
    CU_ASSERT_FALSE(has_left(true));
    session_acts(RING_NOBODY, ZK_OP_SET_DATA, 0);
    CU_ASSERT_TRUE(has_left(true));
    CU_ASSERT_FALSE(has_left(false)); /* its leader knows who owns it */
    repl_session_moves(&r, 7, &here);
    CU_ASSERT_FALSE(has_left(true));
    session_acts(CLIENTS_MAX + 3, ZK_OP_ERROR, ZK_NO_NODE);
    CU_ASSERT_TRUE(has_left(true));
}

/* Session 7 is one that only we know. */
static struct session *
given_local_session(void)
{
    struct origin here = {.worker = 0};
    void *memory = memory_reserved(session_table_bytes());

    given_session();
    session_give(r.sessions, session_find(r.sessions, 7));
    local_init(&r.local, memory, 1000, 1000);
    return local_open(&r.local, 7, 5000, &here, 1000);
}

/*
 * Its client has closed it elsewhere meanwhile.  A leader that lets others
 * vouch for local sessions would take it for one of those.
 */
static void
what_was_asked_for_a_session_that_ended_ends_with_it(void)
{
    struct session *own = given_local_session();

    CU_ASSERT_FALSE(has_left(true));
    local_end(&r.local, own);
    CU_ASSERT_TRUE(has_left(true));
    CU_ASSERT_FALSE(has_left(false));
}

/* Or what follows would be done, and what was asked before it not. */
static void
a_local_session_that_ended_becomes_global_no_more(void)
{
    const struct req open = {.kind = REQ_SESSION_OPEN, .session = 7};
    const struct req fresh = {.kind = REQ_SESSION_OPEN};

    local_end(&r.local, given_local_session());
    r.service.was_held = true;
    CU_ASSERT_TRUE(repl_session_has_left(&r, &open));
    CU_ASSERT_FALSE(repl_session_has_left(&r, &fresh));
}

/*
 * It became global on a leader that is lost, and went on elsewhere: both are
 * in our log before either is applied.
 */
static void
who_became_global_and_left_has_left(void)
{
    const struct ring_entry opened = {.kind = RING_TXN, .session = 7};

    given_local_session();
    session_acts(RING_NOBODY, ZK_OP_SET_DATA, 0);
    session_take(r.sessions, 7);
    repl_local_applied(&r, &opened, ZK_OP_CREATE_SESSION);
    CU_ASSERT_FALSE(repl_local_has(&r, 7));
    CU_ASSERT_TRUE(has_left(true));
}

static void
who_is_turned_away_elsewhere_has_not_left(void)
{
    given_session();
    session_acts(RING_NOBODY, ZK_OP_ERROR, ZK_SESSION_MOVED);
    session_acts(RING_NOBODY, ZK_OP_ERROR, ZK_SESSION_EXPIRED);
    session_acts(RING_NOBODY, ZK_OP_MULTI, ZK_SESSION_MOVED);
    CU_ASSERT_FALSE(has_left(true));
}

static void
without_service_a_request_is_nobodys(void)
{
    given(&role_leading, SERVICE_NONE);
    lead.core.state = LEADER_DISCOVERY;
    CU_ASSERT_TRUE(is_taken());
    given(&role_learning, SERVICE_NONE);
    learn.core.state = LEARNER_SYNCING;
    CU_ASSERT_TRUE(is_taken());
}

UNIT_SUITE(repl_take)
{
    unit_suite("repl_take");
    UNIT(a_term_that_is_over_takes_no_request);
    UNIT(a_lost_leader_takes_no_request);
    UNIT(what_is_asked_again_stays_when_this_leader_is_lost);
    UNIT(what_is_asked_a_third_time_is_asked_in_order);
    UNIT(a_local_session_that_is_made_global_again_cannot_move);
    UNIT(a_session_that_opens_is_resumed_when_it_is_there);
    UNIT(who_is_gone_takes_no_session_from_the_next);
    UNIT(who_is_gone_needs_no_new_session);
    UNIT(what_a_process_asked_that_died_is_of_nobody);
    UNIT(what_else_it_asked_is_done);
    UNIT(who_is_gone_does_not_ask_the_next_leader_for_a_session);
    UNIT(what_was_late_is_published_in_the_turn_that_takes_it);
    UNIT(each_server_has_session_ids_of_its_own);
    UNIT(session_ids_only_grow);
    UNIT(a_request_of_an_earlier_period_is_nobodys);
    UNIT(what_a_session_did_elsewhere_ends_what_it_asked_here);
    UNIT(what_was_asked_for_a_session_that_ended_ends_with_it);
    UNIT(a_local_session_that_ended_becomes_global_no_more);
    UNIT(who_became_global_and_left_has_left);
    UNIT(who_is_turned_away_elsewhere_has_not_left);
    UNIT(without_service_a_request_is_nobodys);
}
