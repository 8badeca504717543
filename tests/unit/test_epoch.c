/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about storage/log/epoch.c and the directories of storage/datadir.c. */
#include "storage/log/epoch.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/tempdir.h"
#include "tests/unit/unit.h"

static char dir[DATA_PATH_MAX];
static struct data_error error;

static void
given_file(const char *name, const char *text)
{
    char path[DATA_PATH_MAX];

    data_path(path, dir, name);
    file_write(path, text, strlen(text));
}

static bool
file_says(const char *name, const char *text)
{
    char path[DATA_PATH_MAX];
    uint8_t *data;
    size_t size;
    bool same;

    data_path(path, dir, name);
    data = file_read(path, &size);
    same = size == strlen(text) && memcmp(data, text, size) == 0;
    free(data);
    return same;
}

static void
missing_files_are_made_from_the_history(void)
{
    struct epochs e;

    tempdir_make(dir);
    CU_ASSERT_EQUAL(epoch_load(&e, dir, ZXID(7, 3), &error), 0);
    CU_ASSERT_EQUAL(e.accepted, 7);
    CU_ASSERT_EQUAL(e.current, 7);
    CU_ASSERT(file_says("acceptedEpoch", "7"));
    CU_ASSERT(file_says("currentEpoch", "7"));
    tempdir_remove(dir);
}

static void
what_was_stored_is_loaded(void)
{
    struct epochs e;

    tempdir_make(dir);
    CU_ASSERT_EQUAL(epoch_store_current(dir, 8), 0);
    CU_ASSERT_EQUAL(epoch_store_accepted(dir, 12), 0);
    CU_ASSERT(file_says("acceptedEpoch", "12"));
    CU_ASSERT_EQUAL(epoch_load(&e, dir, ZXID(8, 1), &error), 0);
    CU_ASSERT_EQUAL(e.accepted, 12);
    CU_ASSERT_EQUAL(e.current, 8);
    tempdir_remove(dir);
}

static void
a_promised_epoch_with_history_becomes_current(void)
{
    struct epochs e;

    tempdir_make(dir);
    given_file("currentEpoch", "3");
    given_file("acceptedEpoch", "4");
    CU_ASSERT_EQUAL(epoch_load(&e, dir, ZXID(4, 0), &error), 0);
    CU_ASSERT_EQUAL(e.current, 4);
    CU_ASSERT(file_says("currentEpoch", "4"));
    tempdir_remove(dir);
}

static void
history_of_an_epoch_never_promised_is_refused(void)
{
    struct epochs e;

    tempdir_make(dir);
    given_file("currentEpoch", "3");
    given_file("acceptedEpoch", "3");
    CU_ASSERT_EQUAL(epoch_load(&e, dir, ZXID(4, 1), &error), -EINVAL);
    CU_ASSERT(strstr(error.what, "epoch 4") != NULL);
    tempdir_remove(dir);
}

static void
an_accepted_epoch_below_the_current_is_refused(void)
{
    struct epochs e;

    tempdir_make(dir);
    given_file("currentEpoch", "5");
    given_file("acceptedEpoch", "4");
    CU_ASSERT_EQUAL(epoch_load(&e, dir, ZXID(4, 1), &error), -EINVAL);
    tempdir_remove(dir);
}

static void
text_that_is_no_number_is_refused(void)
{
    struct epochs e;

    tempdir_make(dir);
    given_file("currentEpoch", "");
    CU_ASSERT_EQUAL(epoch_load(&e, dir, 0, &error), -EINVAL);
    given_file("currentEpoch", "12x");
    error = (struct data_error){.offset = 0};
    CU_ASSERT_EQUAL(epoch_load(&e, dir, 0, &error), -EINVAL);
    CU_ASSERT(strstr(error.path, "currentEpoch") != NULL);
    CU_ASSERT(strstr(error.what, "not the number") != NULL);
    CU_ASSERT(strlen(error.remedy) > 0);
    tempdir_remove(dir);
}

/* A server would wait for ever for an epoch of its own. */
static void
an_epoch_that_none_can_follow_is_refused(void)
{
    static const char *const texts[] = {"2147483647", "99999999999",
                                        "99999999999999999999"};
    struct epochs e;

    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        tempdir_make(dir);
        given_file("currentEpoch", "5");
        given_file("acceptedEpoch", texts[i]);
        CU_ASSERT_EQUAL(epoch_load(&e, dir, 0, &error), -ERANGE);
        CU_ASSERT(strstr(error.path, "acceptedEpoch") != NULL);
        CU_ASSERT(strstr(error.what, "none can follow") != NULL);
        given_file("currentEpoch", "2147483646");
        given_file("acceptedEpoch", "2147483646");
        CU_ASSERT_EQUAL(epoch_load(&e, dir, 0, &error), 0);
        tempdir_remove(dir);
    }
}

