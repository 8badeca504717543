/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mesh.c - the peers of the mesh; see mesh.h.
 *
 * Apache connects only when there is something to tell.  Ours: a member that
 * is down is dialled every few seconds in any state, so that the next
 * election finds its connections made.  An Apache peer takes that for an
 * ordinary connection without messages.
 */
#include "election/mesh.h"

#include "daemon/check.h"
#include "daemon/log.h"
#include "daemon/timer.h"
#include "election/mesh_part.h"

static const double redial_seconds = 5;

struct peer *
mesh_peer(struct mesh *m, sid_t sid)
{
    for (size_t i = 0; i < MESH_PEERS; i++)
        if (m->peer[i].is_used && m->peer[i].link.peer == sid)
            return &m->peer[i];
    return NULL;
}

bool
mesh_dials(const struct peer *p, const char *host, int32_t port)
{
    for (uint32_t i = 0; i < p->dial.place_count; i++)
        if (port == p->dial.place[i].port &&
            conf_is_same_host(host, p->dial.place[i].host))
            return true;
    return false;
}

static bool
is_member(const struct peer *p)
{
    return p - p->mesh->peer < QUORUM_MEMBERS_MAX;
}

static void
log_lost(const struct peer *p)
{
    log_info("election: %lld at %s:%d is out of reach: %s",
             (long long)p->link.peer, p->dial.place[0].host,
             (int)p->dial.place[0].port, p->why);
}

void
mesh_lost(struct peer *p, const char *why)
{
    bool is_news = !p->link.has_failed && !p->talks_nonsense &&
                   (p->link.state == LINK_UP || !p->mesh->is_beginning);

    p->mesh->has_changed = true;
    p->is_disputed = false;
    p->why = why;
    link_lost(&p->link);
    if (is_news)
        log_lost(p);
    if (!is_member(p))
        p->is_used = false; /* a stranger's place is free again */
}

void
mesh_found(const struct peer *p)
{
    if (!p->talks_nonsense)
        log_info("election: connected with %lld", (long long)p->link.peer);
}

void
mesh_tell(struct mesh *m, sid_t sid, const struct vote *vote)
{
    struct peer *p = mesh_peer(m, sid);

    if (!p || m->is_paused)
        return;
    if (link_tell(&p->link, vote))
        call_begin(p);
    else
        stream_flush(p);
}

void
mesh_tell_all(struct mesh *m, const struct vote *vote)
{
    for (uint32_t i = 0; i < m->quorum->count; i++) {
        const struct quorum_member *to = &m->quorum->member[i];

        if (!to->is_observer && to->sid != m->self->sid)
            mesh_tell(m, to->sid, vote);
    }
}

bool
mesh_take_change(struct mesh *m)
{
    bool changed = m->has_changed;

    m->has_changed = false;
    return changed;
}

bool
mesh_take_refusal(struct mesh *m)
{
    bool is_taken = m->is_taken;

    m->is_taken = false;
    return is_taken;
}

quorum_set_t
mesh_connected(const struct mesh *m)
{
    quorum_set_t set = 0;

    for (uint32_t i = 0; i < m->quorum->count; i++)
        if (m->peer[i].is_used && m->peer[i].link.state == LINK_UP)
            set |= (quorum_set_t)1 << i;
    return set;
}

quorum_set_t
mesh_may_answer(const struct mesh *m)
{
    quorum_set_t set = 0;

    for (uint32_t i = 0; i < m->quorum->count; i++)
        if (m->peer[i].is_used &&
            link_may_answer(&m->peer[i].link, m->is_beginning))
            set |= quorum_bit(m->quorum, m->quorum->member[i].sid);
    return set;
}

static void
on_redial(struct ev_loop *loop, ev_timer *w, int events)
{
    struct mesh *m = w->data;

    (void)loop, (void)events;
    for (uint32_t i = 0; i < m->quorum->count; i++)
        if (m->peer[i].is_used && m->peer[i].link.state == LINK_DOWN)
            call_begin(&m->peer[i]);
}

/* A member that is not there by now is worth a line. */
static void
on_beginning_over(struct ev_loop *loop, ev_timer *w, int events)
{
    struct mesh *m = w->data;

    (void)loop, (void)events;
    m->is_beginning = false;
    m->has_changed = true;
    for (uint32_t i = 0; i < m->quorum->count; i++)
        if (m->peer[i].is_used && m->peer[i].link.has_failed &&
            !m->peer[i].link.was_up)
            log_lost(&m->peer[i]);
}

static void
open_member(struct mesh *m, uint32_t i)
{
    const struct conf_member *of = &m->conf->member[i];
    struct peer *p = &m->peer[i];

    if (of->sid == m->self->sid)
        return;
    p->is_used = true;
    link_init(&p->link, m->self->sid, of->sid);
    dial_election_places(&p->dial, of);
    p->homes = p->dial.place_count;
}

void
mesh_open(struct mesh *m, struct ev_loop *loop, const struct conf *conf,
          const struct quorum *quorum, struct bytes config,
          mesh_heard_fn *heard, void *arg)
{
    m->loop = loop;
    m->conf = conf;
    m->quorum = quorum;
    m->self = conf_myself(conf);
    m->config = config;
    m->heard = heard;
    m->arg = arg;
    check(m->self != NULL);
    mesh_own_address(m);
    resolver_init(&m->resolver, loop);
    for (size_t i = 0; i < MESH_PEERS; i++) {
        m->peer[i].mesh = m;
        m->peer[i].fd = -1;
        call_init(&m->peer[i]);
        rival_init(&m->peer[i]);
    }
    for (uint32_t i = 0; i < conf->member_count; i++)
        open_member(m, i);
    ev_timer_init(&m->beginning, on_beginning_over, 0, 0);
    ev_timer_init(&m->redial, on_redial, 0, 0);
    m->beginning.data = m->redial.data = m;
    accept_init(m);
    m->is_paused = true;
    mesh_resume(m);
}

void
mesh_resume(struct mesh *m)
{
    if (!m->is_paused)
        return;
    m->is_paused = false;
    m->is_beginning = true;
    timer_ring_in(m->loop, &m->beginning, MESH_BEGINNING_MS);
    accept_open(m);
    /* Everybody at once; then, again and again, those who are not there. */
    ev_timer_set(&m->redial, 0, redial_seconds);
    ev_timer_start(m->loop, &m->redial);
}

void
mesh_pause(struct mesh *m)
{
    if (m->is_paused)
        return;
    m->is_paused = m->has_changed = true;
    ev_timer_stop(m->loop, &m->beginning);
    ev_timer_stop(m->loop, &m->redial);
    accept_close(m);
    for (size_t i = 0; i < MESH_PEERS; i++) {
        struct peer *p = &m->peer[i];

        if (!p->is_used)
            continue;
        if (p->link.state == LINK_UP)
            stream_close(p);
        call_stop(p);
        rival_stop(p);
        link_init(&p->link, m->self->sid, p->link.peer);
        p->is_used = is_member(p);
    }
}
