/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_node.h - how the tree lies in the arena.
 *
 * Private to storage/tree/.
 *
 *     | struct tree | page table | ACL buckets | node buckets | blocks ... |
 *     0             4 KiB
 *
 * A node:   84 bytes of struct node, then its name
 * more:     32 bytes of struct kids for a node that had a child, 8 of struct
 *           links for an ephemeral, container or TTL node that had none
 * data:     the bytes alone; no block when there are none
 * an ACL:   struct acl, then the serialised vector
 *
 * Readers in other processes load what the writer may be changing: a handle
 * is used only if ref_in_range, and loaded once (LOAD), so that what was
 * tested is what is used.
 */
#ifndef STORAGE_TREE_TREE_NODE_H
#define STORAGE_TREE_TREE_NODE_H

#include <stdalign.h>

#include "storage/tree/arena.h"
#include "storage/tree/tree.h"

#define LOAD(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define STORE(field, value) __atomic_store_n(&(field), value, __ATOMIC_RELAXED)

enum node_flags {
    NODE_HAS_KIDS = 1,  /* `more` is a struct kids */
    NODE_LONG_NAME = 2, /* the name's u32 length stands before it */
    NODE_OWNED = 4,     /* in the list of its session, or of the timed */
    NODE_DIGESTED = 8,  /* counts in the tree digest */
    NODE_STRAY = 16,    /* owned, but its session has no slot */
};

/* Neighbours in the list of one owner's nodes. */
struct links {
    tree_ref_t prev, next;
};

struct kids {
    struct links owned; /* first, as in a block that is links only */
    tree_ref_t first;
    int32_t child_count;
    int32_t cversion;
    int32_t descendants;
    zxid_t pzxid;
};

struct node {
    zxid_t czxid, mzxid;
    wall_ms_t ctime, mtime;
    int64_t owner;
    int32_t version, aversion;
    tree_ref_t data;
    int32_t data_size;     /* -1: null */
    tree_ref_t next, prev; /* siblings */
    tree_ref_t more;
    tree_ref_t acl;
    uint32_t crc;       /* znode_path_crc */
    tree_ref_t parent;  /* 0: the root; lookups read from here on */
    uint16_t name_size; /* 0 with NODE_LONG_NAME */
    uint16_t flags;
    uint8_t name[];
};

_Static_assert(offsetof(struct node, name) == 84, "the budget of a node");
_Static_assert(sizeof(struct kids) == 32, "two units");

/* An interned list; in `fresh` or `dead` while nobody uses it. */
struct acl {
    tree_ref_t hash_next;
    uint32_t uses;
    tree_ref_t prev, next;
    ring_pos_t dropped; /* the batch that dropped the last use */
    uint32_t hash;
    int32_t size;
};

_Static_assert(sizeof(struct acl) == 32, "two units");

struct acl_list {
    tree_ref_t first, last;
};

enum {
    TREE_HEAD_BYTES = ARENA_PAGE,
    ACL_BUCKETS = 1 << 15,
    BUCKET_BYTES = 64,
};

struct tree {
    /* what every reader touches */
    alignas(64) uint64_t seq; /* odd while a batch is open; never 0 */
    ring_pos_t applied;
    uint64_t seed; /* of the hash */
    uint32_t bucket_count, bucket_mask;
    tree_ref_t root;
    uint32_t buckets_at;  /* units; the index */
    uint32_t acls_at;     /* units; ACL_BUCKETS handles */
    uint32_t first_block; /* units; no handle is below */
    alignas(64) struct arena arena;
    /* what the writer and the counters want */
    uint64_t magic;
    uint64_t reserved;
    struct session_table *sessions;
    zxid_t zxid;
    uint64_t digest;
    tree_ref_t unsummed; /* a node whose share is not in it yet, or 0 */
    uint64_t node_count, data_bytes, ephemeral_count;
    uint64_t index_bytes; /* resident */
    uint64_t bucket_max;
    uint64_t quota_count;  /* limits nodes in force */
    tree_ref_t timed;      /* first container or TTL node */
    tree_ref_t timed_next; /* where tree_visit_timed goes on; 0: at its end */
    tree_ref_t strays;     /* ephemerals whose session has no slot */
    tree_ref_t loading;    /* parent of what was loaded last, or 0 */
    struct acl_list fresh; /* ACLs dropped in the open batch */
    struct acl_list dead;  /* ACLs dropped before, oldest first */
};

_Static_assert(sizeof(struct tree) <= TREE_HEAD_BYTES, "one page");

/* --- handles ------------------------------------------------------------- */

static inline const void *
tree_at(const struct tree *t, tree_ref_t ref)
{
    return (const uint8_t *)t + (size_t)ref * ARENA_UNIT;
}

