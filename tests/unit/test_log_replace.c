/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about storage/log/log_replace.c: a cut, and a leader's snapshot in the
 * place of everything.
 */
#include <dirent.h>
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

static uint32_t sudden_looks; /* before it was said that the disk is used */
static int looks_left = -1;   /* likewise, into directories */

/* Likewise. */
DIR *
opendir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (atomic_load(&given_log.proc.disk_since_ms) == 0)
        sudden_looks++;
    if (looks_left == 0) {
        close(fd);
        errno = EMFILE;
        return NULL;
    }
    looks_left -= looks_left > 0;
    return fd < 0 ? NULL : fdopendir(fd);
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

/* On a slow disk the look before it takes longer than a process may hang. */
static void
a_cut_uses_the_disk_from_its_first_look_on(void)
{
    given_server();
    given_appended(1, 9);
    given_order(LOG_TRUNCATE, 6);
    sudden_looks = 0;
    CU_ASSERT_EQUAL(log_orders_work(&given), 1);
    CU_ASSERT_EQUAL(sudden_looks, 0);
    CU_ASSERT_EQUAL(atomic_load(&given_log.proc.disk_since_ms), 0);
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

/* Who does not have that place gives up all it has for a snapshot. */
static void
a_cut_that_could_not_look_does_not_say_that_there_is_nothing(void)
{
    struct image_prepare ask = {.trusts_empty = false};

    given_server();
    given_snapshot("snapshot", 0, "/s");
    given_appended(1, 9);
    CU_ASSERT_EQUAL(given_prepared(&ask), 0);
    for (int looks = 0; looks < 2; looks++) { /* at the log, at snapshots */
        looks_left = looks;
        CU_ASSERT_EQUAL(given_answer(LOG_TRUNCATE, 5), -EMFILE);
        looks_left = -1;
    }
    CU_ASSERT_EQUAL(given.log.last, 9);
    CU_ASSERT_EQUAL(given_answer(LOG_TRUNCATE, 5), 0);
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
    removals_left = -1;
    given_restart();
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
    removals_left = -1;
    given_restart();
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
        removals_left = -1;
        given_restart();
        CU_ASSERT_FALSE(given_has("rebase"));
        CU_ASSERT_FALSE(given_has("log.1"));
        CU_ASSERT_FALSE(given_has("snapshot.0.zst"));
        CU_ASSERT(given_has("snapshot.700000002.zst"));
        CU_ASSERT_EQUAL(given.log.last, ZXID(7, 2));
        given_end();
    }
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

UNIT_SUITE(log_replace)
{
    unit_suite("log_replace");
    UNIT(a_cut_log_goes_on_behind_the_cut);
    UNIT(a_cut_uses_the_disk_from_its_first_look_on);
    UNIT(a_cut_at_a_transaction_we_do_not_have_is_refused);
    UNIT(a_cut_at_the_end_cuts_nothing);
    UNIT(a_cut_at_the_base_leaves_an_empty_log);
    UNIT(a_cut_at_a_snapshot_between_two_files_is_one_between_files);
    UNIT(a_cut_at_zero_leaves_nothing);
    UNIT(a_cut_below_the_base_is_refused);
    UNIT(a_cut_that_could_not_look_does_not_say_that_there_is_nothing);
    UNIT(a_snapshot_behind_the_cut_goes);
    UNIT(an_image_behind_the_cut_is_made_anew);
    UNIT(an_image_that_nothing_could_replace_is_not_cut);
    UNIT(a_cut_that_stops_between_two_files_leaves_a_shorter_log);
    UNIT(a_cut_that_stops_between_two_snapshots_leaves_the_log_whole);
    UNIT(the_leaders_snapshot_replaces_everything);
    UNIT(a_log_directory_of_its_own_is_emptied_too);
    UNIT(a_rebase_that_stops_halfway_is_finished_by_the_next_start);
    UNIT(without_the_snapshot_nothing_is_replaced);
    UNIT(after_a_rebase_a_successor_knows_the_base);
    UNIT(an_unanswered_order_is_done_again);
    UNIT(the_image_is_exact_from_the_new_epoch_on);
}
