/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elect_poll.c - the polling election: poll.c thinks, datagrams talk.
 *
 * The election process, with electionAlg=0.  Requests and answers are
 * datagrams on the quorum port; everybody answers in every state, once it
 * looked for the first time.  A lost datagram costs a round.
 *
 * ZK: LeaderElection, QuorumPeer.ResponderThread of 3.4
 *     (spec/quorum-protocol.md 3)
 */
#include "election/elect_proc.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/check.h"
#include "daemon/log.h"

enum {
    PAUSE_MIN_MS = 20, /* then twice as long each time, to POLL_AGAIN_MS */
    DATAGRAMS_PER_TURN = 64,
    ANSWER_ROOM = 64,
};

static const double bind_pause_seconds = 1;

static void
set_timer(struct elect_proc *p, int64_t ms)
{
    ev_timer_stop(p->loop, &p->poll.timer);
    ev_timer_set(&p->poll.timer, (double)ms / 1000.0, 0);
    ev_timer_start(p->loop, &p->poll.timer);
}

/* --- a round -------------------------------------------------------------- */

/*
 * A leader has at least what it stood for election with, which may be more
 * than its last zxid: see poll_candidacy.
 */
static zxid_t
leaders_zxid(const struct elect_proc *p)
{
    const struct shm_log *log = p->shm->log;
    zxid_t zxid = poll_candidacy(atomic_load(&log->durable_zxid),
                                 atomic_load(&log->current_epoch));

    return zxid > p->poll.core.mine.zxid ? zxid : p->poll.core.mine.zxid;
}

/* What we answer now, to the request `xid`. */
static struct poll_answer
our_answer(const struct elect_proc *p, int32_t xid)
{
    const struct poll *core = &p->poll.core;
    struct poll_answer a = {.xid = xid,
                            .id = core->me,
                            .leader = core->mine.leader,
                            .zxid = core->mine.zxid,
                            .ensemble = elect_proc_ensemble(p)};

    if (p->poll.state == SERVER_LEADING)
        a.zxid = leaders_zxid(p);
    else if (p->poll.state != SERVER_LOOKING)
        a.zxid = atomic_load(&p->shm->replication->applied_zxid);
    return a;
}

static void
begin_round(struct elect_proc *p)
{
    struct elect_poll *e = &p->poll;
    struct poll_answer own;
    int32_t xid;

    check(getrandom(&xid, sizeof xid, 0) == sizeof xid);
    poll_know(&e->core, elect_proc_ensemble(p));
    poll_begin(&e->core, xid);
    e->is_asking = true;
    own = our_answer(p, xid);
    poll_hear(&e->core, &own);
    for (uint32_t i = 0; i < p->quorum.count; i++) {
        const struct conf_member *m = &p->conf.member[i];

        if (!m->is_observer && m->sid != p->conf.my_sid)
            resolve_ask(&e->member[i].resolve, m->host, m->quorum_port,
                        SOCK_DGRAM);
    }
    set_timer(p, POLL_ANSWER_MS);
}

static void
decide(struct elect_proc *p)
{
    struct poll *core = &p->poll.core;
    struct vote outcome = {
        .from = core->me,
        .leader = core->mine.leader,
        .zxid = core->mine.zxid,
        .round = (int64_t)p->asked,
        .state = vote_role(&p->quorum, core->me, core->mine.leader),
    };

    p->poll.state = outcome.state;
    elect_proc_decided(p, &outcome, "more than half vote for it");
}

static void
end_round(struct elect_proc *p)
{
    struct elect_poll *e = &p->poll;

    e->is_asking = false;
    ev_timer_stop(p->loop, &e->timer);
    if (poll_end(&e->core)) {
        decide(p);
        return;
    }
    log_debug("election: no majority, our next vote is leader=%lld zxid=0x%llx",
              (long long)e->core.mine.leader,
              (unsigned long long)e->core.mine.zxid);
    /* Not all in step: all who ask at once would ask the same for ever. */
    set_timer(p, e->pause_ms / 2 + (int64_t)(drand48() * (double)e->pause_ms));
    e->pause_ms =
        e->pause_ms * 2 < POLL_AGAIN_MS ? e->pause_ms * 2 : POLL_AGAIN_MS;
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
    struct elect_proc *p = w->data;

    (void)loop, (void)events;
    if (p->poll.is_asking)
        end_round(p);
    else
        begin_round(p);
}