/* It would be elected all the same, and begin its term far beyond. */
static void
a_promise_that_cannot_have_been_asked_for_is_refused(void)
{
    struct epochs e;

    tempdir_make(dir);
    given_file("currentEpoch", "5");
    given_file("acceptedEpoch", "16777222"); /* 5 + EPOCH_LEAP_MAX + 1 */
    CU_ASSERT_EQUAL(epoch_load(&e, dir, ZXID(4, 9), &error), -EINVAL);
    CU_ASSERT(strstr(error.path, "acceptedEpoch") != NULL);
    CU_ASSERT(strstr(error.what, "16777222") != NULL);
    given_file("acceptedEpoch", "16777221");
    CU_ASSERT_EQUAL(epoch_load(&e, dir, ZXID(4, 9), &error), 0);
    tempdir_remove(dir);
}

/* It found the others where they are, and was killed before it had more. */
static void
a_new_server_may_have_promised_anything(void)
{
    struct epochs e;

    tempdir_make(dir);
    given_file("currentEpoch", "0");
    given_file("acceptedEpoch", "16777222");
    CU_ASSERT_EQUAL(epoch_load(&e, dir, 0, &error), 0);
    tempdir_remove(dir);
}

static void
a_line_may_end_as_on_windows(void)
{
    struct epochs e;

    tempdir_make(dir);
    given_file("currentEpoch", "5\r\n");
    given_file("acceptedEpoch", "6\n");
    CU_ASSERT_EQUAL(epoch_load(&e, dir, 0, &error), 0);
    CU_ASSERT_EQUAL(e.current, 5);
    CU_ASSERT_EQUAL(e.accepted, 6);
    tempdir_remove(dir);
}

/* On a full disk, say: nothing is wrong with what lies there. */
static void
an_epoch_that_cannot_be_stored_is_the_disks_fault(void)
{
    static const char *const temps[] = {"currentEpoch.tmp",
                                        "acceptedEpoch.tmp"};
    char path[DATA_PATH_MAX];
    struct epochs e;

    for (size_t i = 0; i < ARRAY_COUNT(temps); i++) {
        tempdir_make(dir);
        given_file("currentEpoch", "3");
        if (i == 0)
            given_file("acceptedEpoch", "4");
        data_path(path, dir, temps[i]);
        CU_ASSERT_EQUAL(mkdir(path, 0700), 0);
        error = (struct data_error){.offset = 0};
        CU_ASSERT_EQUAL(epoch_load(&e, dir, ZXID(4, 0), &error), -EISDIR);
        CU_ASSERT_EQUAL(error.offset, -1);
        CU_ASSERT(strncmp(basename(error.path), temps[i], 12) == 0);
        CU_ASSERT(strstr(error.what, strerror(EISDIR)) != NULL);
        CU_ASSERT(strstr(error.remedy, "disk") != NULL);
        tempdir_remove(dir);
    }
}

static void
two_servers_cannot_share_a_directory(void)
{
    struct datadir a, b;

    tempdir_make(dir);
    CU_ASSERT_EQUAL(datadir_open(&a, dir, NULL, true, &error), 0);
    CU_ASSERT_EQUAL(datadir_open(&b, dir, NULL, true, &error), -EBUSY);
    datadir_close(&a);
    CU_ASSERT_EQUAL(datadir_open(&b, dir, NULL, true, &error), 0);
    datadir_close(&b);
    tempdir_remove(dir);
}

/* Of a disk that is not mounted; nobody's rights are wrong. */
static void
a_link_to_what_is_not_there_is_told_as_such(void)
{
    char path[DATA_PATH_MAX];
    struct datadir d;

    tempdir_make(dir);
    data_path(path, dir, "version-2");
    CU_ASSERT_EQUAL(symlink("/nowhere/version-2", path), 0);
    CU_ASSERT_EQUAL(datadir_open(&d, dir, NULL, true, &error), -ENOENT);
    CU_ASSERT_STRING_EQUAL(error.path, path);
    CU_ASSERT(strstr(error.what, "a link") != NULL);
    CU_ASSERT(strstr(error.remedy, "mounted") != NULL);
    tempdir_remove(dir);
}

