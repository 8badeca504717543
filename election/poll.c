/* SPDX-License-Identifier: Apache-2.0 */
/* poll.c - the polling election; see poll.h.  Pure. */
#include "election/poll.h"

#include <errno.h>

void
poll_init(struct poll *p, const struct quorum *q, sid_t me, zxid_t zxid)
{
    *p = (struct poll){
        .quorum = q,
        .me = me,
        .self = {.from = me, .leader = me, .zxid = zxid},
        .mine = {.from = me, .leader = me, .zxid = zxid},
    };
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
    p->aliens &= ~bit;
    if (ensemble_is_foreign(answer->ensemble, p->ensemble))
        p->aliens |= bit;
    else
        tally_put(&p->tally, p->quorum, &v);
}

/*
 * A vote counts when its candidate was heard from itself: nobody is elected
 * whom only others remember.
 */
static bool
is_valid(const struct poll *p, int i)
{
    const struct tally *t = &p->tally;

    return tally_has(t, i) &&
           (t->heard & quorum_bit(p->quorum, t->vote[i].leader));
}

/* The largest zxid that anybody reports for a candidate. */
static zxid_t
best_zxid_of(const struct poll *p, sid_t leader)
{
    zxid_t best = INT64_MIN;

    for (int i = 0; i < QUORUM_MEMBERS_MAX; i++)
        if (is_valid(p, i) && p->tally.vote[i].leader == leader &&
            p->tally.vote[i].zxid > best)
            best = p->tally.vote[i].zxid;
    return best;
}

static quorum_set_t
supporters(const struct poll *p, sid_t leader)
{
    quorum_set_t set = 0;

    for (int i = 0; i < QUORUM_MEMBERS_MAX; i++)
        if (is_valid(p, i) && p->tally.vote[i].leader == leader)
            set |= (quorum_set_t)1 << i;
    return set;
}

bool
poll_heard_all(const struct poll *p)
{
    return p->tally.heard == (quorum_all(p->quorum) & ~p->aliens);
}

bool
poll_is_won(const struct poll *p)
{
    for (int i = 0; i < QUORUM_MEMBERS_MAX; i++)
        if (is_valid(p, i) &&
            quorum_is_met(p->quorum, supporters(p, p->tally.vote[i].leader)))
            return true;
    return false;
}

bool
poll_end(struct poll *p)
{
    struct vote best = {.leader = VOTE_NOBODY, .zxid = INT64_MIN};

    for (int i = 0; i < QUORUM_MEMBERS_MAX; i++) {
        struct vote v;

        if (!is_valid(p, i))
            continue;
        v = p->tally.vote[i];
        v.zxid = best_zxid_of(p, v.leader);
        if (quorum_is_met(p->quorum, supporters(p, v.leader))) {
            p->mine.leader = v.leader;
            p->mine.zxid = v.zxid;
            return true;
        }
        if (v.zxid > best.zxid ||
            (v.zxid == best.zxid && v.leader > best.leader))
            best = v;
    }
    if (best.leader == VOTE_NOBODY)
        best = p->self;
    p->mine.leader = best.leader;
    p->mine.zxid = best.zxid;
    return false;
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
