/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about storage/log/txlog*.c: the log on disk, torn, damaged, cut. */
#include "storage/log/txlog.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "daemon/jute.h"
#include "storage/log/txlog_reader.h"
#include "storage/log/txlog_scan.h"
#include "tests/unit/tempdir.h"
#include "tests/unit/unit.h"

static char dir[DATA_PATH_MAX];
static struct data_error error;

static const struct txlog_options small = {.prealloc_bytes = 65536};

/*
 * A system call may do less than it was asked for, or nothing for a signal.
 * Where this is not 0, every second one does nothing, the others do so much.
 */
static size_t piece_max;

static bool
is_interrupted(void)
{
    static unsigned calls;

    errno = EINTR;
    return piece_max > 0 && ++calls % 2 == 0;
}

static size_t
piece_of(size_t size)
{
    return piece_max > 0 && size > piece_max ? piece_max : size;
}

/* These take the place of the C library's in all of build/unit. */
ssize_t
pread(int fd, void *to, size_t size, off_t at)
{
    return is_interrupted() ? -1
                            : syscall(SYS_pread64, fd, to, piece_of(size), at);
}

ssize_t
pwrite(int fd, const void *from, size_t size, off_t at)
{
    return is_interrupted()
               ? -1
               : syscall(SYS_pwrite64, fd, from, piece_of(size), at);
}

/* An entry of `size` bytes; only its zxid matters here. */
static struct bytes
entry_of(uint8_t *room, zxid_t zxid, int32_t size)
{
    for (int32_t i = 0; i < size; i++)
        room[i] = (uint8_t)(zxid * 31 + i * 7 + 1);
    store_be64(room + 12, (uint64_t)zxid);
    return (struct bytes){room, size};
}

static void
append(struct txlog *l, zxid_t from, zxid_t to, int32_t size)
{
    uint8_t *room = malloc((size_t)size);

    for (zxid_t z = from; z <= to; z++)
        CU_ASSERT_EQUAL(txlog_append(l, z, entry_of(room, z, size)), 0);
    CU_ASSERT_EQUAL(txlog_flush(l), 0);
    free(room);
}

/* A closed log with transactions from..to in one file. */
static void
given_log(zxid_t from, zxid_t to, int32_t size)
{
    struct txlog l;

    CU_ASSERT_EQUAL(txlog_open(&l, dir, &small, NULL, &error), 0);
    append(&l, from, to, size);
    txlog_close(&l);
}

/* Open and close: what the log says is its last transaction, or -errno. */
static zxid_t
last_of_log(void)
{
    struct txlog l;
    int rc = txlog_open(&l, dir, &small, NULL, &error);

    if (rc == 0)
        txlog_close(&l);
    return rc < 0 ? rc : l.last;
}

/* Read all behind `after`: the last zxid, or -errno; counts in `count`. */
static zxid_t
read_all(zxid_t after, size_t *count)
{
    struct txlog_reader r;
    struct bytes entry;
    zxid_t zxid = 0;
    int rc;

    *count = 0;
    CU_ASSERT_EQUAL(txlog_reader_open(&r, dir, after), 0);
    while ((rc = txlog_reader_next(&r, &entry, &zxid)) == 1)
        (*count)++;
    if (rc == 0)
        rc = txlog_reader_check_end(&r);
    error = r.error;
    txlog_reader_close(&r);
    return rc < 0 ? rc : zxid;
}

static void
path_of(char path[DATA_PATH_MAX], zxid_t zxid)
{
    char name[DATA_NAME_MAX];

    data_name(name, "log", zxid);
    data_path(path, dir, name);
}

/* The end of the last whole record of a one-file log. */
static size_t
data_end(const uint8_t *data, size_t size)
{
    while (size > 0 && data[size - 1] == 0)
        size--;
    return size;
}

static void
an_empty_directory_is_an_empty_log(void)
{
    size_t count;

    tempdir_make(dir);
    CU_ASSERT_EQUAL(last_of_log(), 0);
    CU_ASSERT_EQUAL(read_all(0, &count), 0);
    CU_ASSERT_EQUAL(count, 0);
    tempdir_remove(dir);
}

