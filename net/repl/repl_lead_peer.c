/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_lead_peer.c - the connection of one learner.
 *
 * What comes is taken packet by packet to the core; what goes is pulled from
 * it while less than LEAD_AHEAD bytes wait in the connection.  A request that
 * finds no room in the ring is late, and so are all behind it: they wait for
 * their turn aside, for there may be no room before an ACK behind them is
 * heard.  With LATE_MAX of them the connection is not read.
 *
 * The replication process, leading or an observer master.
 * ZK: LearnerHandler
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/check.h"
#include "daemon/clock.h"
#include "daemon/log.h"
#include "net/zab/forward.h"
#include "net/repl/repl_lead.h"

enum {
    LEAD_AHEAD = 512 * 1024, /* below CONN_OUT_HIGH */
    SNAP_PIECE_BYTES = 64 * 1024,
    LATE_MAX = FORWARD_BYTES / 2, /* no zabd has more under way */
};

/* --- life ---------------------------------------------------------------- */

/*
 * A free place, or the one of whoever is here longest without a word of who it
 * is: LEADER_INFO is all that it got.  NULL: all are learners.
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
    leader_leave(&l->core, oldest->slot, clock_mono_ms());
    lead_peer_close(oldest);
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
    snprintf(p->name, sizeof p->name, "learner at %s", from);
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

/* --- what comes ---------------------------------------------------------- */

static void
name_peer(struct lead_peer *p)
{
    const struct leader_peer *core = &p->lead->core.peer[p->slot];
    char from[sizeof p->name];
    const char *at = strstr(p->name, " at ");

    if (!at || strncmp(p->name, "learner", 7) != 0)
        return;
    snprintf(from, sizeof from, "%s", at + 4);
    snprintf(p->name, sizeof p->name, "server %" PRId64 " at %.60s",
             (int64_t)core->sid, from);
}

/* Finding where its history parts from ours may need another turn. */
static bool
may_hear(struct lead_peer *p, const struct qpacket *packet)
{
    return packet->type != Q_ACK_EPOCH ||
           repl_history_expect(p->lead->r->history, p->slot, packet->zxid);
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

    if (is_late && has_turn(packet))
        return put_late(p, raw);
    if (!may_hear(p, packet))
        return false;
    hear(p, packet);
    if (p->is_used && packet->type >= Q_FOLLOWER_INFO)
        name_peer(p);
    return is_late || !p->is_waiting || put_late(p, raw);
}

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

static size_t
input(struct conn *c, const uint8_t *data, size_t size)
{
    struct lead_peer *p = (struct lead_peer *)(void *)c;
    size_t taken = 0;

    while (taken < size && p->is_used && !c->pauses) {
        struct qpacket packet;
        int64_t n =
            qlink_get(data + taken, size - taken,
                      leader_data_max(&p->lead->core, p->slot), &packet);

        if (n < 0) {
            log_warn("%s: %s sent what is no packet, or none for it to send",
                     p->lead->duty->name, p->name);
            c->pauses |= CONN_PAUSE_END;
            leader_leave(&p->lead->core, p->slot, clock_mono_ms());
            lead_peer_close(p);
            break;
        }
        if (n == 0)
            break;
        if (!take_packet(p, &packet,
                         (struct bytes){data + taken, (int32_t)n})) {
            if (p->is_used)
                conn_pause(c, CONN_PAUSE_QUEUE);
            break;
        }
        taken += (size_t)n;
    }
    return taken;
}

static void
broken(struct conn *c, int error)
{
    struct lead_peer *p = (struct lead_peer *)(void *)c;

    log_info("%s: %s is gone: %s", p->lead->duty->name, p->name,
             error ? strerror(error) : "it closed the connection");
    leader_leave(&p->lead->core, p->slot, clock_mono_ms());
    lead_peer_close(p);
}

static void
drained(struct conn *c)
{
    (void)c; /* the next turn of the loop pumps */
}

