/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire.c - connections between nodes, as TCP gives them, and datagrams.
 *
 * Each direction of a connection keeps its order; directions and connections
 * do not keep theirs among each other.  A blocked link holds what is under
 * way until it is healed, and soon what goes the other way, for nobody
 * acknowledges that; a break or a death loses the newest of it, then the other
 * end hears the end.
 */
#include "tests/sim/wire.h"

#include "tests/sim/server.h"
#include "tests/sim/sim.h"

enum { SYN_TRIES = 4 };

#define UNHEARD (30 * MSEC) /* so long a sender goes on without an ACK */

static struct conn pool[CONNS_MAX];
static uint32_t dialled;
static struct conn *alive;
static struct msg *spare;

void
wire_reset(void)
{
    dialled = 0;
    alive = NULL;
    spare = NULL;
}

struct msg *
msg_take(enum msg_kind kind)
{
    struct msg *m = spare;

    if (m)
        spare = m->next;
    else
        m = sim_memory(sizeof *m);
    memset(m, 0, sizeof *m);
    m->kind = (uint8_t)kind;
    return m;
}

void
msg_give(struct msg *m)
{
    m->next = spare;
    spare = m;
}

/* How long a packet takes now. */
static usec_t
draw_delay(void)
{
    const struct plan_of_run *p = &sim.plan;

    if (!sim.is_quiet && rng_below(&sim.rng, 1000) < p->spike_per_mille)
        return rng_skewed(&sim.rng, 10 * MSEC, 1500 * MSEC);
    return p->delay + rng_skewed(&sim.rng, 0, p->jitter);
}

static uint32_t
end_of(const struct conn *c, int node)
{
    check(node == c->node[0] || node == c->node[1]);
    return node == c->node[1];
}

/* Have the first message of the pipe delivered when it is due. */
static void
schedule(struct conn *c, uint32_t k)
{
    struct pipe *p = &c->pipe[k];

    if (p->is_scheduled || !p->first)
        return;
    p->is_scheduled = true;
    sched_after(p->first->due > sim.now ? p->first->due - sim.now : 0, EV_PIPE,
                c->node[1 - k], k, c);
}

static void
put(struct conn *c, uint32_t k, struct msg *m, usec_t delay)
{
    struct pipe *p = &c->pipe[k];

    m->sent = sim.now;
    m->due = sim.now + delay;
    if (m->due < p->due)
        m->due = p->due;
    p->due = m->due;
    m->next = NULL;
    *(p->first ? &p->last->next : &p->first) = m;
    p->last = m;
    p->count++;
    p->all++;
    schedule(c, k);
}

static struct msg *
pop(struct pipe *p)
{
    struct msg *m = p->first;

    p->first = m->next;
    p->count--;
    return m;
}

/* Keep the oldest `keep` messages. */
static void
cut(struct pipe *p, uint32_t keep)
{
    struct msg *m = p->first;

    if (keep == 0) {
        while (p->first)
            msg_give(pop(p));
        return;
    }
    for (uint32_t i = 1; m && i < keep; i++)
        m = m->next;
    while (m && m->next) {
        struct msg *gone = m->next;

        m->next = gone->next;
        p->count--;
        msg_give(gone);
    }
    p->last = m;
}

static void
forget_if_over(struct conn *c)
{
    if (c->is_open[0] || c->is_open[1] || c->pipe[0].first ||
        c->pipe[1].first || c->number == 0)
        return;
    *(c->prev ? &c->prev->next : &alive) = c->next;
    if (c->next)
        c->next->prev = c->prev;
    c->number = 0;
}

struct conn *
wire_dial(int from, int to, enum port port)
{
    struct conn *c;

    if (dialled == CONNS_MAX)
        sim_full();
    c = &pool[dialled++];
    *c = (struct conn){
        .number = dialled,
        .port = port,
        .node = {(uint8_t)from, (uint8_t)to},
        .is_open = {true, false},
        .next = alive,
    };
    if (alive)
        alive->prev = c;
    alive = c;
    sched_after(draw_delay(), EV_SYN, to, 0, c);
    return c;
}

void
wire_syn(struct conn *c)
{
    int from = c->node[0], to = c->node[1];

    if (!c->is_open[0]) {
        forget_if_over(c);
        return;
    }
    if (sim.is_blocked[from][to] || sim.is_blocked[to][from]) {
        if (++c->slot < SYN_TRIES)
            sched_after(250 * MSEC, EV_SYN, to, 0, c);
        else
            put(c, 1, msg_take(MSG_REFUSED), 0);
        return;
    }
    if (!server_listens(&sim.server[to], c->port)) {
        put(c, 1, msg_take(MSG_REFUSED), draw_delay());
        return;
    }
    c->is_open[1] = c->is_accepted = true;
    put(c, 1, msg_take(MSG_UP), draw_delay());
    put(c, 0, msg_take(MSG_HELLO), 0);
}

void
wire_send(struct conn *c, int node, struct msg *m)
{
    uint32_t k = end_of(c, node);

    if (!c->is_open[k]) {
        msg_give(m);
        return;
    }
    put(c, k, m, draw_delay());
}

void
wire_pause(struct conn *c, int node, bool is_paused)
{
    uint32_t k = end_of(c, node);

    c->is_paused[k] = is_paused;
    if (!is_paused)
        schedule(c, 1 - k);
}

