/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quota.c - limits on subtrees, kept in nodes below /zookeeper/quota.
 *
 * Nothing is kept outside of the tree's nodes but the number of quotas in
 * force: a question is a walk from /zookeeper/quota along its path.
 *
 * Pure; see quota.h.  Facts: client-protocol.md 10.2.
 */
#include "storage/tree/quota.h"

#include "daemon/check.h"
#include "storage/tree/tree_node.h"

static const char limits_name[] = QUOTA_LIMITS_NAME;
static const char stats_name[] = QUOTA_STATS_NAME;

/* --- which quota --------------------------------------------------------- */

static tree_ref_t
child_named(const struct tree *t, tree_ref_t parent, const char *name)
{
    return tree_child(t, parent, (const uint8_t *)name, strlen(name));
}

/* A quota: its node below /zookeeper/quota, its length of the path. */
struct found {
    tree_ref_t at, limits;
    int32_t path_size;
};

/* Walk along `path` as far as there are nodes; bounded by the path. */
static struct found
deepest(const struct tree *t, struct bytes path)
{
    tree_ref_t ref = tree_find(t, bytes_of(QUOTA_ROOT));
    struct found found = {0};
    int32_t start = 1;

    while (ref && start < path.size) {
        const uint8_t *name = path.data + start;
        size_t left = (size_t)(path.size - start);
        const uint8_t *slash = memchr(name, '/', left);
        size_t size = slash ? (size_t)(slash - name) : left;
        tree_ref_t limits;

        ref = size > 0 ? tree_child(t, ref, name, size) : 0;
        limits = ref ? child_named(t, ref, limits_name) : 0;
        start += (int32_t)size + 1;
        if (limits)
            found = (struct found){ref, limits, start - 1};
    }
    return found;
}

static bool
text_of(const struct tree *t, tree_ref_t ref, struct quota_text *q)
{
    struct znode_view view;

    return ref && tree_node_view(t, ref, &view) && quota_parse(view.data, q);
}

bool
quota_find(const struct tree *t, struct bytes path, struct quota_view *q)
{
    struct found found = {0};
    tree_ref_t stats;

    if (LOAD(t->quota_count) > 0)
        found = deepest(t, path);
    if (!found.at)
        return false;
    stats = child_named(t, found.at, stats_name);
    *q = (struct quota_view){.path = {path.data, found.path_size},
                             .limits = {-1, -1, -1, -1},
                             .now = {-1, -1, -1, -1}};
    text_of(t, found.limits, &q->limits);
    q->has_stats = text_of(t, stats, &q->now);
    return true;
}

/* --- the statistics ------------------------------------------------------ */

/* Only the data changes, not the Stat. */
static void
put_stats(struct tree *t, tree_ref_t ref, const struct quota_text *q)
{
    char text[QUOTA_TEXT_MAX];
    size_t size = quota_print(q, text);
    tree_ref_t block;
    struct bytes path = tree_path_take(t, ref, &block);

    check(path.size >= 0);
    check(tree_put_data(t, ref, path,
                        (struct bytes){(uint8_t *)text, (int32_t)size}) == 0);
    arena_give(&t->arena, block);
}

void
quota_changed(struct tree *t, struct bytes path, int64_t count,
              int64_t data_bytes)
{
    struct quota_text now;
    struct found found;
    tree_ref_t stats;

    if (t->quota_count == 0)
        return;
    found = deepest(t, path);
    stats = found.at ? child_named(t, found.at, stats_name) : 0;
    if (!stats)
        return;
    text_of(t, stats, &now);
    now.count = (int64_t)((uint64_t)now.count + (uint64_t)count);
    now.bytes = (int64_t)((uint64_t)now.bytes + (uint64_t)data_bytes);
    put_stats(t, stats, &now);
}

/* The next node of a walk over all below `top`, parents first; 0: no more. */
static tree_ref_t
next_below(const struct tree *t, tree_ref_t top, tree_ref_t ref)
{
    const struct kids *kids = node_kids(t, node_at(t, ref));

    if (kids && kids->first)
        return kids->first;
    while (ref != top && !node_at(t, ref)->next)
        ref = node_at(t, ref)->parent;
    return ref == top ? 0 : node_at(t, ref)->next;
}

/* ZK: DataTree.updateQuotaForPath */
static void
count_anew(struct tree *t, tree_ref_t stats, struct bytes real_path)
{
    struct quota_text now = {0, 0, -1, -1};
    tree_ref_t top = tree_find(t, real_path);

    for (tree_ref_t ref = top; ref; ref = next_below(t, top, ref)) {
        now.count++;
        now.bytes += node_data_size(node_at(t, ref));
    }
    put_stats(t, stats, &now);
}

/* --- limits that come and go --------------------------------------------- */

void
quota_node_added(struct tree *t, tree_ref_t ref, struct bytes path)
{
    struct bytes real;

    switch (quota_node_of(path, &real)) {
    case QUOTA_LIMITS:
        t->quota_count++;
        return;
    case QUOTA_STATS:
        count_anew(t, ref, real);
        return;
    case QUOTA_NONE:
        return;
    }
}

void
quota_node_leaves(struct tree *t, struct bytes path)
{
    struct bytes real;

    if (quota_node_of(path, &real) == QUOTA_LIMITS) {
        check(t->quota_count > 0);
        t->quota_count--;
    }
}

/* There are `limits` on `real_path`: what they limit is counted beside them. */
static void
rebuild_one(struct tree *t, tree_ref_t limits, struct bytes real_path)
{
    tree_ref_t stats = child_named(t, node_at(t, limits)->parent, stats_name);

    t->quota_count++;
    if (stats)
        count_anew(t, stats, real_path);
}

/* ZK: DataTree.setupQuota, traverseNode */
void
quota_rebuild(struct tree *t)
{
    tree_ref_t top = tree_find(t, bytes_of(QUOTA_ROOT));

    t->quota_count = 0;
    for (tree_ref_t ref = top; ref; ref = next_below(t, top, ref)) {
        tree_ref_t block;
        struct bytes path = tree_path_take(t, ref, &block), real;

        check(path.size >= 0);
        if (quota_node_of(path, &real) == QUOTA_LIMITS)
            rebuild_one(t, ref, real);
        arena_give(&t->arena, block);
    }
}
