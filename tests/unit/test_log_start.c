/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about storage/log/log_start.c: what a start makes of what it finds.
 */
#include <errno.h>

#include "tests/unit/log_given.h"

/* --- epochs and the id --------------------------------------------------- */

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
    CU_ASSERT_EQUAL(given_epochs().current, 0);
    given_restart();
    CU_ASSERT_EQUAL(atomic_load(&given_log.current_epoch), 7);
    given_end();
}

/* --- db.autocreate=false -------------------------------------------------- */

/* A start on nothing, by an operator who says `initialize` or does not. */
static void
given_emptied(bool has_marker)
{
    char path[DATA_PATH_MAX];

    given_server();
    txlog_close(&given.log);
    tempdir_remove(given.dirs.snap);
    CU_ASSERT_EQUAL(mkdir(given.dirs.snap, 0750), 0);
    data_path(path, given_dir, "initialize");
    if (has_marker)
        file_write(path, "", 0);
    memset(&given_log, 0, sizeof given_log);
    given.conf.db_autocreate = false;
    CU_ASSERT_EQUAL(given_start(1), 0);
}

static int64_t
current(void)
{
    return atomic_load(&given_log.current_epoch);
}

/* It may have lost what it acknowledged. */
static void
who_is_empty_is_to_be_filled(void)
{
    given_emptied(false);
    CU_ASSERT_EQUAL(current(), EPOCH_NONE);
    CU_ASSERT_EQUAL(atomic_load(&given_log.accepted_epoch), 0);
    given_end();
}

/* ... and is that for as long as it takes, whatever it has by then. */
static void
a_start_in_the_middle_of_being_filled_is_no_other(void)
{
    struct image_prepare ask = {.trusts_empty = false};

    given_emptied(false);
    CU_ASSERT_EQUAL(given_prepared(&ask), 0); /* an empty image */
    given_restart();
    CU_ASSERT_EQUAL(current(), EPOCH_NONE);
    CU_ASSERT_EQUAL(given_answer(LOG_ACCEPT_EPOCH, 7), 0);
    given_snapshot(REBASE_TAKEN, ZXID(7, 0), "/theirs");
    CU_ASSERT_EQUAL(given_answer(LOG_REBASE, ZXID(7, 0)), 0);
    given_successor();
    CU_ASSERT_EQUAL(current(), EPOCH_NONE);
    given_restart();
    CU_ASSERT_EQUAL(current(), EPOCH_NONE);
    CU_ASSERT_EQUAL(given.log.last, ZXID(7, 0));
    CU_ASSERT_EQUAL(given_answer(LOG_CURRENT_EPOCH, 7), 0);
    given_restart();
    CU_ASSERT_EQUAL(current(), 7);
    given_end();
}

/* The image process takes the marker when the empty image is durable. */
static void
who_may_begin_with_nothing_has_begun(void)
{
    struct image_prepare ask = {.trusts_empty = false};

    given_emptied(true);
    CU_ASSERT_EQUAL(current(), 0);
    CU_ASSERT_EQUAL(given_prepared(&ask), 0);
    CU_ASSERT_EQUAL(datadir_take_initialize(&given.dirs), 0);
    given_restart();
    CU_ASSERT_EQUAL(current(), 0);
    given_end();
}

/* Apache does not start then: its epoch is older than its zxid. */
static void
a_marker_that_comes_later_helps(void)
{
    struct image_prepare ask = {.trusts_empty = false};
    char path[DATA_PATH_MAX];

    given_emptied(false);
    CU_ASSERT_EQUAL(given_prepared(&ask), 0);
    data_path(path, given_dir, "initialize");
    file_write(path, "", 0);
    given_restart();
    CU_ASSERT_EQUAL(current(), 0);
    given_end();
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

/* --- a leader's snapshot that was taken ---------------------------------- */

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
    given_restart();
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

/* --- what is known to be committed --------------------------------------- */

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

UNIT_SUITE(log_start)
{
    unit_suite("log_start");
    UNIT(a_server_alone_leaves_the_epochs_alone);
    UNIT(an_epoch_behind_the_snapshot_is_raised_at_the_start);
    UNIT(who_is_empty_is_to_be_filled);
    UNIT(a_start_in_the_middle_of_being_filled_is_no_other);
    UNIT(who_may_begin_with_nothing_has_begun);
    UNIT(a_marker_that_comes_later_helps);
    UNIT(a_start_refuses_an_id_that_is_none);
    UNIT(a_start_that_was_cut_short_is_still_the_first);
    UNIT(a_start_finishes_a_rebase);
    UNIT(a_marker_that_says_nothing_stops_the_start);
    UNIT(a_marker_without_its_snapshot_stops_the_start);
    UNIT(what_was_taken_and_never_used_goes_at_a_start);
    UNIT(a_snapshot_that_is_all_there_is_counts_as_durable);
    UNIT(an_image_that_a_start_replaces_says_nothing);
    UNIT(an_image_of_the_log_alone_is_not_known_to_be_committed);
}
