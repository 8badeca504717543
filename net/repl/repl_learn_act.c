/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_learn_act.c - what the learner core wants done.
 *
 * The replication process, learning.
 */
#include "net/repl/repl_learn.h"

#include <inttypes.h>

#include "daemon/log.h"
#include "net/repl/repl_apply.h"
#include "net/repl/repl_master.h"
#include "net/repl/repl_order.h"
#include "net/repl/repl_role.h"
#include "net/repl/repl_serve.h"
#include "net/zab/forward.h"

/* One by one: Apache's leader counts each by itself. */
static void
put_acks(struct repl_learn *l, zxid_t from, zxid_t to)
{
    for (zxid_t z = from; z <= to; z++)
        if (!qlink_put(&l->conn, Q_ACK, z, BYTES_NULL, BYTES_NULL))
            return;
}

/*
 * What we asked the last leader, and do not have, is asked again, because it
 * can no longer come (repl_serve.c).  From an Apache master it can: that takes
 * us before all that its epoch began with is in its own tree.
 */
static bool
may_lack_past(const struct repl_learn *l)
{
    return l->master_count > 0 && !l->core.is_leader_zabd &&
           forward_waiting(l->r->forward) > 0;
}

static void
begin_serving(struct repl_learn *l, int64_t epoch)
{
    struct repl *r = l->r;
    bool is_observer = r->conf.is_observer;

    repl_apply_all(r);
    repl_reached(r, epoch);
    r->snap_from = SID_NONE;
    l->silent = SID_NONE;
    if (may_lack_past(l))
        r->service.epoch = epoch; /* as of a leader that we had: held clients
                                     are let go */
    repl_serve(r, is_observer ? ROLE_OBSERVING : ROLE_FOLLOWING, epoch);
    repl_established(r, epoch);
    log_info("replication: %s server %" PRId64 " epoch %" PRId64
             ": in sync zxid=0x%" PRIx64,
             is_observer ? "observing" : "following", (int64_t)l->leader, epoch,
             (uint64_t)r->last);
    repl_master_begin(r, epoch);
}

static void
store_epoch(struct repl_learn *l, enum log_order kind,
            const struct learner_act *a)
{
    l->order = LEARN_EPOCH;
    repl_order_with_id(l->r, kind, a->epoch, &a->identity);
}

/* Nobody waits for it, but the next role. */
static void
keep_identity(struct repl_learn *l, const struct identity *id)
{
    l->order = LEARN_IDENTITY;
    repl_order_with_id(l->r, LOG_IDENTITY, id->epoch, id);
    repl_master_identified(l->r, id);
}

static void
append(struct repl_learn *l, const struct qpacket *p)
{
    if (learn_append(l, p) < 0) {
        log_error("learner: the leader sent a transaction of no known form "
                  "zxid=0x%" PRIx64 " bytes=%d",
                  (uint64_t)p->zxid, p->data.size);
        l->why = "the leader sent what is no transaction";
    }
}

/*
 * A majority went on without what it had acknowledged: a member of it has lost
 * its directory, or was given an old one, while we were away.  Which of the two
 * histories is to go nobody here can know.
 */
static void
tell_ahead(struct repl_learn *l)
{
    struct repl *r = l->r;

    if (++r->looking.ahead < AHEAD_TIMES)
        return;
    atomic_store(&r->shm->replication->ensemble.is_ahead, true);
    log_error("learner: server %" PRId64 " leads and lacks what was "
              "acknowledged here, up to zxid 0x%" PRIx64 ": has another server "
              "begun with an empty or an old directory while this one was "
              "away? Nothing is changed here. Give up either what only this "
              "server has: stop it, move its version-2 away (in %s), start it; "
              "or what the others have acknowledged since: stop all, move "
              "theirs away, start all",
              (int64_t)l->leader, (uint64_t)l->core.committed,
              r->conf.data_dir);
}

/* What the next connection has to know of this one. */
static void
give_up(struct repl_learn *l, const char *why)
{
    if (l->core.is_ahead)
        tell_ahead(l);
    if (l->core.needs_snap)
        l->r->snap_from = l->leader;
    l->silent = l->core.is_silent ? l->leader : SID_NONE;
    atomic_store(&l->r->shm->replication->look.is_taken, l->core.is_taken);
    l->why = why;
}

static void
perform(struct repl_learn *l, const struct learner_act *a)
{
    switch (a->kind) {
    case LEARNER_SEND:
        qlink_put_packet(&l->conn, &a->packet);
        break;
    case LEARNER_PONG:
        learn_pong(l, a);
        break;
    case LEARNER_VOUCHED:
        repl_vouched(l->r, a->when);
        break;
    case LEARNER_ACK:
        put_acks(l, a->from, a->zxid);
        break;
    case LEARNER_STORE_ACCEPTED:
        store_epoch(l, LOG_ACCEPT_EPOCH, a);
        break;
    case LEARNER_STORE_CURRENT:
        store_epoch(l, LOG_CURRENT_EPOCH, a);
        break;
    case LEARNER_KEEP_IDENTITY:
        keep_identity(l, &a->identity);
        break;
    case LEARNER_TRUNCATE:
        learn_cut(l, a->zxid);
        break;
    case LEARNER_TAKE_SNAP:
        learn_take_snap(l, a->zxid);
        break;
    case LEARNER_APPEND:
        append(l, &a->packet);
        break;
    case LEARNER_COMMIT:
        repl_commit(l->r, a->zxid);
        break;
    case LEARNER_SERVE:
        begin_serving(l, l->core.epoch);
        break;
    case LEARNER_SYNCED:
        learn_synced(l);
        break;
    case LEARNER_REVALIDATED:
        learn_revalidated(l, &a->packet);
        break;
    case LEARNER_GIVE_UP:
        give_up(l, a->why);
        break;
    }
}

void
learn_perform(struct repl_learn *l, const struct learner_out *out)
{
    for (uint32_t i = 0; i < out->count && !l->why; i++)
        perform(l, &out->act[i]);
}