static void
a_missing_directory_is_made_only_if_allowed(void)
{
    char deep[DATA_PATH_MAX];
    struct datadir d;

    tempdir_make(dir);
    data_path(deep, dir, "a/b/c");
    CU_ASSERT_EQUAL(datadir_open(&d, deep, NULL, false, &error), -ENOENT);
    CU_ASSERT_EQUAL(datadir_open(&d, deep, NULL, true, &error), 0);
    CU_ASSERT(file_is_there(d.log));
    datadir_close(&d);
    tempdir_remove(dir);
}

static void
a_log_among_the_snapshots_is_refused(void)
{
    char data[DATA_PATH_MAX], log[DATA_PATH_MAX];
    struct datadir d;

    tempdir_make(dir);
    data_path(data, dir, "data");
    data_path(log, dir, "log");
    CU_ASSERT_EQUAL(datadir_open(&d, data, log, true, &error), 0);
    datadir_close(&d);
    given_file("data/version-2/log.5", "");
    CU_ASSERT_EQUAL(datadir_open(&d, data, log, true, &error), -EINVAL);
    CU_ASSERT_EQUAL(datadir_open(&d, data, data, true, &error), 0);
    datadir_close(&d);
    tempdir_remove(dir);
}

/* As when the disk of the log is not mounted after a reboot. */
static void
a_log_that_is_gone_is_not_begun_anew(void)
{
    char data[DATA_PATH_MAX], log[DATA_PATH_MAX], away[DATA_PATH_MAX];
    struct datadir d;

    tempdir_make(dir);
    data_path(data, dir, "data");
    data_path(log, dir, "log");
    data_path(away, dir, "away");
    CU_ASSERT_EQUAL(datadir_open(&d, data, log, true, &error), 0);
    datadir_close(&d);
    given_file("data/version-2/snapshot.5", "");
    CU_ASSERT_EQUAL(rename(log, away), 0);
    CU_ASSERT_EQUAL(datadir_open(&d, data, log, true, &error), -ENOENT);
    CU_ASSERT_STRING_EQUAL(error.path, d.log);
    CU_ASSERT(strstr(error.remedy, "mounted") != NULL);
    CU_ASSERT_FALSE(file_is_there(log));
    CU_ASSERT_EQUAL(rename(away, log), 0);
    CU_ASSERT_EQUAL(datadir_open(&d, data, log, true, &error), 0);
    datadir_close(&d);
    tempdir_remove(dir);
}

/* Both can be locked, and then no descriptor is left to list one with. */
static void
a_directory_that_cannot_be_listed_is_told(void)
{
    char data[DATA_PATH_MAX], log[DATA_PATH_MAX];
    struct rlimit before, small;
    struct datadir d;
    int next, rc;

    tempdir_make(dir);
    data_path(data, dir, "data");
    data_path(log, dir, "log");
    next = open("/dev/null", O_RDONLY);
    close(next);
    getrlimit(RLIMIT_NOFILE, &before);
    small = (struct rlimit){(rlim_t)next + 2, before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &small);
    error = (struct data_error){.offset = -1};
    rc = datadir_open(&d, data, log, true, &error);
    setrlimit(RLIMIT_NOFILE, &before);
    CU_ASSERT_EQUAL(rc, -EMFILE);
    CU_ASSERT_STRING_EQUAL(error.path, d.snap);
    CU_ASSERT(strstr(error.what, strerror(EMFILE)) != NULL);
    tempdir_remove(dir);
}

static void
one_directory_by_two_paths_is_one(void)
{
    char data[DATA_PATH_MAX], other[DATA_PATH_MAX];
    struct datadir a, b;

    tempdir_make(dir);
    data_path(data, dir, "data");
    data_path(other, dir, "other");
    CU_ASSERT_EQUAL(symlink("data", other), 0);
    CU_ASSERT_EQUAL(datadir_open(&a, data, NULL, true, &error), 0);
    datadir_close(&a);
    given_file("data/version-2/log.5", "");
    given_file("data/version-2/snapshot.5", "");
    CU_ASSERT_EQUAL(datadir_open(&a, data, other, true, &error), 0);
    CU_ASSERT_EQUAL(datadir_open(&b, other, data, true, &error), -EBUSY);
    datadir_close(&a);
    data_path(other, dir, "data/.");
    CU_ASSERT_EQUAL(datadir_open(&a, data, other, true, &error), 0);
    datadir_close(&a);
    tempdir_remove(dir);
}

