/* SPDX-License-Identifier: Apache-2.0 */
/*
 * super_conf.c - SIGHUP: read the file again and take what may change live.
 *
 * Any error in the file leaves everything as it was.  What needs a restart
 * keeps its old value and is named.  Facts: spec/operations.md 5, 13.1.
 */
#include "daemon/super.h"

#include <inttypes.h>

#include "daemon/clock.h"
#include "daemon/conf/conf_log.h"
#include "daemon/notify.h"

/* Readers copy the configuration again while the version is odd. */
static void
publish(struct shm_super *super, const struct conf *wanted)
{
    atomic_fetch_add(&super->conf_version, 1);
    atomic_thread_fence(memory_order_release);
    conf_take_live(&super->conf, wanted);
    atomic_store(&super->log_level, super->conf.log_level);
    atomic_fetch_add(&super->conf_version, 1);
}

/* Name the keys that need a restart, for the status; what fits. */
static void
name_pending(struct super *s, const struct conf_report *report)
{
    size_t n = 0;

    s->pending[0] = '\0';
    for (uint32_t i = 0; i < report->count && n < sizeof s->pending; i++)
        if (report->message[i].severity == CONF_WARNING)
            n += (size_t)snprintf(s->pending + n, sizeof s->pending - n, "%s%s",
                                  n ? ", " : "", report->message[i].key);
}

/* What has no effect is told as at a start, then what the file changes. */
static void
reload(struct super *s)
{
    static struct conf wanted;
    static struct conf_report report;
    static const char prefix[] = "config reload: ";
    struct shm_super *super = s->shm->super;
    uint32_t pending;

    s->reload_failed = conf_load(s->conf_path, &wanted, &report) < 0;
    conf_log(&report, prefix, s->reload_failed ? LOG_INFO : LOG_DEBUG);
    if (s->reload_failed) {
        log_error("config reload: failed, nothing was changed");
        return;
    }
    report = (struct conf_report){0}; /* next: what it changes */
    pending = conf_diff(&super->conf, &wanted, &report);
    conf_log(&report, prefix, LOG_INFO);
    name_pending(s, &report);
    publish(super, &wanted);
    for (enum proc_id id = PROC_LOG; id < super_end(s); id++)
        bell_ring(s->shm, id);
    log_info("config reload: done%s", pending ? ", incomplete: see above" : "");
}

/* A start that goes on is not over by this: super_status.c says when. */
void
super_reload(struct super *s)
{
    if (s->took_part)
        notify_once("RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_mono_us());
    reload(s);
    if (s->took_part)
        notify_once("READY=1");
}
