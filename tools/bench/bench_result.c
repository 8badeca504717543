/* SPDX-License-Identifier: Apache-2.0 */
/* bench_result.c - see bench_result.h. */
#include "tools/bench/bench_result.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static uint64_t
own_cpu_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

bool
bench_is_process(uint64_t pid)
{
    struct bench_procs procs;

    if (bench_procs_find(&procs, (pid_t)pid) == 0)
        return true;
    fprintf(stderr, "zab bench: there is no process %" PRIu64 " to measure\n",
            pid);
    return false;
}

static bool
server_cpu_ns(pid_t pid, uint64_t *ns)
{
    struct bench_procs procs;

    if (bench_procs_find(&procs, pid) < 0)
        return false;
    *ns = bench_procs_cpu_ns(&procs);
    return true;
}

void
bench_meter_start(struct bench_meter *m, uint64_t pid)
{
    *m = (struct bench_meter){.pid = (pid_t)pid};
    if (!server_cpu_ns(m->pid, &m->server_ns))
        m->pid = 0;
    m->client_ns = own_cpu_ns();
    m->started_ns = bench_now_ns();
}

/*
 * A process that died meanwhile took its time with it, so the sum may have
 * shrunk: then there is nothing to tell.
 */
void
bench_meter_stop(const struct bench_meter *m, struct bench_result *r)
{
    uint64_t server_ns;

    r->seconds += (double)(bench_now_ns() - m->started_ns) / 1e9;
    r->client_cpu_ns += own_cpu_ns() - m->client_ns;
    r->has_cpu = m->pid && server_cpu_ns(m->pid, &server_ns) &&
                 server_ns >= m->server_ns;
    if (r->has_cpu)
        r->server_cpu_ns += server_ns - m->server_ns;
}

void
bench_result_extra(struct bench_result *r, const char *name, double value)
{
    if (r->extra_count < BENCH_EXTRAS_MAX)
        r->extra[r->extra_count++] = (struct bench_extra){name, value};
}

double
bench_result_found(const struct bench_result *r, const char *name)
{
    for (unsigned i = 0; i < r->extra_count; i++)
        if (strcmp(r->extra[i].name, name) == 0)
            return r->extra[i].value;
    return 0;
}

double
bench_result_rate(const struct bench_result *r)
{
    return r->seconds > 0 ? (double)r->operations / r->seconds : 0;
}

static double
us_per_operation(const struct bench_result *r, uint64_t ns)
{
    return r->operations ? (double)ns / 1e3 / (double)r->operations : 0;
}

double
bench_result_server_us(const struct bench_result *r)
{
    return us_per_operation(r, r->server_cpu_ns);
}

double
bench_result_client_us(const struct bench_result *r)
{
    return us_per_operation(r, r->client_cpu_ns);
}
