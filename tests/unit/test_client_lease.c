/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about net/client/client_lease.c: who may believe in its session. */
#include "net/client/client_lease.h"

#include "tests/unit/client_given.h"

enum { TICK = 500, VOUCHED = 100000 };

/* Those who end sessions heard of ours at VOUCHED. */
static void
given_server(void)
{
    given_process();
    p.conf.tick_time_ms = TICK;
    p.now_ms = VOUCHED;
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
    client_lease_look(&p);
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
    CU_ASSERT_TRUE(is_there_after(c, 2000));
    atomic_store(&shm.replication->vouched, VOUCHED + 1000);
    CU_ASSERT_TRUE(is_there_after(c, 3000));
    CU_ASSERT_FALSE(is_there_after(c, 3001));
    no_process();
}

/* Touches are as slow as that. */
static void
a_short_session_has_the_lease_of_two_ticks(void)
{
    struct client *c;

    given_server();
    c = given_session(100);
    CU_ASSERT_TRUE(is_there_after(c, 2 * 2 * TICK / 3));
    CU_ASSERT_FALSE(is_there_after(c, 2 * 2 * TICK / 3 + 1));
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

UNIT_SUITE(client_lease)
{
    unit_suite("client_lease");
    UNIT(a_connection_lasts_two_thirds_of_its_timeout);
    UNIT(each_has_its_own_lease);
    UNIT(a_new_word_is_a_new_lease);
    UNIT(a_short_session_has_the_lease_of_two_ticks);
    UNIT(a_local_session_stays);
    UNIT(a_server_of_its_own_keeps_all);
}
