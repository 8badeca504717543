/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_learn_dial.c - connecting to the leader.
 *
 * A leader binds its port when it is elected, which may be a moment after we
 * know of it: a refusal is tried again, five times, 100 ms apart.  The name
 * is resolved again at every attempt.
 *
 * The replication process, learning.
 * ZK: Learner.connectToLeader (spec/quorum-protocol.md 6.4)
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "net/repl_learn.h"

enum { ATTEMPTS_MAX = 5, PAUSE_MS = 100 };

static const struct conf_member *
leader_of(const struct repl_learn *l)
{
    const struct conf *conf = &l->r->conf;

    for (uint32_t i = 0; i < conf->member_count; i++)
        if (conf->member[i].sid == l->leader)
            return &conf->member[i];
    return NULL;
}

static void
close_dialling(struct repl_learn *l)
{
    if (l->dial_fd < 0)
        return;
    ev_io_stop(l->r->loop, &l->dialling);
    close(l->dial_fd);
    l->dial_fd = -1;
}

static void
failed(struct repl_learn *l, const char *what)
{
    const struct conf_member *m = leader_of(l);
    mono_ms_t now = clock_mono_ms();

    close_dialling(l);
    log_debug("learner: cannot connect to server %" PRId64 " at %s:%d: %s",
              (int64_t)l->leader, m->host, m->quorum_port, what);
    if (++l->attempts >= ATTEMPTS_MAX || now >= l->dial_until) {
        log_warn("learner: cannot connect to server %" PRId64 " at %s:%d: %s",
                 (int64_t)l->leader, m->host, m->quorum_port, what);
        l->why = "the leader cannot be reached";
        bell_ring(l->r->shm, PROC_REPLICATION);
        return;
    }
    l->dial_at = now + PAUSE_MS;
}

static void
on_writable(struct ev_loop *loop, ev_io *io, int events)
{
    struct repl_learn *l = io->data;
    int err = 0, fd = l->dial_fd;
    socklen_t size = sizeof err;

    (void)events;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &size);
    if (err != 0) {
        failed(l, strerror(err));
        return;
    }
    ev_io_stop(loop, io);
    l->dial_fd = -1;
    l->dial_at = 0;
    learn_connected(l, fd);
}

static void
connect_to(struct repl_learn *l, const struct addrinfo *to)
{
    l->dial_fd = socket(to->ai_family,
                        SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->dial_fd < 0) {
        failed(l, strerror(errno));
        return;
    }
    qlink_tune(l->dial_fd);
    ev_io_init(&l->dialling, on_writable, l->dial_fd, EV_WRITE);
    l->dialling.data = l;
    if (connect(l->dial_fd, to->ai_addr, to->ai_addrlen) < 0 &&
        errno != EINPROGRESS) {
        failed(l, strerror(errno));
        return;
    }
    ev_io_start(l->r->loop, &l->dialling);
}

static void
on_resolved(void *arg, int gai_error, struct addrinfo *list)
{
    struct repl_learn *l = arg;

    if (gai_error != 0) {
        failed(l, gai_strerror(gai_error));
        return;
    }
    connect_to(l, list);
    freeaddrinfo(list);
}

void
learn_dial_init(struct repl_learn *l)
{
    l->dial_fd = -1;
    resolver_init(&l->resolver, l->r->loop);
    resolve_init(&l->question, &l->resolver, on_resolved, l);
}

static void
attempt(struct repl_learn *l)
{
    const struct conf_member *m = leader_of(l);

    l->dial_at = 0;
    resolve_ask(&l->question, m->host, m->quorum_port, SOCK_STREAM);
}

void
learn_dial(struct repl_learn *l, mono_ms_t now)
{
    const struct conf *c = &l->r->conf;
    int32_t ticks = c->learner_connect_ticks > 0 ? c->learner_connect_ticks
                                                 : c->init_limit_ticks;

    l->attempts = 0;
    l->dial_until = now + (mono_ms_t)c->tick_time_ms * ticks;
    if (!leader_of(l)) {
        l->why = "the leader that was elected is no member of ours";
        return;
    }
    attempt(l);
}

void
learn_dial_tick(struct repl_learn *l, mono_ms_t now)
{
    if (l->dial_at != 0 && now >= l->dial_at)
        attempt(l);
    else if (l->dial_fd >= 0 && now >= l->dial_until)
        failed(l, "no answer");
}

void
learn_dial_stop(struct repl_learn *l)
{
    resolve_forget(&l->question);
    close_dialling(l);
    l->dial_at = 0;
}
