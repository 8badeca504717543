/* SPDX-License-Identifier: Apache-2.0 */
/* test_client_accept.c - claims about connections that go by themselves. */
#include "net/client/client_accept.h"

#include "net/client/client_request.h"
#include "tests/unit/client_given.h"

static struct client *
given_a_client_that_ends_at(mono_ms_t now_ms)
{
    struct client *c;

    given_process();
    c = given_client();
    p.now_ms = now_ms;
    client_set_state(&p, c, CLIENT_CLOSING);
    return c;
}

/* conn_ops know one process only. */
static void
takes_something_at(struct client *c, mono_ms_t now_ms)
{
    p.now_ms = now_ms;
    client_proc = p;
    client_taken(&c->conn);
    p = client_proc;
}

static bool
is_there_at(const struct client *c, mono_ms_t now_ms)
{
    p.now_ms = now_ms;
    client_expire(&p);
    return c->state == CLIENT_CLOSING;
}

static void
who_takes_nothing_of_its_last_answers_is_cut_off(void)
{
    struct client *c = given_a_client_that_ends_at(1000);

    CU_ASSERT_TRUE(is_there_at(c, 1000 + CLOSING_MS));
    CU_ASSERT_FALSE(is_there_at(c, 1001 + CLOSING_MS));
    no_process();
}

static void
who_takes_them_slowly_is_waited_for(void)
{
    struct client *c = given_a_client_that_ends_at(1000);

    takes_something_at(c, 5000);
    CU_ASSERT_TRUE(is_there_at(c, 5000 + CLOSING_MS));
    CU_ASSERT_FALSE(is_there_at(c, 5001 + CLOSING_MS));
    no_process();
}

UNIT_SUITE(client_accept)
{
    unit_suite("client_accept");
    UNIT(who_takes_nothing_of_its_last_answers_is_cut_off);
    UNIT(who_takes_them_slowly_is_waited_for);
}
