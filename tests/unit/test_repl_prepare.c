/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about net/repl/repl_prepare.c: what a term begins with. */
#include "net/repl/repl_prepare.h"

#include "tests/unit/tree_given.h"

static struct repl r;

/* Replication, with a tree and nobody in it. */
static void
given_replication(void)
{
    given_tree();
    r = (struct repl){.tree = tree, .sessions = sessions};
    r.conf.tick_time_ms = 2000;
    r.conf.jute_maxbuffer = 4096;
    r.conf.container_check_interval_ms = 60000;
    r.conf.container_max_per_minute = 10000;
    r.loop = ev_loop_new(0);
    repl_prepare_init(&r);
}

/* Zero is what prep_init takes for tables that are empty. */
static void
a_term_begins_with_nothing_pending(void)
{
    static const struct pnode node = {.exists = true, .hash = 7};

    given_replication();
    repl_prepare_from(&r, 0);
    pending_begin(&r.prep.pending);
    pending_add(&r.prep.pending, &node);
    repl_prepare_end(&r);

    repl_prepare_from(&r, 1);
    CU_ASSERT_TRUE(memory_is_zero(r.prep_memory, r.prep_size));
    repl_prepare_end(&r);
    ev_loop_destroy(r.loop);
}

UNIT_SUITE(repl_prepare)
{
    unit_suite("repl_prepare");
    UNIT(a_term_begins_with_nothing_pending);
}
