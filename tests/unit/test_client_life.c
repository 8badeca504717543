/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about net/client/client_life.c: where a client process begins. */
#include "net/client/client_deliver.h"

#include "tests/unit/client_given.h"
#include "tests/unit/tree_given.h"

enum { TREE_AT = 640 };

/* It follows nobody yet; the tree has all up to TREE_AT. */
static void
given_beginner(void)
{
    given_process();
    given_tree();
    tree_batch_begin(tree);
    tree_batch_end(tree, TREE_AT);
    p.tree = tree;
    p.period = 0;
    p.own->delivered = RING_POS_NONE;
    shm.replication->applied = TREE_AT;
}

static void
it_begins_where_the_tree_is(void)
{
    given_beginner();
    client_follow(&p);
    CU_ASSERT_EQUAL(p.period, 1);
    CU_ASSERT_EQUAL(p.delivered, TREE_AT);
    CU_ASSERT_EQUAL(p.own->delivered, TREE_AT);
    CU_ASSERT_EQUAL(p.own->attached, 1);
    CU_ASSERT_FALSE(client_deliver(&p, UINT64_MAX));
    no_process();
}

/*
 * Replication has closed a batch and is about to say so.  Who began there
 * would take what lies behind the last entry for one.
 */
static void
it_waits_until_the_ring_has_what_the_tree_has(void)
{
    given_beginner();
    shm.replication->applied = TREE_AT - 64;
    client_follow(&p);
    CU_ASSERT_EQUAL(p.period, 0);
    CU_ASSERT_EQUAL(p.own->delivered, RING_POS_NONE);
    CU_ASSERT_EQUAL(p.own->attached, 0);
    shm.replication->applied = TREE_AT;
    client_follow(&p);
    CU_ASSERT_EQUAL(p.period, 1);
    CU_ASSERT_EQUAL(p.delivered, TREE_AT);
    no_process();
}

static void
nobody_begins_without_service(void)
{
    given_beginner();
    shm.replication->serving = 0;
    client_follow(&p);
    CU_ASSERT_EQUAL(p.period, 0);
    CU_ASSERT_EQUAL(p.own->delivered, RING_POS_NONE);
    no_process();
}

/* The leader's, before it has a transaction: clients of others know it. */
static void
it_sees_that_an_epoch_has_begun(void)
{
    given_beginner();
    client_follow(&p);
    tree_batch_begin(tree);
    tree_reached(tree, ZXID(5, 0));
    tree_batch_end(tree, TREE_AT);
    client_reach(&p);
    CU_ASSERT_EQUAL(p.zxid, ZXID(5, 0));
    no_process();
}

/* What is applied and not delivered is not seen. */
static void
it_is_not_ahead_of_what_it_delivered(void)
{
    zxid_t before;

    given_beginner();
    client_follow(&p);
    before = p.zxid;
    tree_batch_begin(tree);
    tree_reached(tree, ZXID(5, 0));
    tree_batch_end(tree, TREE_AT + 64);
    client_reach(&p);
    CU_ASSERT_EQUAL(p.zxid, before);
    no_process();
}

UNIT_SUITE(client_life)
{
    unit_suite("client_life");
    UNIT(it_begins_where_the_tree_is);
    UNIT(it_waits_until_the_ring_has_what_the_tree_has);
    UNIT(nobody_begins_without_service);
    UNIT(it_sees_that_an_epoch_has_begun);
    UNIT(it_is_not_ahead_of_what_it_delivered);
}
