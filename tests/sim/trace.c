/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace.c - the last events of a run in words, and where a run is left.
 */
#include <stdarg.h>
#include <stdio.h>

#include "tests/sim/sim.h"

enum { LINES = 48, LINE_BYTES = 200 };

static char line[LINES][LINE_BYTES];
static uint64_t lines;

void
trace_reset(void)
{
    lines = 0;
}

void
trace_line(const char *text, ...)
{
    char *at = line[lines++ % LINES];
    va_list args;
    int n = snprintf(at, LINE_BYTES, "%6llu %9.3f ms  ",
                     (unsigned long long)sim.step, (double)sim.now / 1000.0);

    va_start(args, text);
    vsnprintf(at + n, LINE_BYTES - (size_t)n, text, args);
    va_end(args);
    if (sim.is_loud)
        puts(at);
}

void
trace_print(void)
{
    uint64_t from = lines > LINES ? lines - LINES : 0;

    for (; from < lines; from++)
        printf("  %s\n", line[from % LINES]);
}

void
sim_broken(const char *invariant, const char *text, ...)
{
    va_list args;

    snprintf(sim.invariant, sizeof sim.invariant, "%s", invariant);
    va_start(args, text);
    vsnprintf(sim.broken, sizeof sim.broken, text, args);
    va_end(args);
    longjmp(sim.leave, 1);
}

void
sim_full(void)
{
    sim.is_full = true;
    longjmp(sim.leave, 2);
}

/* In place of daemon/check.c: a core found itself broken. */
void
check_failed(const char *fact, const char *file, int at)
{
    sim_broken("CHECK", "%s:%d: %s", file, at, fact);
}

void *
sim_memory(size_t size)
{
    void *at = sim.memory + sim.used;

    size = ALIGN_UP(size, (size_t)16);
    if (sim.used + size > RUN_BYTES)
        sim_full();
    sim.used += size;
    return at;
}
