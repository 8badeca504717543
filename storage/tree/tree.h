/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.h - the data tree in shared memory: znodes, their data, their ACLs.
 *
 * One writer (the replication process) applies changes in batches under a
 * sequence lock; any number of readers in other processes read optimistically:
 *
 *     do {
 *         seq = tree_read_begin(t);
 *         found = tree_view(t, path, &view);   (copy out; believe nothing yet)
 *     } while (tree_read_retry(t, seq));
 *
 * A node is 84 bytes and its name, in 16-byte units; data is a block of its
 * own.  32-bit handles count units from the arena's start.  Nodes are found
 * by (parent, name) in a linear-hashing index that grows and shrinks a bucket
 * at a time.  What only some nodes need hangs off `more`: a parent's children
 * and counters, an ephemeral's place in its session's list.
 *
 * Nothing here opens, logs, takes memory from elsewhere or, but for a reader
 * that waits, reads a clock: the arena is given, reserved and zero.  A block
 * freed is reused at once: a reader that looked at it fails its retry check.
 * Read-side walks are bounded and resolve only handles in range, whatever the
 * bytes say.
 *
 * ZK: DataTree, DataNode, StatPersisted, DigestCalculator
 */
#ifndef STORAGE_TREE_TREE_H
#define STORAGE_TREE_TREE_H

#include "storage/tree/session.h"
#include "storage/tree/txn.h"
#include "storage/tree/znode.h"

struct tree; /* at the arena's start; layout private to storage/tree/ */

typedef uint32_t tree_ref_t; /* 0 is none; in units of 16 bytes */

/* What tree_view found.  Borrowed from the arena: see tree_read_retry. */
struct znode_view {
    tree_ref_t node;
    tree_ref_t acl; /* of the ACL table; 0 is world:anyone:31 */
    struct znode_stat stat;
    struct bytes data; /* size -1: null */
};

/* The tree as a whole, for status, metrics, admission. */
struct tree_totals {
    zxid_t zxid;           /* of the last transaction applied */
    uint64_t digest;       /* ZooKeeper's tree digest, version 2 */
    uint64_t node_count;   /* with `/` and the nodes below /zookeeper */
    uint64_t data_bytes;   /* of paths and data: approximate_data_size */
    uint64_t memory_bytes; /* resident: slabs, runs, index, page table */
    uint64_t used_bytes;   /* of these, in blocks that hold something */
    uint64_t ephemeral_count;
};

/*
 * What one change came to, kept in the ring for the reply and the watches.
 * A deletion that found nothing has ZK_NO_NODE also when a closeSession lists
 * it: nothing fires then, though the reply to the session's close is 0.
 */
struct outcome {
    int32_t err;            /* enum zk_code */
    tree_ref_t node_acl;    /* the node's; of a deleted node, as it was */
    tree_ref_t parent_acl;  /* its parent's */
    tree_ref_t unlisted;    /* of a session's end: see tree_unlisted_next */
    struct znode_stat stat; /* right after this change; of a node that is gone,
                               or was not changed: zero */
};

/* --- writer: the replication process ------------------------------------ */

/*
 * Lay a fresh tree (`/`, /zookeeper, /zookeeper/quota, /zookeeper/config)
 * into `arena`, page aligned, reserved and zero, at most 64 GiB.
 * `sessions` is borrowed for the tree's life.
 */
struct tree *tree_init(void *arena, size_t reserved_bytes,
                       struct session_table *sessions);

/*
 * How memory goes back to the system; to be said right after tree_init, else
 * all memory is kept.  What a tree of an earlier life left behind goes back at
 * once.  tree_madvise is the way for a shared mapping, of which it gives the
 * whole pages.
 */
typedef void tree_give_back_fn(void *at, size_t size);
void tree_on_give_back(struct tree *t, tree_give_back_fn *give_back);
void tree_madvise(void *at, size_t size);

/*
 * Throw everything away and start as tree_init does; memory is given back.
 * Sessions stay, without their ephemerals.  In a batch or between batches.
 */
void tree_clear(struct tree *t);

/*
 * Between these the sequence is odd and readers wait.  All of tree_apply and
 * tree_load_* happens in between.
 */
void tree_batch_begin(struct tree *t);
void tree_batch_end(struct tree *t, ring_pos_t applied);

/*
 * The tree's zxid rises to `zxid`, though no transaction has that number: a new
 * epoch begins.  In a batch.
 */
void tree_reached(struct tree *t, zxid_t zxid);

/*
 * Apply one change of transaction `h` inside a batch.  Idempotent in the way
 * a replay over a fuzzy snapshot needs.  Fills `out`; its err says what the
 * replay rules ignored (ZK_NO_NODE, ZK_NODE_EXISTS).  ENOMEM cannot happen:
 * admission (tree_has_room) is asked when a request enters.
 * ZK: DataTree.processTxn and the methods it calls.
 */
void tree_apply(struct tree *t, const struct txn_header *h,
                const struct change *change, struct outcome *out);

/*
 * All changes of one transaction, then its zxid.  `outcomes` has room for
 * txn_count of them or is NULL.  A closeSession also removes ephemerals that
 * it does not list (old logs list none): tree_unlisted_next knows them.
 */
void tree_apply_txn(struct tree *t, struct txn *txn, struct outcome *outcomes);