static void
names_are_taken_apart_strictly(void)
{
    struct data_list list;

    tempdir_make(dir);
    given_file("snapshot.1f.zst", "");
    given_file("snapshot.a", "");
    given_file("snapshot.a.gz", "");
    given_file("snapshot.a.tmp", "");
    given_file("snapshot.A", "");
    given_file("snapshot.", "");
    given_file("snapshot.12345678901234567", "");
    given_file("snapshots.1", "");
    CU_ASSERT_EQUAL(data_list_read(&list, dir, DATA_SNAPSHOTS), 0);
    CU_ASSERT_EQUAL(list.count, 3);
    CU_ASSERT_EQUAL(list.file[0].zxid, 0xa);
    CU_ASSERT_EQUAL(list.file[2].zxid, 0x1f);
    CU_ASSERT_STRING_EQUAL(list.file[2].name, "snapshot.1f.zst");
    data_list_free(&list);
    given_file("log.a", "");
    given_file("log.b.gz", ""); /* nobody reads such a one */
    CU_ASSERT_EQUAL(data_list_read(&list, dir, DATA_LOGS), 0);
    CU_ASSERT_EQUAL(list.count, 1);
    CU_ASSERT_EQUAL(list.file[0].zxid, 0xa);
    data_list_free(&list);
    tempdir_remove(dir);
}

/* As root leaves it, or a disk without room: nothing is wrong with the data. */
static void
a_file_that_cannot_be_had_is_not_blamed_on_the_data(void)
{
    char path[DATA_PATH_MAX];
    struct epochs e;

    tempdir_make(dir);
    data_path(path, dir, "acceptedEpoch");
    given_file("currentEpoch", "4");
    CU_ASSERT_EQUAL(mkdir(path, 0700), 0); /* is not to be read as a file */
    CU_ASSERT_EQUAL(epoch_load(&e, dir, ZXID(4, 1), &error), -EISDIR);
    CU_ASSERT_STRING_EQUAL(error.path, path);
    CU_ASSERT_STRING_EQUAL(error.remedy, data_remedy_access);
    tempdir_remove(dir);
}

/* The current epoch is to be raised, and cannot be. */
static void
an_epoch_that_cannot_be_raised_is_told(void)
{
    char path[DATA_PATH_MAX];
    struct epochs e;

    tempdir_make(dir);
    data_path(path, dir, "currentEpoch.tmp");
    given_file("currentEpoch", "3");
    given_file("acceptedEpoch", "4");
    CU_ASSERT_EQUAL(mkdir(path, 0700), 0);
    error = (struct data_error){.offset = 0};
    CU_ASSERT_EQUAL(epoch_load(&e, dir, ZXID(4, 1), &error), -EISDIR);
    CU_ASSERT(strstr(error.path, "currentEpoch") != NULL);
    CU_ASSERT_STRING_EQUAL(error.remedy, data_remedy_access);
    tempdir_remove(dir);
}

/* It may be another user's, who may not be written to. */
static void
what_is_left_of_another_attempt_is_not_in_the_way(void)
{
    char path[DATA_PATH_MAX], other[DATA_PATH_MAX];

    tempdir_make(dir);
    given_file("acceptedEpoch.tmp", "77777");
    data_path(path, dir, "acceptedEpoch.tmp");
    data_path(other, dir, "other");
    CU_ASSERT_EQUAL(link(path, other), 0);
    CU_ASSERT_EQUAL(epoch_store_accepted(dir, 5), 0);
    CU_ASSERT(file_says("acceptedEpoch", "5"));
    CU_ASSERT(file_says("other", "77777"));
    tempdir_remove(dir);
}

/* --- a server that was empty, with db.autocreate=false -------------------- */

/* What it promised stays: it may have been promised before all was lost. */
static void
who_is_to_be_filled_has_no_current_epoch(void)
{
    struct epochs e;

    tempdir_make(dir);
    CU_ASSERT_FALSE(epoch_is_none(dir));
    CU_ASSERT_EQUAL(epoch_load_none(&e, dir, &error), 0);
    CU_ASSERT_EQUAL(e.current, EPOCH_NONE);
    CU_ASSERT_EQUAL(e.accepted, 0);
    CU_ASSERT_TRUE(epoch_is_none(dir));
    CU_ASSERT(file_says("currentEpoch", "-1"));
    CU_ASSERT_EQUAL(epoch_store_accepted(dir, 7), 0);
    CU_ASSERT_EQUAL(epoch_load_none(&e, dir, &error), 0);
    CU_ASSERT_EQUAL(e.accepted, 7);
    CU_ASSERT_EQUAL(epoch_store_current(dir, 7), 0);
    CU_ASSERT_FALSE(epoch_is_none(dir));
    tempdir_remove(dir);
}

