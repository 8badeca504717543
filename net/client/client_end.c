/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_end.c - a client process is told to stop.
 *
 * After PROC_STOP each connection ends by itself, with the answer behind which
 * we owe it nothing any more: what has come is read, what was read is answered,
 * and the end of the stream goes with that answer.  So a client that asks one
 * thing at a time sees it before it asks again: none of its requests fails.
 *
 *      at rest? --answer and end--> CLOSING --all acknowledged--> closed
 *
 * A connection that has asked nothing for REST_MS ends then.  One that always
 * has something under way is not read any more, and ends when that is answered.
 * Who does not take what we send has END_MS for it.  Who waits for us has
 * OWED_MS: another leader may have to be found first.
 */
#include "net/client/client_accept.h"

#include <linux/sockios.h>
#include <signal.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "daemon/proc.h"
#include "net/client/client_table.h"

enum { REST_MS = 50, END_MS = 1000, OWED_MS = 5000 };

static const double look_seconds = 0.005;

static noreturn void
leave(struct client_proc *p)
{
    conn_flush_dirty(&p->home);
    for (uint32_t i = 0; i < p->client_end; i++)
        if (p->client[i].state != CLIENT_GONE)
            conn_hush(&p->client[i].conn);
    exit(EXIT_SUCCESS);
}

/* --- one connection ------------------------------------------------------- */

/* A request of it, or a part of one, that nobody has looked at. */
static bool
has_unread(const struct conn *c)
{
    int bytes = 0;

    return c->in || c->is_fed ||
           (ioctl(conn_fd(c), FIONREAD, &bytes) == 0 && bytes > 0);
}

static bool
is_at_rest(const struct client *c)
{
    bool is_heard = (c->conn.pauses & CONN_PAUSE_END) == 0;

    return c->queue.count == 0 && !(is_heard && has_unread(&c->conn));
}

static void
begin_to_close(struct client_proc *p, struct client *c)
{
    conn_pause(&c->conn, CONN_PAUSE_END);
    client_set_state(p, c, CLIENT_CLOSING);
}

bool
client_end_is_last(struct conn *conn)
{
    struct client_proc *p = &client_proc;
    struct client *c = client_of(conn);

    if (c->state != CLIENT_OPEN || !is_at_rest(c) ||
        client_info(p, c)->last_response_ms < p->ending_since)
        return false;
    begin_to_close(p, c);
    return true;
}

/* --- one that asks nothing, or too much ------------------------------------
 */

static bool
is_silent(const struct client_proc *p, const struct client *c)
{
    (void)p;
    return conn_unsent(&c->conn) == 0 && is_at_rest(c);
}

static void
say_goodbye(struct client_proc *p, struct client *c)
{
    shutdown(conn_fd(&c->conn), SHUT_WR);
    begin_to_close(p, c);
}

static bool
is_busy(const struct client_proc *p, const struct client *c)
{
    (void)p;
    return c->queue.count > 0;
}

static void
stop_reading(struct client_proc *p, struct client *c)
{
    (void)p;
    conn_pause(&c->conn, CONN_PAUSE_END);
}

/* It has our last byte: a reset can no longer overtake that. */
static bool
has_all(const struct client_proc *p, const struct client *c)
{
    int bytes = 0;

    (void)p;
    return conn_unsent(&c->conn) == 0 &&
           (ioctl(conn_fd(&c->conn), SIOCOUTQ, &bytes) < 0 || bytes == 0);
}

/* --- all of them ---------------------------------------------------------- */

static void
for_each(struct client_proc *p, enum client_state state,
         bool (*is_due)(const struct client_proc *p, const struct client *c),
         void (*act)(struct client_proc *p, struct client *c))
{
    struct client *next;

    for (struct client *c = client_at(p, p->list[state]); c; c = next) {
        next = client_at(p, c->list_next);
        if (is_due(p, c))
            act(p, c);
    }
}

static void
close_it(struct client_proc *p, struct client *c)
{
    conn_hush(&c->conn);
    client_drop(p, c);
}

/* The supervisor says it again and again, until we are gone. */
static void
on_stop(struct ev_loop *loop, ev_signal *signal, int events)
{
    struct client_proc *p = signal->data;

    (void)events;
    if (p->ending_since != 0)
        return;
    p->ending_since = p->now_ms;
    p->home.ends = true;
    ev_timer_again(loop, &p->end);
}

/* The loop turned: client_end_look runs. */
static void
on_look(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)timer, (void)events;
}

void
client_end_init(struct client_proc *p)
{
    ev_signal_init(&p->on_stop, on_stop, PROC_STOP);
    ev_timer_init(&p->end, on_look, 0, look_seconds);
    p->on_stop.data = p->end.data = p;
    ev_signal_start(p->loop, &p->on_stop);
}

/* Those without a session wait for nothing: may_connect sends them away. */
static bool
is_any_open(const struct client_proc *p)
{
    return p->list[CLIENT_CONNECTING] || p->list[CLIENT_OPEN] ||
           p->list[CLIENT_CLOSING];
}

/* The answer is ours to give, and not the client's to take. */
static bool
is_any_owed(const struct client_proc *p)
{
    const struct client *c = client_at(p, p->list[CLIENT_OPEN]);

    while (c && (c->queue.count == 0 || conn_unsent(&c->conn) > 0))
        c = client_at(p, c->list_next);
    return c != NULL;
}

static bool
is_over(const struct client_proc *p, int64_t ending_ms)
{
    if (!is_any_open(p) || ending_ms >= OWED_MS)
        return true;
    return ending_ms >= END_MS && !is_any_owed(p);
}

void
client_end_look(struct client_proc *p)
{
    mono_ms_t ending_ms = p->now_ms - p->ending_since;

    if (p->ending_since == 0)
        return;
    if (ending_ms >= REST_MS) {
        for_each(p, CLIENT_OPEN, is_busy, stop_reading);
        for_each(p, CLIENT_OPEN, is_silent, say_goodbye);
    }
    for_each(p, CLIENT_CLOSING, has_all, close_it);
    if (is_over(p, ending_ms))
        leave(p);
}
