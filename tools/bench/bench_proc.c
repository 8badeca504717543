/* SPDX-License-Identifier: Apache-2.0 */
/* bench_proc.c - see bench_proc.h.  Source: proc(5), clock_getcpuclockid(3). */
#include "tools/bench/bench_proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* A file of /proc as text, cut at `size`; false when it is gone. */
static bool
read_text(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t used = 0;
    ssize_t n = 1;

    if (fd < 0)
        return false;
    while (n > 0 && used < size - 1) {
        n = read(fd, text + used, size - 1 - used);
        used += n > 0 ? (size_t)n : 0;
    }
    close(fd);
    text[used] = '\0';
    return n >= 0;
}

/* Append the children that the main thread of pid[parent] has forked. */
static void
add_children(struct bench_procs *p, unsigned parent)
{
    char path[64], text[4096];
    char *at, *next;
    long child;

    snprintf(path, sizeof path, "/proc/%d/task/%d/children",
             (int)p->pid[parent], (int)p->pid[parent]);
    if (!read_text(path, text, sizeof text))
        return;
    for (at = text; p->count < BENCH_PROCS_MAX; at = next) {
        child = strtol(at, &next, 10);
        if (next == at)
            return;
        p->pid[p->count++] = (pid_t)child;
    }
}

int
bench_procs_find(struct bench_procs *p, pid_t root)
{
    clockid_t clock;

    p->count = 0;
    if (root <= 0 || clock_getcpuclockid(root, &clock) != 0)
        return -ESRCH;
    p->pid[p->count++] = root;
    for (unsigned i = 0; i < p->count; i++)
        add_children(p, i);
    return 0;
}

uint64_t
bench_procs_cpu_ns(const struct bench_procs *p)
{
    uint64_t sum = 0;
    struct timespec ts;
    clockid_t clock;

    for (unsigned i = 0; i < p->count; i++)
        if (clock_getcpuclockid(p->pid[i], &clock) == 0 &&
            clock_gettime(clock, &ts) == 0)
            sum += (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
    return sum;
}

void
bench_memory_parse(struct bench_memory *m, const char *rollup)
{
    const struct {
        const char *key;
        uint64_t *sum;
    } rows[] = {
        {"\nPss:", &m->pss_bytes},
        {"\nPss_Anon:", &m->anon_bytes},
        {"\nPss_Shmem:", &m->shmem_bytes},
        {"\nPss_File:", &m->file_bytes},
    };
    const char *found;

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        found = strstr(rollup, rows[i].key);
        if (found)
            *rows[i].sum +=
                strtoull(found + strlen(rows[i].key), NULL, 10) * 1024;
    }
}

void
bench_procs_memory(const struct bench_procs *p, struct bench_memory *m)
{
    char path[64], text[4096];

    *m = (struct bench_memory){0};
    for (unsigned i = 0; i < p->count; i++) {
        snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)p->pid[i]);
        if (read_text(path, text, sizeof text))
            bench_memory_parse(m, text);
    }
}
