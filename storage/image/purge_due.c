/* SPDX-License-Identifier: Apache-2.0 */
/*
 * purge_due.c - when old snapshots and log files are removed.  Image process.
 *
 * ZK: DatadirCleanupManager, whose lines in the log these are
 */
#include <inttypes.h>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "storage/image/image_proc.h"
#include "storage/image/purge.h"

void
purge_due_work(struct image_proc *p)
{
    int64_t interval = p->conf.autopurge_interval_ms;
    mono_ms_t now = clock_mono_ms();
    struct data_error e = {.offset = -1};
    char text[DATA_ERROR_TEXT];
    struct purged gone;
    int rc;

    if (interval <= 0 || image_snapshot_is_running(&p->snapshot) ||
        (p->purged_at != 0 && now - p->purged_at < interval))
        return;
    p->purged_at = now;
    log_info("Purge task started.");
    rc = purge(&p->dirs, (uint32_t)p->conf.autopurge_retain, p->image.meta.zxid,
               &gone, &e);
    if (rc < 0) {
        data_error_text(&e, text);
        log_error("%s", text);
    }
    log_info("Purge task completed. snapshots=%" PRIu32 " logs=%" PRIu32,
             gone.snapshots, gone.logs);
}
