/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mesh_accept.c - the election port, and guests until they said who they are.
 *
 * A guest has syncLimit ticks for its hello.  There are MESH_GUESTS places;
 * when all are taken the guest that waits longest makes room.
 *
 * ZK: QuorumCnxManager.Listener, handleConnection
 */
#include "election/mesh.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/check.h"
#include "daemon/clock.h"
#include "daemon/listen.h"
#include "daemon/log.h"

enum { BACKLOG = 64, ACCEPTS_PER_TURN = 16 };

static const double bind_pause_seconds = 1;

/* --- guests --------------------------------------------------------------- */

/* The guest is gone; its descriptor is closed or belongs to a peer. */
static void
dismiss(struct guest *g)
{
    ev_io_stop(g->mesh->loop, &g->readable);
    ev_timer_stop(g->mesh->loop, &g->patience);
    g->fd = -1;
}

/* `why` NULL: nothing to speak of, a probe of the port perhaps. */
static void
turn_away(struct guest *g, const char *why)
{
    if (why)
        log_warn_often("election: closed a connection of %s to our election "
                       "port: %s",
                       mesh_name(g->fd), why);
    close(g->fd);
    dismiss(g);
}

/*
 * A place for a server that is not in our configuration: it asks who leads,
 * and is told.  Where to call it back it says itself.
 */
static struct peer *
stranger(struct mesh *m, const struct hello *h)
{
    for (size_t i = QUORUM_MEMBERS_MAX; i < MESH_PEERS; i++) {
        struct peer *p = &m->peer[i];
        sid_t sid = h->sid;

        if (p->is_used)
            continue;
        if (sid == HELLO_NO_SID) /* ZK: observers without id are -1, -2 ... */
            sid = -1 - (sid_t)(i - QUORUM_MEMBERS_MAX);
        if (!hello_address(h->address, p->host, sizeof p->host, &p->port))
            p->host[0] = '\0';
        p->is_used = true;
        link_init(&p->link, m->self->sid, sid);
        return p;
    }
    return NULL;
}

/* The guest is `p`: link.c knows which connection stays. */
static void
welcome(struct guest *g, struct peer *p, const struct hello *h)
{
    bool is_fresh = clock_mono_ms() - p->up_ms < MESH_CROSSING_MS;
    int fd = g->fd;

    p->mesh->has_changed = true;
    if (p->link.state == LINK_UP && !is_fresh)
        mesh_suspect_twin(p, h, fd);
    if (p->link.state == LINK_DIALLING && p->link.peer > p->link.me)
        dial_stop(p); /* two connections cross: theirs stays */
    switch (link_met(&p->link, is_fresh)) {
    case LINK_KEEP:
        dial_stop(p);
        stream_close(p);
        dismiss(g);
        stream_begin(p, fd);
        return;
    case LINK_REDIAL:
        turn_away(g, NULL);
        stream_close(p);
        dial_stop(p);
        dial_begin(p);
        return;
    case LINK_LEAVE:
        turn_away(g, NULL);
        return;
    case LINK_CLOSE:
        break;
    }
    never("a guest that we had dialled");
}

static void
introduce(struct guest *g, const struct hello *h)
{
    struct mesh *m = g->mesh;
    struct peer *p = mesh_peer(m, h->sid);

    if (h->sid == m->self->sid) {
        turn_away(g, "another server has our number, look at its myid");
        return;
    }
    if (!p)
        p = stranger(m, h);
    if (!p)
        turn_away(g, "too many servers that are not in our configuration");
    else if (!*p->host && p->link.peer < p->link.me)
        turn_away(g, "a smaller server that is not in our configuration and "
                     "does not say where to call it back");
    else
        welcome(g, p, h);
}

static void
on_guest(struct ev_loop *loop, ev_io *w, int events)
{
    struct guest *g = w->data;
    struct hello hello;

    (void)loop, (void)events;
    for (;;) {
        ssize_t n = recv(g->fd, g->in + g->size, g->need - g->size, 0);
        int rc;

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0) {
            turn_away(g, g->size > 0 ? "it ended within its hello" : NULL);
            return;
        }
        g->size += (size_t)n;
        rc = hello_get((struct bytes){g->in, (int32_t)g->size}, &hello,
                       &g->need);
        if (rc == 0)
            continue;
        if (rc < 0)
            turn_away(g, "it does not speak as a ZooKeeper server does");
        else
            introduce(g, &hello);
        return;
    }
}

static void
on_guest_patience(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)loop, (void)events;
    turn_away(w->data, "it does not say who it is");
}

