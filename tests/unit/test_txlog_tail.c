/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about storage/log/txlog_tail.c and txlog_open.c: what a crash may
 * leave at the end is cut, all else is damage.
 */
#include "tests/unit/txlog_given.h"

#include <errno.h>

/* A crash leaves zeros, or the file's end, from any byte on. */
static void
a_record_torn_at_any_byte_is_cut(void)
{
    char path[DATA_PATH_MAX];
    uint8_t *data, *torn;
    size_t size, end, last_size = 77 + TXLOG_RECORD_EXTRA, count;

    tempdir_make(dir);
    given_log(1, 3, 77);
    path_of(path, 1);
    data = file_read(path, &size);
    torn = malloc(size);
    end = data_end(data, size);
    for (size_t at = end - last_size; at < end; at++) {
        memcpy(torn, data, size);
        memset(torn + at, 0, end - at);
        file_write(path, torn, size);
        CU_ASSERT_EQUAL(read_all(0, &count), 2);
        CU_ASSERT_EQUAL(last_of_log(), 2);
        CU_ASSERT_EQUAL(read_all(0, &count), 2);
        file_write(path, data, at);
        CU_ASSERT_EQUAL(read_all(0, &count), 2);
        CU_ASSERT_EQUAL(last_of_log(), 2);
    }
    file_write(path, data, size);
    CU_ASSERT_EQUAL(last_of_log(), 3);
    free(data);
    free(torn);
    tempdir_remove(dir);
}

static void
a_file_torn_before_its_first_record_goes(void)
{
    char path[DATA_PATH_MAX], next[DATA_PATH_MAX];
    uint8_t *data;
    size_t size;

    tempdir_make(dir);
    given_log(1, 3, 77);
    path_of(path, 1);
    path_of(next, 4);
    data = file_read(path, &size);
    for (size_t at = 0; at < 40; at++) {
        bool was_torn = false;
        struct txlog l;

        file_write(next, data, at);
        CU_ASSERT_EQUAL(txlog_open(&l, dir, &small, &was_torn, &error), 0);
        CU_ASSERT_EQUAL(l.last, 3);
        CU_ASSERT(was_torn); /* it is told */
        CU_ASSERT(!file_is_there(next));
        txlog_close(&l);
    }
    given_log(4, 5, 77);
    CU_ASSERT_EQUAL(last_of_log(), 5);
    free(data);
    tempdir_remove(dir);
}

/* The reader passes over it, and the next has to be behind all of them. */
static void
a_record_logged_twice_is_not_the_last(void)
{
    char path[DATA_PATH_MAX];
    uint8_t *data, *twice;
    size_t size, end, count;
    const size_t record = 50 + TXLOG_RECORD_EXTRA;

    tempdir_make(dir);
    given_log(1, 6, 50);
    path_of(path, 1);
    data = file_read(path, &size);
    end = data_end(data, size);
    twice = calloc(1, end + record);
    memcpy(twice, data, end);
    memcpy(twice + end, data + TXLOG_HEADER_BYTES + 2 * record, record);
    file_write(path, twice, end + record);
    CU_ASSERT_EQUAL(last_of_log(), 6);
    CU_ASSERT_EQUAL(read_all(0, &count), 6);
    CU_ASSERT_EQUAL(count, 6);
    free(twice);
    free(data);
    tempdir_remove(dir);
}

/* A bad restore: such a file would be left out, or read out of its turn. */
static void
a_file_that_is_not_named_after_its_first_transaction_is_refused(void)
{
    static const zxid_t names[] = {1, 5, 8, 20};
    char path[DATA_PATH_MAX], wrong[DATA_PATH_MAX];

    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        tempdir_make(dir);
        given_log(3, 6, 77);
        given_log(7, 9, 77);
        path_of(path, 7);
        path_of(wrong, names[i]);
        CU_ASSERT_EQUAL(rename(path, wrong), 0);
        CU_ASSERT_EQUAL(last_of_log(), -EBADMSG);
        CU_ASSERT_STRING_EQUAL(error.path, wrong);
        CU_ASSERT(strstr(error.what, "0x7,") != NULL);
        CU_ASSERT_EQUAL(rename(wrong, path), 0);
        CU_ASSERT_EQUAL(last_of_log(), 9);
        tempdir_remove(dir);
    }
}

/*
 * Only what was written behind a torn record in the same unsynced write may be
 * thrown away with it: so nothing is, behind one of whatever size.
 */
static void
a_crash_tears_one_record_or_a_few_small_ones(void)
{
    static uint8_t room[30 << 20];
    struct txlog l;

    tempdir_make(dir);
    CU_ASSERT_EQUAL(txlog_open(&l, dir, &small, NULL, &error), 0);
    for (zxid_t z = 1; z <= 20; z++) {
        CU_ASSERT_EQUAL(txlog_append(&l, z, entry_of(room, z, 3 << 20)), 0);
        CU_ASSERT(l.unsynced <= TXLOG_UNSYNCED_MAX);
    }
    CU_ASSERT_EQUAL(txlog_append(&l, 21, entry_of(room, 21, 30 << 20)), 0);
    CU_ASSERT_EQUAL(l.unsynced, (30 << 20) + TXLOG_RECORD_EXTRA);
    CU_ASSERT_EQUAL(txlog_append(&l, 22, entry_of(room, 22, 50)), 0);
    CU_ASSERT_EQUAL(l.unsynced, 50 + TXLOG_RECORD_EXTRA);
    txlog_close(&l);
    tempdir_remove(dir);
}

