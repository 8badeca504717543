/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prep_write.c - delete, setData, setACL, check, reconfig.
 *
 * Pure.  The replication process.  The order of checks is that of
 * spec/client-protocol.md 2.7.  ZK: PrepRequestProcessor.pRequest2Txn
 */
#include "net/access/acl.h"
#include "net/access/path.h"
#include "net/prep/prep_op.h"
#include "net/prep/prep_quota.h"

/* --- records -------------------------------------------------------------- */

bool
prep_parse_delete(struct jute_in *in, struct prep_op *o)
{
    o->path = jute_get_bytes(in);
    o->version = jute_get_i32(in);
    return !in->bad && o->path.size >= 0;
}

bool
prep_parse_path(struct jute_in *in, struct prep_op *o)
{
    o->path = jute_get_bytes(in);
    return !in->bad && o->path.size >= 0;
}

bool
prep_parse_set_data(struct jute_in *in, struct prep_op *o)
{
    o->path = jute_get_bytes(in);
    o->data = jute_get_bytes(in);
    o->version = jute_get_i32(in);
    return !in->bad;
}

bool
prep_parse_set_acl(struct jute_in *in, struct prep_op *o)
{
    o->path = jute_get_bytes(in);
    o->acl = acl_take(in);
    o->version = jute_get_i32(in);
    return !in->bad;
}

bool
prep_parse_check(struct jute_in *in, struct prep_op *o)
{
    o->path = jute_get_bytes(in);
    o->version = jute_get_i32(in);
    return !in->bad;
}

bool
prep_parse_reconfig(struct jute_in *in, struct prep_op *o)
{
    o->path = o->data = BYTES_NULL;
    jute_get_bytes(in); /* joining */
    jute_get_bytes(in); /* leaving */
    jute_get_bytes(in); /* new members */
    jute_get_i64(in);   /* of which configuration */
    return !in->bad;
}

/* --- deletions ------------------------------------------------------------ */

static bool
may_be_deleted(struct bytes path)
{
    return path_has_parent(path) && !path_is_reserved(path);
}

enum zk_code
prep_run_delete(struct prep *p, struct prep_op *o, struct jute_out *out)
{
    struct pnode parent_scratch, node_scratch, *parent, *node;
    struct bytes path;
    int32_t next;

    if (!may_be_deleted(o->path))
        return ZK_BAD_ARGUMENTS;
    parent = prep_look(p, path_parent(o->path), &parent_scratch);
    if (!parent->exists)
        return ZK_NO_NODE;
    if (!prep_may(p, parent, ZK_PERM_DELETE))
        return ZK_NO_AUTH;
    node = prep_look(p, o->path, &node_scratch);
    if (!node->exists)
        return ZK_NO_NODE;
    if (!prep_next_version(node->stat.version, o->version, &next))
        return ZK_BAD_VERSION;
    if (node->stat.child_count > 0)
        return ZK_NOT_EMPTY;
    path = prep_put_path(out, o->path);
    if (out->bad)
        return ZK_MARSHALLING;
    o->txn_type = ZK_OP_DELETE;
    prep_remove(p, parent, node, path);
    return ZK_OK;
}

/*
 * The server's own: only of what it may remove unasked.
 * ZK: PrepRequestProcessor, deleteContainer
 */
enum zk_code
prep_run_delete_container(struct prep *p, struct prep_op *o,
                          struct jute_out *out)
{
    struct pnode parent_scratch, node_scratch, *parent, *node;
    struct bytes path;

    if (p->r->origin.worker != RING_NOBODY)
        return ZK_UNIMPLEMENTED;
    if (!may_be_deleted(o->path))
        return ZK_BAD_ARGUMENTS;
    node = prep_look(p, o->path, &node_scratch);
    if (!node->exists)
        return ZK_NO_NODE;
    if (node->stat.child_count > 0)
        return ZK_NOT_EMPTY;
    if (node->stat.owner == 0 || znode_is_ephemeral(node->stat.owner))
        return ZK_BAD_VERSION;
    parent = prep_look(p, path_parent(o->path), &parent_scratch);
    if (!parent->exists)
        return ZK_NO_NODE;
    path = prep_put_path(out, o->path);
    if (out->bad)
        return ZK_MARSHALLING;
    o->txn_type = ZK_OP_DELETE_CONTAINER;
    prep_remove(p, parent, node, path);
    return ZK_OK;
}

