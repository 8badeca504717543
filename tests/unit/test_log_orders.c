/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about storage/log/log_orders.c, log_replace.c and log_start.c: epochs,
 * cuts, a new base, on order; and what a start makes of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "tests/unit/log_given.h"

/* So many files can be removed, then none; -1: any. */
static int removals_left = -1;

/* This takes the place of the C library's in all of build/unit. */
int
unlink(const char *path)
{
    bool is_there = access(path, F_OK) == 0;

    if (is_there && removals_left == 0) {
        errno = EIO;
        return -1;
    }
    if (is_there && removals_left > 0)
        removals_left--;
    return unlinkat(AT_FDCWD, path, 0);
}

/* The disk works again, and another server begins on what is there. */
static void
given_next_server(void)
{
    removals_left = -1;
    txlog_close(&given.log);
    memset(&given_log, 0, sizeof given_log);
    CU_ASSERT_EQUAL(given_start(1), 0);
}

/* What is on disk, whatever the process believes. */
static struct epochs
epochs_on_disk(void)
{
    struct epochs found = {-1, -1};
    struct data_error e;

    CU_ASSERT_EQUAL(epoch_load(&found, given.dirs.snap, 0, &e), 0);
    return found;
}

static void
an_epoch_is_durable_when_it_is_answered(void)
{
    given_server();
    CU_ASSERT_EQUAL(given_answer(LOG_ACCEPT_EPOCH, 5), 0);
    CU_ASSERT_EQUAL(epochs_on_disk().accepted, 5);
    CU_ASSERT_EQUAL(epochs_on_disk().current, 0);
    CU_ASSERT_EQUAL(given_answer(LOG_CURRENT_EPOCH, 5), 0);
    CU_ASSERT_EQUAL(epochs_on_disk().current, 5);
    CU_ASSERT_EQUAL(atomic_load(&given_log.current_epoch), 5);
    given_successor();
    CU_ASSERT_EQUAL(atomic_load(&given_log.accepted_epoch), 5);
    given_end();
}

/* A server alone has no epochs; Apache does not make the files either. */
static void
a_server_alone_leaves_the_epochs_alone(void)
{
    struct data_error e;

    given_server();
    CU_ASSERT(given_has("acceptedEpoch"));
    txlog_close(&given.log);
    tempdir_remove(given.dirs.snap);
    CU_ASSERT_EQUAL(mkdir(given.dirs.snap, 0750), 0);
    given.conf.member_count = 0;
    CU_ASSERT_EQUAL(log_start_begin(&given, &e), 0);
    CU_ASSERT_EQUAL(log_start_end(&given, &e), 0);
    CU_ASSERT_FALSE(given_has("acceptedEpoch"));
    tempdir_remove(given_dir);
}

static void
epochs_never_fall_nor_run_ahead_of_the_promise(void)
{
    given_server();
    CU_ASSERT_EQUAL(given_answer(LOG_ACCEPT_EPOCH, 5), 0);
    CU_ASSERT_EQUAL(given_answer(LOG_ACCEPT_EPOCH, 4), -EINVAL);
    CU_ASSERT_EQUAL(given_answer(LOG_CURRENT_EPOCH, 6), -EINVAL);
    CU_ASSERT_EQUAL(given_answer(LOG_CURRENT_EPOCH, 5), 0);
    CU_ASSERT_EQUAL(given_answer(LOG_CURRENT_EPOCH, 4), -EINVAL);
    CU_ASSERT_EQUAL(epochs_on_disk().accepted, 5);
    CU_ASSERT_EQUAL(epochs_on_disk().current, 5);
    given_end();
}

/* ZOOKEEPER-4643, -4646, -3911: history first, then the epoch, then the ACK. */
static void
an_epoch_waits_for_the_history_before_it(void)
{
    given_server();
    CU_ASSERT_EQUAL(given_answer(LOG_ACCEPT_EPOCH, 2), 0);
    given_order(LOG_CURRENT_EPOCH, 2);
    atomic_store(&given_replication.log_order.behind, given.appended + 640);
    CU_ASSERT_EQUAL(log_orders_work(&given), 0);
    CU_ASSERT_EQUAL(epochs_on_disk().current, 0);
    given.appended += 640; /* durable, as the group's write says */
    CU_ASSERT_EQUAL(log_orders_work(&given), 1);
    CU_ASSERT_EQUAL(epochs_on_disk().current, 2);
    given_end();
}

/* What a new leader sends behind a cut must not be cut with the old. */
static void
what_comes_behind_an_order_waits_for_it(void)
{
    given_server();
    given.appended = 640;
    given_order(LOG_ACCEPT_EPOCH, 2);
    CU_ASSERT_EQUAL(log_orders_limit(&given, 1280), 640);
    CU_ASSERT_EQUAL(log_orders_work(&given), 1);
    CU_ASSERT_EQUAL(log_orders_limit(&given, 1280), 1280);
    atomic_store(&given_replication.log_order.behind, 64);
    CU_ASSERT_EQUAL(log_orders_limit(&given, 1280), 1280);
    given_end();
}

