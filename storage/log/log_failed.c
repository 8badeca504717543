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
#include <sys/statvfs.h>
#include <unistd.h>

#include "daemon/log.h"
#include "storage/log/log_proc.h"

enum { FILES = 2, DISK_PART = 4, ROOM_MIN = 1024 * 1024 };

void
log_give_up(struct log_proc *p, const char *path, const char *what, int rc)
{
    if (data_may_pass(rc))
        fatal(EXIT_UNEXPECTED,
              "%s: %s cannot be written: %s. The next log process tries again",
              path, what, strerror(-rc));
    log_error("%s: %s cannot be written: %s. Nothing is acknowledged any more. "
              "%s",
              path, what, strerror(-rc),
              data_wants_room(rc)
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

    if (e && *e->path) {
        data_error_text(e, text);
        log_error("%s", text);
    }
    log_give_up(p, p->dirs.snap, what, rc);
    return rc;
}

/* --- room ---------------------------------------------------------------- */

/* Of what the file system says itself, which has no say in quotas. */
static bool
seems_to_have_room(const char *dir, uint64_t bytes)
{
    struct statvfs fs;

    return statvfs(dir, &fs) == 0 &&
           (uint64_t)fs.f_bavail * fs.f_frsize >= bytes;
}

/* Some cannot make such a file (NFS), others set nothing aside (ext3). */
static bool
has_room(const char *dir, off_t bytes, int failed)
{
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    int error = fd < 0 || fallocate(fd, 0, 0, bytes) < 0 ? errno : 0;

    if (fd >= 0)
        close(fd);
    if (error == EOPNOTSUPP && failed == ENOSPC)
        return seems_to_have_room(dir, (uint64_t)bytes);
    return error == 0;
}

/* The next log file and another, or a part of a disk that is small. */
static off_t
room_wanted(const struct log_proc *p)
{
    uint64_t bytes = (uint64_t)p->conf.pre_alloc_kb * 1024 * FILES, part;
    struct statvfs fs;

    if (statvfs(p->dirs.log, &fs) == 0) {
        part = (uint64_t)fs.f_blocks * fs.f_frsize / DISK_PART;
        bytes = part < bytes ? part : bytes;
    }
    return bytes > ROOM_MIN ? (off_t)bytes : ROOM_MIN;
}

void
log_look_for_room(struct log_proc *p)
{
    struct shm_log *s = p->shm->log;
    int failed = atomic_load(&s->failed);

    if (!data_wants_room(-failed) || atomic_load(&s->has_room))
        return;
    if (has_room(p->dirs.log, room_wanted(p), failed) &&
        has_room(p->dirs.snap, ROOM_MIN, failed)) {
        atomic_store(&s->has_room, 1);
        bell_ring(p->shm, PROC_SUPER);
    }
}
