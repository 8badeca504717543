/* SPDX-License-Identifier: Apache-2.0 */
/* poll.c - the polling election; see poll.h.  Pure. */
#include "election/poll.h"

#include <errno.h>

void
poll_init(struct poll *p, const struct quorum *q, sid_t me, zxid_t zxid)
{
    sid_t candidate = zxid == -1 ? VOTE_NOBODY : me;

    *p = (struct poll){
        .quorum = q,
        .me = me,
        .self = {.from = me, .leader = candidate, .zxid = zxid},
    };
    p->mine = p->self;
}

zxid_t
poll_candidacy(zxid_t last, int64_t current)
{
    if (last < 0 || zxid_epoch(last) == current)
        return last;
    return ZXID(current, zxid_epoch(last) > current ? UINT32_MAX : 0);
}

void
poll_know(struct poll *p, uint64_t ensemble)
{
    p->ensemble = ensemble;
}

void
poll_begin(struct poll *p, int32_t xid)
{
    p->xid = xid;
    p->tally.heard = 0;
}

void
poll_hear(struct poll *p, const struct poll_answer *answer)
{
    quorum_set_t bit = quorum_bit(p->quorum, answer->id);
    struct vote v = {
        .from = answer->id, .leader = answer->leader, .zxid = answer->zxid};

    if (answer->xid != p->xid || !bit)
        return;
    p->foreign &= ~bit;
    p->tally.heard &= ~bit;
    if (ensemble_is_foreign(answer->ensemble, p->ensemble))
        p->foreign |= bit;
    else
        tally_put(&p->tally, p->quorum, &v);
}

/*
 * Member `i` is a candidate: it was heard, and proposes itself.  Nobody is
 * elected whom only others remember, or who stands for somebody else by now;
 * nor one without weight.  ZK: the original knows no weights
 */
static bool
stands(const struct poll *p, int i)
{
    const struct vote *v = &p->tally.vote[i];

    return tally_has(&p->tally, i) && v->leader == v->from &&
           quorum_weight(p->quorum, v->from) > 0;
}

static quorum_set_t
supporters(const struct poll *p, sid_t leader)
{
    quorum_set_t set = 0;

    for (int i = 0; i < QUORUM_MEMBERS_MAX; i++)
        if (tally_has(&p->tally, i) && p->tally.vote[i].leader == leader)
            set |= (quorum_set_t)1 << i;
    return set;
}

static bool
wins(const struct poll *p, int i)
{
    return stands(p, i) &&
           quorum_is_met(p->quorum, supporters(p, p->tally.vote[i].from));
}

bool
poll_heard_all(const struct poll *p)
{
    return p->tally.heard == (quorum_all(p->quorum) & ~p->foreign);
}

bool
poll_is_won(const struct poll *p)
{
    for (int i = 0; i < QUORUM_MEMBERS_MAX; i++)
        if (wins(p, i))
            return true;
    return false;
}

/* Who has no vote is for nobody before others have decided. */
static bool
is_better(const struct vote *v, const struct vote *than)
{
    if (than->leader == VOTE_NOBODY)
        return false;
    return v->zxid > than->zxid ||
           (v->zxid == than->zxid && v->leader > than->leader);
}

/*
 * ZK: LeaderElection.countVotes.
 * Ours: there a candidate stands with the most that anybody reports for it.
 * Who follows reports what it has itself, and who looks tells on what it heard:
 * a leader that is behind its followers was elected again and again.  Here its
 * own word counts, and it was heard in this round.  Nor are we for one that has
 * less than we: so who has most stands until it has a leader, all who hear it
 * are for it, and the election ends.
 */
bool
poll_end(struct poll *p)
{
    struct vote best = p->self;
    bool is_decided = false;

    for (int i = 0; i < QUORUM_MEMBERS_MAX && !is_decided; i++) {
        const struct vote *v = &p->tally.vote[i];

        is_decided = wins(p, i);
        if (is_decided || (stands(p, i) && is_better(v, &best)))
            best = *v;
    }
    p->mine.leader = best.leader;
    p->mine.zxid = best.zxid;
    return is_decided;
}

void
poll_put_answer(struct jute_out *out, const struct poll_answer *answer)
{
    jute_put_i32(out, answer->xid);
    jute_put_i64(out, answer->id);
    jute_put_i64(out, answer->leader);
    jute_put_i64(out, answer->zxid);
    ensemble_put(out, answer->ensemble);
}

int
poll_get_answer(struct bytes datagram, struct poll_answer *answer)
{
    struct jute_in in = jute_in_bytes(datagram);

    answer->xid = jute_get_i32(&in);
    answer->id = jute_get_i64(&in);
    answer->leader = jute_get_i64(&in);
    answer->zxid = jute_get_i64(&in);
    answer->ensemble = ensemble_get(&in);
    return in.bad ? -EBADMSG : 0;
}
