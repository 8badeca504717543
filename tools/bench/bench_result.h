/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_result.h - what a run found out, and what it is measured with.
 */
#ifndef TOOLS_BENCH_BENCH_RESULT_H
#define TOOLS_BENCH_BENCH_RESULT_H

#include "tools/bench/bench_hist.h"
#include "tools/bench/bench_loop.h"
#include "tools/bench/bench_proc.h"

enum { BENCH_KINDS_MAX = 16, BENCH_EXTRAS_MAX = 24 };

/* A figure that only some workloads have. */
struct bench_extra {
    const char *name; /* a JSON key, its unit last */
    double value;
};

/* The requests of one kind in a mixture. */
struct bench_part {
    const char *name;
    struct bench_hist hist;
};

struct bench_result {
    const struct bench_opts *opts; /* borrowed */
    const char *unit;              /* what is counted: op, create, event … */
    double seconds;
    uint64_t requests;
    uint64_t operations;
    bool has_cpu;
    uint64_t server_cpu_ns;
    uint64_t client_cpu_ns;
    struct bench_hist hist;
    struct bench_part part[BENCH_KINDS_MAX];
    unsigned part_count; /* 0 or, in a mixture, at least 2 */
    struct bench_extra extra[BENCH_EXTRAS_MAX];
    unsigned extra_count;
    struct bench_errors errors;
    char failure[400]; /* empty: the run came to its end */
};

/* Whether there is a process `pid` to measure; if not, complains. */
bool bench_is_process(uint64_t pid);

/* Between start and stop it measures the time, the server's CPU and ours. */
struct bench_meter {
    pid_t pid; /* 0: no server to look at */
    int64_t started_ns;
    uint64_t server_ns;
    uint64_t client_ns;
};

void bench_meter_start(struct bench_meter *m, uint64_t pid);

/* Add what was spent since start to `r`; the meter may be started again. */
void bench_meter_stop(const struct bench_meter *m, struct bench_result *r);

void bench_result_extra(struct bench_result *r, const char *name, double value);

/* The value of that extra figure; 0 where there is none. */
double bench_result_found(const struct bench_result *r, const char *name);

/* Per second, and microseconds per operation; 0 where nothing was done. */
double bench_result_rate(const struct bench_result *r);
double bench_result_server_us(const struct bench_result *r);
double bench_result_client_us(const struct bench_result *r);

#endif
