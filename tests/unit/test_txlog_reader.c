/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about storage/log/txlog_reader.c: from file to file, behind a writer,
 * and past no gap.
 */
#include "tests/unit/txlog_given.h"

#include <errno.h>

static void
damage_in_an_older_file_is_found_by_the_reader(void)
{
    struct txlog_reader r;
    struct bytes entry;
    zxid_t zxid;
    int rc;
    char path[DATA_PATH_MAX];
    uint8_t *data;
    size_t size, count;

    tempdir_make(dir);
    given_log(1, 20, 50);
    given_log(21, 22, 50);
    path_of(path, 1);
    data = file_read(path, &size);
    data[300] ^= 1;
    file_write(path, data, size);
    CU_ASSERT_EQUAL(last_of_log(), 22);
    CU_ASSERT_EQUAL(read_all(0, &count), -EBADMSG);
    CU_ASSERT(strstr(error.what, "before it is 0x4") != NULL);
    CU_ASSERT_EQUAL(read_all(15, &count), -EBADMSG);
    CU_ASSERT(strstr(error.what, "before it is 0x4") != NULL);
    CU_ASSERT_EQUAL(read_all(21, &count), 22);
    CU_ASSERT_EQUAL(txlog_reader_open(&r, dir, 0), 0);
    while ((rc = txlog_reader_next(&r, &entry, &zxid)) == 1)
        ;
    CU_ASSERT_EQUAL(rc, -EBADMSG); /* it does not wait for the end */
    txlog_reader_close(&r);
    free(data);
    tempdir_remove(dir);
}

/* Apache leaves a torn record behind and begins a file at its place. */
static void
a_torn_record_before_its_successor_is_no_gap(void)
{
    char path[DATA_PATH_MAX], kept[DATA_PATH_MAX];
    uint8_t *data;
    size_t size, end, count;

    tempdir_make(dir);
    given_log(1, 3, 50);
    path_of(path, 1);
    data = file_read(path, &size);
    end = data_end(data, size);
    file_write(path, data, end - 30);
    data_path(kept, dir, "kept");
    rename(path, kept);
    given_log(3, 4, 50);
    rename(kept, path);
    CU_ASSERT_EQUAL(read_all(0, &count), 4);
    CU_ASSERT_EQUAL(count, 4);
    free(data);
    tempdir_remove(dir);
}

/* Apache may log one twice, and not as the last. */
static void
the_highest_that_is_skipped_comes_before_the_next(void)
{
    enum { RECORD = 50 + TXLOG_RECORD_EXTRA, TWO = 2 * RECORD };
    struct txlog_reader r;
    struct bytes entry;
    zxid_t zxid = 0;
    char path[DATA_PATH_MAX];
    uint8_t *data, *first, *third;
    size_t size;

    tempdir_make(dir);
    given_log(5, 7, 50);
    path_of(path, 5);
    data = file_read(path, &size);
    first = data + TXLOG_HEADER_BYTES;
    third = first + TWO;
    memcpy(third + RECORD, third, RECORD);
    memcpy(third, first, RECORD);
    file_write(path, data, size); /* 5 6 5 7 */
    CU_ASSERT_EQUAL(txlog_reader_open(&r, dir, 6), 0);
    CU_ASSERT_EQUAL(txlog_reader_next(&r, &entry, &zxid), 1);
    CU_ASSERT_EQUAL(zxid, 7);
    CU_ASSERT_EQUAL(r.skipped, 6);
    txlog_reader_close(&r);
    free(data);
    tempdir_remove(dir);
}

static void
a_gap_is_an_error(void)
{
    char path[DATA_PATH_MAX];
    size_t count;

    tempdir_make(dir);
    given_log(1, 3, 50);
    given_log(4, 6, 50);
    given_log(7, 9, 50);
    path_of(path, 4);
    unlink(path);
    CU_ASSERT_EQUAL(read_all(0, &count), -ENODATA);
    CU_ASSERT_EQUAL(count, 3);
    CU_ASSERT_EQUAL(read_all(3, &count), -ENODATA);
    CU_ASSERT_EQUAL(read_all(6, &count), 9);
    CU_ASSERT_EQUAL(read_all(TXLOG_FROM_START, &count), -ENODATA);
    tempdir_remove(dir);
}

static void
a_new_epoch_is_no_gap(void)
{
    size_t count;

    tempdir_make(dir);
    given_log(ZXID(1, 1), ZXID(1, 3), 50);
    given_log(ZXID(4, 1), ZXID(4, 2), 50);
    CU_ASSERT_EQUAL(read_all(0, &count), ZXID(4, 2));
    CU_ASSERT_EQUAL(count, 5);
    tempdir_remove(dir);
}

static void
a_reader_follows_the_writer_across_files(void)
{
    struct txlog_reader r;
    struct bytes entry;
    struct txlog l;
    zxid_t zxid;

    tempdir_make(dir);
    CU_ASSERT_EQUAL(txlog_open(&l, dir, &small, NULL, &error), 0);
    CU_ASSERT_EQUAL(txlog_reader_open(&r, dir, 0), 0);
    CU_ASSERT_EQUAL(txlog_reader_next(&r, &entry, &zxid), 0);
    for (zxid_t z = 1; z <= 50; z++) {
        append(&l, z, z, 300);
        if (z % 7 == 0)
            CU_ASSERT_EQUAL(txlog_roll(&l), 0);
        CU_ASSERT_EQUAL(txlog_reader_next(&r, &entry, &zxid), 1);
        CU_ASSERT_EQUAL(zxid, z);
        CU_ASSERT_EQUAL(txlog_reader_next(&r, &entry, &zxid), 0);
    }
    txlog_reader_close(&r);
    txlog_close(&l);
    tempdir_remove(dir);
}

static void
a_reader_sees_what_was_written_after_a_cut(void)
{
    struct txlog_reader r;
    struct bytes entry;
    zxid_t zxid;

    tempdir_make(dir);
    given_log(ZXID(1, 1), ZXID(1, 9), 50);
    CU_ASSERT_EQUAL(txlog_reader_open(&r, dir, 0), 0);
    for (zxid_t z = 1; z <= 4; z++)
        CU_ASSERT_EQUAL(txlog_reader_next(&r, &entry, &zxid), 1);
    CU_ASSERT_EQUAL(txlog_truncate(dir, ZXID(1, 4), false, &error), 0);
    given_log(ZXID(2, 1), ZXID(2, 2), 50);
    txlog_reader_refresh(&r);
    CU_ASSERT_EQUAL(txlog_reader_next(&r, &entry, &zxid), 1);
    CU_ASSERT_EQUAL(zxid, ZXID(2, 1));
    txlog_reader_close(&r);
    tempdir_remove(dir);
}

UNIT_SUITE(txlog_reader)
{
    unit_suite("txlog_reader");
    UNIT(damage_in_an_older_file_is_found_by_the_reader);
    UNIT(a_torn_record_before_its_successor_is_no_gap);
    UNIT(the_highest_that_is_skipped_comes_before_the_next);
    UNIT(a_gap_is_an_error);
    UNIT(a_new_epoch_is_no_gap);
    UNIT(a_reader_follows_the_writer_across_files);
    UNIT(a_reader_sees_what_was_written_after_a_cut);
}
