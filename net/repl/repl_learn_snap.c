/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_learn_snap.c - SNAP: a leader's snapshot takes the place of all we have.
 *
 * When no client process looks at the tree any more, the payload goes into an
 * emptied one and into a file; then the log process makes that file the
 * beginning of all there is on disk.
 *
 * The replication process, learning.  Facts: spec/quorum-protocol.md 4.8.
 */
#include <inttypes.h>
#include <string.h>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/proc.h"
#include "net/repl/repl_apply.h"
#include "net/repl/repl_config.h"
#include "net/repl/repl_learn.h"
#include "net/repl/repl_order.h"
#include "net/repl/repl_serve.h"
#include "storage/datadir.h"

enum { SNAP_TOLD_MS = 10000 };

void
learn_take_snap(struct repl_learn *l, zxid_t zxid)
{
    repl_end_serving(l->r); /* whoever was held would see another tree */
    l->snap = LEARN_SNAP_WAITS;
    l->snap_zxid = zxid;
    conn_pause(&l->conn, CONN_PAUSE_WAITING);
}

/*
 * Its successor would ask for all of it again at once, and again: the leader
 * would do nothing else.  The supervisor waits (super_child.c).
 */
static void
end_without_room(struct repl_learn *l, int rc)
{
    if (!data_wants_room(rc))
        return;
    snap_intake_abort(&l->intake); /* what came takes the room that there is */
    fatal(EXIT_LATER,
          "learner: %s: there is no room for the leader's snapshot: make some "
          "on this disk, as much as the leader's newest snapshot file takes",
          l->r->conf.data_dir);
}

void
learn_begin_snap(struct repl_learn *l)
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
    end_without_room(l, rc);
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
    end_without_room(l, rc);
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
    end_without_room(l, l->intake.writer.failed);
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
void
learn_rebase_done(struct repl_learn *l, struct learner_out *out, mono_ms_t now)
{
    struct shm_replication *shared = l->r->shm->replication;
    struct repl *r = l->r;
    zxid_t zxid = l->snap_zxid;

    (void)learn_void(r, 0); /* nobody is served */
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
