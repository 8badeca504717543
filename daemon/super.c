/* SPDX-License-Identifier: Apache-2.0 */
/*
 * super.c - the supervisor's loop.
 *
 * Everything happens in step: fork what is due, look after the living, tell
 * systemd.  It is done with each beat of the loop, and as soon as a signal or a
 * bell wakes it.  While processes are to come or to go it ticks faster, for not
 * all that they wait for rings.
 */
#include "daemon/super.h"

#include <signal.h>
#include <stdio.h>

#include "daemon/clock.h"
#include "daemon/proc.h"

static const double tick_seconds = 0.1;

enum { STOP_PATIENCE_MS = 20000 };

enum proc_id
super_end(const struct super *s)
{
    return (enum proc_id)(PROC_CLIENT + s->shm->super->client_count);
}

/* --- stopping ------------------------------------------------------------- */

/*
 * The last signal that asked us to stop, and the process that sent it; -1: the
 * kernel, for a terminal.
 */
static volatile sig_atomic_t stop_signal, stop_sender = -1;

/* libev does not say who sent a signal; this does, then wakes libev. */
static void
on_stop_signal(int signum, siginfo_t *info, void *context)
{
    (void)context;
    stop_sender = info->si_code == SI_USER ? (sig_atomic_t)info->si_pid : -1;
    stop_signal = signum;
    ev_feed_signal(signum);
}

static void
note_sender(int signum)
{
    struct sigaction action = {.sa_sigaction = on_stop_signal,
                               .sa_flags = SA_SIGINFO | SA_RESTART};

    sigfillset(&action.sa_mask);
    sigaction(signum, &action, NULL);
}

/*
 * The unit hides the processes of other users, and a sender may be gone:
 * then its number has to do.  0 is a process outside of our container.
 */
static void
log_stop_signal(int signum)
{
    const char *name = signum == SIGTERM ? "SIGTERM" : "SIGINT";
    char path[64], command[64] = "";
    FILE *f;

    if (stop_sender < 0) {
        log_info("%s from the terminal", name);
        return;
    }
    snprintf(path, sizeof path, "/proc/%d/comm", (int)stop_sender);
    f = fopen(path, "re");
    if (f && fgets(command, sizeof command, f))
        command[strcspn(command, "\n")] = '\0';
    if (f)
        fclose(f);
    log_info("%s from process %d%s%s%s", name, (int)stop_sender,
             *command ? " (" : "", command, *command ? ")" : "");
}

/*
 * Orderly stop: client processes first, so that no new request comes;
 * replication, image and log when they are gone.  What was acknowledged is on
 * disk.  The election process ends at once: servers that look for a leader see
 * that we are none, and do not wait for our vote.
 */
static void
stop_step(struct super *s, mono_ms_t now)
{
    bool clients_ended = true;

    for (enum proc_id id = PROC_CLIENT; id < super_end(s); id++)
        if (s->child[id].pid > 0)
            clients_ended = false;
    for (enum proc_id id = PROC_LOG; id < super_end(s); id++) {
        if (s->child[id].pid <= 0)
            continue;
        if (now >= s->stop_deadline)
            super_signal(s, id, SIGKILL);
        else if (clients_ended || id >= PROC_CLIENT || id == PROC_ADMIN ||
                 id == PROC_ELECTION)
            super_signal(s, id, PROC_STOP);
    }
    if (super_all_ended(s))
        ev_break(s->loop, EVBREAK_ALL);
}

static void
stop_begin(struct super *s, int exit_code)
{
    if (s->is_stopping)
        return;
    s->is_stopping = true;
    s->exit_code = exit_code;
    s->stop_deadline = clock_mono_ms() + STOP_PATIENCE_MS;
    atomic_store(&s->shm->super->is_stopping, 1);
    super_notify_stopping();
    log_info("stopping");
}

/* Before children are reaped: what ends from now on was told to. */
static void
look_for_stop(struct super *s)
{
    if (stop_signal == 0 || s->is_stopping)
        return;
    log_stop_signal(stop_signal);
    stop_begin(s, EXIT_OK);
}

/* --- the loop ------------------------------------------------------------- */

