/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snap_intake.h - taking a leader's snapshot: SNAP's payload, as it comes.
 *
 * The bytes go straight into an emptied tree and session table, and at the
 * same time into a file taken.<hex>.zst, from which LOG_REBASE (rebase.h)
 * makes the new beginning of everything on disk.
 *
 *     snap_intake_begin, snap_intake_feed ..., snap_intake_end | _abort
 *
 * A half-taken tree is of no use (ZOOKEEPER-3642): after an error or an abort
 * tree and sessions are empty and have to be loaded again from the disk, where
 * nothing has changed.
 *
 * An Apache leader's snapshot is fuzzy: what the transactions behind it did
 * may be in it already.  Applying them again does no harm (tree_apply.c).
 *
 * Replication process; between tree batches, while nobody reads the tree.
 * ZK: Learner.syncWithLeader, case SNAP (spec/quorum-protocol.md 4.7, 4.10)
 */
#ifndef STORAGE_LOG_SNAP_INTAKE_H
#define STORAGE_LOG_SNAP_INTAKE_H

#include "storage/snap/snapfile.h"
#include "storage/snap/snapfile_acl.h"
#include "storage/tree/tree.h"

/* Does not move while it is running. */
struct snap_intake {
    struct tree *tree;              /* borrowed; NULL: none is running */
    struct session_table *sessions; /* borrowed */
    zxid_t zxid;
    struct snap_visitor visitor;
    struct snap_decode decode; /* .nodes, .sessions, .offset: how far it is */
    struct snapfile_writer writer;
    struct snap_acl_set acls;
    bool has_sessions, has_acls; /* what stands before the nodes is written */
    bool has_first[FIRST_NODES]; /* which of tree_first_nodes came */
    void *unpacker;              /* ZSTD_DStream, or NULL */
    bool at_frame_end;
    uint8_t *rest; /* not decoded yet: an item that is not whole */
    size_t rest_size, rest_room;
    const char *what; /* after -EBADMSG: what is wrong */
};

/*
 * Open the file in `snap_dir`, version-2 of the data directory, and empty tree
 * and sessions.  `is_zstd`: the payload is a zstd frame (zabd servers among
 * themselves).  0 or -errno; then nothing is running, and tree and sessions
 * are what they were.
 */
int snap_intake_begin(struct snap_intake *in, const char *snap_dir, zxid_t zxid,
                      bool is_zstd, struct tree *tree,
                      struct session_table *sessions);

/*
 * Take what came.  1: the payload is complete, `used` of these bytes belong to
 * it, the next packet follows.  0: all were used, more is to come.
 * -EBADMSG: it is no snapshot; -ENOSPC: tree, session table or disk are full;
 * other -errno.  After an error only abort.  Takes as long as a file write.
 */
int snap_intake_feed(struct snap_intake *in, const void *data, size_t size,
                     size_t *used);

/*
 * After a 1: the tree is whole, at the snapshot's zxid, and the file durable
 * under its name.  Waits for the disk (proc_disk_begin).  0, or -errno as
 * after an abort.
 */
int snap_intake_end(struct snap_intake *in);

/* Give up; harmless when nothing is running. */
void snap_intake_abort(struct snap_intake *in);

#endif
