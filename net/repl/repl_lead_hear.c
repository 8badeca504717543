/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_lead_hear.c - what comes from one learner, packet by packet.
 *
 * All of it is taken to the core.  A request that finds no room in the ring
 * is late, and so are all behind it: they wait for their turn aside, for there
 * may be no room before an ACK behind them is heard.  With LATE_MAX of them the
 * connection is not read.
 *
 * The replication process, leading or an observer master.
 * ZK: LearnerHandler.run
 */
#include <string.h>

#include "daemon/check.h"
#include "daemon/clock.h"
#include "daemon/log.h"
#include "net/repl/repl_lead.h"
#include "net/zab/forward.h"

enum {
    LATE_MAX = FORWARD_NEW_BYTES, /* no zabd has more under way */
    KEPT_MUCH = 1 << 20,          /* from here on it is looked at, and with */
    VOTELESS_MAX = 1 << 28,       /* ... all others that do not vote */
};

/* Finding where its history parts from ours may need another turn. */
static bool
may_hear(struct lead_peer *p, const struct qpacket *packet)
{
    return packet->type != Q_ACK_EPOCH ||
           repl_history_expect(p->lead->r->history, p->slot, packet->zxid);
}

/* What came from it and is kept: a part of a packet, requests that wait. */
static size_t
kept_for(const struct lead_peer *p)
{
    return buf_used(p->conn.in) + buf_used(p->late);
}

/*
 * Anybody may come as an observer, and begin packets that do not end. Followers
 * need memory, or there is no quorum: so the others have a quarter of it among
 * them, in buffers of up to twice that, and who has the most makes room.
 */
static void
make_room(struct repl_lead *l)
{
    struct lead_peer *most = NULL;
    size_t sum = 0;

    for (uint32_t i = 0; i < l->core.peer_end; i++) {
        struct lead_peer *p = &l->peer[i];

        if (!p->is_used || l->core.peer[i].vote)
            continue;
        sum += kept_for(p);
        if (!most || kept_for(p) > kept_for(most))
            most = p;
    }
    if (sum <= VOTELESS_MAX)
        return;
    log_warn("%s: %s is dropped: it keeps %zu bytes waiting, which others need",
             l->duty->name, most->name, kept_for(most));
    lead_peer_lose(most);
}

/* A sync or a question for a session counts on the requests before it. */
static bool
has_turn(const struct qpacket *packet)
{
    return packet->type == Q_REQUEST || packet->type == Q_REVALIDATE;
}

/* Room is made for half as much again, or each would move all the others. */
static bool
put_late(struct lead_peer *p, struct bytes raw)
{
    size_t size = (size_t)raw.size, used = buf_used(p->late);

    if (used + size > LATE_MAX)
        return false;
    if ((!p->late || buf_capacity(p->late) - p->late->end < size) &&
        !buf_reserve(&p->lead->home.pool, &p->late, size + used / 2))
        return false;
    memcpy(p->late->data + p->late->end, raw.data, size);
    p->late->end += (uint32_t)size;
    return true;
}

/* To the core, or once more to whom it was passed on: is_waiting says. */
static void
hear(struct lead_peer *p, const struct qpacket *packet)
{
    struct leader_out out;

    out.count = 0;
    if (p->is_waiting && has_turn(packet)) {
        p->is_waiting = !p->lead->duty->ask(p, packet);
        return;
    }
    leader_hear(&p->lead->core, p->slot, packet, clock_mono_ms(), &out);
    lead_perform(p->lead, &out);
}

/* `raw` is what `packet` was read from.  False: not now. */
static bool
take_packet(struct lead_peer *p, const struct qpacket *packet, struct bytes raw)
{
    bool is_late = buf_used(p->late) > 0;
    bool is_first = p->lead->core.peer[p->slot].stage == PEER_NEW;

    if (is_late && has_turn(packet))
        return put_late(p, raw);
    if (!may_hear(p, packet))
        return false;
    hear(p, packet);
    if (p->is_used && is_first)
        lead_peer_name(p);
    return is_late || !p->is_waiting || put_late(p, raw);
}

/* The packet in front, if it is there and has its turn: its size; else 0. */
static size_t
take_first(struct lead_peer *p, const uint8_t *data, size_t size)
{
    uint32_t most = leader_data_max(&p->lead->core, p->slot);
    struct qpacket packet;
    int64_t n = qlink_get(data, size, most, &packet);

    if (n < 0) {
        log_warn_often("%s: %s sent what is no packet, or none for it to send",
                       p->lead->duty->name, p->name);
        conn_pause(&p->conn, CONN_PAUSE_END);
        lead_peer_lose(p);
        return 0;
    }
    if (n == 0 || take_packet(p, &packet, (struct bytes){data, (int32_t)n}))
        return (size_t)n;
    if (p->is_used)
        conn_pause(&p->conn, CONN_PAUSE_QUEUE);
    return 0;
}

static size_t
input(struct conn *c, const uint8_t *data, size_t size)
{
    struct lead_peer *p = (struct lead_peer *)(void *)c;
    size_t taken = 0, n = 1;

    while (n > 0 && taken < size && p->is_used && !c->pauses) {
        n = take_first(p, data + taken, size - taken);
        taken += n;
    }
    if (p->is_used && kept_for(p) > KEPT_MUCH)
        make_room(p->lead);
    return taken;
}

/* Who has said nothing was a probe of the port, perhaps: no news. */
static void
broken(struct conn *c, int error)
{
    struct lead_peer *p = (struct lead_peer *)(void *)c;
    bool is_news = p->lead->core.peer[p->slot].stage != PEER_NEW;

    log_line(is_news ? LOG_INFO : LOG_DEBUG, "%s: %s is gone: %s",
             p->lead->duty->name, p->name,
             error ? strerror(error) : "it closed the connection");
    lead_peer_lose(p);
}

const struct conn_ops lead_conn_ops = {.input = input, .broken = broken};

/* --- what found no room before ------------------------------------------- */

/* Those whose turn has come. */
static void
take_late(struct lead_peer *p)
{
    while (p->is_used && buf_used(p->late) > 0) {
        struct qpacket packet;
        int64_t n = qlink_get(p->late->data + p->late->start, buf_used(p->late),
                              QPACKET_DATA_MAX, &packet);

        check(n > 0);
        hear(p, &packet);
        if (!p->is_used || p->is_waiting)
            return;
        p->late->start += (uint32_t)n;
    }
    buf_give(&p->lead->home.pool, p->late);
    p->late = NULL;
}

void
lead_peers_resume(struct repl_lead *l)
{
    for (uint32_t i = 0; i < l->core.peer_end; i++) {
        struct lead_peer *p = &l->peer[i];

        if (!p->is_used)
            continue;
        take_late(p);
        if (!p->is_used)
            continue;
        l->r->is_stalled |= buf_used(p->late) > 0;
        if (!(p->conn.pauses & CONN_PAUSE_QUEUE))
            continue;
        leader_stirs(&l->core, i, clock_mono_ms()); /* we did not listen */
        conn_resume(&p->conn, CONN_PAUSE_QUEUE);
    }
}
