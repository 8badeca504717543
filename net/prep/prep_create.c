/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prep_create.c - create, create2, createContainer, createTTL.
 *
 * Pure.  The replication process.  The order of checks is that of
 * spec/client-protocol.md 2.7; kinds of nodes 4.2, names 4.3, in multi 5.1.
 * ZK: PrepRequestProcessor.pRequest2TxnCreate
 */
#include "net/access/acl.h"
#include "net/access/path.h"
#include "net/prep/prep_op.h"
#include "net/prep/prep_quota.h"

enum {
    NODE_BYTES = 512, /* of a node, without data: more than it can cost */
    SUFFIX_MAX = 11,  /* "-2147483648" */
};

bool
prep_parse_create(struct jute_in *in, struct prep_op *o)
{
    o->path = jute_get_bytes(in);
    o->data = jute_get_bytes(in);
    o->acl = acl_take(in);
    o->flags = jute_get_i32(in);
    o->ttl = -1;
    return !in->bad;
}

bool
prep_parse_create_ttl(struct jute_in *in, struct prep_op *o)
{
    bool ok = prep_parse_create(in, o);

    o->ttl = jute_get_i64(in);
    return ok && !in->bad;
}

static bool
is_sequential(int32_t flags)
{
    return flags == ZK_PERSISTENT_SEQUENTIAL ||
           flags == ZK_EPHEMERAL_SEQUENTIAL ||
           flags == ZK_PERSISTENT_SEQUENTIAL_TTL;
}

static bool
has_ttl(int32_t flags)
{
    return flags == ZK_PERSISTENT_TTL || flags == ZK_PERSISTENT_SEQUENTIAL_TTL;
}

/*
 * What is written for what was asked.  Within a multi the flags alone decide,
 * and nothing travels as create2: servers of 3.8 stop at one there.
 */
static int32_t
txn_type_of(const struct prep_op *o)
{
    if (!o->in_multi)
        return o->op;
    if (o->flags == ZK_CONTAINER)
        return ZK_OP_CREATE_CONTAINER;
    return has_ttl(o->flags) ? ZK_OP_CREATE_TTL : ZK_OP_CREATE;
}

/*
 * Steps 2 to 4: flags and ttl.  In a multi the ttl without TTL is ignored,
 * and TTL flags without a ttl spoil the whole, if their turn comes.
 */
static enum zk_code
check_flags(const struct prep *p, const struct prep_op *o)
{
    if (o->in_multi && has_ttl(o->flags) && o->op != ZK_OP_CREATE_TTL)
        return ZK_MARSHALLING;
    if (!prep_knows_flags(o->flags))
        return ZK_BAD_ARGUMENTS;
    if (!has_ttl(o->flags))
        return o->op == ZK_OP_CREATE_TTL && !o->in_multi ? ZK_BAD_ARGUMENTS
                                                         : ZK_OK;
    if (!p->rules.extended_types)
        return ZK_UNIMPLEMENTED;
    if (o->ttl < 1 || o->ttl > ZK_TTL_MAX_MS)
        return ZK_BAD_ARGUMENTS;
    return ZK_OK;
}

/*
 * Only what all servers know can own a node.  Of a learner's session we know
 * nothing; of one of ours we know why.
 * ZK: PrepRequestProcessor.validateCreateRequest
 */
static enum zk_code
check_owner(const struct prep *p, const struct prep_op *o)
{
    bool asked = o->in_multi || o->op == ZK_OP_CREATE || o->op == ZK_OP_CREATE2;

    if (!p->is_local || !prep_is_ephemeral(o->flags))
        return ZK_OK;
    return asked && !p->r->is_remote ? ZK_EPHEMERAL_ON_LOCAL_SESSION
                                     : ZK_SESSION_EXPIRED;
}

static int64_t
owner_of(const struct prep *p, const struct prep_op *o)
{
    if (o->txn_type == ZK_OP_CREATE_CONTAINER)
        return ZK_OWNER_CONTAINER;
    if (o->txn_type == ZK_OP_CREATE_TTL)
        return ZK_OWNER_TTL_MASK | o->ttl;
    return prep_is_ephemeral(o->flags) ? p->r->session : 0;
}

/* "%010d": ten places, the sign among them. */
static size_t
format_suffix(int32_t number, uint8_t text[SUFFIX_MAX])
{
    uint32_t left = number < 0 ? 0u - (uint32_t)number : (uint32_t)number;
    size_t size = number == INT32_MIN || number < -999999999 ? 11 : 10;

    for (size_t i = size; i-- > 0; left /= 10)
        text[i] = (uint8_t)('0' + left % 10);
    if (number < 0)
        text[0] = '-';
    return size;
}

