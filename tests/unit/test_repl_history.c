/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about net/repl_history.c, net/repl_history_log.c and
 * net/ring_index.c: what a leader can give, from where, without a gap.
 */
#include "tests/unit/history_kit.h"

#define E(counter) ZXID(3, counter)

enum { KIT_PAGE = 4096 };

/* The next one, which has the next number. */
static void
advance(uint32_t slot, zxid_t *at)
{
    zxid_t z = take(slot, *at);

    CU_ASSERT_EQUAL_FATAL(z, *at + 1);
    *at = z;
}

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

/* Whether the next entry will get a sample in the index. */
static bool
is_sample_due(void)
{
    const struct ring_index *x = &past->index;

    return r.head - x->sample[(x->taken - 1) % RING_INDEX_ROOM].pos >=
           KIT_RING / RING_INDEX_PARTS;
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

/* --- from the log into the ring ------------------------------------------ */

/* ZK: ZOOKEEPER-2418 */
static void
log_and_ring_join_without_a_gap(void)
{
    bool had_log = false, had_ring = false;
    zxid_t at = E(20);

    given_past(E(10));
    propose_up_to(E(9000)); /* the ring holds the last third or so */
    CU_ASSERT_FALSE(ring_index_has(&past->index, at));
    while (at < appended) {
        advance(0, &at);
        had_log |= past->slot[0].log.is_open;
        had_ring |= !past->slot[0].log.is_open;
    }
    CU_ASSERT_EQUAL(take(0, at), 0);
    CU_ASSERT_TRUE(had_log && had_ring);
    no_past();
}

/* The same while the ring goes on being written over, at many speeds. */
static void
a_slow_learner_falls_back_and_catches_up(void)
{
    for (int per_turn = 1; per_turn <= 9; per_turn += 4) {
        uint32_t falls = 0;
        zxid_t at = E(10);

        given_past(E(10));
        propose_up_to(E(5000));
        for (int turn = 0; turn < 400; turn++) {
            bool was_open = past->slot[0].log.is_open;

            propose_up_to(appended + (turn < 200 ? 40 : 1));
            for (int i = 0; i < per_turn * 10; i++)
                if (at < appended)
                    advance(0, &at);
            falls += !was_open && past->slot[0].log.is_open;
        }
        while (at < appended)
            advance(0, &at);
        CU_ASSERT_TRUE(falls >= 1);
        no_past();
    }
}

static void
the_log_is_read_in_steps(void)
{
    struct bytes txn;
    int steps = 0;
    zxid_t z = 0;

    given_past(E(10));
    log_file.options.roll_bytes = 0;
    propose_up_to(E(20000));
    while (history.next(history.arg, 0, E(9000), &z, &txn) == 0) {
        CU_ASSERT_TRUE_FATAL(repl_history_is_reading(past));
        steps++;
    }
    CU_ASSERT_EQUAL(z, E(9001));
    CU_ASSERT_TRUE(steps >= 2); /* 9000 of 200 bytes, half a megabyte each */
    CU_ASSERT_FALSE(repl_history_is_reading(past));
    no_past();
}

static void
each_slot_has_its_own_place(void)
{
    zxid_t a = E(20), b = E(3000), c = E(8990);

    given_past(E(10));
    propose_up_to(E(9000));
    for (int i = 0; i < 50; i++) {
        advance(0, &a);
        advance(1, &b);
        if (c < appended)
            advance(2, &c);
    }
    repl_history_leave(past, 1);
    CU_ASSERT_FALSE(past->slot[1].log.is_open);
    CU_ASSERT_EQUAL(take(0, a), a + 1);
    no_past();
}

/* The log process has not written it, and the ring does not show it yet. */
static void
what_is_not_in_the_file_yet_is_waited_for(void)
{
    struct bytes txn;
    zxid_t z;

    given_past(E(10));
    propose_up_to(E(20));
    past->index.dropped = past->index.taken; /* no sample for it */
    append_kind(RING_TXN, E(21), txn_of(E(21), size_of_txn(E(21))));
    past->index.dropped = past->index.taken;
    CU_ASSERT_EQUAL(next_of(0, E(20), &z, &txn), 0);
    log_one(E(21));
    log_flushed();
    CU_ASSERT_EQUAL(take(0, E(20)), E(21));
    no_past();
}

static void
remove_oldest_log(void)
{
    struct data_list list;
    char path[DATA_PATH_MAX];

    CU_ASSERT_EQUAL_FATAL(data_list_read(&list, past->dirs.log, "log", false),
                          0);
    CU_ASSERT_TRUE_FATAL(list.count > 1);
    data_path(path, past->dirs.log, list.file[0].name);
    unlink(path);
    data_list_free(&list);
}

static void
a_purged_log_ends_it_and_then_there_is_a_snapshot(void)
{
    struct bytes txn;
    zxid_t z;

    given_past(E(10));
    propose_up_to(E(9000));
    CU_ASSERT_EQUAL(plan_for(0, E(20)).op, SYNC_DIFF);
    remove_oldest_log();
    CU_ASSERT_TRUE(next_of(0, E(20), &z, &txn) < 0);
    repl_history_leave(past, 0);
    CU_ASSERT_EQUAL(plan_for(0, E(20)).op, SYNC_SNAP);
    CU_ASSERT_EQUAL(plan_for(0, E(8990)).op, SYNC_DIFF);
    no_past();
}

static void
a_damaged_log_is_not_believed_again(void)
{
    char path[DATA_PATH_MAX], name[DATA_NAME_MAX];
    struct bytes txn;
    zxid_t z, at = E(20);
    int fd, rc;

    given_past(E(10));
    propose_up_to(E(9000));
    data_name(name, "log", E(11));
    data_path(path, past->dirs.log, name);
    fd = open(path, O_WRONLY);
    CU_ASSERT_EQUAL(pwrite(fd, "damaged", 7, 20000), 7);
    close(fd);
    while ((rc = next_of(0, at, &z, &txn)) == 1)
        at = z;
    CU_ASSERT_TRUE(rc < 0);
    repl_history_leave(past, 0);
    CU_ASSERT_EQUAL(plan_for(0, E(20)).op, SYNC_SNAP);
    CU_ASSERT_EQUAL(plan_for(0, at).op, SYNC_SNAP);
    CU_ASSERT_EQUAL(plan_for(0, at + 500).op, SYNC_DIFF);
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

/* A server that was restarted since: epochs lie in the files alone. */
static void
given_epochs_on_disk(uint64_t roll_bytes)
{
    given_past(0);
    log_file.options.roll_bytes = roll_bytes;
    for (zxid_t z = ZXID(1, 1); z <= ZXID(1, 300); z++)
        log_one(z);
    for (zxid_t z = ZXID(2, 1); z <= ZXID(2, 5000); z++)
        log_one(z);
    for (zxid_t z = ZXID(4, 1); z <= ZXID(4, 5000); z++)
        log_one(z);
    log_flushed();
    r.last = appended = ZXID(4, 5000);
    repl_history_begin(past, r.last);
}

static void
epochs_of_an_earlier_life_are_found_in_the_files(void)
{
    struct sync_plan plan;

    given_epochs_on_disk(200 * 1000);
    CU_ASSERT_EQUAL(plan_for(0, ZXID(4, 17)).op, SYNC_DIFF);
    CU_ASSERT_EQUAL(take(0, ZXID(4, 17)), ZXID(4, 18));
    CU_ASSERT_EQUAL(plan_for(1, ZXID(2, 4000)).op, SYNC_DIFF);
    CU_ASSERT_EQUAL(take(1, ZXID(2, 4000)), ZXID(2, 4001));
    plan = plan_for(2, ZXID(2, 5001));
    CU_ASSERT_EQUAL(plan.op, SYNC_TRUNC);
    CU_ASSERT_EQUAL(plan.zxid, ZXID(2, 5000));
    CU_ASSERT_EQUAL(take(2, plan.from), ZXID(4, 1));
    CU_ASSERT_EQUAL(plan_for(4, ZXID(4, 0)).op, SYNC_DIFF);
    CU_ASSERT_EQUAL(take(4, ZXID(4, 0)), ZXID(4, 1));
    CU_ASSERT_EQUAL(plan_for(5, ZXID(1, 1)).op, SYNC_DIFF);
    no_past();
}

static void
who_expects_a_learner_does_not_wait_in_plan(void)
{
    int turns = 0;

    given_epochs_on_disk(0);
    CU_ASSERT_TRUE(repl_history_expect(past, 0, ZXID(4, 3)));
    while (!repl_history_expect(past, 1, ZXID(2, 5001))) {
        CU_ASSERT_TRUE(repl_history_is_reading(past));
        turns++;
    }
    CU_ASSERT_TRUE(turns >= 1);
    CU_ASSERT_TRUE(past->slot[1].log.is_found);
    CU_ASSERT_EQUAL(plan_for(1, ZXID(2, 5001)).zxid, ZXID(2, 5000));
    no_past();
}

/* A whole epoch back, over every file, into the ring. */
static void
old_epochs_flow_into_the_ring(void)
{
    zxid_t at = ZXID(1, 200);

    given_epochs_on_disk(200 * 1000);
    propose_up_to(ZXID(4, 5100));
    CU_ASSERT_EQUAL(plan_for(0, at).op, SYNC_DIFF);
    for (zxid_t z; (z = take(0, at)) != 0; at = z)
        CU_ASSERT_TRUE_FATAL(zxid_follows(at, z));
    CU_ASSERT_EQUAL(at, appended);
    no_past();
}

/*
 * Apache's older files end in the middle of epoch 2; then came a snapshot,
 * and the log went on with (4,1).
 */
static void
a_snapshot_between_two_files_is_a_gap(void)
{
    char path[DATA_PATH_MAX];
    struct bytes txn;
    zxid_t z;

    given_past(0);
    for (z = ZXID(2, 1); z <= ZXID(2, 100); z++)
        log_one(z);
    CU_ASSERT_EQUAL(txlog_roll(&log_file), 0);
    for (z = ZXID(4, 1); z <= ZXID(4, 100); z++)
        log_one(z);
    log_flushed();
    r.last = appended = ZXID(4, 100);
    repl_history_begin(past, r.last);
    CU_ASSERT_EQUAL(plan_for(0, ZXID(2, 150)).op, SYNC_TRUNC);
    repl_history_leave(past, 0);

    data_path(path, past->dirs.snap, "snapshot.400000000");
    file_write(path, "ZKSN", 4);
    CU_ASSERT_EQUAL(plan_for(0, ZXID(2, 150)).op, SYNC_SNAP);
    CU_ASSERT_EQUAL(next_of(1, ZXID(2, 100), &z, &txn), -ENODATA);
    repl_history_leave(past, 1);
    CU_ASSERT_EQUAL(plan_for(1, ZXID(2, 100)).op, SYNC_SNAP);
    CU_ASSERT_EQUAL(plan_for(1, ZXID(4, 1)).op, SYNC_DIFF);
    no_past();
}

/*
 * Purging took the end of epoch 2; what is left begins with (4,1), which
 * might follow (2,150) if one did not know better.
 */
static void
a_later_epoch_does_not_follow_whatever_was_purged(void)
{
    struct bytes txn;
    zxid_t z;

    given_past(0);
    for (z = ZXID(2, 1); z <= ZXID(2, 200); z++)
        log_one(z);
    CU_ASSERT_EQUAL(txlog_roll(&log_file), 0);
    for (z = ZXID(4, 1); z <= ZXID(4, 100); z++)
        log_one(z);
    log_flushed();
    r.last = appended = ZXID(4, 100);
    repl_history_begin(past, r.last);
    remove_oldest_log();
    CU_ASSERT_EQUAL(next_of(0, ZXID(2, 150), &z, &txn), -ENODATA);
    CU_ASSERT_EQUAL(plan_for(1, ZXID(2, 150)).op, SYNC_SNAP);

    repl_history_begin(past, ZXID(2, 140)); /* the same, in one life */
    for (z = ZXID(2, 141); z <= ZXID(2, 200); z++)
        repl_history_note(past, z, (ring_pos_t)z);
    repl_history_note(past, ZXID(4, 1), (ring_pos_t)ZXID(4, 1));
    past->index.dropped = past->index.taken;
    CU_ASSERT_EQUAL(next_of(0, ZXID(2, 150), &z, &txn), -ENODATA);
    CU_ASSERT_EQUAL(plan_for(1, ZXID(2, 150)).op, SYNC_SNAP);
    CU_ASSERT_EQUAL(take(2, ZXID(2, 200)), ZXID(4, 1));
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
    UNIT(log_and_ring_join_without_a_gap);
    UNIT(a_slow_learner_falls_back_and_catches_up);
    UNIT(the_log_is_read_in_steps);
    UNIT(each_slot_has_its_own_place);
    UNIT(what_is_not_in_the_file_yet_is_waited_for);
    UNIT(a_purged_log_ends_it_and_then_there_is_a_snapshot);
    UNIT(a_damaged_log_is_not_believed_again);
    UNIT(a_learner_in_step_gets_nothing);
    UNIT(a_learner_of_our_epoch_gets_what_it_lacks);
    UNIT(a_learner_that_left_our_history_is_cut);
    UNIT(epochs_of_an_earlier_life_are_found_in_the_files);
    UNIT(who_expects_a_learner_does_not_wait_in_plan);
    UNIT(old_epochs_flow_into_the_ring);
    UNIT(a_snapshot_between_two_files_is_a_gap);
    UNIT(a_later_epoch_does_not_follow_whatever_was_purged);
    UNIT(the_configuration_may_demand_a_snapshot);
    UNIT(no_snapshot_takes_back_what_may_be_committed);
    UNIT(more_log_than_a_snapshot_costs_is_not_read);
    UNIT(allocated_space_does_not_count);
}
