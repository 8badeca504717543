/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_snapshot.h - a snapshot file from the image, without stopping it.
 *
 * Reads under one LMDB read transaction, so it is exact at one zxid while
 * batches go on being committed; written in bounded steps, so that the image
 * process can fold and snapshot in one loop.
 * Two passes: the ACL map stands before the nodes in the stream.
 */
#ifndef STORAGE_IMAGE_SNAPSHOT_H
#define STORAGE_IMAGE_SNAPSHOT_H

#include "storage/image.h"
#include "storage/snapfile_acl.h"

struct image_snapshot {
    struct image *image; /* borrowed; NULL: none is running */
    MDB_txn *txn;
    MDB_cursor *cursor; /* in `nodes` */
    struct image_row *longs;
    size_t long_count;
    struct snap_acl_set acls;
    struct snapfile_writer writer;
    bool is_writing; /* second pass */
    zxid_t zxid;
    uint64_t digest;
    uint64_t done, total; /* rows of both passes */
};

/*
 * Begin one in directory `dir`, named after the image's zxid.  A snapshot of
 * that name is replaced when the new one is finished.  0 or -errno.
 */
int image_snapshot_begin(struct image_snapshot *s, struct image *im,
                         const char *dir, enum snap_format format);

/*
 * Go on for about `rows_max` rows.  1: more to do.  0: the file is there,
 * durably, and nothing is running.  -errno: given up, nothing is left of it.
 */
int image_snapshot_step(struct image_snapshot *s, size_t rows_max);

/* Give up, for instance at the end of the process. */
void image_snapshot_abort(struct image_snapshot *s);

#endif
