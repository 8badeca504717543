/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about net/repl/repl_load.c: what others see of a start that takes
 * its time. */
#include "net/repl/repl.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "daemon/log.h"
#include "storage/log/txlog.h"
#include "tests/unit/image_given.h"
#include "tests/unit/tree_given.h"

enum { DATA_BYTES = 1 << 20, WRITES = 40 };

static struct shm shm;

/* An image of nothing, and a log that the caller makes. */
static void
given_a_directory_to_load(void)
{
    static struct shm_super super;
    static struct shm_log log_part;

    given_fresh_image();
    close_image();
    given_tree();
    shm = (struct shm){.super = &super,
                       .replication = memory_reserved(sizeof *shm.replication),
                       .log = &log_part};
}

static const struct shm_proc *
replication(void)
{
    return &shm.replication->proc;
}

/* In a process of its own, for it may end. */
static pid_t
begins_to_load(void)
{
    static struct repl r;
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    r = (struct repl){.shm = &shm, .tree = tree, .sessions = sessions};
    snprintf(r.conf.data_dir, sizeof r.conf.data_dir, "%s", base);
    repl_load(&r);
    _exit(EXIT_OK);
}

static int
ends_with(pid_t pid)
{
    int status = -1;

    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    return WEXITSTATUS(status);
}

static void
nothing_is_left(void)
{
    datadir_close(&dirs);
    tempdir_remove(base);
}

static struct bytes
a_long_write(zxid_t z)
{
    static uint8_t room[DATA_BYTES + 256], data[DATA_BYTES];
    struct jute_out out = jute_out_of(room, sizeof room);
    struct txn_header h = {.zxid = z, .time = 1000, .type = ZK_OP_SET_DATA};

    txn_put_header(&out, &h);
    jute_put_bytes(&out, bytes_of("/zookeeper/config"));
    jute_put_bytes(&out, (struct bytes){data, sizeof data});
    jute_put_i32(&out, (int32_t)z);
    CU_ASSERT_FALSE(out.bad);
    return (struct bytes){room, (int32_t)jute_out_size(&out)};
}

static void
given_a_log_of_long_writes(void)
{
    struct txlog_options options = {.is_sync_off = true};
    struct txlog log;

    CU_ASSERT_EQUAL_FATAL(txlog_open(&log, dirs.log, &options, NULL, &error),
                          0);
    for (zxid_t z = 1; z <= WRITES; z++)
        CU_ASSERT_EQUAL(txlog_append(&log, z, a_long_write(z)), 0);
    CU_ASSERT_EQUAL(txlog_flush(&log), 0);
    txlog_close(&log);
}

/* Their number says nothing of how long they take to read. */
static void
a_replay_of_long_transactions_shows_signs_of_life(void)
{
    given_a_directory_to_load();
    given_a_log_of_long_writes();
    CU_ASSERT_EQUAL(ends_with(begins_to_load()), EXIT_OK);
    CU_ASSERT_TRUE(atomic_load(&replication()->beats) >= WRITES / 4);
    CU_ASSERT_EQUAL(atomic_load(&replication()->disk_since_ms), 0);
    nothing_is_left();
}

/* A log file that nobody writes: whoever opens it waits. */
static void
given_a_disk_that_stands_still(char path[DATA_PATH_MAX])
{
    data_path(path, dirs.log, "log.1");
    CU_ASSERT_EQUAL_FATAL(mkfifo(path, 0600), 0);
}

static bool
has_ended(pid_t pid)
{
    siginfo_t info = {0};

    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
           info.si_pid != 0;
}

/* It has said so for a while without a break. */
static bool
says_that_it_waits(void)
{
    mono_ms_t since, before = 0;
    int same = 0;

    for (int looks = 0; same < 100 && looks < 30000; looks++) {
        since = atomic_load(&replication()->disk_since_ms);
        same = since != 0 && since == before ? same + 1 : 0;
        before = since;
        usleep(1000);
    }
    return same == 100;
}

/* Its other end, when `pid` has opened it; -1: it ended before. */
static int
comes_to(pid_t pid, const char *path)
{
    int fd;

    while ((fd = open(path, O_WRONLY | O_NONBLOCK)) < 0 && !has_ended(pid))
        usleep(1000);
    return fd;
}

/* The supervisor ends it later than one that is silent for another reason. */
static void
who_waits_for_the_disk_says_so(void)
{
    char path[DATA_PATH_MAX];
    pid_t pid;
    int fd;

    given_a_directory_to_load();
    given_a_disk_that_stands_still(path);
    pid = begins_to_load();
    CU_ASSERT_TRUE(says_that_it_waits());
    fd = comes_to(pid, path);
    CU_ASSERT_NOT_EQUAL(fd, -1);
    CU_ASSERT_EQUAL(ends_with(pid), EXIT_DATA); /* that was no log */
    close(fd);
    nothing_is_left();
}

UNIT_SUITE(repl_load)
{
    unit_suite("repl_load");
    UNIT(a_replay_of_long_transactions_shows_signs_of_life);
    UNIT(who_waits_for_the_disk_says_so);
}