/* Its epochs tell of what is not there any more. */
static void
who_has_lost_all_has_no_current_epoch_either(void)
{
    struct epochs e;

    tempdir_make(dir);
    given_file("currentEpoch", "5");
    given_file("acceptedEpoch", "6");
    CU_ASSERT_EQUAL(epoch_load_none(&e, dir, &error), 0);
    CU_ASSERT_EQUAL(e.accepted, 6);
    CU_ASSERT(file_says("currentEpoch", "-1"));
    tempdir_remove(dir);
}

/* Apache's have accepted -1, too; and nobody takes either for an epoch. */
static void
no_epoch_is_none_to_go_on_from(void)
{
    struct epochs e;

    tempdir_make(dir);
    given_file("currentEpoch", "-1");
    given_file("acceptedEpoch", "-1");
    CU_ASSERT_EQUAL(epoch_load(&e, dir, 0, &error), -EINVAL);
    CU_ASSERT_EQUAL(epoch_load_none(&e, dir, &error), 0);
    CU_ASSERT_EQUAL(e.accepted, 0);
    CU_ASSERT_EQUAL(epoch_end_none(dir, &error), 0);
    CU_ASSERT_FALSE(epoch_is_none(dir));
    CU_ASSERT_EQUAL(epoch_load(&e, dir, 0, &error), 0);
    CU_ASSERT_EQUAL(e.current, 0);
    given_file("currentEpoch", "-2");
    CU_ASSERT_EQUAL(epoch_end_none(dir, &error), -EINVAL);
    tempdir_remove(dir);
}

static void
a_directory_with_nothing_is_empty(void)
{
    struct datadir d;
    char path[DATA_PATH_MAX], root[DATA_PATH_MAX];

    tempdir_make(root);
    CU_ASSERT_EQUAL(datadir_open(&d, root, NULL, true, &error), 0);
    CU_ASSERT_EQUAL(datadir_is_empty(&d, &error), 1);
    CU_ASSERT_FALSE(datadir_has_initialize(&d));
    CU_ASSERT_EQUAL(datadir_take_initialize(&d), -ENOENT);
    data_path(path, root, "initialize");
    file_write(path, "", 0);
    CU_ASSERT_TRUE(datadir_has_initialize(&d));
    CU_ASSERT_EQUAL(datadir_take_initialize(&d), 0);
    CU_ASSERT_FALSE(datadir_has_initialize(&d));
    data_path(path, d.log, "log.1");
    file_write(path, "", 0);
    CU_ASSERT_EQUAL(datadir_is_empty(&d, &error), 0);
    unlink(path);
    data_path(path, d.snap, "snapshot.0");
    file_write(path, "", 0);
    CU_ASSERT_EQUAL(datadir_is_empty(&d, &error), 0);
    unlink(path);
    CU_ASSERT_EQUAL(mkdir(d.image, 0750), 0);
    CU_ASSERT_EQUAL(datadir_is_empty(&d, &error), 0);
    datadir_close(&d);
    tempdir_remove(root);
}

UNIT_SUITE(epoch)
{
    unit_suite("epoch");
    UNIT(missing_files_are_made_from_the_history);
    UNIT(what_was_stored_is_loaded);
    UNIT(a_promised_epoch_with_history_becomes_current);
    UNIT(history_of_an_epoch_never_promised_is_refused);
    UNIT(an_accepted_epoch_below_the_current_is_refused);
    UNIT(text_that_is_no_number_is_refused);
    UNIT(an_epoch_that_none_can_follow_is_refused);
    UNIT(a_promise_that_cannot_have_been_asked_for_is_refused);
    UNIT(a_new_server_may_have_promised_anything);
    UNIT(a_line_may_end_as_on_windows);
    UNIT(an_epoch_that_cannot_be_stored_is_the_disks_fault);
    UNIT(who_is_to_be_filled_has_no_current_epoch);
    UNIT(who_has_lost_all_has_no_current_epoch_either);
    UNIT(no_epoch_is_none_to_go_on_from);
    UNIT(a_directory_with_nothing_is_empty);
    UNIT(two_servers_cannot_share_a_directory);
    UNIT(a_link_to_what_is_not_there_is_told_as_such);
    UNIT(a_missing_directory_is_made_only_if_allowed);
    UNIT(a_log_among_the_snapshots_is_refused);
    UNIT(a_log_that_is_gone_is_not_begun_anew);
    UNIT(a_directory_that_cannot_be_listed_is_told);
    UNIT(one_directory_by_two_paths_is_one);
    UNIT(names_are_taken_apart_strictly);
    UNIT(a_file_that_cannot_be_had_is_not_blamed_on_the_data);
    UNIT(an_epoch_that_cannot_be_raised_is_told);
    UNIT(what_is_left_of_another_attempt_is_not_in_the_way);
}