/* A free place, or the one of the oldest guest. */
static struct guest *
place_for_guest(struct mesh *m)
{
    struct guest *oldest = &m->guest[0];

    for (size_t i = 0; i < MESH_GUESTS; i++) {
        struct guest *g = &m->guest[i];

        if (g->fd < 0)
            return g;
        if (g->number < oldest->number)
            oldest = g;
    }
    turn_away(oldest, "too many that do not say who they are");
    return oldest;
}

static void
take_guest(struct mesh *m, int fd)
{
    struct guest *g = place_for_guest(m);
    double seconds = (double)m->conf->tick_time_ms *
                     (double)m->conf->sync_limit_ticks / 1000.0;

    g->fd = fd;
    g->number = m->guests_ever++;
    g->size = 0;
    g->need = HELLO_FIRST_BYTES;
    mesh_socket_options(fd);
    ev_io_init(&g->readable, on_guest, fd, EV_READ);
    ev_timer_init(&g->patience, on_guest_patience, seconds, 0);
    g->readable.data = g->patience.data = g;
    ev_io_start(m->loop, &g->readable);
    ev_timer_start(m->loop, &g->patience);
}

static void
on_knock(struct ev_loop *loop, ev_io *w, int events)
{
    struct mesh *m = w->data;

    (void)loop, (void)events;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        int fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0)
            take_guest(m, fd);
        else if (errno == EAGAIN)
            return;
        else if (errno != ECONNABORTED && errno != EINTR)
            log_warn_often("election: accept: %s", strerror(errno));
    }
}

/* --- the port ------------------------------------------------------------- */

static void
bind_failed(struct mesh *m, const char *why)
{
    int32_t allowed = m->conf->election_bind_retry;

    m->bind_failures++;
    if (allowed > 0 && m->bind_failures > allowed)
        fatal(EXIT_UNEXPECTED, "election: %s; tried %d times", why,
              m->bind_failures);
    log_warn("election: %s; trying again", why);
    ev_timer_stop(m->loop, &m->bind_again);
    ev_timer_set(&m->bind_again, bind_pause_seconds, 0);
    ev_timer_start(m->loop, &m->bind_again);
}

static void
listen_at(struct mesh *m, const char *address)
{
    char why[256];
    int fd =
        listen_open(address, m->self->election_port, BACKLOG, why, sizeof why);

    if (fd < 0) {
        bind_failed(m, why);
        return;
    }
    m->listen_fd = fd;
    ev_io_init(&m->listener, on_knock, fd, EV_READ);
    m->listener.data = m;
    ev_io_start(m->loop, &m->listener);
    log_info("election: listening on port %s:%d", *address ? address : "*",
             (int)m->self->election_port);
}

static void
on_own_address(void *arg, int gai, struct addrinfo *list)
{
    struct mesh *m = arg;
    char text[256] = "", why[512];

    if (gai == 0)
        gai = getnameinfo(list->ai_addr, list->ai_addrlen, text, sizeof text,
                          NULL, 0, NI_NUMERICHOST);
    if (gai != 0) {
        snprintf(why, sizeof why, "cannot resolve our own host %s: %s",
                 m->self->host, gai_strerror(gai));
        bind_failed(m, why);
    } else {
        listen_at(m, text);
    }
    if (list)
        freeaddrinfo(list);
}

static void
try_to_listen(struct mesh *m)
{
    if (m->conf->listen_on_all_ips)
        listen_at(m, "");
    else
        resolve_ask(&m->own, m->self->host, m->self->election_port,
                    SOCK_STREAM);
}

static void
on_bind_again(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)loop, (void)events;
    try_to_listen(w->data);
}

void
accept_init(struct mesh *m)
{
    for (size_t i = 0; i < MESH_GUESTS; i++)
        m->guest[i] = (struct guest){.mesh = m, .fd = -1};
    m->listen_fd = -1;
    resolve_init(&m->own, &m->resolver, on_own_address, m);
    ev_timer_init(&m->bind_again, on_bind_again, 0, 0);
    m->bind_again.data = m;
}

void
accept_open(struct mesh *m)
{
    m->bind_failures = 0;
    try_to_listen(m);
}

void
accept_close(struct mesh *m)
{
    resolve_forget(&m->own);
    ev_timer_stop(m->loop, &m->bind_again);
    if (m->listen_fd >= 0) {
        ev_io_stop(m->loop, &m->listener);
        close(m->listen_fd);
        m->listen_fd = -1;
    }
    for (size_t i = 0; i < MESH_GUESTS; i++)
        if (m->guest[i].fd >= 0)
            turn_away(&m->guest[i], NULL);
}
