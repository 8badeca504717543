/* SPDX-License-Identifier: Apache-2.0 */
/*
 * super_watch.c - processes that hang are ended, so that they are replaced.
 *
 * Every event loop beats four times a second.  One that is silent while the
 * kernel says it is stopped (SIGSTOP) is ended after a second; one that is
 * silent for other reasons after ten; one that waits for a disk is slow, not
 * hung, and gets a minute.  A process under a debugger is left alone.  The same
 * holds while the server stops, which would else wait for one that hangs.
 */
#include "daemon/super.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/proc.h"

enum {
    STOPPED_MS = 1000,
    SILENT_MS = 10000,
    DISK_MS = 60000,
    OURSELVES_MS = 500, /* between two looks: it was we who stood still */
};

/* The kernel's letter for the state of `pid`: T stopped, t traced; or 0. */
static char
kernel_state(pid_t pid)
{
    char path[32], text[256];
    const char *paren;
    ssize_t n;
    int fd;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0)
        return 0;
    text[n] = '\0';
    paren = strrchr(text, ')'); /* the name before it may hold anything */
    return paren && paren[1] == ' ' ? paren[2] : '\0';
}

static const char *
why_hung(const struct child *c, bool waits, mono_ms_t silent_ms)
{
    char state;

    if (silent_ms < STOPPED_MS)
        return NULL;
    state = kernel_state(c->pid);
    if (state == 't')
        return NULL;
    if (state == 'T')
        return "is stopped";
    if (waits)
        return silent_ms >= DISK_MS ? "waits for the disk" : NULL;
    return silent_ms >= SILENT_MS ? "does not answer" : NULL;
}

/* The server was stopped as a whole, and continued: nobody could beat. */
static void
forgive(struct super *s, mono_ms_t now)
{
    mono_ms_t gap = s->watched_at ? now - s->watched_at : 0;

    s->watched_at = now;
    if (gap <= OURSELVES_MS)
        return;
    for (enum proc_id id = PROC_LOG; id < super_end(s); id++)
        s->child[id].beats_at += gap;
}

static void
watch_one(struct super *s, enum proc_id id, mono_ms_t now)
{
    const struct shm_proc *proc = shm_proc(s->shm, id);
    struct child *c = &s->child[id];
    /* First: who comes back from the disk beats before it is seen to. */
    bool waits =
        atomic_load_explicit(&proc->disk_since_ms, memory_order_acquire) != 0;
    uint64_t beats = atomic_load_explicit(&proc->beats, memory_order_relaxed);
    const char *why;

    if (beats != c->beats_seen) {
        c->beats_seen = beats;
        c->beats_at = now;
        return;
    }
    why = why_hung(c, waits, now - c->beats_at);
    if (!why)
        return;
    log_error("%s (pid %d) %s since %lld ms: ending it", proc_name(id),
              (int)c->pid, why, (long long)(now - c->beats_at));
    super_signal(s, id, SIGKILL);
    c->beats_at = now; /* once */
}

void
super_watch(struct super *s, mono_ms_t now)
{
    forgive(s, now);
    for (enum proc_id id = PROC_LOG; id < super_end(s); id++)
        if (s->child[id].pid > 0)
            watch_one(s, id, now);
}