static void
an_epoch_that_cannot_be_written_fails_the_log(void)
{
    given_server();
    txlog_close(&given.log);
    tempdir_remove(given.dirs.snap);
    given_order(LOG_ACCEPT_EPOCH, 5);
    CU_ASSERT(log_orders_work(&given) < 0);
    CU_ASSERT_EQUAL(atomic_load(&given_log.failed), ENOENT);
    CU_ASSERT_FALSE(given_is_answered());
    CU_ASSERT_EQUAL(atomic_load(&given_log.accepted_epoch), 0);
    tempdir_remove(given_dir);
}

/* --- the ensemble's id --------------------------------------------------- */

static struct identity
identity_on_disk(void)
{
    struct identity found = {.id = UINT64_MAX};
    struct data_error e;

    CU_ASSERT_EQUAL(identity_load(&found, given.dirs.snap, &e), 0);
    return found;
}

/* The answer to an order that names an id. */
static int
names(enum log_order kind, int64_t epoch, uint64_t id, bool is_confirmed)
{
    struct identity order = {id, epoch, is_confirmed};

    identity_share(&given_replication.log_order.identity, &order);
    return given_answer(kind, epoch);
}

static void
an_id_is_on_disk_when_its_epoch_is(void)
{
    given_server();
    CU_ASSERT_EQUAL(given_answer(LOG_ACCEPT_EPOCH, 5), 0);
    CU_ASSERT_EQUAL(identity_on_disk().id, 0);
    CU_ASSERT_EQUAL(names(LOG_CURRENT_EPOCH, 5, 0xa1, false), 0);
    CU_ASSERT_EQUAL(epochs_on_disk().current, 5);
    CU_ASSERT_EQUAL(identity_on_disk().id, 0xa1);
    CU_ASSERT_EQUAL(identity_on_disk().epoch, 5);
    CU_ASSERT_FALSE(identity_on_disk().is_confirmed);
    CU_ASSERT_EQUAL(names(LOG_IDENTITY, 5, 0xa1, true), 0);
    CU_ASSERT_TRUE(identity_on_disk().is_confirmed);
    given_log.identity.id = 0;
    given_successor();
    CU_ASSERT_EQUAL(atomic_load(&given_log.identity.id), 0xa1);
    CU_ASSERT_EQUAL(atomic_load(&given_log.identity.is_confirmed), 1);
    given_end();
}

/* An Apache leader names none; a new proposal takes the place of an old. */
static void
a_proposal_stays_until_another_comes(void)
{
    given_server();
    CU_ASSERT_EQUAL(given_answer(LOG_ACCEPT_EPOCH, 9), 0);
    CU_ASSERT_EQUAL(names(LOG_CURRENT_EPOCH, 5, 0xa1, false), 0);
    CU_ASSERT_EQUAL(names(LOG_CURRENT_EPOCH, 6, 0, false), 0);
    CU_ASSERT_EQUAL(identity_on_disk().id, 0xa1);
    CU_ASSERT_EQUAL(names(LOG_CURRENT_EPOCH, 9, 0xb2, false), 0);
    CU_ASSERT_EQUAL(identity_on_disk().id, 0xb2);
    CU_ASSERT_EQUAL(identity_on_disk().epoch, 9);
    given_end();
}

static void
a_confirmed_id_stays_for_good(void)
{
    given_server();
    CU_ASSERT_EQUAL(given_answer(LOG_ACCEPT_EPOCH, 9), 0);
    CU_ASSERT_EQUAL(names(LOG_IDENTITY, 5, 0xa1, true), 0);
    CU_ASSERT_EQUAL(names(LOG_CURRENT_EPOCH, 6, 0xa1, false), 0);
    CU_ASSERT_TRUE(identity_on_disk().is_confirmed);
    CU_ASSERT_EQUAL(identity_on_disk().epoch, 5);
    CU_ASSERT_EQUAL(names(LOG_CURRENT_EPOCH, 7, 0xb2, true), -EINVAL);
    CU_ASSERT_EQUAL(identity_on_disk().id, 0xa1);
    CU_ASSERT_EQUAL(epochs_on_disk().current, 6);
    given_end();
}

static void
an_id_that_cannot_be_written_fails_the_log(void)
{
    given_server();
    CU_ASSERT_EQUAL(given_answer(LOG_ACCEPT_EPOCH, 5), 0);
    txlog_close(&given.log);
    tempdir_remove(given.dirs.snap);
    atomic_store(&given_replication.log_order.identity.id, 0xa1);
    given_order(LOG_CURRENT_EPOCH, 5);
    CU_ASSERT(log_orders_work(&given) < 0);
    CU_ASSERT_EQUAL(atomic_load(&given_log.failed), ENOENT);
    CU_ASSERT_FALSE(given_is_answered());
    CU_ASSERT_EQUAL(atomic_load(&given_log.identity.id), 0);
    CU_ASSERT_EQUAL(atomic_load(&given_log.current_epoch), 0);
    tempdir_remove(given_dir);
}

static void
a_start_refuses_an_id_that_is_none(void)
{
    struct data_error e;
    char path[DATA_PATH_MAX];

    given_server();
    data_path(path, given.dirs.snap, IDENTITY_FILE);
    file_write(path, "zabd\n", 5);
    CU_ASSERT_EQUAL(log_start_end(&given, &e), -EINVAL);
    given.conf.member_count = 0; /* a server alone does not even look */
    CU_ASSERT_EQUAL(log_start_end(&given, &e), 0);
    given_end();
}

