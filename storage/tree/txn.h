/* SPDX-License-Identifier: Apache-2.0 */
/*
 * txn.h - a transaction's one encoding, taken apart into changes.
 *
 * The bytes of a transaction are TxnHeader, body and an optional TxnDigest:
 * the same in the ring, in the log, in a PROPOSAL.  Whoever follows the
 * transactions (the tree, the LMDB image, the watches, the dumpers) walks
 * its changes with txn_next and never decodes a body itself, so all agree on
 * what a transaction does.
 *
 * A multi yields its sub-operations in order; a multi with an error inside
 * yields only CHANGE_NONE with each operation's code.  A closeSession yields
 * the deletion of each listed path, then CHANGE_CLOSE_SESSION.
 *
 * Pure.  All bytes are borrowed from the input.
 * ZK: SerializeUtils.deserializeTxn, DataTree.processTxn
 */
#ifndef STORAGE_TREE_TXN_H
#define STORAGE_TREE_TXN_H

#include "daemon/jute.h"
#include "daemon/zk.h"

struct txn_header {
    session_id_t session;
    int32_t cxid;
    zxid_t zxid;
    wall_ms_t time;
    int32_t type; /* enum zk_op */
};

enum change_kind {
    CHANGE_NONE,          /* check, error, or part of a failed multi: see err;
                             the other fields say what was meant */
    CHANGE_CREATE,        /* path, data, acl, owner, parent_cversion */
    CHANGE_DELETE,        /* path */
    CHANGE_SET_DATA,      /* path, data, version */
    CHANGE_SET_ACL,       /* path, acl, version */
    CHANGE_OPEN_SESSION,  /* session, timeout_ms */
    CHANGE_CLOSE_SESSION, /* session; and whatever it still owns */
};

struct change {
    enum change_kind kind;
    int32_t op;  /* the (sub-)transaction's type, enum zk_op */
    int32_t err; /* CHANGE_NONE: the code its result carries */
    struct bytes path;
    struct bytes data;       /* size -1: null data */
    struct bytes acl;        /* a serialised vector<ACL>, its count included */
    int64_t owner;           /* session, ZK_OWNER_CONTAINER, TTL mask | ms, 0 */
    int32_t version;         /* resulting version or aversion */
    int32_t parent_cversion; /* -1: the parent's own + 1 (old logs) */
    int32_t timeout_ms;
};

struct txn {
    struct txn_header header;
    struct bytes body;
    bool has_digest;
    int32_t digest_version;
    int64_t digest;
    /* the walk */
    struct jute_in at;
    int32_t left;       /* sub-transactions or paths still to come */
    bool is_failed;     /* a multi with an error inside */
    bool is_past_error; /* in its walk: later operations have -2 */
    bool closes;        /* CHANGE_CLOSE_SESSION is still to come */
};

/*
 * Take apart the whole transaction in `data`.  Returns 0, or -EBADMSG when
 * the bytes are no transaction we know: every body was walked, so that
 * txn_next on a txn opened with 0 cannot fail later.
 */
int txn_open(struct txn *t, struct bytes data);

/*
 * The same for what is in the ring: it was prepared here, or opened when it
 * came, so nobody looks into the operations of a multi before their turn.
 * Should one be broken all the same, txn_next ends there, and at.bad says so.
 */
int txn_open_known(struct txn *t, struct bytes data);

/* The type in its header, without a look at the rest; 0: it is too short. */
static inline int32_t
txn_peek_type(struct bytes data)
{
    return data.size < ZK_TXN_HEADER_BYTES
               ? 0
               : (int32_t)load_be32(data.data + ZK_TXN_HEADER_BYTES - 4);
}

/*
 * The path that a transaction of a single write begins with, without a look at
 * the rest; false: it is of another type, or too short.  Borrowed.
 */
bool txn_peek_path(struct bytes data, struct bytes *path);

/*
 * The error that a transaction is, or that the first operation of a multi has,
 * without a look at the rest; ZK_OK: neither.
 */
int32_t txn_peek_error(struct bytes data);

/* The next change, or false at the end.  txn_rewind starts again. */
bool txn_next(struct txn *t, struct change *change);
void txn_rewind(struct txn *t);

/* How many changes txn_next will yield. */
uint32_t txn_count(const struct txn *t);

/* Whether it says the tree's digest, in the one version there is. */
static inline bool
txn_has_tree_digest(const struct txn *t)
{
    return t->has_digest && t->digest_version == ZK_DIGEST_VERSION;
}

/* The ends of a transaction; a digest is of ZK_DIGEST_VERSION. */
void txn_put_header(struct jute_out *out, const struct txn_header *h);
void txn_put_digest(struct jute_out *out, int64_t digest);

#endif
