/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_fill.c - the fill workload: --keys znodes of --size bytes under a
 * spread of parents, --ops to a multi; the rate, then the memory of each.
 */
#include "tools/bench/bench_run.h"

int
bench_run_fill(struct bench_run *r)
{
    const struct bench_opts *o = r->opts;
    struct bench_making making = {.label = "filling",
                                  .name = bench_path_key,
                                  .count = o->keys,
                                  .value_size = o->value_size,
                                  .batch = (unsigned)o->multi_ops,
                                  .depth = (uint32_t)o->depth,
                                  .hist = &r->result->hist};
    struct bench_memory before, after;
    struct bench_meter meter;
    int rc;

    r->result->unit = "create";
    rc = bench_loop_connect(r->loop);
    if (rc == 0)
        rc = bench_settle(r);
    bench_memory_now(r, &before);
    if (rc == 0)
        rc = bench_tree_prepare(&r->tree, r->loop, NEED_KEY_PARENTS);
    if (rc < 0)
        return rc;
    bench_meter_start(&meter, o->pid);
    rc = bench_tree_make(&r->tree, r->loop, &making);
    bench_meter_stop(&meter, r->result);
    r->result->requests = r->result->hist.count;
    r->result->operations = making.made;
    if (rc == 0)
        rc = bench_settle(r);
    bench_memory_now(r, &after);
    bench_memory_per(r, &before, &after, making.made);
    return rc;
}
