/* SPDX-License-Identifier: Apache-2.0 */
/*
 * super_child.c - forking processes, and what their deaths cost.
 *
 * The rows of procs.def say what a death needs.  When replication dies the
 * tree may be half-written; its successor is forked only when
 *
 *   1. every client process has seen that nobody serves, dropped its
 *      connections and said so (`attached`): nobody reads the tree;
 *   2. the log has written all that was published: what the successor loads
 *      from disk holds everything that may have been acknowledged.
 */
#include "daemon/super.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/check.h"
#include "daemon/proc.h"
#include "daemon/ring_readers.h"
#include "storage/datadir.h"

enum { DISK_PAUSE_MS = 10 * 1000 };

enum start { AT_ONCE, AFTER_STORAGE };
enum recovery { CONTINUE, REBUILD, RELEASE };

struct policy {
    enum start start;
    enum recovery recovery;
};

#define PROC(id, name, start, recovery, entry) [PROC_##id] = {start, recovery},
static const struct policy policies[PROC_CLIENT + 1] = {
#include "daemon/procs.def"
};
#undef PROC

static const struct policy *
policy_of(enum proc_id id)
{
    return &policies[id < PROC_CLIENT ? id : PROC_CLIENT];
}

#define PROC(id, name, start, recovery, entry)                                 \
    case PROC_##id:                                                            \
        entry;

static noreturn void
run_child(enum proc_id id, struct shm *shm)
{
    uint32_t worker = id < PROC_CLIENT ? 0 : (uint32_t)(id - PROC_CLIENT);

    proc_enter(id, shm);
    switch (id < PROC_CLIENT ? id : PROC_CLIENT) {
#include "daemon/procs.def"
    default:
        never("a process without a row in procs.def");
    }
}
#undef PROC

void
super_signal(struct super *s, enum proc_id id, int sig)
{
    struct child *c = &s->child[id];

    if (c->pid <= 0)
        return;
    c->was_killed |= sig == SIGKILL;
    kill(c->pid, sig);
}

bool
super_all_ended(const struct super *s)
{
    for (enum proc_id id = PROC_LOG; id < super_end(s); id++)
        if (s->child[id].pid > 0)
            return false;
    return true;
}

static bool
is_ready(const struct super *s, enum proc_id id)
{
    return s->child[id].pid > 0 && atomic_load(&shm_proc(s->shm, id)->is_ready);
}

/*
 * Nobody reads the tree, and the log has all that was published and is done
 * with what it was ordered to do to its files.
 */
static bool
may_rebuild(const struct super *s)
{
    const struct shm *shm = s->shm;

    for (enum proc_id id = PROC_CLIENT; id < super_end(s); id++)
        if (s->child[id].pid > 0 &&
            atomic_load(&shm->client[id - PROC_CLIENT]->attached) != 0)
            return false;
    return atomic_load(&shm->log->durable) ==
               atomic_load(&shm->replication->published) &&
           atomic_load(&shm->log->order_done) ==
               atomic_load(&shm->replication->log_order.number);
}

bool
super_wants(const struct super *s, enum proc_id id)
{
    return id != PROC_ELECTION || s->shm->super->conf.member_count > 0;
}

bool
super_is_complete(const struct super *s)
{
    for (enum proc_id id = PROC_LOG; id < super_end(s); id++)
        if (super_wants(s, id) && !is_ready(s, id))
            return false;
    return true;
}

static bool
may_start(const struct super *s, enum proc_id id)
{
    if (!super_wants(s, id))
        return false;
    if (policy_of(id)->start == AT_ONCE)
        return true;
    return is_ready(s, PROC_LOG) && is_ready(s, PROC_IMAGE) &&
           (!s->rebuild || may_rebuild(s));
}

/* One that rebuilds the tree lives since the last one died: begin_rebuild. */
static bool
has_begun_life(const struct super *s, enum proc_id id)
{
    return policy_of(id)->recovery == REBUILD && s->rebuild;
}

