/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learner.c - see learner.h.  Pure; the replication process.
 *
 * State by state, in the order a connection lives through them; every packet
 * that has no place in a state ends the connection with a reason.
 */
#include "net/zab/learner.h"

#include <errno.h>

#include "daemon/check.h"
#include "net/zab/learner_part.h"

struct learner_act *
learner_add(struct learner_out *out, enum learner_act_kind kind)
{
    struct learner_act *a;

    check(out->count < LEARNER_ACTS_MAX);
    a = &out->act[out->count++];
    *a = (struct learner_act){.kind = kind};
    a->packet.data = a->packet.authinfo = BYTES_NULL;
    return a;
}

struct learner_act *
learner_send(struct learner_out *out, int32_t type, zxid_t zxid)
{
    struct learner_act *a = learner_add(out, LEARNER_SEND);

    a->packet.type = type;
    a->packet.zxid = zxid;
    return a;
}

/* What was written to a->small becomes the packet's data. */
static void
send_small(struct learner_act *a, const struct jute_out *data)
{
    check(!data->bad);
    a->packet.data = (struct bytes){a->small, (int32_t)jute_out_size(data)};
}

void
learner_give_up(struct learner *l, const char *why, struct learner_out *out)
{
    l->state = LEARNER_OVER;
    learner_add(out, LEARNER_GIVE_UP)->why = why;
}

void
learner_enter(struct learner *l, enum learner_state state, mono_ms_t now)
{
    l->state = state;
    learner_stirs(l, now);
}

/* --- discovery ----------------------------------------------------------- */

void
learner_init(struct learner *l, const struct learner_conf *conf, mono_ms_t now,
             struct learner_out *out)
{
    int32_t type = conf->is_observer ? Q_OBSERVER_INFO : Q_FOLLOWER_INFO;
    struct learner_info info = {.sid = conf->me,
                                .protocol = LEARNER_PROTOCOL,
                                .config_version = conf->config_version,
                                .is_zabd = true,
                                .flags = conf->flags,
                                .identity = conf->identity};
    struct learner_act *a;
    struct jute_out data;

    check(conf->current <= conf->accepted);
    check(0 <= conf->committed && conf->committed <= conf->last);
    *l = (struct learner){.conf = *conf,
                          .state = LEARNER_DISCOVERY,
                          .last = conf->last,
                          .durable = conf->last,
                          .agreed = conf->committed,
                          .committed = conf->committed,
                          .ticked = now};
    learner_stirs(l, now);
    a = learner_send(out, type, ZXID(conf->accepted, 0));
    data = jute_out_of(a->small, sizeof a->small);
    learner_info_put(&data, &info);
    send_small(a, &data);
}

/*
 * ZK: the zxid is that of the last logged transaction; epoch -1 says that
 * this promise was made before and counts for nothing, as that of a server
 * without a current epoch does, whose zxid is -1 if it has nothing (11.7).
 * Trap 14.1.9: an int.
 */
static void
ack_epoch(struct learner *l, int64_t epoch, mono_ms_t now,
          struct learner_out *out)
{
    zxid_t claimed = l->conf.wants_snap ? 0 : l->last;
    bool has_nothing = claimed == 0 && l->conf.current < 0;
    struct learner_act *a =
        learner_send(out, Q_ACK_EPOCH, has_nothing ? -1 : claimed);
    struct jute_out data = jute_out_of(a->small, sizeof a->small);

    jute_put_i32(&data, (int32_t)epoch);
    send_small(a, &data);
    learner_enter(l, LEARNER_AWAITING, now);
}

/*
 * Why we promise nothing to a leader of `epoch`, or NULL.
 *
 * ZK: takes any that is not below its promise.  Ours: none that cannot have
 * been reached (EPOCH_LEAP_MAX), unless we are new here.
 */
static const char *
no_promise(const struct learner *l, int64_t epoch)
{
    if (epoch < l->conf.accepted)
        return "we promised a later epoch to another leader";
    if (epoch > EPOCH_MAX)
        return "no epoch can follow the leader's";
    if (l->conf.accepted > 0 && epoch - l->conf.accepted > EPOCH_LEAP_MAX)
        return "the leader's epoch cannot have been reached: is acceptedEpoch "
               "of one of the servers broken?";
    return NULL;
}

/* ZK: Learner.registerWithLeader.  Zab: phase 1, the promise. */
static void
on_leader_info(struct learner *l, const struct qpacket *p, mono_ms_t now,
               struct learner_out *out)
{
    struct leader_info info;
    const char *why;

