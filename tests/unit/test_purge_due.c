/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about storage/image/purge_due.c: when old files go. */
#include "daemon/clock.h"
#include "storage/image/image_proc.h"
#include "tests/unit/tempdir.h"
#include "tests/unit/unit.h"

enum { HOUR = 3600 * 1000 };

static struct image_proc p;
static char base[DATA_PATH_MAX];

static void
given_snapshots(zxid_t from, zxid_t to)
{
    for (zxid_t z = from; z <= to; z++) {
        struct snapfile_writer w;

        CU_ASSERT_EQUAL(snapfile_writer_open(&w, p.dirs.snap, z, SNAP_ZSTD), 0);
        CU_ASSERT_EQUAL(snapfile_writer_end(&w, z, 0), 0);
    }
}

/* A process that has just begun, five snapshots, three of which may stay. */
static void
given_too_many(int64_t interval_ms)
{
    struct data_error e;

    tempdir_make(base);
    p = (struct image_proc){
        .conf = {.autopurge_interval_ms = interval_ms, .autopurge_retain = 3}};
    CU_ASSERT_EQUAL_FATAL(datadir_open(&p.dirs, base, NULL, true, &e), 0);
    given_snapshots(1, 5);
}

static size_t
count(void)
{
    struct data_list list;
    size_t n;

    CU_ASSERT_EQUAL(data_list_read(&list, p.dirs.snap, DATA_SNAPSHOTS), 0);
    n = list.count;
    data_list_free(&list);
    return n;
}

static void
done(void)
{
    datadir_close(&p.dirs);
    tempdir_remove(base);
}

static void
old_files_go_at_once_and_then_each_interval(void)
{
    given_too_many(HOUR);
    purge_due_work(&p);
    CU_ASSERT_EQUAL(count(), 3);
    given_snapshots(6, 7);
    p.purged_at = clock_mono_ms() - HOUR / 2;
    purge_due_work(&p);
    CU_ASSERT_EQUAL(count(), 5);
    p.purged_at = clock_mono_ms() - HOUR;
    purge_due_work(&p);
    CU_ASSERT_EQUAL(count(), 3);
    done();
}

static void
nothing_goes_where_that_is_off(void)
{
    given_too_many(0);
    purge_due_work(&p);
    CU_ASSERT_EQUAL(count(), 5);
    done();
}

/* The disk has enough to do; and then at once. */
static void
nothing_goes_beside_a_snapshot(void)
{
    given_too_many(HOUR);
    p.snapshot.stream.image = &p.image;
    purge_due_work(&p);
    CU_ASSERT_EQUAL(count(), 5);
    p.snapshot.stream.image = NULL;
    purge_due_work(&p);
    CU_ASSERT_EQUAL(count(), 3);
    done();
}

UNIT_SUITE(purge_due)
{
    unit_suite("purge_due");
    UNIT(old_files_go_at_once_and_then_each_interval);
    UNIT(nothing_goes_where_that_is_off);
    UNIT(nothing_goes_beside_a_snapshot);
}
