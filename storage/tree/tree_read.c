/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_read.c - what any process may ask of the tree.
 *
 * All of it may run while the writer changes the tree: see tree_node.h for
 * how a handle is used, and each loop for what bounds it.  What comes out is
 * believed only after tree_read_retry.
 *
 * Pure; any process.
 */
#include "storage/tree/tree_node.h"

void
tree_node_stat(const struct tree *t, const struct node *n,
               struct znode_stat *stat)
{
    const struct kids *kids = node_kids(t, n);

    stat->czxid = LOAD(n->czxid);
    stat->mzxid = LOAD(n->mzxid);
    stat->ctime = LOAD(n->ctime);
    stat->mtime = LOAD(n->mtime);
    stat->version = LOAD(n->version);
    stat->aversion = LOAD(n->aversion);
    stat->owner = LOAD(n->owner);
    stat->data_size = node_data_size(n);
    stat->pzxid = kids ? LOAD(kids->pzxid) : stat->czxid;
    stat->cversion = kids ? LOAD(kids->cversion) : 0;
    stat->child_count = kids ? LOAD(kids->child_count) : 0;
}

bool
tree_node_view(const struct tree *t, tree_ref_t ref, struct znode_view *view)
{
    const struct node *n = node_at(t, ref);
    tree_ref_t data = LOAD(n->data);
    int32_t size = LOAD(n->data_size);

    tree_node_stat(t, n, &view->stat);
    view->node = ref;
    view->acl = LOAD(n->acl);
    view->data = (struct bytes){tree_at(t, data), size};
    if (size <= 0)
        return true;
    view->stat.data_size = size;
    return ref_in_range(t, data) &&
           bytes_in_range(t, view->data.data, (size_t)size);
}

bool
tree_view(const struct tree *t, struct bytes path, struct znode_view *view)
{
    tree_ref_t ref = tree_find(t, path);

    return ref != 0 && tree_node_view(t, ref, view);
}

struct bytes
tree_parent_path(struct bytes path)
{
    struct parted parted;

    if (!path_part(path, &parted))
        return BYTES_NULL;
    if (parted.above.size == 0)
        parted.above.size = 1; /* the root's slash */
    return parted.above;
}

/* --- many nodes ---------------------------------------------------------- */

/* Bounded by the count and by the room, whatever the links say. */
void
tree_put_children(const struct tree *t, const struct znode_view *view,
                  struct jute_out *out)
{
    const struct kids *kids;
    tree_ref_t ref = 0;

    jute_put_i32(out, view->stat.child_count);
    if (!ref_in_range(t, view->node))
        return;
    kids = node_kids(t, node_at(t, view->node));
    if (kids)
        ref = LOAD(kids->first);
    for (int32_t i = 0; i < view->stat.child_count && !out->bad; i++) {
        const struct node *n;

        if (!ref_in_range(t, ref))
            return;
        n = node_at(t, ref);
        ref = LOAD(n->next);
        __builtin_prefetch(tree_at(t, ref));
        __builtin_prefetch((const uint8_t *)tree_at(t, ref) + 64);
        jute_put_bytes(out, node_name(t, n));
    }
}

int32_t
tree_descendants(const struct tree *t, const struct znode_view *view)
{
    const struct kids *kids = NULL;

    if (ref_in_range(t, view->node))
        kids = node_kids(t, node_at(t, view->node));
    return kids ? LOAD(kids->descendants) : 0;
}

/* Every step up adds a slash at least, so `max` bounds the walk. */
size_t
tree_path_size(const struct tree *t, tree_ref_t ref, size_t max)
{
    size_t size = 0;

    while (ref != t->root && size <= max) {
        struct bytes name;

        if (!ref_in_range(t, ref))
            return SIZE_MAX;
        name = node_name(t, node_at(t, ref));
        if (name.size < 0)
            return SIZE_MAX;
        size += (size_t)name.size + 1;
        ref = LOAD(node_at(t, ref)->parent);
    }
    return size <= max ? size : SIZE_MAX;
}

/* From the last name to the first. */
bool
tree_path_write(const struct tree *t, tree_ref_t ref, uint8_t *to, size_t size)
{
    while (ref != t->root) {
        struct bytes name;

        if (!ref_in_range(t, ref))
            return false;
        name = node_name(t, node_at(t, ref));
        if (name.size < 0 || (size_t)name.size >= size)
            return false;
        size -= (size_t)name.size;
        memcpy(to + size, name.data, (size_t)name.size);
        to[--size] = '/';
        ref = LOAD(node_at(t, ref)->parent);
    }
    return size == 0;
}

static bool
begins_with(const uint8_t *path, size_t size, struct bytes prefix)
{
    return prefix.size <= 0 ||
           (size >= (size_t)prefix.size &&
            memcmp(path, prefix.data, (size_t)prefix.size) == 0);
}

/* The path of one node if it has the prefix; true if it was put. */
static bool
put_path(const struct tree *t, tree_ref_t ref, struct bytes prefix,
         struct jute_out *out)
{
    uint8_t *start = out->at;
    size_t size = tree_path_size(t, ref, (size_t)(out->end - out->at));
    uint8_t *to;

    jute_put_i32(out, (int32_t)size);
    to = jute_room(out, size);
    if (!to)
        return false;
    if (tree_path_write(t, ref, to, size) && begins_with(to, size, prefix))
        return true;
    out->at = start;
    return false;
}

/* The next of a list of owned nodes; 0 also for what is none. */
static tree_ref_t
owned_after(const struct tree *t, tree_ref_t ref)
{
    tree_ref_t more = LOAD(node_at(t, ref)->more);
    const struct links *links = tree_at(t, more);

    return ref_in_range(t, more) ? LOAD(links->next) : 0;
}

void
tree_put_ephemerals(const struct tree *t, session_id_t session,
                    struct bytes prefix, struct jute_out *out)
{
    const struct session *s = session_find(t->sessions, session);
    tree_ref_t ref = s ? LOAD(s->ephemerals) : 0;
    uint32_t left = s ? LOAD(s->ephemeral_count) : 0;
    uint8_t *count_at = jute_room(out, 4);
    uint32_t count = 0;

    for (; left > 0 && ref_in_range(t, ref) && !out->bad; left--) {
        count += put_path(t, ref, prefix, out);
        ref = owned_after(t, ref);
    }
    if (count_at)
        store_be32(count_at, count);
}

uint32_t
tree_path_crc(const struct tree *t, tree_ref_t ref)
{
    return ref_in_range(t, ref) ? LOAD(node_at(t, ref)->crc) : 0;
}
