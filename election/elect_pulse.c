/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elect_pulse.c - those for whom we speak: the replication process, the log.
 *
 * If the replication process of a leader dies, that leader leads no longer,
 * and its successor will need a while to load.  Its followers look for another
 * leader within a millisecond; so we watch the process itself (a pidfd) and
 * fall silent, or they would hear from us that it still leads.  We do the same
 * if it hangs; and for good when the log has failed: then this server has no
 * role any more.
 *
 * The election process.
 */
#include "election/elect_proc.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/clock.h"
#include "daemon/log.h"

enum { HANG_MS = 1000 };

/* Nobody hears of us; nor later, where an observer only waits to look. */
static void
fall_silent(struct elect_proc *p)
{
    ev_timer_stop(p->loop, &p->delay);
    p->election->leave(p);
}

/* Neither a leader nor a candidate; that another leads us stays true. */
void
elect_pulse_leave(struct elect_proc *p)
{
    if (!p->is_open || !(p->leads || elect_is_looking(p)))
        return;
    log_info("election: %s no more: the replication process ended",
             p->leads ? "leading" : "looking");
    p->leads = p->is_hung = false; /* its successor beats before it looks */
    fall_silent(p);
}

static void
on_replication_ended(struct ev_loop *loop, ev_io *w, int events)
{
    struct elect_proc *p = w->data;

    (void)events;
    ev_io_stop(loop, w);
    elect_pulse_leave(p);
}

/* Without a pidfd the supervisor's word (its life) must do. */
void
elect_pulse_meet(struct elect_proc *p)
{
    const struct shm_super *super = p->shm->super;
    pid_t pid = atomic_load(&super->pid[PROC_REPLICATION]);

    p->life = atomic_load(&super->life[PROC_REPLICATION]);
    if (p->pidfd >= 0) {
        ev_io_stop(p->loop, &p->replication);
        close(p->pidfd);
    }
    p->pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
    if (p->pidfd < 0)
        return;
    ev_io_init(&p->replication, on_replication_ended, p->pidfd, EV_READ);
    ev_set_priority(&p->replication, EV_MAXPRI); /* before any note */
    p->replication.data = p;
    ev_io_start(p->loop, &p->replication);
}

void
elect_pulse_replication(struct elect_proc *p)
{
    uint32_t life = atomic_load(&p->shm->super->life[PROC_REPLICATION]);

    if (p->life == life)
        return;
    p->life = life;
    elect_pulse_leave(p);
}

/*
 * A leader whose replication process hangs leads nobody: its followers notice
 * the silence, and must not hear from us that it leads still.  Time in which we
 * did not run does not count.
 */
void
elect_pulse_beat(void *arg)
{
    struct elect_proc *p = arg;
    uint64_t beats = atomic_load_explicit(&p->shm->replication->proc.beats,
                                          memory_order_relaxed);
    mono_ms_t now = clock_mono_ms();

    if (beats != p->beats || now - p->pulse_at > 2 * BEAT_MS)
        p->beats_at = now;
    if (beats != p->beats && p->is_hung) {
        p->is_hung = false;
        log_info("election: the replication process goes on");
        p->election->back(p);
    } else if (p->leads && !p->is_hung && now - p->beats_at >= HANG_MS) {
        p->is_hung = true;
        log_warn("election: not leading while the replication process hangs");
        fall_silent(p);
    }
    p->beats = beats;
    p->pulse_at = now;
}

/*
 * The server that we name as our leader would count us among its followers, and
 * a quorum of such followers would send others to a leader that is none.
 */
void
elect_pulse_log(struct elect_proc *p)
{
    if (p->is_failed || atomic_load(&p->shm->log->failed) == 0)
        return;
    p->is_failed = true;
    p->leads = p->is_hung = false;
    log_warn("election: silent from now on: the transaction log has failed");
    if (p->is_open)
        fall_silent(p);
}
