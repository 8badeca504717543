/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lead_late.c - requests of learners that find no room in the ring: as
 * net/repl/repl_lead_hear.c.
 *
 * They wait aside, and so do all behind them that count on their order; an
 * ACK behind them is heard, for there may be no room before it is.
 */
#include "tests/sim/lead.h"

#include "tests/sim/attach.h"
#include "tests/sim/sim.h"
#include "tests/sim/wire.h"

static bool
has_turn(const struct qpacket *p)
{
    return p->type == Q_REQUEST || p->type == Q_REVALIDATE;
}

static void
keep(struct late *l, const struct msg *m)
{
    struct msg *copy = msg_take(MSG_PACKET);

    copy->packet = m->packet;
    if (m->packet.packet.data.data == m->packet.small)
        copy->packet.packet.data.data = copy->packet.small;
    *(l->first ? &l->last->next : &l->first) = copy;
    l->last = copy;
}

static void
drop_first(struct late *l)
{
    struct msg *m = l->first;

    l->first = m->next;
    msg_give(m);
}

void
lead_late_forget(struct server *s, uint32_t slot)
{
    struct late *l = &s->late[slot];

    while (l->first)
        drop_first(l);
    l->is_waiting = false;
}

/* To the core, or once more to whom it was passed on. */
static void
hear(struct server *s, uint32_t slot, const struct msg *m)
{
    const struct qpacket *p = &m->packet.packet;
    struct leader_out out = {.count = 0};

    if (s->late[slot].is_waiting && has_turn(p)) {
        s->late[slot].is_waiting = !lead_answers(s, slot, p);
        return;
    }
    leader_hear(s->leader, slot, p, server_now(s), &out);
    lead_perform(s, &out);
}

void
lead_late_hears(struct server *s, uint32_t slot, const struct msg *m)
{
    struct late *l = &s->late[slot];
    bool is_late = l->first != NULL;

    if (is_late && has_turn(&m->packet.packet)) {
        keep(l, m);
        return;
    }
    hear(s, slot, m);
    if (!is_late && l->is_waiting)
        keep(l, m);
    if (l->first)
        server_stalls(s);
}

/* True: it is through with them. */
static bool
resume(struct server *s, uint32_t slot)
{
    struct late *l = &s->late[slot];
    uint32_t term = s->term;

    while (l->first) {
        hear(s, slot, l->first);
        if (s->term != term || !s->slot[slot])
            return true;
        if (l->is_waiting)
            return false;
        drop_first(l);
    }
    return true;
}

void
lead_late_resumes(struct server *s)
{
    uint32_t term = s->term;

    for (uint32_t i = 0; s->term == term && i < s->leader->peer_end; i++)
        if (!resume(s, i))
            server_stalls(s);
    if (s->term != term)
        return;
    lead_pump(s);
    if (s->term == term)
        attach_go_on(s);
}
