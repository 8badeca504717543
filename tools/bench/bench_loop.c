/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_loop.c - see bench_loop.h.
 *
 * One thread, one epoll.  The generator shares the machine with the server
 * it measures, so a reply costs one recv and, with the next request, one send;
 * pipelined replies that came together are answered together.
 */
#include "tools/bench/bench_loop.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "daemon/check.h"
#include "tools/bench/bench_crowd.h"
#include "tools/bench/bench_pace.h"
#include "tools/zab_text.h"

enum {
    EVENTS_MAX = 512,
    OUT_BYTES = 256 * 1024,
    STALL_S = 15,
    NOBODY_S = 5,
    TICK_MS = 50,
};

static volatile sig_atomic_t interrupts;

static void
on_signal(int number)
{
    (void)number;
    interrupts++;
}

/* Who runs no loop would not hear of them: the disk workload ends of one. */
static void
catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

void
bench_errors_add(struct bench_errors *e, int32_t code)
{
    if (code != 0)
        e->by_code[code < 0 && code > -BENCH_CODES ? -code : 1]++;
}

uint64_t
bench_errors_sum(const struct bench_errors *e)
{
    uint64_t sum = e->lost_requests + e->unanswered + e->refused_sessions +
                   e->garbage + e->lost_connections;

    for (unsigned i = 0; i < BENCH_CODES; i++)
        sum += e->by_code[i];
    return sum;
}

/* --- requests ------------------------------------------------------------- */

/* Append one request of the job to `out`; false when it has none for `c`. */
static bool
make_one(struct bench_loop *l, struct bench_conn *c, struct jute_out *out,
         int64_t start_ns)
{
    struct bench_request rq = {.out = out};
    size_t at = bench_begin(out, 0, 0);

    if (!l->job->make(l->job, c, &rq)) {
        out->at = out->base + at;
        return false;
    }
    check(!out->bad);
    store_be32(out->base + at + 4,
               (uint32_t)bench_conn_note(c, rq.kind, start_ns));
    store_be32(out->base + at + 8, (uint32_t)rq.op);
    bench_end(out, at);
    l->in_flight++;
    return true;
}

static bool
may_send(const struct bench_loop *l, const struct bench_conn *c)
{
    return l->job && l->job->make && !l->job->is_dry &&
           bench_conn_has_room(c, l->job->depth);
}

/* Send what `c` has room for. */
static void
top_up(struct bench_loop *l, struct bench_conn *c)
{
    struct jute_out out = jute_out_of(l->io.out, l->io.out_size);

    while (may_send(l, c) && jute_out_size(&out) < OUT_BYTES)
        if (!make_one(l, c, &out, l->io.now_ns))
            break;
    if (jute_out_size(&out) > 0)
        bench_conn_send(c, &l->io, jute_out_size(&out));
}

static int64_t
next_due_ns(const struct bench_loop *l)
{
    return bench_pace_due_ns(l->job_started_ns, l->paced, l->job->rate);
}

/*
 * Open loop: send what is due by now, on whatever connection has room.  The
 * latency counts from the time it was due, so a server that stalls cannot
 * hide it by keeping us from asking.
 */
static void
pace(struct bench_loop *l)
{
    struct jute_out out;
    int64_t due_ns;
    unsigned tried = 0;

    while (tried < l->conn_count && !l->job->is_dry) {
        struct bench_conn *c = &l->conn[l->pace_next];

        due_ns = next_due_ns(l);
        if (due_ns > l->io.now_ns)
            return;
        l->pace_next = (l->pace_next + 1) % l->conn_count;
        tried++;
        out = jute_out_of(l->io.out, l->io.out_size);
        if (may_send(l, c) && make_one(l, c, &out, due_ns)) {
            bench_conn_send(c, &l->io, jute_out_size(&out));
            l->paced++;
            tried = 0;
        }
    }
}

static void
on_reply(struct bench_io *io, struct bench_conn *c,
         const struct bench_flight *f, struct bench_reply *r)
{
    struct bench_loop *l = io->owner;
    struct bench_answer a = {.conn = c,
                             .body = r->body,
                             .kind = f->kind,
                             .code = r->code,
                             .start_ns = f->start_ns,
                             .end_ns = io->now_ns};

    l->in_flight--;
    l->heard_ns = io->now_ns;
    if (l->job && l->job->answer)
        l->job->answer(l->job, &a);
}

static void
on_event(struct bench_io *io, struct bench_conn *c)
{
    struct bench_loop *l = io->owner;

    l->heard_ns = io->now_ns;
    if (l->job && l->job->event)
        l->job->event(l->job, c);
}

static void
on_idle(struct bench_io *io, struct bench_conn *c)
{
    struct bench_loop *l = io->owner;

    if (l->job && l->job->rate == 0)
        top_up(l, c);
}

/* --- time ----------------------------------------------------------------- */

static void
show_progress(struct bench_loop *l)
{
    const struct bench_job *job = l->job;
    int64_t now = l->io.now_ns;
    double since = (double)(now - l->shown_ns) / 1e9;
    char goal[32] = "";

    if (l->opts->quiet || since < (l->is_terminal ? 0.5 : 5.0))
        return;
    if (job->goal)
        snprintf(goal, sizeof goal, " of %llu", (unsigned long long)job->goal);
    fprintf(stderr,
            "%s%s: %.1f s, %llu%s, %.0f/s, connections %u, errors %llu%s",
            l->is_terminal ? ZAB_LINE_BEGIN : "", job->label,
            (double)(now - l->job_started_ns) / 1e9,
            (unsigned long long)job->answered, goal,
            (double)(job->answered - l->shown_answered) / since, l->ready_count,
            (unsigned long long)bench_errors_sum(&l->errors),
            l->is_terminal ? ZAB_LINE_END : "\n");
    l->shown_ns = now;
    l->shown_answered = job->answered;
}

