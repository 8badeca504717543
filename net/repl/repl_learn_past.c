/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_learn_past.c - a learner's past is changed: TRUNC and SNAP.
 *
 * TRUNC   the log process cuts its files; what the ring still holds of it is
 *         voided, and if a client of ours asked for some of it all are let go
 *         (repl_serve.c).  After a start the tree may hold some of it, for
 *         nobody knew what was committed: then this process ends, and its
 *         successor loads again.
 * DIFF    of more than the ring holds: it is applied before it is known to be
 *         committed, when no client process looks at the tree any more.
 * SNAP    when no client process looks at the tree any more, the payload goes
 *         into an emptied one and into a file; then the log process makes
 *         that file the beginning of all there is on disk.
 *
 * Whoever loses its leader in the middle of this has a tree that is of no
 * history: it ends with EXIT_RELOAD.
 *
 * The replication process, learning.
 * Facts: spec/quorum-protocol.md 4.7, 4.8, 14.3.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/proc.h"
#include "net/repl/repl_apply.h"
#include "net/repl/repl_config.h"
#include "net/repl/repl_learn.h"
#include "net/repl/repl_order.h"
#include "net/repl/repl_role.h"
#include "net/repl/repl_serve.h"
#include "storage/datadir.h"

enum { SNAP_TOLD_MS = 10000 };

static noreturn void
reload(const char *why)
{
    log_info("replication: loading the tree again: %s", why);
    exit(EXIT_RELOAD);
}

/* --- more than the ring holds --------------------------------------------- */

static bool
is_before_up_to_date(const struct repl_learn *l)
{
    return l->core.state == LEARNER_SYNCING || l->core.state == LEARNER_SEALED;
}

/*
 * Nothing that comes before UP_TO_DATE is known to be committed, so it is not
 * applied, and a lack that is larger than the ring would never find room.  A
 * start puts all of its log into the tree, whoever has committed it, for
 * nobody looks at that; so do we, when nobody does: what the leader says is
 * committed, which is what UP_TO_DATE will make count.  known_committed
 * stays, and with it the image; what is cut off after all is in the tree
 * then, which is loaded again, as after a start.
 */
static void
apply_ahead(struct repl_learn *l)
{
    struct repl *r = l->r;

    if (r->service.state != SERVICE_NONE) {
        log_warn("learner: more is to come than the ring holds: clients are "
                 "let go");
        repl_end_serving(r);
    }
    if (repl_is_alone_with_tree(r))
        r->apply_to = l->core.agreed;
}

/*
 * Room will never come: our log and all readers are as far as they can, and the
 * COMMIT with which the rest could be applied stands behind what finds no room.
 */
static bool
is_stuck(const struct repl_learn *l)
{
    const struct repl *r = l->r;

    if (repl_durable(r) < r->last || r->slowest != r->applied)
        return false;
    return is_before_up_to_date(l) ||
           (l->core.state == LEARNER_BROADCAST &&
            atomic_load(&r->shm->replication->committed_zxid) >= r->apply_to);
}

/*
 * What the leader proposes before it commits any of it can be more than the
 * ring holds, too.  All of it is in the log: a start puts that into the tree,
 * and asks for the rest.
 */
void
learn_past_full(struct repl_learn *l)
{
    const struct repl *r = l->r;

    if (r->published != r->head || r->applied != r->committed)
        return;
    if (is_before_up_to_date(l) && r->apply_to < l->core.agreed)
        apply_ahead(l);
    else if (is_stuck(l))
        reload("more is to come than the ring holds");
}

/* --- TRUNC --------------------------------------------------------------- */

void
learn_cut(struct repl_learn *l, zxid_t zxid)
{
    struct repl *r = l->r;
    zxid_t in_tree = atomic_load(&r->shm->replication->applied_zxid);

    log_warn("learner: the leader has less than we: cutting what is behind "
             "zxid=0x%" PRIx64 " last=0x%" PRIx64,
             (uint64_t)zxid, (uint64_t)r->last);
    conn_pause(&l->conn, CONN_PAUSE_WAITING);
    l->cut = zxid;
    l->order = zxid < in_tree ? LEARN_CUT_RELOAD : LEARN_CUT;
    repl_order(r, LOG_TRUNCATE, zxid);
}

/*
 * Entries behind `zxid` were never committed and never will be.  True: a client
 * of ours waits for one.
 */
static bool
void_entries(struct repl *r, zxid_t zxid)
{
    bool has_own = false;

    for (ring_pos_t pos = r->committed; pos < r->head;) {
        struct ring_entry *e = txring_at(&r->shm->ring, pos);

        if (e->kind == RING_TXN && e->zxid > zxid) {
            has_own |= e->worker < CLIENTS_MAX;
            e->kind = RING_VOID;
            r->outstanding--;
        }
        pos += e->size;
    }
    return has_own;
}

static void
cut_is_done(struct repl_learn *l, int result, struct learner_out *out,
            mono_ms_t now)
{
    struct repl *r = l->r;

    if (result == 0) {
        if (void_entries(r, l->cut))
            repl_end_serving(r);
        r->last = r->zxid = l->cut;
        repl_history_cut(r->history, l->cut);
    }
    learner_truncated(&l->core, result, now, out);
}

/* --- SNAP ---------------------------------------------------------------- */

void
learn_take_snap(struct repl_learn *l, zxid_t zxid)
{
    repl_end_serving(l->r); /* whoever was held would see another tree */
    l->snap = LEARN_SNAP_WAITS;
    l->snap_zxid = zxid;
    conn_pause(&l->conn, CONN_PAUSE_WAITING);
}

