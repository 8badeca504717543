/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about net/zab/forward.c: what went to the leader and comes back. */
#include "net/zab/forward.h"

#include "daemon/shm.h"
#include "daemon/zk.h"
#include "net/wire/qpacket.h"
#include "tests/unit/forward_given.h"
#include "tests/unit/unit.h"

static struct forward *f;

/* Room for the largest request of these claims. */
static struct req *
request(enum req_kind kind, int32_t op, session_id_t session, int32_t xid,
        uint32_t body_size)
{
    static _Alignas(8) uint8_t memory[1 << 20];
    struct req *req = (struct req *)(void *)memory;

    *req = (struct req){
        .size = (uint32_t)ALIGN_UP(sizeof *req + body_size, 8u),
        .kind = (uint16_t)kind,
        .life = 7,
        .conn = (uint32_t)xid,
        .session = session,
        .xid = xid,
        .op = op,
        .body_size = body_size,
    };
    return req;
}

static void
keep_write(session_id_t session, int32_t xid)
{
    const struct req *req =
        request(REQ_WRITE, ZK_OP_SET_DATA, session, xid, 40);

    CU_ASSERT_TRUE_FATAL(forward_has_room(f, req, false));
    forward_keep(f, req, 3, session);
}

static bool
is_taken(session_id_t session, int32_t xid, int32_t type)
{
    struct origin o;
    const struct req *req = forward_take(f, session, xid, type, &o);

    return req && req->xid == xid && o.worker == 3 && o.life == 7 &&
           o.conn == (uint32_t)xid;
}

static void
a_transaction_finds_who_asked(void)
{
    forward_clear(f);
    keep_write(5, 1);
    CU_ASSERT_TRUE(is_taken(5, 1, ZK_OP_SET_DATA));
    CU_ASSERT_EQUAL(forward_waiting(f), 0);
}

static void
a_failed_write_comes_back_as_an_error(void)
{
    forward_clear(f);
    keep_write(5, 1);
    CU_ASSERT_TRUE(is_taken(5, 1, ZK_OP_ERROR));
}

/* An observer's connection is gone; what clients asked before and after it
   is not. */
static void
what_came_from_a_worker_and_above_can_be_forgotten(void)
{
    const struct req *req = request(REQ_SYNC, ZK_OP_SYNC, 6, 2, 0);
    struct origin o;

    forward_clear(f);
    keep_write(5, 1);
    forward_keep(f, req, 64, 6);
    keep_write(5, 3);
    forward_keep(f, req, 65, 6);
    forward_forget(f, 64);
    CU_ASSERT_PTR_NULL(forward_take_sync(f, &o));
    CU_ASSERT_TRUE(is_taken(5, 1, ZK_OP_SET_DATA));
    CU_ASSERT_TRUE(is_taken(5, 3, ZK_OP_SET_DATA));
    CU_ASSERT_EQUAL(forward_waiting(f), 0);
}

static void
what_is_somebody_elses_finds_nobody(void)
{
    struct origin o;

    forward_clear(f);
    keep_write(5, 1);
    CU_ASSERT_PTR_NULL(forward_take(f, 5, 2, ZK_OP_SET_DATA, &o));
    for (session_id_t other = 6; other < 20 * FORWARD_BUCKETS; other++)
        CU_ASSERT_PTR_NULL(forward_take(f, other, 1, ZK_OP_SET_DATA, &o));
    CU_ASSERT_EQUAL(forward_waiting(f), 1);
}

static void
an_answer_is_taken_once(void)
{
    forward_clear(f);
    keep_write(5, 1);
    CU_ASSERT_TRUE(is_taken(5, 1, ZK_OP_SET_DATA));
    CU_ASSERT_FALSE(is_taken(5, 1, ZK_OP_SET_DATA));
}

/* The leader lets a session expire that a write of ours belongs to. */
static void
an_expiry_answers_no_write(void)
{
    struct origin o;

    forward_clear(f);
    keep_write(5, 0);
    CU_ASSERT_PTR_NULL(forward_take(f, 5, 0, ZK_OP_CLOSE_SESSION, &o));
}

/* A client numbers its requests anew at each connection; what it asked at
   another server comes late. */
