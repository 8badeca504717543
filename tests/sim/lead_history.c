/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lead_history.c - what a leader can read of the past, for its learners: as
 * net/repl/repl_history.c.
 */
#include "tests/sim/lead.h"

#include <errno.h>

#include "tests/sim/sim.h"

/*
 * A snapshot without what a learner has of our history, up to its end that
 * counts as committed, would take back what may be committed.
 */
static bool
is_new_enough(const struct server *s, zxid_t last, zxid_t end)
{
    for (uint32_t i = s->committed; i < s->count; i++)
        if (zxid_of(s->log[i]) <= last && zxid_of(s->log[i]) <= end)
            return false;
    return true;
}

/*
 * What can be read: the log from its base on, and that transaction's
 * predecessor by its number, which the snapshot's name tells.
 */
static struct sync_plan
plan(void *arg, uint32_t slot, zxid_t last, zxid_t end)
{
    const struct server *s = arg;
    struct sync_facts f = {
        .learner = last,
        .end = end,
        .must_snap = rng_percent(&sim.rng, sim.plan.snap_percent) &&
                     is_new_enough(s, last, end),
    };
    struct sync_plan p;

    for (uint32_t i = s->base > 0 ? s->base - 1 : 0; i < s->count; i++) {
        zxid_t zxid = zxid_of(s->log[i]);

        if (zxid <= last)
            f.floor = zxid;
        else if (f.ceiling == 0)
            f.ceiling = zxid;
    }
    p = sync_decide(&f);
    claim("SNAP-OLD", p.op != SYNC_SNAP || is_new_enough(s, last, end),
          "server %d has to give slot %u, at %llx, a snapshot of %llx", s->node,
          slot, (unsigned long long)last,
          (unsigned long long)last_of(s->log, s->committed));
    TRACE("server %d: brings up slot %u from %llx to %llx by %s %llx", s->node,
          slot, (unsigned long long)last, (unsigned long long)end,
          p.op == SYNC_DIFF    ? "DIFF"
          : p.op == SYNC_TRUNC ? "TRUNC"
                               : "SNAP",
          (unsigned long long)p.zxid);
    return p;
}

static int
next(void *arg, uint32_t slot, zxid_t after, zxid_t *zxid, struct bytes *txn)
{
    const struct server *s = arg;
    uint32_t low = 0, high = s->count;

    (void)slot;
    if (rng_percent(&sim.rng, sim.plan.again_percent))
        return 0;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (zxid_of(s->log[middle]) <= after)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == s->count)
        return 0;
    if (low < s->base)
        return -ENOENT;
    *zxid = zxid_of(s->log[low]);
    *txn = sim.txn[s->log[low]].bytes;
    return 1;
}

const struct history *
lead_history(struct server *s)
{
    static struct history history[SERVERS_MAX];

    history[s->node] = (struct history){s, plan, next};
    return &history[s->node];
}
