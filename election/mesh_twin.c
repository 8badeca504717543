/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mesh_twin.c - two servers that have the same number: see twin.h.
 *
 * Who connects with the number of a peer that is connected is kept, unread,
 * until that has answered, its connection has ended, or its time is over.
 * There is one place: who comes last has it.
 *
 * A smaller server hangs up when it has said hello, to be called back; it
 * listens for a moment all the same, or it would never hear why it is not.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/timer.h"
#include "election/mesh_part.h"

/* --- for the operator ----------------------------------------------------- */

static struct bytes
address_of(const struct rival *r)
{
    return (struct bytes){r->address, r->address_size};
}

/* It names no address, or one that we would dial. */
static bool
is_at_home(const struct peer *p)
{
    char host[CONF_ADDRESS_MAX];
    int32_t port;

    return !hello_address(address_of(&p->rival), host, sizeof host, &port) ||
           mesh_dials(p, host, port);
}

/*
 * What a smaller server says may be late, behind our call that it took: it
 * has hung up, and must be met once more before we are sure.
 */
static bool
is_another(const struct peer *p, bool has_answered)
{
    return !is_at_home(p) || (has_answered && (p->link.peer > p->link.me ||
                                               p->rival.was_refused));
}

static void
tell_operator(struct peer *p, bool has_answered)
{
    const struct rival *r = &p->rival;
    char first[TWIN_WHERE_MAX];

    if (!twin_comes(&p->twin, is_another(p, has_answered), clock_mono_ms()))
        return;
    snprintf(first, sizeof first, "%s", port_peer_name(p->fd));
    log_error("election: there seem to be two servers with the number %lld: "
              "one is connected from %s and %s by one that came from %s and "
              "calls itself \"%.*s\"; we have it at %s:%d; look at the myid "
              "of both, and stop the one that does not belong here",
              (long long)p->link.peer, first,
              has_answered ? "answers, so its place is not taken"
                           : "does not answer, so its place is taken",
              port_peer_name(r->fd),
              r->address_size < 0 ? 0 : (int)r->address_size,
              (const char *)r->address, p->dial.place[0].host,
              (int)p->dial.place[0].port);
}

/* --- who is kept ---------------------------------------------------------- */

/* No longer kept; its connection, which is the caller's now. */
static int
let_go(struct peer *p)
{
    int fd = p->rival.fd;

    ev_timer_stop(p->mesh->loop, &p->rival.patience);
    p->rival.fd = -1;
    return fd;
}

/* What it has said is read first, or to close would take our word back. */
static void
send_away(int fd, const char *where)
{
    uint8_t frame[4 + TWIN_BYTES_MAX], unread[4096];
    struct jute_out out = jute_out_of(frame, sizeof frame);

    jute_put_i32(&out, 0);
    twin_put(&out, TWIN_TAKEN, bytes_of(where));
    store_be32(frame, (uint32_t)(jute_out_size(&out) - 4));
    while (recv(fd, unread, sizeof unread, MSG_DONTWAIT) > 0)
        ;
    (void)!send(fd, frame, jute_out_size(&out), MSG_NOSIGNAL);
    close(fd);
}

static void
refuse(struct peer *p)
{
    if (p->rival.fd < 0)
        return;
    tell_operator(p, true);
    p->rival.was_refused = true;
    send_away(let_go(p), port_peer_name(p->fd));
}

void
rival_step_in(struct peer *p)
{
    if (p->rival.fd >= 0)
        mesh_welcome(p, let_go(p), address_of(&p->rival), false);
}

/*
 * Who comes last has the place, as with Apache.  If the mute one was one of
 * Apache's, its twin must not have it for good because it can answer.
 */
static void
give_way(struct peer *p)
{
    tell_operator(p, false);
    p->is_disputed = mesh_is_acked(p->fd);
    rival_step_in(p);
}

static void
on_silence(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)loop, (void)events;
    give_way(w->data);
}

void
rival_challenge(struct peer *p, const struct hello *h, int fd)
{
    struct rival *r = &p->rival;

    if (r->fd >= 0) {
        close(r->fd); /* its question is on its way */
    } else {
        timer_ring_in(p->mesh->loop, &r->patience, TWIN_ANSWER_MS);
        stream_say(p, TWIN_ARE_YOU_THERE);
    }
    r->fd = fd;
    r->address_size = h->address.size;
    if (h->address.size > 0)
        memcpy(r->address, h->address.data, (size_t)h->address.size);
    if (p->is_disputed)
        give_way(p);
}

/* --- what we hear --------------------------------------------------------- */

static void
hear_taken(struct peer *p, struct bytes where)
{
    struct mesh *m = p->mesh;

    m->is_taken = true;
    if (twin_comes(&m->own, true, clock_mono_ms()))
        log_error("election: server %lld says that another server with our "
                  "number, %lld, is connected with it from %.*s, and answers; "
                  "look at the myid of both, and stop the one that does not "
                  "belong here",
                  (long long)p->link.peer, (long long)m->self->sid,
                  where.size < 0 ? 0 : (int)where.size,
                  (const char *)where.data);
}

bool
rival_hear(struct peer *p, struct bytes payload)
{
    struct bytes where;

    switch (twin_get(payload, &where)) {
    case TWIN_NO_WORD:
        return false;
    case TWIN_ARE_YOU_THERE:
        if (p->mesh->is_shy)
            shutdown(p->fd, SHUT_RDWR); /* the reader sees it */
        else
            stream_say(p, TWIN_I_AM);
        break;
    case TWIN_I_AM:
        refuse(p);
        break;
    case TWIN_TAKEN:
        hear_taken(p, where);
        break;
    }
    return true;
}

/* The only word, or the end. */
static void
on_audible(struct ev_loop *loop, ev_io *w, int events)
{
    struct peer *p = w->data;
    uint8_t in[4 + TWIN_BYTES_MAX];
    ssize_t n = recv(p->ear, in, sizeof in, 0);
    struct bytes where;

    (void)loop, (void)events;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    rival_listen_stop(p);
    if (n > 4 &&
        twin_get((struct bytes){in + 4, (int32_t)n - 4}, &where) == TWIN_TAKEN)
        hear_taken(p, where);
}

void
rival_listen(struct peer *p, int fd)
{
    shutdown(fd, SHUT_WR);
    p->ear = fd;
    ev_io_set(&p->audible, fd, EV_READ);
    ev_io_start(p->mesh->loop, &p->audible);
}

void
rival_listen_stop(struct peer *p)
{
    if (p->ear < 0)
        return;
    ev_io_stop(p->mesh->loop, &p->audible);
    close(p->ear);
    p->ear = -1;
}

/* --- life ----------------------------------------------------------------- */

void
rival_init(struct peer *p)
{
    p->rival.fd = p->ear = -1;
    ev_timer_init(&p->rival.patience, on_silence, 0, 0);
    ev_io_init(&p->audible, on_audible, -1, 0);
    p->rival.patience.data = p->audible.data = p;
}

void
rival_stop(struct peer *p)
{
    if (p->rival.fd >= 0)
        close(let_go(p));
}