static void
what_was_appended_is_read_back(void)
{
    struct txlog_reader r;
    struct bytes entry, want;
    uint8_t room[100];
    zxid_t zxid;

    tempdir_make(dir);
    given_log(1, 1000, 100);
    CU_ASSERT_EQUAL(txlog_reader_open(&r, dir, 0), 0);
    for (zxid_t z = 1; z <= 1000; z++) {
        CU_ASSERT_EQUAL(txlog_reader_next(&r, &entry, &zxid), 1);
        want = entry_of(room, z, 100);
        CU_ASSERT_EQUAL(zxid, z);
        CU_ASSERT(bytes_equal(entry, want));
    }
    CU_ASSERT_EQUAL(txlog_reader_next(&r, &entry, &zxid), 0);
    txlog_reader_close(&r);
    tempdir_remove(dir);
}

/* The bytes of spec/quorum-protocol.md 16.5. */
static void
the_file_is_apaches(void)
{
    static const uint8_t entry[] = {
        0x01, 0,    0,    0x17, 0xeb, 0x03, 0,    0,    0,    0,    0,    0,
        0,    0,    0,    1,    0,    0,    0,    1,    0,    0,    0x01, 0xa2,
        0x06, 0x1e, 0x56, 0x8f, 0xff, 0xff, 0xff, 0xf6, 0,    0,    0x13, 0x88,
        0,    0,    0,    2,    0,    0,    0,    0,    0x51, 0xc6, 0xd6, 0x60};
    static const uint8_t head[] = {0x5a, 0x4b, 0x4c, 0x47, 0, 0, 0, 2,   0, 0,
                                   0,    0,    0,    0,    0, 0, 0, 0,   0, 0,
                                   0xaa, 0x9e, 0x09, 0x92, 0, 0, 0, 0x30};
    char path[DATA_PATH_MAX];
    struct txlog l;
    uint8_t *data;
    size_t size;

    tempdir_make(dir);
    CU_ASSERT_EQUAL(txlog_open(&l, dir, &small, NULL, &error), 0);
    CU_ASSERT_EQUAL(
        txlog_append(&l, ZXID(1, 1), (struct bytes){entry, sizeof entry}), 0);
    CU_ASSERT_EQUAL(txlog_flush(&l), 0);
    txlog_close(&l);
    path_of(path, ZXID(1, 1));
    data = file_read(path, &size);
    CU_ASSERT_EQUAL(size, 16 + 65536);
    CU_ASSERT_EQUAL(memcmp(data, head, sizeof head), 0);
    CU_ASSERT_EQUAL(data[sizeof head + sizeof entry], 'B');
    CU_ASSERT_EQUAL(data_end(data, size), sizeof head + sizeof entry + 1);
    free(data);
    tempdir_remove(dir);
}

static void
after_reopening_a_new_file_continues(void)
{
    char path[DATA_PATH_MAX];
    size_t count;

    tempdir_make(dir);
    given_log(1, 5, 60);
    given_log(6, 9, 60);
    path_of(path, 6);
    CU_ASSERT(file_is_there(path));
    CU_ASSERT_EQUAL(read_all(0, &count), 9);
    CU_ASSERT_EQUAL(count, 9);
    CU_ASSERT_EQUAL(read_all(7, &count), 9);
    CU_ASSERT_EQUAL(count, 2);
    CU_ASSERT_EQUAL(read_all(5, &count), 9);
    CU_ASSERT_EQUAL(count, 4);
    tempdir_remove(dir);
}

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
a_file_rolls_when_it_is_full(void)
{
    const struct txlog_options options = {
        .prealloc_bytes = 4096, .roll_records = 10, .roll_bytes = 1000};
    struct data_list list;
    struct txlog l;
    size_t count;

    tempdir_make(dir);
    CU_ASSERT_EQUAL(txlog_open(&l, dir, &options, NULL, &error), 0);
    append(&l, 1, 20, 50);
    append(&l, 21, 22, 900);
    append(&l, 23, 23, 100000);
    txlog_close(&l);
    CU_ASSERT_EQUAL(data_list_read(&list, dir, DATA_LOGS), 0);
    CU_ASSERT_EQUAL(list.count, 5);
    data_list_free(&list);
    CU_ASSERT_EQUAL(read_all(0, &count), 23);
    tempdir_remove(dir);
}

