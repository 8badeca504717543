/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about storage/image/written.c: what a commit is measured by. */
#include "tests/unit/tempdir.h"
#include "tests/unit/unit.h"

#include "storage/datafile.h"
#include "storage/image/written.h"

enum { PAGE = 4096, PAGES = 256, SOME = 16 };

static uint8_t bytes[PAGES * PAGE];

/* A file that lies in memory in as few folios as the system likes. */
static int
given_a_file(void)
{
    char dir[DATA_PATH_MAX], path[DATA_PATH_MAX];
    int fd;

    tempdir_make(dir);
    data_path(path, dir, "file");
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CU_ASSERT_FATAL(fd >= 0);
    tempdir_remove(dir);
    CU_ASSERT_EQUAL(pwrite(fd, bytes, sizeof bytes, 0), sizeof bytes);
    CU_ASSERT_EQUAL(fdatasync(fd), 0);
    return fd;
}

static void
all_that_is_written_counts(void)
{
    uint64_t before = written_bytes();
    int fd = given_a_file();

    CU_ASSERT_EQUAL(written_bytes() - before, sizeof bytes);
    close(fd);
}

static void
a_page_counts_as_one_whatever_it_lies_beside(void)
{
    int fd = given_a_file();
    uint64_t before = written_bytes();

    for (int i = 0; i < SOME; i++) {
        off_t at = (off_t)i * (PAGES / SOME) * PAGE;

        CU_ASSERT_EQUAL(pwrite(fd, bytes, PAGE, at), PAGE);
        CU_ASSERT_EQUAL(fdatasync(fd), 0);
    }
    CU_ASSERT_EQUAL(written_bytes() - before, SOME * PAGE);
    close(fd);
}

UNIT_SUITE(written)
{
    unit_suite("written");
    UNIT(all_that_is_written_counts);
    UNIT(a_page_counts_as_one_whatever_it_lies_beside);
}