/* --- truncate ------------------------------------------------------------ */

static void
a_cut_log_goes_on_behind_the_cut(void)
{
    given_server();
    CU_ASSERT_EQUAL(given_answer(LOG_ACCEPT_EPOCH, 9), 0);
    given_appended(1, 9);
    CU_ASSERT_EQUAL(given_answer(LOG_TRUNCATE, 6), 0);
    CU_ASSERT_EQUAL(atomic_load(&given_log.durable_zxid), 6);
    given_appended(ZXID(1, 1), ZXID(1, 2));
    given_successor();
    CU_ASSERT_EQUAL(given.log.last, ZXID(1, 2));
    CU_ASSERT_EQUAL(txlog_find(given.dirs.log, 6), TXLOG_IN);
    CU_ASSERT_EQUAL(txlog_find(given.dirs.log, 7), TXLOG_BETWEEN);
    given_end();
}

/* 14.3: Apache keeps the next larger one; it is of another history. */
static void
a_cut_at_a_transaction_we_do_not_have_is_refused(void)
{
    given_server();
    given_appended(ZXID(1, 1), ZXID(1, 4));
    given_appended(ZXID(2, 1), ZXID(2, 3));
    CU_ASSERT_EQUAL(given_answer(LOG_TRUNCATE, ZXID(1, 7)), -ENOENT);
    CU_ASSERT_EQUAL(given_answer(LOG_TRUNCATE, ZXID(2, 9)), -ENOENT);
    CU_ASSERT_EQUAL(given.log.last, ZXID(2, 3));
    CU_ASSERT_EQUAL(txlog_find(given.dirs.log, ZXID(2, 3)), TXLOG_IN);
    given_end();
}

/* ZOOKEEPER-1154: the transaction that is named stays, all before it too. */
static void
a_cut_at_the_end_cuts_nothing(void)
{
    given_server();
    given_appended(1, 4);
    CU_ASSERT_EQUAL(given_answer(LOG_TRUNCATE, 4), 0);
    CU_ASSERT_EQUAL(txlog_find(given.dirs.log, 4), TXLOG_IN);
    CU_ASSERT_EQUAL(given.log.last, 4);
    given_end();
}

/* The log begins behind a snapshot, and all of it is of another history. */
static void
a_cut_at_the_base_leaves_an_empty_log(void)
{
    struct image_prepare ask = {.trusts_empty = false};

    given_server();
    CU_ASSERT_EQUAL(given_answer(LOG_ACCEPT_EPOCH, 9), 0);
    given_snapshot("snapshot", ZXID(3, 8), "/s");
    given_appended(ZXID(3, 9), ZXID(3, 12));
    CU_ASSERT_EQUAL(given_answer(LOG_TRUNCATE, ZXID(3, 8)), 0);
    CU_ASSERT_EQUAL(txlog_find(given.dirs.log, ZXID(3, 9)), TXLOG_BETWEEN);
    CU_ASSERT_EQUAL(given_prepared(&ask), 0);
    CU_ASSERT_EQUAL(ask.zxid, ZXID(3, 8));
    given_appended(ZXID(4, 1), ZXID(4, 1));
    given_successor();
    CU_ASSERT_EQUAL(given.log.last, ZXID(4, 1));
    given_end();
}

/*
 * As Apache leaves it when its leader's snapshot bridged a gap: the files
 * before that stay, those behind it go.
 */
static void
a_cut_at_a_snapshot_between_two_files_is_one_between_files(void)
{
    struct image_prepare ask = {.trusts_empty = false};

    given_server();
    CU_ASSERT_EQUAL(given_answer(LOG_ACCEPT_EPOCH, 9), 0);
    given_appended(ZXID(3, 1), ZXID(3, 4));
    CU_ASSERT_EQUAL(txlog_roll(&given.log), 0);
    given_snapshot("snapshot", ZXID(3, 8), "/s");
    given_appended(ZXID(3, 9), ZXID(3, 12));
    CU_ASSERT_EQUAL(given_answer(LOG_TRUNCATE, ZXID(3, 8)), 0);
    CU_ASSERT(given_has("log.300000001"));
    CU_ASSERT_FALSE(given_has("log.300000009"));
    CU_ASSERT_EQUAL(given_prepared(&ask), 0);
    CU_ASSERT_EQUAL(ask.zxid, ZXID(3, 8));
    given_successor();
    CU_ASSERT_EQUAL(given.log.last, ZXID(3, 8));
    given_end();
}

/* A leader without history answers us who claim none: all of ours goes. */
static void
a_cut_at_zero_leaves_nothing(void)
{
    struct image_prepare ask = {.trusts_empty = false};

    given_server();
    given_snapshot("snapshot", ZXID(3, 8), "/s");
    given_appended(ZXID(3, 9), ZXID(3, 12));
    CU_ASSERT_EQUAL(given_prepared(&ask), 0);
    CU_ASSERT_EQUAL(given_answer(LOG_TRUNCATE, 0), 0);
    CU_ASSERT_EQUAL(given_prepared(&ask), 0);
    CU_ASSERT_EQUAL(ask.origin, IMAGE_FRESH);
    CU_ASSERT_EQUAL(ask.zxid, 0);
    CU_ASSERT_EQUAL(atomic_load(&given_log.durable_zxid), 0);
    given_appended(ZXID(9, 1), ZXID(9, 1));
    given_end();
}

