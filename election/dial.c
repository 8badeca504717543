/* SPDX-License-Identifier: Apache-2.0 */
/* dial.c - see dial.h.  Election and replication process. */
#include "election/dial.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/check.h"
#include "daemon/timer.h"

static void go_on(struct dial *d);

void
dial_stop(struct dial *d)
{
    d->is_on = false;
    ev_timer_stop(d->loop, &d->begin_next);
    for (uint32_t i = 0; i < d->place_count; i++)
        resolve_forget(&d->question[i]);
    for (uint32_t i = 0; i < d->try_count; i++) {
        struct dial_try *t = &d->try[i];

        if (t->fd < 0)
            continue;
        ev_io_stop(d->loop, &t->writable);
        close(t->fd);
        t->fd = -1;
    }
}

/* --- one address ---------------------------------------------------------- */

/*
 * A free port of this machine may be given to the very socket that connects
 * to it, which is then connected with itself.
 */
static bool
is_connected_with_itself(int fd)
{
    struct sockaddr_storage ours = {0}, theirs = {0};
    socklen_t our_size = sizeof ours, their_size = sizeof theirs;

    return getsockname(fd, (struct sockaddr *)&ours, &our_size) == 0 &&
           getpeername(fd, (struct sockaddr *)&theirs, &their_size) == 0 &&
           our_size == their_size && memcmp(&ours, &theirs, our_size) == 0;
}

static void
fail(struct dial_try *t, int error)
{
    struct dial *d = t->dial;

    d->why = strerror(error);
    if (t->fd < 0)
        return;
    ev_io_stop(d->loop, &t->writable);
    close(t->fd);
    t->fd = -1;
    d->under_way--;
}

static void
on_writable(struct ev_loop *loop, ev_io *w, int events)
{
    struct dial_try *t = w->data;
    struct dial *d = t->dial;
    socklen_t size = sizeof(int);
    int error = 0, fd = t->fd;

    (void)events;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
        error = errno;
    if (error == 0 && is_connected_with_itself(fd))
        error = ECONNREFUSED;
    if (error != 0) {
        fail(t, error);
        go_on(d);
        return;
    }
    ev_io_stop(loop, w);
    t->fd = -1;
    dial_stop(d);
    d->done(d->arg, fd, NULL);
}

static void
begin(struct dial_try *t)
{
    struct dial *d = t->dial;

    t->fd =
        socket(t->to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (t->fd < 0) {
        fail(t, errno);
        return;
    }
    d->under_way++;
    ev_io_init(&t->writable, on_writable, t->fd, EV_WRITE);
    t->writable.data = t;
    if (connect(t->fd, (struct sockaddr *)&t->to, t->size) < 0 &&
        errno != EINPROGRESS)
        fail(t, errno);
    else
        ev_io_start(d->loop, &t->writable);
}

/* --- one after the other ------------------------------------------------- */

static void
wait_for_next(struct dial *d)
{
    timer_ring_in(d->loop, &d->begin_next, DIAL_NEXT_MS);
}

static void
begin_next(struct dial *d)
{
    begin(&d->try[d->next++]);
    wait_for_next(d);
}

static void
end(struct dial *d)
{
    dial_stop(d);
    d->done(d->arg, -1, d->why);
}

/* What can be done without waiting; the end, when all have failed. */
static void
go_on(struct dial *d)
{
    while (d->under_way == 0 && d->next < d->try_count)
        begin_next(d);
    if (d->under_way == 0 && d->asking == 0)
        end(d);
}

/* Nobody answered meanwhile, a name server perhaps neither. */
static void
on_begin_next(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct dial *d = timer->data;

    (void)loop, (void)events;
    if (d->next < d->try_count)
        begin_next(d);
    else if (d->under_way == 0 && d->try_count > 0)
        end(d);
    else
        wait_for_next(d);
}

/* So many of one name that the others have room. */
static void
add_tries(struct dial *d, const struct addrinfo *list)
{
    uint32_t most = DIAL_TRIES_MAX / d->place_count;

    for (; list && most > 0; list = list->ai_next, most--) {
        struct dial_try *t = &d->try[d->try_count++];

        check(list->ai_addrlen <= sizeof t->to);
        memcpy(&t->to, list->ai_addr, list->ai_addrlen);
        t->size = list->ai_addrlen;
    }
}

static void
on_resolved(void *arg, int gai, const struct addrinfo *list)
{
    struct dial *d = arg;

    check(d->asking > 0);
    d->asking--;
    if (gai != 0)
        d->why = gai_strerror(gai);
    add_tries(d, list);
    go_on(d);
}

void
dial_begin(struct dial *d)
{
    check(!d->is_on && d->place_count > 0);
    d->is_on = true;
    d->try_count = d->next = d->under_way = 0;
    d->asking = d->place_count;
    d->why = "it has no address";
    for (uint32_t i = 0; i < d->place_count && d->is_on; i++)
        resolve_ask(&d->question[i], d->place[i].host, d->place[i].port,
                    SOCK_STREAM);
}

/* --- life ----------------------------------------------------------------- */

void
dial_init(struct dial *d, struct resolver *resolver, dial_done_fn *done,
          void *arg)
{
    *d = (struct dial){.loop = resolver->loop, .done = done, .arg = arg};
    ev_init(&d->begin_next, on_begin_next);
    d->begin_next.data = d;
    for (uint32_t i = 0; i < DIAL_PLACES_MAX; i++)
        resolve_init(&d->question[i], resolver, on_resolved, d);
    for (uint32_t i = 0; i < DIAL_TRIES_MAX; i++) {
        d->try[i].dial = d;
        d->try[i].fd = -1;
    }
}

static void
add_place(struct dial *d, const char *host, int32_t port)
{
    struct dial_place *p = &d->place[d->place_count++];

    memcpy(p->host, host, sizeof p->host);
    p->port = port;
}

void
dial_election_places(struct dial *d, const struct conf_member *m)
{
    struct conf_address a;

    d->place_count = 0;
    for (uint32_t i = 0; conf_member_address(m, i, &a); i++)
        add_place(d, a.host, a.election_port);
}

void
dial_quorum_places(struct dial *d, const struct conf_member *m, int32_t number)
{
    struct conf_address a;

    d->place_count = 0;
    for (uint32_t i = 0; conf_member_address(m, i, &a); i++)
        add_place(d, a.host, number ? number : a.quorum_port);
}
