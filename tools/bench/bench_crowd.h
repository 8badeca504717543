/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_crowd.h - the connections of a loop, all together.
 *
 * They lie in struct bench_loop; those that went down are opened again while
 * l->wants_open.  Private to bench_loop.c and bench_crowd.c; all else is in
 * bench_loop.h.
 */
#ifndef TOOLS_BENCH_BENCH_CROWD_H
#define TOOLS_BENCH_BENCH_CROWD_H

#include "tools/bench/bench_loop.h"

/*
 * Resolve opts->hosts and allocate l->conn_count connections, which share
 * `out_size` bytes for what they send.  0 or -errno, with l->why set.
 */
int bench_crowd_new(struct bench_loop *l, size_t out_size);
void bench_crowd_free(struct bench_loop *l);

/* Open what is DOWN and may be tried, so many at one time. */
void bench_crowd_open(struct bench_loop *l);

/* From time to time: try again, and keep sessions alive. */
void bench_crowd_tick(struct bench_loop *l);

/* Nothing of an old job may answer to the next one. */
void bench_crowd_forget(struct bench_loop *l);

#endif
