/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_stream.h - the image as a snapshot stream, piece by piece.
 *
 * Reads under one LMDB read transaction, so it is exact at one zxid while
 * batches go on being committed.  A snapshot file and a SNAP pull what they
 * have in common: sessions, ACLs, nodes (snapfile_decode.h); each ends it in
 * its own way.  Two passes over the nodes, because the ACLs come before them;
 * the first adds up the nodes' digests, so that nothing of a damaged image is
 * passed on.
 *
 * Pages that the image frees meanwhile are not used again until the stream
 * ends: do not keep one open for hours.
 */
#ifndef STORAGE_IMAGE_IMAGE_STREAM_H
#define STORAGE_IMAGE_IMAGE_STREAM_H

#include "storage/image/image.h"
#include "storage/snap/snapfile_acl.h"
#include "storage/snap/snapfile_spell.h"

enum image_stream_part {
    STREAM_COLLECT, /* the first pass: no pieces */
    STREAM_SESSION_COUNT,
    STREAM_SESSIONS,
    STREAM_ACL_COUNT,
    STREAM_ACLS,
    STREAM_NODES,
    STREAM_DONE,
};

struct image_stream {
    struct image *image; /* borrowed; NULL: closed */
    MDB_txn *txn;
    MDB_cursor *cursor; /* in the table that the part reads, or NULL */
    struct image_row *longs;
    size_t long_count, long_at;
    struct snap_acl_set acls;
    size_t acl_at;
    enum image_stream_part part;
    zxid_t zxid;
    uint64_t digest;
    uint64_t sum;         /* of the nodes' digests, in the first pass */
    uint64_t done, total; /* rows of both passes */
    struct snap_item item;
    uint32_t piece; /* of the item, the next to yield */
};

/* 0 or -errno; then it is closed. */
int image_stream_open(struct image_stream *s, struct image *im);
void image_stream_close(struct image_stream *s);

/*
 * The next piece, borrowed until the next call (size 0: a row of the first
 * pass, which yields none).  1; 0: that was all; -errno: close it; -EBADMSG:
 * the image is damaged.
 */
int image_stream_next(struct image_stream *s, struct bytes *piece);

#endif
