/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about net/repl/repl_learn_past.c: a learner's past is changed. */
#include "net/repl/repl_learn.h"

#include "tests/unit/history_given.h"

static struct repl_learn learn;

/* A snapshot up to `end` is taken; the log process has just stored it. */
static void
given_snapshot(zxid_t end)
{
    given_past(E(10));
    r.history = past;
    r.role = &role_learning;
    learn = (struct repl_learn){
        .r = &r,
        .order = LEARN_REBASE,
        .snap = LEARN_SNAP_FLOWS,
        .snap_zxid = end,
        .core = {.state = LEARNER_SNAPPING, .epoch = zxid_epoch(end)},
    };
    r.learn = &learn;
    r.is_ordering = true;
    r.order = 1;
    atomic_store(&shm.log->order_done, 1);
    atomic_store(&shm.log->order_result, 0);
}

static void
turns(void)
{
    struct learner_out out = {.count = 0};

    learn_past_turn(&learn, &out, 1000);
}

static void
a_snapshot_ends_what_was_said_of_the_tree_before(void)
{
    given_snapshot(E(20));
    r.has_differed = r.wants_snap = true;
    turns();
    CU_ASSERT_EQUAL(learn.core.state, LEARNER_SYNCING);
    CU_ASSERT_EQUAL(r.last, E(20));
    CU_ASSERT_FALSE(r.has_differed);
    CU_ASSERT_FALSE(r.wants_snap);
    no_past();
}

UNIT_SUITE(repl_learn_past)
{
    unit_suite("repl_learn_past");
    UNIT(a_snapshot_ends_what_was_said_of_the_tree_before);
}
