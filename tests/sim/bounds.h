/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bounds.h - the time of a simulated world, and how much fits in one run.
 */
#ifndef TESTS_SIM_BOUNDS_H
#define TESTS_SIM_BOUNDS_H

#include "daemon/types.h"

typedef int64_t usec_t;
#define MSEC ((usec_t)1000)
#define SEC ((usec_t)1000000)
#define NEVER INT64_MAX

enum {
    SERVERS_MAX = 9,
    CLIENTS_MAX = 6,
    CLIENT_NODE = 16, /* node of the first client */
    NODES_MAX = CLIENT_NODE + CLIENTS_MAX,
    LOG_MAX = 6144,    /* transactions of one run */
    EPOCHS_MAX = 1024, /* terms that got a quorum's promise */
    CONNS_MAX = 32768, /* connections of one run */
    DISK_OPS_MAX = 8192,
    FAULTS_MAX = 96,
    QUEUE_MAX = 64, /* requests of one client's connection */
    RUN_BYTES = 64 << 20,
};

#endif
