/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prep_quota.h - hard quotas, where the operator enforces them.
 *
 * Pure.  The replication process.  ZK: ZooKeeperServer.checkQuota
 */
#ifndef NET_PREP_PREP_QUOTA_H
#define NET_PREP_PREP_QUOTA_H

#include "net/prep/prep.h"

/*
 * May the subtree that `path` is charged to grow by `nodes` and `bytes`?
 * ZK_OK or ZK_QUOTA_EXCEEDED.  Looks at what is committed, not at what is
 * pending; an axis that does not grow is not tested.
 */
enum zk_code prep_quota(const struct prep *p, struct bytes path, int64_t nodes,
                        int64_t bytes);

#endif