    if (leader_info_get(p->data, &info) < 0) {
        learner_give_up(l, "LEADER_INFO without a protocol version", out);
        return;
    }
    if (learner_leave_foreign(l, &info.identity, out))
        return;
    l->is_taken = (info.flags & LEARNER_TAKEN) != 0;
    if (l->is_taken) {
        learner_give_up(l, "another server with our number is there", out);
        return;
    }
    l->epoch = zxid_epoch(p->zxid);
    l->is_leader_zabd = info.is_zabd;
    l->leader_flags = info.flags;
    why = no_promise(l, l->epoch);
    if (why) {
        learner_give_up(l, why, out);
    } else if (l->epoch == l->conf.accepted) {
        ack_epoch(l, -1, now, out);
    } else {
        l->state = LEARNER_PROMISING;
        learner_add(out, LEARNER_STORE_ACCEPTED)->epoch = l->epoch;
    }
}

/* --- how we are brought up ------------------------------------------------ */

/* Our history up to here is a prefix of the leader's. */
static void
begin_sync(struct learner *l, zxid_t zxid, mono_ms_t now)
{
    l->last = l->durable = l->agreed = zxid;
    learner_enter(l, LEARNER_SYNCING, now);
}

/*
 * ZK: Learner.syncWithLeader cuts whatever it is told to.  Ours: what is
 * known to be committed stays (13, NO-TRUNC-COMMITTED).  An Apache leader
 * may ask for less than it committed in the moment before it applied that;
 * at the next try it has.
 */
static void
cut(struct learner *l, zxid_t zxid, struct learner_out *out)
{
    if (zxid < l->committed) {
        l->is_ahead = true;
        learner_give_up(l,
                        "TRUNC below what is committed here: another "
                        "ensemble's leader, or our disk lies",
                        out);
        return;
    }
    l->state = LEARNER_CUTTING;
    learner_add(out, LEARNER_TRUNCATE)->zxid = l->seal = zxid;
}

/*
 * ZK: the zxid of DIFF says nothing to the learner.  If we claimed no history
 * the leader has none either (4.6), and what we have goes.
 */
static void
on_diff(struct learner *l, mono_ms_t now, struct learner_out *out)
{
    if (l->conf.wants_snap && l->last > 0)
        cut(l, 0, out);
    else if (zxid_epoch(l->last) > l->epoch)
        learner_give_up(l, "DIFF, though our history has a later epoch", out);
    else
        begin_sync(l, l->last, now);
}

static void
on_trunc(struct learner *l, zxid_t zxid, mono_ms_t now, struct learner_out *out)
{
    if (zxid_epoch(zxid) > l->epoch) {
        learner_give_up(l, "TRUNC to a later epoch than the leader's", out);
    } else if (zxid > l->last || l->conf.wants_snap) {
        l->needs_snap = true;
        learner_give_up(l, "TRUNC to what we do not have: a snapshot is wanted",
                        out);
    } else if (zxid == l->last) {
        begin_sync(l, zxid, now);
    } else {
        cut(l, zxid, out);
    }
}

/*
 * Ours: a zabd leader says how much of our history is in its own, as TRUNC
 * does; the snapshot's zxid does not, once that is of a later epoch.  Where
 * what is committed ends with the beginning of an epoch, we do not know which
 * transaction came last before it.
 */
static bool
lacks_committed(const struct learner *l, zxid_t common)
{
    return common > 0 && common < l->committed &&
           zxid_counter(l->committed) != 0;
}

static void
on_snap(struct learner *l, zxid_t zxid, zxid_t common, mono_ms_t now,
        struct learner_out *out)
{
    if (zxid < l->committed || lacks_committed(l, common)) {
        l->is_ahead = true;
        learner_give_up(l, "SNAP without what is committed here", out);
    } else if (zxid_epoch(zxid) > l->epoch) {
        learner_give_up(l, "SNAP of a later epoch than the leader's", out);
    } else {
        learner_enter(l, LEARNER_SNAPPING, now);
        learner_add(out, LEARNER_TAKE_SNAP)->zxid = zxid;
    }
}

void
learner_truncated(struct learner *l, int rc, mono_ms_t now,
                  struct learner_out *out)
{
    if (l->state == LEARNER_OVER)
        return;
    check(l->state == LEARNER_CUTTING);
    if (rc == 0) {
        begin_sync(l, l->seal, now);
        return;
    }
    l->needs_snap = rc == -ENOENT;
    learner_give_up(l,
                    l->needs_snap
                        ? "TRUNC to what is not in our log: a snapshot is "
                          "wanted"
                        : "the log could not be cut",
                    out);
}

void
learner_snapped(struct learner *l, zxid_t zxid, mono_ms_t now,
                struct learner_out *out)
{
    if (l->state == LEARNER_OVER)
        return;
    check(l->state == LEARNER_SNAPPING);
    if (zxid < l->committed || zxid_epoch(zxid) > l->epoch) {
        learner_give_up(l, "the snapshot is not the one that was announced",
                        out);
        return;
    }
    begin_sync(l, zxid, now);
}