static void
a_cut_below_the_base_is_refused(void)
{
    given_server();
    given_snapshot("snapshot", ZXID(3, 8), "/s");
    given_appended(ZXID(3, 9), ZXID(3, 12));
    CU_ASSERT_EQUAL(given_answer(LOG_TRUNCATE, ZXID(3, 7)), -ENOENT);
    CU_ASSERT_EQUAL(given.log.last, ZXID(3, 12));
    given_end();
}

/* ZOOKEEPER-1549: a snapshot that holds more than the cut goes with it. */
static void
a_snapshot_behind_the_cut_goes(void)
{
    struct image_prepare ask = {.trusts_empty = false};

    given_server();
    given_snapshot("snapshot", 0, "/s");
    given_appended(1, 9);
    given_snapshot("snapshot", 8, "/wrong");
    CU_ASSERT_EQUAL(given_answer(LOG_TRUNCATE, 5), 0);
    CU_ASSERT_FALSE(given_has("snapshot.8.zst"));
    CU_ASSERT(given_has("snapshot.0.zst"));
    CU_ASSERT_EQUAL(given_prepared(&ask), 0);
    CU_ASSERT_EQUAL(ask.zxid, 5);
    given_end();
}

/*
 * ZOOKEEPER-1549, the image: one made by a start from Apache's files holds
 * all of the log.  The image process lets go of it first.
 */
static void
an_image_behind_the_cut_is_made_anew(void)
{
    struct image_prepare ask = {.trusts_empty = false};

    given_server();
    given_snapshot("snapshot", 0, "/s");
    given_appended(1, 9);
    CU_ASSERT_EQUAL(given_prepared(&ask), 0);
    CU_ASSERT_EQUAL(ask.zxid, 9);
    atomic_store(&given_image.is_at_work, 1);
    given_order(LOG_TRUNCATE, 5);
    CU_ASSERT_EQUAL(log_orders_work(&given), 0);
    CU_ASSERT(atomic_load(&given_log.replaced) & 1);
    CU_ASSERT_EQUAL(txlog_find(given.dirs.log, 9), TXLOG_IN);
    atomic_store(&given_image.is_at_work, 0);
    CU_ASSERT_EQUAL(log_orders_work(&given), 1);
    CU_ASSERT_EQUAL(atomic_load(&given_log.order_result), 0);
    CU_ASSERT_FALSE(atomic_load(&given_log.replaced) & 1);
    CU_ASSERT_EQUAL(given_prepared(&ask), 0);
    CU_ASSERT_EQUAL(ask.zxid, 5);
    given_end();
}

static void
an_image_that_nothing_could_replace_is_not_cut(void)
{
    struct image_prepare ask = {.trusts_empty = true};

    given_server();
    given_appended(1, 9);
    CU_ASSERT_EQUAL(given_prepared(&ask), 0);
    CU_ASSERT_EQUAL(given_answer(LOG_TRUNCATE, 5), -ENOENT);
    CU_ASSERT_EQUAL(txlog_find(given.dirs.log, 9), TXLOG_IN);
    CU_ASSERT(given_has("image"));
    given_end();
}

/* Newest first: what is left is a log without gaps, of the same history. */
static void
a_cut_that_stops_between_two_files_leaves_a_shorter_log(void)
{
    given_server();
    for (zxid_t z = 1; z <= 7; z += 3) {
        given_appended(z, z + 2);
        CU_ASSERT_EQUAL(txlog_roll(&given.log), 0);
    }
    removals_left = 1;
    given_order(LOG_TRUNCATE, 2);
    CU_ASSERT_EQUAL(log_orders_work(&given), -EIO);
    CU_ASSERT_EQUAL(atomic_load(&given_log.failed), EIO);
    CU_ASSERT_FALSE(given_is_answered());
    CU_ASSERT_FALSE(given_has("log.7"));
    given_next_server();
    CU_ASSERT_EQUAL(given.log.last, 6);
    CU_ASSERT_EQUAL(given_answer(LOG_TRUNCATE, 2), 0);
    CU_ASSERT_EQUAL(txlog_find(given.dirs.log, 2), TXLOG_IN);
    CU_ASSERT_EQUAL(given.log.last, 2);
    given_end();
}

/* Snapshots go before the log does: none is ever of more than the log. */
static void
a_cut_that_stops_between_two_snapshots_leaves_the_log_whole(void)
{
    given_server();
    given_snapshot("snapshot", 0, "/s");
    given_appended(1, 9);
    given_snapshot("snapshot", 6, "/wrong");
    given_snapshot("snapshot", 8, "/wrong");
    removals_left = 1;
    given_order(LOG_TRUNCATE, 5);
    CU_ASSERT_EQUAL(log_orders_work(&given), -EIO);
    CU_ASSERT(given_has("snapshot.6.zst"));
    CU_ASSERT_FALSE(given_has("snapshot.8.zst"));
    given_next_server();
    CU_ASSERT_EQUAL(given.log.last, 9);
    CU_ASSERT_EQUAL(given_answer(LOG_TRUNCATE, 5), 0);
    CU_ASSERT_FALSE(given_has("snapshot.6.zst"));
    CU_ASSERT(given_has("snapshot.0.zst"));
    CU_ASSERT_EQUAL(given.log.last, 5);
    given_end();
}

