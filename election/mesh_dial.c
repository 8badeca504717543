/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mesh_dial.c - connecting to a peer: name, address, connection, hello.
 *
 * All steps together may take cnxTimeout.  The name is resolved anew each
 * time; its addresses are tried one after the other.
 */
#include "election/mesh.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/check.h"

static void try_addresses(struct peer *p, const char *why);

/* A larger peer that we said hello to calls back within so long. */
static const double call_back_seconds = 1;

static void
set_patience(struct peer *p, double seconds)
{
    ev_timer_stop(p->mesh->loop, &p->patience);
    ev_timer_set(&p->patience, seconds, 0);
    ev_timer_start(p->mesh->loop, &p->patience);
}

static void
close_attempt(struct peer *p)
{
    if (p->fd < 0)
        return;
    ev_io_stop(p->mesh->loop, &p->writable);
    close(p->fd);
    p->fd = -1;
}

void
dial_stop(struct peer *p)
{
    ev_timer_stop(p->mesh->loop, &p->patience);
    resolve_forget(&p->resolve);
    if (p->link.state == LINK_DIALLING)
        close_attempt(p);
    if (p->addresses)
        freeaddrinfo(p->addresses);
    p->addresses = p->next_address = NULL;
}

static void
give_up(struct peer *p, const char *why)
{
    dial_stop(p);
    mesh_lost(p, why);
}

/* Connected: say who we are, in one send (spec 14.1.7). */
static int
say_hello(struct peer *p)
{
    const struct conf_member *self = p->mesh->self;
    uint8_t hello[HELLO_BYTES_MAX];
    struct jute_out out = jute_out_of(hello, sizeof hello);
    size_t size;

    hello_put(&out, self->sid, self->host, self->election_port);
    check(!out.bad);
    size = jute_out_size(&out);
    mesh_socket_options(p->fd);
    return send(p->fd, hello, size, MSG_NOSIGNAL) == (ssize_t)size ? 0 : -EPIPE;
}

static void
on_connected(struct peer *p)
{
    int fd = p->fd;

    if (say_hello(p) < 0) {
        try_addresses(p, "it does not listen to us");
        return;
    }
    ev_io_stop(p->mesh->loop, &p->writable);
    p->fd = -1;
    dial_stop(p);
    if (link_dialled(&p->link) == LINK_KEEP) {
        stream_begin(p, fd);
        return;
    }
    close(fd);
    p->mesh->has_changed = true;
    set_patience(p, call_back_seconds);
}

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
on_writable(struct ev_loop *loop, ev_io *w, int events)
{
    struct peer *p = w->data;
    socklen_t size = sizeof(int);
    int error = 0;

    (void)loop, (void)events;
    if (getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
        error = errno;
    if (error == 0 && is_connected_with_itself(p->fd))
        error = ECONNREFUSED;
    if (error != 0)
        try_addresses(p, strerror(error));
    else
        on_connected(p);
}

static int
connect_to(struct peer *p, const struct addrinfo *ai)
{
    int fd =
        socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    if (connect(fd, ai->ai_addr, ai->ai_addrlen) < 0 && errno != EINPROGRESS) {
        int rc = -errno;

        close(fd);
        return rc;
    }
    p->fd = fd;
    ev_io_init(&p->writable, on_writable, fd, EV_WRITE);
    p->writable.data = p;
    ev_io_start(p->mesh->loop, &p->writable);
    return 0;
}

/* Give up the address tried, because of `why`, and try the next. */
static void
try_addresses(struct peer *p, const char *why)
{
    close_attempt(p);
    while (p->next_address) {
        const struct addrinfo *ai = p->next_address;
        int rc = connect_to(p, ai);

        p->next_address = ai->ai_next;
        if (rc == 0)
            return;
        why = strerror(-rc);
    }
    give_up(p, why);
}

static void
on_resolved(void *arg, int gai, struct addrinfo *list)
{
    struct peer *p = arg;

    if (gai != 0) {
        give_up(p, gai_strerror(gai));
        return;
    }
    p->addresses = p->next_address = list;
    try_addresses(p, "it has no address");
}

static void
on_patience(struct ev_loop *loop, ev_timer *w, int events)
{
    struct peer *p = w->data;

    (void)loop, (void)events;
    give_up(p, p->link.state == LINK_EXPECTED
                   ? "it does not call back, or calls another by our number"
                   : "it does not answer");
}

void
dial_init(struct peer *p)
{
    resolve_init(&p->resolve, &p->mesh->resolver, on_resolved, p);
    ev_timer_init(&p->patience, on_patience, 0, 0);
    p->patience.data = p;
}

void
dial_begin(struct peer *p)
{
    check(p->fd < 0);
    link_dial(&p->link);
    set_patience(p, p->mesh->conf->cnx_timeout_ms / 1000.0);
    resolve_ask(&p->resolve, p->host, p->port, SOCK_STREAM);
}
