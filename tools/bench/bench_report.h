/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_report.h - how what a run found out is shown: as text, or as one line
 * of JSON.
 */
#ifndef TOOLS_BENCH_BENCH_REPORT_H
#define TOOLS_BENCH_BENCH_REPORT_H

#include <stdio.h>

#include "tools/bench/bench_result.h"

void bench_report_text(FILE *to, const struct bench_result *r);
void bench_report_json(FILE *to, const struct bench_result *r);

#endif
