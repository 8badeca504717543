/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about storage/image/image_removed.c: files that are gone are missed.
 */
#include "storage/image/image_proc.h"
#include "tests/unit/tempdir.h"
#include "tests/unit/unit.h"

static struct image_proc p;
static char base[DATA_PATH_MAX], log_path[DATA_PATH_MAX];

static void
given_directory(void)
{
    struct data_error e;

    tempdir_make(base);
    p = (struct image_proc){.had_log = false};
    CU_ASSERT_EQUAL_FATAL(datadir_open(&p.dirs, base, NULL, true, &e), 0);
    data_path(log_path, p.dirs.log, "log.1");
}

static void
given_a_log(void)
{
    given_directory();
    file_write(log_path, "", 0);
    CU_ASSERT_FALSE(image_removed_look(&p));
}

static void
done(void)
{
    datadir_close(&p.dirs);
    tempdir_remove(base);
}

static void
a_server_without_transactions_misses_nothing(void)
{
    given_directory();
    CU_ASSERT_FALSE(image_removed_look(&p));
    done();
}

static void
a_log_that_is_gone_is_told_each_minute(void)
{
    given_a_log();
    unlink(log_path);
    CU_ASSERT_TRUE(image_removed_look(&p));
    CU_ASSERT_FALSE(image_removed_look(&p));
    p.removed_told -= 60 * 1000;
    CU_ASSERT_TRUE(image_removed_look(&p));
    done();
}

static void
a_directory_that_is_gone_is_told(void)
{
    given_a_log();
    tempdir_remove(base);
    CU_ASSERT_TRUE(image_removed_look(&p));
    datadir_close(&p.dirs);
}

UNIT_SUITE(image_removed)
{
    unit_suite("image_removed");
    UNIT(a_server_without_transactions_misses_nothing);
    UNIT(a_log_that_is_gone_is_told_each_minute);
    UNIT(a_directory_that_is_gone_is_told);
}
