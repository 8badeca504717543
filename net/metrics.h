/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics.h - every number an operator can watch, once.
 *
 * One table of names, in Apache's spelling, feeds `mntr` (zk_ in front) and
 * the Prometheus page.  Any process.
 *
 * Facts: spec/operations.md 8.
 */
#ifndef NET_METRICS_H
#define NET_METRICS_H

#include "net/server_view.h"

enum metric_kind { METRIC_GAUGE, METRIC_COUNTER };

struct metric {
    const char *name; /* without zk_ */
    const char *help;
    enum metric_kind kind;
    bool is_decimal; /* an average: one to four digits behind the point */
    double (*value)(const struct server_view *view);
};

extern const struct metric metric_table[];
extern const size_t metric_count;

/* The value as Apache prints it; at most 32 bytes. */
void metric_text(const struct metric *m, const struct server_view *view,
                 char text[32]);

#endif
