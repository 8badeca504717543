/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_lead_send.c - what goes to learners: packets, and snapshots.
 *
 * It is pulled from the core, while less than AHEAD_MAX bytes wait in the
 * connection.
 *
 * The replication process, leading or an observer master.
 * ZK: LearnerHandler.sendPackets, syncFollower
 */
#include <errno.h>
#include <inttypes.h>

#include "daemon/log.h"
#include "net/repl/repl_lead.h"

enum {
    AHEAD_MAX = 512 * 1024, /* below CONN_OUT_HIGH */
    SNAP_PIECE_BYTES = 64 * 1024,
};

static void
give_up(struct lead_peer *p, const char *why)
{
    log_warn("%s: %s is dropped: %s", p->lead->duty->name, p->name, why);
    lead_peer_lose(p);
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
    COUNT(p->lead->r->shm->replication->ensemble.snaps, 1);
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

static void
put(struct lead_peer *p, const struct leader_item *item)
{
    if (item->is_snapshot) {
        p->snap = LEAD_SNAP_WANTED;
        return;
    }
    if (item->packet.type == Q_DIFF)
        COUNT(p->lead->r->shm->replication->ensemble.diffs, 1);
    qlink_put_packet(&p->conn, &item->packet);
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
    if (is_there)
        put(p, &item);
    lead_perform(p->lead, &out);
    return is_there && p->is_used;
}

static void
pump(struct repl_lead *l, uint32_t slot, mono_ms_t now)
{
    struct lead_peer *p = &l->peer[slot];

    while (p->is_used && conn_unsent(&p->conn) < AHEAD_MAX && send_one(p, now))
        ;
    conn_flush_dirty(&l->home);
}

/* The learner that asked last comes first: its client waits for this. */
void
lead_peers_pump(struct repl_lead *l, mono_ms_t now)
{
    pump(l, l->asked, now);
    for (uint32_t i = 0; i < l->core.peer_end; i++)
        pump(l, i, now);
}
