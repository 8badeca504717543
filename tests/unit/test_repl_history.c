/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about net/repl/repl_history.c and net/zab/ring_index.c: what a leader
 * can give from its ring, and how it plans to bring a learner up.
 */
#include "daemon/memory.h"
#include "tests/unit/history_given.h"

#define KIT_PAGE memory_page()

/* --- the ring ------------------------------------------------------------ */

static void
the_ring_yields_transactions_in_order(void)
{
    given_past(E(10));
    propose_up_to(E(50));
    for (zxid_t z = E(11); z < E(50); z++)
        CU_ASSERT_EQUAL(take(0, z), z + 1);
    CU_ASSERT_EQUAL(take(0, E(50)), 0);
    CU_ASSERT_FALSE(past->slot[0].log.is_open);
    propose_up_to(E(51));
    CU_ASSERT_EQUAL(take(0, E(50)), E(51));
    no_past();
}

/* The log may be long, and the first proposal must not wait for it. */
static void
the_first_transaction_of_a_life_is_in_the_ring(void)
{
    given_past(E(10));
    append_kind(RING_SYNCED, E(10), (struct bytes){NULL, 0});
    append_kind(RING_TXN, ZXID(4, 1), txn_of(ZXID(4, 1), size_of_txn(1)));
    CU_ASSERT_EQUAL(take(0, E(10)), ZXID(4, 1));
    CU_ASSERT_FALSE(past->slot[0].log.is_open);
    no_past();
}

static void
who_asks_again_gets_the_same(void)
{
    given_past(E(10));
    propose_up_to(E(20));
    CU_ASSERT_EQUAL(take(0, E(13)), E(14));
    CU_ASSERT_EQUAL(take(0, E(13)), E(14));
    CU_ASSERT_EQUAL(take(0, E(12)), E(13)); /* and back again */
    no_past();
}

static void
what_is_not_published_is_not_there(void)
{
    ring_pos_t before;

    given_past(E(10));
    propose_up_to(E(20));
    before = r.published;
    propose(E(21));
    r.published = before;
    CU_ASSERT_EQUAL(take(0, E(20)), 0);
    r.published = r.head;
    CU_ASSERT_EQUAL(take(0, E(20)), E(21));
    no_past();
}

static void
a_voided_entry_is_passed_over(void)
{
    ring_pos_t pos;

    given_past(E(10));
    propose_up_to(E(20));
    pos = r.head;
    append_kind(RING_TXN, E(21), txn_of(E(21), 10));
    txring_at(&shm.ring, pos)->kind = RING_VOID;
    repl_history_cut(past, E(20));
    append_kind(RING_TXN, ZXID(4, 1), txn_of(ZXID(4, 1), size_of_txn(1)));
    CU_ASSERT_EQUAL(take(0, E(20)), ZXID(4, 1));
    no_past();
}

/* Twenty times around; a learner that keeps up never needs the log. */
static void
the_ring_wraps_around(void)
{
    zxid_t at = E(1);

    given_past(E(1));
    propose_up_to(E(2));
    while (r.head < 20 * KIT_RING) {
        propose_up_to(appended + 7);
        if (at < E(2))
            at = E(2);
        while (take(3, at) != 0)
            at++;
        CU_ASSERT_EQUAL(at, appended);
        CU_ASSERT_FALSE_FATAL(past->slot[3].log.is_open);
    }
    no_past();
}

/* What prep writes and then refuses destroys as well. */
static void
memory_that_may_be_written_is_not_read(void)
{
    given_past(E(1));
    propose_up_to(E(1000));
    CU_ASSERT_TRUE(ring_index_has(&past->index, E(2)));
    repl_history_reach(past, KIT_RING + 64);
    CU_ASSERT_EQUAL(take(0, E(2)), E(3)); /* from the log */
    CU_ASSERT_TRUE(past->slot[0].log.is_open);
    no_past();
}

static void
a_ring_at_rest_gives_back_and_the_log_serves(void)
{
    zxid_t at = E(2);

    given_past(E(1));
    propose_up_to(E(1000));
    ring_memory_look(&r.ring_memory, r.head, r.head);
    ring_memory_look(&r.ring_memory, r.head, r.head);  /* resting */
    CU_ASSERT_EQUAL(txring_at(&shm.ring, 0)->size, 0); /* zeros */
    while (at < E(1000)) {
        advance(0, &at);
    }
    CU_ASSERT_EQUAL(take(0, at), 0);
    propose_up_to(E(1010));
    CU_ASSERT_EQUAL(take(0, at), E(1001));
    no_past();
}

