/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_room.c - a log that ended because its disk was full, and what then.
 *
 * It writes no more in this life.  But what a start takes for durable it reads
 * from the disk (txlog.h), so another life does no harm, and nobody has to wake
 * up for it: when there is room again the supervisor hears of it, and ends the
 * server to be started anew.  The disk itself is asked, by a file without a
 * name: quotas and what is set aside for root are known to nobody else.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/proc.h"
#include "storage/log/log_proc.h"

enum { ROOM_MIN = 1024 * 1024, FILES = 2 }; /* the next one, and its like */

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

bool
log_wants_room(int error)
{
    return error == ENOSPC || error == EDQUOT;
}

void
log_look_for_room(struct log_proc *p)
{
    struct shm_log *s = p->shm->log;
    off_t bytes = (off_t)p->conf.pre_alloc_kb * 1024 * FILES;

    if (!log_wants_room(atomic_load(&s->failed)) || atomic_load(&s->has_room))
        return;
    if (bytes < ROOM_MIN)
        bytes = ROOM_MIN;
    proc_disk_begin(PROC_LOG, p->shm);
    if (has_room(p->dirs.log, bytes) && has_room(p->dirs.snap, ROOM_MIN))
        atomic_store(&s->has_room, 1);
    proc_disk_end(PROC_LOG, p->shm);
    bell_ring(p->shm, PROC_SUPER);
}