static void
a_write_of_another_kind_answers_nothing(void)
{
    struct origin o;

    forward_clear(f);
    forward_keep(f, request(REQ_WRITE, ZK_OP_MULTI, 5, 1, 8), 3, 5);
    CU_ASSERT_PTR_NULL(forward_take(f, 5, 1, ZK_OP_SET_DATA, &o));
    CU_ASSERT_TRUE(is_taken(5, 1, ZK_OP_MULTI));
    forward_keep(f, request(REQ_WRITE, ZK_OP_CREATE, 5, 1, 8), 3, 5);
    CU_ASSERT_TRUE(is_taken(5, 1, ZK_OP_CREATE_CONTAINER));
}

static void
of_two_alike_the_older_is_answered(void)
{
    struct origin o;

    forward_clear(f);
    forward_keep(f, request(REQ_WRITE, ZK_OP_DELETE, 5, 1, 8), 1, 5);
    forward_keep(f, request(REQ_WRITE, ZK_OP_DELETE, 5, 1, 8), 2, 5);
    CU_ASSERT_PTR_NOT_NULL(forward_take(f, 5, 1, ZK_OP_DELETE, &o));
    CU_ASSERT_EQUAL(o.worker, 1);
}

static void
syncs_are_answered_in_their_order(void)
{
    struct origin o;

    forward_clear(f);
    keep_write(5, 1);
    forward_keep(f, request(REQ_SYNC, ZK_OP_SYNC, 5, 2, 8), 3, 5);
    forward_keep(f, request(REQ_SYNC, ZK_OP_SYNC, 4, 1, 8), 3, 4);
    CU_ASSERT_EQUAL(forward_take_sync(f, &o)->session, 5);
    CU_ASSERT_EQUAL(forward_take_sync(f, &o)->session, 4);
    CU_ASSERT_PTR_NULL(forward_take_sync(f, &o));
    CU_ASSERT_EQUAL(forward_waiting(f), 3); /* behind the write */
}

/* --- sessions ------------------------------------------------------------ */

enum { OBSERVER = CLIENTS_MAX + 5 };

static void
keep_resume(uint32_t worker, session_id_t session)
{
    const struct req *req = request(REQ_SESSION_RESUME, 0, session, 0, 0);

    CU_ASSERT_TRUE_FATAL(forward_has_room(f, req, false));
    forward_keep(f, req, worker, session);
}

/* The leader's word on the session is for this worker, now. */
static bool
is_told(session_id_t session, bool is_valid, uint32_t worker)
{
    struct origin o;
    const struct req *req = forward_take_session(f, session, is_valid, &o);

    return req && req->session == session && o.worker == worker;
}

/* The next SYNC is for this session and worker. */
static bool
is_synced(session_id_t session, uint32_t worker)
{
    struct origin o;
    const struct req *req = forward_take_sync(f, &o);

    return req && req->session == session && o.worker == worker;
}

static void
sessions_are_answered_in_any_order(void)
{
    forward_clear(f);
    keep_resume(OBSERVER, 8);
    keep_resume(OBSERVER + 1, 9);
    CU_ASSERT_TRUE(is_told(9, true, OBSERVER + 1));
    CU_ASSERT_TRUE(is_told(8, true, OBSERVER));
    CU_ASSERT_FALSE(is_told(8, true, OBSERVER));
    CU_ASSERT_EQUAL(forward_waiting(f), 0);
}

/* What its client asked before, at another server, comes before that. */
static void
a_session_is_there_with_the_sync_behind_it(void)
{
    forward_clear(f);
    keep_resume(3, 8);
    CU_ASSERT_FALSE(is_told(8, true, 3));
    CU_ASSERT_EQUAL(forward_waiting(f), 1);
    CU_ASSERT_TRUE(is_synced(8, 3));
    CU_ASSERT_EQUAL(forward_waiting(f), 0);
}

/* Its SYNC comes all the same, and is not the next one's. */
static void
who_is_refused_does_not_wait(void)
{
    forward_clear(f);
    keep_resume(3, 8);
    forward_keep(f, request(REQ_SYNC, ZK_OP_SYNC, 5, 1, 8), 4, 5);
    CU_ASSERT_TRUE(is_told(8, false, 3));
    CU_ASSERT_TRUE(is_synced(8, RING_NOBODY));
    CU_ASSERT_TRUE(is_synced(5, 4));
    CU_ASSERT_EQUAL(forward_waiting(f), 0);
}

