/* SPDX-License-Identifier: Apache-2.0 */
/* bench_report.c - see bench_report.h. */
#include "tools/bench/bench_report.h"

#include "daemon/zk.h"

/* --- what both forms show ------------------------------------------------- */

static const struct {
    const char *key;
    const char *title;
    double share;
} percentiles[] = {
    {"p50", "p50", 0.5},      {"p90", "p90", 0.9}, {"p99", "p99", 0.99},
    {"p999", "p99.9", 0.999}, {"max", "max", 1.0},
};

static const struct {
    int32_t code;
    const char *name;
} code_names[] = {
    {ZK_MARSHALLING, "MarshallingError"},
    {ZK_UNIMPLEMENTED, "Unimplemented"},
    {ZK_BAD_ARGUMENTS, "BadArguments"},
    {ZK_NO_NODE, "NoNode"},
    {ZK_NO_AUTH, "NoAuth"},
    {ZK_BAD_VERSION, "BadVersion"},
    {ZK_NODE_EXISTS, "NodeExists"},
    {ZK_NOT_EMPTY, "NotEmpty"},
    {ZK_SESSION_EXPIRED, "SessionExpired"},
    {ZK_QUOTA_EXCEEDED, "QuotaExceeded"},
    {ZK_THROTTLED, "Throttled"},
};

static const char *
code_name(unsigned index, char *spare, size_t size)
{
    for (size_t i = 0; i < ARRAY_COUNT(code_names); i++)
        if (code_names[i].code == -(int32_t)index)
            return code_names[i].name;
    snprintf(spare, size, "code -%u", index);
    return spare;
}

/* The errors as rows of name and count, those of 0 left out. */
static void
each_error(const struct bench_errors *e,
           void (*show)(void *to, const char *name, uint64_t count), void *to)
{
    const struct {
        const char *name;
        uint64_t count;
    } local[] = {
        {"lost connections", e->lost_connections},
        {"lost requests", e->lost_requests},
        {"unanswered requests", e->unanswered},
        {"refused sessions", e->refused_sessions},
        {"garbled replies", e->garbage},
    };
    char spare[16];

    for (size_t i = 0; i < ARRAY_COUNT(local); i++)
        if (local[i].count)
            show(to, local[i].name, local[i].count);
    for (unsigned i = 0; i < BENCH_CODES; i++)
        if (e->by_code[i])
            show(to, code_name(i, spare, sizeof spare), e->by_code[i]);
}

/* --- text ----------------------------------------------------------------- */

static void
error_text(void *to, const char *name, uint64_t count)
{
    fprintf(to, "  %s %llu", name, (unsigned long long)count);
}

static void
latency_text(FILE *to, const char *title, const struct bench_hist *h)
{
    fprintf(to, "  %-14s mean %.1f", title, (double)bench_hist_mean(h) / 1e3);
    for (size_t i = 0; i < ARRAY_COUNT(percentiles); i++)
        fprintf(to, "  %s %.1f", percentiles[i].title,
                (double)bench_hist_at(h, percentiles[i].share) / 1e3);
    fputc('\n', to);
}

static void
cpu_text(FILE *to, const struct bench_result *r)
{
    fprintf(to, "  %-14s ", "CPU us");
    if (r->has_cpu)
        fprintf(to, "server %.2f per %s (%.0f %% of a core)  ",
                bench_result_server_us(r), r->unit,
                (double)r->server_cpu_ns / 1e7 / r->seconds);
    fprintf(to, "generator %.2f\n", bench_result_client_us(r));
}

void
bench_report_text(FILE *to, const struct bench_result *r)
{
    const struct bench_opts *o = r->opts;

    fprintf(to, "%s on %s, %llu connections x %llu, %llu B\n", o->workload,
            o->hosts, (unsigned long long)o->connections,
            (unsigned long long)o->depth, (unsigned long long)o->value_size);
    if (r->operations)
        fprintf(to, "  %-14s %.0f %ss/s  (%llu in %.2f s)\n", "throughput",
                bench_result_rate(r), r->unit,
                (unsigned long long)r->operations, r->seconds);
    if (r->hist.count)
        latency_text(to, "latency us", &r->hist);
    for (unsigned i = 0; i < r->part_count; i++)
        latency_text(to, r->part[i].name, &r->part[i].hist);
    if (r->operations)
        cpu_text(to, r);
    for (unsigned i = 0; i < r->extra_count; i++)
        fprintf(to, "  %-34s %.10g\n", r->extra[i].name, r->extra[i].value);
    if (bench_errors_sum(&r->errors)) {
        fprintf(to, "  %-14s", "errors");
        each_error(&r->errors, error_text, to);
        fputc('\n', to);
    }
    if (r->failure[0])
        fprintf(to, "  FAILED: %s\n", r->failure);
}

/* --- JSON ----------------------------------------------------------------- */

/* Text of ours and of the operator: quotes and controls are escaped. */
static void
json_text(FILE *to, const char *text)
{
    fputc('"', to);
    for (; *text; text++)
        if (*text == '"' || *text == '\\')
            fprintf(to, "\\%c", *text);
        else if ((unsigned char)*text < 0x20)
            fprintf(to, "\\u%04x", (unsigned)(unsigned char)*text);
        else
            fputc(*text, to);
    fputc('"', to);
}

static void
error_json(void *to, const char *name, uint64_t count)
{
    fprintf(to, ", \"%s\": %llu", name, (unsigned long long)count);
}

static void
latency_json(FILE *to, const struct bench_hist *h)
{
    fprintf(to, "{\"mean\": %.3f", (double)bench_hist_mean(h) / 1e3);
    for (size_t i = 0; i < ARRAY_COUNT(percentiles); i++)
        fprintf(to, ", \"%s\": %.3f", percentiles[i].key,
                (double)bench_hist_at(h, percentiles[i].share) / 1e3);
    fputc('}', to);
}

static void
json_number(FILE *to, const char *key, double value)
{
    fprintf(to, ", \"%s\": %.12g", key, value);
}

void
bench_report_json(FILE *to, const struct bench_result *r)
{
    const struct bench_opts *o = r->opts;

    fputs("{\"workload\": ", to);
    json_text(to, o->workload);
    fputs(", \"hosts\": ", to);
    json_text(to, o->hosts);
    json_number(to, "connections", (double)o->connections);
    json_number(to, "depth", (double)o->depth);
    json_number(to, "value_bytes", (double)o->value_size);
    json_number(to, "seconds", r->seconds);
    json_number(to, "requests", (double)r->requests);
    fputs(", \"unit\": ", to);
    json_text(to, r->unit);
    json_number(to, "operations", (double)r->operations);
    json_number(to, "operations_per_second", bench_result_rate(r));
    fputs(", \"latency_us\": ", to);
    latency_json(to, &r->hist);
    for (unsigned i = 0; i < r->part_count; i++) {
        fprintf(to, ", \"latency_us_%s\": ", r->part[i].name);
        latency_json(to, &r->part[i].hist);
    }
    if (r->has_cpu)
        json_number(to, "server_cpu_us_per_operation",
                    bench_result_server_us(r));
    json_number(to, "client_cpu_us_per_operation", bench_result_client_us(r));
    for (unsigned i = 0; i < r->extra_count; i++)
        json_number(to, r->extra[i].name, r->extra[i].value);
    fprintf(to, ", \"errors\": {\"sum\": %llu",
            (unsigned long long)bench_errors_sum(&r->errors));
    each_error(&r->errors, error_json, to);
    fputs("}, \"failure\": ", to);
    json_text(to, r->failure);
    fputs("}\n", to);
}
