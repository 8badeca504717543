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
#include "daemon/timer.h"

enum { BACKLOG = 64, ACCEPTS_PER_TURN = 16 };

/* Most likely this is another server than its myid says. */
static const char not_ours[] = ": this machine has no such address, are myid "
                               "and the server line right?";

static void
try_again(struct port_place *place)
{
    timer_ring_in(place->port->loop, &place->again, place->port->pause_ms);
}

/* No descriptor is left, say, and to ask at once would change nothing. */
static void
rest(struct port_place *place)
{
    for (uint32_t i = 0; i < place->bound; i++)
        ev_io_stop(place->port->loop, &place->listener[i]);
    try_again(place);
}

static void
on_knock(struct ev_loop *loop, ev_io *w, int events)
{
    struct port_place *place = w->data;
    struct port *p = place->port;

    (void)loop, (void)events;
    if (p->has_datagrams) {
        p->knocked(p->arg, w->fd);
        return;
    }
    for (int i = 0; i < ACCEPTS_PER_TURN && ev_is_active(w); i++) {
        int fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            p->knocked(p->arg, fd);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != ECONNABORTED && errno != EINTR) {
            log_warn_often("%s: cannot accept connections: %s%s", p->name,
                           strerror(errno),
                           errno == EMFILE ? "; raise LimitNOFILE" : "");
            rest(place);
        }
    }
}

static void
bind_failed(struct port_place *place, const char *why)
{
    struct port *p = place->port;

    p->failed(p->arg, why, ++place->failures);
    try_again(place);
}

/*
 * Who has our port may keep it; a name server comes back.  It is waited for
 * without end, and told once.
 */
static void
await_name(struct port_place *place, int gai)
{
    if (!place->is_nameless)
        log_error("%s: cannot resolve our own host %s: %s; nobody can call us "
                  "there until it is",
                  place->port->name, place->host, gai_strerror(gai));
    place->is_nameless = true;
    try_again(place);
}

/* One address; what is wrong with it goes to `why`. */
static void
listen_at(struct port_place *place, const char *address, char *why, size_t size)
{
    struct port *p = place->port;
    ev_io *listener = &place->listener[place->bound];
    int fd = p->has_datagrams
                 ? listen_datagrams(address, place->number, why, size)
                 : listen_open(address, place->number, BACKLOG, why, size);

    if (fd < 0) {
        size_t n = strlen(why);

        if (fd == -EADDRNOTAVAIL)
            snprintf(why + n, size - n, "%s", not_ours);
        return;
    }
    place->bound++;
    ev_io_init(listener, on_knock, fd, EV_READ);
    listener->data = place;
    ev_io_start(p->loop, listener);
    log_info("%s: listening on port %s:%d", p->name, *address ? address : "*",
             (int)place->number);
}

/* `why`: what the last failure was, or "".  One address may do. */
static void
has_tried(struct port_place *place, const char *why)
{
    if (place->bound == 0) {
        bind_failed(place, why);
        return;
    }
    place->failures = 0;
    if (*why)
        log_warn("%s: %s; the other addresses of %s do", place->port->name, why,
                 place->host);
}

/* Debian's installer writes the machine's own name so into /etc/hosts. */
static void
tell_hidden(const struct port_place *place, const char *address)
{
    log_warn("%s: our own host %s is %s here, where servers on other machines "
             "cannot call us: correct /etc/hosts, or set "
             "quorumListenOnAllIPs=true",
             place->port->name, place->host, address);
}

static void
on_own_address(void *arg, int gai, const struct addrinfo *list)
{
    struct port_place *place = arg;
    char text[256], why[512] = "";
    bool is_hidden = !conf_is_loopback(place->host); /* else that is meant */

    if (gai != 0) {
        await_name(place, gai);
        return;
    }
    place->is_nameless = false;
    for (const struct addrinfo *ai = list;
         ai && place->bound < PORT_SOCKETS_MAX; ai = ai->ai_next)
        if (getnameinfo(ai->ai_addr, ai->ai_addrlen, text, sizeof text, NULL, 0,
                        NI_NUMERICHOST) == 0) {
            listen_at(place, text, why, sizeof why);
            is_hidden = is_hidden && conf_is_loopback(text);
        }
    has_tried(place, why);
    if (place->bound > 0 && is_hidden)
        tell_hidden(place, text);
}

static void
try_to_listen(struct port_place *place)
{
    char why[512] = "";

    if (*place->host) {
        resolve_ask(&place->own, place->host, place->number, SOCK_STREAM);
        return;
    }
    listen_at(place, "", why, sizeof why);
    has_tried(place, why);
}

static void
on_again(struct ev_loop *loop, ev_timer *w, int events)
{
    struct port_place *place = w->data;

    (void)events;
    if (place->bound == 0)
        try_to_listen(place);
    for (uint32_t i = 0; i < place->bound; i++)
        ev_io_start(loop, &place->listener[i]);
}

/* --- open and closed ------------------------------------------------------ */

void
port_init(struct port *p, struct resolver *resolver, const char *name,
          port_knocked_fn *knocked, port_failed_fn *failed, void *arg,
          int64_t pause_ms)
{
    *p = (struct port){.loop = resolver->loop,
                       .name = name,
                       .knocked = knocked,
                       .failed = failed,
                       .arg = arg,
                       .pause_ms = pause_ms};
    for (uint32_t i = 0; i < CONF_ADDRESSES_MAX; i++) {
        struct port_place *place = &p->place[i];

        place->port = p;
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
    place->is_nameless = false;
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
port_open_datagrams(struct port *p, const struct conf *conf)
{
    p->has_datagrams = true;
    port_open_quorum(p, conf, 0);
}

void
port_close(struct port *p)
{
    for (uint32_t i = 0; i < p->count; i++) {
        struct port_place *place = &p->place[i];

        resolve_forget(&place->own);
        ev_timer_stop(p->loop, &place->again);
        while (place->bound > 0) {
            ev_io *listener = &place->listener[--place->bound];

            ev_io_stop(p->loop, listener);
            close(listener->fd);
        }
    }
    p->count = 0;
}

bool
port_is_open(const struct port *p)
{
    for (uint32_t i = 0; i < p->count; i++)
        if (p->place[i].bound > 0)
            return true;
    return false;
}

const char *
port_peer_name(int fd)
{
    static char name[96];
    char host[64] = "?", number[8] = "?";
    struct sockaddr_storage from;
    socklen_t size = sizeof from;

    if (getpeername(fd, (struct sockaddr *)&from, &size) == 0)
        getnameinfo((struct sockaddr *)&from, size, host, sizeof host, number,
                    sizeof number, NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(name, sizeof name, "%s:%s", host, number);
    return name;
}
