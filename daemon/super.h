/* SPDX-License-Identifier: Apache-2.0 */
/*
 * super.h - the supervisor: private to daemon/super*.c and main.c.
 *
 * It owns the configuration, the mapping, the listening socket, the children
 * and the talk with systemd.  It serves no client and touches no data; all it
 * does it does in its event loop, so that it is always there.
 *
 *   super.c           the loop, the signals, orderly stop
 *   super_child.c     fork, reap, repair what a dead process left
 *   super_watch.c     ends what hangs
 *   super_status.c    when systemd, the log and SIGQUIT are told, and what
 *   super_describe.c  what this server is doing, in words
 *   super_conf.c      reload
 */
#ifndef DAEMON_SUPER_H
#define DAEMON_SUPER_H

#include <ev.h>
#include <sys/types.h>

#include "daemon/bell.h"
#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/restart.h"
#include "daemon/shm.h"

/* What the supervisor knows about one child. */
struct child {
    pid_t pid; /* 0: not running */
    struct restart restart;
    mono_ms_t fork_at;   /* not running: when it may be forked; 0 at once */
    bool wants_room;     /* the last one ended with EXIT_LATER */
    bool was_killed;     /* by us */
    uint64_t beats_seen; /* super_watch.c */
    mono_ms_t beats_at;
};

struct super {
    struct shm *shm;
    struct ev_loop *loop;
    const char *conf_path; /* NULL: embedded */
    struct child child[PROC_END];
    bool is_stopping;
    bool took_part;       /* READY=1 was sent */
    bool was_serving;     /* at the last look */
    char pending[160];    /* keys that a reload could not change, or "" */
    bool reload_failed;   /* the last one */
    uint64_t refused;     /* at memory.limit, ever */
    mono_ms_t refused_at; /* when that was seen to grow; 0: never */
    bool rebuild;         /* replication died; see super_child.c */
    mono_ms_t stop_deadline;
    mono_ms_t watched_at;     /* super_watch.c: the last look */
    struct clock_pair clocks; /* at the last look */
    int exit_code;
    struct bell bell;
    ev_timer tick;
    ev_signal on_term, on_int, on_hup, on_child, on_quit;
};

/* Run the server for `shm` until it is stopped; returns the exit code. */
int super_run(struct shm *shm, const char *conf_path);

/* In a child, right after fork: loops and signals do not cross it. */
void super_leave_loop(struct super *s);

/* One past the last process id in use. */
enum proc_id super_end(const struct super *s);

/* --- super_child.c -------------------------------------------------------- */

/* Whether this server needs such a process at all. */
bool super_wants(const struct super *s, enum proc_id id);

/* Every process that it needs is there, and ready. */
bool super_is_complete(const struct super *s);

/* Fork every process whose time has come. */
void super_fork_due(struct super *s, mono_ms_t now);

/* Take note of the dead: repair what they left, plan their successors. */
void super_reap(struct super *s, mono_ms_t now);
bool super_all_ended(const struct super *s);

/* Nothing happens if it is not running. */
void super_signal(struct super *s, enum proc_id id, int sig);

/* --- super_watch.c -------------------------------------------------------- */

/* End the processes that hang. */
void super_watch(struct super *s, mono_ms_t now);

/* --- super_describe.c ----------------------------------------------------- */

enum { SUPER_TEXT_MAX = 800 }; /* bytes of the longest of these texts */

/* Role, tree, disks, keys that wait for a restart. */
void super_describe(const struct super *s, bool is_serving, char *text,
                    size_t size);

/* Its role, and what is wrong with it. */
void super_describe_standing(const struct super *s, char *text, size_t size);

/* How far its processes are that have to load something, or why they cannot. */
void super_describe_start(const struct super *s, char *text, size_t size);

/* --- super_status.c ------------------------------------------------------- */

/* Tell systemd and the log what has changed. */
void super_status(struct super *s, mono_ms_t now);
void super_notify_stopping(void);

/* SIGQUIT: the state of all processes as lines of the log. */
void super_dump(const struct super *s);

/* --- super_conf.c --------------------------------------------------------- */

/* SIGHUP: read the configuration again. */
void super_reload(struct super *s);

#endif
