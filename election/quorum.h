/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quorum.h - who is a member, and which sets of members are a quorum.
 *
 * A question about quorums is asked of this object, never computed in
 * passing: it knows majorities and weighted groups, and a reconfiguration
 * will ask two of them.  Plain value, no pointers; pure.
 *
 * ZK: QuorumVerifier, QuorumMaj, QuorumHierarchical
 */
#ifndef ELECTION_QUORUM_H
#define ELECTION_QUORUM_H

#include "daemon/types.h"

/* A group is named by its first voter, so there is room for all of them. */
enum { QUORUM_MEMBERS_MAX = 64, QUORUM_GROUPS_MAX = QUORUM_MEMBERS_MAX };

struct quorum_member {
    sid_t sid;
    bool is_observer; /* never counted, never elected */
    uint8_t group;    /* hierarchical only */
    int64_t weight;   /* hierarchical only; 0: may vote, is never elected */
};

struct quorum {
    uint32_t count;
    uint32_t groups;                                 /* 0: plain majority */
    struct quorum_member member[QUORUM_MEMBERS_MAX]; /* ascending sid */
};

/* A set of members: bit i is member i of one struct quorum. */
typedef uint64_t quorum_set_t;

/* Index of `sid` among the members, observers too, or -1. */
int quorum_index(const struct quorum *q, sid_t sid);

/* Whether `sid` is a member that votes. */
bool quorum_votes(const struct quorum *q, sid_t sid);

/* The set with `sid` in it; empty for a stranger or an observer. */
quorum_set_t quorum_bit(const struct quorum *q, sid_t sid);

/* All voters. */
quorum_set_t quorum_all(const struct quorum *q);

/* Whether the members in `set` are a quorum. */
bool quorum_is_met(const struct quorum *q, quorum_set_t set);

/* Weight of a voter: 1 in a plain majority, 0 for strangers and observers. */
int64_t quorum_weight(const struct quorum *q, sid_t sid);

#endif
