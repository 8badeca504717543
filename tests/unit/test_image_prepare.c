/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about storage/image/image_prepare.c and image_forget.c: an image that
 * goes with the log.
 */
#include "storage/image/image_prepare.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "storage/image/image_forget.h"
#include "storage/log/txlog.h"
#include "tests/unit/image_given.h"

static const char *lost = ""; /* what the disk cannot open */

/* This takes the place of the C library's in all of build/unit. */
int
open(const char *path, int flags, ...)
{
    mode_t mode;
    va_list ap;

    va_start(ap, flags);
    mode = (flags & O_CREAT) ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    if (strcmp(path, lost) == 0) {
        errno = EIO;
        return -1;
    }
    return openat(AT_FDCWD, path, flags, mode);
}

/* Transactions from..to, each making /n<zxid>, as one log file. */
static void
given_log(zxid_t from, zxid_t to)
{
    const struct txlog_options options = {.prealloc_bytes = 65536};
    struct txlog l;
    char path[64];

    CU_ASSERT_EQUAL_FATAL(txlog_open(&l, dirs.log, &options, NULL, &error), 0);
    for (zxid_t z = from; z <= to; z++) {
        snprintf(path, sizeof path, "/n%lld", (long long)z);
        CU_ASSERT_EQUAL(
            txlog_append(&l, z,
                         a_create(z, path, "", 0, (int32_t)zxid_counter(z))),
            0);
    }
    CU_ASSERT_EQUAL(txlog_flush(&l), 0);
    txlog_close(&l);
}

/* A snapshot at `zxid` of a server that made /n1 .. /n<zxid>. */
static void
given_snapshot(zxid_t zxid)
{
    char path[DATA_PATH_MAX];
    struct image_prepare p = {0};

    CU_ASSERT_EQUAL_FATAL(image_prepare(&dirs, &p, &error), 0);
    open_image();
    for (zxid_t z = p.zxid + 1; z <= zxid; z++) {
        char node[64];

        snprintf(node, sizeof node, "/n%lld", (long long)z);
        apply(a_create(z, node, "", 0, (int32_t)zxid_counter(z)));
    }
    commit();
    write_snapshot(path, 1000);
    close_image();
}

static int
prepare(struct image_prepare *p)
{
    *p = (struct image_prepare){0};
    return image_prepare(&dirs, p, &error);
}

static void
an_image_that_the_log_continues_is_kept(void)
{
    struct image_prepare p;

    given_directory();
    given_snapshot(3);
    given_log(1, 9);
    CU_ASSERT_EQUAL(prepare(&p), 0);
    CU_ASSERT_EQUAL(p.origin, IMAGE_KEPT);
    CU_ASSERT_EQUAL(p.zxid, 3);
    CU_ASSERT(!p.is_ahead);
    open_image();
    done();
}

static void
without_an_image_snapshot_and_log_make_one(void)
{
    struct image_prepare p;
    uint64_t nodes, sessions;

    given_directory();
    given_snapshot(3);
    given_log(1, 9);
    CU_ASSERT_EQUAL(image_remove(dirs.image), 0);
    CU_ASSERT_EQUAL(prepare(&p), 0);
    CU_ASSERT_EQUAL(p.origin, IMAGE_IMPORTED);
    CU_ASSERT_EQUAL(p.zxid, 9);
    CU_ASSERT_EQUAL(p.txns, 6);
    CU_ASSERT_STRING_EQUAL(p.snapshot, "snapshot.3");
    open_image();
    CU_ASSERT_EQUAL(image_count(&image, &nodes, &sessions), 0);
    CU_ASSERT_EQUAL(nodes, 4 + 9);
    done();
}

static void
count_calls(void *arg, uint64_t done, uint64_t total)
{
    CU_ASSERT(done <= total);
    ++*(int *)arg;
}

