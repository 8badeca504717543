/* SPDX-License-Identifier: Apache-2.0 */
/* bench_session.c - workloads about sessions: many idle ones, storms of them.
 */
#include "tools/bench/bench_run.h"

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

static void
stop_measuring(struct storm *s)
{
    if (s->is_measuring)
        bench_meter_stop(&s->meter, s->run->result);
    s->is_measuring = false;
    s->end_ns = s->run->loop->io.now_ns;
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
        stop_measuring(s);
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
    stop_measuring(&s);
    return rc;
}
