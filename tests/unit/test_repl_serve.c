/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about net/repl/repl_serve.c: since when nobody is known to have ended
 * a session of clients that were held.
 */
#include "net/repl/repl_serve.h"

#include "daemon/clock.h"
#include "net/repl/repl_lead.h"
#include "net/repl/repl_role.h"
#include "net/repl/repl_session.h"
#include "tests/unit/forward_given.h"
#include "tests/unit/history_given.h"

/* Its clients are served, and were heard of at 500. */
static void
given_served(void)
{
    given_past(E(10));
    r.history = past;
    r.role = &role_learning;
    r.forward = forward_given();
    repl_serve(&r, ROLE_FOLLOWING, 4);
    atomic_store(&shm.replication->vouched, 500);
}

static mono_ms_t
vouched(void)
{
    return atomic_load(&shm.replication->vouched);
}

static void
gone(void)
{
    repl_end_serving(&r);
    no_past();
}

/*
 * The next one leads since then, or a little before; we may have stood still
 * since, and its word is that of long ago.
 */
static void
who_is_held_was_heard_of_when_the_last_leader_was(void)
{
    given_served();
    repl_parts(&r, 700);
    repl_hold(&r);
    repl_parts(&r, 900); /* with one that never led us */
    repl_hold(&r);
    CU_ASSERT_EQUAL(vouched(), 500);
    repl_serve(&r, ROLE_FOLLOWING, 5);
    CU_ASSERT_EQUAL(r.service.state, SERVICE_OPEN);
    CU_ASSERT_EQUAL(vouched(), 700);
    gone();
}

/* It knows to the moment, and better than that it gave up then. */
static void
who_led_was_heard_of_by_its_quorum(void)
{
    given_served();
    repl_parts(&r, 0);
    repl_hold(&r);
    repl_serve(&r, ROLE_FOLLOWING, 5);
    CU_ASSERT_EQUAL(vouched(), 500);
    gone();
}

static void
who_was_a_quorum_by_itself_is_none_any_more(void)
{
    given_served();
    atomic_store(&shm.replication->vouched, MONO_MS_MAX);
    repl_parts(&r, 0);
    CU_ASSERT_TRUE(vouched() <= clock_mono_ms());
    repl_hold(&r);
    gone();
}

static void
new_connections_are_heard_of_from_now_on(void)
{
    mono_ms_t now = clock_mono_ms();

    given_served();
    repl_parts(&r, 700);
    repl_end_serving(&r);
    repl_serve(&r, ROLE_FOLLOWING, 5);
    CU_ASSERT_TRUE(vouched() >= now);
    gone();
}

/* Its clients have it by now, the tree has that of its createSession. */
static void
a_touch_brings_the_timeout_of_a_session(void)
{
    static uint32_t heard[SESSIONS_MAX];
    struct repl_lead lead = {.r = &r};
    struct lead_peer peer = {.lead = &lead};
    uint8_t data[12];
    struct jute_out out = jute_out_of(data, sizeof data);
    struct qpacket p = {Q_PING, 0, {data, sizeof data}, BYTES_NULL};
    struct session *s;

    given_served();
    r.sessions = sessions;
    r.heard_remote = heard;
    s = session_take(sessions, 7);
    s->timeout_ms = 4000;
    jute_put_i64(&out, 7);
    jute_put_i32(&out, 30000);
    lead_touch(&peer, &p);
    CU_ASSERT_EQUAL(s->timeout_ms, 30000);
    CU_ASSERT_TRUE(heard[session_slot(sessions, s)] != 0);
    session_give(sessions, s);
    gone();
}

UNIT_SUITE(repl_serve)
{
    unit_suite("repl_serve");
    UNIT(who_is_held_was_heard_of_when_the_last_leader_was);
    UNIT(who_led_was_heard_of_by_its_quorum);
    UNIT(who_was_a_quorum_by_itself_is_none_any_more);
    UNIT(new_connections_are_heard_of_from_now_on);
    UNIT(a_touch_brings_the_timeout_of_a_session);
}