static void
a_file_that_is_finished_is_not_kept_open(void)
{
    struct txlog l;
    int fd;

    tempdir_make(dir);
    CU_ASSERT_EQUAL(txlog_open(&l, dir, &small, NULL, &error), 0);
    append(&l, 1, 1, 50);
    fd = l.fd;
    CU_ASSERT_EQUAL(txlog_roll(&l), 0);
    CU_ASSERT_EQUAL(fcntl(fd, F_GETFD), -1);
    append(&l, 2, 2, 50);
    fd = l.fd;
    txlog_close(&l);
    CU_ASSERT_EQUAL(fcntl(fd, F_GETFD), -1);
    tempdir_remove(dir);
}

static void
records_larger_than_every_buffer_pass(void)
{
    size_t count;

    tempdir_make(dir);
    given_log(1, 3, 3000000);
    CU_ASSERT_EQUAL(read_all(0, &count), 3);
    CU_ASSERT_EQUAL(count, 3);
    CU_ASSERT_EQUAL(last_of_log(), 3);
    tempdir_remove(dir);
}

static void
what_goes_by_pieces_is_whole(void)
{
    size_t count;

    tempdir_make(dir);
    piece_max = 777;
    given_log(1, 9, 100);
    given_log(10, 11, 1500000);
    CU_ASSERT_EQUAL(read_all(0, &count), 11);
    CU_ASSERT_EQUAL(count, 11);
    piece_max = 0;
    CU_ASSERT_EQUAL(read_all(0, &count), 11);
    CU_ASSERT_EQUAL(count, 11);
    CU_ASSERT_EQUAL(last_of_log(), 11);
    tempdir_remove(dir);
}

