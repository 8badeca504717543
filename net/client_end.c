/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_end.c - a client process is told to stop.
 *
 * On SIGTERM nothing more is read, what was read is answered, then all
 * connections are closed so that the last answers arrive.  Who needs longer
 * than END_SECONDS is not waited for.
 */
#include "net/client.h"

#include <signal.h>
#include <stdlib.h>
#include <stdnoreturn.h>

static const double end_seconds = 1;

static noreturn void
leave(struct client_proc *p)
{
    conn_flush_dirty(&p->home);
    for (uint32_t i = 0; i < p->client_end; i++)
        if (p->client[i].state != CLIENT_GONE)
            conn_hush(&p->client[i].conn);
    exit(EXIT_SUCCESS);
}

static void
on_term(struct ev_loop *loop, ev_signal *signal, int events)
{
    struct client_proc *p = signal->data;

    (void)events;
    p->is_ending = true;
    ev_timer_start(loop, &p->end);
    for (uint32_t i = 0; i < p->client_end; i++)
        if (p->client[i].state != CLIENT_GONE)
            conn_pause(&p->client[i].conn, CONN_PAUSE_END);
}

static void
on_time(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)events;
    leave(timer->data);
}

void
client_end_init(struct client_proc *p)
{
    ev_signal_init(&p->on_term, on_term, SIGTERM);
    ev_timer_init(&p->end, on_time, end_seconds, 0);
    p->on_term.data = p->end.data = p;
    ev_signal_start(p->loop, &p->on_term);
}

void
client_end_look(struct client_proc *p)
{
    if (p->is_ending &&
        (!client_is_serving(p) || p->own->stats.outstanding == 0))
        leave(p);
}
