/* SPDX-License-Identifier: Apache-2.0 */
/*
 * znode.h - one znode, wherever it lies: its Stat, its owner, its digest; the
 * nodes and the ACLs that every server knows.
 *
 * Pure; any process.  ZK: StatPersisted, EphemeralType, DigestCalculator
 */
#ifndef STORAGE_TREE_ZNODE_H
#define STORAGE_TREE_ZNODE_H

#include "daemon/jute.h"
#include "daemon/zk.h"

/* All that ZooKeeper keeps of a node beside name, data and ACL. */
struct znode_stat {
    zxid_t czxid, mzxid, pzxid;
    wall_ms_t ctime, mtime;
    int32_t version, cversion, aversion; /* cversion: creations only */
    int64_t owner; /* as persisted: session, container, TTL */
    int32_t data_size, child_count;
};

/*
 * The nodes of every tree before anybody has written: zero Stats but for
 * aversion, empty data, a config node that the world may only read.  The root
 * comes first.
 * ZK: DataTree's constructor, addConfigNode
 */
struct first_node {
    const char *path;
    struct bytes acl; /* size -1: world:anyone:31 */
    int32_t aversion;
};

enum { FIRST_NODES = 4 };
extern const struct first_node tree_first_nodes[FIRST_NODES];

/*
 * What an owner field means.  An ephemeral's owner is a session; a TTL is
 * 0xff, feature 0, 40 bits of milliseconds, but where there is a server 255,
 * whose sessions begin so.  The switch is of the process, on at first, to be
 * set before the first node is touched and before any fork.
 *
 * ZK: EphemeralType; extendedTypesEnabled is the switch there, and who starts
 * without it takes TTL nodes for the ephemerals of dead sessions.  Ours: the
 * option is for who makes them; those that are there stay what they are.
 */
void znode_set_ttl(bool is_known);
bool znode_is_ephemeral(int64_t owner);
int64_t znode_ttl_ms(int64_t owner); /* 0: no TTL node */

/*
 * Serialised lists that everybody knows: world:anyone with all permissions,
 * which is reference 0 of the tree and what a null list means; and with none.
 */
extern const struct bytes acl_open_to_all;
extern const struct bytes acl_nobody;

/* `list`, or acl_open_to_all if it is a null list. */
struct bytes acl_or_world(struct bytes list);

/*
 * Step over a vector<ACL> in `in` and return its bytes, count included.
 * Null comes back as four bytes of -1; a broken one turns `in` bad.
 */
struct bytes acl_take(struct jute_in *in);

/*
 * ZooKeeper's 68-byte Stat: owner 0 for containers and TTL nodes,
 * cversion counts creations and deletions.
 */
void znode_stat_put(struct jute_out *out, const struct znode_stat *stat);

/* The 60-byte StatPersisted, of snapshots and of the image. */
void znode_stat_put_persisted(struct jute_out *out,
                              const struct znode_stat *stat);
void znode_stat_get_persisted(struct jute_in *in, struct znode_stat *stat);

/*
 * CRC32 of path and data, to be continued over the stat: what a node adds
 * to the tree digest is znode_digest(path_crc, stat), 0 below /zookeeper/.
 * ZK: DigestCalculator.calculateDigest
 */
uint32_t znode_path_crc(struct bytes path, struct bytes data);
uint64_t znode_digest(uint32_t path_crc, const struct znode_stat *stat);

/* False below /zookeeper/: such a node adds nothing to the digest. */
bool path_is_digested(struct bytes path);

#endif
