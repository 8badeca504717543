/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_apply.c - what a transaction does to the tree.
 *
 * A transaction may meet a tree that already has its effect (replay over a
 * snapshot that was written while the tree changed), so counters of a parent
 * only ever rise, and nodes that are there or gone already are no surprise.
 *
 * Pure; the replication process, inside a batch.
 * ZK: DataTree.processTxn; quorum-protocol.md 10.3 and 10.4
 */
#include "storage/tree/tree_node.h"

#include "daemon/check.h"
#include "storage/tree/effect.h"

/* Admission has seen to it that there is memory. */
static void
must(int rc)
{
    check(rc == 0);
}

static tree_ref_t
acl_of_parent(const struct tree *t, const struct node *n)
{
    return n->parent ? node_at(t, n->parent)->acl : 0;
}

static void
count_creation(struct tree *t, tree_ref_t parent, const struct change *c,
               zxid_t zxid)
{
    struct node *n = node_mem(t, parent);
    struct kids *kids;

    tree_digest_out(t, parent);
    must(tree_need_kids(t, n));
    kids = node_kids_mem(t, n);
    if (effect_counts(c, &kids->cversion))
        kids->pzxid = zxid;
    tree_digest_in(t, parent);
}

static void
note_deletion(struct tree *t, tree_ref_t parent, zxid_t zxid)
{
    struct node *n = node_mem(t, parent);
    const struct kids *kids = node_kids(t, n);

    if (zxid <= (kids ? kids->pzxid : n->czxid))
        return;
    tree_digest_out(t, parent);
    must(tree_need_kids(t, n));
    node_kids_mem(t, n)->pzxid = zxid;
    tree_digest_in(t, parent);
}

/* Where a node can come or go; false: nowhere, as out->err says. */
static bool
find_place(const struct tree *t, struct bytes path, struct place *place,
           struct outcome *out)
{
    *place = tree_place(t, path);
    if (place->name.size == 0)
        out->err = ZK_BAD_ARGUMENTS;
    else if (!place->parent)
        out->err = ZK_NO_NODE;
    else
        return true;
    return false;
}

/* --- create -------------------------------------------------------------- */

/*
 * The node is there: a snapshot had it.  Its ACL may be one that the snapshot
 * did not have (ZOOKEEPER-4846), so it is set again.
 */
static void
create_again(struct tree *t, const struct change *c, zxid_t zxid,
             tree_ref_t ref, tree_ref_t acl)
{
    struct node *n = node_mem(t, ref);

    tree_acl_give(t, n->acl);
    n->acl = acl;
    count_creation(t, n->parent, c, zxid);
}

static void
create_new(struct tree *t, const struct txn_header *h, const struct change *c,
           struct place place, tree_ref_t acl, struct outcome *out)
{
    struct znode_stat stat = effect_created(h, c);
    tree_ref_t ref;

    count_creation(t, place.parent, c, h->zxid);
    must(tree_add(t, place, c->path, c->data, acl, &stat, &ref));
    tree_node_stat(t, node_at(t, ref), &out->stat); /* without a quota's text */
    quota_node_added(t, ref, c->path);
    quota_changed(t, c->path, +1, bytes_size(c->data));
}

static void
apply_create(struct tree *t, const struct txn_header *h, const struct change *c,
             struct outcome *out)
{
    struct place place;
    tree_ref_t ref, acl;

    if (!find_place(t, c->path, &place, out))
        return;
    check(tree_acl_take(t, c->acl, &acl));
    out->node_acl = acl;
    out->parent_acl = node_at(t, place.parent)->acl;
    ref = tree_child(t, place.parent, place.name.data, (size_t)place.name.size);
    if (ref) {
        out->err = ZK_NODE_EXISTS;
        create_again(t, c, h->zxid, ref, acl);
    } else {
        create_new(t, h, c, place, acl, out);
    }
}

/* --- delete -------------------------------------------------------------- */

static void
remove_one(struct tree *t, tree_ref_t ref, struct bytes path)
{
    int64_t size = node_data_size(node_at(t, ref));

    quota_node_leaves(t, path);
    tree_remove(t, ref, path);
    quota_changed(t, path, -1, -size);
}

/* The first leaf at or below the node. */
static tree_ref_t
leaf_of(const struct tree *t, tree_ref_t ref)
{
    const struct kids *kids = node_kids(t, node_at(t, ref));

    while (kids && kids->first) {
        ref = kids->first;
        kids = node_kids(t, node_at(t, ref));
    }
    return ref;
}

/*
 * What lies below a node that is deleted, which there is only in a replay: it
 * is of later transactions, which will make it again.
 */
static void
remove_below(struct tree *t, tree_ref_t top)
{
    tree_ref_t ref;

    while ((ref = leaf_of(t, top)) != top) {
        tree_ref_t block;
        struct bytes path = tree_path_take(t, ref, &block);

        check(path.size >= 0);
        remove_one(t, ref, path);
        arena_give(&t->arena, block);
    }
}

static void
apply_delete(struct tree *t, zxid_t zxid, struct bytes path,
             struct outcome *out)
{
    struct place place;
    tree_ref_t ref;

