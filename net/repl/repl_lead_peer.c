/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_lead_peer.c - the connections of learners: their places and names.
 *
 * The replication process, leading or an observer master.
 * ZK: LearnerHandler
 */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "net/repl/repl_lead.h"

static const char nameless[] = "learner at ";

/*
 * A free place; or that of the oldest connection that is no learner, since it
 * has not said who it is, or is of another ensemble.  NULL: all are learners.
 *
 * ZK: each connection has a thread of its own, and there is no limit.
 */
static struct lead_peer *
place_for_peer(struct repl_lead *l)
{
    struct lead_peer *oldest = NULL;
    const struct leader_peer *core = l->core.peer;

    for (uint32_t i = 0; i < LEADER_PEERS_MAX; i++) {
        struct lead_peer *p = &l->peer[i];

        if (!p->is_used && !p->conn.is_dirty)
            return p;
        if (p->is_used && core[i].stage < PEER_INFORMED &&
            (!oldest || core[i].joined < core[oldest->slot].joined))
            oldest = p;
    }
    if (!oldest)
        return NULL;
    log_warn_often("%s: %s is dropped: too many that do not say who they are",
                   l->duty->name, oldest->name);
    lead_peer_lose(oldest);
    return oldest->conn.is_dirty ? NULL : oldest;
}

void
lead_peer_open(struct repl_lead *l, int fd, const char *from)
{
    struct lead_peer *p = place_for_peer(l);
    uint32_t life;

    if (!p) {
        log_warn_often("%s: %s is refused: %d learners are connected",
                       l->duty->name, from, LEADER_PEERS_MAX);
        close(fd);
        return;
    }
    qlink_tune(fd);
    life = p->life + 1;
    *p = (struct lead_peer){.lead = l, .life = life, .is_used = true};
    p->slot = (uint32_t)(p - l->peer);
    snprintf(p->name, sizeof p->name, "%s%s", nameless, from);
    conn_open(&p->conn, &l->home, fd);
    leader_join(&l->core, p->slot, clock_mono_ms());
}

void
lead_peer_close(struct lead_peer *p)
{
    if (!p->is_used)
        return;
    p->is_used = false;
    conn_close(&p->conn);
    buf_give(&p->lead->home.pool, p->late);
    p->late = NULL;
    repl_history_leave(p->lead->r->history, p->slot);
}

void
lead_peer_lose(struct lead_peer *p)
{
    leader_leave(&p->lead->core, p->slot, clock_mono_ms());
    lead_peer_close(p);
}

/*
 * With electionAlg=0 there is no election port that would know, and two
 * observers of one number may meet here alone.
 */
void
lead_tell_of_twin(struct lead_peer *p, const struct lead_peer *first)
{
    struct repl_lead *l = p->lead;
    sid_t sid = l->core.peer[first->slot].sid;
    int i = quorum_index(&l->r->quorum, sid);

    if (i >= 0 && twin_comes(&l->twin[i], true, clock_mono_ms()))
        log_error("%s: there are two servers with the number %" PRId64
                  ": %s is there and answers, so %s is kept out; look at the "
                  "myid of both, and stop the one that does not belong here",
                  l->duty->name, (int64_t)sid, first->name, p->name);
}

void
lead_peer_name(struct lead_peer *p)
{
    sid_t sid = p->lead->core.peer[p->slot].sid;
    char from[sizeof p->name];

    snprintf(from, sizeof from, "%s", p->name + sizeof nameless - 1);
    snprintf(p->name, sizeof p->name, "server %" PRId64 " at %.60s",
             (int64_t)sid, from);
}
