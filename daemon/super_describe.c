/* SPDX-License-Identifier: Apache-2.0 */
/*
 * super_describe.c - what this server is doing, in words for an operator.
 *
 *     leading epoch 5, 2 of 2 followers in sync, zxid 0x5000000a1, ...
 *
 * Each value is read for itself, so what is said is of about one moment.
 */
#include "daemon/super.h"

#include <inttypes.h>
#include <stdio.h>

#include "daemon/clock.h"
#include "daemon/proc.h"
#include "election/quorum_conf.h"
#include "storage/tree/session.h"
#include "storage/tree/tree.h"

enum {
    FAILURE_MAX = 120,          /* bytes: the log's trouble */
    STANDING_MAX = 640,         /* bytes: the role, and all its troubles */
    REFUSED_FOR_MS = 60 * 1000, /* clients try again, some of them seldom */
};

static quorum_set_t
other_voters(const struct super *s, const struct quorum *q)
{
    return quorum_all(q) & ~quorum_bit(q, s->shm->super->conf.my_sid);
}

static void
describe_looking(const struct super *s, const struct quorum *q, char *text,
                 size_t size)
{
    quorum_set_t others = other_voters(s, q);
    quorum_set_t connected = atomic_load(&s->shm->election->connected);

    snprintf(
        text, size, "looking for a leader, %d of %d other voters connected%s",
        __builtin_popcountll(connected & others), __builtin_popcountll(others),
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

    snprintf(text, size, "%s epoch %" PRId64 ", %u of %d followers in sync",
             is_leader ? "leading" : "about to lead", atomic_load(&e->epoch),
             atomic_load(&e->synced_followers),
             __builtin_popcountll(other_voters(s, q)));
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
describe_foreign(const struct super *s, char *text, size_t size)
{
    int count = __builtin_popcountll(atomic_load(&s->shm->election->foreign));

    if (count > 0)
        snprintf(text, size, ", %d %s of another ensemble: see the log", count,
                 count == 1 ? "member is" : "members are");
}

/* Likewise. */
static const char *
describe_twin(const struct super *s)
{
    return atomic_load(&s->shm->election->is_kept_out)
               ? ", kept out: another server has our number: see the log"
               : "";
}

/* Likewise. */
static const char *
describe_members(const struct super *s)
{
    return atomic_load(&s->shm->replication->ensemble.is_outdated)
               ? ", without a vote: the ensemble has other voters than its "
                 "configuration: see the log"
               : "";
}

/* Likewise. */
static const char *
describe_fill(const struct super *s)
{
    return s->shm->super->conf.member_count > 0 &&
                   !s->shm->super->conf.is_observer &&
                   atomic_load(&s->shm->log->current_epoch) < 0
               ? ", without a vote until a leader has given it all: see the log"
               : "";
}

/* Likewise. */
static const char *
describe_loss(const struct super *s)
{
    return atomic_load(&s->shm->replication->ensemble.is_ahead)
               ? ", kept out: the others lost what was acknowledged here: see "
                 "the log"
               : "";
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

/* As long as somebody is refused: it begins and ends with single requests. */
static void
describe_limit(const struct super *s, char *text, size_t size)
{
    if (s->refused_at != 0 && clock_mono_ms() - s->refused_at < REFUSED_FOR_MS)
        snprintf(text, size,
                 ", memory.limit is reached, %" PRIu64
                 " creates, sets and watches were refused",
                 s->refused);
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

void
super_describe_standing(const struct super *s, char *text, size_t size)
{
    char role[120], failure[FAILURE_MAX] = "", foreign[80] = "",
                    limit[100] = "";

    describe_role(s, role, sizeof role);
    describe_failure(s, failure, sizeof failure);
    describe_foreign(s, foreign, sizeof foreign);
    describe_limit(s, limit, sizeof limit);
    snprintf(text, size, "%s%s%s%s%s%s%s%s", role, failure, foreign,
             describe_twin(s), describe_members(s), describe_fill(s),
             describe_loss(s), limit);
}

/* Its process may be gone, or lives and cannot write. */
static void
describe_image(const struct super *s, char *text, size_t size)
{
    int error = atomic_load(&s->shm->image->failed);

    if (s->child[PROC_IMAGE].pid <= 0)
        snprintf(text, size, ", without an image: see the log");
    else if (error != 0)
        snprintf(text, size, ", the image cannot be written: %s",
                 strerror(error));
}

/* What its disks keep from it; the log and the image may have one each. */
static void
describe_disks(const struct super *s, char *text, size_t size)
{
    const struct shm_log *log = s->shm->log;
    char image[100] = "";

    describe_image(s, image, sizeof image);
    snprintf(text, size, "%s%s%s",
             atomic_load(&log->proc.disk_since_ms) ? ", waiting for the disk"
                                                   : "",
             atomic_load(&log->is_removed)
                 ? ", its log file was removed: see the log"
                 : "",
             image);
}

void
super_describe(const struct super *s, bool is_serving, char *text, size_t size)
{
    char standing[STANDING_MAX], tree[120] = "", disks[192];

    super_describe_standing(s, standing, sizeof standing);
    if (is_serving)
        describe_tree(s, tree, sizeof tree);
    describe_disks(s, disks, sizeof disks);
    snprintf(text, size, "%s%s%s%s%s%s", standing, tree, disks,
             *s->pending ? "; a restart would change " : "", s->pending,
             s->reload_failed ? "; the last reload failed, see the log" : "");
}

/* Behind a log that failed replication is not forked again: may_rebuild. */
void
super_describe_start(const struct super *s, char *text, size_t size)
{
    static const enum proc_id loaders[] = {PROC_LOG, PROC_IMAGE,
                                           PROC_REPLICATION};
    char failure[FAILURE_MAX] = "";

    describe_failure(s, failure, sizeof failure);
    for (size_t i = 0; i < ARRAY_COUNT(loaders); i++) {
        const struct shm_proc *p = shm_proc(s->shm, loaders[i]);
        uint32_t permille = atomic_load(&p->progress_permille);

        if (atomic_load(&p->is_ready))
            continue;
        snprintf(text, size, "%s: %s is loading, %u.%u %%%s%s",
                 s->took_part ? "recovering" : "starting",
                 proc_name(loaders[i]), permille / 10, permille % 10,
                 s->child[loaders[i]].wants_room
                     ? ", there is no room for it: see the log"
                     : "",
                 failure);
        return;
    }
    snprintf(text, size, "waiting for processes%s", failure);
}
