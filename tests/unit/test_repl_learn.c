/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about net/repl/repl_learn.c: one connection to a leader after the
 * other, and what is said on the next of what came of the last. */
#include "net/repl/repl_learn.h"

#include <sys/socket.h>
#include <unistd.h>

#include "daemon/clock.h"
#include "net/repl/repl_master.h"
#include "net/repl/repl_role.h"
#include "net/repl/repl_serve.h"
#include "tests/unit/forward_given.h"
#include "tests/unit/unit.h"

#define E(counter) ZXID(4, counter)

static struct shm shm;
static struct repl r;
static int leaders_end;

/* A learner in epoch 4 with transactions up to (4,10). */
static void
given_learner(bool is_observer)
{
    static struct shm_super super;
    static struct shm_replication replication;
    static struct shm_election election;
    static struct shm_log log_part;
    static _Alignas(RING_ALIGN) uint8_t memory[1 << 16];

    if (!r.loop)
        r.loop = ev_loop_new(0);
    shm = (struct shm){.super = &super,
                       .replication = &replication,
                       .election = &election,
                       .log = &log_part,
                       .ring = {memory, sizeof memory / 2}};
    atomic_store(&replication.vouched, 0);
    atomic_store(&log_part.accepted_epoch, 4);
    atomic_store(&log_part.current_epoch, 4);
    r = (struct repl){.shm = &shm,
                      .role = &role_looking,
                      .last = E(10),
                      .snap_from = SID_NONE,
                      .loop = r.loop,
                      .learn = r.learn,
                      .resolver = r.resolver};
    r.conf = (struct conf){.my_sid = 1,
                           .is_observer = is_observer,
                           .tick_time_ms = 1000,
                           .init_limit_ticks = 10,
                           .sync_limit_ticks = 5};
    if (!r.learn)
        resolver_init(&r.resolver, r.loop);
}

/* Nobody need be dialled: the leader is at the other end of a pair. */
static void
connects_with(sid_t leader)
{
    int end[2];

    CU_ASSERT_EQUAL_FATAL(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, end), 0);
    repl_learn(&r, leader);
    r.learn->why = NULL;
    leaders_end = end[1];
    learn_connected(r.learn, end[0]);
}

static void
loses_its_leader(void)
{
    repl_look(&r, "a test says so");
    close(leaders_end);
}

static void
hears(int32_t type, zxid_t zxid, struct bytes data)
{
    struct qpacket p = {type, zxid, data, BYTES_NULL};
    uint8_t bytes[64];
    struct jute_out out = jute_out_of(bytes, sizeof bytes);
    size_t size;

    qpacket_put(&out, &p);
    size = jute_out_size(&out);
    CU_ASSERT_EQUAL_FATAL(write(leaders_end, bytes, size), (ssize_t)size);
    ev_run(r.loop, EVRUN_NOWAIT);
}

/* Leader 2 wants it to go back to what its log does not have. */
static void
given_who_needs_a_snapshot_from_2(bool is_observer)
{
    static const uint8_t protocol[] = {0, 1, 0, 0};

    given_learner(is_observer);
    connects_with(2);
    hears(Q_LEADER_INFO, E(0), (struct bytes){protocol, sizeof protocol});
    hears(Q_TRUNC, E(12), BYTES_NULL);
    CU_ASSERT_PTR_NOT_NULL(r.learn->why);
    loses_its_leader();
}

static bool
claims_nothing(void)
{
    return r.learn->core.conf.wants_snap;
}

/* Leader 2 wants it to go back behind what it knows to be committed. */
static void
meets_a_leader_that_lost_something(void)
{
    static const uint8_t protocol[] = {0, 1, 0, 0};

    r.known_committed = E(8);
    connects_with(2);
    hears(Q_LEADER_INFO, E(0), (struct bytes){protocol, sizeof protocol});
    hears(Q_TRUNC, E(5), BYTES_NULL);
    CU_ASSERT_PTR_NOT_NULL(r.learn->why);
    loses_its_leader();
}

