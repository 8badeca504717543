/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_edit.c - one node comes, goes, gets other data.
 *
 * Keeps what must agree: the index, the sibling list, the counters of all
 * ancestors, the owner's list, the digest, the totals.  Whatever needs memory
 * takes it first, so that a full arena leaves everything as it was.
 *
 * Pure; the replication process, inside a batch.
 */
#include "storage/tree/tree_node.h"

#include <errno.h>

#include "daemon/check.h"
#include "daemon/word.h"

/*
 * Java counts surrogates, each half of a character on its own.  Paths have none
 * (ZK: PathUtils.validatePath), so characters will do.  Bytes that continue one
 * are 10xxxxxx; all others begin one.
 */
size_t
utf16_units(struct bytes text)
{
    size_t size = (size_t)bytes_size(text), units = size, i = 0;

    for (; i + WORD_BYTES <= size; i += WORD_BYTES) {
        uint64_t word = word_at(text.data + i);

        units -= word_count(word & ~(word << 1) & WORD_OF(0x80));
    }
    for (; i < size; i++)
        units -= (text.data[i] & 0xc0) == 0x80;
    return units;
}

struct place
tree_place(const struct tree *t, struct bytes path)
{
    struct place place = {0};
    struct parted parted;
    bool has_slash = path_part(path, &parted);

    place.name = parted.name;
    if (has_slash && parted.above.size != 1) /* "//name" is below no node */
        place.parent = tree_find(t, parted.above);
    return place;
}

/* --- digest -------------------------------------------------------------- */

static uint64_t
digest_of(const struct tree *t, const struct node *n)
{
    struct znode_stat stat;

    tree_node_stat(t, n, &stat);
    return znode_digest(n->crc, &stat);
}

static void
add_share(struct tree *t, const struct node *n)
{
    if (n->flags & NODE_DIGESTED)
        t->digest += digest_of(t, n);
}

void
tree_digest_out(struct tree *t, tree_ref_t ref)
{
    const struct node *n = node_at(t, ref);

    if (ref == t->unsummed)
        t->unsummed = 0;
    else if (n->flags & NODE_DIGESTED)
        t->digest -= digest_of(t, n);
}

void
tree_digest_in(struct tree *t, tree_ref_t ref)
{
    tree_digest_settle(t);
    t->unsummed = ref;
}

void
tree_digest_settle(struct tree *t)
{
    if (t->unsummed)
        add_share(t, node_at(t, t->unsummed));
    t->unsummed = 0;
}

/* --- blocks of a node ---------------------------------------------------- */

int
tree_need_kids(struct tree *t, struct node *n)
{
    tree_ref_t more;
    struct kids *kids;

    if (n->flags & NODE_HAS_KIDS)
        return 0;
    more = arena_take(&t->arena, sizeof *kids);
    if (!more)
        return -ENOSPC;
    kids = tree_mem(t, more);
    *kids = (struct kids){.pzxid = n->czxid};
    if (n->more) {
        kids->owned = *(const struct links *)tree_at(t, n->more);
        arena_give(&t->arena, n->more);
    }
    n->more = more;
    n->flags |= NODE_HAS_KIDS;
    return 0;
}

/* Room for cversion and pzxid, unless they are as in a node that has none. */
static int
make_counters(struct tree *t, struct node *n, const struct znode_stat *stat)
{
    return stat->cversion != 0 || stat->pzxid != stat->czxid
               ? tree_need_kids(t, n)
               : 0;
}

/* A block with `data`, or 0 in *ref for none. */
static int
take_data(struct tree *t, struct bytes data, tree_ref_t *ref)
{
    *ref = 0;
    if (data.size <= 0)
        return 0;
    *ref = arena_take(&t->arena, (size_t)data.size);
    if (!*ref)
        return -ENOSPC;
    memcpy(tree_mem(t, *ref), data.data, (size_t)data.size);
    return 0;
}

static int
take_node(struct tree *t, struct bytes name, tree_ref_t *ref)
{
    bool is_long = name.size > UINT16_MAX;
    uint32_t size = (uint32_t)name.size;
    struct node *n;
    uint8_t *at;

    *ref = arena_take(&t->arena, offsetof(struct node, name) +
                                     (is_long ? sizeof size : 0) + size);
    if (!*ref)
        return -ENOSPC;
    n = node_mem(t, *ref);
    *n = (struct node){
        .name_size = is_long ? 0 : (uint16_t)size,
        .flags = is_long ? NODE_LONG_NAME : 0,
    };
    at = n->name;
    if (is_long) {
        memcpy(at, &size, sizeof size);
        at += sizeof size;
    }
    memcpy(at, name.data, size);
    return 0;
}

static void
give_node(struct tree *t, tree_ref_t ref)
{
    struct node *n = node_mem(t, ref);

    if (n->data)
        arena_give(&t->arena, n->data);
    if (n->more)
        arena_give(&t->arena, n->more);
    arena_give(&t->arena, ref);
}

/* --- coming -------------------------------------------------------------- */

static void
set_stat(struct tree *t, struct node *n, const struct znode_stat *stat)
{
    struct kids *kids = node_kids_mem(t, n);

    n->czxid = stat->czxid;
    n->mzxid = stat->mzxid;
    n->ctime = stat->ctime;
    n->mtime = stat->mtime;
    n->owner = stat->owner;
    n->version = stat->version;
    n->aversion = stat->aversion;
    if (kids) {
        kids->cversion = stat->cversion;
        kids->pzxid = stat->pzxid;
    }
}

