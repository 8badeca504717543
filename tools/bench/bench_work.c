/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_work.c - the workloads that are requests: a mixture of kinds, sent
 * as fast as the connections allow or at a given rate; warm-up, then the
 * window that is measured.
 */
#include <errno.h>

#include "daemon/zk.h"
#include "tools/bench/bench_mix.h"
#include "tools/bench/bench_run.h"

enum phase { WARMING, MEASURING, MEASURED };

struct work {
    struct bench_run *run;
    struct bench_mix mix;
    struct bench_meter meter;
    enum phase phase;
    int64_t measure_ns; /* when the window opens */
    int64_t end_ns;     /* when it closes; 0: with the last request */
    uint64_t sent;      /* in the window */
    uint64_t refused;   /* of what was answered there */
    uint64_t deleted;   /* keys below this are gone */
    uint64_t random;
};

static uint64_t
draw(struct work *w)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return w->random;
}

/* --- requests ------------------------------------------------------------- */

static void
put_creates(struct work *w, struct bench_conn *c, const struct bench_kind *kind,
            struct jute_out *out)
{
    const struct bench_opts *o = w->run->opts;
    bool is_multi = kind->op == ZK_OP_MULTI;
    struct bench_path path;

    for (uint64_t i = 0; i < (is_multi ? o->multi_ops : 1); i++) {
        if (is_multi)
            bench_put_multi_header(out, ZK_OP_CREATE);
        bench_path_work(&w->run->tree, c->index, c->work++, &path);
        bench_put_create(out, path.bytes, bench_data(c->work, o->value_size),
                         kind->flags);
    }
    if (is_multi)
        bench_put_multi_header(out, -1);
}

static void
put_record(struct work *w, struct bench_conn *c, const struct bench_kind *kind,
           struct jute_out *out)
{
    const struct bench_tree *tree = &w->run->tree;
    uint64_t key = 0;
    struct bench_path path;

    if (kind->finds_keys) {
        key = kind->op == ZK_OP_DELETE ? w->deleted++
                                       : draw(w) % w->run->opts->keys;
        bench_path_key(tree, key, &path);
    }
    switch (kind->op) {
    case ZK_OP_GET_CHILDREN:
        bench_path_list(tree, 0, &path);
        bench_put_read(out, path.bytes, false);
        break;
    case ZK_OP_SET_DATA:
        bench_put_set(out, path.bytes,
                      bench_data(draw(w), w->run->opts->value_size));
        break;
    case ZK_OP_DELETE:
        bench_put_delete(out, path.bytes);
        break;
    case ZK_OP_CREATE:
    case ZK_OP_MULTI:
        put_creates(w, c, kind, out);
        break;
    default: /* get, exists */
        bench_put_read(out, path.bytes, false);
    }
}

static void
close_window(struct work *w)
{
    if (w->phase == MEASURING)
        bench_meter_stop(&w->meter, w->run->result);
    w->phase = MEASURED;
}

static bool
make(struct bench_job *job, struct bench_conn *c, struct bench_request *rq)
{
    struct work *w = job->state;
    const struct bench_opts *o = w->run->opts;
    const struct bench_kind *kind;

    rq->kind = w->mix.count == 1
                   ? 0
                   : (int32_t)bench_mix_pick(&w->mix, (uint32_t)draw(w));
    kind = w->mix.kind[rq->kind];
    rq->op = kind->op;
    put_record(w, c, kind, rq->out);
    w->sent += w->phase == MEASURING;
    job->is_dry =
        (o->requests && w->sent == o->requests) || w->deleted == o->keys;
    return true;
}

/* Of so many --requests none is counted more, which the warm-up sent. */
static void
answered(struct bench_job *job, const struct bench_answer *a)
{
    struct work *w = job->state;
    struct bench_result *result = w->run->result;
    bool is_multi = w->mix.kind[a->kind]->op == ZK_OP_MULTI;
    int32_t code = a->code;

    if (is_multi && code == 0)
        code = bench_multi_code(a->body);
    bench_errors_add(&w->run->loop->errors, code);
    job->answered++;
    if (w->phase != MEASURING)
        return;
    result->requests++;
    w->refused += code != 0;
    result->operations += is_multi ? w->run->opts->multi_ops : 1;
    bench_hist_add(&result->hist, a->end_ns - a->start_ns);
    if (w->mix.count > 1)
        bench_hist_add(&result->part[a->kind].hist, a->end_ns - a->start_ns);
    if (result->requests == w->run->opts->requests) {
        close_window(w);
        job->is_dry = true;
    }
}

/* --- the window ----------------------------------------------------------- */

static void
on_time(struct bench_job *job, int64_t now_ns)
{
    struct work *w = job->state;

    if (w->phase == WARMING && now_ns >= w->measure_ns) {
        w->phase = MEASURING;
        bench_meter_start(&w->meter, w->run->opts->pid);
    }
    if (w->phase == MEASURING && w->end_ns && now_ns >= w->end_ns) {
        close_window(w);
        job->is_dry = true;
    }
}

static int
measure(struct work *w)
{
    const struct bench_opts *o = w->run->opts;
    struct bench_job job = {.label = o->workload,
                            .goal = o->requests,
                            .depth = (uint32_t)o->depth,
                            .rate = (double)o->rate,
                            .state = w,
                            .keeps_running = true,
                            .make = make,
                            .answer = answered,
                            .tick = on_time};
    double warmup_s = bench_mix_deletes(&w->mix) ? 0 : o->warmup_s;
    int rc;

    w->measure_ns = bench_now_ns() + (int64_t)(warmup_s * 1e9);
    if (!o->requests)
        w->end_ns = w->measure_ns + (int64_t)(o->seconds * 1e9);
    on_time(&job, bench_now_ns());
    rc = bench_loop_run(w->run->loop, &job);
    close_window(w);
    if (rc == 0 && w->refused == w->run->result->requests)
        rc = bench_loop_fail(w->run->loop, o->workload, EIO,
                             w->refused ? "every answer was an error"
                                        : "no request was answered");
    return rc;
}

int
bench_run_requests(struct bench_run *r)
{
    struct work w = {.run = r, .random = 0x9e3779b97f4a7c15U};
    struct bench_result *result = r->result;
    int rc = bench_mix_parse(&w.mix, r->opts->workload);

    result->unit = w.mix.count == 1 ? w.mix.kind[0]->unit : "op";
    if (w.mix.count > 1)
        for (unsigned i = 0; i < w.mix.count; i++)
            result->part[result->part_count++].name = w.mix.kind[i]->name;
    if (rc == 0)
        rc = bench_loop_connect(r->loop);
    if (rc == 0)
        rc = bench_tree_prepare(&r->tree, r->loop, bench_mix_needs(&w.mix));
    if (rc == 0)
        rc = measure(&w);
    return rc;
}
