/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_learn_past.c - a learner's past is changed: whom that waits for.
 *
 * TRUNC and SNAP (repl_learn_cut.c, repl_learn_snap.c) wait for the log
 * process, whose files they change, and a SNAP for the client processes, too,
 * that look at the tree.  One order to the log is open at a time, epochs among
 * them; nothing of the leader's is heard until it is done.
 *
 * Whoever loses its leader in the middle of this has a tree that is of no
 * history: it ends with EXIT_RELOAD.
 *
 * The replication process, learning.
 * Facts: spec/quorum-protocol.md 4.7, 4.8, 14.3.
 */
#include <stdlib.h>

#include "daemon/log.h"
#include "net/repl/repl_learn.h"
#include "net/repl/repl_order.h"
#include "net/repl/repl_serve.h"

noreturn void
learn_reload(const char *why)
{
    log_info("replication: loading the tree again: %s", why);
    exit(EXIT_RELOAD);
}

static void
order_is_done(struct repl_learn *l, int result, struct learner_out *out,
              mono_ms_t now)
{
    enum learn_order order = l->order;

    l->order = LEARN_NO_ORDER;
    if (order == LEARN_CUT_RELOAD && result == 0)
        learn_reload("it held what the leader had cut off");
    if (order == LEARN_CUT || order == LEARN_CUT_RELOAD)
        learn_cut_done(l, result, out, now);
    else if (result < 0)
        l->why = "the log process could not do what the leader needs";
    else if (order == LEARN_EPOCH)
        learner_stored(&l->core, now, out);
    else if (order == LEARN_REBASE)
        learn_rebase_done(l, out, now);
    conn_resume(&l->conn, CONN_PAUSE_WAITING);
}

void
learn_past_turn(struct repl_learn *l, struct learner_out *out, mono_ms_t now)
{
    int result;

    if (repl_order_done(l->r, &result))
        order_is_done(l, result, out, now);
    if (l->snap == LEARN_SNAP_WAITS && repl_is_alone_with_tree(l->r))
        learn_begin_snap(l);
}

void
learn_past_end(struct repl_learn *l)
{
    bool is_torn = l->snap == LEARN_SNAP_FLOWS || learn_changes_past(l);

    if (l->order != LEARN_REBASE)
        snap_intake_abort(&l->intake);
    if (is_torn)
        learn_reload("the leader was lost while its history was taken over");
    l->snap = LEARN_NO_SNAP;
    l->order = LEARN_NO_ORDER;
}
