/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tally.h - the votes that were heard: the last of each voter.
 *
 * Begins as zeros, and again with `heard` 0.  Plain value, pure.
 */
#ifndef ELECTION_TALLY_H
#define ELECTION_TALLY_H

#include "election/vote.h"

struct tally {
    quorum_set_t heard;
    struct vote vote[QUORUM_MEMBERS_MAX]; /* of member i, if it was heard */
};

/* The vote of `v->from`; one that is no voter of `q` has none. */
void tally_put(struct tally *t, const struct quorum *q, const struct vote *v);

/* Whether member `i` was heard. */
static inline bool
tally_has(const struct tally *t, int i)
{
    return t->heard >> i & 1;
}

/* The members whose vote agrees with `v`. */
quorum_set_t tally_for(const struct tally *t, const struct vote *v);

#endif
