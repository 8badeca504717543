/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_load.c - filling the tree with what a snapshot or the image has.
 *
 * A million nodes come in a row, and the processor mostly waits for memory:
 * each node's place in the index is a cache line somewhere.  So the loader
 * says early what comes soon (tree_load_soon), and a node whose parent is
 * that of the node before it, as nearly all are when paths come in order,
 * finds it without the index.
 *
 * Pure; the replication process, inside a batch.
 */
#include "storage/tree/tree.h"

#include <errno.h>

#include "daemon/check.h"
#include "storage/tree/tree_node.h"

static bool
is_root(struct bytes path)
{
    return path.size == 0 || bytes_are(path, "/");
}

/* Whether `path` is the node's, from its last name to its first. */
static bool
is_at(const struct tree *t, tree_ref_t ref, struct bytes path)
{
    while (ref != t->root) {
        const struct node *n = node_at(t, ref);
        struct bytes name = node_name(t, n);
        int32_t slash = path.size - name.size - 1;

        if (slash < 0 || path.data[slash] != '/' ||
            memcmp(path.data + slash + 1, name.data, (size_t)name.size) != 0)
            return false;
        path.size = slash;
        ref = n->parent;
    }
    return path.size == 0;
}

/* The place beside the node that was loaded last, if `path` is there. */
static bool
is_beside_last(const struct tree *t, struct bytes path, struct place *place)
{
    struct parted parted;

    if (!t->loading || !path_part(path, &parted) ||
        !is_at(t, t->loading, parted.above))
        return false;
    *place = (struct place){t->loading, parted.name};
    return true;
}

void
tree_load_expect(struct tree *t, uint64_t node_count)
{
    check(tree_is_open(t));
    tree_index_grow(t, node_count);
}

void
tree_load_soon(const struct tree *t, struct bytes path)
{
    struct place place;

    if (is_beside_last(t, path, &place))
        (void)tree_index_prefetch(t, place.parent, place.name.data,
                                  (size_t)place.name.size);
}

/* Where `path` is to be, and the node that is there already, or 0. */
static int
find_place(const struct tree *t, struct bytes path, struct place *place,
           tree_ref_t *ref)
{
    if (!is_beside_last(t, path, place))
        *place = tree_place(t, path);
    *ref = t->root;
    if (is_root(path))
        return 0;
    if (!place->parent || place->name.size == 0)
        return -ENOENT;
    *ref = tree_child(t, place->parent, place->name.data,
                      (size_t)place->name.size);
    return 0;
}

int
tree_load_node(struct tree *t, struct bytes path, struct bytes data,
               struct bytes acl, const struct znode_stat *stat)
{
    struct place place;
    tree_ref_t ref, acl_ref;
    bool was_there;
    int rc;

    check(tree_is_open(t));
    if (tree_is_full(t, (uint64_t)bytes_size(data)))
        return -ENOSPC;
    rc = find_place(t, path, &place, &ref);
    if (rc < 0)
        return rc;
    if (!tree_acl_take(t, acl, &acl_ref))
        return -ENOSPC;
    was_there = ref != 0;
    if (was_there)
        rc = tree_replace(t, ref, path, data, acl_ref, stat);
    else
        rc = tree_add(t, place, path, data, acl_ref, stat, &ref);
    if (rc < 0)
        tree_acl_give(t, acl_ref);
    t->loading = place.parent;
    return rc < 0 ? rc : was_there;
}

void
tree_load_done(struct tree *t, zxid_t zxid)
{
    check(tree_is_open(t));
    t->loading = 0;
    quota_rebuild(t);
    tree_digest_settle(t);
    STORE(t->zxid, zxid);
}