/* Nobody answers in this order; if one did, it would count both. */
static void
a_sync_ahead_of_the_word_lets_nobody_in(void)
{
    forward_clear(f);
    keep_resume(3, 8);
    CU_ASSERT_TRUE(is_synced(8, RING_NOBODY));
    CU_ASSERT_EQUAL(forward_waiting(f), 1);
    CU_ASSERT_TRUE(is_told(8, true, 3));
    CU_ASSERT_EQUAL(forward_waiting(f), 0);
}

/* An observer sends a SYNC of its own. */
static void
an_observer_waits_for_the_word_alone(void)
{
    forward_clear(f);
    keep_resume(OBSERVER, 8);
    forward_keep(f, request(REQ_SYNC, ZK_OP_SYNC, 8, -1, 8), OBSERVER, 8);
    CU_ASSERT_TRUE(is_told(8, true, OBSERVER));
    CU_ASSERT_TRUE(is_synced(8, OBSERVER));
    CU_ASSERT_EQUAL(forward_waiting(f), 0);
}

/* Each word and each SYNC is the older connection's first. */
static void
a_session_that_comes_back_twice_is_answered_twice(void)
{
    forward_clear(f);
    keep_resume(3, 8);
    keep_resume(4, 8);
    CU_ASSERT_FALSE(is_told(8, true, 3));
    CU_ASSERT_TRUE(is_told(8, false, 4));
    CU_ASSERT_TRUE(is_synced(8, 3));
    CU_ASSERT_TRUE(is_synced(8, RING_NOBODY));
    CU_ASSERT_EQUAL(forward_waiting(f), 0);
}

/* The leader is lost between its two answers: the next one gives both. */
static void
who_was_not_let_in_yet_is_asked_for_again(void)
{
    struct origin o;
    uint64_t end;

    forward_clear(f);
    keep_resume(3, 8);
    CU_ASSERT_FALSE(is_told(8, true, 3));
    end = forward_ask_again(f);
    CU_ASSERT_EQUAL_FATAL(forward_oldest(f, end, &o)->session, 8);
    CU_ASSERT_EQUAL(o.worker, 3);
    forward_keep(f, forward_oldest(f, end, &o), 3, 8);
    forward_drop(f);
    CU_ASSERT_FALSE(is_told(8, true, 3));
    CU_ASSERT_TRUE(is_synced(8, 3));
    CU_ASSERT_EQUAL(forward_waiting(f), 0);
}

static void
who_was_refused_is_not(void)
{
    struct origin o;
    uint64_t end;

    forward_clear(f);
    keep_resume(3, 8);
    keep_write(5, 1);
    CU_ASSERT_TRUE(is_told(8, false, 3));
    end = forward_ask_again(f);
    CU_ASSERT_EQUAL(forward_oldest(f, end, &o)->session, 5);
    CU_ASSERT_EQUAL(forward_waiting(f), 1);
}

static void
a_session_is_no_answer_to_anything_else(void)
{
    struct origin o;

    forward_clear(f);
    keep_write(5, 0);
    keep_resume(3, 8);
    CU_ASSERT_PTR_NULL(forward_take_session(f, 5, false, &o));
    for (session_id_t other = 9; other < 20 * FORWARD_BUCKETS; other++)
        CU_ASSERT_PTR_NULL(forward_take_session(f, other, false, &o));
    CU_ASSERT_EQUAL(forward_waiting(f), 2);
}

/* --- sending again ------------------------------------------------------- */

static void
what_waits_is_found_oldest_first(void)
{
    struct origin o;
    uint64_t end;

    forward_clear(f);
    for (int32_t xid = 1; xid <= 4; xid++)
        keep_write(5, xid);
    is_taken(5, 2, ZK_OP_SET_DATA);
    end = forward_ask_again(f);
    keep_write(5, 9);
    for (int32_t xid = 1; xid <= 4; xid += xid == 1 ? 2 : 1) {
        CU_ASSERT_EQUAL(forward_oldest(f, end, &o)->xid, xid);
        forward_drop(f);
    }
    CU_ASSERT_PTR_NULL(forward_oldest(f, end, &o));
    CU_ASSERT_EQUAL(forward_waiting(f), 1);
}

