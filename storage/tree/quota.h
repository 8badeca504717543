/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quota.h - limits on subtrees, kept in nodes below /zookeeper/quota.
 *
 * A quota on /a/b is the node /zookeeper/quota/a/b/zookeeper_limits, made by
 * a client; how much the subtree holds is in zookeeper_stats beside it, which
 * every server keeps by itself: no version, no watch, no digest.  Both
 * are text, `count=3,bytes=100=;byteHardLimit=20`.  Nothing here costs
 * anything while there is no limits node.
 *
 * Pure.  Any process may ask (under the sequence lock); tree_apply keeps the
 * statistics.
 * ZK: Quotas, StatsTrack, PathTrie, DataTree.updateQuotaStat
 */
#ifndef STORAGE_TREE_QUOTA_H
#define STORAGE_TREE_QUOTA_H

#include "storage/tree/tree.h"

/* Numbers of limits or statistics; -1: not given, no limit. */
struct quota_text {
    int64_t count, bytes;           /* limits: soft ones */
    int64_t count_hard, bytes_hard; /* of limits only */
};

/* Take `text` apart; false, and -1 throughout: it is no quota. */
bool quota_parse(struct bytes text, struct quota_text *q);

/*
 * What a node at `path` is to quotas, and for which path: `real`, a part of
 * `path`, "" for the root.  Limits on the root, which would end the Java
 * server, mean nothing.
 */
enum quota_node { QUOTA_NONE, QUOTA_LIMITS, QUOTA_STATS };
enum quota_node quota_node_of(struct bytes path, struct bytes *real);

/* The names of a limits node and of the statistics beside it. */
#define QUOTA_LIMITS_NAME "zookeeper_limits"
#define QUOTA_STATS_NAME "zookeeper_stats"

enum { QUOTA_TEXT_MAX = 128 };

/* Write as the Java server does; returns the length. */
size_t quota_print(const struct quota_text *q, char text[QUOTA_TEXT_MAX]);

struct quota_view {
    struct bytes path; /* that the quota is on; a part of what was asked */
    struct quota_text limits;
    struct quota_text now; /* count and bytes as in the statistics */
    bool has_stats;        /* without the node nothing is enforced */
};

/*
 * The deepest quota that covers `path`, which need not exist; false if there
 * is none.
 */
bool quota_find(const struct tree *t, struct bytes path, struct quota_view *q);

#endif