static void
fork_child(struct super *s, enum proc_id id, mono_ms_t now)
{
    struct shm_super *super = s->shm->super;
    struct shm_proc *proc = shm_proc(s->shm, id);
    struct child *c = &s->child[id];
    pid_t pid;

    atomic_store(&proc->is_ready, 0);
    atomic_store(&proc->disk_since_ms, 0);
    atomic_store(&proc->progress_permille, 0);
    if (!has_begun_life(s, id))
        atomic_fetch_add(&super->life[id], 1);
    pid = fork();
    if (pid == 0) {
        super_leave_loop(s);
        run_child(id, s->shm);
    }
    if (pid < 0) {
        log_error("cannot fork %s: %s%s; trying again", proc_name(id),
                  strerror(errno),
                  errno == EAGAIN ? " (see to TasksMax, ulimit -u)" : "");
        c->fork_at = now + RESTART_PAUSE_MAX_MS;
        return;
    }
    c->pid = pid;
    c->was_killed = false;
    c->beats_at = now;
    c->beats_seen = atomic_load(&proc->beats);
    atomic_store(&super->pid[id], (int32_t)pid);
    if (id == PROC_REPLICATION)
        s->rebuild = false;
}

void
super_fork_due(struct super *s, mono_ms_t now)
{
    for (enum proc_id id = PROC_LOG; id < super_end(s); id++) {
        const struct child *c = &s->child[id];

        if (c->pid <= 0 && now >= c->fork_at && may_start(s, id))
            fork_child(s, id, now);
    }
}

/*
 * What it had is gone; what it counted stays: who computes a rate takes a sum
 * that falls for a restart of the server.
 */
static void
forget_present(struct client_stats *s)
{
    atomic_store(&s->connections, 0);
    atomic_store(&s->conn_end, 0);
    atomic_store(&s->outstanding, 0);
    atomic_store(&s->drop_ppm, 0);
    atomic_store(&s->watches, 0);
    atomic_store(&s->child_watches, 0);
    atomic_store(&s->watched_paths, 0);
    atomic_store(&s->watching_connections, 0);
    atomic_store(&s->watch_bytes, 0);
}

/* A dead client process no longer bounds the ring and has no connections. */
static void
release_client(struct shm *shm, uint32_t w)
{
    struct shm_client *client = shm->client[w];

    ring_readers_leave(shm, w);
    atomic_store(&client->apply_until, 0);
    atomic_store(&client->attached, 0);
    forget_present(&client->stats);
    for (size_t i = 0; i < IP_SLOTS; i++) {
        atomic_store(&client->ips[i].count, 0);
        atomic_store(&client->ips[i].ip_hash, 0);
    }
}

/*
 * Its new life begins now, not at the fork: client processes take the change
 * for the loss of a leader.
 */
static void
begin_rebuild(struct super *s)
{
    atomic_store(&s->shm->replication->serving, 0);
    atomic_store(&s->shm->replication->role, ROLE_NONE);
    atomic_fetch_add(&s->shm->super->life[PROC_REPLICATION], 1);
    s->rebuild = true;
    bell_ring_clients(s->shm);
    bell_ring(s->shm, PROC_ELECTION); /* it must no longer say that we lead */
}

static void
repair(struct super *s, enum proc_id id)
{
    switch (policy_of(id)->recovery) {
    case CONTINUE:
        break;
    case REBUILD:
        begin_rebuild(s);
        break;
    case RELEASE:
        release_client(s->shm, (uint32_t)(id - PROC_CLIENT));
        break;
    }
}

static bool
ended_with(int status, enum exit_code code)
{
    return WIFEXITED(status) && WEXITSTATUS(status) == (int)code;
}

/* Another fork would end in the same way. */
static bool
is_final(int status)
{
    return ended_with(status, EXIT_CONFIG) || ended_with(status, EXIT_DATA);
}

/*
 * Can a file be made in `dir`, with something in it?  access(2) knows nothing
 * of an ill ext4.
 */
static bool
may_be_written(const char *dir)
{
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    bool may;

    if (fd < 0)
        return errno == EOPNOTSUPP || errno == EISDIR; /* who knows */
    may = write(fd, dir, strlen(dir)) > 0;
    close(fd);
    return may;
}

/*
 * There is no room.  Or the image may not be written where it lies: its disk
 * turned read-only while we serve.  That costs nobody anything, for the log has
 * everything.  What is damaged lies where it may be written, and is final.
 */
