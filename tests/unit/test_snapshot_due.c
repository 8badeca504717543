/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about storage/image/snapshot_due.c: when a snapshot is taken. */
#include <errno.h>

#include "daemon/clock.h"
#include "storage/image/image_proc.h"
#include "storage/log/epoch.h"
#include "tests/unit/tempdir.h"
#include "tests/unit/unit.h"

enum { NODES = 20000, REST = 49, BUSY = 200000, PIECE = 1024 * 1024 };

static struct shm_super super;
static struct shm_replication replication;
static struct shm_image shared;
static struct shm_log logged;
static struct shm shm;
static struct image_proc p;
static char base[DATA_PATH_MAX];

/* An image of NODES nodes, at transaction BUSY; a snapshot at the first. */
static void
given_image(bool has_snapshot)
{
    struct image_prepare ask = {0};
    struct znode_stat stat = {.czxid = 1};
    struct snapfile_writer w;
    struct data_error e;
    char path[32];

    tempdir_make(base);
    p = (struct image_proc){.shm = &shm, .snapshot = {.writer = {.fd = -1}}};
    shm = (struct shm){.super = &super,
                       .replication = &replication,
                       .image = &shared,
                       .log = &logged};
    atomic_store(&replication.proc.is_ready, 1);
    p.conf.snap_count = 100000;
    CU_ASSERT_EQUAL_FATAL(datadir_open(&p.dirs, base, NULL, true, &e), 0);
    CU_ASSERT_EQUAL_FATAL(image_prepare(&p.dirs, &ask, &e), 0);
    CU_ASSERT_EQUAL_FATAL(image_open(&p.image, p.dirs.image, IMAGE_WRITE, &e),
                          0);
    CU_ASSERT_EQUAL_FATAL(image_batch_init(&p.batch, &p.image), 0);
    for (int i = 0; i < NODES; i++) {
        snprintf(path, sizeof path, "/n%d", i);
        CU_ASSERT_EQUAL(image_batch_put_node(&p.batch, bytes_of(path),
                                             bytes_of("x"), BYTES_NULL, &stat),
                        0);
    }
    CU_ASSERT_EQUAL(image_batch_commit(&p.batch, BUSY), 0);
    if (!has_snapshot)
        return;
    CU_ASSERT_EQUAL(snapfile_writer_open(&w, p.dirs.snap, 1, SNAP_ZSTD), 0);
    CU_ASSERT_EQUAL(snapfile_writer_end(&w, 1, 0), 0);
}

static void
done(void)
{
    image_snapshot_abort(&p.snapshot);
    image_batch_deinit(&p.batch);
    image_close(&p.image);
    datadir_close(&p.dirs);
    tempdir_remove(base);
}

/* `ms` have gone by since the last snapshot ended. */
static bool
is_taken_after(mono_ms_t ms)
{
    p.snapshot_ended = clock_mono_ms() - ms;
    return snapshot_due_work(&p);
}

/*
 * A server that was just started is busy enough, and nobody knows yet what a
 * snapshot costs it.
 */
static void
the_first_snapshot_keeps_to_its_share_too(void)
{
    given_image(true);
    snapshot_due_plan(&p);
    CU_ASSERT(p.txns >= p.txns_wanted);
    CU_ASSERT_FALSE(snapshot_due_work(&p));
    CU_ASSERT_TRUE(is_taken_after(REST * NODES / 1000));
    done();
}

/* A server that began empty and is filled: what there was says nothing. */
static void
the_rest_is_that_of_what_the_tree_is_now(void)
{
    given_image(true);
    snapshot_due_plan(&p);
    p.snapshot_ms = 1; /* the last one, of hardly anything */
    CU_ASSERT_FALSE(is_taken_after(REST * 10));
    p.snapshot_ms = 40; /* a slow disk */
    CU_ASSERT_FALSE(is_taken_after(REST * NODES / 1000));
    CU_ASSERT_TRUE(is_taken_after(REST * 40));
    done();
}

static void
a_snapshot_that_a_start_may_need_does_not_wait(void)
{
    given_image(false);
    snapshot_due_plan(&p);
    CU_ASSERT_TRUE(snapshot_due_work(&p));
    done();
    given_image(true);
    p.is_ahead = true; /* the log ends before the image */
    snapshot_due_plan(&p);
    CU_ASSERT_TRUE(snapshot_due_work(&p));
    done();
}

/* It would be taken for the data of a server that has its own. */
static void
who_waits_for_a_leaders_data_takes_none(void)
{
    given_image(false);
    atomic_store(&logged.current_epoch, EPOCH_NONE);
    snapshot_due_plan(&p);
    CU_ASSERT_FALSE(snapshot_due_work(&p));
    atomic_store(&logged.current_epoch, 1);
    CU_ASSERT_TRUE(snapshot_due_work(&p));
    done();
}

/* A full disk, all the time. */
static void
a_snapshot_that_fails_is_followed_by_a_rest_too(void)
{
    given_image(false);
    snapshot_due_plan(&p);
    CU_ASSERT_TRUE(snapshot_due_work(&p));
    p.snapshot_us += 1000000;
    p.snapshot.writer.failed = -ENOSPC;
    while (snapshot_due_work(&p))
        ;
    CU_ASSERT_FALSE(image_snapshot_is_running(&p.snapshot));
    CU_ASSERT(p.snapshot_ms >= 1000);
    p.txns = BUSY;
    CU_ASSERT_FALSE(is_taken_after(REST * 900));
    CU_ASSERT_TRUE(is_taken_after(p.snapshot_ms * REST));
    done();
}

/* The disk is the log's meanwhile. */
static void
a_snapshot_rests_behind_each_piece(void)
{
    mono_ms_t began = clock_mono_ms();

    given_image(false);
    snapshot_due_plan(&p);
    CU_ASSERT_TRUE(snapshot_due_work(&p));
    p.snapshot.writer.written = PIECE; /* the next write ends it */
    while (p.snapshot.writer.pushed == 0 &&
           image_snapshot_is_running(&p.snapshot))
        (void)snapshot_due_work(&p);
    CU_ASSERT_TRUE_FATAL(image_snapshot_is_running(&p.snapshot));
    CU_ASSERT(p.snapshot_goes_on > began);
    p.snapshot_goes_on = clock_mono_ms() + 60000;
    CU_ASSERT_FALSE(snapshot_due_work(&p));
    p.snapshot_goes_on = clock_mono_ms();
    CU_ASSERT_TRUE(snapshot_due_work(&p));
    done();
}

UNIT_SUITE(snapshot_due)
{
    unit_suite("snapshot_due");
    UNIT(the_first_snapshot_keeps_to_its_share_too);
    UNIT(the_rest_is_that_of_what_the_tree_is_now);
    UNIT(a_snapshot_that_a_start_may_need_does_not_wait);
    UNIT(who_waits_for_a_leaders_data_takes_none);
    UNIT(a_snapshot_that_fails_is_followed_by_a_rest_too);
    UNIT(a_snapshot_rests_behind_each_piece);
}