static ring_pos_t
last_sample(void)
{
    const struct ring_index *x = &past->index;

    return x->sample[(x->taken - 1) % RING_INDEX_ROOM].pos;
}

/* Whether the next entry will get a sample in the index. */
static bool
is_sample_due(void)
{
    return r.head - last_sample() >= KIT_RING / RING_INDEX_PARTS;
}

/* The reader stood on it, and asks for what follows only now. */
static void
an_entry_given_back_is_not_stepped_over(void)
{
    ring_pos_t pos;

    given_past(E(1));
    propose_up_to(E(1000));
    do { /* up to one that reaches into the next page, which stays */
        propose(appended + 1);
        CU_ASSERT_EQUAL(take(0, appended - 1), appended);
        pos = past->slot[0].ring.pos;
    } while (pos / KIT_PAGE == r.head / KIT_PAGE || !is_sample_due());
    ring_memory_look(&r.ring_memory, r.head, r.head);
    ring_memory_look(&r.ring_memory, r.head, r.head);
    CU_ASSERT_EQUAL(txring_at(&shm.ring, pos)->size, 0); /* zeros */
    propose(appended + 1);
    CU_ASSERT_EQUAL(take(0, appended - 1), appended);
    no_past();
}

/* The log is long to read, and has it only when it is on disk. */
static void
what_comes_after_a_rest_is_in_the_ring(void)
{
    given_past(E(1));
    propose_up_to(E(1000));
    while (last_sample() / KIT_PAGE == r.head / KIT_PAGE || is_sample_due())
        propose_up_to(appended + 1);
    ring_memory_look(&r.ring_memory, r.head, r.head);
    ring_memory_look(&r.ring_memory, r.head, r.head);
    propose(appended + 1);
    CU_ASSERT_EQUAL(take(0, appended - 1), appended);
    CU_ASSERT_FALSE(past->slot[0].log.is_open);
    no_past();
}

/* Where a reader that kept up stood lie but words, and they are gone. */
static void
words_given_back_are_passed_over(void)
{
    ring_pos_t pos;

    given_past(E(1));
    propose_up_to(E(1000));
    CU_ASSERT_EQUAL(take(0, E(1000)), 0);
    pos = past->slot[0].ring.pos;
    while (r.head / KIT_PAGE < pos / KIT_PAGE + 3)
        append_kind(RING_SYNCED, appended, (struct bytes){NULL, 0});
    ring_memory_look(&r.ring_memory, r.head, r.head);
    ring_memory_look(&r.ring_memory, r.head, r.head);
    CU_ASSERT_EQUAL(txring_at(&shm.ring, pos)->size, 0); /* zeros */
    propose(E(1001));
    CU_ASSERT_EQUAL(take(0, E(1000)), E(1001));
    no_past();
}

/* --- plans --------------------------------------------------------------- */

static void
a_learner_in_step_gets_nothing(void)
{
    struct sync_plan plan;

    given_past(E(10));
    plan = plan_for(0, E(10));
    CU_ASSERT_EQUAL(plan.op, SYNC_DIFF);
    CU_ASSERT_EQUAL(plan.from, E(10));
    no_past();
}

static void
a_learner_of_our_epoch_gets_what_it_lacks(void)
{
    given_past(E(10));
    propose_up_to(E(9000));
    CU_ASSERT_EQUAL(plan_for(0, E(8999)).op, SYNC_DIFF);
    CU_ASSERT_EQUAL(plan_for(0, E(11)).from, E(11));   /* from the log */
    CU_ASSERT_EQUAL(plan_for(0, E(10)).op, SYNC_DIFF); /* just before it */
    CU_ASSERT_EQUAL(plan_for(0, E(9)).op, SYNC_SNAP);
    CU_ASSERT_EQUAL(plan_for(0, 0).op, SYNC_SNAP);
    no_past();
}