/* It may not have applied yet what is committed; the next time it has. */
static void
an_operator_hears_of_a_leader_that_lost_something(void)
{
    mono_ms_t begun = clock_mono_ms();

    given_learner(false);
    meets_a_leader_that_lost_something();
    CU_ASSERT_FALSE(atomic_load(&shm.replication->ensemble.is_ahead));
    meets_a_leader_that_lost_something();
    CU_ASSERT_TRUE(atomic_load(&shm.replication->ensemble.is_ahead));
    CU_ASSERT(r.looking.ask_at >= begun + 5000);
    repl_established(&r, 4);
    CU_ASSERT_FALSE(atomic_load(&shm.replication->ensemble.is_ahead));
    CU_ASSERT_EQUAL(r.looking.ahead, 0);
}

static void
who_asked_for_it_may_give_a_snapshot(void)
{
    given_who_needs_a_snapshot_from_2(false);
    connects_with(2);
    CU_ASSERT_TRUE(claims_nothing());
    loses_its_leader();
    connects_with(2);
    CU_ASSERT_TRUE(claims_nothing());
    loses_its_leader();
}

/* A leader that is behind us must hear that, or it takes back what we have
   acknowledged. */
static void
nobody_else_hears_that_we_have_nothing(void)
{
    given_who_needs_a_snapshot_from_2(false);
    connects_with(3);
    CU_ASSERT_FALSE(claims_nothing());
    loses_its_leader();
    connects_with(2);
    CU_ASSERT_FALSE(claims_nothing());
    loses_its_leader();
}

/* Its word is not counted, and the next master is another one. */
static void
an_observer_may_say_so_to_anybody(void)
{
    given_who_needs_a_snapshot_from_2(true);
    connects_with(3);
    CU_ASSERT_TRUE(claims_nothing());
    loses_its_leader();
}

/* Others choose by that. */
static void
votes_with_what_it_has_all_the_same(void)
{
    given_who_needs_a_snapshot_from_2(false);
    r.looking.ask_at = 0;
    r.role->turn(&r);
    CU_ASSERT_TRUE(r.looking.is_asked);
    CU_ASSERT_EQUAL(atomic_load(&shm.replication->look.zxid), E(10));
}

/* Its quorums would be none, or others than the ensemble's. */
static void
has_no_vote_where_others_are_members(void)
{
    given_learner(false);
    atomic_store(&shm.replication->ensemble.is_outdated, true);
    r.looking.ask_at = 0;
    r.role->turn(&r);
    CU_ASSERT_TRUE(r.looking.is_asked);
    CU_ASSERT_EQUAL(atomic_load(&shm.replication->look.zxid), -1);
    atomic_store(&shm.replication->ensemble.is_outdated, false);
}

static bool
asks_now(void)
{
    r.role->turn(&r);
    return r.looking.is_asked;
}

/*
 * Trap ZOOKEEPER-4712: what the last role left for the log to do would change
 * its history behind its vote.
 */
static void
its_log_is_at_rest_before_it_votes(void)
{
    given_learner(false);
    connects_with(2);
    loses_its_leader();
    r.looking.ask_at = 0;
    r.published = 64;
    CU_ASSERT_FALSE(asks_now());
    atomic_store(&shm.log->durable, 64);
    r.is_ordering = true;
    r.order = 1;
    CU_ASSERT_FALSE(asks_now());
    atomic_store(&shm.log->order_done, 1);
    CU_ASSERT_TRUE(asks_now());
    atomic_store(&shm.log->durable, 0);
    atomic_store(&shm.log->order_done, 0);
}

