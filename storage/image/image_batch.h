/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_batch.h - transactions on their way into the image.
 *
 * A batch applies transactions to rows in private memory: each path touched is
 * read from LMDB once and written once, however often it changes in between.
 * The rules are the tree's (quorum-protocol.md 10.3 and 10.4), and the tree's
 * digest is kept with them: a leader's digest in a transaction shows whether
 * image and leader agree.
 *
 *     image_batch_apply  ...  image_batch_apply  image_batch_commit
 *
 * While a batch gathers, rows not changed are borrowed from LMDB under one
 * read transaction; memory is chunks, which the next batch takes over.
 *
 * Image process; tools that import.
 */
#ifndef STORAGE_IMAGE_IMAGE_BATCH_H
#define STORAGE_IMAGE_IMAGE_BATCH_H

#include "storage/image/image.h"
#include "storage/tree/txn.h"

struct batch_row; /* image_batch_row.h */
struct batch_session;
struct batch_chunk;

struct image_batch {
    struct image *image;     /* borrowed */
    MDB_txn *read;           /* NULL until the first row is looked up */
    struct image_row *longs; /* rows of `long` as `read` has them, by path */
    size_t long_count;
    bool has_longs;          /* they were asked for */
    struct batch_row **slot; /* hash tables: by path, by session id */
    struct batch_session **session_slot;
    struct batch_row *rows;
    struct batch_session *sessions, **sessions_end; /* oldest first */
    size_t row_count;
    size_t bytes; /* taken from chunks */
    struct batch_chunk *chunks;
    struct batch_chunk *spare; /* of batches before */
    zxid_t zxid;               /* of the last transaction applied */
    uint64_t txns;
    uint64_t digest; /* of the tree, as of the last commit */
    bool has_leader_digest;
    uint64_t leader_digest; /* what that transaction says it should be */
    /* over a fuzzy snapshot: a node that is created may be there already, one
       that is deleted may have children of later transactions (10.4) */
    bool is_fuzzy;
    progress_fn *progress; /* may be NULL; while many rows are looked at */
    void *progress_arg;
};

/* 0 or -ENOMEM. */
int image_batch_init(struct image_batch *b, struct image *im);
void image_batch_deinit(struct image_batch *b);

/*
 * Apply one transaction, whose zxid is above the batch's.  0; -EPROTO if it is
 * none; -EBADMSG: the image is damaged; other -errno from LMDB or memory. After
 * an error the batch is of no use.
 */
int image_batch_apply(struct image_batch *b, struct bytes entry);

/*
 * What will probably be applied next: the processor fetches the rows of all of
 * it at once and need not wait for each.  Only a matter of speed.
 */
enum { IMAGE_BATCH_AHEAD_MAX = 16 };
void image_batch_ahead(const struct image_batch *b, const struct bytes *entries,
                       uint32_t count);

/*
 * Put a node or session as a snapshot has it; the last one wins.  A session 0
 * is left out.  0 or -errno; -ENOENT: the node's parent has not come before it,
 * and the batch is as it was.
 */
int image_batch_put_node(struct image_batch *b, struct bytes path,
                         struct bytes data, struct bytes acl,
                         const struct znode_stat *stat);
int image_batch_put_session(struct image_batch *b, session_id_t id,
                            int32_t timeout_ms);

/* Whether it has reached one of two bounds of what a commit should write. */
bool image_batch_is_full(const struct image_batch *b, size_t rows_max,
                         size_t bytes_max);

/*
 * Write everything in one LMDB transaction, synced unless the image is being
 * created, and begin anew.  `zxid` becomes the image's.  0; -EBADMSG: the image
 * is damaged; other -errno.  After an error nothing was written.
 */
int image_batch_commit(struct image_batch *b, zxid_t zxid);

/* After a commit: give back the memory that the next batch would use. */
void image_batch_trim(struct image_batch *b);

/*
 * After a commit: whether the leader's digest, if the last transaction had
 * one, is that of the image.
 */
bool image_batch_agrees(const struct image_batch *b);

#endif