static void
truncating_keeps_the_named_transaction(void)
{
    size_t count;

    tempdir_make(dir);
    given_log(1, 5, 50);
    given_log(6, 9, 50);
    given_log(10, 12, 50);
    CU_ASSERT_EQUAL(txlog_truncate(dir, 13, false, &error), -ENOENT);
    CU_ASSERT_EQUAL(read_all(0, &count), 12);
    CU_ASSERT_EQUAL(txlog_truncate(dir, 7, false, &error), 0);
    CU_ASSERT_EQUAL(read_all(0, &count), 7);
    CU_ASSERT_EQUAL(txlog_truncate(dir, 5, false, &error), 0);
    CU_ASSERT_EQUAL(last_of_log(), 5);
    given_log(6, 8, 50);
    CU_ASSERT_EQUAL(read_all(0, &count), 8);
    CU_ASSERT_EQUAL(txlog_truncate(dir, 0, false, &error), -ENOENT);
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

/* Small groups find zeros written before them; large ones need none. */
static void
zeros_go_ahead_of_small_groups(void)
{
    const struct txlog_options roomy = {.prealloc_bytes = 8 * 1024 * 1024};
    uint64_t zeroed;
    size_t count;
    struct txlog l;

    tempdir_make(dir);
    CU_ASSERT_EQUAL(txlog_open(&l, dir, &roomy, NULL, &error), 0);
    append(&l, 1, 1, 100);
    zeroed = l.zeroed;
    CU_ASSERT(zeroed > l.size && zeroed < l.allocated);
    append(&l, 2, 100, 100);
    CU_ASSERT_EQUAL(l.zeroed, zeroed);
    append(&l, 101, 101, 1024 * 1024);
    CU_ASSERT_EQUAL(l.zeroed, zeroed);
    append(&l, 102, 102, 100);
    CU_ASSERT(l.zeroed > l.size);
    txlog_close(&l);
    CU_ASSERT_EQUAL(read_all(0, &count), 102);
    CU_ASSERT_EQUAL(count, 102);
    CU_ASSERT_EQUAL(last_of_log(), 102);
    tempdir_remove(dir);
}

static void
nothing_goes_ahead_of_a_file_without_preallocation(void)
{
    const struct txlog_options plain = {0};
    struct txlog l;
    struct stat st;

    tempdir_make(dir);
    CU_ASSERT_EQUAL(txlog_open(&l, dir, &plain, NULL, &error), 0);
    append(&l, 1, 3, 100);
    CU_ASSERT_EQUAL(fstat(l.fd, &st), 0);
    CU_ASSERT_EQUAL((uint64_t)st.st_size, l.size);
    txlog_close(&l);
    tempdir_remove(dir);
}

static void
a_failed_write_ends_the_log(void)
{
    uint8_t room[50];
    struct txlog l;

    tempdir_make(dir);
    CU_ASSERT_EQUAL(txlog_open(&l, dir, &small, NULL, &error), 0);
    append(&l, 1, 1, 50);
    close(l.fd);
    l.fd = open("/dev/full", O_RDWR | O_CLOEXEC);
    CU_ASSERT_EQUAL(txlog_append(&l, 2, entry_of(room, 2, 50)), 0);
    CU_ASSERT(txlog_flush(&l) < 0);
    close(l.fd);
    l.fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    CU_ASSERT(txlog_flush(&l) < 0);
    CU_ASSERT(txlog_roll(&l) < 0);
    CU_ASSERT(txlog_append(&l, 3, entry_of(room, 3, 50)) < 0);
    txlog_close(&l);
    CU_ASSERT_EQUAL(last_of_log(), 1);
    tempdir_remove(dir);
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

struct told {
    int times;
    uint64_t done;
};

static void
note_progress(void *arg, uint64_t done, uint64_t total)
{
    struct told *told = arg;

    CU_ASSERT(told->done < done && done <= total);
    told->times++;
    told->done = done;
}

/* A file may be gigabytes, on a slow disk; who is silent is ended. */
static void
opening_a_long_log_shows_progress(void)
{
    struct told told = {0};
    const struct txlog_options options = {.progress = note_progress,
                                          .progress_arg = &told};
    struct txlog l;

    tempdir_make(dir);
    given_log(1, 400, 20000);
    CU_ASSERT_EQUAL(txlog_open(&l, dir, &options, NULL, &error), 0);
    CU_ASSERT_EQUAL(l.last, 400);
    CU_ASSERT(told.times >= 5);
    txlog_close(&l);
    tempdir_remove(dir);
}

UNIT_SUITE(txlog)
{
    unit_suite("txlog");
    UNIT(an_empty_directory_is_an_empty_log);
    UNIT(what_was_appended_is_read_back);
    UNIT(the_file_is_apaches);
    UNIT(after_reopening_a_new_file_continues);
    UNIT(a_record_torn_at_any_byte_is_cut);
    UNIT(a_file_torn_before_its_first_record_goes);
    UNIT(a_record_logged_twice_is_not_the_last);
    UNIT(a_file_that_is_not_named_after_its_first_transaction_is_refused);
    UNIT(damage_tells_the_last_good_transaction_if_there_is_one);
    UNIT(a_flipped_bit_anywhere_is_damage);
    UNIT(a_hole_of_a_lost_sector_is_torn);
    UNIT(no_loss_of_sectors_is_damage);
    UNIT(damage_in_an_older_file_is_found_by_the_reader);
    UNIT(a_torn_record_before_its_successor_is_no_gap);
    UNIT(a_gap_is_an_error);
    UNIT(a_new_epoch_is_no_gap);
    UNIT(a_reader_follows_the_writer_across_files);
    UNIT(a_file_rolls_when_it_is_full);
    UNIT(a_file_that_is_finished_is_not_kept_open);
    UNIT(records_larger_than_every_buffer_pass);
    UNIT(what_goes_by_pieces_is_whole);
    UNIT(a_crash_tears_one_record_or_a_few_small_ones);
    UNIT(truncating_keeps_the_named_transaction);
    UNIT(a_reader_sees_what_was_written_after_a_cut);
    UNIT(zeros_go_ahead_of_small_groups);
    UNIT(nothing_goes_ahead_of_a_file_without_preallocation);
    UNIT(opening_a_long_log_shows_progress);
    UNIT(a_failed_write_ends_the_log);
}