/* A leader is lost with as many on their way as there may be. */
static void
as_many_as_may_wait_can_be_asked_again(void)
{
    const struct req *req = request(REQ_WRITE, ZK_OP_SET_DATA, 5, 1, 8);
    struct origin o;

    forward_clear(f);
    for (int32_t xid = 2; forward_has_room(f, req, false); xid++) {
        forward_keep(f, req, 3, 5);
        req = request(REQ_WRITE, ZK_OP_SET_DATA, 5, xid, 8);
    }
    for (uint64_t left = f->newest; left > 0; left--) {
        req = forward_oldest(f, f->newest, &o);
        CU_ASSERT_TRUE_FATAL(forward_has_room(f, req, true));
        forward_keep(f, req, o.worker, 5);
        forward_drop(f);
    }
}

/* Sent again while the old copy is still there: neither disturbs the other. */
static void
what_is_kept_again_stays_whole(void)
{
    uint64_t end;
    struct origin o;
    const struct req *req;

    forward_clear(f);
    for (int32_t xid = 1; xid <= 100; xid++)
        keep_write(5, xid);
    end = forward_ask_again(f);
    while ((req = forward_oldest(f, end, &o)) != NULL) {
        CU_ASSERT_TRUE(forward_has_room(f, req, true));
        forward_keep(f, req, o.worker, 5);
        forward_drop(f);
    }
    for (int32_t xid = 1; xid <= 100; xid++)
        CU_ASSERT_TRUE(is_taken(5, xid, ZK_OP_SET_DATA));
    CU_ASSERT_EQUAL(forward_waiting(f), 0);
}

/* The leader answers the first while the second has not been sent to it. */
static void
an_answer_is_for_the_sync_that_was_asked_again(void)
{
    struct origin o;
    uint64_t end;

    forward_clear(f);
    forward_keep(f, request(REQ_SYNC, ZK_OP_SYNC, 5, 1, 8), 3, 5);
    forward_keep(f, request(REQ_SYNC, ZK_OP_SYNC, 6, 2, 8), 3, 6);
    end = forward_ask_again(f);
    for (session_id_t session = 5; session <= 6; session++) {
        const struct req *req = forward_oldest(f, end, &o);

        CU_ASSERT_TRUE_FATAL(req && req->session == session);
        forward_keep(f, req, o.worker, session);
        forward_drop(f);
        req = forward_take_sync(f, &o);
        CU_ASSERT_TRUE(req && req->session == session);
    }
    CU_ASSERT_EQUAL(forward_waiting(f), 0);
}

/* Its client came back and gave the second the number of the first. */
static void
and_for_the_write(void)
{
    const struct req *req = request(REQ_WRITE, ZK_OP_CREATE, 5, 1, 8);
    struct origin o;
    uint64_t end;

    forward_clear(f);
    forward_keep(f, req, 1, 5);
    forward_keep(f, req, 2, 5);
    end = forward_ask_again(f);
    CU_ASSERT_PTR_NULL(forward_take(f, 5, 1, ZK_OP_CREATE, &o));
    for (uint32_t worker = 1; worker <= 2; worker++) {
        forward_keep(f, forward_oldest(f, end, &o), worker, 5);
        forward_drop(f);
        CU_ASSERT_PTR_NOT_NULL(forward_take(f, 5, 1, ZK_OP_CREATE, &o));
        CU_ASSERT_EQUAL(o.worker, worker);
    }
    CU_ASSERT_EQUAL(forward_waiting(f), 0);
}

static void
new_requests_leave_room_for_old_ones(void)
{
    const struct req *req;
    uint32_t count = 0;

    forward_clear(f);
    req = request(REQ_WRITE, ZK_OP_SET_DATA, 5, 1, 900000);
    for (; forward_has_room(f, req, false); count++)
        forward_keep(f, req, 1, 5);
    CU_ASSERT_EQUAL(count, FORWARD_NEW_BYTES / req->size);
    for (uint32_t i = 0; i < count; i++) {
        CU_ASSERT_TRUE_FATAL(forward_has_room(f, req, true));
        forward_keep(f, req, 1, 5);
        forward_drop(f);
    }
}