    if (!find_place(t, path, &place, out))
        return;
    out->parent_acl = node_at(t, place.parent)->acl;
    note_deletion(t, place.parent, zxid);
    ref = tree_child(t, place.parent, place.name.data, (size_t)place.name.size);
    if (!ref) {
        out->err = ZK_NO_NODE;
        return;
    }
    out->node_acl = node_at(t, ref)->acl;
    remove_below(t, ref);
    remove_one(t, ref, path);
}

/* --- set ----------------------------------------------------------------- */

static void
apply_set_data(struct tree *t, const struct txn_header *h,
               const struct change *c, struct outcome *out)
{
    tree_ref_t ref = tree_find(t, c->path);
    struct node *n = node_mem(t, ref);
    int64_t before;

    if (!ref) {
        out->err = ZK_NO_NODE;
        return;
    }
    before = node_data_size(n);
    tree_digest_out(t, ref);
    must(tree_put_data(t, ref, c->path, c->data));
    n->mtime = h->time;
    n->mzxid = h->zxid;
    n->version = c->version;
    tree_digest_in(t, ref);
    out->node_acl = n->acl;
    out->parent_acl = acl_of_parent(t, n);
    tree_node_stat(t, n, &out->stat);
    quota_changed(t, c->path, 0, bytes_size(c->data) - before);
}

static void
apply_set_acl(struct tree *t, const struct change *c, struct outcome *out)
{
    tree_ref_t ref = tree_find(t, c->path);
    struct node *n = node_mem(t, ref);
    tree_ref_t acl;

    if (!ref) {
        out->err = ZK_NO_NODE;
        return;
    }
    check(tree_acl_take(t, c->acl, &acl));
    tree_acl_give(t, n->acl);
    tree_digest_out(t, ref);
    n->acl = acl;
    n->aversion = c->version;
    tree_digest_in(t, ref);
    out->node_acl = acl;
    out->parent_acl = acl_of_parent(t, n);
    tree_node_stat(t, n, &out->stat);
}

/* --- sessions ------------------------------------------------------------ */

static void
open_session(struct tree *t, session_id_t id, int32_t timeout_ms,
             struct outcome *out)
{
    struct session *s = id != 0 ? session_take(t->sessions, id) : NULL;

    if (!s) {
        out->err = ZK_RUNTIME_INCONSISTENCY; /* a million are open */
        return;
    }
    s->timeout_ms = timeout_ms;
    s->is_alive = true;
    s->is_closing = false;
}

/*
 * The listed ephemerals went before; others go now.
 * ZK: DataTree.killSession
 */
static void
close_session(struct tree *t, session_id_t id, zxid_t zxid, struct outcome *out)
{
    struct session *s;
    tree_ref_t ref;

    while ((ref = tree_owned_any(t, id)) != 0) {
        struct outcome gone = {0};
        tree_ref_t block;
        struct bytes path = tree_path_take(t, ref, &block);

        check(path.size >= 0);
        apply_delete(t, zxid, path, &gone);
        check(gone.err == ZK_OK);
        tree_unlisted_add(t, out, path, &gone);
        arena_give(&t->arena, block);
    }
    s = session_find(t->sessions, id);
    if (s)
        session_give(t->sessions, s);
}

/* --- all ----------------------------------------------------------------- */

void
tree_apply(struct tree *t, const struct txn_header *h, const struct change *c,
           struct outcome *out)
{
    check(tree_is_open(t));
    *out = (struct outcome){0};
    switch (c->kind) {
    case CHANGE_NONE:
        out->err = c->err;
        return;
    case CHANGE_CREATE:
        apply_create(t, h, c, out);
        return;
    case CHANGE_DELETE:
        apply_delete(t, h->zxid, c->path, out);
        return;
    case CHANGE_SET_DATA:
        apply_set_data(t, h, c, out);
        return;
    case CHANGE_SET_ACL:
        apply_set_acl(t, c, out);
        return;
    case CHANGE_OPEN_SESSION:
        open_session(t, h->session, c->timeout_ms, out);
        return;
    case CHANGE_CLOSE_SESSION:
        close_session(t, h->session, h->zxid, out);
        return;
    }
    never("a kind of change without a case");
}

void
tree_reached(struct tree *t, zxid_t zxid)
{
    check(tree_is_open(t));
    if (zxid > t->zxid)
        STORE(t->zxid, zxid);
}

void
tree_apply_txn(struct tree *t, struct txn *txn, struct outcome *outcomes)
{
    struct outcome unused;
    struct change c;

    txn_rewind(txn);
    while (txn_next(txn, &c)) {
        tree_apply(t, &txn->header, &c, outcomes ? outcomes : &unused);
        if (outcomes)
            outcomes++;
    }
    check(!txn->at.bad);
    tree_digest_settle(t);
    tree_reached(t, txn->header.zxid);
}

bool
tree_agrees(const struct tree *t, const struct txn *txn)
{
    return !txn_has_tree_digest(txn) || (uint64_t)txn->digest == t->digest;
}
