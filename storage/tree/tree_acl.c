/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_acl.c - the ACL lists of all nodes, each once.
 *
 * A list is interned by its serialised bytes and counted.  Reference 0 is
 * world:anyone:31, which most nodes have and which costs nothing.  Outcomes
 * in the ring name lists by reference, so a list that nobody uses any more
 * waits, dated by the batch that dropped it, until all have read past that:
 *
 *     in use  --last use dropped-->  fresh  --batch ends-->  dead  --> freed
 *       ^----------- used again ------'----------------------'
 *
 * Pure.  The replication process writes; tree_acl from any process.
 * ZK: ReferenceCountedACLCache
 */
#include "storage/tree/tree_node.h"

#include "daemon/check.h"
#include "daemon/hash.h"

#define RING_POS_OPEN UINT64_MAX /* the batch that is still open */

static bool
is_open(struct bytes acl)
{
    return bytes_equal(acl_or_world(acl), acl_open_to_all);
}

static uint32_t
hash_of(const struct tree *t, struct bytes acl)
{
    return hash_bytes(t->seed, 0, acl);
}

static struct acl *
acl_mem(struct tree *t, tree_ref_t ref)
{
    return tree_mem(t, ref);
}

static tree_ref_t *
bucket_mem(struct tree *t, uint32_t hash)
{
    return (tree_ref_t *)tree_mem(t, t->acls_at) + hash % ACL_BUCKETS;
}

/* --- fresh and dead ------------------------------------------------------ */

static void
list_append(struct tree *t, struct acl_list *list, tree_ref_t ref)
{
    struct acl *a = acl_mem(t, ref);

    a->next = 0;
    a->prev = list->last;
    if (list->last)
        acl_mem(t, list->last)->next = ref;
    else
        list->first = ref;
    list->last = ref;
}

static void
list_remove(struct tree *t, struct acl_list *list, tree_ref_t ref)
{
    struct acl *a = acl_mem(t, ref);

    if (a->next)
        acl_mem(t, a->next)->prev = a->prev;
    else
        list->last = a->prev;
    if (a->prev)
        acl_mem(t, a->prev)->next = a->next;
    else
        list->first = a->next;
}

static struct acl_list *
list_of(struct tree *t, const struct acl *a)
{
    return a->dropped == RING_POS_OPEN ? &t->fresh : &t->dead;
}

/* --- uses ---------------------------------------------------------------- */

static tree_ref_t
acl_find(struct tree *t, struct bytes acl, uint32_t hash)
{
    tree_ref_t ref = *bucket_mem(t, hash);

    while (ref) {
        const struct acl *a = acl_mem(t, ref);

        if (a->hash == hash && a->size == acl.size &&
            memcmp(a + 1, acl.data, (size_t)acl.size) == 0)
            return ref;
        ref = a->hash_next;
    }
    return 0;
}

static tree_ref_t
acl_new(struct tree *t, struct bytes acl, uint32_t hash)
{
    tree_ref_t ref =
        arena_take(&t->arena, sizeof(struct acl) + (size_t)acl.size);
    tree_ref_t *bucket = bucket_mem(t, hash);
    struct acl *a;

    if (!ref)
        return 0;
    a = acl_mem(t, ref);
    *a = (struct acl){.hash_next = *bucket, .hash = hash, .size = acl.size};
    memcpy(a + 1, acl.data, (size_t)acl.size);
    *bucket = ref;
    return ref;
}

bool
tree_acl_take(struct tree *t, struct bytes acl, tree_ref_t *ref)
{
    struct acl *a;
    uint32_t hash;

    *ref = 0;
    if (is_open(acl))
        return true;
    hash = hash_of(t, acl);
    *ref = acl_find(t, acl, hash);
    if (*ref && acl_mem(t, *ref)->uses == 0)
        list_remove(t, list_of(t, acl_mem(t, *ref)), *ref);
    if (!*ref)
        *ref = acl_new(t, acl, hash);
    if (!*ref)
        return false;
    a = acl_mem(t, *ref);
    a->uses++;
    return true;
}

void
tree_acl_give(struct tree *t, tree_ref_t ref)
{
    struct acl *a;

    if (ref == 0)
        return;
    a = acl_mem(t, ref);
    check(a->uses > 0);
    if (--a->uses > 0)
        return;
    a->dropped = RING_POS_OPEN;
    list_append(t, &t->fresh, ref);
}

void
tree_acl_batch_end(struct tree *t, ring_pos_t applied)
{
    tree_ref_t ref;

    while ((ref = t->fresh.first) != 0) {
        list_remove(t, &t->fresh, ref);
        acl_mem(t, ref)->dropped = applied;
        list_append(t, &t->dead, ref);
    }
}

static void
acl_free(struct tree *t, tree_ref_t ref)
{
    struct acl *a = acl_mem(t, ref);
    tree_ref_t *link = bucket_mem(t, a->hash);

    while (*link != ref) {
        check(*link != 0);
        link = &acl_mem(t, *link)->hash_next;
    }
    *link = a->hash_next;
    list_remove(t, &t->dead, ref);
    arena_give(&t->arena, ref);
}

void
tree_reclaim(struct tree *t, ring_pos_t delivered_by_all)
{
    while (t->dead.first &&
           acl_mem(t, t->dead.first)->dropped <= delivered_by_all)
        acl_free(t, t->dead.first);
}

struct bytes
tree_acl(const struct tree *t, tree_ref_t ref)
{
    const struct acl *a = tree_at(t, ref);
    int32_t size;

    if (ref == 0)
        return acl_open_to_all;
    if (!ref_in_range(t, ref))
        return BYTES_NULL;
    size = LOAD(a->size);
    if (size < 0 || !bytes_in_range(t, a + 1, (size_t)size))
        return BYTES_NULL;
    return (struct bytes){(const uint8_t *)(a + 1), size};
}
