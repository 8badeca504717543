/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_hold.c - workloads about sessions: connect storms, idle sessions; and
 * waiting, which every workload that measures memory needs.
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

bool
bench_memory_now(struct bench_run *r, struct bench_memory *m)
{
    return bench_memory_of(r->opts->pid, m);
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

/* --- idle ----------------------------------------------------------------- */

int
bench_run_idle(struct bench_run *r)
{
    struct bench_memory before, after;
    struct bench_meter meter;
    int64_t began_ns;
    int rc;

    r->result->unit = "session";
    bench_memory_now(r, &before);
    began_ns = bench_now_ns();
    rc = bench_loop_connect(r->loop);
    bench_result_extra(r->result, "sessions", r->loop->ready_count);
    bench_result_extra(r->result, "sessions_opened_per_second",
                       (double)r->loop->ready_count * 1e9 /
                           (double)(bench_now_ns() - began_ns));
    if (rc == 0)
        rc = bench_settle(r);
    if (rc < 0)
        return rc;
    bench_memory_now(r, &after);
    bench_memory_per(r, &before, &after, r->loop->ready_count);
    bench_meter_start(&meter, r->opts->pid);
    rc = bench_hold(r, r->opts->seconds);
    bench_meter_stop(&meter, r->result);
    if (r->result->has_cpu)
        bench_result_extra(r->result, "server_cpu_percent_while_idle",
                           (double)r->result->server_cpu_ns / 1e7 /
                               r->result->seconds);
    bench_result_extra(r->result, "sessions_left", r->loop->ready_count);
    return rc;
}

/* --- connect -------------------------------------------------------------- */

struct storm {
    struct bench_run *run;
    struct bench_meter meter;
    int64_t measure_ns, end_ns;
    bool is_measuring;
};

static void
close_at_once(struct bench_job *job, struct bench_conn *c)
{
    struct storm *s = job->state;

    bench_conn_close(c, &s->run->loop->io);
}

/* The loop opens it again as soon as we return. */
static void
was_closed(struct bench_job *job, struct bench_conn *c)
{
    struct storm *s = job->state;
    struct bench_result *result = s->run->result;
    const struct bench_opts *o = s->run->opts;

    job->answered++;
    if (!s->is_measuring)
        return;
    result->requests++;
    result->operations++;
    bench_hist_add(&result->hist, s->run->loop->io.now_ns - c->opened_ns);
    if (result->operations == o->requests)
        s->end_ns = s->run->loop->io.now_ns;
}

static void
storm_on(struct bench_job *job, int64_t now_ns)
{
    struct storm *s = job->state;

    if (!s->is_measuring && now_ns >= s->measure_ns && now_ns < s->end_ns) {
        s->is_measuring = true;
        bench_meter_start(&s->meter, s->run->opts->pid);
    }
    job->is_dry = now_ns >= s->end_ns;
}

int
bench_run_connect(struct bench_run *r)
{
    const struct bench_opts *o = r->opts;
    struct storm s = {.run = r};
    struct bench_job job = {.label = "connect",
                            .goal = o->requests,
                            .state = &s,
                            .ready = close_at_once,
                            .closed = was_closed,
                            .tick = storm_on};
    int rc;

    r->result->unit = "connect";
    s.measure_ns = bench_now_ns() + (int64_t)(o->warmup_s * 1e9);
    s.end_ns =
        o->requests ? INT64_MAX : s.measure_ns + (int64_t)(o->seconds * 1e9);
    r->loop->wants_open = true;
    rc = bench_loop_run(r->loop, &job);
    if (s.is_measuring)
        bench_meter_stop(&s.meter, r->result);
    return rc;
}