/* --- datagrams ------------------------------------------------------------ */

/* A member's address is known: ask it. */
static void
on_member_address(void *arg, int gai, const struct addrinfo *list)
{
    struct poll_member *m = arg;
    struct elect_poll *e = &m->proc->poll;
    uint8_t request[POLL_REQUEST_BYTES];
    const struct addrinfo *ai = list;

    if (gai != 0)
        return; /* not to be found: it does not answer */
    while (ai && ai->ai_family != e->family)
        ai = ai->ai_next;
    store_be32(request, (uint32_t)e->core.xid);
    if (ai && e->is_asking && e->fd >= 0)
        (void)!sendto(e->fd, request, sizeof request, MSG_NOSIGNAL, ai->ai_addr,
                      ai->ai_addrlen);
}

static void
answer(struct elect_proc *p, int32_t xid, const struct sockaddr *to,
       socklen_t to_size)
{
    uint8_t buffer[POLL_ANSWER_BYTES_MAX];
    struct jute_out out = jute_out_of(buffer, sizeof buffer);
    struct poll_answer a = our_answer(p, xid);

    poll_put_answer(&out, &a);
    check(!out.bad);
    (void)!sendto(p->poll.fd, buffer, jute_out_size(&out), MSG_NOSIGNAL, to,
                  to_size);
}

static void
take_datagram(struct elect_proc *p, struct bytes in,
              const struct sockaddr *from, socklen_t from_size)
{
    struct elect_poll *e = &p->poll;
    struct poll_answer a;

    if (in.size == POLL_REQUEST_BYTES) {
        elect_proc_see_over(p);
        if (!e->is_silent)
            answer(p, (int32_t)load_be32(in.data), from, from_size);
        return;
    }
    if (!e->is_asking || poll_get_answer(in, &a) < 0)
        return;
    poll_hear(&e->core, &a);
    elect_proc_met(p, a.id, a.ensemble);
    if (poll_heard_all(&e->core) || poll_is_won(&e->core))
        end_round(p);
}

static void
on_readable(struct ev_loop *loop, ev_io *w, int events)
{
    struct elect_proc *p = w->data;
    uint8_t buffer[ANSWER_ROOM];

    (void)loop, (void)events;
    for (int i = 0; i < DATAGRAMS_PER_TURN; i++) {
        struct sockaddr_storage from;
        socklen_t from_size = sizeof from;
        ssize_t n = recvfrom(w->fd, buffer, sizeof buffer, 0,
                             (struct sockaddr *)&from, &from_size);

        if (n >= 0)
            take_datagram(p, (struct bytes){buffer, (int32_t)n},
                          (struct sockaddr *)&from, from_size);
        else if (errno == EAGAIN)
            return;
        /* Else somebody's port was closed: it does not answer. */
    }
}

/* --- the port ------------------------------------------------------------- */

static void
bind_failed(struct elect_proc *p, const char *why)
{
    int32_t allowed = p->conf.election_bind_retry;
    struct elect_poll *e = &p->poll;

    e->bind_failures++;
    if (allowed > 0 && e->bind_failures > allowed)
        fatal(EXIT_UNEXPECTED,
              "election: no datagrams on the quorum port: %s; tried %d times",
              why, e->bind_failures);
    log_warn("election: no datagrams on the quorum port: %s; trying again",
             why);
    ev_timer_stop(p->loop, &e->bind_again);
    ev_timer_set(&e->bind_again, bind_pause_seconds, 0);
    ev_timer_start(p->loop, &e->bind_again);
}