static bool
waits_for_disk(const struct super *s, enum proc_id id, int status)
{
    struct datadir dirs;
    struct data_error e;

    if (ended_with(status, EXIT_LATER))
        return true;
    return id == PROC_IMAGE && s->took_part && WIFEXITED(status) &&
           WEXITSTATUS(status) != EXIT_OK &&
           datadir_name(&dirs, s->shm->super->conf.data_dir, NULL, &e) == 0 &&
           !may_be_written(dirs.snap);
}

/*
 * Replication asked for it: the files changed under its tree.  That is no
 * sign of illness.
 */
static bool
is_reload(enum proc_id id, int status)
{
    return id == PROC_REPLICATION && ended_with(status, EXIT_RELOAD);
}

/* By PROC_STOP: one that did not ask for it dies of it (proc.h). */
static bool
ended_as_told(int status)
{
    return WIFSIGNALED(status) ? WTERMSIG(status) == PROC_STOP
                               : WEXITSTATUS(status) == EXIT_OK;
}

static void
tell_death(const struct super *s, enum proc_id id, pid_t pid, int status)
{
    bool is_ours = s->child[id].was_killed;

    if (ended_with(status, EXIT_LATER))
        log_info("%s (pid %d) ended for want of room", proc_name(id), (int)pid);
    else if (is_reload(id, status))
        log_info("%s (pid %d) ended to load its files again", proc_name(id),
                 (int)pid);
    else if (WIFSIGNALED(status))
        log_warn("%s (pid %d) was killed by signal %d (%s)%s", proc_name(id),
                 (int)pid, WTERMSIG(status), strsignal(WTERMSIG(status)),
                 WTERMSIG(status) == SIGKILL && !is_ours
                     ? ", not by us: by the kernel for want of memory, if "
                       "journalctl -k says so"
                     : "");
    else
        log_warn("%s (pid %d) ended with status %d", proc_name(id), (int)pid,
                 WEXITSTATUS(status));
}

static void
give_up(struct super *s, enum proc_id id, int exit_code, const char *why)
{
    s->exit_code = exit_code;
    log_error("Exiting with code %d: %s %s", exit_code, proc_name(id), why);
}

/* Fork another now or after a pause, or give up. */
static void
plan_successor(struct super *s, enum proc_id id, int status, int64_t served_ms,
               mono_ms_t now)
{
    int64_t pause;

    if (waits_for_disk(s, id, status)) {
        log_warn("%s: tried again in %d s%s", proc_name(id),
                 DISK_PAUSE_MS / 1000,
                 id == PROC_IMAGE && s->took_part
                     ? "; reads and writes go on without it"
                     : "");
        s->child[id].fork_at = now + DISK_PAUSE_MS;
        return;
    }
    if (is_final(status)) {
        give_up(s, id, WEXITSTATUS(status), "cannot go on");
        return;
    }
    pause = is_reload(id, status)
                ? 0
                : restart_died(&s->child[id].restart, served_ms);
    if (pause < 0)
        give_up(s, id, EXIT_UNEXPECTED, "keeps dying");
    else
        s->child[id].fork_at = now + pause;
}

static void
on_death(struct super *s, enum proc_id id, int status, mono_ms_t now)
{
    struct shm_proc *proc = shm_proc(s->shm, id);
    int64_t served_ms =
        is_ready(s, id) ? now - atomic_load(&proc->ready_ms) : 0;
    pid_t pid = s->child[id].pid;

    s->child[id].pid = 0;
    s->child[id].wants_room = ended_with(status, EXIT_LATER);
    atomic_store(&s->shm->super->pid[id], 0);
    atomic_store(&proc->is_ready, 0);
    if (!s->is_stopping || !ended_as_told(status))
        tell_death(s, id, pid, status);
    repair(s, id); /* while we stop, too: the others have work to end */
    if (!s->is_stopping)
        plan_successor(s, id, status, served_ms, now);
}

void
super_reap(struct super *s, mono_ms_t now)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (enum proc_id id = PROC_LOG; id < super_end(s); id++)
            if (s->child[id].pid == pid)
                on_death(s, id, status, now);
}
