/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_owned.c - who owns which nodes.
 *
 * The ephemerals of a session hang on its slot, containers and TTL nodes on
 * the tree.  Should the session table be full, an ephemeral is a stray: it
 * hangs on a list of its own and is told apart by its owner field.
 *
 * Pure; the replication process, inside a batch.
 */
#include "storage/tree/tree_node.h"

#include <errno.h>

#include "daemon/check.h"

static struct links *
links_mem(struct tree *t, tree_ref_t ref)
{
    return tree_mem(t, node_mem(t, ref)->more);
}

/* The list the node is to hang on; notes a stray in its flags. */
static tree_ref_t *
choose_list(struct tree *t, struct node *n)
{
    struct session *s;

    if (!znode_is_ephemeral(n->owner))
        return &t->timed;
    t->ephemeral_count++;
    s = session_take(t->sessions, n->owner);
    if (!s) {
        n->flags |= NODE_STRAY;
        return &t->strays;
    }
    s->ephemeral_count++;
    return &s->ephemerals;
}

int
tree_own(struct tree *t, tree_ref_t ref)
{
    struct node *n = node_mem(t, ref);
    struct links *links;
    tree_ref_t *head;

    if (!n->more)
        n->more = arena_take(&t->arena, sizeof *links);
    if (!n->more)
        return -ENOSPC;
    head = choose_list(t, n);
    links = links_mem(t, ref);
    links->prev = 0;
    links->next = *head;
    if (*head)
        links_mem(t, *head)->prev = ref;
    STORE(*head, ref);
    n->flags |= NODE_OWNED;
    return 0;
}

/* An owner known only through old data ends with its last ephemeral. */
static void
drop_one(struct tree *t, struct session *s)
{
    check(s->ephemeral_count > 0);
    s->ephemeral_count--;
    if (s->ephemeral_count == 0 && !s->is_alive)
        session_give(t->sessions, s);
}

/* The list the node hangs on; `*s` is the session whose it is, or NULL. */
static tree_ref_t *
list_of(struct tree *t, const struct node *n, struct session **s)
{
    *s = NULL;
    if (!znode_is_ephemeral(n->owner))
        return &t->timed;
    if (n->flags & NODE_STRAY)
        return &t->strays;
    *s = session_find(t->sessions, n->owner);
    check(*s); /* it has a slot as long as it owns a node */
    return &(*s)->ephemerals;
}

static void
take_off(struct tree *t, tree_ref_t *head, tree_ref_t ref)
{
    const struct links *links = links_mem(t, ref);

    if (t->timed_next == ref)
        t->timed_next = links->next;
    if (links->next)
        links_mem(t, links->next)->prev = links->prev;
    if (links->prev)
        links_mem(t, links->prev)->next = links->next;
    else
        STORE(*head, links->next);
}

void
tree_disown(struct tree *t, tree_ref_t ref)
{
    struct node *n = node_mem(t, ref);
    struct session *s;

    if (!(n->flags & NODE_OWNED))
        return;
    take_off(t, list_of(t, n, &s), ref);
    n->flags = (uint16_t)(n->flags & ~(NODE_OWNED | NODE_STRAY));
    if (znode_is_ephemeral(n->owner))
        t->ephemeral_count--;
    if (s)
        drop_one(t, s);
}

static tree_ref_t
owned_next(const struct tree *t, tree_ref_t ref)
{
    const struct links *links = tree_at(t, node_at(t, ref)->more);

    return links->next;
}

tree_ref_t
tree_owned_any(const struct tree *t, session_id_t session)
{
    const struct session *s = session_find(t->sessions, session);
    tree_ref_t ref;

    if (s && s->ephemerals)
        return s->ephemerals;
    for (ref = t->strays; ref; ref = owned_next(t, ref))
        if (node_at(t, ref)->owner == session)
            break;
    return ref;
}

struct bytes
tree_path_take(struct tree *t, tree_ref_t ref, tree_ref_t *block)
{
    size_t size = tree_path_size(t, ref, INT32_MAX);
    uint8_t *at;

    *block = arena_take(&t->arena, size);
    if (!*block)
        return BYTES_NULL;
    at = tree_mem(t, *block);
    check(tree_path_write(t, ref, at, size));
    return (struct bytes){at, (int32_t)size};
}

/* --- visiting ------------------------------------------------------------ */

/*
 * The path needs a block for a moment, which is no change that a reader could
 * see; only the writer calls this, so it may write to the tree.
 */
static bool
visit_one(const struct tree *t, tree_ref_t ref, tree_visit_fn *visit, void *arg)
{
    struct tree *own = (struct tree *)(uintptr_t)t;
    struct znode_view view;
    tree_ref_t block;
    struct bytes path = tree_path_take(own, ref, &block);
    bool wants_more;

    if (path.size < 0)
        return true; /* no memory for its name: as if it were not there */
    check(tree_node_view(t, ref, &view));
    wants_more = visit(arg, path, &view);
    arena_give(&own->arena, block);
    return wants_more;
}

static bool
visit_list(const struct tree *t, tree_ref_t ref, session_id_t owner,
           tree_visit_fn *visit, void *arg)
{
    for (; ref; ref = owned_next(t, ref))
        if (node_at(t, ref)->owner == owner && !visit_one(t, ref, visit, arg))
            return false;
    return true;
}

void
tree_visit_owned(const struct tree *t, session_id_t owner, tree_visit_fn *visit,
                 void *arg)
{
    const struct session *s = session_find(t->sessions, owner);

    if (visit_list(t, s ? s->ephemerals : 0, owner, visit, arg))
        visit_list(t, t->strays, owner, visit, arg);
}

/* New ones come to the front of the list, behind a walk that is under way. */
bool
tree_visit_timed(struct tree *t, bool is_first, uint32_t max,
                 tree_visit_fn *visit, void *arg)
{
    if (is_first)
        t->timed_next = t->timed;
    for (; t->timed_next && max > 0; max--) {
        if (!visit_one(t, t->timed_next, visit, arg))
            break;
        t->timed_next = owned_next(t, t->timed_next);
    }
    return t->timed_next != 0;
}
