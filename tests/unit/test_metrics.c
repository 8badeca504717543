/* SPDX-License-Identifier: Apache-2.0 */
/* test_metrics.c - claims about net/admin/metrics.c: figures under names. */
#include "net/admin/metrics.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static double
value_of(const struct figures *f, const char *name)
{
    struct metric m[METRICS_MAX];
    size_t n = metrics_of(f, m);

    for (size_t i = 0; i < n; i++)
        if (strcmp(m[i].name, name) == 0)
            return m[i].is_fraction ? m[i].real : (double)m[i].whole;
    return -1;
}

static void
what_is_timed_has_an_average_a_count_and_a_sum(void)
{
    struct figures f = {.snapshots = 4, .snapshots_ms = 10}, none = {0};

    CU_ASSERT_EQUAL(value_of(&f, "avg_snapshottime"), 2.5);
    CU_ASSERT_EQUAL(value_of(&f, "cnt_snapshottime"), 4);
    CU_ASSERT_EQUAL(value_of(&f, "sum_snapshottime"), 10);
    CU_ASSERT_EQUAL(value_of(&none, "avg_snapshottime"), 0);
}

/* A process of this server that has opened many files. */
static pid_t
given_process_with_files(int count)
{
    int ready[2];
    pid_t pid;
    char byte;

    CU_ASSERT_EQUAL_FATAL(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        for (int i = 0; i < count; i++)
            dup(ready[1]);
        if (write(ready[1], "r", 1) == 1)
            pause();
        _exit(1);
    }
    CU_ASSERT_EQUAL_FATAL(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

/* The limit is each process's own, and the fullest one comes to it first. */
static void
files_are_those_of_the_process_that_has_most(void)
{
    pid_t pid = given_process_with_files(300);
    struct figures f = {.pid = {[PROC_CLIENT + 1] = pid}};

    CU_ASSERT(value_of(&f, "open_file_descriptor_count") >= 300);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    CU_ASSERT(value_of(&f, "open_file_descriptor_count") < 300);
    CU_ASSERT(value_of(&f, "open_file_descriptor_count") > 0);
}

static bool
is_called(const char *name, const char *expected)
{
    char text[METRIC_NAME_MAX];

    metrics_prometheus_name(name, text);
    return strcmp(text, expected) == 0;
}

static void
prometheus_finds_the_names_of_summaries(void)
{
    CU_ASSERT_TRUE(is_called("cnt_fsynctime", "fsynctime_count"));
    CU_ASSERT_TRUE(is_called("sum_fsynctime", "fsynctime_sum"));
    CU_ASSERT_TRUE(is_called("avg_fsynctime", "avg_fsynctime"));
    CU_ASSERT_TRUE(is_called("znode_count", "znode_count"));
}

UNIT_SUITE(metrics)
{
    unit_suite("metrics");
    UNIT(what_is_timed_has_an_average_a_count_and_a_sum);
    UNIT(files_are_those_of_the_process_that_has_most);
    UNIT(prometheus_finds_the_names_of_summaries);
}