/* --- changes -------------------------------------------------------------- */

/* The node as it will be. */
static void
note_data(struct prep *p, struct pnode *n, const struct prep_op *o,
          struct bytes path, int32_t version)
{
    n = prep_touch(p, n, path);
    n->stat.version = version;
    n->stat.mzxid = p->r->zxid;
    n->stat.mtime = p->r->now;
    n->stat.data_size = bytes_size(o->data);
    if (n->is_digested)
        n->path_crc = znode_path_crc(n->path, o->data);
}

/* The quota is asked before the version. */
enum zk_code
prep_run_set_data(struct prep *p, struct prep_op *o, struct jute_out *out)
{
    struct pnode scratch, *n;
    struct bytes path;
    int32_t next, growth;
    enum zk_code err;

    if (!path_valid(o->path))
        return ZK_BAD_ARGUMENTS;
    n = prep_look(p, o->path, &scratch);
    if (!n->exists)
        return ZK_NO_NODE;
    if (!prep_may(p, n, ZK_PERM_WRITE))
        return ZK_NO_AUTH;
    growth = bytes_size(o->data) - n->stat.data_size;
    err = prep_quota(p, o->path, 0, growth);
    if (err != ZK_OK)
        return err;
    if (!prep_next_version(n->stat.version, o->version, &next))
        return ZK_BAD_VERSION;
    if (growth > 0 && !prep_has_room(p, (uint64_t)o->data.size))
        return ZK_SYSTEM_ERROR;
    path = prep_put_path(out, o->path);
    jute_put_bytes(out, o->data);
    jute_put_i32(out, next);
    if (out->bad)
        return ZK_MARSHALLING;
    o->txn_type = ZK_OP_SET_DATA;
    note_data(p, n, o, path, next);
    return ZK_OK;
}

enum zk_code
prep_run_set_acl(struct prep *p, struct prep_op *o, struct jute_out *out)
{
    struct pnode scratch, *n;
    struct bytes path, acl;
    int32_t next;
    enum zk_code err;

    if (!path_valid(o->path))
        return ZK_BAD_ARGUMENTS;
    path = prep_put_path(out, o->path);
    err = prep_put_acl(p, o, out, &acl);
    if (err != ZK_OK)
        return err;
    n = prep_look(p, o->path, &scratch);
    if (!n->exists)
        return ZK_NO_NODE;
    if (!prep_may(p, n, ZK_PERM_ADMIN))
        return ZK_NO_AUTH;
    if (!prep_next_version(n->stat.aversion, o->version, &next))
        return ZK_BAD_VERSION;
    if (!prep_has_room(p, (uint64_t)acl.size))
        return ZK_SYSTEM_ERROR;
    jute_put_i32(out, next);
    if (out->bad)
        return ZK_MARSHALLING;
    o->txn_type = ZK_OP_SET_ACL;
    n = prep_touch(p, n, path);
    n->stat.aversion = next;
    prep_set_acl(p, n, acl);
    return ZK_OK;
}

/* Part of a multi only.  It writes the version after the one it found. */
enum zk_code
prep_run_check(struct prep *p, struct prep_op *o, struct jute_out *out)
{
    struct pnode scratch, *n;
    int32_t next;

    if (!o->in_multi)
        return ZK_UNIMPLEMENTED;
    if (!path_valid(o->path))
        return ZK_BAD_ARGUMENTS;
    n = prep_look(p, o->path, &scratch);
    if (!n->exists)
        return ZK_NO_NODE;
    if (!prep_may(p, n, ZK_PERM_READ))
        return ZK_NO_AUTH;
    if (!prep_next_version(n->stat.version, o->version, &next))
        return ZK_BAD_VERSION;
    prep_put_path(out, o->path);
    jute_put_i32(out, next);
    o->txn_type = ZK_OP_CHECK;
    return out->bad ? ZK_MARSHALLING : ZK_OK;
}

/* A server of its own has no members to change. */
enum zk_code
prep_run_reconfig(struct prep *p, struct prep_op *o, struct jute_out *out)
{
    (void)o;
    (void)out;
    return p->rules.reconfig_enabled ? ZK_UNIMPLEMENTED : ZK_RECONFIG_DISABLED;
}
