/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_index.c - nodes by (parent, name), in a linear-hashing index.
 *
 * Buckets are handles in one reserved array; as many are in use as there are
 * nodes.  A node that comes splits one bucket, one that goes merges one
 * (Litwin 1980), so growth never stalls.  Chains run through
 * node.hash_next.
 *
 * Pure.  The replication process writes; lookups from any process, bounded.
 */
#include "storage/tree_node.h"

#include "daemon/check.h"

/* Merge only when this far below, so that a pair of changes costs nothing. */
static uint64_t
merge_mark(uint64_t nodes)
{
    return nodes + nodes / 8;
}

static uint64_t
mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t
load_le(const uint8_t *p, size_t size)
{
    uint64_t v = 0;
    uint32_t w;

    if (size >= 8) {
        memcpy(&v, p, 8);
        return v;
    }
    if (size >= 4) { /* two loads that overlap */
        memcpy(&w, p + size - 4, 4);
        v = (uint64_t)w << 32;
        memcpy(&w, p, 4);
        return v | w;
    }
    if (size > 0)
        v = (uint64_t)p[0] << 16 | (uint64_t)p[size / 2] << 8 | p[size - 1];
    return v;
}

/*
 * A multiplicative hash as wyhash's: products of words, each word blinded by
 * the seed, so that nobody who does not know it can make names collide.
 */
static uint32_t
hash_of(const struct tree *t, tree_ref_t parent, const uint8_t *name,
        size_t size)
{
    const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t seed = t->seed;
    uint64_t h = seed ^ ((uint64_t)parent << 32 | (uint32_t)size) * odd;

    for (; size > 16; name += 16, size -= 16)
        h = mix(load_le(name, 8) ^ seed, load_le(name + 8, 8) ^ h);
    if (size > 8)
        h = mix(load_le(name, 8) ^ seed, load_le(name + size - 8, 8) ^ h);
    else
        h = mix(load_le(name, size) ^ seed, h);
    h = mix(h ^ odd, seed);
    return (uint32_t)(h ^ h >> 32);
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

static tree_ref_t *
bucket_mem(struct tree *t, uint32_t bucket)
{
    return (tree_ref_t *)tree_mem(t, t->buckets_at) + bucket;
}

/* --- growing and shrinking -------------------------------------------------- */

static void
count_resident(struct tree *t)
{
    uint64_t need = ALIGN_UP((uint64_t)t->bucket_count * sizeof(tree_ref_t),
                             (uint64_t)ARENA_PAGE);
    uint64_t slack = 16 * ARENA_PAGE; /* give back in larger pieces */

    if (need > t->index_bytes) {
        t->index_bytes = need;
    } else if (need + slack <= t->index_bytes) {
        if (t->arena.give_back)
            t->arena.give_back((uint8_t *)bucket_mem(t, 0) + need,
                               t->index_bytes - need);
        t->index_bytes = need;
    }
}

/* Open bucket number bucket_count and move there what belongs there. */
static void
split(struct tree *t)
{
    uint32_t fresh = t->bucket_count;
    uint32_t mask = fresh > t->bucket_mask ? t->bucket_mask * 2 + 1
                                           : t->bucket_mask;
    tree_ref_t *from = bucket_mem(t, fresh & mask >> 1);
    tree_ref_t *to = bucket_mem(t, fresh);
    tree_ref_t ref = *from;

    while (ref) {
        struct node *n = node_mem(t, ref);
        bool moves = (node_hash(t, n) & mask) == fresh;
        tree_ref_t next = n->hash_next;

        if (moves) {
            *to = ref;
            to = &n->hash_next;
        } else {
            *from = ref;
            from = &n->hash_next;
        }
        ref = next;
    }
    *from = 0;
    *to = 0;
    STORE(t->bucket_mask, mask);
    STORE(t->bucket_count, fresh + 1);
    count_resident(t);
}

/* Close the last bucket: its chain goes before that of its buddy. */
static void
merge(struct tree *t)
{
    uint32_t last = t->bucket_count - 1;
    tree_ref_t *from = bucket_mem(t, last);
    tree_ref_t *to = bucket_mem(t, last & t->bucket_mask >> 1);
    tree_ref_t *end = from;

    while (*end)
        end = &node_mem(t, *end)->hash_next;
    *end = *to;
    *to = *from;
    *from = 0;
    STORE(t->bucket_count, last);
    if (last == (t->bucket_mask >> 1) + 1) /* half are left: all in order */
        STORE(t->bucket_mask, t->bucket_mask >> 1);
    count_resident(t);
}

void
tree_index_init(struct tree *t)
{
    t->bucket_count = NODE_BUCKETS_MIN;
    t->bucket_mask = NODE_BUCKETS_MIN - 1;
    t->index_bytes = 0;
    memset(bucket_mem(t, 0), 0, NODE_BUCKETS_MIN * sizeof(tree_ref_t));
    count_resident(t);
}

void
tree_index_insert(struct tree *t, tree_ref_t ref)
{
    struct node *n = node_mem(t, ref);
    uint32_t hash = node_hash(t, n);
    tree_ref_t *bucket =
        bucket_mem(t, bucket_of(hash, t->bucket_count, t->bucket_mask));

    n->hash_next = *bucket;
    *bucket = ref;
    if (t->node_count > t->bucket_count && t->bucket_count < t->bucket_max)
        split(t);
}

void
tree_index_remove(struct tree *t, tree_ref_t ref)
{
    struct node *n = node_mem(t, ref);
    uint32_t hash = node_hash(t, n);
    tree_ref_t *link =
        bucket_mem(t, bucket_of(hash, t->bucket_count, t->bucket_mask));

    while (*link != ref) {
        check(*link != 0);
        link = &node_mem(t, *link)->hash_next;
    }
    *link = n->hash_next;
    if (t->bucket_count > NODE_BUCKETS_MIN &&
        merge_mark(t->node_count) < t->bucket_count)
        merge(t);
}

/* --- looking up ------------------------------------------------------------- */

static bool
is_named(const struct tree *t, const struct node *n, const uint8_t *name,
         size_t size)
{
    const uint8_t *at = (const uint8_t *)(n + 1);
    struct bytes got;

    if (__builtin_expect(size > UINT16_MAX, 0)) {
        got = node_name(t, n);
        return got.size >= 0 && (size_t)got.size == size &&
               memcmp(got.data, name, size) == 0;
    }
    return LOAD(n->name_size) == size && bytes_in_range(t, at, size) &&
           memcmp(at, name, size) == 0;
}

tree_ref_t
tree_child(const struct tree *t, tree_ref_t parent, const uint8_t *name,
           size_t size)
{
    uint32_t hash = hash_of(t, parent, name, size);
    uint32_t bucket =
        bucket_of(hash, LOAD(t->bucket_count), LOAD(t->bucket_mask));
    const tree_ref_t *buckets = tree_at(t, t->buckets_at);
    tree_ref_t ref = LOAD(buckets[bucket]);

    for (uint32_t i = 0; i < CHAIN_MAX && ref_in_range(t, ref); i++) {
        const struct node *n = node_at(t, ref);

        if (LOAD(n->parent) == parent && is_named(t, n, name, size))
            return ref;
        ref = LOAD(n->hash_next);
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