/*
 * Whatever waits is not led astray by that, but times of nodes and of log lines
 * are: this line explains them.
 */
static void
tell_jump(struct super *s, mono_ms_t now)
{
    int64_t jump = clock_jump(&s->clocks, now, clock_wall_ms());

    if (jump != 0)
        log_warn("the clock of this machine was set %s by %lld ms: times in "
                 "nodes and in this log jump, sessions and TTLs do not",
                 jump > 0 ? "forwards" : "back",
                 (long long)(jump > 0 ? jump : -jump));
}

/* The log failed on a full disk, and would not in another life. */
static void
look_for_room(struct super *s)
{
    if (s->is_stopping || !atomic_load(&s->shm->log->has_room))
        return;
    log_warn("there is room for the transaction log again: ending with status "
             "%d, to be started anew",
             EXIT_UNEXPECTED);
    stop_begin(s, EXIT_UNEXPECTED);
}

static void
step(struct super *s)
{
    mono_ms_t now = clock_mono_ms();

    tell_jump(s, now);
    look_for_stop(s);
    super_reap(s, now);
    if (s->exit_code != EXIT_OK && !s->is_stopping)
        stop_begin(s, s->exit_code);
    look_for_room(s);
    super_watch(s, now);
    if (s->is_stopping) {
        stop_step(s, now);
    } else {
        super_fork_due(s, now);
        super_status(s, now);
    }
    if (s->is_stopping || !super_is_complete(s))
        ev_timer_start(s->loop, &s->tick);
    else
        ev_timer_stop(s->loop, &s->tick);
}

static void
on_tick(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)loop, (void)events;
    step(w->data);
}

static void
on_signal(struct ev_loop *loop, ev_signal *w, int events)
{
    struct super *s = w->data;

    (void)loop, (void)events;
    switch (w->signum) {
    case SIGHUP:
        super_reload(s);
        break;
    case SIGQUIT:
        super_dump(s);
        break;
    default: /* SIGTERM, SIGINT, SIGCHLD: step looks */
        break;
    }
    step(s);
}

/* A child rang: it became ready, most likely, and another waits for that. */
static bool
on_rung(void *arg)
{
    struct super *s = arg;

    if (!s->is_stopping)
        step(s);
    return false;
}

/* A signal belongs to one loop only, also behind a fork. */
void
super_leave_loop(struct super *s)
{
    ev_signal *watchers[] = {&s->on_term, &s->on_int, &s->on_hup, &s->on_quit,
                             &s->on_child};

    for (size_t i = 0; i < ARRAY_COUNT(watchers); i++)
        ev_signal_stop(s->loop, watchers[i]);
    ev_loop_destroy(s->loop);
}

/* It may be blocked until now: main.c, hold_signals. */
static void
watch_signal(struct super *s, ev_signal *w, int signum)
{
    sigset_t now;

    ev_signal_init(w, on_signal, signum);
    w->data = s;
    ev_signal_start(s->loop, w);
    sigemptyset(&now);
    sigaddset(&now, signum);
    sigprocmask(SIG_UNBLOCK, &now, NULL);
}

int
super_run(struct shm *shm, const char *conf_path)
{
    static struct super super; /* children do not look at it */
    struct super *s = &super;

    s->shm = shm;
    s->conf_path = conf_path;
    s->clocks = (struct clock_pair){clock_mono_ms(), clock_wall_ms()};
    s->loop = ev_loop_new(EVFLAG_AUTO); /* the default loop would reap */
    if (!s->loop)
        fatal(EXIT_UNEXPECTED, "no event loop can be had");
    watch_signal(s, &s->on_term, SIGTERM);
    watch_signal(s, &s->on_int, SIGINT);
    watch_signal(s, &s->on_hup, SIGHUP);
    watch_signal(s, &s->on_quit, SIGQUIT);
    note_sender(SIGTERM);
    note_sender(SIGINT);
    watch_signal(s, &s->on_child, SIGCHLD);
    bell_attach(&s->bell, s->loop, shm, PROC_SUPER, on_rung, s);
    ev_timer_init(&s->tick, on_tick, 0, tick_seconds);
    s->tick.data = s;
    ev_run(s->loop, 0);
    return s->exit_code;
}
