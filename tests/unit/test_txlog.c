/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about storage/log/txlog.c: the log on disk, as it is written. */
#include "tests/unit/txlog_given.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

/* --- a disk that does less ----------------------------------------------- */

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

/* Where this is not 0, the disk says that it has so many bytes left. */
static uint64_t bytes_left;

int
fstatvfs(int fd, struct statvfs *to)
{
    struct statfs fs;

    if (fstatfs(fd, &fs) < 0)
        return -1;
    *to = (struct statvfs){.f_frsize = (unsigned long)fs.f_frsize,
                           .f_bavail = fs.f_bavail};
    if (bytes_left > 0)
        *to = (struct statvfs){.f_frsize = 1, .f_bavail = bytes_left};
    return 0;
}

/* --- what is appended ---------------------------------------------------- */

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

/* The image and the snapshots, without which no log file ever goes. */
static void
what_a_disk_has_last_is_left_to_others(void)
{
    struct txlog l;

    tempdir_make(dir);
    CU_ASSERT_EQUAL(txlog_open(&l, dir, &small, NULL, &error), 0);
    bytes_left = small.prealloc_bytes + TXLOG_HEADER_BYTES;
    append(&l, 1, 3, 100);
    CU_ASSERT_EQUAL(l.allocated, l.size);
    bytes_left = 0;
    append(&l, 4, 4, 100);
    CU_ASSERT(l.allocated >= small.prealloc_bytes);
    txlog_close(&l);
    CU_ASSERT_EQUAL(last_of_log(), 4);
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

/* --- what is there ------------------------------------------------------- */

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
    UNIT(a_file_rolls_when_it_is_full);
    UNIT(a_file_that_is_finished_is_not_kept_open);
    UNIT(records_larger_than_every_buffer_pass);
    UNIT(what_goes_by_pieces_is_whole);
    UNIT(zeros_go_ahead_of_small_groups);
    UNIT(nothing_goes_ahead_of_a_file_without_preallocation);
    UNIT(what_a_disk_has_last_is_left_to_others);
    UNIT(a_failed_write_ends_the_log);
    UNIT(truncating_keeps_the_named_transaction);
    UNIT(opening_a_long_log_shows_progress);
}
