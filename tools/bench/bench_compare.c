/* SPDX-License-Identifier: Apache-2.0 */
/* bench_compare.c - see bench_compare.h. */
#include "tools/bench/bench_compare.h"

#include <errno.h>
#include <stdlib.h>

#include "tools/bench/bench_report.h"
#include "tools/bench/bench_run.h"

enum { SIDES = 2, ROUNDS_MAX = 1000 };

/* The figures compared; a row is printed when both sides have it. */
enum figure {
    RATE,
    SERVER_US,
    P50_US,
    P99_US,
    P999_US,
    MAX_US,
    EXTRAS, /* from here on what only some runs have */
    OPENED = EXTRAS,
    MEMORY,
    MEMORY_EACH,
    FIGURES
};

static const struct {
    const char *title;
    const char *key;
} figures[FIGURES] = {
    [RATE] = {"operations per second", "operations_per_second"},
    [SERVER_US] = {"server CPU us per operation",
                   "server_cpu_us_per_operation"},
    [P50_US] = {"latency p50 us", "p50_us"},
    [P99_US] = {"latency p99 us", "p99_us"},
    [P999_US] = {"latency p99.9 us", "p999_us"},
    [MAX_US] = {"latency max us", "max_us"},
    [OPENED] = {"sessions opened per second", "sessions_opened_per_second"},
    [MEMORY] = {"server memory, bytes", "server_memory_bytes"},
    [MEMORY_EACH] = {"memory of each, bytes", "memory_each_bytes"},
};

static const char *const usual[] = {
    "get",       "exists", "children",      "set",     "create",
    "ephemeral", "multi",  "get:90,set:10", "connect",
};

struct side {
    struct bench_opts opts;
    double value[FIGURES][ROUNDS_MAX];
    double median[FIGURES];
};

static int
order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double
bench_median(double *value, unsigned count)
{
    qsort(value, count, sizeof *value, order);
    if (count == 0)
        return 0;
    return count % 2 ? value[count / 2]
                     : (value[count / 2 - 1] + value[count / 2]) / 2;
}

static int
measure(struct side *s, unsigned round)
{
    static struct bench_result result;
    int rc = bench_run(&s->opts, &result);

    if (rc < 0 || bench_errors_sum(&result.errors))
        bench_report_text(stderr, &result);
    s->value[RATE][round] = bench_result_rate(&result);
    s->value[SERVER_US][round] =
        result.has_cpu ? bench_result_server_us(&result) : 0;
    s->value[P50_US][round] = (double)bench_hist_at(&result.hist, 0.5) / 1e3;
    s->value[P99_US][round] = (double)bench_hist_at(&result.hist, 0.99) / 1e3;
    s->value[P999_US][round] = (double)bench_hist_at(&result.hist, 0.999) / 1e3;
    s->value[MAX_US][round] = (double)bench_hist_at(&result.hist, 1.0) / 1e3;
    for (unsigned f = EXTRAS; f < FIGURES; f++)
        s->value[f][round] = bench_result_found(&result, figures[f].key);
    return rc;
}

static double
ratio(const struct side *side, unsigned f)
{
    return side[1].median[f] > 0 ? side[0].median[f] / side[1].median[f] : 0;
}

static void
show_text(const struct side *side)
{
    printf("%s, %llu connections x %llu\n", side->opts.workload,
           (unsigned long long)side->opts.connections,
           (unsigned long long)side->opts.depth);
    printf("  %-28s %16.16s %16.16s %8s\n", "", side[0].opts.hosts,
           side[1].opts.hosts, "ratio");
    for (unsigned f = 0; f < FIGURES; f++)
        if (side[0].median[f] > 0 && side[1].median[f] > 0)
            printf("  %-28s %16.2f %16.2f %8.3f\n", figures[f].title,
                   side[0].median[f], side[1].median[f], ratio(side, f));
    fflush(stdout);
}

static void
show_json(const struct side *side)
{
    printf("{\"workload\": \"%s\", \"hosts\": [\"%s\", \"%s\"]",
           side->opts.workload, side[0].opts.hosts, side[1].opts.hosts);
    for (unsigned f = 0; f < FIGURES; f++)
        if (side[0].median[f] > 0 && side[1].median[f] > 0)
            printf(", \"%s\": [%.6g, %.6g, %.6g]", figures[f].key,
                   side[0].median[f], side[1].median[f], ratio(side, f));
    puts("}");
    fflush(stdout);
}

static int
compare_one(struct side *side, const char *workload)
{
    unsigned rounds = (unsigned)side->opts.rounds;
    int rc = 0;

    for (unsigned round = 0; round < rounds && rc == 0; round++)
        for (unsigned i = 0; i < SIDES && rc == 0; i++) {
            side[i].opts.workload = workload;
            rc = measure(&side[i], round);
        }
    if (rc < 0)
        return rc;
    for (unsigned i = 0; i < SIDES; i++)
        for (unsigned f = 0; f < FIGURES; f++)
            side[i].median[f] = bench_median(side[i].value[f], rounds);
    if (side->opts.json)
        show_json(side);
    else
        show_text(side);
    return 0;
}

int
bench_compare(const struct bench_opts *opts)
{
    static struct side side[SIDES];
    int rc = 0;

    for (unsigned i = 0; i < SIDES; i++) {
        side[i].opts = *opts;
        side[i].opts.hosts = i == 0 ? opts->compare : opts->with;
        side[i].opts.pid = opts->pids[i];
        if (opts->pids[i] && !bench_is_process(opts->pids[i]))
            return -ESRCH;
    }
    if (opts->workload)
        return compare_one(side, opts->workload);
    for (size_t i = 0; i < ARRAY_COUNT(usual) && rc == 0; i++)
        rc = compare_one(side, usual[i]);
    return rc;
}
