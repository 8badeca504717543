/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prep_node.c - nodes as preparation sees them: the committed tree with the
 * pending changes laid over it.
 *
 * Pure.  The replication process.  ZK: PrepRequestProcessor.getRecordForPath,
 * addChangeRecord; ZooKeeperServer.checkACL
 */
#include "daemon/check.h"
#include "net/access/acl.h"
#include "net/access/path.h"
#include "net/prep/prep_op.h"

struct pnode *
prep_look(struct prep *p, struct bytes path, struct pnode *scratch)
{
    struct znode_view view;
    struct pnode *n;
    uint32_t hash;

    path = path_of_node(path);
    hash = pending_hash(&p->pending, path);
    n = pending_find(&p->pending, path, hash);
    if (n)
        return n;
    *scratch = (struct pnode){.hash = hash, .path = path};
    if (!tree_view(p->tree, path, &view))
        return scratch;
    scratch->exists = true;
    scratch->stat = view.stat;
    scratch->counter = view.stat.cversion;
    scratch->acl_ref = view.acl;
    if (p->rules.digest_enabled)
        scratch->path_crc = tree_path_crc(p->tree, view.node);
    return scratch;
}

static bool
is_in_table(const struct prep *p, const struct pnode *n)
{
    return n >= p->pending.node && n < p->pending.node + p->pending.capacity;
}

static uint64_t
digest_of(const struct pnode *n)
{
    return n->exists && n->is_digested ? znode_digest(n->path_crc, &n->stat)
                                       : 0;
}

struct pnode *
prep_touch(struct prep *p, struct pnode *n, struct bytes path)
{
    path = path_of_node(path);
    if (is_in_table(p, n)) {
        pending_touch(&p->pending, n);
    } else {
        n = pending_add(&p->pending, n);
        if (p->rules.digest_enabled) {
            n->is_digested = path_is_digested(path);
            n->digest = digest_of(n);
        }
    }
    n->path = path;
    return n;
}

static struct bytes
acl_of(struct prep *p, struct pnode *n)
{
    struct znode_view view;

    if (n->acl_zxid > p->applied)
        return n->acl;
    if (n->acl_zxid != 0) {
        /* Applied meanwhile, and not changed since: the tree knows it. */
        n->acl_zxid = 0;
        check(tree_view(p->tree, n->path, &view));
        n->acl_ref = view.acl;
    }
    return tree_acl(p->tree, n->acl_ref);
}

bool
prep_may(struct prep *p, struct pnode *n, int perm)
{
    if (n->acl_zxid == 0 && n->acl_ref == 0)
        return true;
    return acl_allows(acl_of(p, n), perm, p->r->ids, p->rules.acl_flags);
}

void
prep_set_acl(struct prep *p, struct pnode *n, struct bytes acl)
{
    bool is_open = bytes_equal(acl, acl_open_to_all);

    n->acl = acl;
    n->acl_ref = 0;
    n->acl_zxid = is_open ? 0 : p->r->zxid;
}

void
prep_remove(struct prep *p, struct pnode *parent, struct pnode *n,
            struct bytes path)
{
    parent = prep_touch(p, parent, path_parent(path));
    parent->stat.child_count--;
    if (p->r->zxid > parent->stat.pzxid)
        parent->stat.pzxid = p->r->zxid;
    n = prep_touch(p, n, path);
    n->exists = false;
}

bool
prep_next_version(int32_t current, int32_t expected, int32_t *next)
{
    if (expected != -1 && expected != current)
        return false;
    *next = (int32_t)((uint32_t)current + 1);
    if (*next == -1)
        *next = 0;
    return true;
}

/*
 * Entries in flight become nodes of at most twice their size: the smallest
 * create takes 256 bytes of ring and 250 of the tree.
 */
bool
prep_has_room(const struct prep *p, uint64_t bytes)
{
    return tree_has_room(p->tree, bytes + 2 * p->r->in_flight,
                         p->rules.memory_limit);
}

void
prep_commit(struct prep *p)
{
    struct pending *pending = &p->pending;

    if (p->rules.digest_enabled) {
        for (uint32_t i = 0; i < pending->touched_count; i++) {
            struct pnode *n = &pending->node[pending->touched[i]];
            uint64_t digest = digest_of(n);

            p->digest += digest - n->digest;
            n->digest = digest;
        }
    }
    pending_commit(pending, p->r->zxid);
}

struct bytes
prep_put_path(struct jute_out *out, struct bytes path)
{
    struct bytes written = {NULL, path.size};

    jute_put_i32(out, path.size);
    written.data = out->at;
    jute_put_raw(out, path.data, (size_t)path.size);
    return written;
}

enum zk_code
prep_put_acl(const struct prep *p, const struct prep_op *o,
             struct jute_out *out, struct bytes *acl)
{
    const uint8_t *start = out->at;
    enum zk_code err = acl_fixup(o->acl, p->r->ids, p->rules.acl_flags, out);

    *acl = (struct bytes){start, (int32_t)(out->at - start)};
    return err == ZK_OK && out->bad ? ZK_INVALID_ACL : err;
}