/* Server 0 is one like the others: it has not been silent before. */
static void
a_leader_of_any_number_has_time_to_find_its_quorum(void)
{
    given_learner(false);
    connects_with(0);
    r.learn->connected_at -= 5000;
    ev_feed_event(r.loop, &r.learn->tick, EV_TIMER);
    ev_run(r.loop, EVRUN_NOWAIT);
    CU_ASSERT_PTR_NULL(r.learn->why);
    loses_its_leader();
}

static void
server_0_may_give_a_snapshot(void)
{
    static const uint8_t protocol[] = {0, 1, 0, 0};

    given_learner(false);
    connects_with(0);
    CU_ASSERT_FALSE(claims_nothing());
    hears(Q_LEADER_INFO, E(0), (struct bytes){protocol, sizeof protocol});
    hears(Q_TRUNC, E(12), BYTES_NULL);
    loses_its_leader();
    connects_with(0);
    CU_ASSERT_TRUE(claims_nothing());
    loses_its_leader();
}

static void
given_connected(void)
{
    static struct session_table *sessions;

    if (!sessions)
        sessions = session_table_init(memory_reserved(session_table_bytes()),
                                      session_table_bytes());
    given_learner(false);
    connects_with(2);
    r.sessions = sessions;
}

static void
answers_a_ping(bool tells, bool is_first)
{
    struct learner_act a = {.kind = LEARNER_PONG,
                            .zxid = E(0),
                            .tells = tells,
                            .is_first = is_first};

    learn_pong(r.learn, &a);
}

/* The last packet that went to the leader. */
static struct qpacket
told_last(void)
{
    static uint8_t bytes[256];
    struct qpacket p = {.type = 0};
    ssize_t size;
    int64_t n;

    conn_flush_dirty(&r.learn->home);
    size = read(leaders_end, bytes, sizeof bytes);
    for (int64_t at = 0; at < size; at += n) {
        struct bytes in = {bytes + at, (int32_t)(size - at)};

        n = qpacket_get(in, sizeof bytes, &p);
        CU_ASSERT_TRUE_FATAL(n > 0);
    }
    return p;
}

/* Trap 14.1.1: Apache's leader ends the connection where it is null. */
static void
no_touches_are_empty_and_not_null(void)
{
    for (int tells = 0; tells < 2; tells++) {
        struct qpacket p;

        given_connected();
        answers_a_ping(tells, false);
        p = told_last();
        CU_ASSERT_EQUAL(p.type, Q_PING);
        CU_ASSERT_EQUAL(p.zxid, E(0));
        CU_ASSERT_EQUAL(p.data.size, 0);
        loses_its_leader();
    }
}

static void
what_was_vouched_for_stays_so(void)
{
    given_connected();
    repl_vouched(&r, 500);
    repl_vouched(&r, 499);
    CU_ASSERT_EQUAL(atomic_load(&shm.replication->vouched), 500);
    loses_its_leader();
}

/* What went to the leader last is a PING with so many sessions. */
static int32_t
touches(int32_t *timeout_ms)
{
    enum { TOUCH_BYTES = 12 };
    struct qpacket p = told_last();

    CU_ASSERT_EQUAL(p.type, Q_PING);
    if (p.data.size > 0)
        *timeout_ms = (int32_t)load_be32(p.data.data + 8);
    return p.data.size / TOUCH_BYTES;
}

static uint32_t heard[SESSIONS_MAX];

/* Session 7, of 30 s; an observer of ours said a word `ms` ago. */
static struct session *
given_heard(int64_t ms)
{
    struct session *s;

    given_connected();
    s = session_take(r.sessions, 7);
    s->timeout_ms = 30000;
    heard[session_slot(r.sessions, s)] = (uint32_t)(clock_mono_ms() - ms);
    r.heard_remote = heard;
    return s;
}

static int32_t
touches_now(bool is_first)
{
    int32_t timeout_ms = 0, count;

    answers_a_ping(true, is_first);
    count = touches(&timeout_ms);
    CU_ASSERT_TRUE(count == 0 || timeout_ms == 30000);
    return count;
}

