/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_failed.c - a log whose disk failed: what is said, and what then.
 *
 * It writes no more in this life.  But what a start takes for durable it reads
 * from the disk (txlog.h), so another life does no harm, and where the disk was
 * full nobody has to wake up for it: when there is room again the supervisor
 * hears of it, and ends the server to be started anew.  The disk itself is
 * asked, by a file without a name: quotas and what is set aside for root are
 * known to nobody else.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/proc.h"
#include "storage/log/log_proc.h"

/* There is room for the next log file, and another, or for this at least. */
enum { FILES = 2, ROOM_MIN = 1024 * 1024 };

/* Is it want of room that a write failed with, an errno? */
static bool
wants_room(int error)
{
    return error == ENOSPC || error == EDQUOT;
}

void
log_give_up(struct log_proc *p, const char *path, const char *what, int rc)
{
    log_error("%s: %s cannot be written: %s. Nothing is acknowledged any more. "
              "%s",
              path, what, strerror(-rc),
              wants_room(-rc)
                  ? "Make room; the server ends then, to be started anew, or "
                    "is to be restarted"
                  : "See to the disk, then restart the server");
    atomic_store(&p->shm->log->failed, -rc);
    bell_ring(p->shm, PROC_REPLICATION);
    bell_ring(p->shm, PROC_ELECTION);
}

int
log_order_failed(struct log_proc *p, const char *what, int rc,
                 const struct data_error *e)
{
    char text[DATA_ERROR_TEXT];

    proc_disk_end(PROC_LOG, p->shm);
    if (e && *e->path) {
        data_error_text(e, text);
        log_error("%s", text);
    }
    log_give_up(p, p->dirs.snap, what, rc);
    return rc;
}

/* --- room ---------------------------------------------------------------- */

/* A file system that cannot tell ahead never says that there is room. */
static bool
has_room(const char *dir, off_t bytes)
{
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    bool has = fd >= 0 && fallocate(fd, 0, 0, bytes) == 0;

    if (fd >= 0)
        close(fd);
    return has;
}

void
log_look_for_room(struct log_proc *p)
{
    struct shm_log *s = p->shm->log;
    off_t bytes = (off_t)p->conf.pre_alloc_kb * 1024 * FILES;

    if (!wants_room(atomic_load(&s->failed)) || atomic_load(&s->has_room))
        return;
    if (bytes < ROOM_MIN)
        bytes = ROOM_MIN;
    proc_disk_begin(PROC_LOG, p->shm);
    if (has_room(p->dirs.log, bytes) && has_room(p->dirs.snap, ROOM_MIN))
        atomic_store(&s->has_room, 1);
    proc_disk_end(PROC_LOG, p->shm);
    bell_ring(p->shm, PROC_SUPER);
}
