/* SPDX-License-Identifier: Apache-2.0 */
/*
 * effect.h - what a creation does to Stats: the rules that the tree and the
 * LMDB image share.
 *
 * Pure; any process.
 * ZK: DataTree.createNode, setCversionPzxid (spec/quorum-protocol.md 10.3)
 */
#ifndef STORAGE_TREE_EFFECT_H
#define STORAGE_TREE_EFFECT_H

#include "storage/tree/txn.h"
#include "storage/tree/znode.h"

/* The Stat of the new node, but for data_size. */
static inline struct znode_stat
effect_created(const struct txn_header *h, const struct change *creation)
{
    return (struct znode_stat){
        .czxid = h->zxid,
        .mzxid = h->zxid,
        .pzxid = h->zxid,
        .ctime = h->time,
        .mtime = h->time,
        .owner = creation->owner,
    };
}

/*
 * Whether it counts at its parent, which then gets `*cversion`, and the zxid as
 * its pzxid.  It does not when the parent is further already, for a replay over
 * a fuzzy snapshot takes nothing back (14.4.4).
 *
 * It counts even when the node is there already: it may have gone with its
 * session and been made again, and the snapshot has the parent from before that
 * and the node from after it.  ZK: processTxn, for type create only (14.4.5).
 * Ours: for every kind, as the leader counted it, whose digest says so.
 */
static inline bool
effect_counts(const struct change *creation, int32_t *cversion)
{
    int32_t after = creation->parent_cversion == -1
                        ? (int32_t)((uint32_t)*cversion + 1)
                        : creation->parent_cversion;

    if (after <= *cversion)
        return false;
    *cversion = after;
    return true;
}

#endif
