/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about net/client/client_end.c: how connections end with the process.
 * Where it may find that all are gone it ends, and a child of ours with it. */
#include "net/client/client_accept.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "daemon/proc.h"
#include "tests/unit/client_given.h"

/* As the server's are. */
static struct client *
given_open(void)
{
    struct client *c = given_client();

    fcntl(conn_fd(&c->conn), F_SETFL, O_NONBLOCK);
    return c;
}

/* It was told to stop at 1000, and somebody has something under way. */
static void
given_who_is_told_to_stop(void)
{
    static const struct queued asked = {.kind = QUEUED_SENT};

    given_process();
    CU_ASSERT_TRUE_FATAL(
        queue_put(&p.home.pool, &given_open()->queue, &asked, NULL));
    p.ending_since = 1000;
    p.now_ms = 1001;
}

static struct client *
given_who_is_closing(void)
{
    struct client *c = given_open();

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

/* --- when it is over ------------------------------------------------------ */

/* Whether the process ends so long after it was told to stop. */
static bool
ends_after(mono_ms_t ms)
{
    enum { LIVES_ON = 77 };
    int status;
    pid_t pid;

    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        p.now_ms = p.ending_since + ms;
        client_end_look(&p);
        _exit(LIVES_ON);
    }
    CU_ASSERT_EQUAL_FATAL(waitpid(pid, &status, 0), pid);
    CU_ASSERT_FATAL(WIFEXITED(status));
    return WEXITSTATUS(status) != LIVES_ON;
}

/* A leader may be lost in the same moment. */
static void
who_is_owed_an_answer_is_waited_for(void)
{
    given_who_is_told_to_stop();
    CU_ASSERT_FALSE(ends_after(1500));
    CU_ASSERT_FALSE(ends_after(4500));
    CU_ASSERT_TRUE(ends_after(5000));
    no_process();
}

static void
who_takes_no_answers_is_not(void)
{
    given_who_is_told_to_stop();
    is_answered(&p.client[p.list[CLIENT_OPEN] - 1]);
    CU_ASSERT_FALSE(ends_after(900));
    CU_ASSERT_TRUE(ends_after(1000));
    no_process();
    conn_flush_dirty(&p.home);
}

/* --- one at a time -------------------------------------------------------- */

static struct client *
given_who_is_silent(void)
{
    given_who_is_told_to_stop();
    return given_open();
}

static void
asks(const struct client *c)
{
    CU_ASSERT_EQUAL(write(peer[c - p.client], "ask", 3), 3);
}

/* conn_ops know one process only. */
static bool
ends_with_its_answer(struct client *c)
{
    bool does;

    client_info(&p, c)->last_response_ms = p.now_ms;
    client_proc = p;
    does = client_end_is_last(&c->conn);
    p = client_proc;
    return does;
}

static void
who_is_owed_nothing_more_ends_with_its_answer(void)
{
    struct client *c = given_who_is_silent();

    CU_ASSERT_TRUE(ends_with_its_answer(c));
    CU_ASSERT_EQUAL(c->state, CLIENT_CLOSING);
    no_process();
}

static void
who_has_asked_more_does_not(void)
{
    static const struct queued asked = {.kind = QUEUED_SENT};
    struct client *c = given_who_is_silent();

    CU_ASSERT_TRUE_FATAL(queue_put(&p.home.pool, &c->queue, &asked, NULL));
    CU_ASSERT_FALSE(ends_with_its_answer(c));
    no_process();

    c = given_who_is_silent();
    asks(c);
    CU_ASSERT_FALSE(ends_with_its_answer(c));
    CU_ASSERT_EQUAL(c->state, CLIENT_OPEN);
    no_process();
}

/* An event is no answer: its next request may be on its way. */
static void
who_was_not_answered_does_not_either(void)
{
    struct client *c = given_who_is_silent();

    client_info(&p, c)->last_response_ms = 999;
    client_proc = p;
    CU_ASSERT_FALSE(client_end_is_last(&c->conn));
    p = client_proc;
    no_process();
}

static void
who_stays_silent_ends_then(void)
{
    struct client *c = given_who_is_silent();

    client_info(&p, c)->last_response_ms = 1000;
    client_end_look(&p);
    CU_ASSERT_EQUAL(c->state, CLIENT_OPEN); /* its next one may be coming */
    asks(c);
    p.now_ms = 1200;
    client_end_look(&p);
    CU_ASSERT_EQUAL(c->state, CLIENT_OPEN); /* it has come */
    CU_ASSERT_EQUAL(read(conn_fd(&c->conn), (char[8]){0}, 8), 3);
    client_end_look(&p);
    CU_ASSERT_NOT_EQUAL(c->state, CLIENT_OPEN);
    no_process();
}

/* Else it would never end. */
static void
who_always_asks_is_not_read_any_more(void)
{
    struct client *c;

    given_who_is_told_to_stop();
    c = &p.client[p.list[CLIENT_OPEN] - 1];
    client_end_look(&p);
    CU_ASSERT_EQUAL(c->conn.pauses, 0);
    p.now_ms = 1200;
    client_end_look(&p);
    CU_ASSERT_EQUAL(c->conn.pauses, CONN_PAUSE_END);
    asks(c);
    queue_pop(&p.home.pool, &c->queue);
    CU_ASSERT_TRUE(ends_with_its_answer(c));
    no_process();
}

UNIT_SUITE(client_end)
{
    unit_suite("client_end");
    UNIT(who_has_its_last_answer_is_closed);
    UNIT(who_has_only_a_part_of_it_is_not);
    UNIT(the_first_word_counts);
    UNIT(who_is_owed_an_answer_is_waited_for);
    UNIT(who_takes_no_answers_is_not);
    UNIT(who_is_owed_nothing_more_ends_with_its_answer);
    UNIT(who_has_asked_more_does_not);
    UNIT(who_was_not_answered_does_not_either);
    UNIT(who_stays_silent_ends_then);
    UNIT(who_always_asks_is_not_read_any_more);
}
