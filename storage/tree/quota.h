/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quota.h - limits on subtrees, kept in nodes below /zookeeper/quota.
 *
 * A quota on /a/b is the node /zookeeper/quota/a/b/zookeeper_limits, made by
 * a client; what the subtree comes to stands in zookeeper_stats beside it,
 * which every server keeps by itself: no version, no watch, no digest.  Both
 * are text, `count=3,bytes=100=;byteHardLimit=20`.  Nothing here costs
 * anything while no limits node exists.
 *
 * Pure.  Any process may look (under the sequence lock); tree_apply keeps the
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

/* Take `text` apart; text that is no quota gives -1 throughout, and false. */
bool quota_parse(struct bytes text, struct quota_text *q);

/*
 * What a path below /zookeeper/quota means, and for which path; `real`, part
 * of `path`, is "" for the root.  Limits on the root, which end the Java
 * server, mean nothing.
 */
enum quota_node { QUOTA_NONE, QUOTA_LIMITS, QUOTA_STATS };
enum quota_node quota_node_of(struct bytes path, struct bytes *real);

/* What stands beside a limits node, or beside a statistics node. */
#define QUOTA_LIMITS_NAME "zookeeper_limits"
#define QUOTA_STATS_NAME "zookeeper_stats"

enum { QUOTA_TEXT_MAX = 128 };

/* Write as the Java server does; returns the length. */
size_t quota_print(const struct quota_text *q, char text[QUOTA_TEXT_MAX]);

struct quota_view {
    struct bytes path; /* where the quota stands; part of the question */
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
