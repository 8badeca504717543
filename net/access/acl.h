/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acl.h - who may do what: lists of permissions against lists of identities.
 *
 * Both are kept as on the wire: an ACL is a serialised vector<ACL> (ACL =
 * i32 perms, Id), identities are a serialised vector<Id> (Id = string scheme,
 * string id), which is also what a REQUEST packet forwards.  Empty bytes or a
 * null vector of identities is nobody in particular.
 *
 * Pure; any process.  Every walk is bounded by the bytes given, so readers
 * may call acl_allows on shared memory under the tree's sequence lock: torn
 * bytes give a wrong answer that the retry throws away, never more.
 *
 * ZK: ZooKeeperServer.checkACL, PrepRequestProcessor.fixupACL
 */
#ifndef NET_ACCESS_ACL_H
#define NET_ACCESS_ACL_H

#include "daemon/conf/conf.h"
#include "daemon/jute.h"
#include "daemon/zk.h"

/* Which rules of the configuration matter here. */
enum acl_flags {
    ACL_SKIP = 1,      /* skipACL: everybody may do everything */
    ACL_NO_DIGEST = 2, /* the digest scheme is not registered */
};

unsigned acl_flags_of(const struct conf *conf);

/*
 * Does `acl` give one of the permissions in `perm` (enum zk_perm bits) to
 * somebody of `ids`?  An empty or null list allows; `super` may do everything.
 */
bool acl_allows(struct bytes acl, int perm, struct bytes ids, unsigned flags);

/* The same for a tree's reference: 0 is answered without a look. */
#define acl_allows_ref(tree, ref, perm, ids, flags)                            \
    (((ref) == 0 && ((perm)&ZK_PERM_ALL)) ||                                   \
     acl_allows(tree_acl((tree), (ref)), (perm), (ids), (flags)))

/* Can an identity be of this scheme?  Not `world`, `auth` and `super`. */
bool acl_has_scheme(struct bytes scheme, unsigned flags);

/* Is one of `ids` the super user? */
bool acl_is_super(struct bytes ids);

enum { ACL_ENTRIES_MAX = 4096 }; /* Ours: of one list, before expansion */

/*
 * Write the list that a create or setACL with `acl` stores: duplicates
 * dropped, `auth` replaced by the caller's identities.  Returns ZK_OK,
 * ZK_INVALID_ACL, or ZK_MARSHALLING (null id).  On an error, or when `out`
 * turned bad, what was written is to be thrown away.
 */
enum zk_code acl_fixup(struct bytes acl, struct bytes ids, unsigned flags,
                       struct jute_out *out);

/*
 * Write `acl` as getACL answers it.  `masked`: the caller has neither ADMIN
 * nor is super, so the hash of digest ids is replaced by `x`.
 */
void acl_put(struct bytes acl, bool masked, struct jute_out *out);

#endif
