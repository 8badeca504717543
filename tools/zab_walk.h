/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zab_walk.h - the whole tree of one running server, read as a client.
 *
 * A session is opened, a sync sent, and the tree walked breadth first with many
 * requests in flight; each node leaves a hash of its path, data, ACL and Stat.
 * Of one that not everybody may read it leaves what is told, and nobody knows
 * what is below.  What is below /zookeeper/ is left out: each server keeps that
 * by itself.
 */
#ifndef TOOLS_ZAB_WALK_H
#define TOOLS_ZAB_WALK_H

#include "daemon/types.h"

struct zab_walk_node {
    char *path; /* zero-ended; the walk's */
    uint64_t hash;
    bool is_gone;   /* removed while we walked */
    bool is_hidden; /* its ACL lets us not read it */
};

struct zab_walk {
    struct zab_walk_node *node; /* in the order found; sorted by path at last */
    size_t count, room;
    size_t hidden;      /* nodes */
    uint64_t digest;    /* the sum of the hashes */
    zxid_t first, last; /* of the replies: equal if nobody wrote meanwhile */
};

/* 0, or -errno with a line on stderr.  zab_walk_free takes either. */
int zab_walk(struct zab_walk *w, const char *me, const char *where);
void zab_walk_free(struct zab_walk *w);

#endif