/* Sectors of one unsynced write reach the disk in any order. */
static void
a_hole_of_a_lost_sector_is_torn(void)
{
    char path[DATA_PATH_MAX];
    struct txlog l;
    uint8_t *data;
    size_t size, count;
    bool was_torn;

    tempdir_make(dir);
    given_log(1, 100, 100);
    path_of(path, 1);
    data = file_read(path, &size);
    memset(data + 1024, 0, 512); /* records 9 to 13 */
    file_write(path, data, size);
    CU_ASSERT_EQUAL(read_all(0, &count), 8);
    for (int again = 0; again < 2; again++) {
        CU_ASSERT_EQUAL(txlog_open(&l, dir, &small, &was_torn, &error), 0);
        CU_ASSERT_EQUAL(l.last, 8);
        CU_ASSERT_EQUAL(was_torn, again == 0); /* then it is cut */
        txlog_close(&l);
    }
    free(data);
    tempdir_remove(dir);
}

/* `size` bytes at `offset` of a file, of whose sectors those of a set came. */
static void
lay_sectors(uint8_t *to, const uint8_t *from, size_t size, size_t offset,
            unsigned came)
{
    size_t first = offset / 512;

    for (size_t i = 0; i < size; i++)
        to[i] = came >> ((offset + i) / 512 - first) & 1 ? from[i] : 0;
}

/*
 * Whatever sectors of a write are lost, and wherever its records lie in them:
 * one that begins at the end of a lost sector is whole, for it begins with
 * zeros.
 */
static void
no_loss_of_sectors_is_damage(void)
{
    enum { RECORD = 100 + TXLOG_RECORD_EXTRA, WRITE = 8 * RECORD };
    char path[DATA_PATH_MAX];
    uint8_t *data, left[WRITE];
    size_t size, whole;

    tempdir_make(dir);
    given_log(1, 520, 100);
    path_of(path, 1);
    data = file_read(path, &size);
    for (size_t i = 0; i < 512; i++) { /* every place in a sector once */
        size_t at = TXLOG_HEADER_BYTES + i * RECORD;

        for (unsigned came = 0; came < 8; came++) {
            lay_sectors(left, data + at, WRITE, at, came);
            for (whole = 0; whole < WRITE; whole += RECORD)
                if (memcmp(left + whole, data + at + whole, RECORD) != 0)
                    break;
            CU_ASSERT_NOT_EQUAL(
                txlog_judge_tail(left + whole, WRITE - whole, at + whole),
                TXLOG_TAIL_CORRUPT);
        }
    }
    free(data);
    tempdir_remove(dir);
}

static void
break_byte(const char *path, size_t at)
{
    size_t size;
    uint8_t *data = file_read(path, &size);

    data[at] ^= 1;
    file_write(path, data, size);
    free(data);
}

/* Who reads that the last good one is 0x0 would think that all is lost. */
static void
damage_tells_the_last_good_transaction_if_there_is_one(void)
{
    char path[DATA_PATH_MAX];
    size_t count;

    tempdir_make(dir);
    given_log(1, 3, 50);
    given_log(4, 5, 50);
    path_of(path, 4);
    break_byte(path, TXLOG_HEADER_BYTES + 30);
    CU_ASSERT_EQUAL(last_of_log(), -EBADMSG);
    CU_ASSERT_STRING_EQUAL(error.what,
                           "this record of the transaction log is damaged; "
                           "the file has no good transaction before it");
    CU_ASSERT_EQUAL(read_all(TXLOG_FROM_START, &count), -EBADMSG);
    CU_ASSERT(strstr(error.what, "good transaction before it is 0x3") != NULL);
    path_of(path, 1);
    break_byte(path, 0);
    CU_ASSERT_EQUAL(read_all(TXLOG_FROM_START, &count), -EBADMSG);
    CU_ASSERT(strstr(error.what, "no good transaction") != NULL);
    tempdir_remove(dir);
}

/* Any one bit changed in any record, also in the last, is noticed; and in
   the header, but for the database's id, which nobody reads. */
static void
a_flipped_bit_anywhere_is_damage(void)
{
    char path[DATA_PATH_MAX];
    uint8_t *data;
    size_t size, end, count;

    tempdir_make(dir);
    given_log(1, 3, 50);
    path_of(path, 1);
    data = file_read(path, &size);
    end = data_end(data, size);
    for (size_t bit = 0; bit < end * 8; bit++) {
        if (bit / 64 == 1)
            continue;
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        file_write(path, data, size);
        CU_ASSERT_EQUAL(last_of_log(), -EBADMSG);
        CU_ASSERT_EQUAL(read_all(0, &count), -EBADMSG);
        CU_ASSERT((size_t)error.offset <= bit / 8);
        CU_ASSERT((size_t)error.offset + 63 > bit / 8);
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    CU_ASSERT(strstr(error.path, "log.1") != NULL);
    CU_ASSERT(strlen(error.remedy) > 0);
    free(data);
    tempdir_remove(dir);
}

UNIT_SUITE(txlog_tail)
{
    unit_suite("txlog_tail");
    UNIT(a_record_torn_at_any_byte_is_cut);
    UNIT(a_file_torn_before_its_first_record_goes);
    UNIT(a_record_logged_twice_is_not_the_last);
    UNIT(a_file_that_is_not_named_after_its_first_transaction_is_refused);
    UNIT(a_crash_tears_one_record_or_a_few_small_ones);
    UNIT(a_hole_of_a_lost_sector_is_torn);
    UNIT(no_loss_of_sectors_is_damage);
    UNIT(damage_tells_the_last_good_transaction_if_there_is_one);
    UNIT(a_flipped_bit_anywhere_is_damage);
}
