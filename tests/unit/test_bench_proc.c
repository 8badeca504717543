/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about tools/bench/bench_proc.c. */
#include "tools/bench/bench_proc.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static const char rollup[] = "55b8-7ffe ---p 00000000 00:00 0   [rollup]\n"
                             "Rss:                1776 kB\n"
                             "Pss:                 400 kB\n"
                             "Pss_Dirty:           112 kB\n"
                             "Pss_Anon:            100 kB\n"
                             "Pss_File:            270 kB\n"
                             "Pss_Shmem:            30 kB\n";

static void
a_rollup_gives_its_figures(void)
{
    struct bench_memory m = {0};

    bench_memory_parse(&m, rollup);
    CU_ASSERT_EQUAL(m.pss_bytes, 400 * 1024);
    CU_ASSERT_EQUAL(m.anon_bytes, 100 * 1024);
    CU_ASSERT_EQUAL(m.file_bytes, 270 * 1024);
    CU_ASSERT_EQUAL(m.shmem_bytes, 30 * 1024);
    CU_ASSERT_EQUAL(bench_memory_own(&m), 130 * 1024);
}

static void
rollups_of_a_tree_add_up(void)
{
    struct bench_memory m = {0};

    bench_memory_parse(&m, rollup);
    bench_memory_parse(&m, rollup);
    CU_ASSERT_EQUAL(m.pss_bytes, 800 * 1024);
}

static void
a_text_without_figures_adds_nothing(void)
{
    struct bench_memory m = {0};

    bench_memory_parse(&m, "");
    CU_ASSERT_EQUAL(m.pss_bytes, 0);
}

static void
a_child_belongs_to_the_tree(void)
{
    struct bench_procs p;
    pid_t child = fork();

    if (child == 0)
        for (;;)
            pause();
    CU_ASSERT_EQUAL(bench_procs_find(&p, getpid()), 0);
    CU_ASSERT_EQUAL(p.count, 2);
    CU_ASSERT_EQUAL(p.pid[1], child);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* Not a tick of the kernel's later; a stolen moment may look like one. */
static void
burnt_cpu_time_is_seen_at_once(void)
{
    struct bench_procs p;
    uint64_t now, before, least = UINT64_MAX;

    CU_ASSERT_EQUAL_FATAL(bench_procs_find(&p, getpid()), 0);
    for (int i = 0; i < 10; i++) {
        before = bench_procs_cpu_ns(&p);
        while ((now = bench_procs_cpu_ns(&p)) == before)
            ;
        if (least > now - before)
            least = now - before;
    }
    CU_ASSERT_TRUE(least < 1000000);
}

static void
nobody_is_no_tree(void)
{
    struct bench_procs p;

    CU_ASSERT_EQUAL(bench_procs_find(&p, 0), -ESRCH);
    CU_ASSERT_EQUAL(p.count, 0);
}

UNIT_SUITE(bench_proc)
{
    unit_suite("bench_proc");
    UNIT(a_rollup_gives_its_figures);
    UNIT(rollups_of_a_tree_add_up);
    UNIT(a_text_without_figures_adds_nothing);
    UNIT(a_child_belongs_to_the_tree);
    UNIT(burnt_cpu_time_is_seen_at_once);
    UNIT(nobody_is_no_tree);
}
