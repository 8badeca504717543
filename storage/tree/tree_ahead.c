/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_ahead.c - fetching the memory of what will be looked for next.
 *
 * A lookup waits twice for memory: for a line of the index, then for the node
 * that it names.  Asked for beforehand, sixteen lines arrive in the time of
 * one, then sixteen nodes.
 *
 * Pure; the replication process.
 */
#include "storage/tree/tree_node.h"

void
tree_ahead_begin(struct tree_ahead *a, const struct tree *t)
{
    a->tree = t;
    a->above = BYTES_NULL;
    a->count = 0;
}

/* Paths that come together mostly have one parent. */
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
    struct parted parted;
    tree_ref_t parent;

    if (!path_part(path, &parted) || parted.name.size == 0 ||
        tree_ahead_is_full(a))
        return;
    parent = parent_of(a, parted.above);
    if (parent)
        a->hash[a->count++] = tree_index_prefetch(
            a->tree, parent, parted.name.data, (size_t)parted.name.size);
}

void
tree_ahead_end(struct tree_ahead *a)
{
    for (uint32_t i = 0; i < a->count; i++)
        tree_index_prefetch_node(a->tree, a->hash[i]);
}
