/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quota_text.h - what the nodes of a quota are called, and what they say.
 *
 *     /zookeeper/quota/a/b/zookeeper_limits   count=3,bytes=9=;byteHardLimit=20
 *     /zookeeper/quota/a/b/zookeeper_stats    count=2,bytes=7
 *
 * Pure.  ZK: Quotas, StatsTrack.  Facts: client-protocol.md 10.2.
 */
#ifndef STORAGE_TREE_QUOTA_TEXT_H
#define STORAGE_TREE_QUOTA_TEXT_H

#include "daemon/types.h"

#define QUOTA_ROOT "/zookeeper/quota"
#define QUOTA_LIMITS_NAME "zookeeper_limits"
#define QUOTA_STATS_NAME "zookeeper_stats"

/*
 * What a node at `path` is to quotas, and for which path: `real`, a part of
 * `path`, "" for the root.  Limits on the root, which would end the Java
 * server, mean nothing.
 */
enum quota_node { QUOTA_NONE, QUOTA_LIMITS, QUOTA_STATS };
enum quota_node quota_node_of(struct bytes path, struct bytes *real);

/* Numbers of limits or statistics; -1: not given, no limit. */
struct quota_text {
    int64_t count, bytes;           /* limits: soft ones */
    int64_t count_hard, bytes_hard; /* of limits only */
};

/* Take `text` apart; false, and -1 throughout: it is no quota. */
bool quota_parse(struct bytes text, struct quota_text *q);

enum { QUOTA_TEXT_MAX = 128 };

/* Write as the Java server does; returns the length. */
size_t quota_print(const struct quota_text *q, char text[QUOTA_TEXT_MAX]);

#endif
