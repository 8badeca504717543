/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prep_op.h - what the files of preparation share: one operation, and nodes.
 *
 * Private to prep*.c.  An operation is a request of its own or a part of a
 * multi; it is parsed into `struct prep_op`, then run: checked, written as
 * the body of a transaction, and noted as pending.  A run that fails has
 * touched no node; what it wrote is thrown away by its caller.
 */
#ifndef NET_PREP_PREP_OP_H
#define NET_PREP_PREP_OP_H

#include "net/prep/prep.h"

enum { PREP_CLOSE_PATHS_MAX = 8192 }; /* in one closeSession */

struct prep_op {
    int32_t op;       /* as asked, enum zk_op */
    int32_t txn_type; /* filled by run: the transaction's */
    bool in_multi;
    struct bytes path, data;
    struct bytes acl; /* as sent: vector<ACL>, count included */
    int32_t flags;    /* enum zk_create_flags, not yet checked */
    int32_t version;
    int64_t ttl; /* -1 where the record has none */
};

/* Flags of a create, enum zk_create_flags: are there such? */
static inline bool
prep_knows_flags(int32_t flags)
{
    return flags >= ZK_PERSISTENT && flags <= ZK_PERSISTENT_SEQUENTIAL_TTL;
}

/* And is it for a node that ends with its session? */
static inline bool
prep_is_ephemeral(int32_t flags)
{
    return flags == ZK_EPHEMERAL || flags == ZK_EPHEMERAL_SEQUENTIAL;
}

/* Read the record of `o->op`.  False if it does not parse. */
typedef bool prep_parse_fn(struct jute_in *in, struct prep_op *o);

/* Check, write, note. */
typedef enum zk_code prep_run_fn(struct prep *p, struct prep_op *o,
                                 struct jute_out *out);

struct prep_kind {
    prep_parse_fn *parse;
    prep_run_fn *run;
    bool in_multi; /* may be part of one */
};

/* NULL: no such write. */
const struct prep_kind *prep_kind_of(int32_t op);

prep_parse_fn prep_parse_create, prep_parse_create_ttl;
prep_run_fn prep_run_create;

prep_parse_fn prep_parse_delete, prep_parse_path, prep_parse_set_data,
    prep_parse_set_acl, prep_parse_check, prep_parse_reconfig;
prep_run_fn prep_run_delete, prep_run_delete_container, prep_run_set_data,
    prep_run_set_acl, prep_run_check, prep_run_reconfig;

/* Whole requests that are no single operation.  They write body only. */
enum zk_code prep_run_multi(struct prep *p, struct jute_out *out,
                            struct prep_result *result);
enum zk_code prep_run_open(struct prep *p, struct jute_out *out);

/*
 * Write the deletion of what session `s` owns: a whole closeSession, which ends
 * it; or, if it owns more than a transaction should hold, a multi of deletions:
 * then is_partial, and it goes on as it was.  Returns the transaction's type.
 */
int32_t prep_run_close(struct prep *p, struct session *s, struct jute_out *out,
                       struct prep_result *result);

/* Bounds of those, for prep_need. */
uint32_t prep_multi_ops_max(int32_t body_size);

/* --- sessions: prep_admit.c ----------------------------------------------- */

/*
 * May the request begin?  Where it needs a session and we have it, `s` is that,
 * else NULL.
 */
enum zk_code prep_admit(struct prep *p, const struct prep_request *r,
                        struct session **s);

/* An admitted one cannot begin before more has been applied. */
bool prep_waits_for_session(const struct prep *p, const struct prep_request *r,
                            const struct session *s);

/*
 * The session of the createSession at hand is on its way; all up to `zxid` have
 * come: see struct prep_openings.
 */
void prep_note_opening(struct prep *p);
void prep_drop_openings(struct prep *p, zxid_t zxid);

/* A whole closeSession of `s` is written: it may ask for nothing any more. */
void prep_note_end(struct prep *p, struct session *s);

/* --- nodes: prep_node.c --------------------------------------------------- */

/*
 * The node of `path` as it will be: pending, or `scratch` filled from the
 * tree.  Never NULL: ask `exists`.
 */
struct pnode *prep_look(struct prep *p, struct bytes path,
                        struct pnode *scratch);

/*
 * The same node, in the table, to be changed by the open transaction.
 * `path` is the node's path within the transaction's own bytes.
 */
struct pnode *prep_touch(struct prep *p, struct pnode *n, struct bytes path);

/* Do the identities of the request at hand have `perm`, enum zk_perm, on it? */
bool prep_may(struct prep *p, struct pnode *n, int perm);

/* The pending node of `n` gets an ACL that lies in the transaction. */
void prep_set_acl(struct prep *p, struct pnode *n, struct bytes acl);

/* Delete `n` below `parent`; both become pending. */
void prep_remove(struct prep *p, struct pnode *parent, struct pnode *n,
                 struct bytes path);

/*
 * The version after this change, or false if `expected` forbids it.  Skips
 * -1, which means "any".
 */
bool prep_next_version(int32_t current, int32_t expected, int32_t *next);

/* May the tree take `bytes` more, with all that is in flight? */
bool prep_has_room(const struct prep *p, uint64_t bytes);

/* Write a path; returns where it lies in the transaction. */
struct bytes prep_put_path(struct jute_out *out, struct bytes path);

/*
 * Write the ACL asked for as it will be stored, with `auth` expanded; `acl` is
 * where it lies in the transaction.  ZK_INVALID_ACL if it is none, or if there
 * is no room: what was sent has it, so only an expanded one can be too large.
 */
enum zk_code prep_put_acl(const struct prep *p, const struct prep_op *o,
                          struct jute_out *out, struct bytes *acl);

/* Close the open transaction: its changes count, in the digest too. */
void prep_commit(struct prep *p);

#endif
