/* SPDX-License-Identifier: Apache-2.0 */
/* bench_run.c - see bench_run.h: the workloads, and the frame of every run. */
#include "tools/bench/bench_run.h"

#include "tools/bench/bench_mix.h"

static const struct workload {
    const char *name; /* NULL: any mixture of requests */
    int (*run)(struct bench_run *r);
    bool has_server;
    const char *help;
} workloads[] = {
    {"connect", bench_run_connect, true,
     "open and close sessions, --connections at one time"},
    {"idle", bench_run_idle, true,
     "open --connections sessions and hold them; memory of each"},
    {"watch", bench_run_watch, true,
     "watch --keys znodes, write them, count events; memory of a watch"},
    {"fill", bench_run_fill, true,
     "create --keys znodes; rate, and memory of a znode"},
    {"disk", bench_run_disk, false,
     "no server: the disk's fdatasync under --dir"},
    {NULL, bench_run_requests, true, NULL},
};

static const struct workload *
find(const char *name)
{
    const struct workload *w = workloads;

    while (w->name && strcmp(w->name, name) != 0)
        w++;
    return w;
}

bool
bench_run_knows(const char *workload)
{
    struct bench_mix mix;

    return find(workload)->name || bench_mix_parse(&mix, workload) == 0;
}

void
bench_run_help(FILE *to)
{
    bench_mix_help(to);
    fputs("  KIND:N,KIND:N...    a mixture of these, with weights\n", to);
    for (const struct workload *w = workloads; w->name; w++)
        fprintf(to, "  %-19s %s\n", w->name, w->help);
}

/*
 * Remove the znodes and close the sessions, whatever came before.  A run that
 * failed may have lost its connections: one more try, and what is left behind
 * is said.
 */
static void
clean_up(struct bench_run *r)
{
    int rc = 0;

    if (r->tree.is_ours && !r->opts->keep) {
        if (r->loop->ready_count == 0)
            rc = bench_loop_connect(r->loop);
        if (rc == 0)
            rc = bench_tree_remove(&r->tree, r->loop);
        if (rc < 0)
            fprintf(stderr, "zab bench: %s is left behind: %s\n",
                    r->tree.prefix, r->loop->why);
    }
    bench_loop_disconnect(r->loop);
}

int
bench_run(const struct bench_opts *opts, struct bench_result *result)
{
    const struct workload *w = find(opts->workload);
    struct bench_loop loop;
    struct bench_run run = {.opts = opts, .loop = &loop, .result = result};
    int rc;

    *result = (struct bench_result){.opts = opts, .unit = "op"};
    bench_tree_init(&run.tree, opts);
    if (!w->has_server)
        return w->run(&run);
    rc = bench_loop_new(&loop, opts, bench_request_max(opts));
    if (rc < 0) {
        snprintf(result->failure, sizeof result->failure, "%s", loop.why);
        return rc;
    }
    rc = w->run(&run);
    if (rc < 0)
        snprintf(result->failure, sizeof result->failure, "%s", loop.why);
    result->errors = loop.errors;
    bench_memory_tell(&run);
    clean_up(&run);
    bench_loop_free(&loop);
    return rc;
}
