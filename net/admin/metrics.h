/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics.h - figures under the names that monitoring knows.
 *
 * What `mntr`, the command `monitor` and /metrics print is one table: a metric
 * is a row of metrics.c and nowhere else.
 * Client and admin processes.  Facts: spec/operations.md 8.
 */
#ifndef NET_ADMIN_METRICS_H
#define NET_ADMIN_METRICS_H

#include "net/admin/figures.h"

enum metric_kind { METRIC_GAUGE, METRIC_COUNTER };

struct metric {
    const char *name; /* without `zk_` */
    enum metric_kind kind;
    bool is_fraction; /* `real` counts, else `whole` */
    int64_t whole;
    double real;
};

enum { METRICS_MAX = 80, METRIC_NAME_MAX = 64 };

/* Fill `m` in the order of mntr; returns how many. */
size_t metrics_of(const struct figures *f, struct metric m[METRICS_MAX]);

/*
 * What Prometheus calls it: of what was timed, `cnt_x` and `sum_x` of mntr are
 * the count and the sum of a summary `x`.
 */
void metrics_prometheus_name(const char *name, char text[METRIC_NAME_MAX]);

#endif
