/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mesh_accept.c - guests of the election port, until they said who they are.
 *
 * A guest has syncLimit ticks for its hello, or quorumCnxnTimeoutMs.  There are
 * MESH_GUESTS places; when all are taken, the guest that has waited longest
 * makes room.
 *
 * ZK: QuorumCnxManager.Listener, handleConnection
 */
#include "election/mesh_part.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/check.h"
#include "daemon/clock.h"
#include "daemon/log.h"

enum { BIND_PAUSE_MS = 1000 };

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
                       port_peer_name(g->fd), why);
    close(g->fd);
    dismiss(g);
}

/* The last stranger here was another: what it did is not this one's. */
static void
forget_last(struct peer *p)
{
    p->talks_nonsense = p->rival.was_refused = false;
    p->twin = (struct twin){0};
}

/*
 * A member that moved says where it is: its own file is newer than ours.  We
 * call it there, too, but at the addresses that we know first: in its own file
 * it may have one that is good on its own machine only.
 * ZK: handleConnection, which calls there alone
 */
static void
note_address(struct peer *p, struct bytes address)
{
    struct dial_place *at = &p->dial.place[p->homes];

    p->dial.place_count = p->homes;
    if (!hello_address(address, at->host, sizeof at->host, &at->port) ||
        mesh_dials(p, at->host, at->port))
        return;
    if (p->homes == 0 || !conf_is_loopback(at->host) ||
        conf_is_loopback(p->dial.place[0].host))
        p->dial.place_count++;
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
        note_address(p, h->address);
        p->is_used = true;
        if (p->link.peer != sid) /* else it is here again */
            forget_last(p);
        link_init(&p->link, m->self->sid, sid);
        return p;
    }
    return NULL;
}

void
mesh_welcome(struct peer *p, int fd, struct bytes address, bool is_fresh)
{
    p->is_used = p->mesh->has_changed = true;
    if (p->link.state == LINK_DIALLING && p->link.peer > p->link.me)
        call_stop(p); /* two connections cross: theirs stays */
    switch (link_met(&p->link, is_fresh)) {
    case LINK_KEEP:
        call_stop(p);
        stream_close(p);
        stream_begin(p, fd);
        return;
    case LINK_REDIAL:
        close(fd);
        stream_close(p);
        call_stop(p);
        note_address(p, address);
        call_begin(p);
        return;
    case LINK_LEAVE:
        close(fd);
        return;
    case LINK_CLOSE:
        break;
    }
    never("a guest that we had dialled");
}

/* The guest is `p`, or says so. */
static void
meet(struct guest *g, struct peer *p, const struct hello *h)
{
    bool is_fresh = clock_mono_ms() - p->up_ms < MESH_CROSSING_MS;
    int fd = g->fd;

    dismiss(g);
    if (p->link.state == LINK_UP && !is_fresh)
        rival_challenge(p, h, fd);
    else
        mesh_welcome(p, fd, h->address, is_fresh);
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
    if (!p) {
        turn_away(g, "too many servers that are not in our configuration");
    } else if (p->dial.place_count == 0 && p->link.peer < p->link.me) {
        p->is_used = false; /* a stranger's place: it is free again */
        turn_away(g, "a smaller server that is not in our configuration and "
                     "does not say where to call it back");
    } else {
        meet(g, p, h);
    }
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

static double
hello_seconds(const struct conf *c)
{
    return c->quorum_cnxn_timeout_ms > 0
               ? c->quorum_cnxn_timeout_ms / 1000.0
               : (double)c->tick_time_ms * c->sync_limit_ticks / 1000.0;
}

static void
on_knock(void *arg, int fd)
{
    struct mesh *m = arg;
    struct guest *g = place_for_guest(m);
    double seconds = hello_seconds(m->conf);

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

/* --- the port ------------------------------------------------------------- */

/* Without any address of ours nobody larger can reach us. */
static void
on_bind_failed(void *arg, const char *why, int times)
{
    struct mesh *m = arg;
    int32_t allowed = m->conf->election_bind_retry;

    if (allowed > 0 && times > allowed && !port_is_open(&m->port))
        fatal(EXIT_UNEXPECTED, "election: %s; tried %d times", why, times);
    if (times == 1)
        log_warn("election: %s; trying again", why);
}

void
accept_init(struct mesh *m)
{
    for (size_t i = 0; i < MESH_GUESTS; i++)
        m->guest[i] = (struct guest){.mesh = m, .fd = -1};
    port_init(&m->port, &m->resolver, "election", on_knock, on_bind_failed, m,
              BIND_PAUSE_MS);
}

void
accept_open(struct mesh *m)
{
    port_open_election(&m->port, m->conf);
}

void
accept_close(struct mesh *m)
{
    port_close(&m->port);
    for (size_t i = 0; i < MESH_GUESTS; i++)
        if (m->guest[i].fd >= 0)
            turn_away(&m->guest[i], NULL);
}
