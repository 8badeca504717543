/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_accept.c - connections come, and those without a session go.
 *
 * All client processes accept from one listening socket, one connection per
 * turn.  A connection stays where it came to, so who is far ahead of another
 * leaves the next ones to that.  Facts: spec/client-protocol.md 1.8, 11.
 */
#include "net/client.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/log.h"

/* Fewer connections than this in one process are cheaper than in two. */
enum { AHEAD_MAX = 64 };

static const double pause_seconds = 0.1;

static uint64_t
connections_in_all(const struct client_proc *p)
{
    uint64_t sum = 0;

    for (uint32_t w = 0; w < p->shm->super->client_count; w++)
        sum += p->shm->client[w]->stats.connections;
    return sum;
}

static uint32_t
connections_of(const struct client_proc *p, uint64_t address)
{
    uint32_t sum = 0;

    for (uint32_t w = 0; w < p->shm->super->client_count; w++)
        sum += limits_ip_count(p->shm->client[w]->ips, address);
    return sum;
}

/* The address is counted first, so two processes cannot both find room. */
static bool
is_over_limit(struct client_proc *p, const struct sockaddr *peer,
              uint64_t address)
{
    char text[AUTH_ADDRESS_MAX];

    if (p->conf.max_cnxns > 0 &&
        connections_in_all(p) >= (uint64_t)p->conf.max_cnxns) {
        log_warn_often("Too many connections - max is %d", p->conf.max_cnxns);
        return true;
    }
    if (p->conf.max_client_cnxns <= 0 ||
        connections_of(p, address) <= (uint32_t)p->conf.max_client_cnxns)
        return false;
    auth_address(peer, text);
    log_warn_often("Too many connections from /%s - max is %d", text,
                   p->conf.max_client_cnxns);
    return true;
}

static void
reject(struct client_proc *p, int fd)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
    COUNT(p->own->stats.connections_rejected, 1);
}

static void
welcome(struct client_proc *p, int fd, const struct sockaddr *peer)
{
    uint64_t address = limits_address(peer);
    struct client *c;
    int on = 1;

    limits_ip_add(p->own->ips, address);
    c = is_over_limit(p, peer, address) ? NULL : client_open(p, fd, peer);
    if (!c) {
        limits_ip_drop(p->own->ips, address);
        reject(p, fd);
        return;
    }
    c->address = address;
    c->is_counted = true;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (p->conf.tcp_keepalive)
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

/* --- whose turn it is ----------------------------------------------------- */

/* A process that we are far ahead of; PROC_END: there is none. */
static enum proc_id
find_behind(const struct client_proc *p)
{
    const struct shm *shm = p->shm;

    for (uint32_t w = 0; w < shm->super->client_count; w++)
        if (shm->client[w]->proc.is_ready &&
            shm->client[w]->stats.connections + AHEAD_MAX <
                p->own->stats.connections)
            return (enum proc_id)(PROC_CLIENT + w);
    return PROC_END;
}

/* Accept nothing for a while, unless client_accept_look knows better. */
static void
pause_accepting(struct client_proc *p)
{
    ev_io_stop(p->loop, &p->accept);
    ev_timer_again(p->loop, &p->accept_again);
}

/*
 * Leave it to who is behind.  That may sleep with its own accepting paused,
 * so it is rung; and it may hang, so we go on after a while, as if we were not
 * ahead yet.
 */
static bool
leave_to_another(struct client_proc *p)
{
    enum proc_id other = find_behind(p);

    if (other == PROC_END) {
        p->accept_anyway = 0;
        return false;
    }
    if (p->accept_anyway > 0) {
        p->accept_anyway--;
        return false;
    }
    pause_accepting(p);
    bell_ring(p->shm, other);
    return true;
}

void
client_accept_look(struct client_proc *p)
{
    if (!ev_is_active(&p->accept_again) || p->is_without_files ||
        find_behind(p) != PROC_END)
        return;
    ev_timer_stop(p->loop, &p->accept_again);
    ev_io_start(p->loop, &p->accept);
}

/* --- connections come ----------------------------------------------------- */

static void
on_accept(struct ev_loop *loop, ev_io *io, int events)
{
    struct client_proc *p = io->data;
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    int fd;

    (void)loop, (void)events;
    if (leave_to_another(p))
        return;
    fd = accept4(io->fd, (struct sockaddr *)&peer, &size,
                 SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        welcome(p, fd, (const struct sockaddr *)&peer);
        return;
    }
    if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS &&
        errno != ENOMEM)
        return; /* another process took it, or the peer gave up */
    log_warn_often("cannot accept connections: %s; raise LimitNOFILE",
                   strerror(errno));
    p->is_without_files = true;
    pause_accepting(p);
}

static void
on_again(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct client_proc *p = timer->data;

    (void)events;
    ev_timer_stop(loop, timer);
    ev_io_start(loop, &p->accept);
    p->is_without_files = false;
    p->accept_anyway = AHEAD_MAX;
}

void
client_accept_init(struct client_proc *p)
{
    ev_timer_init(&p->accept_again, on_again, pause_seconds, pause_seconds);
    ev_io_init(&p->accept, on_accept, p->shm->super->listen_fd, EV_READ);
    p->accept_again.data = p->accept.data = p;
    if (p->shm->super->listen_fd >= 0)
        ev_io_start(p->loop, &p->accept);
}

/* The oldest of a state come first. */
static void
expire(struct client_proc *p, enum client_state state, int64_t limit_ms,
       _Atomic uint64_t *counter)
{
    while (p->list[state]) {
        struct client *c = &p->client[p->list[state] - 1];

        if ((uint32_t)p->now_ms - c->since_ms <= limit_ms)
            return;
        client_drop(p, c);
        if (counter)
            COUNT(*counter, 1);
    }
}

void
client_expire(struct client_proc *p)
{
    if (p->conf.sessionless_timeout_ms > 0) {
        expire(p, CLIENT_NEW, p->conf.sessionless_timeout_ms,
               &p->own->stats.sessionless_expired);
        expire(p, CLIENT_CONNECTING, p->conf.sessionless_timeout_ms,
               &p->own->stats.sessionless_expired);
    }
    expire(p, CLIENT_CLOSING, CLOSING_MS, NULL);
}