static inline void *
tree_mem(struct tree *t, tree_ref_t ref)
{
    return (uint8_t *)t + (size_t)ref * ARENA_UNIT;
}

static inline const struct node *
node_at(const struct tree *t, tree_ref_t ref)
{
    return tree_at(t, ref);
}

static inline struct node *
node_mem(struct tree *t, tree_ref_t ref)
{
    return tree_mem(t, ref);
}

static inline bool
ref_in_range(const struct tree *t, tree_ref_t ref)
{
    return ref >= t->first_block && ref < LOAD(t->arena.top_units);
}

/* Whether `size` bytes at `at` lie before the last block's end. */
static inline bool
bytes_in_range(const struct tree *t, const void *at, size_t size)
{
    size_t offset = (size_t)((const uint8_t *)at - (const uint8_t *)t);

    return offset + size <= LOAD(t->arena.top_units) * ARENA_UNIT;
}

/* --- parts of a node ----------------------------------------------------- */

/* The name; bounded, size -1 if what it says cannot be. */
static inline struct bytes
node_name(const struct tree *t, const struct node *n)
{
    const uint8_t *at = n->name;
    uint32_t size = LOAD(n->name_size);

    if (__builtin_expect(LOAD(n->flags) & NODE_LONG_NAME, 0)) {
        size = LOAD(*(const uint32_t *)(const void *)at); /* 4 divides 84 */
        at += sizeof size;
    }
    if (!bytes_in_range(t, at, size) || size > INT32_MAX)
        return BYTES_NULL;
    return (struct bytes){at, (int32_t)size};
}

/* Bytes of data: null has none. */
static inline int32_t
node_data_size(const struct node *n)
{
    int32_t size = LOAD(n->data_size);

    return size > 0 ? size : 0;
}

/* A struct kids, or NULL; readers: bounded. */
static inline const struct kids *
node_kids(const struct tree *t, const struct node *n)
{
    tree_ref_t more = LOAD(n->more);

    if (!(LOAD(n->flags) & NODE_HAS_KIDS) || !ref_in_range(t, more))
        return NULL;
    return tree_at(t, more);
}

static inline struct kids *
node_kids_mem(struct tree *t, struct node *n)
{
    return n->flags & NODE_HAS_KIDS ? tree_mem(t, n->more) : NULL;
}

/* What ZooKeeper keeps of the node.  Readers: may be torn. */
void tree_node_stat(const struct tree *t, const struct node *n,
                    struct znode_stat *stat);

/* Whether `bytes` more would leave too little of the address space. */
bool tree_is_full(const struct tree *t, uint64_t bytes);

/* All of it for a reader; false when what it says cannot be. */
bool tree_node_view(const struct tree *t, tree_ref_t ref,
                    struct znode_view *view);

/* Length of the node's path; SIZE_MAX if it passes `max`. "" is the root's. */
size_t tree_path_size(const struct tree *t, tree_ref_t ref, size_t max);

/* Write the path's `size` bytes; false if the tree changed meanwhile. */
bool tree_path_write(const struct tree *t, tree_ref_t ref, uint8_t *to,
                     size_t size);

/* --- paths --------------------------------------------------------------- */

/* A path parted at its last slash: "/a/b" is "/a" and "b", "/a" "" and "a". */
struct parted {
    struct bytes above, name;
};

/* False, and both are empty: there is no slash. */
static inline bool
path_part(struct bytes path, struct parted *p)
{
    const uint8_t *slash =
        path.size > 0 ? memrchr(path.data, '/', (size_t)path.size) : NULL;

    *p = (struct parted){{path.data, 0}, {path.data, 0}};
    if (!slash)
        return false;
    p->above.size = (int32_t)(slash - path.data);
    p->name.data = slash + 1;
    p->name.size = path.size - p->above.size - 1;
    return true;
}

/* --- tree_index.c: nodes by parent and name ------------------------------ */

void tree_index_init(struct tree *t);
void tree_index_insert(struct tree *t, tree_ref_t ref);
void tree_index_remove(struct tree *t, tree_ref_t ref);

/* Have room for so many nodes now, not bit by bit as they come. */
void tree_index_grow(struct tree *t, uint64_t node_count);

/*
 * tree_child of this will be asked in a moment: fetch the line of the index,
 * and return the hash; when the line has come, fetch the nodes of that hash.
 */
uint32_t tree_index_prefetch(const struct tree *t, tree_ref_t parent,
                             const uint8_t *name, size_t size);
void tree_index_prefetch_node(const struct tree *t, uint32_t hash);

/* The child, or 0.  Any process; bounded. */
tree_ref_t tree_child(const struct tree *t, tree_ref_t parent,
                      const uint8_t *name, size_t size);

