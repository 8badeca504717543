/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_sound.h - whether all that a tree keeps agrees with what it holds.
 *
 * Walks every node and computes anew what the writer kept up to date: counts
 * of children and descendants, sibling and owners' lists, the index, uses of
 * ACL lists, totals, the digest.
 */
#ifndef TESTS_UNIT_TREE_SOUND_H
#define TESTS_UNIT_TREE_SOUND_H

#include "daemon/check.h"
#include "storage/tree/tree_node.h"

struct sound_sums {
    uint64_t nodes, data_bytes, digest, ephemerals, owned, acl_uses;
};

/* A node's own part; returns how many descendants it has. */
static int32_t
sound_node(const struct tree *t, tree_ref_t ref, struct sound_sums *sums)
{
    const struct node *n = node_at(t, ref);
    const struct kids *kids = node_kids(t, n);
    struct bytes name = node_name(t, n);
    static uint8_t path[1 << 16];
    size_t size = tree_path_size(t, ref, sizeof path);
    struct bytes p = {path, (int32_t)size};
    int32_t children = 0, below = 0;
    struct znode_view view;
    tree_ref_t before = 0;

    check(size <= sizeof path && tree_path_write(t, ref, path, size));
    check(tree_find(t, p) == ref && tree_node_view(t, ref, &view));
    check(ref == t->root ||
          tree_child(t, n->parent, name.data, (size_t)name.size) == ref);
    check(n->crc == znode_path_crc(p, view.data));
    check(!(n->flags & NODE_DIGESTED) == !path_is_digested(p));
    sums->nodes++;
    sums->data_bytes += utf16_units(p) + (size_t)view.stat.data_size;
    if (n->flags & NODE_DIGESTED)
        sums->digest += znode_digest(n->crc, &view.stat);
    check(!(n->flags & NODE_OWNED) == (n->owner == 0));
    sums->owned += (n->flags & NODE_OWNED) != 0;
    sums->ephemerals += znode_is_ephemeral(n->owner);
    sums->acl_uses += n->acl != 0;
    for (tree_ref_t c = kids ? kids->first : 0; c; c = node_at(t, c)->next) {
        check(node_at(t, c)->parent == ref && node_at(t, c)->prev == before);
        below += 1 + sound_node(t, c, sums);
        children++;
        before = c;
    }
    check(view.stat.child_count == children);
    check(!kids || kids->descendants == below);
    return below;
}

static uint64_t
sound_list(const struct tree *t, tree_ref_t ref)
{
    tree_ref_t before = 0;
    uint64_t count = 0;

    for (; ref; count++) {
        const struct node *n = node_at(t, ref);
        const struct links *links = tree_at(t, n->more);

        check(n->flags & NODE_OWNED && links->prev == before);
        before = ref;
        ref = links->next;
    }
    return count;
}

static uint64_t
sound_owned(const struct tree *t)
{
    uint64_t owned = sound_list(t, t->timed) + sound_list(t, t->strays);

    for (uint32_t i = 0; i < session_slot_end(t->sessions); i++) {
        const struct session *s = session_at(t->sessions, i);
        uint64_t count = sound_list(t, s->ephemerals);

        check(s->ephemeral_count == count);
        check(s->id != 0 || count == 0);
        owned += count;
    }
    return owned;
}

static uint64_t
sound_acl_uses(const struct tree *t)
{
    const tree_ref_t *bucket = tree_at(t, t->acls_at);
    uint64_t uses = 0;

    for (uint32_t i = 0; i < ACL_BUCKETS; i++)
        for (tree_ref_t ref = bucket[i]; ref;) {
            const struct acl *a = tree_at(t, ref);

            uses += a->uses;
            ref = a->hash_next;
        }
    return uses;
}

static void
tree_check_sound(const struct tree *t)
{
    struct sound_sums sums = {0};
    struct tree_totals now;

    tree_totals(t, &now);
    sound_node(t, t->root, &sums);
    check(now.node_count == sums.nodes + 1);
    check(now.data_bytes == sums.data_bytes + 1);
    check(now.digest == sums.digest);
    check(now.ephemeral_count == sums.ephemerals);
    check(sound_owned(t) == sums.owned);
    check(sound_acl_uses(t) == sums.acl_uses);
}

#endif