static void
begin_snap(struct repl_learn *l)
{
    struct repl *r = l->r;
    bool is_zstd =
        l->core.is_leader_zabd && (l->core.leader_flags & LEARNER_ZSTD) != 0;
    struct data_error e = {0};
    struct datadir dir;
    int rc = datadir_name(&dir, r->conf.data_dir, r->conf.data_log_dir, &e);

    repl_apply_all(r); /* what a client held up is not of the new tree */
    if (rc == 0)
        rc = snap_intake_begin(&l->intake, dir.snap, l->snap_zxid, is_zstd,
                               r->tree, r->sessions);
    if (rc < 0) {
        log_error("learner: no snapshot can be taken: %s", strerror(-rc));
        l->why = "no snapshot can be taken";
        return;
    }
    log_info("learner: taking a snapshot from server %" PRId64
             " zxid=0x%" PRIx64,
             (int64_t)l->leader, (uint64_t)l->snap_zxid);
    l->snap = LEARN_SNAP_FLOWS;
    l->snap_bytes = 0;
    l->snap_told = clock_mono_ms();
    conn_resume(&l->conn, CONN_PAUSE_WAITING);
}

/* Through a narrow link it takes its time; whoever waits sees it move. */
static void
count_bytes(struct repl_learn *l, size_t used)
{
    mono_ms_t now = clock_mono_ms();

    l->snap_bytes += used;
    if (now - l->snap_told < SNAP_TOLD_MS)
        return;
    l->snap_told = now;
    log_info("learner: %" PRIu64 " MB of the snapshot have come",
             l->snap_bytes / 1000000);
}

static void
end_snap(struct repl_learn *l)
{
    int rc;

    proc_disk_begin(PROC_REPLICATION, l->r->shm);
    rc = snap_intake_end(&l->intake);
    proc_disk_end(PROC_REPLICATION, l->r->shm);
    if (rc < 0) {
        log_error("learner: the snapshot cannot be stored: %s", strerror(-rc));
        l->why = "the snapshot cannot be stored";
        return;
    }
    l->order = LEARN_REBASE;
    repl_order(l->r, LOG_REBASE, l->snap_zxid);
    conn_pause(&l->conn, CONN_PAUSE_WAITING);
}

size_t
learn_feed_snap(struct repl_learn *l, const uint8_t *data, size_t size)
{
    size_t used = 0;
    int rc;

    proc_disk_begin(PROC_REPLICATION, l->r->shm);
    rc = snap_intake_feed(&l->intake, data, size, &used);
    proc_disk_end(PROC_REPLICATION, l->r->shm);
    count_bytes(l, used);
    if (rc < 0) {
        log_error("learner: the leader's snapshot cannot be used: %s",
                  l->intake.what ? l->intake.what : strerror(-rc));
        l->why = "the snapshot cannot be used";
        conn_pause(&l->conn, CONN_PAUSE_END);
    } else if (rc > 0) {
        end_snap(l);
    }
    return used;
}

/* Everything that was in the ring is of the past; the tree is the snapshot. */
static void
rebase_is_done(struct repl_learn *l, struct learner_out *out, mono_ms_t now)
{
    struct shm_replication *shared = l->r->shm->replication;
    struct repl *r = l->r;
    zxid_t zxid = l->snap_zxid;

    (void)void_entries(r, 0); /* nobody is served */
    r->last = r->zxid = zxid;
    r->snap_from = SID_NONE;
    r->has_differed = false;
    repl_apply_all(r); /* passes what is void */
    repl_put_config(r);
    r->apply_to = zxid;
    atomic_store(&shared->applied_zxid, zxid);
    repl_history_begin(r->history, zxid);
    l->snap = LEARN_NO_SNAP;
    learner_snapped(&l->core, zxid, now, out);
}

/* --- waiting ------------------------------------------------------------- */

static void
order_is_done(struct repl_learn *l, int result, struct learner_out *out,
              mono_ms_t now)
{
    enum learn_order order = l->order;

    l->order = LEARN_NO_ORDER;
    if (order == LEARN_CUT_RELOAD && result == 0)
        reload("it held what the leader had cut off");
    if (order == LEARN_CUT || order == LEARN_CUT_RELOAD)
        cut_is_done(l, result, out, now);
    else if (result < 0)
        l->why = "the log process could not do what the leader needs";
    else if (order == LEARN_EPOCH)
        learner_stored(&l->core, now, out);
    else if (order == LEARN_REBASE)
        rebase_is_done(l, out, now);
    conn_resume(&l->conn, CONN_PAUSE_WAITING);
}

void
learn_past_turn(struct repl_learn *l, struct learner_out *out, mono_ms_t now)
{
    int result;

    if (repl_order_done(l->r, &result))
        order_is_done(l, result, out, now);
    if (l->snap == LEARN_SNAP_WAITS && repl_is_alone_with_tree(l->r))
        begin_snap(l);
}

void
learn_past_end(struct repl_learn *l)
{
    bool is_torn = l->snap == LEARN_SNAP_FLOWS || l->order == LEARN_CUT ||
                   l->order == LEARN_CUT_RELOAD || l->order == LEARN_REBASE;

    if (l->order != LEARN_REBASE)
        snap_intake_abort(&l->intake);
    if (is_torn)
        reload("the leader was lost while its history was taken over");
    l->snap = LEARN_NO_SNAP;
    l->order = LEARN_NO_ORDER;
}