static void
loses_all(struct session *s)
{
    session_give(r.sessions, s);
    loses_its_leader();
}

static void
a_word_is_told_once(void)
{
    struct session *s = given_heard(100);

    CU_ASSERT_EQUAL(touches_now(false), 1);
    CU_ASSERT_EQUAL(touches_now(false), 0);
    heard[session_slot(r.sessions, s)] += 50;
    CU_ASSERT_EQUAL(touches_now(false), 1);
    loses_all(s);
}

/*
 * A client process notes the time at which its turn began, and may do so long
 * behind that, if it stood still: the pings of that moment have gone.
 */
static void
a_word_that_is_noted_late_is_told_all_the_same(void)
{
    struct session *s = given_heard(5000);

    CU_ASSERT_EQUAL(touches_now(false), 1);
    heard[session_slot(r.sessions, s)] += 100;
    CU_ASSERT_EQUAL(touches_now(false), 1);
    loses_all(s);
}

/* It gave each its full timeout, of its createSession. */
static void
a_new_leader_is_told_of_all_that_live(void)
{
    struct session *s = given_heard(20000);

    CU_ASSERT_EQUAL(touches_now(false), 1);
    CU_ASSERT_EQUAL(touches_now(true), 1);
    heard[session_slot(r.sessions, s)] -= 15000;
    CU_ASSERT_EQUAL(touches_now(true), 0);
    loses_all(s);
}

/* It takes each packet for an answer, and times its pings by them. */
static void
a_zabd_is_told_of_all_in_one_packet(void)
{
    enum { MANY = 70 * 1000 };
    struct session *s = given_heard(100);
    const struct buf *out;
    struct bytes all;
    struct qpacket p;

    for (uint32_t i = 1; i < MANY; i++) {
        s = session_take(r.sessions, 7 + i);
        s->timeout_ms = 30000;
        heard[session_slot(r.sessions, s)] = (uint32_t)clock_mono_ms();
    }
    r.learn->core.is_leader_zabd = true;
    conn_flush_dirty(&r.learn->home); /* who we are */
    answers_a_ping(true, true);
    out = r.learn->conn.out;
    all = (struct bytes){out->data + out->start, (int32_t)buf_used(out)};
    CU_ASSERT_EQUAL(qpacket_get(all, QPACKET_DATA_MAX, &p), all.size);
    CU_ASSERT_EQUAL(p.data.size, MANY * QPACKET_TOUCH_BYTES);
    session_table_clear(r.sessions);
    loses_its_leader();
}

/* Nobody wipes out the last word of whom the slot was before. */
static void
a_word_of_weeks_ago_is_not_a_new_one(void)
{
    static const int64_t days[] = {1, 24, 25, 40, 49};
    enum { DAY_MS = 24 * 3600 * 1000 };

    for (size_t i = 0; i < ARRAY_COUNT(days); i++) {
        struct session *s = given_heard(days[i] * DAY_MS);

        CU_ASSERT_EQUAL(touches_now(false), 0);
        loses_all(s);
    }
}

/* --- a session that comes back ------------------------------------------- */

/* A client of ours asks for session 7. */
static void
given_who_asks_for_a_session(void)
{
    struct origin o = {.worker = 0, .life = 1, .conn = 5};
    struct req req = {.size = sizeof req,
                      .kind = REQ_SESSION_RESUME,
                      .life = 1,
                      .conn = 5,
                      .session = 7,
                      .timeout_ms = 30000};

    given_connected();
    r.forward = forward_given();
    CU_ASSERT_TRUE_FATAL(learn_ask(r.learn, &req, &o));
}

static void
leader_says(bool is_valid)
{
    uint8_t data[9];
    struct jute_out out = jute_out_of(data, sizeof data);
    struct qpacket p = {Q_REVALIDATE, -1, {data, sizeof data}, BYTES_NULL};

    jute_put_i64(&out, 7);
    jute_put_bool(&out, is_valid);
    learn_revalidated(r.learn, &p);
}

