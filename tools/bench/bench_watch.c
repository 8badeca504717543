/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_watch.c - the watch workload: sets a watch on each key from its own
 * connection, or with --shared from every connection, tells what a watch
 * costs in memory, then writes key after key and counts the events.
 *
 * A round is: write one key; wait until every watcher has its event; set the
 * watches that fired again.  Only the first two are measured.
 */
#include "daemon/zk.h"
#include "tools/bench/bench_run.h"

struct watching {
    struct bench_run *run;
    uint64_t key;      /* the round's */
    uint64_t expected; /* events */
    uint64_t events;
    bool is_written;
    int64_t written_ns;
    uint64_t armed;
    uint64_t to_arm;
};

/* How many of the keys connection `c` watches. */
static uint64_t
share_of(const struct watching *w, const struct bench_conn *c)
{
    uint64_t keys = w->run->opts->keys, conns = w->run->opts->connections;

    if (w->run->opts->is_shared)
        return keys;
    return keys / conns + (c->index < keys % conns);
}

static bool
watches_key(const struct watching *w, const struct bench_conn *c, uint64_t key)
{
    return w->run->opts->is_shared ||
           c->index == key % w->run->opts->connections;
}

/* --- setting watches ------------------------------------------------------ */

static bool
ask_watch(struct watching *w, uint64_t key, struct bench_request *rq)
{
    struct bench_path path;

    bench_path_key(&w->run->tree, key, &path);
    bench_put_read(rq->out, path.bytes, true);
    rq->op = ZK_OP_EXISTS;
    return true;
}

static bool
arm_next(struct bench_job *job, struct bench_conn *c, struct bench_request *rq)
{
    struct watching *w = job->state;
    uint64_t nth = c->work;

    if (nth == share_of(w, c))
        return false;
    c->work++;
    return ask_watch(w,
                     w->run->opts->is_shared
                         ? nth
                         : nth * w->run->opts->connections + c->index,
                     rq);
}

static void
armed(struct bench_job *job, const struct bench_answer *a)
{
    struct watching *w = job->state;

    bench_errors_add(&w->run->loop->errors, a->code);
    job->answered++;
    job->is_dry = ++w->armed == w->to_arm;
}

static int
arm_all(struct watching *w)
{
    const struct bench_opts *o = w->run->opts;
    uint64_t count = o->is_shared ? o->keys * o->connections : o->keys;
    struct bench_job job = {.label = "setting watches",
                            .goal = count,
                            .depth = (uint32_t)o->depth < BENCH_DEPTH_MIN
                                         ? BENCH_DEPTH_MIN
                                         : (uint32_t)o->depth,
                            .state = w,
                            .make = arm_next,
                            .answer = armed};

    w->armed = 0;
    w->to_arm = count;
    return bench_loop_run(w->run->loop, &job);
}

/* The watches of the round's key only; c->work is the round they are set in. */
static bool
arm_key(struct bench_job *job, struct bench_conn *c, struct bench_request *rq)
{
    struct watching *w = job->state;

    if (c->work == 0 || !watches_key(w, c, w->key))
        return false;
    c->work = 0;
    return ask_watch(w, w->key, rq);
}

static int
arm_again(struct watching *w)
{
    struct bench_job job = {.label = "setting watches again",
                            .depth = 1,
                            .state = w,
                            .make = arm_key,
                            .answer = armed};

    w->armed = 0;
    w->to_arm = w->expected;
    return bench_loop_run(w->run->loop, &job);
}

/* --- writing and counting ------------------------------------------------- */

static bool
write_key(struct bench_job *job, struct bench_conn *c, struct bench_request *rq)
{
    struct watching *w = job->state;
    struct bench_path path;

    if (w->is_written)
        return false;
    w->is_written = true;
    w->written_ns = bench_now_ns();
    bench_path_key(&w->run->tree, w->key, &path);
    bench_put_set(
        rq->out, path.bytes,
        bench_data((uint64_t)w->written_ns % 1000, w->run->opts->value_size));
    rq->op = ZK_OP_SET_DATA;
    c->work = 1;
    return true;
}

static void
written(struct bench_job *job, const struct bench_answer *a)
{
    struct watching *w = job->state;

    bench_errors_add(&w->run->loop->errors, a->code);
    job->is_dry = w->events == w->expected;
}

static void
event_came(struct bench_job *job, struct bench_conn *c)
{
    struct watching *w = job->state;
    struct bench_result *result = w->run->result;

    c->work = 1;
    job->answered++;
    result->operations++;
    bench_hist_add(&result->hist, w->run->loop->io.now_ns - w->written_ns);
    job->is_dry = ++w->events == w->expected;
}

static int
fan_out(struct watching *w)
{
    struct bench_job job = {.label = "waiting for events",
                            .goal = w->expected,
                            .depth = 1,
                            .state = w,
                            .make = write_key,
                            .answer = written,
                            .event = event_came};
    struct bench_meter meter;
    int rc;

    for (unsigned i = 0; i < w->run->loop->conn_count; i++)
        w->run->loop->conn[i].work = 1;
    w->events = 0;
    w->is_written = false;
    bench_meter_start(&meter, w->run->opts->pid);
    rc = bench_loop_run(w->run->loop, &job);
    bench_meter_stop(&meter, w->run->result);
    w->run->result->requests++;
    return rc;
}

static int
rounds(struct watching *w)
{
    const struct bench_opts *o = w->run->opts;
    int64_t end_ns = bench_now_ns() + (int64_t)(o->seconds * 1e9);
    int rc = 0;

    w->expected = o->is_shared ? o->connections : 1;
    while (rc == 0 && bench_now_ns() < end_ns &&
           (!o->requests || w->run->result->requests < o->requests)) {
        rc = fan_out(w);
        if (rc == 0)
            rc = arm_again(w);
        w->key = (w->key + 1) % o->keys;
    }
    return rc;
}

int
bench_run_watch(struct bench_run *r)
{
    struct watching w = {.run = r};
    struct bench_memory before, after;
    int rc;

    r->result->unit = "event";
    rc = bench_loop_connect(r->loop);
    if (rc == 0)
        rc = bench_tree_prepare(&r->tree, r->loop, NEED_KEYS);
    if (rc == 0)
        rc = bench_settle(r);
    bench_memory_now(r, &before);
    for (unsigned i = 0; i < r->loop->conn_count; i++)
        r->loop->conn[i].work = 0;
    if (rc == 0)
        rc = arm_all(&w);
    if (rc == 0)
        rc = bench_settle(r);
    if (rc < 0)
        return rc;
    bench_memory_now(r, &after);
    bench_result_extra(r->result, "watches", (double)w.to_arm);
    bench_memory_per(r, &before, &after, w.to_arm);
    rc = bench_hold(r, r->opts->hold_s);
    return rc < 0 ? rc : rounds(&w);
}
