/* SPDX-License-Identifier: Apache-2.0 */
/* tally.c - see tally.h.  Pure; the election process. */
#include "election/tally.h"

void
tally_put(struct tally *t, const struct quorum *q, const struct vote *v)
{
    quorum_set_t bit = quorum_bit(q, v->from);

    if (!bit)
        return;
    t->heard |= bit;
    t->vote[__builtin_ctzll(bit)] = *v;
}

quorum_set_t
tally_for(const struct tally *t, const struct vote *v)
{
    quorum_set_t set = 0;

    for (int i = 0; i < QUORUM_MEMBERS_MAX; i++)
        if (tally_has(t, i) && vote_agrees(v, &t->vote[i]))
            set |= (quorum_set_t)1 << i;
    return set;
}
