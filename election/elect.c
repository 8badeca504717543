/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elect.c - fast leader election; see elect.h.
 *
 * Pure; stepped by the election process and by the simulator.
 */
#include "election/elect.h"

#include "daemon/check.h"

static struct elect_act *
add(struct elect_out *out, enum elect_act_kind kind)
{
    check(out->count < ELECT_ACTS_MAX);
    out->act[out->count] = (struct elect_act){.kind = kind};
    return &out->act[out->count++];
}

static void
tell(struct elect *e, struct elect_out *out, sid_t to, const struct vote *v,
     const char *why)
{
    struct elect_act *a = add(out, ELECT_TELL);

    a->to = to;
    a->vote = *v;
    a->vote.ensemble = e->ensemble;
    a->why = why;
}

static void
tell_all(struct elect *e, struct elect_out *out, const char *why)
{
    struct elect_act *a = add(out, ELECT_TELL_ALL);

    a->vote = e->mine;
    a->vote.ensemble = e->ensemble;
    a->why = why;
}

static void
set_alarm(struct elect_out *out, int32_t ms)
{
    add(out, ELECT_SET_ALARM)->ms = ms;
}

/*
 * Ours: what voters decide they tell to voters only.  An observer that has
 * looked for long, because there was no quorum, would hear of a leader a minute
 * late.
 */
void
elect_init(struct elect *e, const struct quorum *q, sid_t me,
           int32_t resend_max_ms)
{
    *e = (struct elect){
        .quorum = q,
        .me = me,
        .resend_max_ms =
            resend_max_ms > 0 ? resend_max_ms : ELECT_RESEND_MAX_MS,
    };
    if (!quorum_votes(q, me) && e->resend_max_ms > ELECT_ASK_MAX_MS)
        e->resend_max_ms = ELECT_ASK_MAX_MS;
}

/* --- deciding ------------------------------------------------------------- */

/* Vote for what `v` votes for, in our round.  The caller has to tell it. */
static void
adopt(struct elect *e, const struct vote *v)
{
    e->mine.leader = v->leader;
    e->mine.zxid = v->zxid;
    e->mine.epoch = v->epoch;
    e->mine.round = e->round;
    tally_put(&e->tally, e->quorum, &e->mine);
}

/* `v` is the outcome. */
static void
accept(struct elect *e, const struct vote *v)
{
    e->state = ELECT_DECIDED;
    e->has_left = false;
    e->round = v->round;
    e->mine.leader = v->leader;
    e->mine.zxid = v->zxid;
    e->mine.round = v->round;
    e->mine.epoch = v->epoch;
    e->mine.state = vote_role(e->quorum, e->me, v->leader);
}

static void
decide(struct elect *e, const struct vote *v, const char *why,
       struct elect_out *out)
{
    struct elect_act *a;

    accept(e, v);
    a = add(out, ELECT_DECIDE);
    a->vote = e->mine;
    a->why = why;
}

/*
 * The voters that can be elected, of those that may answer; and ourselves.
 * The leader we lost may be frozen, its connection alive: it is not waited
 * for.  If it only stepped down, we mostly heard of that before we looked.
 */
static quorum_set_t
speakers_of(const struct elect *e)
{
    quorum_set_t set = 0;

    for (uint32_t i = 0; i < e->quorum->count; i++)
        if (quorum_weight(e->quorum, e->quorum->member[i].sid) > 0)
            set |= (quorum_set_t)1 << i;
    return (set & e->reachable & ~e->lost & ~e->foreign) |
           quorum_bit(e->quorum, e->me);
}

/*
 * Does a quorum agree with us?  A better vote may come within the settling
 * time, which begins when our vote `has_changed` or is agreed to, unless
 * everybody who can speak has spoken.
 *
 * Ours: Apache always waits; when every voter that can be reached agrees, no
 * better vote can come from them, and those who cannot be reached would not
 * be waited for either.  A server that cannot be elected has no better vote.
 */
static void
settle(struct elect *e, bool has_changed, struct elect_out *out)
{
    quorum_set_t agreed = tally_for(&e->tally, &e->mine);
    quorum_set_t speakers = speakers_of(e);

    if (!quorum_is_met(e->quorum, agreed)) {
        e->state = ELECT_LOOKING;
        return;
    }
    if ((speakers & ~agreed) == 0) {
        decide(e, &e->mine, "every voter we can reach agrees", out);
        return;
    }
    if (e->state == ELECT_SETTLING && !has_changed)
        return;
    e->state = ELECT_SETTLING;
    set_alarm(out, ELECT_SETTLE_MS);
}