/* Write the node's path as it will be; returns where it lies. */
static struct bytes
put_path(struct jute_out *out, const struct prep_op *o,
         const struct pnode *parent)
{
    uint8_t suffix[SUFFIX_MAX];
    size_t more = is_sequential(o->flags) && parent->exists
                      ? format_suffix(parent->counter, suffix)
                      : 0;
    struct bytes path = {NULL, o->path.size + (int32_t)more};

    jute_put_i32(out, path.size);
    path.data = out->at;
    jute_put_raw(out, o->path.data, (size_t)o->path.size);
    jute_put_raw(out, suffix, more);
    return path;
}

static int32_t
plus_one(int32_t n)
{
    return (int32_t)((uint32_t)n + 1);
}

/* What follows path, data and ACL in the body, by its type. */
static void
put_rest(struct jute_out *out, const struct prep_op *o, int32_t cversion)
{
    if (o->txn_type == ZK_OP_CREATE || o->txn_type == ZK_OP_CREATE2)
        jute_put_bool(out, prep_is_ephemeral(o->flags));
    jute_put_i32(out, cversion);
    if (o->txn_type == ZK_OP_CREATE_TTL)
        jute_put_i64(out, o->ttl);
}

/*
 * The parent as the tree will have it: its counter is taken over only while
 * it grows, so at 2147483647 it and the pzxid stand still.
 */
static void
note_parent(struct prep *p, struct pnode *parent, struct bytes path)
{
    parent = prep_touch(p, parent, path_parent(path));
    parent->counter = plus_one(parent->counter);
    parent->stat.child_count++;
    if (parent->counter > parent->stat.cversion) {
        parent->stat.cversion = parent->counter;
        parent->stat.pzxid = p->r->zxid;
    }
}

static void
note_node(struct prep *p, struct pnode *n, const struct prep_op *o,
          struct bytes path, struct bytes acl)
{
    zxid_t zxid = p->r->zxid;

    n = prep_touch(p, n, path);
    n->exists = true;
    n->counter = 0;
    n->stat = (struct znode_stat){
        .czxid = zxid,
        .mzxid = zxid,
        .pzxid = zxid,
        .ctime = p->r->now,
        .mtime = p->r->now,
        .owner = owner_of(p, o),
        .data_size = bytes_size(o->data),
    };
    if (n->is_digested)
        n->path_crc = znode_path_crc(n->path, o->data);
    prep_set_acl(p, n, acl);
}

/* Steps 2 to 6, which need no look at a node. */
static enum zk_code
check_request(const struct prep *p, const struct prep_op *o)
{
    enum zk_code err = check_flags(p, o);

    if (err == ZK_OK)
        err = check_owner(p, o);
    if (err != ZK_OK)
        return err;
    if (o->path.size < 0)
        return ZK_MARSHALLING;
    return path_has_parent(o->path) ? ZK_OK : ZK_BAD_ARGUMENTS;
}

enum zk_code
prep_run_create(struct prep *p, struct prep_op *o, struct jute_out *out)
{
    struct pnode parent_scratch, node_scratch, *parent, *node;
    struct bytes path, acl;
    enum zk_code err = check_request(p, o);

    if (err != ZK_OK)
        return err;
    o->txn_type = txn_type_of(o);
    parent = prep_look(p, path_parent(o->path), &parent_scratch);
    path = put_path(out, o, parent);
    jute_put_bytes(out, o->data);
    err = prep_put_acl(p, o, out, &acl);
    if (err != ZK_OK)
        return err;
    if (!parent->exists)
        return ZK_NO_NODE;
    if (!prep_may(p, parent, ZK_PERM_CREATE))
        return ZK_NO_AUTH;
    if (!path_valid(path))
        return ZK_BAD_ARGUMENTS;
    node = prep_look(p, path, &node_scratch);
    if (node->exists)
        return ZK_NODE_EXISTS;
    if (znode_is_ephemeral(parent->stat.owner))
        return ZK_NO_CHILDREN_FOR_EPHEMERALS;
    err = prep_quota(p, path, 1, bytes_size(o->data));
    if (err != ZK_OK)
        return err;
    if (!prep_has_room(p, NODE_BYTES + (uint64_t)(out->at - path.data)))
        return ZK_SYSTEM_ERROR;
    put_rest(out, o, plus_one(parent->counter));
    if (out->bad)
        return ZK_MARSHALLING;
    note_parent(p, parent, path);
    note_node(p, node, o, path, acl);
    return ZK_OK;
}
