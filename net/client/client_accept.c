/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_accept.c - connections come, and those without a session go.
 *
 * All client processes share one listening socket; client_share.c says whose
 * turn it is to accept there.  Facts: spec/client-protocol.md 1.8, 11.
 */
#include "net/client/client_accept.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/log.h"
#include "net/client/client_table.h"

static const double pause_seconds = 0.1; /* while none can be accepted */

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

static struct client *
find_place(struct client_proc *p, int fd, const struct sockaddr *peer)
{
    struct client *c = client_open(p, fd, peer);

    if (!c)
        log_warn_often("Too many connections - a process has places for %d",
                       CONNS_MAX);
    return c;
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
    uint16_t slot = limits_ip_add(p->own->ips, address);
    struct client *c;
    int on = 1;

    c = is_over_limit(p, peer, address) ? NULL : find_place(p, fd, peer);
    if (!c) {
        limits_ip_drop(p->own->ips, slot);
        reject(p, fd);
        return;
    }
    c->ip_slot = slot;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (p->conf.tcp_keepalive)
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

static void
on_accept(struct ev_loop *loop, ev_io *io, int events)
{
    struct client_proc *p = io->data;
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    int fd;

    (void)events;
    fd = accept4(io->fd, (struct sockaddr *)&peer, &size,
                 SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        welcome(p, fd, (const struct sockaddr *)&peer);
        client_accept_look(p);
        return;
    }
    if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
        return; /* another process took it, or the peer gave up */
    log_warn_often("cannot accept connections: %s%s", strerror(errno),
                   errno == EMFILE ? "; raise LimitNOFILE" : "");
    p->own->is_out_of_files = true;
    ev_timer_again(loop, &p->accept_again);
    client_accept_look(p);
}

static void
on_again(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct client_proc *p = timer->data;

    (void)events;
    ev_timer_stop(loop, timer);
    p->own->is_out_of_files = false;
    client_accept_look(p);
}

/* Only whose turn it is waits at the socket: others need not be woken. */
void
client_accept_look(struct client_proc *p)
{
    enum proc_id whose = client_share_whose(p);

    if (p->shm->super->listen_fd < 0)
        return;
    if (whose == p->self && !p->own->is_out_of_files) {
        ev_io_start(p->loop, &p->accept);
    } else if (ev_is_active(&p->accept)) {
        ev_io_stop(p->loop, &p->accept);
        bell_ring(p->shm, whose);
    }
}

void
client_accept_init(struct client_proc *p)
{
    ev_timer_init(&p->accept_again, on_again, pause_seconds, pause_seconds);
    ev_io_init(&p->accept, on_accept, p->shm->super->listen_fd, EV_READ);
    p->accept_again.data = p->accept.data = p;
    p->own->is_out_of_files = false;
}

/* Who has been in that state for too long; the oldest of it is the first. */
static struct client *
overdue(const struct client_proc *p, enum client_state state, int64_t limit_ms)
{
    struct client *c = client_at(p, p->list[state]);

    return c && (uint32_t)p->now_ms - c->since_ms > limit_ms ? c : NULL;
}

static void
end_sessionless(struct client_proc *p, enum client_state state)
{
    int32_t limit_ms = p->conf.sessionless_timeout_ms;
    struct client *c;

    while (limit_ms > 0 && (c = overdue(p, state, limit_ms))) {
        log_warn_often("%s: connection closed, it has no session after %d ms",
                       client_name(p, c), limit_ms);
        client_drop(p, c);
        COUNT(p->own->stats.sessionless_expired, 1);
    }
}

void
client_expire(struct client_proc *p)
{
    struct client *c;

    end_sessionless(p, CLIENT_NEW);
    end_sessionless(p, CLIENT_CONNECTING);
    while ((c = overdue(p, CLIENT_CLOSING, CLOSING_MS)))
        client_drop(p, c);
}
