/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about net/repl/repl_history_log.c: what the ring has no more comes
 * from the log files, without a gap.
 */
#include "tests/unit/history_given.h"

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

    CU_ASSERT_EQUAL_FATAL(data_list_read(&list, past->dirs.log, DATA_LOGS), 0);
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
damage_oldest_log(off_t at)
{
    char path[DATA_PATH_MAX], name[DATA_NAME_MAX];
    int fd;

    data_name(name, "log", E(11));
    data_path(path, past->dirs.log, name);
    fd = open(path, O_WRONLY);
    CU_ASSERT_EQUAL(pwrite(fd, "damaged", 7, at), 7);
    close(fd);
}

static void
a_damaged_log_is_not_believed_again(void)
{
    struct bytes txn;
    zxid_t z, at = E(20);
    int rc;

    given_past(E(10));
    propose_up_to(E(9000));
    damage_oldest_log(20000);
    while ((rc = next_of(0, at, &z, &txn)) == 1)
        at = z;
    CU_ASSERT_TRUE(rc < 0);
    repl_history_leave(past, 0);
    CU_ASSERT_EQUAL(plan_for(0, E(20)).op, SYNC_SNAP);
    CU_ASSERT_EQUAL(plan_for(0, at).op, SYNC_SNAP);
    CU_ASSERT_EQUAL(plan_for(0, at + 500).op, SYNC_DIFF);
    no_past();
}

/* What is not committed yet is in no snapshot: only the log can have it. */
static void
another_term_believes_the_log_again(void)
{
    struct bytes txn;
    zxid_t z;

    given_past(E(10));
    propose_up_to(E(9000));
    damage_oldest_log(20000);
    CU_ASSERT_TRUE(next_of(0, E(200), &z, &txn) < 0);
    repl_history_leave(past, 0);
    CU_ASSERT_EQUAL(plan_for(0, E(200)).op, SYNC_SNAP);
    repl_history_begin_term(past);
    CU_ASSERT_EQUAL(plan_for(0, E(200)).op, SYNC_DIFF);
    no_past();
}

/* --- of earlier epochs ---------------------------------------------------- */

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

/* One file ends with (2,`end`), the next begins with (4,1). */
static void
given_two_epochs(uint32_t end)
{
    given_past(0);
    for (zxid_t z = ZXID(2, 1); z <= ZXID(2, end); z++)
        log_one(z);
    CU_ASSERT_EQUAL(txlog_roll(&log_file), 0);
    for (zxid_t z = ZXID(4, 1); z <= ZXID(4, 100); z++)
        log_one(z);
    log_flushed();
    r.last = appended = ZXID(4, 100);
    repl_history_begin(past, r.last);
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

    given_two_epochs(100);
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

/* What a reader skips in several steps ends right before the next file. */
static void
a_snapshot_within_what_is_skipped_is_no_gap(void)
{
    char path[DATA_PATH_MAX], name[DATA_NAME_MAX];

    given_past(E(10));
    log_file.options.roll_bytes = 0;
    propose_up_to(E(9000));
    CU_ASSERT_EQUAL(txlog_roll(&log_file), 0);
    propose_up_to(E(9001));
    data_name(name, "snapshot", E(8990));
    data_path(path, past->dirs.snap, name);
    file_write(path, "ZKSN", 4);
    past->index.dropped = past->index.taken;
    CU_ASSERT_EQUAL(take(0, E(9000)), E(9001));
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

    given_two_epochs(200);
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

UNIT_SUITE(repl_history_log)
{
    unit_suite("repl_history_log");
    UNIT(log_and_ring_join_without_a_gap);
    UNIT(a_slow_learner_falls_back_and_catches_up);
    UNIT(the_log_is_read_in_steps);
    UNIT(each_slot_has_its_own_place);
    UNIT(what_is_not_in_the_file_yet_is_waited_for);
    UNIT(a_purged_log_ends_it_and_then_there_is_a_snapshot);
    UNIT(a_damaged_log_is_not_believed_again);
    UNIT(another_term_believes_the_log_again);
    UNIT(epochs_of_an_earlier_life_are_found_in_the_files);
    UNIT(who_expects_a_learner_does_not_wait_in_plan);
    UNIT(old_epochs_flow_into_the_ring);
    UNIT(a_snapshot_between_two_files_is_a_gap);
    UNIT(a_snapshot_within_what_is_skipped_is_no_gap);
    UNIT(a_later_epoch_does_not_follow_whatever_was_purged);
}
