/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lead_snap.c - SNAP and its payload: as net/repl/repl_history_snap.c, and
 * begin_snap and more_snap of repl_lead_peer.c.
 *
 * The snapshot is the image, which is older than what is committed here, but
 * not older than what the learner has of that; it goes in pieces, and what is
 * committed meanwhile goes behind it.
 */
#include "tests/sim/lead.h"

#include "tests/sim/claims.h"
#include "tests/sim/disk.h"
#include "tests/sim/sim.h"
#include "tests/sim/wire.h"

enum { PIECES = 16, SNAP_PAUSE = 50 * 1000 };

/*
 * As with Apache, a leader waits no longer than initLimit for a quorum that has
 * its history: a snapshot that is needed for that must not take longer.
 */
static void
soon(const struct server *s, struct conn *c)
{
    usec_t most =
        s->leader->state == LEADER_BROADCAST ? sim.plan.snap_pause : SNAP_PAUSE;

    sched_after(rng_below(&sim.rng, (uint32_t)most), EV_SNAP, s->node, s->term,
                c);
}

void
lead_snap(struct server *s, struct conn *c)
{
    c->is_snapping = true;
    c->snap = (struct msg_piece){NULL, 0, 0, 0};
    soon(s, c);
}

/* How much the image must have; behind that the log goes on. */
static uint32_t
oldest_wanted(const struct server *s, const struct conn *c)
{
    zxid_t last = s->leader->peer[c->slot].last;
    uint32_t count = s->committed;

    while (count > s->base && last_of(s->log, count - 1) >= last)
        count--;
    return count;
}

/* False: the image is too old; the image process hears of it. */
static bool
is_new_enough(struct server *s, const struct conn *c)
{
    struct disk *d = &s->disk;
    uint32_t most = s->committed < d->count ? s->committed : d->count;
    uint32_t least = oldest_wanted(s, c);

    if (most > d->image)
        d->image += rng_below(&sim.rng, most - d->image + 1);
    return d->image >= least;
}

static void
begin(struct server *s, struct conn *c)
{
    uint32_t count = s->disk.image;
    struct leader_item item = {
        .packet = {Q_SNAP, last_of(s->log, count), BYTES_NULL, BYTES_NULL}};
    uint32_t *id = sim_memory((count + 1) * sizeof *id);

    memcpy(id, s->log, count * sizeof *id);
    c->snap = (struct msg_piece){id, 0, 0, count};
    leader_sign(s->leader, c->slot, &item);
    lead_send(s, c, &item);
}

/* True: that was the last. */
static bool
send_piece(struct server *s, struct conn *c)
{
    struct msg *m = msg_take(MSG_PIECE);
    uint32_t left = c->snap.count - c->snap.from;
    uint32_t size = 1 + c->snap.count / (1 + rng_below(&sim.rng, PIECES));

    c->snap.until = c->snap.from + (size < left ? size : left);
    m->piece = c->snap;
    wire_send(c, s->node, m);
    leader_stirs(s->leader, c->slot, server_now(s));
    c->snap.from = c->snap.until;
    server_moment(s, MOMENT_SNAP_PIECE);
    return c->snap.from == c->snap.count;
}

bool
lead_snap_is_torn(void)
{
    return !sim.is_quiet && rng_below(&sim.rng, 1000) < sim.plan.torn_per_mille;
}

void
lead_snap_more(struct server *s, struct conn *c)
{
    if (s->slot[c->slot] != c || !c->is_snapping)
        return;
    if (!c->snap.id && is_new_enough(s, c)) {
        begin(s, c);
    } else if (c->snap.id && lead_snap_is_torn()) {
        lead_drop(s, c->slot, "the snapshot cannot be read");
        return;
    } else if (c->snap.id && wire_under_way(c, s->node) < sim.plan.window &&
               send_piece(s, c)) {
        c->is_snapping = false;
        leader_snapped(s->leader, c->slot, last_of(c->snap.id, c->snap.count));
        lead_pump(s);
        return;
    }
    soon(s, c);
}
