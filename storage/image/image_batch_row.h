/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_batch_row.h - what a batch has touched: rows, and sessions.
 *
 * A row is one node, as LMDB has it and as it is now.  It lives as long as the
 * batch gathers: a commit forgets all rows and sessions.
 *
 * Private to image_batch*.c.  An `int` is 0 or -errno, and after an error the
 * batch is of no use.
 */
#ifndef STORAGE_IMAGE_IMAGE_BATCH_ROW_H
#define STORAGE_IMAGE_IMAGE_BATCH_ROW_H

#include "storage/image/image_batch.h"

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

/* --- image_batch.c: found, made, forgotten ------------------------------- */

/*
 * The row of `path`, whether the node is there or not, read from LMDB at the
 * first touch.  batch_new_row is for a node that LMDB cannot have: it does not
 * look there.
 */
int batch_row(struct image_batch *b, struct bytes path, struct batch_row **row);
int batch_new_row(struct image_batch *b, struct bytes path,
                  struct batch_row **row);

/* The row of `path` if this batch has touched it, or NULL. */
struct batch_row *batch_known_row(const struct image_batch *b,
                                  struct bytes path);

/* The session `id` as this batch has it; LMDB is not asked. */
int batch_session(struct image_batch *b, session_id_t id,
                  struct batch_session **session);

/* Make borrowed bytes the batch's own. */
int batch_copy(struct image_batch *b, struct bytes *bytes);

/* Have the read transaction. */
int batch_reader(struct image_batch *b);

/* Forget all rows and sessions; the memory serves the next batch. */
void batch_reset(struct image_batch *b);

/* --- image_batch_apply.c -------------------------------------------------- */

/*
 * Take over a node's data: where the last ones were, if they fit.  So a node
 * that is written all the time takes the room of one.
 */
int batch_keep_data(struct image_batch *b, struct batch_row *row,
                    struct bytes data);

/* --- image_batch_delete.c ------------------------------------------------- */

/* What a transaction takes away. */
int batch_delete(struct image_batch *b, const struct txn_header *h,
                 const struct change *c);
int batch_close_session(struct image_batch *b, const struct txn_header *h);

/* Take the row from the list of the session it was made for. */
void batch_forget_owner(struct batch_row *row);

/*
 * Visit what LMDB has below `path`, whatever this batch made of it, until one
 * visit answers other than 0; that, or -errno.
 */
typedef int batch_visit_fn(struct image_batch *b, struct bytes path,
                           const struct image_row *row, void *arg);
int batch_visit_below(struct image_batch *b, struct bytes path,
                      batch_visit_fn *visit, void *arg);
bool batch_is_below(struct bytes path, struct bytes above);

/* --- image_batch_quota.c: statistics of quotas ---------------------------- */

/*
 * A node was made, or went: if it is the statistics or the limits of a quota,
 * the statistics are counted, to stand still from then on.
 */
int batch_stats_made(struct image_batch *b, struct batch_row *stats);
int batch_limits_gone(struct image_batch *b, struct bytes limits);

#endif
