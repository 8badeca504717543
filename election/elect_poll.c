/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elect_poll.c - the polling election: poll.c thinks, datagrams talk.
 *
 * The election process, with electionAlg=0.  Requests and answers are
 * datagrams; everybody is asked on its quorum port (port.h), and answers in
 * every state, once it looked for the first time.  Asked is from a socket of
 * each family: a name may stand for either.  A lost datagram costs a round.
 *
 * ZK: LeaderElection, QuorumPeer.ResponderThread of 3.4
 *     (spec/quorum-protocol.md 3)
 */
#include "election/elect_proc.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "daemon/check.h"
#include "daemon/log.h"
#include "daemon/timer.h"

enum {
    PAUSE_MIN_MS = 20, /* then twice as long each time, to POLL_AGAIN_MS */
    DATAGRAMS_PER_TURN = 64,
    ANSWER_ROOM = 64,
    BIND_PAUSE_MS = 1000,
};

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
            resolve_ask(&e->member[i], m->host, m->quorum_port, SOCK_DGRAM);
    }
    timer_ring_in(p->loop, &e->timer, POLL_ANSWER_MS);
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

/* Who answers is as good as connected, to those who ask our status. */
static void
tell_connected(const struct elect_proc *p)
{
    const struct poll *core = &p->poll.core;

    atomic_store(&p->shm->election->connected,
                 core->tally.heard & ~quorum_bit(&p->quorum, core->me));
}

static void
end_round(struct elect_proc *p)
{
    struct elect_poll *e = &p->poll;

    e->is_asking = false;
    ev_timer_stop(p->loop, &e->timer);
    tell_connected(p);
    if (poll_end(&e->core)) {
        decide(p);
        return;
    }
    log_debug("election: no majority, our next vote is leader=%lld zxid=0x%llx",
              (long long)e->core.mine.leader,
              (unsigned long long)e->core.mine.zxid);
    /* Not all in step: all who ask at once would ask the same for ever. */
    timer_ring_in(p->loop, &e->timer,
                  e->pause_ms / 2 + (int64_t)(drand48() * (double)e->pause_ms));
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

/* Ask at all that a member's name stands for; else it does not answer. */
static void
on_member_address(void *arg, int gai, const struct addrinfo *list)
{
    struct elect_proc *p = arg;
    struct elect_poll *e = &p->poll;
    uint8_t request[POLL_REQUEST_BYTES];

    (void)gai;
    store_be32(request, (uint32_t)e->core.xid);
    for (; list && e->is_asking; list = list->ai_next) {
        int fd = list->ai_family == AF_INET ? e->asking_v4.fd : e->asking_v6.fd;

        (void)!sendto(fd, request, sizeof request, MSG_NOSIGNAL, list->ai_addr,
                      list->ai_addrlen);
    }
}

static void
answer(struct elect_proc *p, int32_t xid, int fd, const struct sockaddr *to,
       socklen_t to_size)
{
    uint8_t buffer[POLL_ANSWER_BYTES_MAX];
    struct jute_out out = jute_out_of(buffer, sizeof buffer);
    struct poll_answer a = our_answer(p, xid);

    poll_put_answer(&out, &a);
    check(!out.bad);
    (void)!sendto(fd, buffer, jute_out_size(&out), MSG_NOSIGNAL, to, to_size);
}

static void
take_datagram(struct elect_proc *p, int fd, struct bytes in,
              const struct sockaddr *from, socklen_t from_size)
{
    struct elect_poll *e = &p->poll;
    struct poll_answer a;

    if (in.size == POLL_REQUEST_BYTES) {
        elect_proc_see_over(p);
        if (!e->is_silent)
            answer(p, (int32_t)load_be32(in.data), fd, from, from_size);
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
on_datagrams(void *arg, int fd)
{
    struct elect_proc *p = arg;
    uint8_t buffer[ANSWER_ROOM];

    for (int i = 0; i < DATAGRAMS_PER_TURN; i++) {
        struct sockaddr_storage from;
        socklen_t from_size = sizeof from;
        ssize_t n = recvfrom(fd, buffer, sizeof buffer, 0,
                             (struct sockaddr *)&from, &from_size);

        if (n >= 0)
            take_datagram(p, fd, (struct bytes){buffer, (int32_t)n},
                          (struct sockaddr *)&from, from_size);
        else if (errno == EAGAIN)
            return;
        /* Else somebody's port was closed: it does not answer. */
    }
}

/* --- the port ------------------------------------------------------------- */

/* Nobody hears of who cannot be asked at any address. */
static void
on_bind_failed(void *arg, const char *why, int times)
{
    struct elect_proc *p = arg;
    int32_t allowed = p->conf.election_bind_retry;

    if (allowed > 0 && times > allowed && !port_is_open(&p->poll.port))
        fatal(EXIT_UNEXPECTED, "election: %s; tried %d times", why, times);
    if (times == 1)
        log_warn("election: %s; trying again", why);
}

static void
on_answers(struct ev_loop *loop, ev_io *w, int events)
{
    (void)loop, (void)events;
    on_datagrams(w->data, w->fd);
}

/* Without that family on this machine there is nobody to be asked by it. */
static void
open_asking(struct elect_proc *p, ev_io *w, int family)
{
    int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    ev_io_init(w, on_answers, fd, EV_READ);
    w->data = p;
    if (fd >= 0)
        ev_io_start(p->loop, w);
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

    ev_timer_init(&e->timer, on_timer, 0, 0);
    e->timer.data = p;
    resolver_init(&e->resolver, p->loop);
    for (uint32_t i = 0; i < p->quorum.count; i++)
        resolve_init(&e->member[i], &e->resolver, on_member_address, p);
    port_init(&e->port, &e->resolver, "election", on_datagrams, on_bind_failed,
              p, BIND_PAUSE_MS);
    if (outcome)
        restore(p, outcome);
    open_asking(p, &e->asking_v4, AF_INET);
    open_asking(p, &e->asking_v6, AF_INET6);
    port_open_datagrams(&e->port, &p->conf);
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
    atomic_store(&p->shm->election->foreign, 0);
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
