/* SPDX-License-Identifier: Apache-2.0 */
/* zab_bench.c - `zab bench`: reads the options, runs, reports. */
#include <stdio.h>

#include "tools/bench/bench_compare.h"
#include "tools/bench/bench_report.h"
#include "tools/bench/bench_run.h"
#include "tools/zab.h"
#include "tools/zab_text.h"

static void
print_help(void)
{
    fputs("usage: zab bench WORKLOAD [--OPTION VALUE...]\n"
          "       zab bench [WORKLOAD] --compare HOST:PORT --with HOST:PORT\n"
          "\n"
          "Measures any server that speaks ZooKeeper's client protocol.\n"
          "\nworkloads:\n",
          stdout);
    bench_run_help(stdout);
    fputs("\noptions (and what holds without them):\n", stdout);
    bench_opts_help(stdout);
}

int
zab_bench(int argc, char **argv)
{
    static struct bench_result result;
    struct bench_opts opts;
    char why[200];
    int rc;

    if (bench_opts_parse(&opts, argc, argv, why, sizeof why) < 0) {
        zab_complain("bench", "%s", why);
        return ZAB_USAGE;
    }
    if (opts.help) {
        print_help();
        return ZAB_OK;
    }
    if (opts.workload && !bench_run_knows(opts.workload)) {
        zab_complain("bench", "no workload `%s'; see zab bench --help",
                     opts.workload);
        return ZAB_USAGE;
    }
    if (opts.pid && !bench_is_process(opts.pid))
        return ZAB_FAILED;
    if (opts.compare)
        return bench_compare(&opts) < 0 ? ZAB_FAILED : ZAB_OK;
    rc = bench_run(&opts, &result);
    (opts.json ? bench_report_json : bench_report_text)(stdout, &result);
    return rc < 0 ? ZAB_FAILED : ZAB_OK;
}
