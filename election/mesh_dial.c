/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mesh_dial.c - calling a peer: connection (dial.h), then hello.
 *
 * All of it together may take cnxTimeout.
 */
#include "election/mesh_part.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/check.h"
#include "daemon/timer.h"

/* A larger peer that we said hello to calls back within so long. */
enum { CALL_BACK_MS = 1000 };

void
call_stop(struct peer *p)
{
    ev_timer_stop(p->mesh->loop, &p->patience);
    dial_stop(&p->dial);
    rival_listen_stop(p);
}

static void
give_up(struct peer *p, const char *why)
{
    call_stop(p);
    mesh_lost(p, why);
}

/* Connected: say who we are, in one send (spec 14.1.7). */
static bool
say_hello(const struct peer *p, int fd)
{
    const struct mesh *m = p->mesh;
    uint8_t hello[HELLO_BYTES_MAX];
    struct jute_out out = jute_out_of(hello, sizeof hello);
    size_t size;

    hello_put(&out, m->self->sid, m->own_address);
    check(!out.bad);
    size = jute_out_size(&out);
    mesh_socket_options(fd);
    return send(fd, hello, size, MSG_NOSIGNAL) == (ssize_t)size;
}

static void
on_dialled(void *arg, int fd, const char *why)
{
    struct peer *p = arg;

    if (fd < 0) {
        give_up(p, why);
        return;
    }
    if (!say_hello(p, fd)) {
        close(fd);
        give_up(p, "it does not listen to us");
        return;
    }
    call_stop(p);
    if (link_dialled(&p->link) == LINK_KEEP) {
        stream_begin(p, fd);
        return;
    }
    rival_listen(p, fd);
    p->mesh->has_changed = true;
    timer_ring_in(p->mesh->loop, &p->patience, CALL_BACK_MS);
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

/* "a:3888", or "a:3888|[::1]:3888". */
void
mesh_own_address(struct mesh *m)
{
    struct conf_address a;
    size_t n = 0;

    for (uint32_t i = 0; conf_member_address(m->self, i, &a); i++)
        n += (size_t)snprintf(m->own_address + n, sizeof m->own_address - n,
                              strchr(a.host, ':') ? "%s[%s]:%d" : "%s%s:%d",
                              i > 0 ? "|" : "", a.host, (int)a.election_port);
}

void
call_init(struct peer *p)
{
    dial_init(&p->dial, &p->mesh->resolver, on_dialled, p);
    ev_timer_init(&p->patience, on_patience, 0, 0);
    p->patience.data = p;
}

void
call_begin(struct peer *p)
{
    check(p->fd < 0);
    link_dial(&p->link);
    timer_ring_in(p->mesh->loop, &p->patience, p->mesh->conf->cnx_timeout_ms);
    dial_begin(&p->dial);
}
