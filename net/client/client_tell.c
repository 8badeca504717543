/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_tell.c - the events of a transaction, to whoever watches.
 *
 * Nothing here reads the tree but the ACLs that an outcome names: whoever may
 * not read a node hears nothing of it.
 *
 * Facts: spec/client-protocol.md 7.2 to 7.4.  ZK: DataTree.processTxn
 */
#include "net/client/client_deliver.h"

#include "daemon/log.h"
#include "net/access/acl.h"
#include "net/client/client_table.h"
#include "net/wire/reply.h"

enum { EVENT_BACKLOG_MAX = 16 << 20 }; /* bytes unsent, then it is closed */

/* One event on its way to many. */
struct news {
    struct client_proc *p;
    enum zk_event event;
    struct bytes path;
    tree_ref_t acl; /* whoever may READ by it may know */
};

/*
 * A client that leaves its events unread is cut off before they eat the memory.
 * An answer may be longer than that: it was asked for, and only once.
 */
static bool
cut_off_if_deaf(struct client_proc *p, struct client *c)
{
    if (c->event_bytes < EVENT_BACKLOG_MAX ||
        conn_unsent(&c->conn) < EVENT_BACKLOG_MAX)
        return false;
    log_warn_often("%s: connection closed, %zu bytes of answers and events "
                   "unread",
                   client_name(p, c), conn_unsent(&c->conn));
    client_drop_later(p, c);
    return true;
}

static void
tell(void *arg, uint32_t id)
{
    struct news *n = arg;
    struct client_proc *p = n->p;
    struct client *c = client_find(p, id);
    size_t room = REPLY_EVENT_BYTES + (size_t)n->path.size;
    struct jute_out out;

    if (!c || c->state != CLIENT_OPEN || c->is_deaf || cut_off_if_deaf(p, c))
        return;
    p->told += room; /* or refused, which is as much work */
    if (!acl_allows_ref(p->tree, n->acl, ZK_PERM_READ, auth_bytes(&c->ids),
                        p->acl_flags))
        return;
    if (!conn_out(&c->conn, room, &out)) {
        client_drop_later(p, c);
        return;
    }
    reply_put_event(&out, n->event, n->path);
    conn_out_end(&c->conn, &out);
    c->event_bytes += (uint32_t)room;
}

static void
tell_parent(struct news *n, struct bytes path, const struct outcome *o)
{
    n->event = ZK_EVENT_CHILDREN_CHANGED;
    n->path = tree_parent_path(path);
    n->acl = o->parent_acl;
    watch_fire_child(&n->p->watch, n->path, false, tell, n);
}

static void
tell_change(struct client_proc *p, const struct change *c,
            const struct outcome *o)
{
    struct news n = {.p = p, .path = c->path, .acl = o->node_acl};

    if (o->err != 0)
        return;
    switch (c->kind) {
    case CHANGE_CREATE:
        n.event = ZK_EVENT_CREATED;
        watch_fire_data(&p->watch, n.path, tell, &n);
        tell_parent(&n, c->path, o);
        break;
    case CHANGE_DELETE:
        n.event = ZK_EVENT_DELETED;
        watch_fire_data(&p->watch, n.path, tell, &n);
        watch_fire_child(&p->watch, n.path, true, tell, &n);
        tell_parent(&n, c->path, o);
        break;
    case CHANGE_SET_DATA:
        n.event = ZK_EVENT_DATA_CHANGED;
        watch_fire_data(&p->watch, n.path, tell, &n);
        break;
    default:
        break;
    }
}

/* ZK: DataTree.killSession tells of them, too. */
static void
tell_unlisted(struct client_proc *p, tree_ref_t at)
{
    struct change c = {.kind = CHANGE_DELETE};
    struct outcome gone;

    while (tree_unlisted_next(p->tree, &at, &c.path, &gone))
        tell_change(p, &c, &gone);
}

void
client_tell(struct client_proc *p, struct txn *t, const struct outcome *o,
            uint32_t outcome_count)
{
    struct change c;

    if (watch_is_empty(&p->watch))
        return;
    for (uint32_t i = 0; i < outcome_count && txn_next(t, &c); i++) {
        tell_change(p, &c, &o[i]);
        if (o[i].unlisted)
            tell_unlisted(p, o[i].unlisted);
    }
    txn_rewind(t);
}
