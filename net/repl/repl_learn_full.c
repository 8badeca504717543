/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_learn_full.c - more than the ring holds is on its way.
 *
 * What comes finds no room, and may never: the COMMIT with which the ring could
 * be applied stands behind it.
 *
 * DIFF       of more than the ring holds: it is applied before it is known to
 *            be committed, when no client process looks at the tree any more.
 * PROPOSALs  of which none was committed yet: the tree is loaded again.
 *
 * The replication process, learning.  Facts: spec/quorum-protocol.md 4.7.
 */
#include "daemon/log.h"
#include "net/repl/repl_learn.h"
#include "net/repl/repl_order.h"
#include "net/repl/repl_serve.h"

static bool
is_before_up_to_date(const struct repl_learn *l)
{
    return l->core.state == LEARNER_SYNCING || l->core.state == LEARNER_SEALED;
}

/*
 * Nothing that comes before UP_TO_DATE is known to be committed, so it is not
 * applied, and a lack that is larger than the ring would never find room.  A
 * start puts all of its log into the tree, whoever has committed it, for
 * nobody looks at that; so do we, when nobody does: what the leader says is
 * committed, which is what UP_TO_DATE will make count.  known_committed
 * stays, and with it the image; what is cut off after all is in the tree
 * then, which is loaded again, as after a start.
 */
static void
apply_ahead(struct repl_learn *l)
{
    struct repl *r = l->r;

    if (r->service.state != SERVICE_NONE) {
        log_warn("learner: more is to come than the ring holds: clients are "
                 "let go");
        repl_end_serving(r);
    }
    if (repl_is_alone_with_tree(r))
        r->apply_to = l->core.agreed;
}

/*
 * Room will never come: our log and all readers are as far as they can, and the
 * COMMIT with which the rest could be applied stands behind what finds no room.
 */
static bool
is_stuck(const struct repl_learn *l)
{
    const struct repl *r = l->r;

    if (repl_durable(r) < r->last || r->slowest != r->applied)
        return false;
    return is_before_up_to_date(l) ||
           (l->core.state == LEARNER_BROADCAST &&
            atomic_load(&r->shm->replication->committed_zxid) >= r->apply_to);
}

/*
 * What the leader proposes before it commits any of it can be more than the
 * ring holds, too.  All of it is in the log: a start puts that into the tree,
 * and asks for the rest.
 */
void
learn_full(struct repl_learn *l)
{
    const struct repl *r = l->r;

    if (r->published != r->head || r->applied != r->committed)
        return;
    if (is_before_up_to_date(l) && r->apply_to < l->core.agreed)
        apply_ahead(l);
    else if (is_stuck(l))
        learn_reload("more is to come than the ring holds");
}
