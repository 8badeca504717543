/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image.h - the committed tree in LMDB: exactly the tree at one zxid.
 *
 * Tables: `nodes`, `long`, `ephemerals` (image_row.h), `sessions` (id to
 * timeout), `meta` (one row: format, zxid, digest, seed, exact).  A batch of
 * transactions and the zxid it leads to are one LMDB transaction, synced, so
 * that after any crash the image is the tree at meta's zxid, never a mixture.
 * With one exception, for a while: an image made from a fuzzy snapshot is as
 * fuzzy until the transactions behind that are applied over it (meta.exact).
 *
 * The image process is the only writer; the replication process loads, tools
 * look, each with an environment of its own opened after fork.  One process
 * opens a directory at most once at a time (LMDB's rule).
 */
#ifndef STORAGE_IMAGE_IMAGE_H
#define STORAGE_IMAGE_IMAGE_H

#include <lmdb.h>

#include "storage/datafile.h"
#include "storage/image/image_row.h"
#include "storage/snap/snapfile.h"
#include "storage/tree/tree.h"

struct image_meta {
    zxid_t zxid;
    uint64_t digest; /* of the whole tree, ZooKeeper's version 2 */
    uint64_t seed;   /* of the hashes of paths and sessions; a secret */
    zxid_t exact;    /* made from a fuzzy snapshot, it is exact from there on;
                        0: always; INT64_MAX: that is not committed yet */
};

struct image {
    char dir[DATA_PATH_MAX];
    MDB_env *env; /* NULL: closed */
    MDB_dbi nodes, longs, ephemerals, sessions, meta_table;
    struct image_meta meta; /* of the last commit this process knows */
    uint64_t allocated;     /* up to here the file has blocks on the disk, */
    uint64_t cached;        /* ... and single pages in the page cache */
};

/* Whether it may still be as fuzzy as the snapshot that it was made from. */
static inline bool
image_is_fuzzy(const struct image_meta *meta)
{
    return meta->zxid < meta->exact;
}

/* An image that is being made, in version-2 beside the old one. */
#define IMAGE_NEW "image.new"

/* LMDB's names for what it keeps in the directory of an image. */
#define IMAGE_DATA_FILE "data.mdb"
#define IMAGE_LOCK_FILE "lock.mdb"

enum image_mode {
    IMAGE_READ,   /* must be there */
    IMAGE_WRITE,  /* must be there */
    IMAGE_CREATE, /* must not; writes are durable after image_sync only */
};

/* --- image.c: the environment, and meta ----------------------------------- */

/*
 * 0; -ENOENT: there is none, or one that was never finished; -EBADMSG: not
 * an image, or of another format; other -errno.  After an error `im` is
 * closed.
 */
int image_open(struct image *im, const char *dir, enum image_mode mode,
               struct data_error *e);
void image_close(struct image *im);

/* What to do about a damaged one: it can be made anew. */
extern const char image_remedy[];

/* LMDB's result as -errno: its own codes become -ENOSPC, -EBADMSG, -EIO. */
int image_rc(int mdb_rc);

/* Read meta anew, as `txn` sees it: another process may have committed. */
int image_get_meta(struct image *im, MDB_txn *txn);

/* Write meta as part of `txn`.  LMDB's own result: image_rc. */
int image_put_meta(struct image *im, MDB_txn *txn,
                   const struct image_meta *meta);

/*
 * The zxid up to which it is known to hold what is committed and nothing else;
 * 0: it was made from a snapshot, and that is not known yet.
 */
zxid_t image_committed(const struct image *im);

/*
 * LMDB keeps the pages that a reader may see, even if the reader was killed:
 * forget those readers.  Opening does so, too.
 */
void image_forget_dead_readers(const struct image *im);

/* --- image_file.c: its file, beneath LMDB --------------------------------- */

/*
 * Remove an image that nobody has open.  0, also if there is none, or -errno:
 * -ENOTEMPTY if there are files that are not ours.
 */
int image_remove(const char *dir);

/* Whether another image lies in its place since it was opened, or none. */
bool image_is_replaced(const struct image *im);

/*
 * Make all of an IMAGE_CREATE image durable.  `progress` may be NULL; it counts
 * bytes and is called many times a minute.  0 or -errno.
 */
int image_sync(struct image *im, progress_fn *progress, void *progress_arg);

/*
 * `rc` of what was written in `dir`: LMDB calls a short write an I/O error, and
 * often there is no room.
 */
int image_write_rc(const char *dir, int rc);

/*
 * Have blocks and pages of the page cache for `bytes` more before a commit
 * needs them.
 *
 * The page cache is to hold the file in single pages.  What is written, or read
 * page after page, in one go gets a large folio, and then ext4 looks at every
 * block of a folio for each page of it that a commit writes and syncs: four
 * times the processor time, and longer in the way of the log.  A page that is
 * there stays what it is, and what Linux is advised of comes in single ones;
 * where nothing was ever written that takes no disk.
 */
void image_make_room(struct image *im, uint64_t bytes);

/*
 * Begin to read all of an image that will be loaded, unless most of the file is
 * what deletions left.  `progress` counts bytes.
 */
void image_warm(const struct image *im, progress_fn *progress,
                void *progress_arg);

/* --- image_rows.c: its rows ----------------------------------------------- */

/* The number of nodes and sessions.  0 or -errno. */
int image_count(const struct image *im, uint64_t *nodes, uint64_t *sessions);

/* The bytes that all nodes' rows take in the file, whole pages; 0: unknown. */
uint64_t image_rows_bytes(const struct image *im);

/*
 * All rows of `long`, shortest path first, each row's path set; rows are
 * borrowed from `txn`, the array is the caller's to free.
 */
int image_long_rows(const struct image *im, MDB_txn *txn,
                    struct image_row **rows, size_t *count);

/* --- image_load.c --------------------------------------------------------- */

/*
 * Fill an empty tree (tree_init, tree_clear; a batch is open) and its session
 * table with the image; sets the tree's zxid.  `progress` may be NULL; counts
 * nodes.  0, -ENOSPC when tree or table are full, -EBADMSG, -errno.
 */
int image_load(struct image *im, struct tree *tree,
               struct session_table *sessions, progress_fn *progress,
               void *progress_arg, struct data_error *e);

#endif
