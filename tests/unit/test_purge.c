/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about storage/image/purge.c: it never takes what a start needs. */
#include "storage/image/purge.h"

#include "storage/snap/snapfile.h"
#include "tests/unit/tempdir.h"
#include "tests/unit/unit.h"

static char base[DATA_PATH_MAX];
static struct datadir dirs;
static struct purged gone;

static void
given_directory(void)
{
    tempdir_make(base);
    CU_ASSERT_EQUAL_FATAL(datadir_open(&dirs, base, NULL, true, NULL), 0);
}

static void
done(void)
{
    datadir_close(&dirs);
    tempdir_remove(base);
}

static void
given_file(const char *name, const char *text)
{
    char path[DATA_PATH_MAX];

    data_path(path, dirs.snap, name);
    file_write(path, text, strlen(text));
}

static void
given_snapshots(zxid_t from, zxid_t to, zxid_t step)
{
    for (zxid_t z = from; z <= to; z += step) {
        struct snapfile_writer w;

        CU_ASSERT_EQUAL(snapfile_writer_open(&w, dirs.snap, z, SNAP_ZSTD), 0);
        CU_ASSERT_EQUAL(snapfile_writer_end(&w, z, 0), 0);
    }
}

static void
given_logs(zxid_t from, zxid_t to, zxid_t step)
{
    for (zxid_t z = from; z <= to; z += step) {
        char name[DATA_NAME_MAX];

        data_name(name, "log", z);
        given_file(name, "");
    }
}

static bool
is_there(const char *name)
{
    char path[DATA_PATH_MAX];

    data_path(path, dirs.snap, name);
    return file_is_there(path);
}

static void
the_newest_snapshots_and_their_logs_stay(void)
{
    given_directory();
    given_snapshots(0x10, 0x50, 0x10);
    given_logs(0x5, 0x55, 0x10);
    CU_ASSERT_EQUAL(purge(&dirs, 3, 0x60, &gone, NULL), 0);
    CU_ASSERT_EQUAL(gone.snapshots, 2);
    CU_ASSERT_EQUAL(gone.logs, 2);
    CU_ASSERT(!is_there("snapshot.20.zst"));
    CU_ASSERT(is_there("snapshot.30.zst"));
    CU_ASSERT(!is_there("log.15"));
    CU_ASSERT(is_there("log.25")); /* may hold 0x31 */
    CU_ASSERT_EQUAL(purge(&dirs, 3, 0x60, &gone, NULL), 0);
    CU_ASSERT_EQUAL(gone.snapshots + gone.logs, 0);
    done();
}

static void
what_the_image_lacks_stays(void)
{
    given_directory();
    given_snapshots(0x30, 0x50, 0x10);
    given_logs(0x5, 0x55, 0x10);
    CU_ASSERT_EQUAL(purge(&dirs, 3, 0x16, &gone, NULL), 0);
    CU_ASSERT_EQUAL(gone.logs, 1);
    CU_ASSERT(!is_there("log.5"));
    CU_ASSERT(is_there("log.15"));
    done();
}

static void
without_a_snapshot_nothing_goes(void)
{
    given_directory();
    given_logs(0x5, 0x55, 0x10);
    CU_ASSERT_EQUAL(purge(&dirs, 3, 0x60, &gone, NULL), 0);
    CU_ASSERT_EQUAL(gone.logs, 0);
    done();
}

/* A broken file is no snapshot to count on, and goes with its age. */
static void
a_broken_snapshot_does_not_count(void)
{
    given_directory();
    given_snapshots(0x10, 0x30, 0x10);
    given_file("snapshot.40", "broken");
    given_file("snapshot.5", "broken");
    given_file("snapshot.50.zst.tmp", "unfinished");
    CU_ASSERT_EQUAL(purge(&dirs, 3, 0x60, &gone, NULL), 0);
    CU_ASSERT(is_there("snapshot.10.zst"));
    CU_ASSERT(is_there("snapshot.40"));
    CU_ASSERT(!is_there("snapshot.5"));
    CU_ASSERT(!is_there("snapshot.50.zst.tmp"));
    done();
}

static void
the_newest_log_always_stays(void)
{
    given_directory();
    given_snapshots(0x100, 0x300, 0x100);
    given_logs(0x5, 0x25, 0x10);
    CU_ASSERT_EQUAL(purge(&dirs, 3, 0x400, &gone, NULL), 0);
    CU_ASSERT_EQUAL(gone.logs, 2);
    CU_ASSERT(is_there("log.25"));
    done();
}

static void
as_many_snapshots_stay_as_are_asked_for(void)
{
    given_directory();
    given_snapshots(1, 120, 1);
    CU_ASSERT_EQUAL(purge(&dirs, 110, 0x400, &gone, NULL), 0);
    CU_ASSERT_EQUAL(gone.snapshots, 10);
    CU_ASSERT(!is_there("snapshot.a.zst"));
    CU_ASSERT(is_there("snapshot.b.zst"));
    done();
}

/* An operator must hear which file, of either directory. */
static void
what_cannot_be_removed_is_named(void)
{
    struct data_error e;
    char stuck[DATA_PATH_MAX];

    given_directory();
    given_snapshots(0x10, 0x40, 0x10);
    given_logs(0x15, 0x45, 0x10);
    data_path(stuck, dirs.snap, "log.5");
    CU_ASSERT_EQUAL(mkdir(stuck, 0750), 0);
    CU_ASSERT(purge(&dirs, 3, 0x60, &gone, &e) < 0);
    CU_ASSERT_STRING_EQUAL(e.path, stuck);
    CU_ASSERT_EQUAL(rmdir(stuck), 0);
    data_path(stuck, dirs.snap, "snapshot.5");
    CU_ASSERT_EQUAL(mkdir(stuck, 0750), 0);
    CU_ASSERT(purge(&dirs, 3, 0x60, &gone, &e) < 0);
    CU_ASSERT_STRING_EQUAL(e.path, stuck);
    CU_ASSERT_EQUAL(rmdir(stuck), 0);
    done();
}

UNIT_SUITE(purge)
{
    unit_suite("purge");
    UNIT(the_newest_snapshots_and_their_logs_stay);
    UNIT(what_the_image_lacks_stays);
    UNIT(without_a_snapshot_nothing_goes);
    UNIT(a_broken_snapshot_does_not_count);
    UNIT(the_newest_log_always_stays);
    UNIT(as_many_snapshots_stay_as_are_asked_for);
    UNIT(what_cannot_be_removed_is_named);
}
