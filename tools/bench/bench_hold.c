/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_hold.c - waiting until the server is quiet, and what it holds then or
 * at the end of any run.
 */
#include "tools/bench/bench_run.h"

enum { SETTLE_S = 30, LOOK_MS = 500 };

/* A server that uses less of a core than this has nothing to do. */
#define QUIET_SHARE 0.03

struct hold {
    struct bench_run *run;
    int64_t end_ns;
    int64_t look_ns; /* settle: when to look at the CPU next */
    uint64_t cpu_ns; /* what it had used at the last look */
    bool ends_when_quiet;
};

static bool
is_quiet(struct hold *h, int64_t now_ns)
{
    struct bench_procs procs;
    uint64_t cpu_ns, used_ns;

    if (now_ns < h->look_ns)
        return false;
    if (bench_procs_find(&procs, (pid_t)h->run->opts->pid) < 0)
        return true;
    cpu_ns = bench_procs_cpu_ns(&procs);
    used_ns = cpu_ns - h->cpu_ns;
    h->cpu_ns = cpu_ns;
    h->look_ns = now_ns + LOOK_MS * NS_PER_MS;
    return (double)used_ns < QUIET_SHARE * (double)LOOK_MS * 1e6;
}

static void
hold_on(struct bench_job *job, int64_t now_ns)
{
    struct hold *h = job->state;

    job->answered = h->run->loop->ready_count;
    job->is_dry =
        now_ns >= h->end_ns || (h->ends_when_quiet && is_quiet(h, now_ns));
}

static int
hold(struct bench_run *r, const char *label, double seconds, bool when_quiet)
{
    int64_t now_ns = bench_now_ns();
    struct hold h = {.run = r,
                     .end_ns = now_ns + (int64_t)(seconds * 1e9),
                     .ends_when_quiet = when_quiet};
    struct bench_job job = {
        .label = label, .keeps_running = true, .state = &h, .tick = hold_on};

    return bench_loop_run(r->loop, &job);
}

int
bench_hold(struct bench_run *r, double seconds)
{
    return hold(r, "holding", seconds, false);
}

int
bench_settle(struct bench_run *r)
{
    return r->opts->pid ? hold(r, "settling", SETTLE_S, true) : 0;
}

void
bench_memory_now(const struct bench_run *r, struct bench_memory *m)
{
    struct bench_procs procs;

    *m = (struct bench_memory){0};
    if (bench_procs_find(&procs, (pid_t)r->opts->pid) == 0)
        bench_procs_memory(&procs, m);
}

void
bench_memory_tell(struct bench_run *r)
{
    struct bench_memory now;

    bench_memory_now(r, &now);
    if (!now.pss_bytes)
        return;
    bench_result_extra(r->result, "server_memory_bytes",
                       (double)bench_memory_own(&now));
    bench_result_extra(r->result, "server_page_cache_bytes",
                       (double)now.file_bytes);
}

void
bench_memory_per(struct bench_run *r, const struct bench_memory *before,
                 const struct bench_memory *after, uint64_t count)
{
    struct bench_result *result = r->result;
    double own =
        (double)bench_memory_own(after) - (double)bench_memory_own(before);
    double file = (double)after->file_bytes - (double)before->file_bytes;

    if (!after->pss_bytes || !count)
        return;
    bench_result_extra(result, "memory_before_bytes",
                       (double)bench_memory_own(before));
    bench_result_extra(result, "memory_after_bytes",
                       (double)bench_memory_own(after));
    bench_result_extra(result, "memory_each_bytes", own / (double)count);
    bench_result_extra(result, "page_cache_each_bytes", file / (double)count);
}
