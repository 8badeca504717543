/* SPDX-License-Identifier: Apache-2.0 */
/*
 * super_status.c - what systemd, the journal and SIGQUIT are told.
 *
 * ZK: spec/operations.md 13.1.  READY=1 when this server serves; while it
 * loads, the start time-out is extended with each step of progress.
 */
#include "daemon/super.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

#include "daemon/proc.h"
#include "daemon/version.h"
#include "storage/session.h"
#include "storage/tree.h"

enum { STATUS_EVERY_MS = 1000, EXTEND_US = 10 * 1000 * 1000 };

static const char *const role_name[] = {
    [ROLE_NONE] = "starting",       [ROLE_STANDALONE] = "standalone",
    [ROLE_LEADING] = "leading",     [ROLE_FOLLOWING] = "following",
    [ROLE_OBSERVING] = "observing",
};

bool
super_is_serving(const struct super *s)
{
    const struct shm *shm = s->shm;

    if (atomic_load(&shm->replication->serving) !=
            atomic_load(&shm->super->life[PROC_REPLICATION]) ||
        atomic_load(&shm->replication->serving) == 0)
        return false;
    for (enum proc_id id = PROC_LOG; id < super_end(s); id++)
        if (id != PROC_ADMIN && !atomic_load(&shm_proc(shm, id)->is_ready))
            return false;
    return true;
}

static void
describe_serving(const struct super *s, char *text, size_t size)
{
    const struct shm *shm = s->shm;
    struct tree_totals totals;
    mono_ms_t disk = atomic_load(&shm->log->proc.disk_since_ms);
    int n;

    tree_totals(shm->tree_arena, &totals);
    n = snprintf(
        text, size, "%s, zxid 0x%" PRIx64 ", %u sessions, %" PRIu64 " znodes",
        role_name[atomic_load(&shm->replication->role)], (uint64_t)totals.zxid,
        session_count(shm->session_memory), totals.node_count);
    if (disk != 0 && n > 0 && (size_t)n < size)
        snprintf(text + n, size - (size_t)n, ", waiting for the disk");
}

static void
describe_start(const struct super *s, char *text, size_t size)
{
    static const enum proc_id loaders[] = {PROC_LOG, PROC_IMAGE,
                                           PROC_REPLICATION};

    for (size_t i = 0; i < ARRAY_COUNT(loaders); i++) {
        const struct shm_proc *p = shm_proc(s->shm, loaders[i]);
        uint32_t permille = atomic_load(&p->progress_permille);

        if (atomic_load(&p->is_ready))
            continue;
        snprintf(text, size, "%s: %s is loading, %u.%u %%",
                 s->was_serving ? "recovering" : "starting",
                 proc_name(loaders[i]), permille / 10, permille % 10);
        return;
    }
    snprintf(text, size, "waiting for client processes");
}

static void
announce(struct super *s)
{
    const struct conf *conf = &s->shm->super->conf;

    if (s->was_serving) {
        log_info("serving again");
        return;
    }
    s->was_serving = true;
    sd_notify(0, "READY=1");
    log_info("zabd %s serves ZooKeeper clients on port %d, data in %s, "
             "%u client processes",
             ZABD_VERSION, (int)conf->client_port, conf->data_dir,
             s->shm->super->client_count);
    log_info("Ctrl-C or kill -TERM %d stops it, kill -HUP reads the "
             "configuration again, kill -QUIT logs the state of all processes",
             (int)s->shm->super->pid[PROC_SUPER]);
}

/* Systemd's watchdog: half of what it allows. */
static void
feed_watchdog(mono_ms_t now)
{
    static mono_ms_t fed_at;
    static int64_t every_ms = -1;
    uint64_t us;

    if (every_ms < 0)
        every_ms = sd_watchdog_enabled(0, &us) > 0 ? (int64_t)us / 2000 : 0;
    if (every_ms == 0 || now - fed_at < every_ms)
        return;
    fed_at = now;
    sd_notify(0, "WATCHDOG=1");
}

void
super_status(struct super *s, mono_ms_t now)
{
    static mono_ms_t told_at;
    static bool told_serving;
    bool serving = super_is_serving(s);
    char text[200];

    feed_watchdog(now);
    if (serving && !told_serving)
        announce(s);
    else if (serving == told_serving && now - told_at < STATUS_EVERY_MS)
        return;
    told_at = now;
    told_serving = serving;
    if (serving)
        describe_serving(s, text, sizeof text);
    else
        describe_start(s, text, sizeof text);
    sd_notifyf(0, "STATUS=%s", text);
    if (!s->was_serving)
        sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%d", EXTEND_US);
}

void
super_notify_stopping(void)
{
    sd_notify(0, "STOPPING=1\nSTATUS=stopping");
}

void
super_dump(const struct super *s)
{
    const struct shm *shm = s->shm;

    log_info("state: published=%" PRIu64 " durable=%" PRIu64
             " committed=%" PRIu64 " applied=%" PRIu64 " persisted=0x%" PRIx64,
             atomic_load(&shm->replication->published),
             atomic_load(&shm->log->durable),
             atomic_load(&shm->replication->committed),
             atomic_load(&shm->replication->applied),
             (uint64_t)atomic_load(&shm->image->persisted_zxid));
    for (enum proc_id id = PROC_LOG; id < super_end(s); id++)
        log_info("state: %s pid=%d life=%u ready=%u beats=%" PRIu64,
                 proc_name(id), (int)s->child[id].pid,
                 atomic_load(&shm->super->life[id]),
                 atomic_load(&shm_proc(shm, id)->is_ready),
                 atomic_load(&shm_proc(shm, id)->beats));
    for (uint32_t w = 0; w < shm->super->client_count; w++)
        log_info("state: client %u delivered=%" PRIu64 " requested=%" PRIu64
                 " taken=%" PRIu64 " connections=%" PRIu64,
                 w + 1, atomic_load(&shm->client[w]->delivered),
                 atomic_load(&shm->client[w]->requested),
                 atomic_load(&shm->replication->taken[w]),
                 atomic_load(&shm->client[w]->stats.connections));
}