void
wire_go_on(struct conn *c, int node)
{
    schedule(c, 1 - end_of(c, node));
}

const struct msg *
wire_next(const struct conn *c, int node)
{
    return c->pipe[1 - end_of(c, node)].first;
}

uint32_t
wire_sent_to(const struct conn *c, int node)
{
    return c->pipe[1 - end_of(c, node)].all;
}

uint32_t
wire_read_by(const struct conn *c, int node)
{
    const struct pipe *p = &c->pipe[1 - end_of(c, node)];

    return p->all - p->count;
}

uint32_t
wire_under_way(const struct conn *c, int node)
{
    return c->pipe[end_of(c, node)].count;
}

void
wire_close(struct conn *c, int node)
{
    uint32_t k = end_of(c, node);

    if (!c->is_open[k])
        return;
    c->is_open[k] = false;
    cut(&c->pipe[1 - k], 0);
    if (c->is_accepted)
        put(c, k, msg_take(MSG_END), draw_delay());
    forget_if_over(c);
}

/* The newest of what is under way never arrives; then the end does. */
static void
lose(struct conn *c, uint32_t k, usec_t delay)
{
    struct pipe *p = &c->pipe[k];

    if (!c->is_accepted)
        return; /* what is under way is the refusal */
    if (p->count > 0)
        cut(p, rng_below(&sim.rng, p->count + 1));
    if (c->is_open[1 - k])
        put(c, k, msg_take(MSG_END), delay);
}

void
wire_break(struct conn *c)
{
    if (!c->is_accepted)
        return;
    for (uint32_t k = 0; k < 2; k++)
        lose(c, k, draw_delay());
}

void
wire_break_all(int node)
{
    for (struct conn *c = alive; c; c = c->next)
        if (c->node[0] == node || c->node[1] == node)
            wire_break(c);
}

void
wire_node_died(int node)
{
    struct conn *next;

    for (struct conn *c = alive; c; c = next) {
        uint32_t k;

        next = c->next;
        if (c->node[0] != node && c->node[1] != node)
            continue;
        k = end_of(c, node);
        c->is_open[k] = false;
        cut(&c->pipe[1 - k], 0);
        lose(c, k,
             rng_percent(&sim.rng, 80) ? draw_delay()
                                       : rng_skewed(&sim.rng, 0, 3 * SEC));
        forget_if_over(c);
    }
}

void
wire_block(int from, int to, bool is_blocked)
{
    uint8_t *blocks = &sim.is_blocked[from][to];

    if (is_blocked && *blocks == 0)
        sim.blocked_at[from][to] = sim.now;
    *blocks = (uint8_t)(is_blocked ? *blocks + 1 : *blocks - (*blocks > 0));
    if (*blocks > 0)
        return;
    for (struct conn *c = alive; c; c = c->next)
        if ((c->node[0] == from && c->node[1] == to) ||
            (c->node[0] == to && c->node[1] == from)) {
            schedule(c, 0);
            schedule(c, 1);
        }
}

/* The link is blocked, or the other way, and this would be sent on no ACK. */
static bool
is_held_up(const struct msg *m, int from, int to)
{
    return sim.is_blocked[from][to] ||
           (sim.is_blocked[to][from] &&
            m->sent > sim.blocked_at[to][from] + UNHEARD);
}

void
wire_node_thaws(int node)
{
    for (struct conn *c = alive; c; c = c->next)
        for (uint32_t k = 0; k < 2; k++)
            if (c->node[1 - k] == node)
                schedule(c, k);
}

void
wire_deliver(struct conn *c, uint32_t k)
{
    struct pipe *p = &c->pipe[k];
    int from = c->node[k], to = c->node[1 - k];
    struct msg *m;

    p->is_scheduled = false;
    if (!p->first || is_held_up(p->first, from, to) || c->is_paused[1 - k] ||
        (is_server(to) && is_frozen(&sim.server[to])))
        return; /* healing, thawing, going on schedule it again */
    if (p->first->due > sim.now) {
        schedule(c, k);
        return;
    }
    if (c->is_open[1 - k] && !node_takes(to, c, p->first))
        return;
    m = pop(p);
    schedule(c, k);
    if (c->is_open[1 - k]) {
        if (m->kind == MSG_END || m->kind == MSG_REFUSED)
            c->is_open[1 - k] = false;
        node_receives(to, c, m);
    }
    msg_give(m);
    node_sent(from, c);
    forget_if_over(c);
}

/* One in fifty is lost, and as many come twice, each in its own time. */
void
wire_datagram(struct msg *m)
{
    bool is_doubled = !sim.is_quiet && rng_percent(&sim.rng, 2);

    if (sim.is_blocked[m->from][m->to] ||
        (!sim.is_quiet && rng_percent(&sim.rng, 2))) {
        msg_give(m);
        return;
    }
    if (is_doubled) {
        struct msg *twin = msg_take(MSG_POLL);

        *twin = *m;
        sched_after(draw_delay(), EV_DATAGRAM, m->to, 0, twin);
    }
    sched_after(m->from == m->to ? 0 : draw_delay(), EV_DATAGRAM, m->to, 0, m);
}
