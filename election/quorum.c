/* SPDX-License-Identifier: Apache-2.0 */
/* quorum.c - see quorum.h.  Pure; any process. */
#include "election/quorum.h"

#include "daemon/check.h"

int
quorum_index(const struct quorum *q, sid_t sid)
{
    for (uint32_t i = 0; i < q->count; i++)
        if (q->member[i].sid == sid)
            return (int)i;
    return -1;
}

bool
quorum_votes(const struct quorum *q, sid_t sid)
{
    int i = quorum_index(q, sid);

    return i >= 0 && !q->member[i].is_observer;
}

quorum_set_t
quorum_bit(const struct quorum *q, sid_t sid)
{
    int i = quorum_index(q, sid);

    return i < 0 || q->member[i].is_observer ? 0 : (quorum_set_t)1 << i;
}

quorum_set_t
quorum_all(const struct quorum *q)
{
    quorum_set_t set = 0;

    for (uint32_t i = 0; i < q->count; i++)
        set |= quorum_bit(q, q->member[i].sid);
    return set;
}

int64_t
quorum_weight(const struct quorum *q, sid_t sid)
{
    int i = quorum_index(q, sid);

    if (i < 0 || q->member[i].is_observer)
        return 0;
    return q->groups > 0 ? q->member[i].weight : 1;
}

/* More than half of all voters. */
static bool
majority(const struct quorum *q, quorum_set_t set)
{
    int all = __builtin_popcountll(quorum_all(q));

    return __builtin_popcountll(set & quorum_all(q)) > all / 2;
}

/*
 * More than half of the groups that have weight, each with more than half
 * of its weight.  ZK: QuorumHierarchical.containsQuorum
 */
static bool
majority_of_groups(const struct quorum *q, quorum_set_t set)
{
    int64_t whole[QUORUM_GROUPS_MAX] = {0}, part[QUORUM_GROUPS_MAX] = {0};
    uint32_t with_weight = 0, won = 0;

    for (uint32_t i = 0; i < q->count; i++) {
        const struct quorum_member *m = &q->member[i];

        if (m->is_observer)
            continue;
        check(m->group < QUORUM_GROUPS_MAX);
        whole[m->group] += m->weight;
        if (set >> i & 1)
            part[m->group] += m->weight;
    }
    for (uint32_t g = 0; g < QUORUM_GROUPS_MAX; g++) {
        with_weight += whole[g] > 0;
        won += whole[g] > 0 && part[g] > whole[g] / 2;
    }
    return won > with_weight / 2;
}

bool
quorum_is_met(const struct quorum *q, quorum_set_t set)
{
    return q->groups > 0 ? majority_of_groups(q, set) : majority(q, set);
}