const struct conn_ops lead_conn_ops = {input, broken, drained, NULL};

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

/* --- what goes ----------------------------------------------------------- */

static void
give_up(struct lead_peer *p, const char *why)
{
    log_warn("%s: %s is dropped: %s", p->lead->duty->name, p->name, why);
    leader_leave(&p->lead->core, p->slot, clock_mono_ms());
    lead_peer_close(p);
}

/* False: there is nothing more to send now. */
static bool
begin_snap(struct lead_peer *p)
{
    const struct leader_peer *core = &p->lead->core.peer[p->slot];
    struct leader_item item = {.packet = {Q_SNAP, 0, BYTES_NULL, BYTES_NULL}};
    int rc = repl_history_snap_begin(p->lead->r->history, p->slot, core->flags,
                                     &p->snap_zxid);

    if (rc == -EAGAIN)
        return false;
    if (rc < 0) {
        give_up(p, "there is no snapshot to give");
        return false;
    }
    log_info("%s: %s gets a snapshot zxid=0x%" PRIx64, p->lead->duty->name,
             p->name, (uint64_t)p->snap_zxid);
    p->snap = LEAD_SNAP_FLOWS;
    atomic_fetch_add(&p->lead->r->shm->replication->ensemble.snaps, 1);
    item.packet.zxid = p->snap_zxid;
    leader_sign(&p->lead->core, p->slot, &item);
    qlink_put_packet(&p->conn, &item.packet);
    return true;
}

/* One piece in a turn: writes do not wait for a snapshot. */
static bool
more_snap(struct lead_peer *p, mono_ms_t now)
{
    struct jute_out out;
    bool is_end = false;
    int64_t n;

    if (!conn_out(&p->conn, SNAP_PIECE_BYTES, &out))
        return false;
    n = repl_history_snap_read(p->lead->r->history, p->slot, out.at,
                               SNAP_PIECE_BYTES, &is_end);
    if (n > 0)
        jute_room(&out, (size_t)n);
    conn_out_end(&p->conn, &out);
    if (n < 0) {
        give_up(p, "the snapshot cannot be read");
        return false;
    }
    leader_stirs(&p->lead->core, p->slot, now);
    if (is_end) {
        p->snap = LEAD_NO_SNAP;
        leader_snapped(&p->lead->core, p->slot, p->snap_zxid);
    }
    return is_end;
}

/* One thing to send; false: nothing, or the peer is gone. */
static bool
send_one(struct lead_peer *p, mono_ms_t now)
{
    struct leader_item item = {0};
    struct leader_out out;
    bool is_there;

    out.count = 0;
    if (p->snap == LEAD_SNAP_WANTED)
        return begin_snap(p);
    if (p->snap == LEAD_SNAP_FLOWS)
        return more_snap(p, now);
    is_there = leader_next(&p->lead->core, p->slot, now, &item, &out);
    if (is_there && item.is_snapshot)
        p->snap = LEAD_SNAP_WANTED;
    else if (is_there && item.packet.type == Q_DIFF)
        atomic_fetch_add(&p->lead->r->shm->replication->ensemble.diffs, 1);
    if (is_there && !item.is_snapshot)
        qlink_put_packet(&p->conn, &item.packet);
    lead_perform(p->lead, &out);
    return is_there && p->is_used;
}

static void
pump(struct repl_lead *l, uint32_t slot, mono_ms_t now)
{
    struct lead_peer *p = &l->peer[slot];

    while (p->is_used && conn_unsent(&p->conn) < LEAD_AHEAD && send_one(p, now))
        ;
    conn_flush_dirty(&l->home);
}

/* Whoever asked last comes first: its client waits for this. */
void
lead_peers_pump(struct repl_lead *l, mono_ms_t now)
{
    pump(l, l->asked, now);
    for (uint32_t i = 0; i < l->core.peer_end; i++)
        pump(l, i, now);
}