/* The node of `path`, or 0.  "" and "/" are the root.  Any process. */
tree_ref_t tree_find(const struct tree *t, struct bytes path);

/* --- tree_acl.c: the ACL table ------------------------------------------- */

/* A use of the list `acl` in *ref; false if the arena is full. */
bool tree_acl_take(struct tree *t, struct bytes acl, tree_ref_t *ref);
void tree_acl_give(struct tree *t, tree_ref_t ref);

/* The open batch ends at `applied`: date what it dropped. */
void tree_acl_batch_end(struct tree *t, ring_pos_t applied);

/* --- tree_edit.c: one node in, out, changed ------------------------------ */

/* A path taken apart; `parent` 0: none has that path. */
struct place {
    tree_ref_t parent;
    struct bytes name; /* size 0: no path of a node that can come or go */
};

struct place tree_place(const struct tree *t, struct bytes path);

/*
 * Add a node that is not there.  `stat` gives everything but child_count and
 * data_size; takes a use of `acl` over.  The parent's stat stays as it is.
 * 0 or -ENOSPC, then nothing changed.
 */
int tree_add(struct tree *t, struct place place, struct bytes path,
             struct bytes data, tree_ref_t acl, const struct znode_stat *stat,
             tree_ref_t *ref);

/* Remove a childless node, whose path is `path`. */
void tree_remove(struct tree *t, tree_ref_t ref, struct bytes path);

/*
 * Replace the data, and the CRC; the caller has taken a node that counts in the
 * digest out of it.  0 or -ENOSPC, then nothing changed.
 */
int tree_put_data(struct tree *t, tree_ref_t ref, struct bytes path,
                  struct bytes data);

/*
 * Make a node what a snapshot says; takes a use of `acl` over.
 * 0, or -ENOSPC: the tree is of no use but for tree_clear.
 */
int tree_replace(struct tree *t, tree_ref_t ref, struct bytes path,
                 struct bytes data, tree_ref_t acl,
                 const struct znode_stat *stat);

/* Make room for children's counters; 0 or -ENOSPC. */
int tree_need_kids(struct tree *t, struct node *n);

/*
 * Take the node's share out of the digest before a change, in after it.  It is
 * only noted for going in, and is added up when another node's turn comes, or
 * by tree_digest_settle at the end of a transaction: a node that changes again
 * and again, as the parent does all through a multi, is added up once.
 */
void tree_digest_out(struct tree *t, tree_ref_t ref);
void tree_digest_in(struct tree *t, tree_ref_t ref);
void tree_digest_settle(struct tree *t);

/* The length of a path in UTF-16 units, as Java counts it. */
size_t utf16_units(struct bytes text);

/* --- tree_owned.c: lists of a session's nodes, and of the timed ---------- */

/* Enter the node in its owner's list, or take it out. */
int tree_own(struct tree *t, tree_ref_t ref);
void tree_disown(struct tree *t, tree_ref_t ref);

/* One ephemeral of the session, or 0 when it has none left. */
tree_ref_t tree_owned_any(const struct tree *t, session_id_t session);

/*
 * The node's path in a block taken for it, which *block names; the caller
 * gives it back.  BYTES_NULL when the arena is full.
 */
struct bytes tree_path_take(struct tree *t, tree_ref_t ref, tree_ref_t *block);

/* --- tree_unlisted.c: what the end of a session did not list ------------- */

/*
 * `path`, whose deletion came to `gone` in this batch, is one of those of the
 * end of a session with the outcome `close`.  Out of memory: nobody hears of
 * it.
 */
void tree_unlisted_add(struct tree *t, struct outcome *close, struct bytes path,
                       const struct outcome *gone);

/* --- quota.c ------------------------------------------------------------- */

/*
 * After a node came (count +1), changed (0) or went (-1), with the difference
 * that makes in bytes of data.  Free while no quota exists.
 */
void quota_changed(struct tree *t, struct bytes path, int64_t count,
                   int64_t data_bytes);

/* A node with this path was added, or is about to be removed. */
void quota_node_added(struct tree *t, tree_ref_t ref, struct bytes path);
void quota_node_leaves(struct tree *t, struct bytes path);

/* Find the limits that were loaded, and count anew. */
void quota_rebuild(struct tree *t);

/* --- the sequence -------------------------------------------------------- */

static inline bool
tree_is_open(const struct tree *t)
{
    return t->seq & 1;
}

static inline void
tree_seq_open(struct tree *t)
{
    STORE(t->seq, t->seq + 1);
    __atomic_thread_fence(__ATOMIC_RELEASE); /* odd before any change */
}

static inline void
tree_seq_close(struct tree *t)
{
    __atomic_store_n(&t->seq, t->seq + 1, __ATOMIC_RELEASE);
}

#endif