/* The supervisor ends who shows none for long; a log can be gigabytes. */
static void
replaying_the_log_shows_progress(void)
{
    int calls = 0, before;
    struct image_prepare p = {.progress = count_calls, .progress_arg = &calls};

    given_directory();
    given_snapshot(3);
    CU_ASSERT_EQUAL(image_remove(dirs.image), 0);
    CU_ASSERT_EQUAL(image_prepare(&dirs, &p, &error), 0);
    before = calls;
    calls = 0;
    given_log(1, 600);
    CU_ASSERT_EQUAL(image_remove(dirs.image), 0);
    CU_ASSERT_EQUAL(image_prepare(&dirs, &p, &error), 0);
    CU_ASSERT_EQUAL(p.txns, 597);
    CU_ASSERT(calls >= before + 5);
    open_image();
    done();
}

static void
a_damaged_snapshot_sends_us_to_an_older_one(void)
{
    struct image_prepare p;
    char path[DATA_PATH_MAX];
    uint8_t *data;
    size_t size;

    given_directory();
    given_snapshot(3);
    given_snapshot(5);
    given_log(1, 9);
    data_path(path, dirs.snap, "snapshot.5");
    data = file_read(path, &size);
    data[size / 2] ^= 4;
    file_write(path, data, size);
    CU_ASSERT_EQUAL(image_remove(dirs.image), 0);
    CU_ASSERT_EQUAL(prepare(&p), 0);
    CU_ASSERT_STRING_EQUAL(p.snapshot, "snapshot.3");
    CU_ASSERT_EQUAL(p.damaged, 1);
    CU_ASSERT_STRING_EQUAL(p.damage.path, path);
    CU_ASSERT_EQUAL(p.zxid, 9);
    free(data);
    open_image();
    done();
}

/* A snapshot of `zxid` with these nodes, open to the world, without data. */
static void
given_snapshot_of(zxid_t zxid, const char *const *paths, size_t count)
{
    struct znode_stat stat = {0};
    struct snapfile_writer w;

    CU_ASSERT_EQUAL_FATAL(snapfile_writer_open(&w, dirs.snap, zxid, SNAP_PLAIN),
                          0);
    snapfile_put_count(&w, 0);
    snapfile_put_count(&w, 0);
    for (size_t i = 0; i < count; i++)
        snapfile_put_node(&w, bytes_of(paths[i]), BYTES_NULL, -1, &stat);
    CU_ASSERT_EQUAL(snapfile_writer_end(&w, zxid, 0), 0);
}

/* No tree can be made of it, at this start or any later one. */
static void
a_snapshot_with_a_node_that_has_no_parent_is_damaged(void)
{
    static const char *const paths[] = {"/", "/n1", "/gone/child"};
    struct image_prepare p;

    given_directory();
    given_snapshot(3);
    given_log(1, 9);
    given_snapshot_of(5, paths, ARRAY_COUNT(paths));
    CU_ASSERT_EQUAL(image_remove(dirs.image), 0);
    CU_ASSERT_EQUAL(prepare(&p), 0);
    CU_ASSERT_STRING_EQUAL(p.snapshot, "snapshot.3");
    CU_ASSERT_EQUAL(p.damaged, 1);
    CU_ASSERT(strstr(p.damage.what, "no parent") != NULL);
    CU_ASSERT_EQUAL(p.zxid, 9);
    open_image();
    done();
}

/* Not "the disk has no room", which it said of the new one. */
static void
a_strangers_file_in_an_image_is_told_by_its_place(void)
{
    static const char *const places[] = {"version-2/image",
                                         "version-2/" IMAGE_NEW};
    char place[DATA_PATH_MAX], file[DATA_PATH_MAX];
    struct image_prepare p;

    for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
        given_directory();
        data_path(place, base, places[i]);
        CU_ASSERT_EQUAL(mkdir(place, 0750), 0);
        data_path(file, place, "notes.txt");
        file_write(file, (const uint8_t *)"x", 1);
        CU_ASSERT_EQUAL(prepare(&p), -ENOTEMPTY);
        CU_ASSERT_STRING_EQUAL(error.path, place);
        CU_ASSERT(strstr(error.what, "not empty") != NULL);
        datadir_close(&dirs);
        tempdir_remove(base);
    }
}