static void
a_learner_that_left_our_history_is_cut(void)
{
    struct sync_plan plan;

    given_past(E(10));
    propose_up_to(E(20));
    propose(ZXID(5, 1));
    propose_up_to(ZXID(5, 5));
    plan = plan_for(0, E(25));
    CU_ASSERT_EQUAL(plan.op, SYNC_TRUNC);
    CU_ASSERT_EQUAL(plan.zxid, E(20));
    CU_ASSERT_EQUAL(take(0, plan.from), ZXID(5, 1));
    no_past();
}

static void
the_configuration_may_demand_a_snapshot(void)
{
    given_past(E(10));
    propose_up_to(E(9000));
    r.conf.snap_size_factor = -1;
    CU_ASSERT_EQUAL(plan_for(0, E(20)).op, SYNC_SNAP);
    CU_ASSERT_EQUAL(plan_for(0, E(8999)).op, SYNC_DIFF); /* in the ring */
    r.conf.force_snap_sync = true;
    atomic_store(&shm.replication->committed_zxid, E(8999));
    CU_ASSERT_EQUAL(plan_for(0, E(8999)).op, SYNC_SNAP);
    no_past();
}

/* Nobody knows whether the last ones are committed: they must stay there. */
static void
no_snapshot_takes_back_what_may_be_committed(void)
{
    given_past(E(10));
    propose_up_to(E(9000));
    r.conf.force_snap_sync = true;
    atomic_store(&shm.replication->committed_zxid, E(8998));
    CU_ASSERT_EQUAL(plan_for(0, E(8999)).op, SYNC_DIFF);
    CU_ASSERT_EQUAL(plan_for(0, E(8998)).op, SYNC_SNAP);
    no_past();
}

/* Twenty megabytes of log for a tree of a few nodes. */
static void
more_log_than_a_snapshot_costs_is_not_read(void)
{
    given_past(E(10));
    log_file.options.roll_bytes = 0;
    propose_up_to(E(20));
    for (zxid_t z = E(21); z <= E(520); z++) {
        append_kind(RING_TXN, z, txn_of(z, 40000));
        CU_ASSERT_EQUAL(txlog_append(&log_file, z, txn_of(z, 40000)), 0);
    }
    log_flushed();
    CU_ASSERT_EQUAL(plan_for(0, E(12)).op, SYNC_SNAP);
    CU_ASSERT_EQUAL(plan_for(0, E(519)).op, SYNC_DIFF);
    r.conf.snap_size_factor = 0; /* no bound */
    CU_ASSERT_EQUAL(plan_for(0, E(12)).op, SYNC_DIFF);
    no_past();
}

/* What is allocated ahead is no reason for a snapshot, whoever read it. */
static void
allocated_space_does_not_count(void)
{
    char path[DATA_PATH_MAX], name[DATA_NAME_MAX];
    uint64_t bytes;
    size_t size;

    given_past(E(10));
    log_file.options.prealloc_bytes = 32 << 20;
    log_file.options.roll_bytes = 0;
    propose_up_to(E(5000));
    data_name(name, "log", E(11));
    data_path(path, past->dirs.log, name);
    free(file_read(path, &size));
    CU_ASSERT_TRUE(size >= 32 << 20);
    bytes = history_log_bytes(past, E(11));
    CU_ASSERT_TRUE(bytes >= log_file.size && bytes < log_file.size + 8192);
    no_past();
}

UNIT_SUITE(repl_history)
{
    unit_suite("repl_history");
    UNIT(the_ring_yields_transactions_in_order);
    UNIT(the_first_transaction_of_a_life_is_in_the_ring);
    UNIT(who_asks_again_gets_the_same);
    UNIT(what_is_not_published_is_not_there);
    UNIT(a_voided_entry_is_passed_over);
    UNIT(the_ring_wraps_around);
    UNIT(memory_that_may_be_written_is_not_read);
    UNIT(a_ring_at_rest_gives_back_and_the_log_serves);
    UNIT(an_entry_given_back_is_not_stepped_over);
    UNIT(what_comes_after_a_rest_is_in_the_ring);
    UNIT(words_given_back_are_passed_over);
    UNIT(a_learner_in_step_gets_nothing);
    UNIT(a_learner_of_our_epoch_gets_what_it_lacks);
    UNIT(a_learner_that_left_our_history_is_cut);
    UNIT(the_configuration_may_demand_a_snapshot);
    UNIT(no_snapshot_takes_back_what_may_be_committed);
    UNIT(more_log_than_a_snapshot_costs_is_not_read);
    UNIT(allocated_space_does_not_count);
}
