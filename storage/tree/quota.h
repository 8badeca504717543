/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quota.h - limits on subtrees, kept in nodes below /zookeeper/quota.
 *
 * A quota on /a/b is the node /zookeeper/quota/a/b/zookeeper_limits, made by
 * a client; how much the subtree holds is in zookeeper_stats beside it, which
 * every server keeps by itself: no version, no watch, no digest.  Both are
 * text: quota_text.h.  Nothing here costs anything while there is no limits
 * node.
 *
 * Pure.  Any process may ask (under the sequence lock); tree_apply keeps the
 * statistics.
 * ZK: Quotas, StatsTrack, PathTrie, DataTree.updateQuotaStat
 */
#ifndef STORAGE_TREE_QUOTA_H
#define STORAGE_TREE_QUOTA_H

#include "storage/tree/quota_text.h"
#include "storage/tree/tree.h"

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
