/* SPDX-License-Identifier: Apache-2.0 */
/*
 * super_status.c - when systemd, the log and SIGQUIT are told, and what.
 *
 * READY=1 when this server takes part: its data is loaded and every process
 * runs.  A server of its own then serves; a member may still look for a leader,
 * and `systemctl start` does not wait for that: the first of three servers
 * would wait for ever.  While it loads, the start time-out is extended with
 * each step of progress.  Facts: spec/operations.md 13.1.
 */
#include "daemon/super.h"

#include <inttypes.h>
#include <systemd/sd-daemon.h>

#include "daemon/notify.h"
#include "daemon/proc.h"
#include "daemon/version.h"
#include "election/quorum_conf.h"
#include "storage/tree/tree.h"

enum {
    STATUS_EVERY_MS = 1000,
    EXTEND_US = 10 * 1000 * 1000,
};

/*
 * Without admin a server serves all the same: no reason to wait.  Without an
 * image, too, once the tree is loaded.
 */
static bool
is_needed(const struct super *s, enum proc_id id)
{
    return id != PROC_ADMIN && !(id == PROC_IMAGE && s->took_part) &&
           super_wants(s, id);
}

static bool
takes_part(const struct super *s)
{
    for (enum proc_id id = PROC_LOG; id < super_end(s); id++)
        if (is_needed(s, id) && !atomic_load(&shm_proc(s->shm, id)->is_ready))
            return false;
    return true;
}

static bool
is_serving(const struct super *s)
{
    return takes_part(s) && atomic_load(&s->shm->replication->serving) != 0;
}

static void
announce_place(const struct conf *conf)
{
    struct quorum q;

    if (conf->member_count == 0)
        return;
    quorum_of_conf(conf, &q);
    log_info("server %" PRId64 ", %s, of an ensemble of %d voters: it serves "
             "when there is a leader",
             conf->my_sid, conf->is_observer ? "an observer" : "a voter",
             __builtin_popcountll(quorum_all(&q)));
}

/* Who meant another directory, or a disk that is not mounted, learns it now. */
static void
announce_emptiness(const struct super *s)
{
    struct tree_totals totals;

    tree_totals(s->shm->tree_arena, &totals);
    if (totals.zxid == 0)
        log_info("the tree is empty: there was no transaction in %s",
                 s->shm->super->conf.data_dir);
}

/* Once: `systemctl start` goes on. */
static void
announce(struct super *s)
{
    const struct conf *conf = &s->shm->super->conf;

    s->took_part = true;
    notify_once("READY=1");
    log_info("zabd %s serves ZooKeeper clients on port %d, data in %s, "
             "%u client processes",
             ZABD_VERSION, (int)conf->client_port, conf->data_dir,
             s->shm->super->client_count);
    announce_emptiness(s);
    announce_place(conf);
    log_info("Ctrl-C or kill -TERM %d stops it, kill -HUP reads the "
             "configuration again, kill -QUIT logs the state of all processes",
             (int)s->shm->super->pid[PROC_SUPER]);
}

/* systemd's watchdog, after half of the time that it allows. */
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
    if (notify_often("WATCHDOG=1"))
        fed_at = now; /* else again, in the next turn */
}

/* Anything in here that changes is told at once. */
static uint32_t
fingerprint(const struct super *s, bool part)
{
    const struct shm_replication *r = s->shm->replication;

    return (uint32_t)part | (uint32_t)is_serving(s) << 1 |
           atomic_load(&r->role) << 2 |
           atomic_load(&r->ensemble.zab_state) << 8 |
           (uint32_t)(atomic_load(&s->shm->election->foreign) != 0) << 16 |
           (uint32_t)(atomic_load(&s->shm->log->failed) != 0) << 17 |
           (uint32_t)s->reload_failed << 18 |
           atomic_load(&s->shm->election->is_kept_out) << 19;
}

/* A member takes part before it serves; a server alone does both at once. */
static void
announce_changes(struct super *s, bool part)
{
    bool serving = is_serving(s);

    if (!s->took_part && part &&
        (serving || s->shm->super->conf.member_count > 0))
        announce(s);
    else if (serving && !s->was_serving && s->took_part)
        log_info("serving clients");
    s->was_serving = serving;
}

/* Which process refuses is no matter here: the limit is one for all. */
static void
look_at_limit(struct super *s, mono_ms_t now)
{
    uint64_t refused = atomic_load(&s->shm->replication->writes_refused);

    for (uint32_t w = 0; w < s->shm->super->client_count; w++)
        refused += atomic_load(&s->shm->client[w]->stats.watches_refused);
    if (refused > s->refused)
        s->refused_at = now;
    s->refused = refused;
}

void
super_status(struct super *s, mono_ms_t now)
{
    static uint32_t told = UINT32_MAX;
    static mono_ms_t told_at;
    bool part = takes_part(s);
    char text[SUPER_TEXT_MAX];
    uint32_t facts;

    feed_watchdog(now);
    announce_changes(s, part);
    look_at_limit(s, now);
    facts = fingerprint(s, part);
    if (facts == told && now - told_at < STATUS_EVERY_MS)
        return;
    told = facts;
    told_at = now;
    if (part)
        super_describe(s, is_serving(s), text, sizeof text);
    else
        super_describe_start(s, text, sizeof text);
    (void)notify_often("STATUS=%s", text);
    if (!s->took_part)
        (void)notify_often("EXTEND_TIMEOUT_USEC=%d", EXTEND_US);
}

void
super_notify_stopping(void)
{
    notify_once("STOPPING=1\nSTATUS=stopping");
}

void
super_dump(const struct super *s)
{
    const struct shm *shm = s->shm;
    char standing[SUPER_TEXT_MAX];

    log_info("state: published=%" PRIu64 " durable=%" PRIu64
             " committed=%" PRIu64 " applied=%" PRIu64 " persisted=0x%" PRIx64,
             atomic_load(&shm->replication->published),
             atomic_load(&shm->log->durable),
             atomic_load(&shm->replication->committed),
             atomic_load(&shm->replication->applied),
             (uint64_t)atomic_load(&shm->image->persisted_zxid));
    super_describe_standing(s, standing, sizeof standing);
    log_info("state: %s", standing);
    for (enum proc_id id = PROC_LOG; id < super_end(s); id++)
        if (super_wants(s, id))
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
