/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.c - the tree as a whole: its beginning, its memory, its totals.
 *
 * Pure; the replication process writes, anyone reads the totals.
 */
#include "storage/tree/tree.h"

#include "daemon/check.h"
#include "daemon/hash.h"
#include "storage/tree/tree_node.h"

#define TREE_MAGIC UINT64_C(0x6565727464626173) /* a tree is laid out here */

/* --- laying out ---------------------------------------------------------- */

static void
lay_root(struct tree *t)
{
    tree_ref_t root = arena_take(&t->arena, sizeof(struct node));
    struct node *n;

    check(root != 0);
    n = node_mem(t, root);
    *n = (struct node){.flags = NODE_DIGESTED};
    check(tree_need_kids(t, n) == 0);
    t->root = root;
    t->node_count = 1;
    t->data_bytes = 1; /* Java counts the alias "/" */
    tree_digest_in(t, root);
}

static void
lay_node(struct tree *t, const struct first_node *first)
{
    struct znode_stat stat = {.aversion = first->aversion};
    struct bytes p = bytes_of(first->path);
    tree_ref_t ref, acl_ref;

    check(tree_acl_take(t, first->acl, &acl_ref));
    check(tree_add(t, tree_place(t, p), p, bytes_of(""), acl_ref, &stat,
                   &ref) == 0);
}

static void
lay_fresh_nodes(struct tree *t)
{
    lay_root(t);
    for (size_t i = 1; i < FIRST_NODES; i++)
        lay_node(t, &tree_first_nodes[i]);
    tree_digest_settle(t);
}

/*
 * Table, ACL buckets and the index get their places; the index has room for
 * an eighth of the memory, which is more than nodes can need, and shares no
 * page of the system, however large, with anything else.
 */
static void
lay_parts(struct tree *t, size_t reserved)
{
    size_t table = TREE_HEAD_BYTES;
    size_t acls = table + arena_table_bytes(reserved);
    size_t page = ARENA_LARGEST_PAGE;
    size_t buckets = ALIGN_UP(acls + ACL_BUCKETS * sizeof(tree_ref_t), page);
    size_t first = buckets + ALIGN_UP(reserved / 8, page);

    t->reserved = reserved;
    t->bucket_max = (first - buckets) / BUCKET_BYTES;
    t->acls_at = (uint32_t)(acls / ARENA_UNIT);
    t->buckets_at = (uint32_t)(buckets / ARENA_UNIT);
    t->first_block = (uint32_t)(first / ARENA_UNIT);
    arena_init(&t->arena, t, first, reserved,
               tree_mem(t, TREE_HEAD_BYTES / ARENA_UNIT));
    memset(tree_mem(t, t->acls_at), 0, ACL_BUCKETS * sizeof(tree_ref_t));
    tree_index_init(t);
}

/* Sessions forget the ephemerals of a tree that is no more. */
static void
forget_ephemerals(struct session_table *sessions)
{
    for (uint32_t i = 0; i < session_slot_end(sessions); i++) {
        struct session *s = session_at(sessions, i);

        s->ephemerals = 0;
        s->ephemeral_count = 0;
        if (s->id != 0 && !s->is_alive)
            session_give(sessions, s);
    }
}

/* The sequence is odd; everything else starts anew. */
static void
lay_tree(struct tree *t, size_t reserved, struct session_table *sessions)
{
    size_t kept = offsetof(struct tree, seed); /* sequence, applied */

    memset((uint8_t *)t + kept, 0, sizeof *t - kept);
    t->sessions = sessions;
    t->seed = hash_seed_at(t);
    forget_ephemerals(sessions);
    lay_parts(t, reserved);
    lay_fresh_nodes(t);
    t->magic = TREE_MAGIC;
}

struct tree *
tree_init(void *arena, size_t reserved_bytes, struct session_table *sessions)
{
    struct tree *t = arena;

    check((uintptr_t)arena % ARENA_PAGE == 0);
    if (t->magic != TREE_MAGIC) {
        t->seq = 0;
        t->applied = 0;
    }
    if (!tree_is_open(t)) /* else the writer before us died in a batch */
        tree_seq_open(t);
    lay_tree(t, reserved_bytes, sessions);
    tree_acl_batch_end(t, t->applied);
    tree_seq_close(t);
    return t;
}