/* Alone, and as far into the bytes as it may lie. */
static void
the_largest_can_be_asked_again_from_anywhere(void)
{
    const struct req largest = {.size = QPACKET_DATA_MAX};

    for (uint64_t at = 0; at + largest.size <= FORWARD_BYTES; at += 1 << 24) {
        forward_clear(f);
        f->newest = 1;
        f->place[0].at = at;
        f->byte_end = at + largest.size;
        CU_ASSERT_TRUE(forward_has_room(f, &largest, true));
    }
}

static void
places_are_bounded(void)
{
    forward_clear(f);
    for (int32_t xid = 1; xid < FORWARD_PLACES; xid++)
        keep_write(5, xid);
    CU_ASSERT_FALSE(forward_has_room(
        f, request(REQ_WRITE, ZK_OP_SET_DATA, 5, 1, 8), false));
    for (int32_t xid = FORWARD_PLACES - 1; xid >= 1; xid--)
        CU_ASSERT_TRUE(is_taken(5, xid, ZK_OP_SET_DATA));
    CU_ASSERT_EQUAL(forward_waiting(f), 0);
}

/* The order of a session's requests is that in which they were asked. */
static void
what_was_asked_again_goes_before_what_was_not(void)
{
    struct origin o;
    uint64_t end;

    forward_clear(f);
    for (int32_t xid = 1; xid <= 4; xid++)
        keep_write(5, xid);
    end = forward_ask_again(f);
    for (int32_t xid = 1; xid <= 2; xid++) {
        forward_keep(f, forward_oldest(f, end, &o), 3, 5);
        forward_drop(f);
    }
    CU_ASSERT_TRUE(is_taken(5, 1, ZK_OP_SET_DATA));
    forward_turn(f, end);
    CU_ASSERT_EQUAL(forward_waiting(f), 3);
    for (int32_t xid = 2; xid <= 4; xid++) {
        const struct req *req = forward_oldest(f, UINT64_MAX, &o);

        CU_ASSERT_EQUAL_FATAL(req->xid, xid);
        CU_ASSERT_EQUAL(o.worker, 3);
        forward_drop(f);
    }
    CU_ASSERT_EQUAL(forward_waiting(f), 0);
}

UNIT_SUITE(forward)
{
    unit_suite("forward");
    f = forward_given();
    UNIT(a_transaction_finds_who_asked);
    UNIT(a_failed_write_comes_back_as_an_error);
    UNIT(what_came_from_a_worker_and_above_can_be_forgotten);
    UNIT(what_is_somebody_elses_finds_nobody);
    UNIT(an_answer_is_taken_once);
    UNIT(an_expiry_answers_no_write);
    UNIT(a_write_of_another_kind_answers_nothing);
    UNIT(of_two_alike_the_older_is_answered);
    UNIT(syncs_are_answered_in_their_order);
    UNIT(sessions_are_answered_in_any_order);
    UNIT(a_session_is_there_with_the_sync_behind_it);
    UNIT(who_is_refused_does_not_wait);
    UNIT(a_sync_ahead_of_the_word_lets_nobody_in);
    UNIT(an_observer_waits_for_the_word_alone);
    UNIT(a_session_that_comes_back_twice_is_answered_twice);
    UNIT(who_was_not_let_in_yet_is_asked_for_again);
    UNIT(who_was_refused_is_not);
    UNIT(a_session_is_no_answer_to_anything_else);
    UNIT(what_waits_is_found_oldest_first);
    UNIT(as_many_as_may_wait_can_be_asked_again);
    UNIT(what_is_kept_again_stays_whole);
    UNIT(an_answer_is_for_the_sync_that_was_asked_again);
    UNIT(and_for_the_write);
    UNIT(new_requests_leave_room_for_old_ones);
    UNIT(the_largest_can_be_asked_again_from_anywhere);
    UNIT(places_are_bounded);
    UNIT(what_was_asked_again_goes_before_what_was_not);
}
