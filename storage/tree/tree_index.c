/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_index.c - nodes by (parent, name), in a linear-hashing index.
 *
 * A bucket is one cache line of seven hashes and seven handles, so that a
 * lookup that fails, which every create begins with, touches nothing else,
 * and a bucket is split without looking at its nodes.  A full bucket goes on
 * in another line from the arena.  With five nodes per bucket on average a
 * node costs about 15 bytes here.
 *
 *     | hash 0..6 (28 bytes) | more | handle 0..6 (28 bytes) | count |
 *
 * A node that comes splits a bucket if there are too few, one that goes
 * merges one (Litwin 1980): growing never stalls.
 *
 * Pure.  The replication process writes; lookups from any process, bounded.
 */
#include "storage/tree/tree_node.h"

#include "daemon/check.h"
#include "daemon/hash.h"

enum {
    SLOTS = 7,
    NODES_PER_BUCKET = 5,
    BUCKETS_MIN = 4,
    LINES_MAX = 1 << 16, /* no bucket of ours has a hundredth of this */
};

struct bucket {
    uint32_t hash[SLOTS];
    uint32_t more; /* the next line, 0: none; only after a full one */
    tree_ref_t ref[SLOTS];
    uint32_t count; /* of slots in use: the first ones; writer only */
};

_Static_assert(sizeof(struct bucket) == BUCKET_BYTES, "one cache line");

static uint32_t
hash_of(const struct tree *t, tree_ref_t parent, const uint8_t *name,
        size_t size)
{
    return hash_bytes(t->seed, parent, (struct bytes){name, (int32_t)size});
}

static uint32_t
node_hash(const struct tree *t, const struct node *n)
{
    struct bytes name = node_name(t, n);

    return hash_of(t, n->parent, name.data, (size_t)name.size);
}

/* Every pair (count, mask) ever stored stays inside the reserved array. */
static uint32_t
bucket_of(uint32_t hash, uint32_t count, uint32_t mask)
{
    uint32_t bucket = hash & mask;

    return bucket < count ? bucket : bucket & mask >> 1;
}

static struct bucket *
bucket_mem(struct tree *t, uint32_t bucket)
{
    return (struct bucket *)tree_mem(t, t->buckets_at) + bucket;
}

static struct bucket *
bucket_for(struct tree *t, uint32_t hash)
{
    return bucket_mem(t, bucket_of(hash, t->bucket_count, t->bucket_mask));
}

/* --- one bucket ---------------------------------------------------------- */

static struct bucket *
line_after(struct tree *t, const struct bucket *b)
{
    return b->more ? tree_mem(t, b->more) : NULL;
}

/* tree_has_room and tree_load_node keep room for this. */
static void
line_add(struct tree *t, struct bucket *b)
{
    uint32_t more = arena_take(&t->arena, BUCKET_BYTES);

    check(more != 0);
    memset(tree_mem(t, more), 0, BUCKET_BYTES);
    STORE(b->more, more);
}

static void
bucket_put(struct tree *t, uint32_t hash, tree_ref_t ref)
{
    struct bucket *b = bucket_for(t, hash);

    while (b->count == SLOTS) {
        if (!b->more)
            line_add(t, b);
        b = line_after(t, b);
    }
    STORE(b->hash[b->count], hash);
    STORE(b->ref[b->count], ref);
    b->count++;
}

/* Fill slot i of `b` with the last entry from `first` on; empty lines go. */
static void
slot_clear(struct tree *t, struct bucket *first, struct bucket *b, uint32_t i)
{
    struct bucket *last = first, *before = NULL;

    while (last->more) {
        before = last;
        last = line_after(t, last);
    }
    last->count--;
    STORE(b->hash[i], last->hash[last->count]);
    STORE(b->ref[i], last->ref[last->count]);
    STORE(last->ref[last->count], 0);
    if (last->count == 0 && before) {
        arena_give(&t->arena, before->more);
        STORE(before->more, 0);
    }
}

static void
bucket_remove(struct tree *t, uint32_t hash, tree_ref_t ref)
{
    struct bucket *first = bucket_for(t, hash);

    for (struct bucket *b = first; b; b = line_after(t, b))
        for (uint32_t i = 0; i < b->count; i++)
            if (b->ref[i] == ref) {
                slot_clear(t, first, b, i);
                return;
            }
    never("a node is not in the index");
}

/* Put all that `held`, a copy of what a bucket was, where it belongs now. */
static void
scatter(struct tree *t, struct bucket held)
{
    for (;;) {
        uint32_t more = held.more;

        for (uint32_t i = 0; i < held.count; i++)
            bucket_put(t, held.hash[i], held.ref[i]);
        if (!more)
            return;
        held = *(const struct bucket *)tree_at(t, more);
        arena_give(&t->arena, more);
    }
}

/* --- growing and shrinking ----------------------------------------------- */

static void
count_resident(struct tree *t)
{
    uint64_t need = ALIGN_UP((uint64_t)t->bucket_count * BUCKET_BYTES,
                             (uint64_t)ARENA_PAGE);
    uint64_t slack = ARENA_LARGEST_PAGE; /* give back in larger pieces */
    uint64_t end = ALIGN_UP(t->index_bytes, slack);

    if (need > t->index_bytes) {
        t->index_bytes = need;
    } else if (need + slack <= t->index_bytes) {
        if (t->arena.give_back)
            t->arena.give_back((uint8_t *)bucket_mem(t, 0) + need, end - need);
        t->index_bytes = need;
    }
}

