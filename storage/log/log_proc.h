/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_proc.h - the log process's state.  Private to log_main.c, which starts
 * it and appends, and log_orders.c, which does what replication orders.
 */
#ifndef STORAGE_LOG_LOG_PROC_H
#define STORAGE_LOG_LOG_PROC_H

#include <ev.h>

#include "daemon/bell.h"
#include "daemon/shm.h"
#include "storage/datadir.h"
#include "storage/log/txlog.h"

struct log_proc {
    struct shm *shm;
    struct ev_loop *loop;
    struct bell bell;
    ev_signal on_stop;
    ev_timer look; /* at configuration and disk usage */
    struct conf conf;
    uint32_t conf_version;
    struct datadir dirs;
    struct txlog log;
    ring_pos_t appended; /* up to here the ring is in `log`, or on disk */
};

/*
 * `what` at `path` cannot be written: say so, once and for ever; replication
 * sees shm->log->failed and nothing more is written.
 */
void log_give_up(struct log_proc *p, const char *path, const char *what,
                 int rc);

/*
 * At the start, when log_orders_start has put the directory in order and the
 * log is open: what it goes on from, and an ensemble's epochs.
 */
int log_orders_start(struct log_proc *p, struct data_error *e);
int log_orders_open(struct log_proc *p, struct data_error *e);

/*
 * Up to where the ring may be appended now that `published` was read from
 * it: what comes behind an order waits for it.
 */
ring_pos_t log_orders_limit(const struct log_proc *p, ring_pos_t published);

/*
 * Carry the order out whose turn has come.  1: that is done; 0: there is none
 * or it has to wait, the bell will ring; -errno: the disk failed, which has
 * been told.
 */
int log_orders_work(struct log_proc *p);

#endif