static void
tick(struct bench_loop *l)
{
    l->tick_ns = l->io.now_ns + TICK_MS * NS_PER_MS;
    bench_crowd_tick(l);
    show_progress(l);
}

/* How long epoll may sleep. */
static struct timespec
nap(const struct bench_loop *l)
{
    int64_t until = l->tick_ns, wake_ns;

    if (l->job->rate > 0 && !l->job->is_dry && next_due_ns(l) > l->io.now_ns) {
        wake_ns = bench_pace_wake_ns(next_due_ns(l), l->job->rate);
        if (wake_ns < until)
            until = wake_ns;
    }
    until -= bench_now_ns();
    if (until < 0)
        until = 0;
    return (struct timespec){until / NS_PER_S, until % NS_PER_S};
}

int
bench_loop_fail(struct bench_loop *l, const char *label, int err,
                const char *what)
{
    bool is_told = l->down_errno && err != EINTR;

    snprintf(l->why, sizeof l->why, "%s: %s%s%s", label, what,
             is_told ? "; last connection error: " : "",
             is_told ? strerror(l->down_errno) : "");
    return -err;
}

static int
fail(struct bench_loop *l, int err, const char *what)
{
    return bench_loop_fail(l, l->job->label, err, what);
}

/* Send no more, but hear the answers that are on their way. */
static int
on_interrupt(struct bench_loop *l)
{
    l->job->is_dry = true;
    if (l->interrupted_ns == 0)
        l->interrupted_ns = l->io.now_ns;
    if (l->in_flight > 0 &&
        l->io.now_ns - l->interrupted_ns < NOBODY_S * NS_PER_S)
        return 1;
    l->interrupts_seen = interrupts;
    l->interrupted_ns = 0;
    return fail(l, EINTR, "interrupted");
}

/* 1 to go on, 0 when the job is through, or -errno. */
static int
judge(struct bench_loop *l)
{
    const struct bench_job *job = l->job;
    int64_t silent_ns = l->io.now_ns - l->heard_ns;

    if (interrupts != l->interrupts_seen)
        return on_interrupt(l);
    if (job->is_dry && l->in_flight == 0)
        return 0;
    if (l->io.now_ns > l->give_up_ns)
        return fail(l, ETIMEDOUT, "not done at --limit");
    if (l->ready_count == 0 && silent_ns > NOBODY_S * NS_PER_S)
        return fail(l, ENOTCONN, "no connection for 5 s");
    if (l->in_flight > 0 && silent_ns > STALL_S * NS_PER_S)
        return fail(l, ETIMEDOUT, "no answer for 15 s");
    if (!job->keeps_running && silent_ns > STALL_S * NS_PER_S)
        return fail(l, ETIMEDOUT, "no progress for 15 s");
    return 1;
}

static void
step(struct bench_loop *l)
{
    struct epoll_event ev[EVENTS_MAX];
    struct timespec sleep = nap(l);
    int n = epoll_pwait2(l->io.epoll_fd, ev, EVENTS_MAX, &sleep, NULL);

    l->io.now_ns = bench_now_ns();
    for (int i = 0; i < n; i++)
        bench_conn_handle(ev[i].data.ptr, &l->io, ev[i].events);
    if (l->job->rate > 0)
        pace(l);
    if (l->io.now_ns >= l->tick_ns)
        tick(l);
    if (l->job->tick)
        l->job->tick(l->job, l->io.now_ns);
}

int
bench_loop_run(struct bench_loop *l, struct bench_job *job)
{
    int rc;

    l->job = job;
    l->io.now_ns = bench_now_ns();
    l->job_started_ns = l->heard_ns = l->shown_ns = l->io.now_ns;
    l->shown_answered = job->answered;
    l->paced = 0;
    l->why[0] = '\0';
    bench_crowd_open(l);
    for (unsigned i = 0; i < l->conn_count && job->rate == 0; i++)
        top_up(l, &l->conn[i]);
    while ((rc = judge(l)) == 1)
        step(l);
    bench_crowd_forget(l);
    if (l->is_terminal && !l->opts->quiet)
        fputs(ZAB_LINE_CLEAR, stderr);
    l->job = NULL;
    return rc;
}

/* --- life ----------------------------------------------------------------- */

int
bench_loop_new(struct bench_loop *l, const struct bench_opts *opts,
               size_t request_max)
{
    int rc;

    *l = (struct bench_loop){
        .opts = opts,
        .conn_count = (unsigned)opts->connections,
        .is_terminal = isatty(STDERR_FILENO),
        .io = {.epoll_fd = -1,
               .timeout_ms = (int32_t)opts->session_timeout_ms,
               .owner = l,
               .on_reply = on_reply,
               .on_event = on_event,
               .on_idle = on_idle},
    };
    catch_signals();
    l->give_up_ns = bench_now_ns() + (int64_t)(opts->limit_s * 1e9);
    rc = bench_crowd_new(l, OUT_BYTES + request_max);
    if (rc < 0)
        bench_loop_free(l);
    return rc;
}

void
bench_loop_free(struct bench_loop *l)
{
    bench_crowd_free(l);
    bench_io_close(&l->io);
}