/* --- rebase -------------------------------------------------------------- */

static void
the_leaders_snapshot_replaces_everything(void)
{
    struct image_prepare ask = {.trusts_empty = false};

    given_server();
    given_snapshot("snapshot", 0, "/s");
    given_snapshot("snapshot", ZXID(9, 9), "/newer");
    given_appended(1, 9);
    given_snapshot(REBASE_TAKEN, ZXID(7, 2), "/theirs");
    CU_ASSERT_EQUAL(given_answer(LOG_REBASE, ZXID(7, 2)), 0);
    CU_ASSERT_FALSE(given_has("snapshot.0.zst"));
    CU_ASSERT_FALSE(given_has("snapshot.900000009.zst"));
    CU_ASSERT_FALSE(given_has("log.1"));
    CU_ASSERT_FALSE(given_has("rebase"));
    CU_ASSERT_EQUAL(atomic_load(&given_log.durable_zxid), ZXID(7, 2));
    CU_ASSERT_EQUAL(given_prepared(&ask), 0);
    CU_ASSERT_EQUAL(ask.origin, IMAGE_IMPORTED);
    CU_ASSERT_EQUAL(ask.zxid, ZXID(7, 2));
    CU_ASSERT_EQUAL(ask.nodes, FIRST_NODES + 1);
    given_end();
}

/* dataLogDir: what is to go lies in two directories. */
static void
a_log_directory_of_its_own_is_emptied_too(void)
{
    struct data_error e;
    struct datadir two;
    struct data_list logs;
    struct txlog l;
    char other[DATA_PATH_MAX];
    uint8_t room[256];

    given_server();
    tempdir_make(other);
    CU_ASSERT_EQUAL(datadir_open(&two, given_dir, other, true, &e), 0);
    CU_ASSERT_EQUAL(
        txlog_open(&l, two.log, &(struct txlog_options){0}, NULL, &e), 0);
    CU_ASSERT_EQUAL(txlog_append(&l, 1, given_txn(room, 1)), 0);
    CU_ASSERT_EQUAL(txlog_flush(&l), 0);
    txlog_close(&l);
    given_snapshot(REBASE_TAKEN, ZXID(7, 2), "/theirs");
    CU_ASSERT_EQUAL(rebase_look(&two, ZXID(7, 2)), REBASE_READY);
    CU_ASSERT_EQUAL(rebase(&two, ZXID(7, 2), &e), 0);
    CU_ASSERT_EQUAL(data_list_read(&logs, two.log, DATA_LOGS), 0);
    CU_ASSERT_EQUAL(logs.count, 0);
    CU_ASSERT_EQUAL(rebase_look(&two, ZXID(7, 2)), REBASE_DONE);
    data_list_free(&logs);
    datadir_close(&two);
    tempdir_remove(other);
    given_end();
}

/* The marker is durable and the power goes: any start does the rest. */
static void
a_start_finishes_a_rebase(void)
{
    struct image_prepare ask = {.trusts_empty = false};
    char path[DATA_PATH_MAX];

    given_server();
    CU_ASSERT_EQUAL(given_answer(LOG_ACCEPT_EPOCH, 7), 0);
    given_appended(1, 9);
    given_snapshot("snapshot", 0, "/s");
    CU_ASSERT_EQUAL(given_prepared(&ask), 0);
    given_snapshot(REBASE_TAKEN, ZXID(7, 2), "/theirs");
    data_path(path, given.dirs.snap, "rebase");
    CU_ASSERT_EQUAL(rebase_is_pending(&given.dirs), 0);
    file_write(path, "700000002\n", 10);
    CU_ASSERT_EQUAL(rebase_is_pending(&given.dirs), 1);
    txlog_close(&given.log);
    memset(&given_log, 0, sizeof given_log);
    CU_ASSERT_EQUAL(given_start(1), 0);
    CU_ASSERT_EQUAL(rebase_is_pending(&given.dirs), 0);
    CU_ASSERT_FALSE(given_has("rebase"));
    CU_ASSERT_FALSE(given_has("log.1"));
    CU_ASSERT_FALSE(given_has("image"));
    CU_ASSERT_EQUAL(given.log.last, ZXID(7, 2));
    CU_ASSERT_EQUAL(atomic_load(&given_log.exact_zxid), INT64_MAX);
    CU_ASSERT_EQUAL(given_prepared(&ask), 0);
    CU_ASSERT_EQUAL(ask.zxid, ZXID(7, 2));
    given_end();
}

