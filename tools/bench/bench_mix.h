/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_mix.h - which requests a workload of requests is made of.
 *
 * `get` alone is a mixture of one; `get:90,set:10` sends nine gets for a set.
 * Pure.
 */
#ifndef TOOLS_BENCH_BENCH_MIX_H
#define TOOLS_BENCH_BENCH_MIX_H

#include <stdio.h>

#include "tools/bench/bench_tree.h"

struct bench_kind {
    const char *name;
    int32_t op;
    unsigned needs;  /* enum bench_needs */
    bool finds_keys; /* takes one of the keys; else it makes a new name */
    int32_t flags;   /* of a create */
    const char *unit;
    const char *help;
};

enum { BENCH_MIX_MAX = 8 };

struct bench_mix {
    const struct bench_kind *kind[BENCH_MIX_MAX];
    uint32_t weight[BENCH_MIX_MAX]; /* at least 1 */
    uint32_t weight_sum;
    unsigned count;
};

/* 0, or -EINVAL when `text` is no mixture. */
int bench_mix_parse(struct bench_mix *m, const char *text);

/* Which of the mixture's kinds the draw `random` means: an index. */
unsigned bench_mix_pick(const struct bench_mix *m, uint32_t random);

unsigned bench_mix_needs(const struct bench_mix *m);

/* Does it use up keys, so that there is no going on for ever? */
bool bench_mix_deletes(const struct bench_mix *m);

void bench_mix_help(FILE *to);

#endif
