/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about storage/log/identity.c and .h: which ensemble a server is of. */
#include "storage/log/identity.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/tempdir.h"
#include "tests/unit/unit.h"

static const struct identity none = {0};
static const struct identity proposed_5 = {0xa1, 5, false};
static const struct identity proposed_9 = {0xb2, 9, false};
static const struct identity confirmed_3 = {0xc3, 3, true};
static const struct identity confirmed_8 = {0xd4, 8, true};

static char dir[DATA_PATH_MAX];
static struct data_error error;

static void
given_line(const char *text)
{
    char path[DATA_PATH_MAX];

    data_path(path, dir, IDENTITY_FILE);
    file_write(path, text, strlen(text));
}

static bool
is_refused(const char *text)
{
    struct identity id = proposed_5;

    given_line(text);
    return identity_load(&id, dir, &error) == -EINVAL && id.id == 0xa1 &&
           strstr(error.path, IDENTITY_FILE) && *error.remedy;
}

/* --- on disk ------------------------------------------------------------- */

static void
without_a_file_there_is_no_id(void)
{
    struct identity id = proposed_5;

    tempdir_make(dir);
    CU_ASSERT_EQUAL(identity_load(&id, dir, &error), 0);
    CU_ASSERT_EQUAL(id.id, 0);
    CU_ASSERT_FALSE(id.is_confirmed);
    tempdir_remove(dir);
}

static void
what_was_stored_is_loaded(void)
{
    static const struct identity stored = {UINT64_MAX - 1, 12, true};
    struct identity id;

    tempdir_make(dir);
    CU_ASSERT_EQUAL(identity_store(dir, &proposed_5), 0);
    CU_ASSERT_EQUAL(identity_load(&id, dir, &error), 0);
    CU_ASSERT_EQUAL(id.id, 0xa1);
    CU_ASSERT_EQUAL(id.epoch, 5);
    CU_ASSERT_FALSE(id.is_confirmed);
    CU_ASSERT_EQUAL(identity_store(dir, &stored), 0);
    CU_ASSERT_EQUAL(identity_load(&id, dir, &error), 0);
    CU_ASSERT_EQUAL(id.id, UINT64_MAX - 1);
    CU_ASSERT_EQUAL(id.epoch, 12);
    CU_ASSERT_TRUE(id.is_confirmed);
    tempdir_remove(dir);
}

/* Believed in half, a server would be taken for a foreign one. */
static void
a_line_that_is_not_ours_is_refused(void)
{
    tempdir_make(dir);
    CU_ASSERT_TRUE(is_refused(""));
    CU_ASSERT_TRUE(is_refused("00000000000000a1 5 confirm"));
    CU_ASSERT_TRUE(is_refused("00000000000000a1 5 confirmed"));
    CU_ASSERT_TRUE(is_refused("0000000000000000 5 confirmed\n"));
    CU_ASSERT_TRUE(is_refused("00000000000000a1 -5 confirmed\n"));
    CU_ASSERT_TRUE(is_refused("a1 5 confirmed\n"));
    CU_ASSERT_TRUE(is_refused("00000000000000a1 5 confirmed\nmore\n"));
    tempdir_remove(dir);
}

/* Whoever cannot read it must not be told to remove it. */
static void
a_file_that_cannot_be_read_is_the_disks_fault(void)
{
    struct identity id = proposed_5;
    char path[DATA_PATH_MAX];

    tempdir_make(dir);
    data_path(path, dir, IDENTITY_FILE);
    CU_ASSERT_EQUAL(mkdir(path, 0700), 0);
    CU_ASSERT_EQUAL(identity_load(&id, dir, &error), -EISDIR);
    CU_ASSERT_EQUAL(id.id, 0xa1);
    CU_ASSERT(strstr(error.what, strerror(EISDIR)) != NULL);
    CU_ASSERT(strstr(error.remedy, "disk") != NULL);
    tempdir_remove(dir);
}

static void
a_line_that_cannot_be_written_changes_nothing(void)
{
    struct identity id;

    tempdir_make(dir);
    CU_ASSERT_EQUAL(identity_store(dir, &proposed_5), 0);
    CU_ASSERT_TRUE(identity_store("/nowhere/at/all", &proposed_9) < 0);
    CU_ASSERT_EQUAL(identity_load(&id, dir, &error), 0);
    CU_ASSERT_EQUAL(id.id, 0xa1);
    tempdir_remove(dir);
}

/* --- which one stands ---------------------------------------------------- */

static void
only_two_that_are_confirmed_are_foreign_to_each_other(void)
{
    CU_ASSERT_TRUE(identity_is_foreign(&confirmed_3, &confirmed_8));
    CU_ASSERT_FALSE(identity_is_foreign(&confirmed_3, &confirmed_3));
    CU_ASSERT_FALSE(identity_is_foreign(&confirmed_3, &proposed_9));
    CU_ASSERT_FALSE(identity_is_foreign(&proposed_9, &confirmed_3));
    CU_ASSERT_FALSE(identity_is_foreign(&confirmed_3, &none));
    CU_ASSERT_FALSE(identity_is_foreign(&none, &confirmed_3));
}

static void
the_later_proposal_stands(void)
{
    CU_ASSERT_TRUE(identity_beats(&proposed_9, &proposed_5));
    CU_ASSERT_FALSE(identity_beats(&proposed_5, &proposed_9));
    CU_ASSERT_FALSE(identity_beats(&proposed_5, &proposed_5));
}

static void
what_is_confirmed_stands_whatever_its_epoch(void)
{
    CU_ASSERT_TRUE(identity_beats(&confirmed_3, &proposed_9));
    CU_ASSERT_FALSE(identity_beats(&proposed_9, &confirmed_3));
}

static void
any_id_stands_against_none(void)
{
    CU_ASSERT_TRUE(identity_beats(&proposed_5, &none));
    CU_ASSERT_FALSE(identity_beats(&none, &proposed_5));
    CU_ASSERT_FALSE(identity_beats(&none, &none));
}

/* To remove it would help as little as to move the data away. */
static void
a_file_that_cannot_be_read_is_no_other_id(void)
{
    struct identity id = none;
    char path[DATA_PATH_MAX];

    tempdir_make(dir);
    data_path(path, dir, IDENTITY_FILE);
    CU_ASSERT_EQUAL(mkdir(path, 0700), 0);
    CU_ASSERT_EQUAL(identity_load(&id, dir, &error), -EISDIR);
    CU_ASSERT_STRING_EQUAL(error.remedy, data_remedy_access);
    tempdir_remove(dir);
}

UNIT_SUITE(identity)
{
    unit_suite("identity");
    UNIT(without_a_file_there_is_no_id);
    UNIT(what_was_stored_is_loaded);
    UNIT(a_line_that_is_not_ours_is_refused);
    UNIT(a_file_that_cannot_be_read_is_the_disks_fault);
    UNIT(a_line_that_cannot_be_written_changes_nothing);
    UNIT(only_two_that_are_confirmed_are_foreign_to_each_other);
    UNIT(the_later_proposal_stands);
    UNIT(what_is_confirmed_stands_whatever_its_epoch);
    UNIT(any_id_stands_against_none);
    UNIT(a_file_that_cannot_be_read_is_no_other_id);
}
