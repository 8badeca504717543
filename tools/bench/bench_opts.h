/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_opts.h - what the operator may ask of `zab bench`.
 *
 * The rows of bench_opts.c are the option parser, the checks and the help.
 * Texts are borrowed from argv.
 */
#ifndef TOOLS_BENCH_BENCH_OPTS_H
#define TOOLS_BENCH_BENCH_OPTS_H

#include <stdio.h>

#include "daemon/types.h"

/* As many servers as one run takes, and as many bytes name them. */
enum { BENCH_HOSTS_MAX = 16, BENCH_HOSTS_SIZE = 4096 };

struct bench_opts {
    const char *workload; /* the one word that is no option */

    const char *hosts; /* HOST:PORT,...: of that form, nobody asked for yet */
    uint64_t connections;
    uint64_t parallel; /* connections opening at one time */
    uint64_t sources;  /* client addresses 127.0.0.1, .2, … */
    uint64_t session_timeout_ms;

    uint64_t depth;
    uint64_t rate; /* requests a second; 0: closed loop */
    double seconds;
    double warmup_s;
    double limit_s;    /* the whole run ends by then */
    uint64_t requests; /* 0: as many as fit in `seconds` */

    uint64_t keys;
    uint64_t first_key; /* a multiple of 1,000, the keys of one parent */
    uint64_t value_size;
    uint64_t children;
    uint64_t multi_ops;
    bool is_shared; /* watch: every connection watches every key */
    double hold_s;  /* watch: how long to hold them before writing */

    const char *prefix;
    bool keep;  /* leave the znodes */
    bool reuse; /* they are there already */

    const char *dir; /* disk: where the file goes */

    uint64_t pid;
    const char *compare;
    const char *with;
    uint64_t pids[2]; /* those of the two; 0: not to be looked at */
    uint64_t rounds;

    bool json;
    bool quiet;
    bool help;
};

/*
 * Defaults, then argv[1..].  Returns 0, or -EINVAL with one line in `why`
 * saying which option, and what is allowed.
 */
int bench_opts_parse(struct bench_opts *o, int argc, char **argv, char *why,
                     size_t why_size);

/* The options' part of the help. */
void bench_opts_help(FILE *to);

#endif
