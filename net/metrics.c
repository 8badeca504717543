/* SPDX-License-Identifier: Apache-2.0 */
/* metrics.c - the table; see metrics.h.  Any process. */
#include "net/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

static double
descriptors_max(void)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (double)limit.rlim_cur : 0;
}

static double
fsync_average_ms(const struct server_view *v)
{
    return v->fsync_count > 0
               ? (double)v->fsync_total_us / 1000 / (double)v->fsync_count
               : 0;
}

/* clang-format off */
/*    name                        kind     decimal value                    help */
#define METRICS(X)                                                             \
    X(avg_latency,                GAUGE,   true,  server_view_latency(v),      \
      "ms from request to reply, average since the last reset")                \
    X(max_latency,                GAUGE,   false, (double)v->latency_max_ms,   \
      "ms from request to reply, longest since the last reset")                \
    X(min_latency,                GAUGE,   false, (double)v->latency_min_ms,   \
      "ms from request to reply, shortest since the last reset")               \
    X(packets_received,           GAUGE,   false, (double)v->received,         \
      "frames from clients")                                                   \
    X(packets_sent,               GAUGE,   false, (double)v->sent,             \
      "frames to clients")                                                     \
    X(num_alive_connections,      GAUGE,   false, (double)v->connections,      \
      "client connections")                                                    \
    X(outstanding_requests,       GAUGE,   false, (double)v->outstanding,      \
      "requests read and not yet answered")                                    \
    X(uptime,                     GAUGE,   false, (double)v->uptime_ms,        \
      "ms since the server was started")                                       \
    X(znode_count,                GAUGE,   false, (double)v->tree.node_count,  \
      "znodes")                                                                \
    X(watch_count,                GAUGE,   false, (double)v->watches,          \
      "watches")                                                               \
    X(ephemerals_count,           GAUGE,   false,                              \
      (double)v->tree.ephemeral_count, "ephemeral znodes")                     \
    X(approximate_data_size,      GAUGE,   false, (double)v->tree.data_bytes,  \
      "bytes of names and data of all znodes")                                 \
    X(global_sessions,            GAUGE,   false, (double)v->sessions,         \
      "sessions")                                                              \
    X(local_sessions,             GAUGE,   false, 0, "local sessions")         \
    X(max_file_descriptor_count,  GAUGE,   false, descriptors_max(),           \
      "descriptors that one process may open")                                 \
    X(tree_memory_bytes,          GAUGE,   false,                              \
      (double)v->tree.memory_bytes, "memory taken by the tree")                \
    X(connection_rejected,        COUNTER, false,                              \
      (double)v->connections_rejected, "connections over a limit")             \
    X(throttled_ops,              COUNTER, false, (double)v->throttled,        \
      "requests refused because they waited too long")                         \
    X(stale_sessions_expired,     COUNTER, false, (double)v->sessions_expired, \
      "sessions that expired")                                                 \
    X(proposal_count,             COUNTER, false, (double)v->proposals,        \
      "transactions prepared")                                                 \
    X(snap_count,                 COUNTER, false, (double)v->snapshots,        \
      "snapshots written")                                                     \
    X(avg_fsynctime,              GAUGE,   true,  fsync_average_ms(v),         \
      "ms of one log flush, average")                                          \
    X(max_fsynctime,              GAUGE,   false,                              \
      (double)v->fsync_max_us / 1000, "ms of one log flush, longest")          \
    X(cnt_fsynctime,              COUNTER, false, (double)v->fsync_count,      \
      "log flushes")                                                           \
    X(sum_fsynctime,              COUNTER, false,                              \
      (double)v->fsync_total_us / 1000, "ms of all log flushes")
/* clang-format on */

#define METRIC_VALUE(name, kind, decimal, expression, help)                    \
    static double value_of_##name(const struct server_view *v)                 \
    {                                                                          \
        (void)v;                                                               \
        return expression;                                                     \
    }
METRICS(METRIC_VALUE)

#define METRIC_ROW(name, kind, decimal, expression, help)                      \
    {#name, help, METRIC_##kind, decimal, value_of_##name},
const struct metric metric_table[] = {METRICS(METRIC_ROW)};
const size_t metric_count = ARRAY_COUNT(metric_table);

/* Java's way with averages: at least one digit, at most four, no zeros. */
static void
decimal_text(double value, char text[32])
{
    size_t n = (size_t)snprintf(text, 32, "%.4f", value);

    while (text[n - 1] == '0' && text[n - 2] != '.')
        text[--n] = '\0';
}

void
metric_text(const struct metric *m, const struct server_view *view,
            char text[32])
{
    double value = m->value(view);

    if (m->is_decimal)
        decimal_text(value, text);
    else
        snprintf(text, 32, "%" PRId64, (int64_t)value);
}
