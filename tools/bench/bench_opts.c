/* SPDX-License-Identifier: Apache-2.0 */
/* bench_opts.c - see bench_opts.h.  Pure but for printing the help. */
#include "tools/bench/bench_opts.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "tools/zab_dial.h"

enum kind { NUMBER, SECONDS, TEXT, HOSTS, PIDS, FLAG };

struct option_row {
    const char *name;
    enum kind kind;
    size_t offset;
    const char *fallback; /* NULL: none */
    double min, max;
    const char *help;
};

#define AT(field) offsetof(struct bench_opts, field)

/* clang-format off */
static const struct option_row rows[] = {
    {"hosts", HOSTS, AT(hosts), "127.0.0.1:2181", 0, 0,
     "servers, HOST:PORT[,HOST:PORT...], used in turns"},
    {"connections", NUMBER, AT(connections), "50", 1, 1e6,
     "how many connections, each with a session of its own"},
    {"parallel", NUMBER, AT(parallel), "50", 1, 1e5,
     "how many of them open at one time"},
    {"sources", NUMBER, AT(sources), "1", 1, 250,
     "client addresses 127.0.0.1 to .N (a port range each)"},
    {"session-timeout", NUMBER, AT(session_timeout_ms), "30000", 1, 1e9,
     "asked for, ms; pings go out at a third of what is granted"},
    {"depth", NUMBER, AT(depth), "1", 1, 65536,
     "requests in flight on each connection"},
    {"rate", NUMBER, AT(rate), "0", 0, 1e8,
     "open loop: requests a second over all; 0 is a closed loop"},
    {"seconds", SECONDS, AT(seconds), "5", 0.1, 1e6,
     "how long to measure"},
    {"warmup", SECONDS, AT(warmup_s), "1", 0, 1e6,
     "how long to run before it, unmeasured"},
    {"limit", SECONDS, AT(limit_s), "600", 1, 1e6,
     "when to give up whatever is going on"},
    {"requests", NUMBER, AT(requests), "0", 0, 1e12,
     "stop after so many; 0 is no limit"},
    {"keys", NUMBER, AT(keys), "10000", 1, 1e8,
     "znodes that get, exists, set, delete, fill, watch work on"},
    {"first", NUMBER, AT(first_key), "0", 0, 1e8,
     "number of the first key, in thousands: several runs, one tree"},
    {"size", NUMBER, AT(value_size), "100", 0, 1e6,
     "bytes of data in each"},
    {"children", NUMBER, AT(children), "100", 1, 1e5,
     "children of the znode that `children' lists"},
    {"ops", NUMBER, AT(multi_ops), "10", 1, 1000,
     "creates in each multi; in fill, 1 is plain creates"},
    {"shared", FLAG, AT(is_shared), NULL, 0, 0,
     "watch: every connection watches every key, not its share"},
    {"hold", SECONDS, AT(hold_s), "0", 0, 1e6,
     "watch: how long to hold the watches before writing"},
    {"prefix", TEXT, AT(prefix), NULL, 0, 0,
     "znode to work under; default /zab-bench-PID"},
    {"keep", FLAG, AT(keep), NULL, 0, 0,
     "leave what was created"},
    {"reuse", FLAG, AT(reuse), NULL, 0, 0,
     "work on what a run with --keep left; implies --keep"},
    {"dir", TEXT, AT(dir), ".", 0, 0,
     "disk: directory of the file to write"},
    {"pid", NUMBER, AT(pid), "0", 0, 4194304,
     "the server's: adds its CPU and memory, with all descendants"},
    {"compare", HOSTS, AT(compare), NULL, 0, 0,
     "measure this server and ..."},
    {"with", HOSTS, AT(with), NULL, 0, 0,
     "... this one in turns, print ratios"},
    {"pids", PIDS, AT(pids), NULL, 0, 0,
     "the two servers'"},
    {"rounds", NUMBER, AT(rounds), "3", 1, 1000,
     "turns of each server"},
    {"json", FLAG, AT(json), NULL, 0, 0,
     "print one JSON object a run instead of the table"},
    {"quiet", FLAG, AT(quiet), NULL, 0, 0,
     "no progress line"},
    {"help", FLAG, AT(help), NULL, 0, 0,
     "this text"},
};
/* clang-format on */

static bool
number_in_range(const struct option_row *row, const char *text, double *value)
{
    char *end;

    *value = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*value) &&
           *value >= row->min && *value <= row->max &&
           (row->kind == SECONDS || *value == floor(*value));
}

/* HOST:PORT or several of them, with commas between. */
static bool
are_hosts(const char *text)
{
    char copy[BENCH_HOSTS_SIZE], *rest = copy, *one;
    unsigned count = 0;

    if (snprintf(copy, sizeof copy, "%s", text) >= BENCH_HOSTS_SIZE)
        return false;
    while ((one = strsep(&rest, ",")) != NULL)
        if (++count > BENCH_HOSTS_MAX || !zab_is_host_port(one))
            return false;
    return true;
}

static bool
are_pids(const char *text, uint64_t *pid)
{
    char end;

    return sscanf(text, "%" SCNu64 ",%" SCNu64 "%c", &pid[0], &pid[1], &end) ==
               2 &&
           pid[0] > 0 && pid[1] > 0;
}