/* Bind to `ai`, or to its port on every address of its family. */
static int
open_socket(const struct addrinfo *ai, bool everywhere)
{
    struct sockaddr_storage at = {0};
    int fd, rc;

    memcpy(&at, ai->ai_addr, ai->ai_addrlen);
    if (everywhere && ai->ai_family == AF_INET)
        ((struct sockaddr_in *)&at)->sin_addr.s_addr = htonl(INADDR_ANY);
    else if (everywhere)
        ((struct sockaddr_in6 *)&at)->sin6_addr = in6addr_any;
    fd = socket(ai->ai_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (bind(fd, (struct sockaddr *)&at, ai->ai_addrlen) == 0)
        return fd;
    rc = -errno;
    close(fd);
    return rc;
}

static void
on_own_address(void *arg, int gai, const struct addrinfo *list)
{
    struct elect_proc *p = arg;
    struct elect_poll *e = &p->poll;
    int fd;

    if (gai != 0) {
        bind_failed(p, gai_strerror(gai));
        return;
    }
    fd = open_socket(list, p->conf.listen_on_all_ips);
    e->family = (sa_family_t)list->ai_family;
    if (fd < 0) {
        bind_failed(p, strerror(-fd));
        return;
    }
    e->fd = fd;
    ev_io_init(&e->readable, on_readable, fd, EV_READ);
    e->readable.data = p;
    ev_io_start(p->loop, &e->readable);
}

static void
try_to_bind(struct elect_proc *p)
{
    const struct conf_member *self = conf_myself(&p->conf);

    resolve_ask(&p->poll.own, self->host, self->quorum_port, SOCK_DGRAM);
}

static void
on_bind_again(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)loop, (void)events;
    try_to_bind(w->data);
}

/* --- what elect_main.c asks ----------------------------------------------- */

static void
restore(struct elect_proc *p, const struct vote *outcome)
{
    struct elect_poll *e = &p->poll;

    poll_init(&e->core, &p->quorum, p->conf.my_sid, outcome->zxid);
    e->core.mine.leader = outcome->leader;
    e->state = vote_role(&p->quorum, p->conf.my_sid, outcome->leader);
}

static void
open_poll(struct elect_proc *p, const struct vote *outcome)
{
    struct elect_poll *e = &p->poll;

    e->fd = -1;
    ev_timer_init(&e->timer, on_timer, 0, 0);
    ev_timer_init(&e->bind_again, on_bind_again, 0, 0);
    e->timer.data = e->bind_again.data = p;
    resolver_init(&e->resolver, p->loop);
    resolve_init(&e->own, &e->resolver, on_own_address, p);
    for (uint32_t i = 0; i < p->quorum.count; i++) {
        e->member[i].proc = p;
        resolve_init(&e->member[i].resolve, &e->resolver, on_member_address,
                     &e->member[i]);
    }
    if (outcome)
        restore(p, outcome);
    try_to_bind(p);
}

static void
look(struct elect_proc *p, zxid_t zxid, int64_t epoch)
{
    struct elect_poll *e = &p->poll;

    zxid = poll_candidacy(zxid, epoch);
    poll_init(&e->core, &p->quorum, p->conf.my_sid, zxid);
    e->state = SERVER_LOOKING;
    e->is_silent = false;
    e->pause_ms = PAUSE_MIN_MS;
    log_info("election: round %lld: asking all members zxid=0x%llx",
             (long long)p->asked, (unsigned long long)zxid);
    begin_round(p);
}

static void
established(struct elect_proc *p, int64_t epoch)
{
    (void)epoch; /* answers carry none */
    /* Until we ask again we do not hear whether one was put right. */
    atomic_store(&p->shm->election->aliens, 0);
}

static void
over(struct elect_proc *p)
{
    p->poll.is_silent = true;
}

static void
leave(struct elect_proc *p)
{
    p->poll.is_silent = true;
    p->poll.is_asking = false;
    ev_timer_stop(p->loop, &p->poll.timer);
}

static void
back(struct elect_proc *p)
{
    p->poll.is_silent = false;
}

static void
turn(struct elect_proc *p)
{
    (void)p; /* there are no connections that could change */
}

const struct election election_poll = {
    .open = open_poll,
    .look = look,
    .established = established,
    .over = over,
    .leave = leave,
    .back = back,
    .turn = turn,
};