static void
a_rebase_that_stops_halfway_is_finished_by_the_next_start(void)
{
    for (int removed = 0; removed < 4; removed++) { /* logs, then snapshots */
        given_server();
        CU_ASSERT_EQUAL(given_answer(LOG_ACCEPT_EPOCH, 7), 0);
        given_appended(1, 3);
        CU_ASSERT_EQUAL(txlog_roll(&given.log), 0);
        given_appended(4, 6);
        given_snapshot("snapshot", 0, "/s");
        given_snapshot("snapshot", 5, "/s");
        given_snapshot(REBASE_TAKEN, ZXID(7, 2), "/theirs");
        removals_left = removed;
        given_order(LOG_REBASE, ZXID(7, 2));
        CU_ASSERT_EQUAL(log_orders_work(&given), -EIO);
        CU_ASSERT_EQUAL(atomic_load(&given_log.failed), EIO);
        CU_ASSERT(given_has("rebase"));
        given_next_server();
        CU_ASSERT_FALSE(given_has("rebase"));
        CU_ASSERT_FALSE(given_has("log.1"));
        CU_ASSERT_FALSE(given_has("snapshot.0.zst"));
        CU_ASSERT(given_has("snapshot.700000002.zst"));
        CU_ASSERT_EQUAL(given.log.last, ZXID(7, 2));
        given_end();
    }
}

static void
a_marker_that_says_nothing_stops_the_start(void)
{
    char path[DATA_PATH_MAX];

    given_server();
    data_path(path, given.dirs.snap, "rebase");
    file_write(path, "700000002", 9);
    txlog_close(&given.log);
    CU_ASSERT_EQUAL(given_start(1), -EBADMSG);
    file_write(path, "\n", 1);
    CU_ASSERT_EQUAL(given_start(1), -EBADMSG);
    tempdir_remove(given_dir);
}

/* Somebody took it away meanwhile: what there is stays. */
static void
a_marker_without_its_snapshot_stops_the_start(void)
{
    char path[DATA_PATH_MAX];

    given_server();
    given_appended(1, 9);
    txlog_close(&given.log);
    data_path(path, given.dirs.snap, "rebase");
    file_write(path, "700000002\n", 10);
    CU_ASSERT_EQUAL(given_start(1), -ENOENT);
    CU_ASSERT_EQUAL(txlog_find(given.dirs.log, 9), TXLOG_IN);
    CU_ASSERT(given_has("rebase"));
    tempdir_remove(given_dir);
}

static void
without_the_snapshot_nothing_is_replaced(void)
{
    given_server();
    given_appended(1, 9);
    CU_ASSERT_EQUAL(given_answer(LOG_REBASE, ZXID(7, 2)), -ENOENT);
    CU_ASSERT_EQUAL(given.log.last, 9);
    CU_ASSERT_EQUAL(txlog_find(given.dirs.log, 9), TXLOG_IN);
    given_end();
}

/* The ring may still hold what the snapshot has: it is not logged again. */
static void
after_a_rebase_a_successor_knows_the_base(void)
{
    given_server();
    CU_ASSERT_EQUAL(given_answer(LOG_ACCEPT_EPOCH, 9), 0);
    given_appended(1, 9);
    given_snapshot(REBASE_TAKEN, ZXID(7, 2), "/theirs");
    CU_ASSERT_EQUAL(given_answer(LOG_REBASE, ZXID(7, 2)), 0);
    given_successor();
    CU_ASSERT_EQUAL(given.log.last, ZXID(7, 2));
    given_appended(ZXID(7, 3), ZXID(7, 4));
    given_successor();
    CU_ASSERT_EQUAL(given.log.last, ZXID(7, 4));
    given_end();
}

/* The successor of one that died before it could answer does it again. */
static void
an_unanswered_order_is_done_again(void)
{
    struct data_error e;

    given_server();
    CU_ASSERT_EQUAL(given_answer(LOG_ACCEPT_EPOCH, 9), 0);
    given_appended(1, 9);
    given_snapshot(REBASE_TAKEN, ZXID(7, 2), "/theirs");
    given_order(LOG_REBASE, ZXID(7, 2));
    atomic_store(&given_log.replaced, 1);
    CU_ASSERT_EQUAL(rebase(&given.dirs, ZXID(7, 2), &e), 0);
    given_successor();
    CU_ASSERT_EQUAL(atomic_load(&given_log.replaced), 2);
    while (!given_is_answered())
        CU_ASSERT_EQUAL(log_orders_work(&given), 1);
    CU_ASSERT_EQUAL(atomic_load(&given_log.order_result), 0);
    CU_ASSERT_EQUAL(given.log.last, ZXID(7, 2));

    given_appended(ZXID(7, 3), ZXID(7, 9));
    given_order(LOG_TRUNCATE, ZXID(7, 5));
    CU_ASSERT_EQUAL(txlog_roll(&given.log), 0);
    CU_ASSERT_EQUAL(txlog_truncate(given.dirs.log, ZXID(7, 5), false, &e), 0);
    given_successor();
    CU_ASSERT_EQUAL(log_orders_work(&given), 1);
    CU_ASSERT_EQUAL(atomic_load(&given_log.order_result), 0);
    CU_ASSERT_EQUAL(given.log.last, ZXID(7, 5));
    given_end();
}

/*
 * A fuzzy snapshot is exact once the leader's whole history is on disk, which
 * is when its epoch is taken over.
 */