/* Everything that can fail for want of memory. */
static int
prepare(struct tree *t, tree_ref_t ref, struct bytes data,
        const struct znode_stat *stat)
{
    struct node *n = node_mem(t, ref);
    int rc = make_counters(t, n, stat);

    if (rc == 0)
        rc = take_data(t, data, &n->data);
    set_stat(t, n, stat);
    n->data_size = data.size;
    if (rc == 0 && stat->owner != 0)
        rc = tree_own(t, ref);
    return rc;
}

static void
count_descendants(struct tree *t, tree_ref_t ref, int32_t change)
{
    while (ref) {
        struct node *n = node_mem(t, ref);
        struct kids *kids = node_kids_mem(t, n);

        kids->descendants += change;
        ref = n->parent;
    }
}

static void
link_child(struct tree *t, tree_ref_t parent, tree_ref_t ref)
{
    struct kids *kids = node_kids_mem(t, node_mem(t, parent));
    struct node *n = node_mem(t, ref);

    n->parent = parent;
    n->next = kids->first;
    if (kids->first)
        node_mem(t, kids->first)->prev = ref;
    kids->first = ref;
    kids->child_count++;
    count_descendants(t, parent, +1);
}

static size_t
counted_bytes(struct bytes path, int32_t data_size)
{
    return utf16_units(path) + (size_t)data_size;
}

int
tree_add(struct tree *t, struct place place, struct bytes path,
         struct bytes data, tree_ref_t acl, const struct znode_stat *stat,
         tree_ref_t *ref)
{
    struct node *n;
    int rc = tree_need_kids(t, node_mem(t, place.parent));

    if (rc == 0)
        rc = take_node(t, place.name, ref);
    if (rc < 0)
        return rc;
    rc = prepare(t, *ref, data, stat);
    if (rc < 0) {
        give_node(t, *ref);
        return rc;
    }
    n = node_mem(t, *ref);
    n->acl = acl;
    n->crc = znode_path_crc(path, data);
    if (path_is_digested(path))
        n->flags |= NODE_DIGESTED;
    link_child(t, place.parent, *ref);
    t->node_count++;
    t->data_bytes += counted_bytes(path, bytes_size(data));
    tree_index_insert(t, *ref);
    add_share(t, n);
    return 0;
}

/* --- going --------------------------------------------------------------- */

static void
unlink_child(struct tree *t, tree_ref_t ref)
{
    struct node *n = node_mem(t, ref);
    struct kids *kids = node_kids_mem(t, node_mem(t, n->parent));

    check(kids && kids->child_count > 0);
    if (n->next)
        node_mem(t, n->next)->prev = n->prev;
    if (n->prev)
        node_mem(t, n->prev)->next = n->next;
    else
        kids->first = n->next;
    kids->child_count--;
    count_descendants(t, n->parent, -1);
}

void
tree_remove(struct tree *t, tree_ref_t ref, struct bytes path)
{
    struct node *n = node_mem(t, ref);
    const struct kids *kids = node_kids(t, n);

    check(ref != t->root && (!kids || !kids->first));
    tree_digest_out(t, ref);
    t->node_count--;
    t->data_bytes -= counted_bytes(path, node_data_size(n));
    tree_index_remove(t, ref);
    unlink_child(t, ref);
    tree_disown(t, ref);
    tree_acl_give(t, n->acl);
    give_node(t, ref);
}

/* --- data ---------------------------------------------------------------- */

int
tree_put_data(struct tree *t, tree_ref_t ref, struct bytes path,
              struct bytes data)
{
    struct node *n = node_mem(t, ref);
    tree_ref_t block = 0;
    int rc;

    if (n->data && data.size > 0 &&
        arena_rounded((size_t)data.size) ==
            arena_rounded((size_t)n->data_size)) {
        memcpy(tree_mem(t, n->data), data.data, (size_t)data.size);
    } else {
        rc = take_data(t, data, &block);
        if (rc < 0)
            return rc;
        if (n->data)
            arena_give(&t->arena, n->data);
        STORE(n->data, block);
    }
    t->data_bytes += (size_t)bytes_size(data);
    t->data_bytes -= (size_t)node_data_size(n);
    STORE(n->data_size, data.size);
    n->crc = znode_path_crc(path, data);
    return 0;
}

/* --- as a snapshot has it ------------------------------------------------ */

int
tree_replace(struct tree *t, tree_ref_t ref, struct bytes path,
             struct bytes data, tree_ref_t acl, const struct znode_stat *stat)
{
    struct node *n = node_mem(t, ref);
    int rc;

    tree_digest_out(t, ref);
    rc = make_counters(t, n, stat);
    if (rc == 0)
        rc = tree_put_data(t, ref, path, data);
    if (rc == 0) {
        tree_disown(t, ref);
        tree_acl_give(t, n->acl);
        n->acl = acl;
        set_stat(t, n, stat);
        if (stat->owner != 0)
            rc = tree_own(t, ref);
    }
    tree_digest_in(t, ref);
    return rc;
}