void
learner_stored(struct learner *l, mono_ms_t now, struct learner_out *out)
{
    if (l->state == LEARNER_OVER)
        return;
    if (l->state == LEARNER_PROMISING) {
        l->conf.accepted = l->epoch;
        ack_epoch(l, l->conf.current, now, out);
        return;
    }
    check(l->state == LEARNER_SEALING && l->is_storing);
    l->conf.current = l->epoch;
    (void)learner_take_identity(l);
    learner_send(out, Q_ACK, ZXID(l->epoch, 0));
    learner_enter(l, LEARNER_SEALED, now);
}

/* --- what comes, state by state ------------------------------------------ */

/* 4.9: dropped, not answered, until we are up to date. */
static bool
is_idle_talk(int32_t type)
{
    return type == Q_PING || type == Q_SYNC || type == Q_REVALIDATE;
}

static void
hear_in_discovery(struct learner *l, const struct qpacket *p, mono_ms_t now,
                  struct learner_out *out)
{
    if (p->type == Q_LEADER_INFO)
        on_leader_info(l, p, now, out);
    else
        learner_give_up(l, "the first packet is not LEADER_INFO", out);
}

static void
hear_awaiting(struct learner *l, const struct qpacket *p, mono_ms_t now,
              struct learner_out *out)
{
    struct signature signature;

    if (signature_get(p->data, &signature) &&
        learner_leave_foreign(l, &signature.identity, out))
        return;
    l->theirs = signature.identity;
    switch (p->type) {
    case Q_DIFF:
        on_diff(l, now, out);
        break;
    case Q_TRUNC:
        on_trunc(l, p->zxid, now, out);
        break;
    case Q_SNAP:
        on_snap(l, p->zxid, signature.common, now, out);
        break;
    default: /* trap ZOOKEEPER-3104: NEW_LEADER before the history */
        learner_give_up(l, "neither DIFF nor TRUNC nor SNAP", out);
    }
}

/* SYNCING, SEALING, SEALED */
static void
hear_in_sync(struct learner *l, const struct qpacket *p, mono_ms_t now,
             struct learner_out *out)
{
    if (is_idle_talk(p->type) || learner_on_transaction(l, p, out))
        return;
    if (p->type == Q_NEW_LEADER && l->state == LEARNER_SYNCING)
        learner_on_new_leader(l, p->zxid, out);
    else if (p->type == Q_UP_TO_DATE && l->state == LEARNER_SEALED)
        learner_on_up_to_date(l, now, out);
    else
        learner_give_up(l, "a packet that has no place while we synchronise",
                        out);
}

/*
 * 8: an observer hears of what is committed by INFORM alone, and a follower
 * never by INFORM.
 */
static bool
is_for_us(const struct learner *l, int32_t type)
{
    bool is_inform = type == Q_INFORM || type == Q_INFORM_ACTIVATE;

    return is_inform == l->conf.is_observer;
}

static void
hear_in_broadcast(struct learner *l, const struct qpacket *p, mono_ms_t now,
                  struct learner_out *out)
{
    switch (p->type) {
    case Q_PING:
        learner_hear_confirmed(l, p->data, out);
        if (l->state != LEARNER_OVER)
            learner_hear_ping(l, p->zxid, now, out);
        break;
    case Q_SYNC:
        learner_add(out, LEARNER_SYNCED);
        break;
    case Q_REVALIDATE:
        learner_add(out, LEARNER_REVALIDATED)->packet = *p;
        break;
    case Q_LEADER_INFO:
    case Q_DIFF:
    case Q_TRUNC:
    case Q_SNAP:
    case Q_NEW_LEADER:
        learner_give_up(l, "the leader begins again in the middle", out);
        break;
    default: /* ZK: anything else is logged and ignored */
        if (is_for_us(l, p->type))
            (void)learner_on_transaction(l, p, out);
    }
}

void
learner_hear(struct learner *l, const struct qpacket *p, mono_ms_t now,
             struct learner_out *out)
{
    learner_stirs(l, now);
    switch (l->state) {
    case LEARNER_DISCOVERY:
        hear_in_discovery(l, p, now, out);
        break;
    case LEARNER_PROMISING:
        learner_give_up(l, "the leader does not wait for our promise", out);
        break;
    case LEARNER_AWAITING:
        hear_awaiting(l, p, now, out);
        break;
    case LEARNER_CUTTING:
    case LEARNER_SNAPPING:
        never("read while the log is cut or a snapshot comes");
    case LEARNER_SYNCING:
    case LEARNER_SEALING:
    case LEARNER_SEALED:
        hear_in_sync(l, p, now, out);
        break;
    case LEARNER_BROADCAST:
        hear_in_broadcast(l, p, now, out);
        break;
    case LEARNER_OVER:
        break;
    }
}