/* What is allowed there, as a complaint says it. */
static void
say_allowed(const struct option_row *row, char *text, size_t size)
{
    if (row->kind == HOSTS)
        snprintf(text, size,
                 "HOST:PORT, or up to %d of them with commas, a port from 1 to "
                 "65535",
                 BENCH_HOSTS_MAX);
    else if (row->kind == PIDS)
        snprintf(text, size, "PID,PID");
    else
        snprintf(text, size, "a %s from %.10g to %.10g",
                 row->kind == SECONDS ? "number of seconds" : "whole number",
                 row->min, row->max);
}

/* False: that is not allowed there. */
static bool
take(void *field, const struct option_row *row, const char *text)
{
    double value;

    switch (row->kind) {
    case FLAG:
        *(bool *)field = true;
        return true;
    case PIDS:
        return are_pids(text, field);
    case TEXT:
    case HOSTS:
        *(const char **)field = text;
        return row->kind == TEXT || are_hosts(text);
    case NUMBER:
    case SECONDS:
        break;
    }
    if (!number_in_range(row, text, &value))
        return false;
    if (row->kind == SECONDS)
        *(double *)field = value;
    else
        *(uint64_t *)field = (uint64_t)value;
    return true;
}

static int
store(struct bench_opts *o, const struct option_row *row, const char *text,
      char *why, size_t why_size)
{
    char allowed[100];

    if (take((char *)o + row->offset, row, text))
        return 0;
    say_allowed(row, allowed, sizeof allowed);
    snprintf(why, why_size, "--%s %.80s: must be %s", row->name, text, allowed);
    return -EINVAL;
}

/* The row of `--name` or `--name=value`; *value is set for the latter. */
static const struct option_row *
find_row(const char *arg, const char **value)
{
    const char *name = arg + 2;
    size_t length = strcspn(name, "=");

    *value = name[length] == '=' ? name + length + 1 : NULL;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (strlen(rows[i].name) == length &&
            strncmp(rows[i].name, name, length) == 0)
            return &rows[i];
    return NULL;
}

/* One argument, and the next one if it is its value: how many were used. */
static int
parse_one(struct bench_opts *o, char **arg, char *why, size_t why_size)
{
    const struct option_row *row;
    const char *value;

    if (strncmp(arg[0], "--", 2) != 0) {
        if (o->workload) {
            snprintf(why, why_size, "`%s': the workload is `%s' already",
                     arg[0], o->workload);
            return -EINVAL;
        }
        o->workload = arg[0];
        return 1;
    }
    row = find_row(arg[0], &value);
    if (!row || (row->kind == FLAG && value)) {
        snprintf(why, why_size, "no option `%s'; see zab bench --help", arg[0]);
        return -EINVAL;
    }
    if (row->kind == FLAG || value)
        return store(o, row, value, why, why_size) < 0 ? -EINVAL : 1;
    if (!arg[1]) {
        snprintf(why, why_size, "--%s: a value must follow", row->name);
        return -EINVAL;
    }
    return store(o, row, arg[1], why, why_size) < 0 ? -EINVAL : 2;
}

/* What only makes sense together. */
static int
check_whole(struct bench_opts *o, char *why, size_t why_size)
{
    const char *complaint = NULL;

    if (o->reuse)
        o->keep = true;
    if (o->help)
        return 0;
    if (!o->workload && !o->compare)
        complaint = "say which workload; see zab bench --help";
    else if (!o->compare != !o->with)
        complaint = "--compare HOST:PORT and --with HOST:PORT go together";
    else if (o->pids[0] && !o->compare)
        complaint = "--pids goes with --compare; one server has --pid";
    else if (o->prefix && (o->prefix[0] != '/' || !o->prefix[1] ||
                           o->prefix[strlen(o->prefix) - 1] == '/' ||
                           strlen(o->prefix) > 200))
        complaint = "--prefix must be a path below /, without a slash at its "
                    "end, of at most 200 bytes";
    else if (o->first_key % 1000 != 0)
        complaint = "--first must be a multiple of 1000";
    else if (o->reuse && !o->prefix)
        complaint = "--reuse needs the --prefix that was kept";
    if (complaint)
        snprintf(why, why_size, "%s", complaint);
    return complaint ? -EINVAL : 0;
}

int
bench_opts_parse(struct bench_opts *o, int argc, char **argv, char *why,
                 size_t why_size)
{
    int used;

    *o = (struct bench_opts){0};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (rows[i].fallback)
            store(o, &rows[i], rows[i].fallback, why, why_size);
    for (int i = 1; i < argc; i += used) {
        used = parse_one(o, argv + i, why, why_size);
        if (used < 0)
            return used;
    }
    return check_whole(o, why, why_size);
}

void
bench_opts_help(FILE *to)
{
    static const char *const placeholder[] = {" N",         " S",       " TEXT",
                                              " HOST:PORT", " PID,PID", ""};
    char name[40];

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        snprintf(name, sizeof name, "--%s%s", rows[i].name,
                 placeholder[rows[i].kind]);
        fprintf(to, "  %-19s %s", name, rows[i].help);
        if (rows[i].fallback)
            fprintf(to, " (%s)", rows[i].fallback);
        fputc('\n', to);
    }
}