/* Files may not grow: what a full disk is to LMDB. */
static int
prepare_without_room(struct image_prepare *p)
{
    struct rlimit before, small;
    int rc;

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    small = (struct rlimit){32768, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    rc = prepare(p);
    setrlimit(RLIMIT_FSIZE, &before);
    return rc;
}

/* An operator must hear why, and that it is not the snapshot. */
static void
an_image_that_cannot_be_written_is_told_with_the_reason(void)
{
    struct image_prepare p;
    int rc;

    given_directory();
    given_snapshot(3);
    given_log(1, 600);
    CU_ASSERT_EQUAL(image_remove(dirs.image), 0);
    rc = prepare_without_room(&p);
    CU_ASSERT(rc < 0);
    CU_ASSERT(strstr(error.path, IMAGE_NEW) != NULL);
    CU_ASSERT(strstr(error.what, strerror(-rc)) != NULL);
    CU_ASSERT(!file_is_there(error.path));
    datadir_close(&dirs);
    tempdir_remove(base);
}

static struct rlimit descriptors;

static void
given_no_descriptors(void)
{
    struct rlimit none;

    getrlimit(RLIMIT_NOFILE, &descriptors);
    none = (struct rlimit){0, descriptors.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
}

/* It is sound: to move it away would help nobody. */
static void
an_image_for_which_there_is_no_descriptor_is_not_damaged(void)
{
    struct image_prepare p;
    int rc;

    given_directory();
    given_snapshot(3);
    given_no_descriptors();
    rc = prepare(&p);
    setrlimit(RLIMIT_NOFILE, &descriptors);
    CU_ASSERT_EQUAL(rc, -EMFILE);
    CU_ASSERT(strstr(error.what, strerror(EMFILE)) != NULL);
    CU_ASSERT(strstr(error.remedy, "move") == NULL);
    datadir_close(&dirs);
    tempdir_remove(base);
}

static void
a_snapshot_that_cannot_be_removed_is_told_with_the_reason(void)
{
    char path[DATA_PATH_MAX];

    given_directory();
    data_path(path, dirs.snap, "snapshot.9");
    CU_ASSERT_EQUAL(mkdir(path, 0750), 0);
    CU_ASSERT_EQUAL(image_forget_snapshots(&dirs, 4, &error), -EISDIR);
    CU_ASSERT_STRING_EQUAL(error.path, path);
    CU_ASSERT(strstr(error.what, strerror(EISDIR)) != NULL);
    datadir_close(&dirs);
    tempdir_remove(base);
}

/* Behind its name there is nothing to replay, behind itself there is. */
static void
a_snapshot_under_the_name_of_a_later_zxid_is_not_believed(void)
{
    char path[DATA_PATH_MAX], later[DATA_PATH_MAX];
    struct image_prepare p;

    given_directory();
    given_snapshot(3);
    given_snapshot(5);
    given_log(1, 9);
    data_path(path, dirs.snap, "snapshot.5");
    data_path(later, dirs.snap, "snapshot.8");
    CU_ASSERT_EQUAL(rename(path, later), 0);
    CU_ASSERT_EQUAL(image_remove(dirs.image), 0);
    CU_ASSERT_EQUAL(prepare(&p), 0);
    CU_ASSERT_STRING_EQUAL(p.snapshot, "snapshot.3");
    CU_ASSERT_EQUAL(p.damaged, 1);
    CU_ASSERT_EQUAL(p.zxid, 9);
    CU_ASSERT_EQUAL(rename(later, path), 0);
    data_path(later, dirs.snap, "snapshot.100000000"); /* Apache's leader */
    CU_ASSERT_EQUAL(rename(path, later), 0);
    CU_ASSERT_EQUAL(image_remove(dirs.image), 0);
    CU_ASSERT_EQUAL(prepare(&p), 0);
    CU_ASSERT_EQUAL(p.zxid, ZXID(1, 0));
    open_image();
    done();
}

/* Who trusts in logs alone says that there never was one: here is one. */
static void
a_snapshot_that_the_disk_cannot_open_is_damaged_and_not_missing(void)
{
    struct image_prepare p = {.trusts_empty = true};
    char path[DATA_PATH_MAX];

    given_directory();
    given_snapshot(3);
    given_log(ZXID(1, 1), ZXID(1, 2));
    CU_ASSERT_EQUAL(image_remove(dirs.image), 0);
    data_path(path, dirs.snap, "snapshot.3");
    lost = path;
    CU_ASSERT_EQUAL(image_prepare(&dirs, &p, &error), -EBADMSG);
    lost = "";
    CU_ASSERT_STRING_EQUAL(error.path, path);
    CU_ASSERT(strstr(error.what, strerror(EIO)) != NULL);
    CU_ASSERT_EQUAL(image_prepare(&dirs, &p, &error), 0);
    CU_ASSERT_STRING_EQUAL(p.snapshot, "snapshot.3");
    CU_ASSERT_EQUAL(p.zxid, ZXID(1, 2));
    open_image();
    done();
}

static void
logs_without_a_snapshot_are_refused_unless_trusted(void)
{
    struct image_prepare p;

    given_directory();
    given_log(1, 4);
    CU_ASSERT_EQUAL(prepare(&p), -ENODATA);
    CU_ASSERT(strstr(error.remedy, "snapshot.trust.empty") != NULL);
    p = (struct image_prepare){.trusts_empty = true};
    CU_ASSERT_EQUAL(image_prepare(&dirs, &p, &error), 0);
    CU_ASSERT_EQUAL(p.origin, IMAGE_IMPORTED);
    CU_ASSERT_EQUAL(p.zxid, 4);
    open_image();
    done();
}

/* Apache ran here for long: our image's continuation was purged. */
static void
a_newer_snapshot_bridges_a_gap(void)
{
    struct image_prepare p;
    char path[DATA_PATH_MAX], kept[DATA_PATH_MAX];

    given_directory();
    given_snapshot(7);
    data_path(path, dirs.snap, "snapshot.7");
    data_path(kept, dirs.snap, "kept");
    rename(path, kept);
    CU_ASSERT_EQUAL(image_remove(dirs.image), 0);
    given_snapshot(2);
    given_log(6, 9);
    CU_ASSERT_EQUAL(prepare(&p), -ENODATA); /* 3 to 5 are nowhere */
    rename(kept, path);
    CU_ASSERT_EQUAL(prepare(&p), 0);
    CU_ASSERT_EQUAL(p.origin, IMAGE_IMPORTED);
    CU_ASSERT_STRING_EQUAL(p.snapshot, "snapshot.7");
    CU_ASSERT_EQUAL(p.zxid, 9);
    open_image();
    done();
}

/* Its log was cut at 4 and went on in another epoch: 5 never was. */
static void
an_image_of_another_history_is_built_anew(void)
{
    struct image_prepare p;

    given_directory();
    given_snapshot(3);
    given_snapshot(5);
    given_log(1, 4);
    given_log(ZXID(1, 1), ZXID(1, 2));
    CU_ASSERT_EQUAL(image_forget_after(&dirs, 4, &error), 0);
    CU_ASSERT_EQUAL(prepare(&p), 0);
    CU_ASSERT_EQUAL(p.origin, IMAGE_IMPORTED);
    CU_ASSERT_STRING_EQUAL(p.snapshot, "snapshot.3");
    CU_ASSERT_EQUAL(p.zxid, ZXID(1, 2));
    open_image();
    done();
}

/* Nobody knows what it holds, and there may be nothing to make it anew from. */
static void
an_image_that_cannot_be_looked_at_survives_a_cut(void)
{
    struct image_prepare p;
    int rc;

    given_directory();
    given_snapshot(3);
    given_log(1, 9);
    given_no_descriptors();
    rc = image_forget_after(&dirs, 4, &error);
    setrlimit(RLIMIT_NOFILE, &descriptors);
    CU_ASSERT_EQUAL(rc, -EMFILE);
    CU_ASSERT_EQUAL(prepare(&p), 0);
    CU_ASSERT_EQUAL(p.origin, IMAGE_KEPT);
    open_image();
    done();
}

static void
an_image_ahead_of_its_log_is_kept_with_a_warning(void)
{
    struct image_prepare p;

    given_directory();
    given_snapshot(5);
    given_log(1, 3);
    CU_ASSERT_EQUAL(prepare(&p), 0);
    CU_ASSERT_EQUAL(p.origin, IMAGE_KEPT);
    CU_ASSERT(p.is_ahead);
    CU_ASSERT_EQUAL(p.zxid, 5);
    open_image();
    done();
}

static void
remove_file(void *path, uint64_t done, uint64_t total)
{
    (void)done, (void)total;
    (void)unlink(path);
}

/* It is behind the image: the log process cuts it off just then. */
static void
a_log_file_that_goes_meanwhile_is_not_missed(void)
{
    char path[DATA_PATH_MAX];
    struct image_prepare p = {.progress = remove_file, .progress_arg = path};

    given_directory();
    given_snapshot(3);
    given_log(1, 3);
    data_path(path, dirs.log, "log.4");
    CU_ASSERT_EQUAL(symlink("/nowhere/at/all", path), 0);
    CU_ASSERT_EQUAL(image_prepare(&dirs, &p, &error), 0);
    CU_ASSERT_EQUAL(p.origin, IMAGE_KEPT);
    CU_ASSERT_EQUAL(p.zxid, 3);
    CU_ASSERT_EQUAL(symlink("/nowhere/at/all", path), 0);
    CU_ASSERT_EQUAL(prepare(&p), -ENOENT); /* but one that stays is */
    CU_ASSERT_STRING_EQUAL(error.path, path);
    open_image();
    done();
}

static void
damage_in_the_log_stops_an_import(void)
{
    struct image_prepare p;
    char path[DATA_PATH_MAX];
    uint8_t *data;
    size_t size;

    given_directory();
    given_snapshot(1);
    given_log(1, 9);
    data_path(path, dirs.log, "log.1");
    data = file_read(path, &size);
    data[400] ^= 4;
    file_write(path, data, size);
    CU_ASSERT_EQUAL(image_remove(dirs.image), 0);
    CU_ASSERT_EQUAL(prepare(&p), -ENODATA);
    CU_ASSERT(strstr(error.path, "log.1") != NULL);
    CU_ASSERT(error.offset > 300 && error.offset <= 400);
    CU_ASSERT(!file_is_there(dirs.image));
    free(data);
    datadir_close(&dirs);
    tempdir_remove(base);
}

UNIT_SUITE(image_prepare)
{
    unit_suite("image_prepare");
    UNIT(an_image_that_the_log_continues_is_kept);
    UNIT(without_an_image_snapshot_and_log_make_one);
    UNIT(replaying_the_log_shows_progress);
    UNIT(a_damaged_snapshot_sends_us_to_an_older_one);
    UNIT(a_snapshot_with_a_node_that_has_no_parent_is_damaged);
    UNIT(a_strangers_file_in_an_image_is_told_by_its_place);
    UNIT(an_image_that_cannot_be_written_is_told_with_the_reason);
    UNIT(an_image_for_which_there_is_no_descriptor_is_not_damaged);
    UNIT(a_snapshot_that_cannot_be_removed_is_told_with_the_reason);
    UNIT(a_snapshot_under_the_name_of_a_later_zxid_is_not_believed);
    UNIT(a_snapshot_that_the_disk_cannot_open_is_damaged_and_not_missing);
    UNIT(logs_without_a_snapshot_are_refused_unless_trusted);
    UNIT(a_newer_snapshot_bridges_a_gap);
    UNIT(an_image_of_another_history_is_built_anew);
    UNIT(an_image_that_cannot_be_looked_at_survives_a_cut);
    UNIT(an_image_ahead_of_its_log_is_kept_with_a_warning);
    UNIT(a_log_file_that_goes_meanwhile_is_not_missed);
    UNIT(damage_in_the_log_stops_an_import);
}
