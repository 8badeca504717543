/* SPDX-License-Identifier: Apache-2.0 */
/*
 * znode.c - see znode.h.
 *
 * Facts: spec/client-protocol.md 2.5, 4.4, 4.6 and 10.5.
 */
#include "storage/tree/znode.h"

#include <libdeflate.h>

/* EphemeralType.EXTENDED_MASK with feature 0, TTL. */
#define TTL_FEATURE_MASK ((int64_t)0xFFFFFF0000000000)

/* A vector<ACL> of one: permissions, as one byte, for world:anyone. */
#define WORLD(perms) "\0\0\0\1\0\0\0" perms "\0\0\0\5world\0\0\0\6anyone"

static const uint8_t world_all[] = WORLD("\37");
static const uint8_t world_read[] = WORLD("\1");
static const uint8_t world_nothing[] = WORLD("\0");

const struct bytes acl_open_to_all = {world_all, sizeof world_all - 1};
const struct bytes acl_nobody = {world_nothing, sizeof world_nothing - 1};

struct bytes
acl_or_world(struct bytes list)
{
    return list.size < 4 || (int32_t)load_be32(list.data) == -1
               ? acl_open_to_all
               : list;
}

/* Nearly every list is the one that is known without a look at its parts. */
struct bytes
acl_take(struct jute_in *in)
{
    struct bytes list = {in->at, acl_open_to_all.size};

    if (!in->bad && jute_in_left(in) >= sizeof world_all - 1 &&
        memcmp(in->at, world_all, sizeof world_all - 1) == 0) {
        in->at += list.size;
        return list;
    }
    for (int32_t n = jute_get_count(in); n > 0 && !in->bad; n--) {
        jute_get_i32(in);
        jute_get_bytes(in);
        jute_get_bytes(in);
    }
    list.size = (int32_t)(in->at - list.data);
    return in->bad ? BYTES_NULL : list;
}

const struct first_node tree_first_nodes[FIRST_NODES] = {
    {"/", {NULL, -1}, 0},
    {"/zookeeper", {NULL, -1}, 0},
    {"/zookeeper/quota", {NULL, -1}, 0},
    {"/zookeeper/config", {world_read, sizeof world_read - 1}, -1},
};

static bool knows_ttl = true;

void
znode_set_ttl(bool is_known)
{
    knows_ttl = is_known;
}

int64_t
znode_ttl_ms(int64_t owner)
{
    if (!knows_ttl || (owner & TTL_FEATURE_MASK) != ZK_OWNER_TTL_MASK)
        return 0;
    return owner & ZK_TTL_MAX_MS;
}

bool
znode_is_ephemeral(int64_t owner)
{
    return owner != 0 && owner != ZK_OWNER_CONTAINER &&
           znode_ttl_ms(owner) == 0;
}

/* The 52 bytes that both records begin with. */
static void
store_head(uint8_t *p, const struct znode_stat *stat, int32_t cversion,
           int64_t owner)
{
    store_be64(p, (uint64_t)stat->czxid);
    store_be64(p + 8, (uint64_t)stat->mzxid);
    store_be64(p + 16, (uint64_t)stat->ctime);
    store_be64(p + 24, (uint64_t)stat->mtime);
    store_be32(p + 32, (uint32_t)stat->version);
    store_be32(p + 36, (uint32_t)cversion);
    store_be32(p + 40, (uint32_t)stat->aversion);
    store_be64(p + 44, (uint64_t)owner);
}

void
znode_stat_put(struct jute_out *out, const struct znode_stat *stat)
{
    uint8_t *p = jute_room(out, ZK_STAT_BYTES);
    uint32_t changes =
        (uint32_t)stat->cversion * 2 - (uint32_t)stat->child_count;

    if (!p)
        return;
    store_head(p, stat, (int32_t)changes,
               znode_is_ephemeral(stat->owner) ? stat->owner : 0);
    store_be32(p + 52, (uint32_t)stat->data_size);
    store_be32(p + 56, (uint32_t)stat->child_count);
    store_be64(p + 60, (uint64_t)stat->pzxid);
}

void
znode_stat_put_persisted(struct jute_out *out, const struct znode_stat *stat)
{
    uint8_t *p = jute_room(out, ZK_STAT_PERSISTED_BYTES);

    if (!p)
        return;
    store_head(p, stat, stat->cversion, stat->owner);
    store_be64(p + 52, (uint64_t)stat->pzxid);
}

void
znode_stat_get_persisted(struct jute_in *in, struct znode_stat *stat)
{
    stat->czxid = jute_get_i64(in);
    stat->mzxid = jute_get_i64(in);
    stat->ctime = jute_get_i64(in);
    stat->mtime = jute_get_i64(in);
    stat->version = jute_get_i32(in);
    stat->cversion = jute_get_i32(in);
    stat->aversion = jute_get_i32(in);
    stat->owner = jute_get_i64(in);
    stat->pzxid = jute_get_i64(in);
    stat->data_size = 0;
    stat->child_count = 0;
}

uint32_t
znode_path_crc(struct bytes path, struct bytes data)
{
    uint32_t crc = 0;

    if (!bytes_are(path, "/")) /* the root's path is "" here */
        crc = libdeflate_crc32(0, path.data, (size_t)path.size);
    return data.size > 0 ? libdeflate_crc32(crc, data.data, (size_t)data.size)
                         : crc;
}

uint64_t
znode_digest(uint32_t path_crc, const struct znode_stat *stat)
{
    uint8_t p[ZK_STAT_PERSISTED_BYTES];

    store_be64(p, (uint64_t)stat->czxid);
    store_be64(p + 8, (uint64_t)stat->mzxid);
    store_be64(p + 16, (uint64_t)stat->pzxid);
    store_be64(p + 24, (uint64_t)stat->ctime);
    store_be64(p + 32, (uint64_t)stat->mtime);
    store_be32(p + 40, (uint32_t)stat->version);
    store_be32(p + 44, (uint32_t)stat->cversion);
    store_be32(p + 48, (uint32_t)stat->aversion);
    store_be64(p + 52, (uint64_t)stat->owner);
    return libdeflate_crc32(path_crc, p, sizeof p);
}

bool
path_is_digested(struct bytes path)
{
    static const char below[] = "/zookeeper/";
    size_t size = sizeof below - 1;

    return path.size < (int32_t)size || memcmp(path.data, below, size) != 0;
}