/* The one word in the ring is for that client. */
static bool
is_told(int32_t err)
{
    const struct ring_entry *e = txring_at(&shm.ring, 0);

    return r.head == e->size && e->kind == RING_RESUMED && e->worker == 0 &&
           e->life == 1 && e->conn == 5 && e->session == 7 && e->err == err &&
           e->timeout_ms == 30000;
}

/* What came to the leader: the first packet of this type and what is behind. */
static bool
is_asked(int32_t first, int32_t then)
{
    uint8_t bytes[512];
    struct qpacket p = {.type = -1};
    int32_t last = -1;
    ssize_t size;
    int64_t n = 1;

    conn_flush_dirty(&r.learn->home);
    size = read(leaders_end, bytes, sizeof bytes);
    for (ssize_t at = 0; at < size && n > 0; at += n) {
        last = p.type;
        n = qlink_get(bytes + at, (size_t)(size - at), QPACKET_DATA_MAX, &p);
    }
    return last == first && p.type == then;
}

static void
a_sync_goes_behind_the_question_for_a_session(void)
{
    given_who_asks_for_a_session();
    CU_ASSERT_TRUE(is_asked(Q_REVALIDATE, Q_REQUEST));
    loses_its_leader();
}

static void
a_session_is_there_when_the_sync_is_back(void)
{
    given_who_asks_for_a_session();
    leader_says(true);
    CU_ASSERT_EQUAL(r.head, 0);
    learn_synced(r.learn);
    CU_ASSERT_TRUE(is_told(ZK_OK));
    loses_its_leader();
}

/* Not that of its createSession: the leader hears of it with each touch. */
static void
its_client_has_the_timeout_that_it_asked_for(void)
{
    struct session *s;

    given_who_asks_for_a_session();
    s = session_take(r.sessions, 7);
    s->timeout_ms = 4000;
    leader_says(true);
    learn_synced(r.learn);
    CU_ASSERT_EQUAL(s->timeout_ms, 30000);
    session_give(r.sessions, s);
    loses_its_leader();
}

static void
who_is_refused_is_told_at_once(void)
{
    given_who_asks_for_a_session();
    leader_says(false);
    CU_ASSERT_TRUE(is_told(ZK_SESSION_EXPIRED));
    learn_synced(r.learn);
    CU_ASSERT_TRUE(is_told(ZK_SESSION_EXPIRED));
    loses_its_leader();
}

UNIT_SUITE(repl_learn)
{
    unit_suite("repl_learn");
    UNIT(who_asked_for_it_may_give_a_snapshot);
    UNIT(an_operator_hears_of_a_leader_that_lost_something);
    UNIT(nobody_else_hears_that_we_have_nothing);
    UNIT(an_observer_may_say_so_to_anybody);
    UNIT(votes_with_what_it_has_all_the_same);
    UNIT(has_no_vote_where_others_are_members);
    UNIT(its_log_is_at_rest_before_it_votes);
    UNIT(a_leader_of_any_number_has_time_to_find_its_quorum);
    UNIT(server_0_may_give_a_snapshot);
    UNIT(no_touches_are_empty_and_not_null);
    UNIT(what_was_vouched_for_stays_so);
    UNIT(a_word_is_told_once);
    UNIT(a_word_that_is_noted_late_is_told_all_the_same);
    UNIT(a_new_leader_is_told_of_all_that_live);
    UNIT(a_zabd_is_told_of_all_in_one_packet);
    UNIT(a_word_of_weeks_ago_is_not_a_new_one);
    UNIT(a_sync_goes_behind_the_question_for_a_session);
    UNIT(a_session_is_there_when_the_sync_is_back);
    UNIT(its_client_has_the_timeout_that_it_asked_for);
    UNIT(who_is_refused_is_told_at_once);
}