void
elect_restore(struct elect *e, const struct vote *outcome)
{
    check(e->state == ELECT_IDLE);
    e->mine = (struct vote){.from = e->me};
    accept(e, outcome);
}

void
elect_know(struct elect *e, uint64_t ensemble)
{
    e->ensemble = ensemble;
}

/* --- looking -------------------------------------------------------------- */

/*
 * Nobody counts up to the last round, but anybody may say that it is there.
 * Behind it they begin again; a server in a later one is joined as always.
 * ZK: logicalclock wraps to the smallest number there is
 */
static int64_t
next_round(int64_t round)
{
    return round == INT64_MAX ? 1 : round + 1;
}

void
elect_look(struct elect *e, zxid_t zxid, int64_t epoch, struct elect_out *out)
{
    bool votes = quorum_votes(e->quorum, e->me);

    if (e->mine.state != SERVER_LOOKING)
        e->lost = e->mine.state == SERVER_LEADING || e->has_left
                      ? 0
                      : quorum_bit(e->quorum, e->mine.leader);
    e->round = next_round(e->round);
    e->state = ELECT_LOOKING;
    e->tally.heard = e->outside.heard = 0;
    e->resend_ms = ELECT_RESEND_MIN_MS;
    e->self = (struct vote){
        .from = e->me,
        .state = SERVER_LOOKING,
        .leader = votes ? e->me : VOTE_NOBODY,
        .zxid = votes ? zxid : VOTE_NOBODY,
        .round = e->round,
        .epoch = votes ? epoch : VOTE_NOBODY,
    };
    e->mine = e->self;
    tell_all(e, out, "looking for a leader");
    set_alarm(out, e->resend_ms);
    if (votes && zxid != -1) {
        tally_put(&e->tally, e->quorum, &e->mine);
        settle(e, true, out);
    }
}

/* --- what others say ------------------------------------------------------ */

/*
 * ZK: the case LOOKING of lookForLeader; HandleNotmsg in the TLA+.
 *
 * Ours: a server that we hear for the first time in a round is told our vote.
 * It may have begun to look only now, and dropped what we told it before;
 * Apache's servers find out when they tell each other again, 200 ms later at
 * best.
 */
static void
hear_looking(struct elect *e, const struct vote *v, struct elect_out *out)
{
    bool is_new, changed = false;

    e->lost &= ~quorum_bit(e->quorum, v->from);
    if (e->self.zxid == -1 || v->zxid == -1)
        return; /* an empty database has no say */
    if (v->round < e->round) {
        if (quorum_votes(e->quorum, e->me)) /* else it answers again */
            tell(e, out, v->from, &e->mine, "its round is old");
        return;
    }
    if (v->round > e->round) {
        e->round = v->round;
        e->tally.heard = 0;
        adopt(e, vote_beats(e->quorum, v, &e->self) ? v : &e->self);
        tell_all(e, out, "joined a newer round");
        changed = true;
    } else if (vote_beats(e->quorum, v, &e->mine)) {
        adopt(e, v);
        tell_all(e, out, "heard a better vote");
        changed = true;
    }
    is_new = !(e->tally.heard & quorum_bit(e->quorum, v->from));
    if (is_new && !changed)
        tell(e, out, v->from, &e->mine, "it is new in this round");
    tally_put(&e->tally, e->quorum, v);
    settle(e, changed, out);
}

/*
 * Followers alone cannot vouch for a leader that may be dead: it must have
 * said itself that it leads.  ZK: checkLeader
 */
static bool
leader_is_there(const struct elect *e, const struct tally *t,
                const struct vote *v)
{
    int i = quorum_index(e->quorum, v->leader);

    if (v->leader == e->me)
        return v->round == e->round;
    return i >= 0 && tally_has(t, i) && t->vote[i].state == SERVER_LEADING;
}

static bool
is_backed(const struct elect *e, const struct tally *t, const struct vote *v)
{
    return quorum_is_met(e->quorum, tally_for(t, v)) &&
           leader_is_there(e, t, v);
}

/* ZK: the cases FOLLOWING and LEADING: an ensemble with a leader. */
static void
hear_settled(struct elect *e, const struct vote *v, struct elect_out *out)
{
    struct vote in_round = *v;

    in_round.version = 0; /* so kept, so compared: by leader alone */
    if (v->round == e->round) {
        tally_put(&e->tally, e->quorum, &in_round);
        if (is_backed(e, &e->tally, v)) {
            decide(e, v, "a quorum of this round has a leader", out);
            return;
        }
    }
    tally_put(&e->outside, e->quorum, v);
    if (is_backed(e, &e->outside, v))
        decide(e, v, "joins an ensemble that has a leader", out);
}

