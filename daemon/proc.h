/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc.h - what every child does at its entry and tells of its progress; the
 * entries themselves.  Who there is, and what deaths cost: procs.def.
 */
#ifndef DAEMON_PROC_H
#define DAEMON_PROC_H

#include <signal.h>
#include <stdnoreturn.h>

#include "daemon/shm.h"

/*
 * The supervisor's word to a child: end now.  A SIGTERM may have been sent to
 * the whole process group, and would end all of them in no order.
 */
enum { PROC_STOP = SIGUSR1 };

/*
 * What a child does first after fork: title, log name, death signal of the
 * parent, signal dispositions, and the right to store to its own parts
 * only.  PROC_STOP ends a process at once unless it asks for it itself; what
 * a terminal or a service manager sends is the supervisor's to answer.
 */
void proc_enter(enum proc_id id, struct shm *shm);

/* Remember where the command line lies; main, before options are read. */
void proc_title_init(int argc, char **argv);

/* "log", "client 2": as in titles and in the log; until the next call. */
const char *proc_name(enum proc_id id);

/* This process serves now: the supervisor goes on with its start order. */
void proc_ready(enum proc_id id, struct shm *shm);

/* A long start has come to done of total. */
void proc_progress(enum proc_id id, struct shm *shm, uint64_t done,
                   uint64_t total);

/*
 * Before and after a system call that may wait for a disk: such a process
 * is slow, not hung.  proc_disk_end is a beat, too, and a beat first: the
 * supervisor may look when the wait is over and the loop has not turned yet.
 */
void proc_disk_begin(enum proc_id id, struct shm *shm);
void proc_disk_end(enum proc_id id, struct shm *shm);

/*
 * For work in the background: with `niceness` it has its share of the
 * processors, but who wakes up need not wait until its turn is over.
 */
void proc_give_way(int niceness);

/* Entries of the processes; they do not return. */
noreturn void log_main(struct shm *shm);   /* storage/log/log_main.c */
noreturn void image_main(struct shm *shm); /* storage/image/image_main.c */
noreturn void repl_main(struct shm *shm);  /* net/repl/repl_main.c */
noreturn void elect_main(struct shm *shm); /* election/elect_main.c */
noreturn void client_main(struct shm *shm, /* net/client/client_main.c */
                          uint32_t worker);
noreturn void admin_main(struct shm *shm); /* net/admin/admin_main.c */

#endif