static void
the_image_is_exact_from_the_new_epoch_on(void)
{
    given_server();
    given_snapshot(REBASE_TAKEN, ZXID(7, 2), "/theirs");
    CU_ASSERT_EQUAL(given_answer(LOG_ACCEPT_EPOCH, 8), 0);
    CU_ASSERT_EQUAL(given_answer(LOG_REBASE, ZXID(7, 2)), 0);
    CU_ASSERT_EQUAL(atomic_load(&given_log.exact_zxid), INT64_MAX);
    given_appended(ZXID(7, 3), ZXID(7, 6));
    CU_ASSERT_EQUAL(given_answer(LOG_CURRENT_EPOCH, 8), 0);
    CU_ASSERT_EQUAL(atomic_load(&given_log.exact_zxid), ZXID(7, 6));
    given_appended(ZXID(8, 1), ZXID(8, 1));
    CU_ASSERT_EQUAL(given_answer(LOG_CURRENT_EPOCH, 8), 0);
    CU_ASSERT_EQUAL(atomic_load(&given_log.exact_zxid), ZXID(7, 6));
    given_end();
}

/*
 * ZOOKEEPER-2307: the history is durable, the crash came before its epoch
 * was.  Holding the snapshot is holding all of that epoch's beginning.
 */
static void
an_epoch_behind_the_snapshot_is_raised_at_the_start(void)
{
    given_server();
    given_snapshot(REBASE_TAKEN, ZXID(7, 0), "/theirs");
    CU_ASSERT_EQUAL(given_answer(LOG_ACCEPT_EPOCH, 7), 0);
    CU_ASSERT_EQUAL(given_answer(LOG_REBASE, ZXID(7, 0)), 0);
    CU_ASSERT_EQUAL(epochs_on_disk().current, 0);
    txlog_close(&given.log);
    memset(&given_log, 0, sizeof given_log);
    CU_ASSERT_EQUAL(given_start(1), 0);
    CU_ASSERT_EQUAL(atomic_load(&given_log.current_epoch), 7);
    given_end();
}

/*
 * The first log process was killed while it started: nobody has worked yet, so
 * its successor asks image and snapshots, as it would have done.
 */
static void
a_start_that_was_cut_short_is_still_the_first(void)
{
    struct image_prepare ask = {.exact = INT64_MAX};

    given_server();
    CU_ASSERT_EQUAL(given_answer(LOG_ACCEPT_EPOCH, 7), 0);
    given_snapshot("snapshot", ZXID(7, 2), "/theirs");
    CU_ASSERT_EQUAL(given_prepared(&ask), 0);
    given_snapshot(REBASE_TAKEN, ZXID(7, 2), "/half");
    txlog_close(&given.log);
    memset(&given_log, 0, sizeof given_log);
    CU_ASSERT_EQUAL(given_start(2), 0);
    CU_ASSERT_EQUAL(given.log.last, ZXID(7, 2));
    CU_ASSERT_EQUAL(atomic_load(&given_log.durable_zxid), ZXID(7, 2));
    CU_ASSERT_EQUAL(atomic_load(&given_log.current_epoch), 7);
    CU_ASSERT_EQUAL(atomic_load(&given_log.exact_zxid), INT64_MAX);
    CU_ASSERT_FALSE(given_has("taken.700000002.zst"));
    given_end();
}

/* The server starts anew, on what lies there. */
static void
given_restart(void)
{
    txlog_close(&given.log);
    memset(&given_log, 0, sizeof given_log);
    atomic_store(&given_super.life[PROC_REPLICATION], 0);
    CU_ASSERT_EQUAL(given_start(1), 0);
}

/*
 * A backup is often a snapshot alone, and Apache takes one when it begins to
 * lead, before there is a transaction.  The image that is made of it is on disk
 * before anybody votes.
 */
static void
a_snapshot_that_is_all_there_is_counts_as_durable(void)
{
    struct image_prepare ask = {.trusts_empty = false};

    given_server();
    CU_ASSERT_EQUAL(given_answer(LOG_ACCEPT_EPOCH, 7), 0);
    given_snapshot("snapshot", ZXID(7, 0), "/s");
    given_appended(1, 4);
    given_restart();
    CU_ASSERT_EQUAL(atomic_load(&given_log.durable_zxid), ZXID(7, 0));
    CU_ASSERT_EQUAL(atomic_load(&given_log.current_epoch), 7);
    CU_ASSERT_EQUAL(atomic_load(&given_log.exact_zxid), INT64_MAX);
    CU_ASSERT_EQUAL(given_prepared(&ask), 0);
    CU_ASSERT_EQUAL(ask.zxid, ZXID(7, 0));
    given_end();
}

/*
 * Apache ran here for long, and the image of before goes on nowhere: the start
 * makes another, of whose end nobody knows whether it is committed.
 */