/* --- servers of another ensemble ------------------------------------------ */

/*
 * Ours: each note says of which ensemble its sender is.  A foreign server would
 * win every election with a later epoch, and be refused by all when it leads.
 *
 * What a note says counts until the next one, for it may be put right.  True:
 * only now it is known to be foreign.
 */
static bool
meet(struct elect *e, const struct vote *v)
{
    int i = quorum_index(e->quorum, v->from);
    quorum_set_t bit = i < 0 ? 0 : (quorum_set_t)1 << i;
    bool is_known = (e->foreign & bit) != 0;

    e->foreign &= ~bit;
    if (ensemble_is_foreign(v->ensemble, e->ensemble))
        e->foreign |= bit;
    return !is_known && (e->foreign & bit);
}

/* The vote is by one of them, or for one. */
static bool
is_foreign(const struct elect *e, const struct vote *v)
{
    return (e->foreign & (quorum_bit(e->quorum, v->from) |
                          quorum_bit(e->quorum, v->leader))) != 0;
}

/*
 * What it said before it knew, and what others said of it, is forgotten by a
 * new round; and nobody waits for it.
 */
static void
leave_out(struct elect *e, sid_t foreign, struct elect_out *out)
{
    if (e->self.zxid == -1)
        return;
    if ((e->tally.heard & quorum_bit(e->quorum, foreign)) ||
        e->mine.leader == foreign)
        elect_look(e, e->self.zxid, e->self.epoch, out);
    else
        settle(e, false, out);
}

/* --- events --------------------------------------------------------------- */

/*
 * A server that does not vote learns from us what we know, in any state.
 *
 * Ours: but our vote only if it looks, too, and not in a later round.  Else it
 * drops that, and tells us of its leader, or that our round is old; Apache's
 * servers go on so until both have the same leader.
 */
static void
answer_stranger(struct elect *e, const struct vote *v, struct elect_out *out)
{
    if (e->state != ELECT_DECIDED &&
        (v->state != SERVER_LOOKING || v->round > e->round))
        return;
    tell(e, out, v->from, &e->mine, "it does not vote");
}

void
elect_hear(struct elect *e, const struct vote *v, struct elect_out *out)
{
    bool is_new_foreigner = meet(e, v);

    if (v->state == SERVER_LOOKING && v->from == e->mine.leader)
        e->has_left = true;
    if (e->state == ELECT_IDLE)
        return;
    if (!quorum_votes(e->quorum, v->from)) {
        answer_stranger(e, v, out);
        return;
    }
    if (e->state == ELECT_DECIDED) {
        if (v->state == SERVER_LOOKING && quorum_votes(e->quorum, e->me))
            tell(e, out, v->from, &e->mine, "it looks, we have a leader");
        return;
    }
    if (is_new_foreigner) {
        leave_out(e, v->from, out);
        return;
    }
    if (!quorum_votes(e->quorum, v->leader) || is_foreign(e, v))
        return; /* not of this ensemble */
    if (v->state == SERVER_LOOKING)
        hear_looking(e, v, out);
    else if (v->state != SERVER_OBSERVING)
        hear_settled(e, v, out);
}

void
elect_alarm(struct elect *e, struct elect_out *out)
{
    if (e->state == ELECT_SETTLING) {
        decide(e, &e->mine, "a quorum agreed and nothing better came", out);
        return;
    }
    if (e->state != ELECT_LOOKING)
        return;
    if (e->resend_ms < e->resend_max_ms / 2)
        e->resend_ms *= 2;
    else
        e->resend_ms = e->resend_max_ms;
    tell_all(e, out, "nobody answered for a while");
    set_alarm(out, e->resend_ms);
}

void
elect_reach(struct elect *e, quorum_set_t reachable, struct elect_out *out)
{
    e->reachable = reachable & quorum_all(e->quorum);
    if (e->state == ELECT_SETTLING)
        settle(e, false, out);
}

void
elect_over(struct elect *e)
{
    e->state = ELECT_IDLE;
}

void
elect_established(struct elect *e, int64_t epoch)
{
    check(e->state == ELECT_DECIDED);
    e->mine.epoch = epoch;
}
