/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_run.h - one run: what each workload gets and fills in.
 *
 * A workload is a row of bench_run.c and a function that opens connections,
 * makes znodes and measures, with the helpers below; it ends at the first step
 * that fails.  bench_run removes what was made.
 */
#ifndef TOOLS_BENCH_BENCH_RUN_H
#define TOOLS_BENCH_BENCH_RUN_H

#include <stdio.h>

#include "tools/bench/bench_result.h"
#include "tools/bench/bench_tree.h"

struct bench_run {
    const struct bench_opts *opts; /* borrowed */
    struct bench_loop *loop;
    struct bench_tree tree;
    struct bench_result *result;
};

/* Each gives 0 or -errno, with the reason in loop->why or result->failure. */
int bench_run_requests(struct bench_run *r); /* bench_work.c */
int bench_run_connect(struct bench_run *r);  /* bench_session.c */
int bench_run_idle(struct bench_run *r);
int bench_run_watch(struct bench_run *r); /* bench_watch.c */
int bench_run_fill(struct bench_run *r);  /* bench_fill.c */
int bench_run_disk(struct bench_run *r);  /* bench_disk.c */

/* --- helpers -------------------------------------------------------------- */

/* Keep sessions alive, do nothing else. */
int bench_hold(struct bench_run *r, double seconds);

/* Wait until the server has nothing more to do, for half a minute at most. */
int bench_settle(struct bench_run *r);

/* The server's memory; all 0 when there is no --pid. */
void bench_memory_now(const struct bench_run *r, struct bench_memory *m);

/* Report it as it is now. */
void bench_memory_tell(struct bench_run *r);

/* Report what grew from `before` to `after`, for each of `count` things. */
void bench_memory_per(struct bench_run *r, const struct bench_memory *before,
                      const struct bench_memory *after, uint64_t count);

/* --- running -------------------------------------------------------------- */

/* Run opts->workload into *result, from its beginning.  0 or -errno. */
int bench_run(const struct bench_opts *opts, struct bench_result *result);

/* Is there a workload of that name, or is it a mixture? */
bool bench_run_knows(const char *workload);

/* The workloads' part of the help. */
void bench_run_help(FILE *to);

#endif