static void
an_image_that_a_start_replaces_says_nothing(void)
{
    struct image_prepare ask = {.trusts_empty = false};
    struct image image;

    given_server();
    CU_ASSERT_EQUAL(given_answer(LOG_ACCEPT_EPOCH, 9), 0);
    given_snapshot("snapshot", 0, "/s");
    given_appended(1, 4);
    CU_ASSERT_EQUAL(given_prepared(&ask), 0);
    given_restart();
    CU_ASSERT_EQUAL(atomic_load(&given_log.exact_zxid), 0);

    CU_ASSERT_EQUAL(txlog_truncate(given.dirs.log, 0, true, NULL), 0);
    given_snapshot("snapshot", ZXID(3, 8), "/s");
    given_appended(ZXID(3, 9), ZXID(3, 12));
    given_restart();
    CU_ASSERT_EQUAL(given.log.last, ZXID(3, 12));
    CU_ASSERT_EQUAL(atomic_load(&given_log.exact_zxid), INT64_MAX);
    ask.exact = atomic_load(&given_log.exact_zxid);
    CU_ASSERT_EQUAL(given_prepared(&ask), 0);
    CU_ASSERT_EQUAL(ask.zxid, ZXID(3, 12));
    CU_ASSERT_EQUAL(image_open(&image, given.dirs.image, IMAGE_READ, NULL), 0);
    CU_ASSERT_EQUAL(image_committed(&image), 0);
    image_close(&image);
    given_end();
}

/* Nor does a log alone, when it is trusted without a snapshot. */
static void
an_image_of_the_log_alone_is_not_known_to_be_committed(void)
{
    struct image_prepare ask = {.trusts_empty = true};
    struct image image;

    given_server();
    given_appended(1, 4);
    given_restart();
    CU_ASSERT_EQUAL(atomic_load(&given_log.exact_zxid), INT64_MAX);
    ask.exact = atomic_load(&given_log.exact_zxid);
    CU_ASSERT_EQUAL(given_prepared(&ask), 0);
    CU_ASSERT_EQUAL(image_open(&image, given.dirs.image, IMAGE_READ, NULL), 0);
    CU_ASSERT_EQUAL(image.meta.zxid, 4);
    CU_ASSERT_EQUAL(image_committed(&image), 0);
    image_close(&image);
    given_end();
}

static void
what_was_taken_and_never_used_goes_at_a_start(void)
{
    given_server();
    given_snapshot(REBASE_TAKEN, ZXID(7, 2), "/theirs");
    given_successor(); /* replication lives and may need it */
    CU_ASSERT(given_has("taken.700000002.zst"));
    txlog_close(&given.log);
    atomic_store(&given_super.life[PROC_REPLICATION], 0);
    CU_ASSERT_EQUAL(given_start(1), 0);
    CU_ASSERT_FALSE(given_has("taken.700000002.zst"));
    CU_ASSERT_EQUAL(given.log.last, 0);
    given_end();
}

UNIT_SUITE(log_orders)
{
    unit_suite("log_orders");
    UNIT(an_epoch_is_durable_when_it_is_answered);
    UNIT(a_server_alone_leaves_the_epochs_alone);
    UNIT(epochs_never_fall_nor_run_ahead_of_the_promise);
    UNIT(an_epoch_waits_for_the_history_before_it);
    UNIT(what_comes_behind_an_order_waits_for_it);
    UNIT(an_epoch_that_cannot_be_written_fails_the_log);
    UNIT(an_id_is_on_disk_when_its_epoch_is);
    UNIT(a_proposal_stays_until_another_comes);
    UNIT(a_confirmed_id_stays_for_good);
    UNIT(an_id_that_cannot_be_written_fails_the_log);
    UNIT(a_start_refuses_an_id_that_is_none);
    UNIT(a_cut_log_goes_on_behind_the_cut);
    UNIT(a_cut_at_a_transaction_we_do_not_have_is_refused);
    UNIT(a_cut_at_the_end_cuts_nothing);
    UNIT(a_cut_at_the_base_leaves_an_empty_log);
    UNIT(a_cut_at_a_snapshot_between_two_files_is_one_between_files);
    UNIT(a_cut_at_zero_leaves_nothing);
    UNIT(a_cut_below_the_base_is_refused);
    UNIT(a_snapshot_behind_the_cut_goes);
    UNIT(an_image_behind_the_cut_is_made_anew);
    UNIT(an_image_that_nothing_could_replace_is_not_cut);
    UNIT(a_cut_that_stops_between_two_files_leaves_a_shorter_log);
    UNIT(a_cut_that_stops_between_two_snapshots_leaves_the_log_whole);
    UNIT(the_leaders_snapshot_replaces_everything);
    UNIT(a_log_directory_of_its_own_is_emptied_too);
    UNIT(a_start_finishes_a_rebase);
    UNIT(a_rebase_that_stops_halfway_is_finished_by_the_next_start);
    UNIT(a_marker_that_says_nothing_stops_the_start);
    UNIT(a_marker_without_its_snapshot_stops_the_start);
    UNIT(without_the_snapshot_nothing_is_replaced);
    UNIT(after_a_rebase_a_successor_knows_the_base);
    UNIT(an_unanswered_order_is_done_again);
    UNIT(the_image_is_exact_from_the_new_epoch_on);
    UNIT(an_epoch_behind_the_snapshot_is_raised_at_the_start);
    UNIT(a_start_that_was_cut_short_is_still_the_first);
    UNIT(a_snapshot_that_is_all_there_is_counts_as_durable);
    UNIT(an_image_that_a_start_replaces_says_nothing);
    UNIT(an_image_of_the_log_alone_is_not_known_to_be_committed);
    UNIT(what_was_taken_and_never_used_goes_at_a_start);
}
