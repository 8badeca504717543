/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_lead.c - leading: what the leader core wants done that is of no learner.
 *
 * A term begins with the election's word: the quorum port is bound at once,
 * for followers give up after 0.4 s of refusals.  The core then says what to
 * store, when to lead and what is committed.  A term that is over closes
 * every learner's connection and the port.
 *
 * The replication process.  ZK: Leader.lead (spec/quorum-protocol.md 4.4, 6.2)
 */
#include "net/repl/repl_lead.h"

#include <inttypes.h>

#include "daemon/check.h"
#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/random.h"
#include "net/repl/repl_apply.h"
#include "net/repl/repl_order.h"
#include "net/repl/repl_prepare.h"
#include "net/repl/repl_ring.h"
#include "net/repl/repl_role.h"
#include "net/repl/repl_serve.h"
#include "net/repl/repl_take.h"

enum { ALONE_MS = 1500 };

/* --- what the core says -------------------------------------------------- */

/* The tree has it all, clients may come. */
static void
begin_leading(struct repl_lead *l, int64_t epoch)
{
    struct repl *r = l->r;

    repl_commit(r, r->last);
    repl_apply_all(r);
    repl_reached(r, epoch);
    repl_prepare_from(r, ZXID(epoch, 0));
    repl_serve(r, ROLE_LEADING, epoch);
    repl_established(r, epoch);
    log_info("replication: leading epoch %" PRId64 ": a quorum has the "
             "history zxid=0x%" PRIx64,
             epoch, (uint64_t)r->last);
}

static void
act(struct repl_lead *l, const struct leader_act *a)
{
    switch (a->kind) {
    case LEADER_STORE_ACCEPTED:
        repl_order(l->r, LOG_ACCEPT_EPOCH, a->epoch);
        break;
    case LEADER_STORE_CURRENT:
        repl_order_with_id(l->r, LOG_CURRENT_EPOCH, a->epoch, &a->identity);
        break;
    case LEADER_KEEP_IDENTITY:
        repl_order_with_id(l->r, LOG_IDENTITY, a->identity.epoch, &a->identity);
        break;
    case LEADER_LEAD:
        begin_leading(l, a->epoch);
        break;
    case LEADER_COMMIT:
        repl_commit(l->r, a->zxid);
        break;
    default:
        never("an act that lead_perform does itself");
    }
}

static const struct lead_duty duty = {
    .name = "leader",
    .ask = lead_answer,
    .act = act,
};

/* --- the role ------------------------------------------------------------ */

/* For an ensemble that has none yet. */
static uint64_t
fresh_id(void)
{
    uint64_t id = random_number();

    return id != 0 ? id : 1; /* 0 is none */
}

void
repl_lead(struct repl *r)
{
    const struct shm_log *log = r->shm->log;
    mono_ms_t now = clock_mono_ms();
    struct leader_out out;
    struct leader_conf conf;
    struct repl_lead *l;

    out.count = 0;
    r->role = &role_leading;
    r->snap_from = SID_NONE;
    l = lead_open(r, &duty, 0);
    log_info("replication: elected to lead, waiting for a quorum "
             "zxid=0x%" PRIx64,
             (uint64_t)r->last);
    conf = lead_conf(l);
    conf.quorum = &r->quorum;
    conf.accepted = atomic_load(&log->accepted_epoch);
    conf.current = atomic_load(&log->current_epoch);
    conf.identity = identity_shared(&log->identity);
    conf.fresh_id = fresh_id();
    conf.last = r->last;
    conf.heard = l->core.accepted_max;
    leader_init(&l->core, &conf, &l->history, now, &out);
    lead_perform(l, &out);
}

/* Nobody waits for the id alone to be stored. */
static bool
is_for_epoch(const struct leader *core)
{
    return core->state == LEADER_PROMISING || core->state == LEADER_TAKING_OVER;
}

/* What the log process did since the last turn. */
static void
hear_log(struct repl_lead *l, struct leader_out *out, mono_ms_t now)
{
    zxid_t durable = repl_durable(l->r);
    int result;

    if (repl_order_done(l->r, &result)) {
        if (result < 0)
            leader_resign(&l->core, "an epoch cannot be stored", out);
        else if (is_for_epoch(&l->core))
            leader_stored(&l->core, now, out);
    }
    if (durable > l->core.durable)
        leader_durable(&l->core, durable, now, out);
}

/*
 * Those who voted for us connect within half a second, or have found another
 * leader meanwhile; another look tells.  Apache waits for initLimit.
 */
static bool
is_left_alone(const struct repl_lead *l, mono_ms_t now)
{
    return l->core.state == LEADER_DISCOVERY && now - l->core.began > ALONE_MS;
}

static void
leading_turn(struct repl *r)
{
    struct repl_lead *l = r->lead;
    struct leader_out out;
    mono_ms_t now = clock_mono_ms();

    out.count = 0;
    if (l->core.state == LEADER_BROADCAST && r->last > l->core.proposed)
        leader_proposed(&l->core, r->last);
    hear_log(l, &out, now);
    if (r->is_worn)
        leader_resign(&l->core, "the zxids of this epoch are used up", &out);
    if (is_left_alone(l, now))
        leader_resign(&l->core, "no quorum of voters came", &out);
    lead_perform(l, &out);
    if (l->core.state == LEADER_BROADCAST)
        repl_vouched(r, leader_vouched(&l->core));
    lead_peers_resume(l);
    repl_publish(r);
    lead_peers_pump(l, now);
    if (l->why)
        repl_look(r, l->why);
}

static bool
leading_take(struct repl *r, const struct req *req, const struct origin *o)
{
    if (r->lead->core.state != LEADER_BROADCAST)
        return repl_serves_nobody(r);
    return repl_take_ordering(r, req, o);
}

static void
leading_end(struct repl *r)
{
    struct repl_lead *l = r->lead;

    if (!l->is_on)
        return;
    lead_close(l);
    repl_parts(r, 0);
    r->is_worn = false;
}

const struct role role_leading = {
    .name = "leading",
    .take = leading_take,
    .turn = leading_turn,
    .end = leading_end,
};
