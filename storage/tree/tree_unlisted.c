/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_unlisted.c - nodes that a closeSession removed and did not list.
 *
 * An Apache leader with closeSessionTxn.enabled=false lists none, and who
 * watches one of them must hear of it all the same.  So the outcome names them:
 * a chain of what each deletion came to, the last one first.
 *
 *      outcome.unlisted -> (next, node_acl, parent_acl, path) -> ...
 *
 * Each link is kept as an ACL list is that nobody uses any more: until all have
 * read past the batch.  Two links of the same bytes may be one, as ACLs are,
 * and the later date counts.
 *
 * Pure.  The replication process writes; tree_unlisted_next from any process.
 */
#include "storage/tree/tree_node.h"

struct link {
    tree_ref_t next;
    tree_ref_t node_acl, parent_acl;
};

/* A block with one link's bytes, which the caller gives back; 0: no memory. */
static tree_ref_t
write_link(struct tree *t, const struct link *link, struct bytes path)
{
    tree_ref_t block = arena_take(&t->arena, sizeof *link + (size_t)path.size);
    uint8_t *at;

    if (!block)
        return 0;
    at = tree_mem(t, block);
    memcpy(at, link, sizeof *link);
    memcpy(at + sizeof *link, path.data, (size_t)path.size);
    return block;
}

void
tree_unlisted_add(struct tree *t, struct outcome *close, struct bytes path,
                  const struct outcome *gone)
{
    struct link link = {close->unlisted, gone->node_acl, gone->parent_acl};
    tree_ref_t block = write_link(t, &link, path), kept;

    if (!block)
        return; /* nobody hears of it, but it is gone */
    if (tree_acl_take(t,
                      (struct bytes){tree_mem(t, block),
                                     (int32_t)sizeof link + path.size},
                      &kept)) {
        tree_acl_give(t, kept);
        close->unlisted = kept;
    }
    arena_give(&t->arena, block);
}

bool
tree_unlisted_next(const struct tree *t, tree_ref_t *at, struct bytes *path,
                   struct outcome *gone)
{
    struct bytes kept = tree_acl(t, *at);
    struct link link;

    if (*at == 0 || kept.size < (int32_t)sizeof link)
        return false;
    memcpy(&link, kept.data, sizeof link);
    *at = link.next;
    *path = (struct bytes){kept.data + sizeof link,
                           kept.size - (int32_t)sizeof link};
    *gone = (struct outcome){.node_acl = link.node_acl,
                             .parent_acl = link.parent_acl};
    return true;
}
