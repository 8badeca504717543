/* SPDX-License-Identifier: Apache-2.0 */
/* port.c - see port.h.  Election and replication process. */
#include "election/port.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/check.h"
#include "daemon/listen.h"
#include "daemon/log.h"
#include "election/quorum_conf.h"

enum { BACKLOG = 64, ACCEPTS_PER_TURN = 16 };

/* Most likely this is another server than its myid says. */
static const char not_ours[] = ": this machine has no such address, are myid "
                               "and the server line right?";

static void
on_knock(struct ev_loop *loop, ev_io *w, int events)
{
    struct port_place *place = w->data;
    struct port *p = place->port;

    (void)loop, (void)events;
    for (int i = 0; i < ACCEPTS_PER_TURN && place->fd >= 0; i++) {
        int fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0)
            p->knocked(p->arg, fd);
        else if (errno == EAGAIN)
            return;
        else if (errno != ECONNABORTED && errno != EINTR)
            log_warn_often("%s: accept: %s", p->name, strerror(errno));
    }
}

static void
bind_failed(struct port_place *place, const char *why)
{
    struct port *p = place->port;

    p->failed(p->arg, why, ++place->failures);
    ev_timer_stop(p->loop, &place->again);
    ev_timer_set(&place->again, p->pause_seconds, 0);
    ev_timer_start(p->loop, &place->again);
}

static void
listen_at(struct port_place *place, const char *address)
{
    struct port *p = place->port;
    char why[256], text[400];
    int fd = listen_open(address, place->number, BACKLOG, why, sizeof why);

    if (fd < 0) {
        snprintf(text, sizeof text, "%s%s", why,
                 fd == -EADDRNOTAVAIL ? not_ours : "");
        bind_failed(place, text);
        return;
    }
    place->fd = fd;
    place->failures = 0;
    ev_io_init(&place->listener, on_knock, fd, EV_READ);
    place->listener.data = place;
    ev_io_start(p->loop, &place->listener);
    log_info("%s: listening on port %s:%d", p->name, *address ? address : "*",
             (int)place->number);
}

static void
on_own_address(void *arg, int gai, struct addrinfo *list)
{
    struct port_place *place = arg;
    char text[256] = "", why[512];

    if (gai == 0)
        gai = getnameinfo(list->ai_addr, list->ai_addrlen, text, sizeof text,
                          NULL, 0, NI_NUMERICHOST);
    if (gai != 0) {
        snprintf(why, sizeof why, "cannot resolve our own host %s: %s",
                 place->host, gai_strerror(gai));
        bind_failed(place, why);
    } else {
        listen_at(place, text);
    }
    if (list)
        freeaddrinfo(list);
}

static void
try_to_listen(struct port_place *place)
{
    if (!*place->host)
        listen_at(place, "");
    else
        resolve_ask(&place->own, place->host, place->number, SOCK_STREAM);
}

static void
on_again(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)loop, (void)events;
    try_to_listen(w->data);
}

/* --- open and closed ------------------------------------------------------ */

void
port_init(struct port *p, struct resolver *resolver, const char *name,
          void (*knocked)(void *arg, int fd),
          void (*failed)(void *arg, const char *why, int times), void *arg,
          double pause_seconds)
{
    *p = (struct port){.loop = resolver->loop,
                       .name = name,
                       .knocked = knocked,
                       .failed = failed,
                       .arg = arg,
                       .pause_seconds = pause_seconds};
    for (uint32_t i = 0; i < CONF_ADDRESSES_MAX; i++) {
        struct port_place *place = &p->place[i];

        place->port = p;
        place->fd = -1;
        resolve_init(&place->own, resolver, on_own_address, place);
        ev_init(&place->again, on_again);
        place->again.data = place;
    }
}

/* One for each that is not there yet: all hosts at one number are one. */
static void
add_place(struct port *p, const char *host, int32_t number)
{
    struct port_place *place = &p->place[p->count];

    for (uint32_t i = 0; i < p->count; i++)
        if (p->place[i].number == number && strcmp(p->place[i].host, host) == 0)
            return;
    p->count++;
    snprintf(place->host, sizeof place->host, "%s", host);
    place->number = number;
    place->failures = 0;
}

static void
open_all(struct port *p)
{
    for (uint32_t i = 0; i < p->count; i++)
        try_to_listen(&p->place[i]);
}

void
port_open_election(struct port *p, const struct conf *conf)
{
    const struct conf_member *self = conf_myself(conf);
    struct conf_address a;

    check(p->count == 0);
    for (uint32_t i = 0; conf_member_address(self, i, &a); i++)
        add_place(p, conf->listen_on_all_ips ? "" : a.host, a.election_port);
    open_all(p);
}

void
port_open_quorum(struct port *p, const struct conf *conf, int32_t number)
{
    const struct conf_member *self = conf_myself(conf);
    struct conf_address a;

    check(p->count == 0);
    for (uint32_t i = 0; conf_member_address(self, i, &a); i++)
        add_place(p, conf->listen_on_all_ips ? "" : a.host,
                  number ? number : a.quorum_port);
    open_all(p);
}

void
port_close(struct port *p)
{
    for (uint32_t i = 0; i < p->count; i++) {
        struct port_place *place = &p->place[i];

        resolve_forget(&place->own);
        ev_timer_stop(p->loop, &place->again);
        if (place->fd < 0)
            continue;
        ev_io_stop(p->loop, &place->listener);
        close(place->fd);
        place->fd = -1;
    }
    p->count = 0;
}

bool
port_is_open(const struct port *p)
{
    for (uint32_t i = 0; i < p->count; i++)
        if (p->place[i].fd >= 0)
            return true;
    return false;
}
