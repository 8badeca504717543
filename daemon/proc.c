/* SPDX-License-Identifier: Apache-2.0 */
/* proc.c - see proc.h.  Called by every child, in its own process. */
#include "daemon/proc.h"

#include <linux/sched.h>
#include <linux/sched/types.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/bell.h"
#include "daemon/check.h"
#include "daemon/clock.h"
#include "daemon/log.h"

enum { LONG_TURN_NS = 10 * 1000 * 1000 }; /* others have 3 ms */

#define PROC(id, name, start, recovery, entry) [PROC_##id] = name,
static const char *const base_name[PROC_CLIENT + 1] = {
    [PROC_SUPER] = "supervisor",
#include "daemon/procs.def"
};
#undef PROC

const char *
proc_name(enum proc_id id)
{
    static char text[32];

    if (id < PROC_CLIENT)
        return base_name[id];
    check(id < PROC_END);
    snprintf(text, sizeof text, "%s %d", base_name[PROC_CLIENT],
             (int)id - PROC_CLIENT + 1);
    return text;
}

/* The words of the command line lie in a row; a title may take their place. */
static char *title_area;
static size_t title_size;

void
proc_title_init(int argc, char **argv)
{
    title_area = argv[0];
    title_size = (size_t)(argv[argc - 1] + strlen(argv[argc - 1]) - argv[0]);
}

static void
set_title(enum proc_id id)
{
    char title[48];

    snprintf(title, sizeof title, "zabd: %s", proc_name(id));
    prctl(PR_SET_NAME, title); /* the kernel keeps 15 bytes */
    if (title_size > 0) {
        memset(title_area, 0, title_size);
        memcpy(title_area, title,
               strlen(title) < title_size ? strlen(title) : title_size);
    }
    log_set_name(proc_name(id));
}

static void
default_signals(void)
{
    static const int handled[] = {SIGTERM, SIGINT,  SIGHUP, SIGCHLD,
                                  SIGQUIT, SIGUSR1, SIGUSR2};
    sigset_t none;

    for (size_t i = 0; i < ARRAY_COUNT(handled); i++)
        signal(handled[i], SIG_DFL);
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

void
proc_enter(enum proc_id id, struct shm *shm)
{
    set_title(id);
    default_signals();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != shm->super->pid[PROC_SUPER])
        _exit(EXIT_UNEXPECTED); /* the supervisor died before the prctl */
    shm_protect(id);
}

void
proc_ready(enum proc_id id, struct shm *shm)
{
    struct shm_proc *proc = shm_proc(shm, id);

    atomic_store(&proc->ready_ms, clock_mono_ms());
    atomic_store(&proc->is_ready, 1);
    bell_ring(shm, PROC_SUPER);
}

void
proc_progress(enum proc_id id, struct shm *shm, uint64_t done, uint64_t total)
{
    struct shm_proc *proc = shm_proc(shm, id);
    uint64_t permille = total > 0 ? done * 1000 / total : 0;

    atomic_store_explicit(&proc->progress_permille,
                          (uint32_t)(permille > 1000 ? 1000 : permille),
                          memory_order_relaxed);
    COUNT(proc->beats, 1);
}

void
proc_disk_begin(enum proc_id id, struct shm *shm)
{
    atomic_store_explicit(&shm_proc(shm, id)->disk_since_ms, clock_mono_ms(),
                          memory_order_relaxed);
}

void
proc_disk_end(enum proc_id id, struct shm *shm)
{
    struct shm_proc *proc = shm_proc(shm, id);

    COUNT(proc->beats, 1);
    atomic_store_explicit(&proc->disk_since_ms, 0, memory_order_release);
}

/*
 * Since Linux 6.12 one that asks for a long turn yields to whoever wakes up and
 * asked for a shorter one, which is everybody else; not to who was awake all
 * the time, so it is not that long.  Before, SCHED_BATCH says something like
 * it. glibc has no name for the call yet.
 */
void
proc_give_way(int niceness)
{
    struct sched_attr attr = {.size = SCHED_ATTR_SIZE_VER0,
                              .sched_policy = SCHED_BATCH,
                              .sched_nice = niceness,
                              .sched_runtime = LONG_TURN_NS};

    (void)setpriority(PRIO_PROCESS, 0, niceness);
    (void)syscall(SYS_sched_setattr, 0, &attr, 0); /* the best we can do */
}
