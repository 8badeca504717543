/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_ahead.c - the memory of what will be looked for next.
 *
 * A lookup waits twice for memory: for a line of the index, then for the node
 * that stands there.  Asked for beforehand, sixteen lines arrive in the time
 * of one, then sixteen nodes.
 *
 * Pure; the replication process.
 */
#include "storage/tree/tree_node.h"

#include <string.h>

void
tree_ahead_begin(struct tree_ahead *a, const struct tree *t)
{
    a->tree = t;
    a->above = BYTES_NULL;
    a->count = 0;
}

/* Paths that come together are mostly neighbours. */
static tree_ref_t
parent_of(struct tree_ahead *a, struct bytes above)
{
    if (!bytes_equal(above, a->above)) {
        a->above = above;
        a->parent = tree_find(a->tree, above);
    }
    return a->parent;
}

void
tree_ahead_note(struct tree_ahead *a, struct bytes path)
{
    const uint8_t *slash =
        path.size > 1 ? memrchr(path.data, '/', (size_t)path.size) : NULL;
    struct bytes above = {path.data, 0};
    tree_ref_t parent;
    size_t name_size;

    if (!slash || tree_ahead_is_full(a))
        return;
    above.size = (int32_t)(slash - path.data);
    name_size = (size_t)(path.size - above.size - 1);
    parent = parent_of(a, above);
    if (parent)
        a->hash[a->count++] =
            tree_index_prefetch(a->tree, parent, slash + 1, name_size);
}

void
tree_ahead_end(struct tree_ahead *a)
{
    for (uint32_t i = 0; i < a->count; i++)
        tree_index_prefetch_node(a->tree, a->hash[i]);
}
