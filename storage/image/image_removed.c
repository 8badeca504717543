/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_removed.c - whether somebody removed the files of a server that runs.
 *
 * To purge Apache's package deletes its data directory, which may be ours by
 * then.  Nothing fails of that: the log goes on in a file that has no name any
 * more, until it begins the next one, and a restart finds nothing.  The image
 * process looks now and then, and says it.
 */
#include <errno.h>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "storage/image/image_proc.h"

enum { TOLD_EVERY_MS = 60 * 1000 };

static bool
has_log(const struct image_proc *p)
{
    struct data_list list;
    int rc = data_list_read(&list, p->dirs.log, DATA_LOGS);
    bool is_there = list.count > 0 || (rc < 0 && rc != -ENOENT);

    data_list_free(&list);
    return is_there;
}

/* There is none before the first transaction; then always one at least. */
bool
image_removed_look(struct image_proc *p)
{
    mono_ms_t now = clock_mono_ms();

    if (has_log(p)) {
        p->had_log = true;
        return false;
    }
    if (!p->had_log ||
        (p->removed_told != 0 && now - p->removed_told < TOLD_EVERY_MS))
        return false;
    p->removed_told = now;
    log_error("%s: the transaction log was removed under this server: what it "
              "serves is in its memory alone, and a restart would begin with "
              "nothing. Unless other members have it, copy what you need by a "
              "client first",
              p->dirs.log);
    return true;
}
