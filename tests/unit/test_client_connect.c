/* SPDX-License-Identifier: Apache-2.0 */
/* test_client_connect.c - claims about ConnectRequests: client_connect.c. */
#include "net/client/client_connect.h"

#include "tests/unit/client_given.h"

enum { TOKENS = 10 };

static struct client *
given_a_throttled_connection(void)
{
    struct client *c;

    given_process();
    p.conf.connect_tokens = TOKENS;
    p.conf.connect_freeze_time_ms = -1;
    p.now_ms = 1;
    c = given_client();
    client_set_state(&p, c, CLIENT_NEW);
    return c;
}

static void
a_connect_request_costs_a_token(void)
{
    struct client *c = given_a_throttled_connection();

    CU_ASSERT_TRUE(client_on_connect(&p, c, a_connect_request()));
    CU_ASSERT_EQUAL(c->state, CLIENT_CONNECTING);
    CU_ASSERT_EQUAL(p.tokens.tokens, TOKENS - 1);
    no_process();
}

/* It comes again and again until there is room. */
static void
one_that_finds_no_room_costs_none(void)
{
    struct client *c = given_a_throttled_connection();

    p.own->requested = GIVEN_REQUESTS;
    for (int i = 0; i < 2 * TOKENS; i++)
        CU_ASSERT_FALSE(client_on_connect(&p, c, a_connect_request()));
    CU_ASSERT_EQUAL(c->state, CLIENT_NEW);
    p.own->requested = 0;
    CU_ASSERT_TRUE(client_on_connect(&p, c, a_connect_request()));
    CU_ASSERT_EQUAL(c->state, CLIENT_CONNECTING);
    CU_ASSERT_EQUAL(p.tokens.tokens, TOKENS - 1);
    no_process();
}

UNIT_SUITE(client_connect)
{
    unit_suite("client_connect");
    UNIT(a_connect_request_costs_a_token);
    UNIT(one_that_finds_no_room_costs_none);
}
