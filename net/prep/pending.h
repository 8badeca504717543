/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pending.h - nodes as they will be once every prepared transaction is
 * applied: what preparation lays over the committed tree.
 *
 *      by path   --->  [bucket] -> node -> node
 *      by zxid         oldest <-> ... <-> newest     (of the last change)
 *      by owner  --->  [bucket] -> node <-> node     (a session that has it)
 *      by change       touched[0..n)                 (of the open transaction)
 *
 * A node is here from its first unapplied change until its last one is
 * applied.  The open transaction remembers how each node that it touches
 * was, so that a failed multi leaves no trace.
 *
 * A node's path is borrowed from the bytes of the transaction that touched it
 * last, its ACL from those of the one that set it: bytes must stay until their
 * transaction is released.
 *
 * Pure; memory is given.  The replication process.
 * ZK: ZooKeeperServer.outstandingChanges, ChangeRecord
 */
#ifndef NET_PREP_PENDING_H
#define NET_PREP_PENDING_H

#include "storage/tree/tree.h"

struct pnode {
    uint32_t hash;
    uint32_t next;         /* in the bucket: place + 1 */
    uint32_t older, newer; /* by zxid: place + 1; 0 is the end */
    uint32_t touched_by;   /* number of the open transaction, if it did */
    uint32_t saved;        /* place + 1 of how it was before that */
    bool exists;
    bool is_digested;
    bool is_linked;    /* in the list by zxid */
    zxid_t zxid;       /* of the last committed change here */
    struct bytes path; /* "" is the root */
    struct bytes acl;  /* while acl_zxid is not applied */
    zxid_t acl_zxid;   /* 0: the ACL is the tree's, acl_ref */
    tree_ref_t acl_ref;
    int32_t counter;   /* for names; wraps where cversion sticks */
    uint32_t path_crc; /* of path and data, see znode_path_crc */
    uint64_t digest;   /* what the node adds to the tree's digest */
    struct znode_stat stat;

    session_id_t listed_for;         /* whose list by owner; 0: in none */
    uint32_t owned_prev, owned_next; /* there: place + 1 */
};

struct pending {
    uint32_t capacity; /* nodes */
    uint32_t used;     /* in use now */
    uint32_t fresh;    /* places never used begin here */
    uint32_t free;     /* place + 1 of a list through `next` */
    uint32_t oldest, newest;
    uint64_t seed;   /* of the hash: clients must not know it */
    uint32_t number; /* of the open transaction */
    uint32_t touched_count;
    uint32_t saved_count;
    uint32_t *bucket;
    uint32_t *owned; /* by a hash of the session */
    uint32_t *touched;
    struct pnode *node;
    struct pnode *saved;
};

/* Memory for `capacity` nodes. */
size_t pending_bytes(uint32_t capacity);

/* `memory` is zero, aligned to 8, and stays the caller's. */
void pending_init(struct pending *p, void *memory, uint32_t capacity,
                  uint64_t seed);

/* As pending_find wants it, and pending_add finds it in the node. */
uint32_t pending_hash(const struct pending *p, struct bytes path);

/* The pending node of `path`, also if it is pending as deleted, or NULL. */
struct pnode *pending_find(const struct pending *p, struct bytes path,
                           uint32_t hash);

static inline uint32_t
pending_room(const struct pending *p)
{
    return p->capacity - p->used;
}

/*
 * Of the nodes here, those that session `owner` will own when all is applied
 * but the open transaction: the latest first, NULL behind the last.  What it
 * has owned for long is among them if it was changed meanwhile.  What others
 * have pending makes the walk no longer; the open transaction may change what
 * is walked over.
 */
const struct pnode *pending_owned(const struct pending *p, session_id_t owner);
const struct pnode *pending_owned_next(const struct pending *p,
                                       const struct pnode *n);

/* --- one transaction at a time ------------------------------------------- */

/* Open one; pending_commit or pending_rollback ends it. */
void pending_begin(struct pending *p);

/* The open transaction is going to change `n`, which is in the table. */
void pending_touch(struct pending *p, struct pnode *n);

/*
 * Put a copy of `from` in the table and touch it.  There must be room, and
 * no node of that path.
 */
struct pnode *pending_add(struct pending *p, const struct pnode *from);

/* Everything touched now belongs to `zxid`, which is the newest. */
void pending_commit(struct pending *p, zxid_t zxid);

/* Everything touched is again as it was at pending_begin. */
void pending_rollback(struct pending *p);

/* --- applied ------------------------------------------------------------- */

/* Forget the nodes whose last change is not after `zxid`. */
void pending_release(struct pending *p, zxid_t zxid);

#endif
