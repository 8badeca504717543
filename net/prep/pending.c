/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pending.c - nodes as they will be once everything prepared is applied.
 *
 * Pure.  The replication process.  A place is an index into `node`; links
 * hold place + 1, so that zeroed memory is an empty table.
 */
#include "net/prep/pending.h"

#include "daemon/check.h"
#include "daemon/hash.h"

/*
 * Few nodes are pending as a rule: 64 KiB of buckets stay in a core's cache,
 * and eight in a chain are what the largest multi makes of it.
 */
enum { BUCKETS = 1 << 14 };

size_t
pending_bytes(uint32_t capacity)
{
    return (size_t)capacity * (2 * sizeof(struct pnode) + sizeof(uint32_t)) +
           2 * BUCKETS * sizeof(uint32_t);
}

void
pending_init(struct pending *p, void *memory, uint32_t capacity, uint64_t seed)
{
    *p = (struct pending){.capacity = capacity, .seed = seed};
    p->node = memory;
    p->saved = p->node + capacity;
    p->bucket = (uint32_t *)(void *)(p->saved + capacity);
    p->owned = p->bucket + BUCKETS;
    p->touched = p->owned + BUCKETS;
}

uint32_t
pending_hash(const struct pending *p, struct bytes path)
{
    return hash_bytes(p->seed, 0, path);
}

static uint32_t
place_of(const struct pending *p, const struct pnode *n)
{
    return (uint32_t)(n - p->node);
}

static struct pnode *
at(const struct pending *p, uint32_t link)
{
    return link == 0 ? NULL : &p->node[link - 1];
}

static uint32_t *
bucket_of(const struct pending *p, uint32_t hash)
{
    return &p->bucket[hash % BUCKETS];
}

struct pnode *
pending_find(const struct pending *p, struct bytes path, uint32_t hash)
{
    if (p->used == 0)
        return NULL;
    for (uint32_t link = *bucket_of(p, hash); link != 0;) {
        struct pnode *n = &p->node[link - 1];

        if (n->hash == hash && bytes_equal(n->path, path))
            return n;
        link = n->next;
    }
    return NULL;
}

/* --- the list by zxid ---------------------------------------------------- */

static void
unlink_age(struct pending *p, struct pnode *n)
{
    if (!n->is_linked)
        return;
    if (n->older)
        at(p, n->older)->newer = n->newer;
    else
        p->oldest = n->newer;
    if (n->newer)
        at(p, n->newer)->older = n->older;
    else
        p->newest = n->older;
    n->is_linked = false;
}

static void
link_newest(struct pending *p, struct pnode *n)
{
    uint32_t link = place_of(p, n) + 1;

    n->older = p->newest;
    n->newer = 0;
    if (p->newest)
        at(p, p->newest)->newer = link;
    else
        p->oldest = link;
    p->newest = link;
    n->is_linked = true;
}

/* --- the lists by owner -------------------------------------------------- */

static uint32_t *
owned_by(const struct pending *p, session_id_t owner)
{
    return &p->owned[session_hash(p->seed, owner) % BUCKETS];
}

static void
unlink_owned(struct pending *p, struct pnode *n)
{
    if (n->listed_for == 0)
        return;
    if (n->owned_next)
        at(p, n->owned_next)->owned_prev = n->owned_prev;
    if (n->owned_prev)
        at(p, n->owned_prev)->owned_next = n->owned_next;
    else
        *owned_by(p, n->listed_for) = n->owned_next;
    n->listed_for = 0;
}

/* A node that is there hangs on its owner's list, if that is a session. */
static void
link_owned(struct pending *p, struct pnode *n)
{
    uint32_t *first;

    if (!n->exists || !znode_is_ephemeral(n->stat.owner))
        return;
    first = owned_by(p, n->stat.owner);
    n->listed_for = n->stat.owner;
    n->owned_prev = 0;
    n->owned_next = *first;
    if (*first)
        at(p, *first)->owned_prev = place_of(p, n) + 1;
    *first = place_of(p, n) + 1;
}

/* From `link` on; other sessions may have the bucket, too. */
static const struct pnode *
next_owned(const struct pending *p, uint32_t link, session_id_t owner)
{
    const struct pnode *n = at(p, link);

    while (n && n->listed_for != owner)
        n = at(p, n->owned_next);
    return n;
}

const struct pnode *
pending_owned(const struct pending *p, session_id_t owner)
{
    return next_owned(p, *owned_by(p, owner), owner);
}

const struct pnode *
pending_owned_next(const struct pending *p, const struct pnode *n)
{
    return next_owned(p, n->owned_next, n->listed_for);
}

/* --- places -------------------------------------------------------------- */

static struct pnode *
take_place(struct pending *p)
{
    struct pnode *n = at(p, p->free);

    check(p->used < p->capacity);
    if (n)
        p->free = n->next;
    else
        n = &p->node[p->fresh++];
    p->used++;
    return n;
}

static void
give_place(struct pending *p, struct pnode *n)
{
    uint32_t *link = bucket_of(p, n->hash);
    uint32_t own = place_of(p, n) + 1;

    while (*link != own) {
        check(*link != 0);
        link = &p->node[*link - 1].next;
    }
    *link = n->next;
    unlink_age(p, n);
    unlink_owned(p, n);
    n->next = p->free;
    p->free = own;
    p->used--;
}

/* --- one transaction ------------------------------------------------------ */

void
pending_begin(struct pending *p)
{
    p->number++;
    p->touched_count = 0;
    p->saved_count = 0;
}

static void
remember(struct pending *p, struct pnode *n, uint32_t saved)
{
    check(p->touched_count < p->capacity);
    n->touched_by = p->number;
    n->saved = saved;
    p->touched[p->touched_count++] = place_of(p, n);
}

void
pending_touch(struct pending *p, struct pnode *n)
{
    if (n->touched_by == p->number)
        return;
    p->saved[p->saved_count++] = *n;
    remember(p, n, p->saved_count);
}

struct pnode *
pending_add(struct pending *p, const struct pnode *from)
{
    struct pnode *n = take_place(p);
    uint32_t *bucket = bucket_of(p, from->hash);

    *n = *from;
    n->is_linked = false;
    n->listed_for = 0;
    n->zxid = 0;
    n->next = *bucket;
    *bucket = place_of(p, n) + 1;
    remember(p, n, 0);
    return n;
}

void
pending_commit(struct pending *p, zxid_t zxid)
{
    for (uint32_t i = 0; i < p->touched_count; i++) {
        struct pnode *n = &p->node[p->touched[i]];

        unlink_age(p, n);
        n->zxid = zxid;
        link_newest(p, n);
        unlink_owned(p, n);
        link_owned(p, n);
    }
}

/*
 * Links of what was there do not change while a transaction is open: what it
 * adds goes to the heads of the buckets, and into the lists when it commits.
 */
void
pending_rollback(struct pending *p)
{
    while (p->touched_count > 0) {
        struct pnode *n = &p->node[p->touched[--p->touched_count]];

        if (n->saved)
            *n = p->saved[n->saved - 1];
        else
            give_place(p, n);
    }
}

void
pending_release(struct pending *p, zxid_t zxid)
{
    struct pnode *n;

    while ((n = at(p, p->oldest)) != NULL && n->zxid <= zxid)
        give_place(p, n);
}
