/* SPDX-License-Identifier: Apache-2.0 */
/* prep_quota.c - see prep_quota.h.  Facts: spec/client-protocol.md 10.2. */
#include "net/prep/prep_quota.h"

#include "storage/tree/quota.h"

/*
 * Soft limits only warn in Apache's log; nobody is told here either.  What is
 * above a hard one may shrink, but only to where that is kept.  Clients can
 * write what is there `now`, so the sum may wrap.
 * ZK: ZooKeeperServer.checkQuota
 */
static bool
exceeds(int64_t now, int64_t growth, int64_t hard_limit)
{
    int64_t after = (int64_t)((uint64_t)now + (uint64_t)growth);

    return growth != 0 && hard_limit > -1 && after > hard_limit;
}

enum zk_code
prep_quota(const struct prep *p, struct bytes path, int64_t nodes,
           int64_t bytes)
{
    struct quota_view q;

    if (!p->rules.enforce_quota || !quota_find(p->tree, path, &q) ||
        !q.has_stats)
        return ZK_OK;
    return exceeds(q.now.count, nodes, q.limits.count_hard) ||
                   exceeds(q.now.bytes, bytes, q.limits.bytes_hard)
               ? ZK_QUOTA_EXCEEDED
               : ZK_OK;
}
