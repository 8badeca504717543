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

struct batch_row {
    struct batch_row *hash_next;
    struct bytes path;
    uint32_t hash;
    uint32_t fresh; /* children that exist now and have no row in LMDB */
    bool is_there;  /* the node exists now */
    bool was_there; /* it has a row in LMDB */
    bool is_dirty;
    struct image_row now;           /* .path unused */
    struct bytes room;              /* the batch's own, for data */
    struct batch_row *list_next;    /* of all rows, latest first */
    struct batch_row *session_next; /* ephemerals made in this batch: */
    struct batch_row **session_at;  /* what points to this one, or NULL */
    int64_t owner_was;
    uint64_t digest_was;
};

struct batch_session {
    struct batch_session *hash_next;
    struct batch_session *list_next;
    session_id_t id;
    int32_t timeout_ms;
    bool is_there;
    bool is_dirty;
    struct batch_row *made; /* ephemerals made in this batch */
};

struct batch_chunk;

struct image_batch {
    struct image *image;     /* borrowed */
    MDB_txn *read;           /* NULL until the first row is looked up */
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
    uint64_t digest; /* of the tree after it, as of the last settle */
    bool has_leader_digest;
    uint64_t leader_digest; /* what that transaction says it should be */
    /* deletions may meet children that a fuzzy snapshot left, and creations
       nodes: 10.4 */
    bool is_fuzzy;
    progress_fn *progress; /* may be NULL; while many rows are looked at */
    void *progress_arg;
};

/* 0 or -ENOMEM. */
int image_batch_init(struct image_batch *b, struct image *im);
void image_batch_deinit(struct image_batch *b);

/*
 * Apply one transaction, whose zxid is above the batch's.  0; -EBADMSG if it
 * is none; other -errno from LMDB or memory: the batch is of no use then.
 */
int image_batch_apply(struct image_batch *b, struct bytes entry);

/*
 * What will probably be applied next: the processor fetches the rows of all of
 * it at once and need not wait for each.  Only a matter of speed.
 */
enum { IMAGE_BATCH_AHEAD_MAX = 16 };
void image_batch_ahead(const struct image_batch *b, const struct bytes *entries,
                       uint32_t count);

/* Put a node or session as a snapshot has it; the last one wins. */
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
 * created, and begin anew.  `zxid` becomes the image's.  0, or -errno: then
 * nothing was written.
 */
int image_batch_commit(struct image_batch *b, zxid_t zxid);

/* After a commit: give back the memory that the next batch would use. */
void image_batch_trim(struct image_batch *b);

/*
 * After a commit: whether the leader's digest, if the last transaction had
 * one, is that of the image.
 */
bool image_batch_agrees(const struct image_batch *b);

/* --- private to image_batch*.c ------------------------------------------- */

/* Make borrowed bytes the batch's own.  0 or -ENOMEM. */
int batch_copy(struct image_batch *b, struct bytes *bytes);

/*
 * The row of `path`, there or not: read from LMDB at the first touch, or
 * `new`, when LMDB cannot have it.  After an error the batch is of no use.
 */
int batch_row(struct image_batch *b, struct bytes path, struct batch_row **row);
int batch_new_row(struct image_batch *b, struct bytes path,
                  struct batch_row **row);

/*
 * Take over a node's data: where the last ones were, if they fit.  So a node
 * that is written all the time takes the room of one.
 */
int batch_keep_data(struct image_batch *b, struct batch_row *row,
                    struct bytes data);

/*
 * Visit what LMDB has below `path`, whatever this batch made of it, until one
 * visit answers other than 0; that, or -errno.
 */
typedef int batch_visit_fn(struct image_batch *b, struct bytes path,
                           const struct image_row *row, void *arg);
int batch_visit_below(struct image_batch *b, struct bytes path,
                      batch_visit_fn *visit, void *arg);
bool batch_is_below(struct bytes path, struct bytes above);

/* The statistics of quotas: image_batch_quota.c.  0 or -errno. */
int batch_stats_made(struct image_batch *b, struct batch_row *stats);
int batch_limits_gone(struct image_batch *b, struct bytes limits);

/* Take the row from the list of the session it was made for. */
void batch_forget_owner(struct batch_row *row);

/* What a transaction takes away; 0 or -errno, as image_batch_apply. */
int batch_delete(struct image_batch *b, const struct txn_header *h,
                 const struct change *c);
int batch_close_session(struct image_batch *b, const struct txn_header *h);

/* The row of `path` if this batch has touched it, or NULL. */
struct batch_row *batch_known_row(const struct image_batch *b,
                                  struct bytes path);

/* The session `id` as this batch has it; LMDB is not asked.  0 or -ENOMEM. */
int batch_session(struct image_batch *b, session_id_t id,
                  struct batch_session **session);

/* Have the read transaction.  0 or -errno. */
int batch_reader(struct image_batch *b);

/* Forget all rows and sessions; the memory serves the next batch. */
void batch_reset(struct image_batch *b);

#endif
