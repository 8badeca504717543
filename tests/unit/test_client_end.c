/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about net/client/client_end.c: how connections end with the process.
 * It must never find that all are gone, or it ends. */
#include "net/client/client_accept.h"

#include <fcntl.h>
#include <signal.h>

#include "daemon/proc.h"
#include "tests/unit/client_given.h"

/* It was told to stop at 1000, and somebody has something under way. */
static void
given_who_is_told_to_stop(void)
{
    static const struct queued asked = {.kind = QUEUED_SENT};

    given_process();
    CU_ASSERT_TRUE_FATAL(
        queue_put(&p.home.pool, &given_client()->queue, &asked, NULL));
    p.ending_since = 1000;
    p.now_ms = 1001;
}

static struct client *
given_who_is_closing(void)
{
    struct client *c = given_client();

    fcntl(conn_fd(&c->conn), F_SETFL, O_NONBLOCK);
    client_set_state(&p, c, CLIENT_CLOSING);
    return c;
}

static void
is_answered(struct client *c)
{
    struct jute_out out;

    CU_ASSERT_TRUE_FATAL(conn_out(&c->conn, 100, &out));
    jute_put_i64(&out, 1);
    conn_out_end(&c->conn, &out);
}

static void
who_has_its_last_answer_is_closed(void)
{
    struct client *c;

    given_who_is_told_to_stop();
    c = given_who_is_closing();
    client_end_look(&p);
    CU_ASSERT_EQUAL(c->state, CLIENT_GONE);
    no_process();
}

/* The kernel has nothing of it just then, for it was not given it yet. */
static void
who_has_only_a_part_of_it_is_not(void)
{
    struct client *c;

    given_who_is_told_to_stop();
    c = given_who_is_closing();
    is_answered(c);
    client_end_look(&p);
    CU_ASSERT_EQUAL(c->state, CLIENT_CLOSING);
    no_process();
    conn_flush_dirty(&p.home);
}

/* The supervisor says it until the process is gone. */
static void
the_first_word_counts(void)
{
    given_process();
    client_end_init(&p);
    for (p.now_ms = 1000; p.now_ms < 1500; p.now_ms += 100) {
        raise(PROC_STOP);
        ev_run(p.loop, EVRUN_NOWAIT);
        CU_ASSERT_EQUAL(p.ending_since, 1000);
    }
    ev_signal_stop(p.loop, &p.on_stop);
    no_process();
}

UNIT_SUITE(client_end)
{
    unit_suite("client_end");
    UNIT(who_has_its_last_answer_is_closed);
    UNIT(who_has_only_a_part_of_it_is_not);
    UNIT(the_first_word_counts);
}
