/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_proc.h - CPU time and memory of a process and all its descendants.
 *
 * CPU time is read from each process's own CPU clock: nanoseconds over all
 * its threads, also while they run, where /proc/PID/stat counts ticks.
 * Memory is smaps_rollup's, so what processes share is counted once.
 */
#ifndef TOOLS_BENCH_BENCH_PROC_H
#define TOOLS_BENCH_BENCH_PROC_H

#include <sys/types.h>

#include "daemon/types.h"

enum { BENCH_PROCS_MAX = 256 };

/* A tree of processes as it was found; pid[0] is the one asked for. */
struct bench_procs {
    pid_t pid[BENCH_PROCS_MAX];
    unsigned count;
};

struct bench_memory {
    uint64_t pss_bytes;   /* all of it */
    uint64_t anon_bytes;  /* private: heap, stacks, touched data */
    uint64_t shmem_bytes; /* shared memory, each page once */
    uint64_t file_bytes;  /* page cache behind file mappings */
};

/* Find the tree under `root`.  Returns 0, or -ESRCH if `root` is no process. */
int bench_procs_find(struct bench_procs *p, pid_t root);

/*
 * CPU time used so far, in ns.  A process that has ended in between no longer
 * counts: the caller compares two sums of one tree.
 */
uint64_t bench_procs_cpu_ns(const struct bench_procs *p);

/* Sum of the whole tree; processes that ended are skipped. */
void bench_procs_memory(const struct bench_procs *p, struct bench_memory *m);

/* What counts against the budgets: anonymous and shared memory. */
static inline uint64_t
bench_memory_own(const struct bench_memory *m)
{
    return m->anon_bytes + m->shmem_bytes;
}

/* Add the figures of one smaps_rollup text.  Pure, for the tests. */
void bench_memory_parse(struct bench_memory *m, const char *rollup);

#endif