/*
 * Whether the tree has the digest that the transaction applied last, `txn`,
 * says its leader's has; true if it says none.
 * ZK: DataTree.compareDigest
 */
bool tree_agrees(const struct tree *t, const struct txn *txn);

/*
 * About so many nodes will be loaded; and, a few nodes ahead, this path will be
 * loaded soon.  Only a matter of speed.
 */
void tree_load_expect(struct tree *t, uint64_t node_count);
void tree_load_soon(const struct tree *t, struct bytes path);

/*
 * Add one node as a snapshot or the image has it; parents come first, and
 * nothing else changes the tree until tree_load_done.
 * 0; 1: it was there already, as the reserved ones are, and has other content
 * now; -ENOENT without its parent, -ENOSPC when the arena is full.
 */
int tree_load_node(struct tree *t, struct bytes path, struct bytes data,
                   struct bytes acl, const struct znode_stat *stat);

/*
 * After the last tree_load_node: counters, quotas; sets the zxid.  A batch
 * of millions of nodes makes readers give up (tree_read_begin), as it should.
 */
void tree_load_done(struct tree *t, zxid_t zxid);

/*
 * What will be looked for next: the processor fetches all of it at once and
 * need not wait for each.  Note paths until it is full, end, then look for
 * them.  Only a matter of speed; the tree does not change between begin and
 * end, and the paths are borrowed for as long.
 */
enum { TREE_AHEAD_MAX = 16 };

struct tree_ahead {
    const struct tree *tree;
    struct bytes above; /* the parent of the last path, */
    tree_ref_t parent;  /* and where it is */
    uint32_t count;
    uint32_t hash[TREE_AHEAD_MAX];
};

void tree_ahead_begin(struct tree_ahead *a, const struct tree *t);
void tree_ahead_note(struct tree_ahead *a, struct bytes path);
void tree_ahead_end(struct tree_ahead *a);

static inline bool
tree_ahead_is_full(const struct tree_ahead *a)
{
    return a->count == TREE_AHEAD_MAX;
}

/*
 * Give ACL lists that no node uses back, once every reader has delivered up
 * to the batch that dropped the last use.  Call between batches.
 */
void tree_reclaim(struct tree *t, ring_pos_t delivered_by_all);

/* --- reader: any process ------------------------------------------------ */

/*
 * Wait while a batch is open and return the even sequence; yields the CPU
 * after a short spin.  0 if the writer died or stands still for
 * long (the caller drops its clients as when a leader is lost).
 */
uint64_t tree_read_begin(const struct tree *t);
bool tree_read_retry(const struct tree *t, uint64_t seq);

/* Up to where the ring is applied; stable between begin and retry. */
ring_pos_t tree_applied(const struct tree *t);

/* Find `path` ("" and "/" are the root).  False if there is no such node. */
bool tree_view(const struct tree *t, struct bytes path,
               struct znode_view *view);

/* The parent's path of `path`: "/a/b" gives "/a", "/a" gives "/". */
struct bytes tree_parent_path(struct bytes path);

/*
 * Write vector<ustring> of the children's bare names.  At most
 * view->stat.child_count names, whatever the memory says.
 */
void tree_put_children(const struct tree *t, const struct znode_view *view,
                       struct jute_out *out);

/* Number of proper descendants; kept up to date, so it costs nothing. */
int32_t tree_descendants(const struct tree *t, const struct znode_view *view);

/*
 * Write vector<ustring> of the paths of `session`'s ephemerals that begin
 * with `prefix` as plain text (size <= 0: all).
 */
void tree_put_ephemerals(const struct tree *t, session_id_t session,
                         struct bytes prefix, struct jute_out *out);

/*
 * Visit the ephemerals of a session: writer process only (no retry).  `path`
 * is borrowed during the call, the tree must not change during it.  Stops when
 * `visit` returns false.
 */
typedef bool tree_visit_fn(void *arg, struct bytes path,
                           const struct znode_view *view);
void tree_visit_owned(const struct tree *t, session_id_t owner,
                      tree_visit_fn *visit, void *arg);

/*
 * The same for containers and TTL nodes, at most `max` of them in one call:
 * the first call begins, the next go on with the node at which `visit` returned
 * false, or behind the last one.  The tree may change between calls.  True:
 * there are more.
 */
bool tree_visit_timed(struct tree *t, bool is_first, uint32_t max,
                      tree_visit_fn *visit, void *arg);

/* The serialised vector<ACL> of a reference; bounded, may be torn. */
struct bytes tree_acl(const struct tree *t, tree_ref_t acl);

/*
 * What a session's end removed without listing it, one by one: `*at` begins
 * with its outcome's `unlisted`, and `path` and `gone` are the deletion's.
 * Any process, as long as its reader of the ring has not passed that entry.
 * False: there are no more.
 */
bool tree_unlisted_next(const struct tree *t, tree_ref_t *at,
                        struct bytes *path, struct outcome *gone);

/*
 * Each is right, but they may be of different moments, unless the sequence was
 * asked; zero before there is a tree.
 */
void tree_totals(const struct tree *t, struct tree_totals *totals);

/* Whether `bytes` more can be taken without passing `limit_bytes`. */
bool tree_has_room(const struct tree *t, uint64_t bytes, uint64_t limit_bytes);

/* The CRC kept with a node (znode_path_crc); 0 for a handle out of range. */
uint32_t tree_path_crc(const struct tree *t, tree_ref_t node);

#endif
