/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_event.c - what comes to a server: its events, and what links bring.
 *
 * A frozen server gets none of it, and all of it when it thaws.
 */
#include "tests/sim/server.h"

#include "tests/sim/attach.h"
#include "tests/sim/client.h"
#include "tests/sim/disk.h"
#include "tests/sim/election.h"
#include "tests/sim/hold.h"
#include "tests/sim/lead.h"
#include "tests/sim/learn.h"
#include "tests/sim/local.h"
#include "tests/sim/sim.h"
#include "tests/sim/wire.h"

/* --- what it does when its time has come --------------------------------- */

static void
tick(struct server *s)
{
    int64_t every = sim.plan.ping_ms / 2;

    if (sim.plan.only_election)
        only_tick(s);
    else if (s->role == ROLE_LEAD)
        lead_tick(s);
    else
        learn_tick(s);
    local_tick(s);
    sched_after(server_after(s, every), EV_TICK, s->node, s->term, NULL);
}

static void
resume(struct server *s)
{
    uint32_t term = s->term;

    s->is_stalled = false;
    if (s->role == ROLE_LEAD && s->is_worn)
        lead_resigns(s);
    if (s->role == ROLE_LEARN)
        learn_resumes(s);
    if (s->term == term && (s->role == ROLE_LEAD || s->is_master))
        lead_late_resumes(s);
    else if (s->term == term)
        attach_go_on(s);
}

/* Of a life, a role or a timer that is over. */
static bool
is_stale(const struct server *s, const struct event *e)
{
    switch (e->kind) {
    case EV_DISK:
    case EV_TOLD:
        return e->gen != s->disk.gen;
    case EV_ALARM:
    case EV_POLL:
        return e->gen != s->alarm;
    case EV_TICK:
    case EV_STALL:
    case EV_DIAL:
    case EV_SNAP:
    case EV_ALONE:
        return e->gen != s->term;
    default:
        return false;
    }
}

/* What a frozen server does later, and one that is down never. */
static void
act(struct server *s, const struct event *e)
{
    attach_wakes(s);
    switch (e->kind) {
    case EV_TOLD:
        disk_tell(s);
        break;
    case EV_ALARM:
        election_alarm(s);
        break;
    case EV_POLL:
        election_poll(s);
        break;
    case EV_TICK:
        tick(s);
        break;
    case EV_READER:
        wire_node_thaws(s->node);
        attach_go_on(s);
        if (s->role == ROLE_LEAD)
            lead_pump(s);
        break;
    case EV_LET_GO:
        hold_is_over(s, e->gen);
        break;
    case EV_STALL:
        resume(s);
        break;
    case EV_DIAL:
        learn_dial(s);
        break;
    case EV_SNAP:
        lead_snap_more(s, e->p);
        break;
    case EV_ALONE:
        learn_alone(s);
        break;
    case EV_DATAGRAM:
        election_datagram(s, e->p);
        msg_give(e->p);
        break;
    default:
        never("no event of a server");
    }
}

static void
thaw(struct server *s)
{
    if (s->thaw != sim.now)
        return; /* it was frozen again, for longer */
    s->thaw = 0;
    TRACE("server %d: thaws", s->node);
    wire_node_thaws(s->node);
}

/* Its disk works all the same when it is frozen or down. */
void
server_event(struct server *s, const struct event *e)
{
    if (e->kind == EV_DISK) {
        if (!is_stale(s, e))
            disk_synced(s);
    } else if (e->kind == EV_START) {
        server_start(s);
    } else if (e->kind == EV_THAW) {
        thaw(s);
    } else if (is_frozen(s) && s->thaw != NEVER) {
        sched_after(s->thaw - sim.now, (enum event_kind)e->kind, s->node,
                    e->gen, e->p);
    } else if (s->role != ROLE_DOWN) {
        if (!is_stale(s, e))
            act(s, e);
    } else if (e->kind == EV_DATAGRAM) {
        msg_give(e->p);
    }
}

/* --- what links bring ---------------------------------------------------- */

void
node_receives(int node, struct conn *c, const struct msg *m)
{
    struct server *s;

    if (!is_server(node)) {
        client_receives(&sim.client[node - CLIENT_NODE], c, m);
        return;
    }
    s = &sim.server[node];
    if (s->role == ROLE_DOWN)
        return;
    attach_wakes(s);
    switch (c->port) {
    case PORT_ELECTION:
        election_receives(s, c, m);
        break;
    case PORT_CLIENT:
        attach_receives(s, c, m);
        break;
    case PORT_QUORUM:
        if (c->node[0] == node)
            learn_receives(s, c, m);
        else
            lead_receives(s, c, m);
        break;
    }
}

bool
node_takes(int node, const struct conn *c, const struct msg *m)
{
    struct server *s = &sim.server[node];

    if (is_server(node) && c->port == PORT_CLIENT)
        return !server_reader_stands(s);
    if (!is_server(node) || c->port != PORT_QUORUM || c->node[0] != node ||
        s->role != ROLE_LEARN || s->up != c || learn_takes(s, m))
        return true;
    s->is_deaf = true;
    server_stalls(s);
    return false;
}

void
node_sent(int node, struct conn *c)
{
    if (is_server(node) && c->port == PORT_QUORUM && c->node[1] == node &&
        server_listens(&sim.server[node], PORT_QUORUM) &&
        !is_frozen(&sim.server[node]))
        lead_pump(&sim.server[node]);
}
