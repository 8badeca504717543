/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_proc.h - the log process's state.
 *
 * Private to log_start.c, which begins, log_main.c, which appends,
 * log_orders.c, which does what replication orders, log_replace.c, which does
 * the orders that replace files, and log_failed.c, for when the disk failed.
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

/* --- log_orders.c --------------------------------------------------------- */

/*
 * Up to where the ring may be appended, `published` at most: what comes behind
 * an order waits for it.
 */
ring_pos_t log_orders_limit(const struct log_proc *p, ring_pos_t published);

/*
 * Carry out the order whose turn has come.  1: done; 0: there is none or it has
 * to wait, and the bell will ring; -errno: the disk failed, which has been
 * logged.
 */
int log_orders_work(struct log_proc *p);

/* --- log_replace.c -------------------------------------------------------- */

/* No result yet: the image process still uses the files. */
enum { LOG_ORDER_WAITS = 1 };

/*
 * Cut the log behind `zxid`; let the snapshot at `zxid` replace all there is.
 * 0: done, or refused with nothing changed, see `result`; LOG_ORDER_WAITS;
 * -errno: the disk failed.
 */
int log_truncate(struct log_proc *p, zxid_t zxid, int *result);
int log_rebase(struct log_proc *p, zxid_t zxid, int *result);

/* The log is empty now and goes on from the snapshot at `zxid`. */
void log_is_rebased(struct log_proc *p, zxid_t zxid);

/* Give the image process its files back, if they were asked for. */
void log_give_back(struct log_proc *p);

/* --- log_failed.c --------------------------------------------------------- */

/*
 * `what` at `path` cannot be written, which is final: log it and set
 * shm->log->failed, for replication to see.  Nothing more is written.  But for
 * what may pass this process ends, and its successor tries again.
 */
void log_give_up(struct log_proc *p, const char *path, const char *what,
                 int rc);

/*
 * The disk failed in the middle of an order, with `rc`; `e` has the words,
 * unless it is NULL or empty.  Ends the log; returns `rc`.
 */
int log_order_failed(struct log_proc *p, const char *what, int rc,
                     const struct data_error *e);

/*
 * If the log has failed for want of room: is there some?  Then
 * shm->log->has_room is set, and the supervisor rung.  Blocks on the disk.
 */
void log_look_for_room(struct log_proc *p);

/* --- log_start.c ---------------------------------------------------------- */

/*
 * Before the log is opened: put the directory in order.  After it: tell
 * everybody what the log goes on from, and a member's epochs.  0 or -errno, and
 * `e` tells.
 */
int log_start_begin(struct log_proc *p, struct data_error *e);
int log_start_end(struct log_proc *p, struct data_error *e);

#endif