/* Open bucket number bucket_count and move there what belongs there. */
static void
split(struct tree *t)
{
    uint32_t fresh = t->bucket_count;
    struct bucket *from, held;

    memset(bucket_mem(t, fresh), 0, BUCKET_BYTES);
    if (fresh > t->bucket_mask)
        STORE(t->bucket_mask, t->bucket_mask * 2 + 1);
    STORE(t->bucket_count, fresh + 1);
    from = bucket_mem(t, fresh & t->bucket_mask >> 1);
    held = *from;
    memset(from, 0, sizeof *from);
    scatter(t, held);
    count_resident(t);
}

/* Close the last bucket. */
static void
merge(struct tree *t)
{
    uint32_t last = t->bucket_count - 1;
    struct bucket held = *bucket_mem(t, last);

    STORE(t->bucket_count, last);
    if (last == (t->bucket_mask >> 1) + 1) /* half are left: all in order */
        STORE(t->bucket_mask, t->bucket_mask >> 1);
    scatter(t, held);
    count_resident(t);
}

static bool
is_dense(const struct tree *t, uint64_t node_count)
{
    return node_count > (uint64_t)t->bucket_count * NODES_PER_BUCKET &&
           t->bucket_count < t->bucket_max;
}

/* Merge only when an eighth below, so that a pair of changes costs nothing. */
static bool
is_sparse(const struct tree *t)
{
    return t->bucket_count > BUCKETS_MIN &&
           t->node_count + t->node_count / 8 <
               (uint64_t)(t->bucket_count - 1) * NODES_PER_BUCKET;
}

void
tree_index_init(struct tree *t)
{
    t->bucket_count = BUCKETS_MIN;
    t->bucket_mask = BUCKETS_MIN - 1;
    t->index_bytes = 0;
    memset(bucket_mem(t, 0), 0, BUCKETS_MIN * BUCKET_BYTES);
    count_resident(t);
}

void
tree_index_insert(struct tree *t, tree_ref_t ref)
{
    uint32_t hash = node_hash(t, node_at(t, ref));

    bucket_put(t, hash, ref);
    if (is_dense(t, t->node_count))
        split(t);
}

void
tree_index_grow(struct tree *t, uint64_t node_count)
{
    while (is_dense(t, node_count))
        split(t);
}

void
tree_index_remove(struct tree *t, tree_ref_t ref)
{
    bucket_remove(t, node_hash(t, node_at(t, ref)), ref);
    if (is_sparse(t))
        merge(t);
}

/* --- looking up ---------------------------------------------------------- */

static bool
is_named(const struct tree *t, const struct node *n, const uint8_t *name,
         size_t size)
{
    const uint8_t *at = n->name;
    struct bytes got;

    if (__builtin_expect(size > UINT16_MAX, 0)) {
        got = node_name(t, n);
        return got.size >= 0 && (size_t)got.size == size &&
               memcmp(got.data, name, size) == 0;
    }
    return LOAD(n->name_size) == size && bytes_in_range(t, at, size) &&
           memcmp(at, name, size) == 0;
}

static bool
is_child(const struct tree *t, tree_ref_t ref, tree_ref_t parent,
         const uint8_t *name, size_t size)
{
    const struct node *n = node_at(t, ref);

    if (!ref_in_range(t, ref))
        return false;
    __builtin_prefetch(n); /* whoever finds it wants its Stat */
    return LOAD(n->parent) == parent && is_named(t, n, name, size);
}

static const struct bucket *
bucket_at(const struct tree *t, uint32_t hash)
{
    return (const struct bucket *)tree_at(t, t->buckets_at) +
           bucket_of(hash, LOAD(t->bucket_count), LOAD(t->bucket_mask));
}

uint32_t
tree_index_prefetch(const struct tree *t, tree_ref_t parent,
                    const uint8_t *name, size_t size)
{
    uint32_t hash = hash_of(t, parent, name, size);

    __builtin_prefetch(bucket_at(t, hash), 1);
    return hash;
}

/* A node begins anywhere in a line, and its name behind the first. */
void
tree_index_prefetch_node(const struct tree *t, uint32_t hash)
{
    const struct bucket *b = bucket_at(t, hash);

    for (uint32_t i = 0; i < SLOTS; i++)
        if (__builtin_expect(LOAD(b->hash[i]) == hash, 0)) {
            const struct node *n = node_at(t, LOAD(b->ref[i]));

            __builtin_prefetch(n, 1);
            __builtin_prefetch(&n->parent, 1);
        }
}

tree_ref_t
tree_child(const struct tree *t, tree_ref_t parent, const uint8_t *name,
           size_t size)
{
    uint32_t hash = hash_of(t, parent, name, size);
    const struct bucket *b = bucket_at(t, hash);

    for (uint32_t lines = 0; lines < LINES_MAX; lines++) {
        uint32_t more;

        for (uint32_t i = 0; i < SLOTS; i++) {
            tree_ref_t ref;

            if (__builtin_expect(LOAD(b->hash[i]) != hash, 1))
                continue;
            ref = LOAD(b->ref[i]);
            if (is_child(t, ref, parent, name, size))
                return ref;
        }
        more = LOAD(b->more);
        if (__builtin_expect(!ref_in_range(t, more), 1))
            break;
        b = tree_at(t, more);
    }
    return 0;
}

tree_ref_t
tree_find(const struct tree *t, struct bytes path)
{
    const uint8_t *p = path.data, *end;
    tree_ref_t ref = t->root;

    if (path.size <= 0 || (path.size == 1 && *p == '/'))
        return path.size < 0 ? 0 : ref;
    end = p + path.size;
    if (*p != '/')
        return 0;
    while (ref && p < end) {
        const uint8_t *name = p + 1;
        const uint8_t *slash = memchr(name, '/', (size_t)(end - name));

        p = slash ? slash : end;
        if (p == name)
            return 0; /* no node has an empty name */
        ref = tree_child(t, ref, name, (size_t)(p - name));
    }
    return ref;
}
