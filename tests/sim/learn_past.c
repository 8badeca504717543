/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn_past.c - TRUNC and SNAP change a learner's past: as
 * net/repl/repl_learn_past.c, _cut, _snap and _full.
 *
 * A snapshot waits until nobody looks at the tree, then its pieces go into an
 * emptied one; when all are there the disk is made to begin with it.  Who
 * loses its leader in the middle of either loads again what the disk has by
 * then, as a new process.
 */
#include "tests/sim/learn.h"

#include <errno.h>

#include "tests/sim/claims.h"
#include "tests/sim/data.h"
#include "tests/sim/disk.h"
#include "tests/sim/hold.h"
#include "tests/sim/lead.h"
#include "tests/sim/sim.h"
#include "tests/sim/wire.h"

static void
load_again(struct server *s, const char *why)
{
    hold_end(s);
    s->must_load = true;
    server_look(s, why);
}

void
learn_past_end(struct server *s)
{
    if (s->past == PAST_IS_CUT || s->past == PAST_SNAP_FLOWS) {
        hold_end(s);
        s->must_load = true;
    }
    s->past = PAST_STAYS;
}

static void
go_on(struct server *s, const struct learner_out *out)
{
    if (s->up)
        wire_pause(s->up, s->node, false);
    learn_perform(s, out);
}

/* --- more than the ring holds --------------------------------------------- */

static bool
is_before_up_to_date(const struct server *s)
{
    return s->learner.state == LEARNER_SYNCING ||
           s->learner.state == LEARNER_SEALED;
}

/* As there: nobody looks at the tree, so it may be ahead of what is known. */
static void
apply_ahead(struct server *s, uint32_t until)
{
    hold_end(s);
    if (s->reader_back > sim.now)
        return;
    TRACE("server %d: applies what may not be committed yet", s->node);
    data_apply(s, until);
}

/* As there: what would make room is behind what finds none. */
static bool
is_stuck(const struct server *s)
{
    return s->durable == s->count && data_slowest(s) == s->applied &&
           (is_before_up_to_date(s) || s->learner.state == LEARNER_BROADCAST);
}

bool
learn_past_full(struct server *s)
{
    uint32_t agreed = data_index(s, s->learner.agreed) + 1;

    if (s->applied < s->committed)
        return false;
    if (is_before_up_to_date(s) && s->applied < agreed) {
        apply_ahead(s, agreed);
        return false;
    }
    if (!is_stuck(s))
        return false;
    load_again(s, "more is to come than its ring holds");
    return true;
}

/* --- TRUNC --------------------------------------------------------------- */

void
learn_cut(struct server *s, zxid_t zxid)
{
    TRACE("server %d: cuts its log behind %llx", s->node,
          (unsigned long long)zxid);
    s->past = PAST_IS_CUT;
    wire_pause(s->up, s->node, true);
    disk_order(s, (struct disk_op){.kind = DISK_TRUNCATE, .zxid = zxid});
    server_moment(s, MOMENT_TRUNCATE);
}

static void
cut(struct server *s, uint32_t keep)
{
    claim("NO-TRUNC-COMMITTED", keep >= s->committed,
          "server %d cuts what it knew to be committed, only %u stay", s->node,
          keep);
    hold_cut(s, keep);
    s->count = s->durable = keep;
    if (s->base > keep)
        s->base = keep;
}

/* A tree that held what was cut off is loaded again, in place or not. */
void
learn_truncated(struct server *s, const struct disk_op *op)
{
    struct learner_out out = {.count = 0};
    uint32_t index = data_index(s, op->zxid);
    bool is_missing = op->zxid != 0 && index == UINT32_MAX;

    if (!is_missing)
        cut(s, op->zxid == 0 ? 0 : index + 1);
    if (op->term != s->term)
        return;
    s->past = PAST_STAYS;
    if (s->applied > s->count && !sim.plan.reloads_in_place) {
        load_again(s, "it held what its leader had cut off");
        return;
    }
    if (s->applied > s->count) {
        hold_end(s);
        data_load(s);
    }
    learner_truncated(&s->learner, is_missing ? -ENOENT : 0, server_now(s),
                      &out);
    go_on(s, &out);
}

/* --- SNAP ---------------------------------------------------------------- */

void
learn_take_snap(struct server *s)
{
    hold_end(s); /* whoever was held would see another tree */
    s->past = PAST_SNAP_WAITS;
    wire_pause(s->up, s->node, true);
    sched_after(rng_skewed(&sim.rng, 0, 50 * MSEC), EV_ALONE, s->node, s->term,
                NULL);
}

void
learn_alone(struct server *s)
{
    if (s->past != PAST_SNAP_WAITS)
        return;
    if (s->reader_back > sim.now) {
        sched_after(s->reader_back - sim.now, EV_ALONE, s->node, s->term, NULL);
        return;
    }
    if (lead_snap_is_torn()) {
        server_look(s, "no snapshot can be taken");
        return;
    }
    TRACE("server %d: takes a snapshot", s->node);
    s->past = PAST_SNAP_FLOWS;
    data_clear(s);
    wire_pause(s->up, s->node, false);
}

void
learn_takes_piece(struct server *s, const struct msg_piece *piece)
{
    check(s->past == PAST_SNAP_FLOWS);
    learner_stirs(&s->learner, server_now(s));
    data_feed(s, piece->id + piece->from, piece->until - piece->from);
    server_moment(s, MOMENT_SNAP_PIECE);
    if (piece->until < piece->count)
        return;
    wire_pause(s->up, s->node, true);
    disk_order(s, (struct disk_op){.kind = DISK_REBASE,
                                   .ids = piece->id,
                                   .count = piece->count});
    server_moment(s, MOMENT_REBASE);
}

void
learn_rebased(struct server *s, const struct disk_op *op)
{
    struct learner_out out = {.count = 0};

    memcpy(s->log, op->ids, op->count * sizeof *op->ids);
    memset(s->asker, 0, sizeof s->asker);
    s->count = s->durable = s->base = op->count;
    s->committed = s->count; /* the leader's image has nothing else */
    if (op->term != s->term)
        return;
    s->past = PAST_STAYS;
    s->snap_from = -1;
    s->applied = s->count;
    claim_snapshot(s);
    learner_snapped(&s->learner, last_of(s->log, s->count), server_now(s),
                    &out);
    go_on(s, &out);
}