/* --- memory -------------------------------------------------------------- */

static void
give_back_from(struct tree *t, size_t from, size_t to)
{
    if (t->arena.give_back && from < to)
        t->arena.give_back((uint8_t *)t + from, to - from);
}

/* What lies beyond the parts in use, from whatever time. */
static void
give_back_unused(struct tree *t)
{
    size_t first = (size_t)t->first_block * ARENA_UNIT;

    give_back_from(t, (size_t)t->buckets_at * ARENA_UNIT + t->index_bytes,
                   first);
    give_back_from(t, (size_t)t->arena.top_units * ARENA_UNIT,
                   t->reserved / ARENA_PAGE * ARENA_PAGE);
}

void
tree_on_give_back(struct tree *t, tree_give_back_fn *give_back)
{
    t->arena.give_back = give_back;
    give_back_unused(t);
}

void
tree_clear(struct tree *t)
{
    tree_give_back_fn *give_back = t->arena.give_back;
    bool was_open = tree_is_open(t);

    if (!was_open)
        tree_seq_open(t);
    lay_tree(t, t->reserved, t->sessions);
    tree_on_give_back(t, give_back);
    if (!was_open)
        tree_batch_end(t, t->applied);
}

static uint64_t
resident_bytes(const struct tree *t)
{
    const struct arena *a = &t->arena;
    uint64_t table = ALIGN_UP((uint64_t)(LOAD(a->top_page) - a->first_page) *
                                  sizeof(struct arena_page),
                              (uint64_t)ARENA_PAGE);

    return TREE_HEAD_BYTES + ACL_BUCKETS * sizeof(tree_ref_t) + table +
           LOAD(t->index_bytes) + LOAD(a->resident_pages) * ARENA_PAGE;
}

/* Resident, but free to be taken again. */
static uint64_t
idle_bytes(const struct tree *t)
{
    uint64_t resident = LOAD(t->arena.resident_pages) * ARENA_PAGE;
    uint64_t used = LOAD(t->arena.used_bytes);

    return resident > used ? resident - used : 0;
}

/*
 * What a node may need besides its blocks (lines of the index, scratch) is a
 * small part of what is kept free here.
 */
bool
tree_is_full(const struct tree *t, uint64_t bytes)
{
    uint64_t span =
        (t->arena.end_page - t->arena.first_page) * (uint64_t)ARENA_PAGE;

    return LOAD(t->arena.used_bytes) + bytes > span - span / 8;
}

/*
 * Slabs that deletions left half empty count as room, as long as they are
 * more than an eighth of the limit; if the next blocks do not fit into them,
 * the limit is passed by an eighth at most.
 */
bool
tree_has_room(const struct tree *t, uint64_t bytes, uint64_t limit_bytes)
{
    uint64_t resident = resident_bytes(t);
    uint64_t eighth = limit_bytes / 8;

    if (tree_is_full(t, bytes))
        return false; /* whatever the limit says */
    return resident + bytes <= limit_bytes ||
           (idle_bytes(t) > eighth + bytes &&
            resident + bytes <= limit_bytes + eighth);
}

void
tree_totals(const struct tree *t, struct tree_totals *totals)
{
    *totals = (struct tree_totals){0};
    if (LOAD(t->magic) != TREE_MAGIC)
        return; /* replication has not been there yet */
    totals->zxid = LOAD(t->zxid);
    totals->digest = LOAD(t->digest);
    totals->node_count = LOAD(t->node_count) + 1; /* the alias "/" */
    totals->data_bytes = LOAD(t->data_bytes);
    totals->memory_bytes = resident_bytes(t);
    totals->used_bytes = totals->memory_bytes - idle_bytes(t);
    totals->ephemeral_count = LOAD(t->ephemeral_count);
}
