/* SPDX-License-Identifier: Apache-2.0 */
/*
 * super_status.c - what systemd, the log and SIGQUIT are told.
 *
 * ZK: spec/operations.md 13.1.  READY=1 when this server takes part: its data
 * is loaded and every process runs.  A server of its own then serves; a
 * member may still look for a leader, and `systemctl start` does not wait for
 * that: the first of three servers would wait for ever.  While it loads, the
 * start time-out is extended with each step of progress.
 */
#include "daemon/super.h"

#include <inttypes.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

#include "daemon/notify.h"
#include "daemon/proc.h"
#include "daemon/version.h"
#include "election/quorum_conf.h"
#include "storage/tree/session.h"
#include "storage/tree/tree.h"

enum {
    STATUS_EVERY_MS = 1000,
    EXTEND_US = 10 * 1000 * 1000,
    STANDING_MAX = 320, /* bytes of text */
    STATUS_MAX = 720,   /* with tree, disk, pending keys */
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

static uint32_t
other_voters(const struct quorum *q, sid_t me)
{
    return (uint32_t)__builtin_popcountll(quorum_all(q) & ~quorum_bit(q, me));
}

static void
describe_looking(const struct super *s, const struct quorum *q, char *text,
                 size_t size)
{
    sid_t me = s->shm->super->conf.my_sid;
    quorum_set_t others = quorum_all(q) & ~quorum_bit(q, me);
    quorum_set_t connected = atomic_load(&s->shm->election->connected);

    snprintf(text, size,
             "looking for a leader, %d of %u other voters connected%s",
             __builtin_popcountll(connected & others), other_voters(q, me),
             atomic_load(&s->shm->replication->role) == ROLE_READ_ONLY
                 ? ", serving read-only clients"
                 : "");
}

/* "leading epoch 5, 2 of 2 followers in sync" */
static void
describe_leading(const struct super *s, const struct quorum *q, bool is_leader,
                 char *text, size_t size)
{
    const struct shm_ensemble *e = &s->shm->replication->ensemble;

    snprintf(text, size, "%s epoch %" PRId64 ", %u of %u followers in sync",
             is_leader ? "leading" : "about to lead", atomic_load(&e->epoch),
             atomic_load(&e->synced_followers),
             other_voters(q, s->shm->super->conf.my_sid));
}

/* "following 3, epoch 5" */
static void
describe_learning(const struct super *s, bool is_synced, char *text,
                  size_t size)
{
    const struct shm_ensemble *e = &s->shm->replication->ensemble;

    snprintf(text, size, "%s %" PRId64 ", epoch %" PRId64 "%s",
             s->shm->super->conf.is_observer ? "observing" : "following",
             atomic_load(&e->leader), atomic_load(&e->epoch),
             is_synced ? "" : ", synchronizing");
}

/* An operator must act, so it is said as long as it lasts. */
static void
describe_aliens(const struct super *s, char *text, size_t size)
{
    int count = __builtin_popcountll(atomic_load(&s->shm->election->aliens));

    if (count > 0)
        snprintf(text, size, ", %d %s of another ensemble: see the log", count,
                 count == 1 ? "member is" : "members are");
}

/* The processes run, yet nobody is served until the disk is repaired. */
static void
describe_failure(const struct super *s, char *text, size_t size)
{
    int failed = atomic_load(&s->shm->log->failed);

    if (failed != 0)
        snprintf(text, size, ", serving nobody: the transaction log failed: %s",
                 strerror(failed));
}

static void
describe_role(const struct super *s, char *text, size_t size)
{
    const struct shm_ensemble *e = &s->shm->replication->ensemble;
    const struct conf *conf = &s->shm->super->conf;
    uint32_t state = atomic_load(&e->zab_state);
    struct quorum q;

    quorum_of_conf(conf, &q);
    if (conf->member_count == 0)
        snprintf(text, size, "standalone");
    else if (state == ZAB_ELECTION)
        describe_looking(s, &q, text, size);
    else if (atomic_load(&e->leader) == conf->my_sid)
        describe_leading(s, &q, state == ZAB_BROADCAST, text, size);
    else
        describe_learning(s, state == ZAB_BROADCAST, text, size);
}

/* A server that serves has a tree to look at. */
static void
describe_tree(const struct super *s, char *text, size_t size)
{
    struct tree_totals totals;

    tree_totals(s->shm->tree_arena, &totals);
    snprintf(text, size,
             ", zxid 0x%" PRIx64 ", %u sessions, %" PRIu64 " znodes",
             (uint64_t)totals.zxid, session_count(s->shm->session_memory),
             totals.node_count);
}

/* Its role, and what is wrong with it. */
static void
describe_standing(const struct super *s, char *text, size_t size)
{
    char role[120], failure[120] = "", aliens[80] = "";

    describe_role(s, role, sizeof role);
    describe_failure(s, failure, sizeof failure);
    describe_aliens(s, aliens, sizeof aliens);
    snprintf(text, size, "%s%s%s", role, failure, aliens);
}

/* What its disks keep from it; the log and the image may have one each. */
static void
describe_disks(const struct super *s, char *text, size_t size)
{
    bool log_waits = atomic_load(&s->shm->log->proc.disk_since_ms) != 0;
    bool has_image = s->child[PROC_IMAGE].pid > 0;

    snprintf(text, size, "%s%s", log_waits ? ", waiting for the disk" : "",
             has_image ? "" : ", without an image: see the log");
}

static void
describe_server(const struct super *s, char *text, size_t size)
{
    char standing[STANDING_MAX], tree[120] = "", disks[80];

    describe_standing(s, standing, sizeof standing);
    if (is_serving(s))
        describe_tree(s, tree, sizeof tree);
    describe_disks(s, disks, sizeof disks);
    snprintf(text, size, "%s%s%s%s%s%s", standing, tree, disks,
             *s->pending ? "; a restart would change " : "", s->pending,
             s->reload_failed ? "; the last reload failed, see the log" : "");
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
                 s->took_part ? "recovering" : "starting",
                 proc_name(loaders[i]), permille / 10, permille % 10);
        return;
    }
    snprintf(text, size, "waiting for processes");
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
           (uint32_t)(atomic_load(&s->shm->election->aliens) != 0) << 16 |
           (uint32_t)(atomic_load(&s->shm->log->failed) != 0) << 17 |
           (uint32_t)s->reload_failed << 18;
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

void
super_status(struct super *s, mono_ms_t now)
{
    static uint32_t told = UINT32_MAX;
    static mono_ms_t told_at;
    bool part = takes_part(s);
    char text[STATUS_MAX];

    feed_watchdog(now);
    announce_changes(s, part);
    if (fingerprint(s, part) == told && now - told_at < STATUS_EVERY_MS)
        return;
    told = fingerprint(s, part);
    told_at = now;
    if (part)
        describe_server(s, text, sizeof text);
    else
        describe_start(s, text, sizeof text);
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
    char standing[STANDING_MAX];

    log_info("state: published=%" PRIu64 " durable=%" PRIu64
             " committed=%" PRIu64 " applied=%" PRIu64 " persisted=0x%" PRIx64,
             atomic_load(&shm->replication->published),
             atomic_load(&shm->log->durable),
             atomic_load(&shm->replication->committed),
             atomic_load(&shm->replication->applied),
             (uint64_t)atomic_load(&shm->image->persisted_zxid));
    describe_standing(s, standing, sizeof standing);
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
