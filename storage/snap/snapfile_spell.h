/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapfile_spell.h - the items of a snapshot stream, spelled.
 *
 * The other direction of snapfile_decode.h: an item becomes a few pieces of
 * bytes, large ones borrowed and not copied.  Pure.
 * For storage/snap/ and storage/image/.
 */
#ifndef STORAGE_SNAP_SNAPFILE_SPELL_H
#define STORAGE_SNAP_SNAPFILE_SPELL_H

#include "daemon/zk.h"
#include "storage/tree/znode.h"

enum { SNAP_PIECES_MAX = 5 };

struct snap_item {
    uint32_t count;
    struct bytes piece[SNAP_PIECES_MAX]; /* of `small`, or borrowed */
    uint8_t small[4 + 4 + 8 + ZK_STAT_PERSISTED_BYTES];
};

void snap_spell_count(struct snap_item *item, int32_t count);
void snap_spell_session(struct snap_item *item, session_id_t id,
                        int32_t timeout_ms);
void snap_spell_acl(struct snap_item *item, int64_t id, struct bytes list);

/* Path "/" is the root and comes first; parents before children. */
void snap_spell_node(struct snap_item *item, struct bytes path,
                     struct bytes data, int64_t acl,
                     const struct znode_stat *stat);

/* The path "/", which ends the nodes and a seal. */
void snap_spell_end(struct snap_item *item);

#endif
