/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about storage/image/image_fold.c: who is blamed for what. */
#include <signal.h>
#include <sys/wait.h>

#include "daemon/log.h"
#include "storage/image/image_guard.h"
#include "storage/image/image_proc.h"
#include "storage/log/txlog.h"
#include "tests/unit/image_given.h"

enum { TOLD_OF_IMAGE = 77, TOLD_OF_LOCK = 78 };

static struct shm_replication replication;
static struct shm_log log_part;
static struct shm_image shared;
static struct shm shm;
static struct image_proc p;

/* Two sets of /a behind an image that has it. */
static void
given_a_log(void)
{
    const struct txlog_options options = {.prealloc_bytes = 65536};
    struct txlog l;

    CU_ASSERT_EQUAL_FATAL(txlog_open(&l, dirs.log, &options, NULL, &error), 0);
    CU_ASSERT_EQUAL(txlog_append(&l, 1, a_create(1, "/a", "old", 0, 1)), 0);
    CU_ASSERT_EQUAL(txlog_append(&l, 2, a_set_data(2, "/a", "new", 1)), 0);
    CU_ASSERT_EQUAL(txlog_flush(&l), 0);
    txlog_close(&l);
}

/* The process at work, with that much to do. */
static void
given_a_process(void)
{
    close_image();
    shm = (struct shm){
        .replication = &replication, .log = &log_part, .image = &shared};
    atomic_store(&log_part.durable_zxid, 2);
    atomic_store(&replication.committed_zxid, 2);
    p = (struct image_proc){.shm = &shm, .dirs = dirs, .is_open = true};
    commit_size_init(&p.size);
    CU_ASSERT_EQUAL_FATAL(image_open(&p.image, dirs.image, IMAGE_WRITE, &error),
                          0);
    CU_ASSERT_EQUAL_FATAL(image_batch_init(&p.batch, &p.image), 0);
    CU_ASSERT_EQUAL_FATAL(
        txlog_reader_open(&p.reader, dirs.log, p.image.meta.zxid), 0);
}

static void
nothing_is_left(void)
{
    txlog_reader_close(&p.reader);
    image_batch_deinit(&p.batch);
    image_close(&p.image);
    datadir_close(&dirs);
    tempdir_remove(base);
}

/* As a disk may leave it: a row that is too short for a node. */
static void
given_a_damaged_row(const char *path)
{
    MDB_val key = {strlen(path), (void *)(uintptr_t)path}, value = {2, "xx"};
    MDB_txn *txn;

    CU_ASSERT_EQUAL_FATAL(mdb_txn_begin(image.env, NULL, 0, &txn), 0);
    CU_ASSERT_EQUAL(mdb_put(txn, image.nodes, &key, &value, 0), 0);
    CU_ASSERT_EQUAL(mdb_txn_commit(txn), 0);
}

static int
tell(const struct data_error *e)
{
    if (strstr(e->path, "/lock.mdb"))
        return TOLD_OF_LOCK;
    return strcmp(e->path, dirs.image) == 0 ? TOLD_OF_IMAGE : EXIT_DATA;
}

/* What folding ends with, in a process of its own; EXIT_OK: it goes on. */
static int
folding_ends_with(void)
{
    int status = -1;
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        image_guard_tells(tell);
        (void)image_fold(&p);
        _exit(EXIT_OK);
    }
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    return WEXITSTATUS(status);
}

static void
what_the_log_has_is_folded(void)
{
    given_fresh_image();
    given_a_log();
    given_a_process();
    (void)image_fold(&p);
    CU_ASSERT_EQUAL(p.batch.zxid, 2);
    CU_ASSERT_TRUE(image_commit_now(&p));
    CU_ASSERT_EQUAL(atomic_load(&shared.persisted_zxid), 2);
    nothing_is_left();
}

/* The log is whole: who moved that away would lose what it has. */
static void
a_damaged_image_is_not_the_logs_fault(void)
{
    given_fresh_image();
    apply(a_create(1, "/a", "old", 0, 1));
    commit();
    given_a_damaged_row("/a");
    given_a_log();
    given_a_process();
    CU_ASSERT_EQUAL(folding_ends_with(), TOLD_OF_IMAGE);
    nothing_is_left();
}

/* As on a full disk: a page of it that is stored to is not to be had. */
static void
a_lock_file_that_cannot_be_written_is_worth_another_try(void)
{
    char lock[DATA_PATH_MAX];
    struct stat st;

    given_fresh_image();
    given_a_log();
    given_a_process();
    data_path(lock, dirs.image, "lock.mdb");
    CU_ASSERT_EQUAL(stat(lock, &st), 0);
    CU_ASSERT_EQUAL(truncate(lock, 0), 0);
    CU_ASSERT_EQUAL(folding_ends_with(), EXIT_UNEXPECTED);
    CU_ASSERT_EQUAL(truncate(lock, st.st_size), 0); /* we have it open, too */
    nothing_is_left();
}

/*
 * A leader's snapshot is in force, and its leader may yet fail: what is made of
 * it is not taken for committed.
 */
static void
an_image_is_exact_from_what_is_committed(void)
{
    given_fresh_image();
    given_a_process();
    atomic_store(&log_part.exact_zxid, 3);
    atomic_store(&replication.role, ROLE_FOLLOWING);
    CU_ASSERT_EQUAL(image_exact(&p), INT64_MAX);
    atomic_store(&replication.committed_zxid, 3);
    CU_ASSERT_EQUAL(image_exact(&p), 3);
    atomic_store(&replication.role, ROLE_NONE);
    CU_ASSERT_EQUAL(image_exact(&p), INT64_MAX);
    nothing_is_left();
}

UNIT_SUITE(image_fold)
{
    unit_suite("image_fold");
    UNIT(what_the_log_has_is_folded);
    UNIT(a_damaged_image_is_not_the_logs_fault);
    UNIT(a_lock_file_that_cannot_be_written_is_worth_another_try);
    UNIT(an_image_is_exact_from_what_is_committed);
}
