/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about net/client/client_lease.c: who may believe in its session. */
#include "daemon/clock.h"
#include "net/client/client_connect.h"
#include "net/client/client_lease.h"

#include "tests/unit/client_given.h"
#include "tests/unit/tree_given.h"

enum { TICK = 500, VOUCHED = 100000 };

/* Those who end sessions heard of ours at VOUCHED. */
static void
given_server(void)
{
    given_process();
    p.conf.tick_time_ms = TICK;
    p.now_ms = VOUCHED;
    lease_begin(&p.lease, TICK, clock_asleep_ms(), VOUCHED);
    atomic_store(&shm.replication->vouched, VOUCHED);
}

static struct client *
given_session(int32_t timeout_ms)
{
    struct client *c = given_client();

    client_info(&p, c)->timeout_ms = timeout_ms;
    client_lease_begin(&p, c);
    return c;
}

static bool
is_there_after(const struct client *c, int64_t ms)
{
    p.now_ms = VOUCHED + ms;
    client_lease_wakes(&p);
    lease_rests(&p.lease, p.now_ms, p.now_ms);
    return c->state == CLIENT_OPEN;
}

static void
a_connection_lasts_two_thirds_of_its_timeout(void)
{
    struct client *c;

    given_server();
    c = given_session(6000);
    CU_ASSERT_TRUE(is_there_after(c, 4000));
    CU_ASSERT_FALSE(is_there_after(c, 4001));
    no_process();
}

static void
each_has_its_own_lease(void)
{
    struct client *longer, *shorter, *longest;

    given_server();
    longer = given_session(6000);
    shorter = given_session(3000);
    longest = given_session(9000);
    CU_ASSERT_FALSE(is_there_after(shorter, 2001));
    CU_ASSERT_TRUE(is_there_after(longer, 4000));
    CU_ASSERT_FALSE(is_there_after(longer, 4001));
    CU_ASSERT_TRUE(is_there_after(longest, 6000));
    CU_ASSERT_FALSE(is_there_after(longest, 6001));
    no_process();
}

static void
a_new_word_is_a_new_lease(void)
{
    struct client *c;

    given_server();
    c = given_session(3000);
    CU_ASSERT_TRUE(is_there_after(c, 1000));
    CU_ASSERT_TRUE(is_there_after(c, 2000));
    atomic_store(&shm.replication->vouched, VOUCHED + 1000);
    CU_ASSERT_TRUE(is_there_after(c, 3000));
    CU_ASSERT_FALSE(is_there_after(c, 3001));
    no_process();
}

/* Nobody else could end it. */
static void
a_local_session_stays(void)
{
    struct client *c;

    given_server();
    c = given_session(3000);
    c->is_local = true;
    CU_ASSERT_TRUE(is_there_after(c, 60000));
    c->is_local = false; /* it wants an ephemeral: others know it now */
    client_lease_begin(&p, c);
    CU_ASSERT_FALSE(is_there_after(c, 60001));
    no_process();
}

static void
a_server_of_its_own_keeps_all(void)
{
    struct client *c;

    given_server();
    atomic_store(&shm.replication->vouched, MONO_MS_MAX);
    c = given_session(3000);
    CU_ASSERT_TRUE(is_there_after(c, 60000));
    CU_ASSERT_FALSE(client_lease_is_over(&p, 3000));
    no_process();
}

/* A ConnectRequest that renews session 7, of 3 s. */
static void
comes_back(struct client *c)
{
    uint8_t bytes[64], password[16];
    struct jute_out out = jute_out_of(bytes, sizeof bytes);

    session_password(7, password);
    jute_put_i32(&out, 0);
    jute_put_i64(&out, 0);
    jute_put_i32(&out, 3000);
    jute_put_i64(&out, 7);
    jute_put_bytes(&out, (struct bytes){password, sizeof password});
    client_on_connect(&p, c,
                      (struct bytes){bytes, (int32_t)jute_out_size(&out)});
}

/* It tries, so its session goes on: whoever counts hears of that later. */
static void
who_is_turned_away_is_heard_of(void)
{
    static _Atomic uint32_t heard[SESSIONS_MAX];
    struct client *c;

    given_server();
    given_tree();
    p.tree = tree;
    p.sessions = sessions;
    p.heard = heard;
    p.conf.min_session_timeout_ms = 1000;
    p.conf.max_session_timeout_ms = 20000;
    p.now_ms = VOUCHED + 2001;
    tree_batch_begin(tree);
    session_take(sessions, 7);
    tree_batch_end(tree, 0);
    c = given_client();
    client_set_state(&p, c, CLIENT_NEW);
    comes_back(c);
    CU_ASSERT_EQUAL(c->state, CLIENT_GONE);
    CU_ASSERT_EQUAL(heard[session_slot(sessions, session_find(sessions, 7))],
                    VOUCHED + 2001);
    no_process();
}

UNIT_SUITE(client_lease)
{
    unit_suite("client_lease");
    UNIT(a_connection_lasts_two_thirds_of_its_timeout);
    UNIT(each_has_its_own_lease);
    UNIT(a_new_word_is_a_new_lease);
    UNIT(a_local_session_stays);
    UNIT(a_server_of_its_own_keeps_all);
    UNIT(who_is_turned_away_is_heard_of);
}
