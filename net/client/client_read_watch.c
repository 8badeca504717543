/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_read_watch.c - requests about watches.
 *
 * Facts: spec/client-protocol.md 7.5, 7.6.
 * ZK: DataTree.setWatches, FinalRequestProcessor.
 * Ours: the kinds 4 and 5 of checkWatches and removeWatches as in 3.9.
 */
#include "net/client/client_read.h"

#include "net/client/client_answer.h"
#include "net/client/client_deliver.h"
#include "net/client/client_table.h"
#include "net/client/client_watch.h"
#include "net/wire/reply.h"

/* The modes that a watch type of check and remove speaks of; 0: no type. */
static unsigned
modes_of_type(int32_t type)
{
    static const unsigned modes[] = {
        0,         WATCH_CHILD,      WATCH_DATA,
        WATCH_ANY, WATCH_PERSISTENT, WATCH_RECURSIVE,
    };

    return type >= 1 && type < (int32_t)ARRAY_COUNT(modes) ? modes[type] : 0;
}

enum zk_code
read_add_watch(struct read *r, struct jute_out *out)
{
    int32_t mode;

    if (!request_path_number(r->request->body, &r->watch_path, &mode) ||
        mode < 0 || mode > 1)
        return ZK_MARSHALLING;
    r->watch_modes = mode == 0 ? WATCH_PERSISTENT : WATCH_RECURSIVE;
    jute_put_i32(out, 0); /* Java's client counts on this ErrorResponse */
    return ZK_OK;
}

enum zk_code
read_check_watches(struct read *r, struct jute_out *out)
{
    struct bytes path;
    int32_t type;

    (void)out;
    if (!request_path_number(r->request->body, &path, &type) ||
        !modes_of_type(type))
        return ZK_MARSHALLING;
    return watch_modes(&r->p->watch, r->c->id, path) & modes_of_type(type)
               ? ZK_OK
               : ZK_NO_WATCHER;
}

/*
 * Looks at nothing of the tree, so a second call after a torn look would
 * find nothing: what was removed is remembered in watch_path.
 */
enum zk_code
read_remove_watches(struct read *r, struct jute_out *out)
{
    struct bytes path;
    int32_t type;

    (void)out;
    if (!request_path_number(r->request->body, &path, &type) ||
        !modes_of_type(type))
        return ZK_MARSHALLING;
    if (r->watch_path.data == path.data)
        return ZK_OK;
    if (!watch_remove(&r->p->watch, r->c->id, path, modes_of_type(type)))
        return ZK_NO_WATCHER;
    r->watch_path = path;
    return ZK_OK;
}

/* --- setWatches ----------------------------------------------------------- */

/* What to do about one path: an event at once, or a watch. */
struct verdict {
    enum zk_event event; /* 0: none */
    unsigned modes;
};

static struct verdict
judge_data(const struct znode_view *v, zxid_t relative)
{
    if (!v)
        return (struct verdict){ZK_EVENT_DELETED, 0};
    if (v->stat.mzxid > relative)
        return (struct verdict){ZK_EVENT_DATA_CHANGED, 0};
    return (struct verdict){0, WATCH_DATA};
}

static struct verdict
judge_child(const struct znode_view *v, zxid_t relative)
{
    if (!v)
        return (struct verdict){ZK_EVENT_DELETED, 0};
    if (v->stat.pzxid > relative)
        return (struct verdict){ZK_EVENT_CHILDREN_CHANGED, 0};
    return (struct verdict){0, WATCH_CHILD};
}

/* `v` is NULL if there is no such node. */
static struct verdict
judge(enum watch_list list, const struct znode_view *v, zxid_t relative)
{
    switch (list) {
    case LIST_DATA:
        return judge_data(v, relative);
    case LIST_CHILD:
        return judge_child(v, relative);
    case LIST_EXIST:
        return v ? (struct verdict){ZK_EVENT_CREATED, 0}
                 : (struct verdict){0, WATCH_DATA};
    case LIST_PERSISTENT:
        return (struct verdict){0, WATCH_PERSISTENT};
    default:
        return (struct verdict){0, WATCH_RECURSIVE};
    }
}

static bool
put_event(struct client_proc *p, struct client *c, enum zk_event event,
          struct bytes path)
{
    struct jute_out out;

    if (!client_out(p, c, REPLY_EVENT_BYTES + (size_t)path.size, &out))
        return false;
    reply_put_event(&out, event, path);
    conn_out_end(&c->conn, &out);
    return true;
}

/*
 * Each path is judged and watched at one moment; between two paths events may
 * go out.  A watch that is refused becomes `err`.  False: the client is gone.
 */
static bool
set_one(struct read *r, enum watch_list list, struct bytes path,
        zxid_t relative, int32_t *err)
{
    struct znode_view view;
    struct verdict verdict;
    uint32_t torn = 0;
    uint64_t seq;
    bool found;

    do {
        if (!client_look(r->p, torn++ >= TRIES_POLITE, &seq) ||
            r->c->state != CLIENT_OPEN)
            return false;
        found = tree_view(r->p->tree, path, &view);
        verdict = judge(list, found ? &view : NULL, relative);
    } while (tree_read_retry(r->p->tree, seq));
    if (verdict.event)
        return put_event(r->p, r->c, verdict.event, path);
    if (!client_watch(r->p, r->c, path, verdict.modes))
        *err = ZK_SYSTEM_ERROR;
    return true;
}

/* All of them; the same of `err` and of false. */
static bool
set_all(struct read *r, int32_t *err)
{
    struct set_watches s;
    enum watch_list list;
    struct bytes path;

    if (!request_set_watches(r->request->body, r->request->op, &s)) {
        *err = ZK_MARSHALLING;
        return true;
    }
    while (request_set_watches_next(&s, &list, &path))
        if (!set_one(r, list, path, s.relative, err))
            return false;
    return true;
}

void
read_set_watches(struct read *r)
{
    struct client_proc *p = r->p;
    int32_t err = ZK_OK;
    bool is_there;

    client_catch_up(p);
    if (r->c->state != CLIENT_OPEN)
        return;
    is_there = set_all(r, &err);
    client_looked(p);
    if (p->is_lost)
        client_drop(p, r->c);
    if (is_there && r->c->state == CLIENT_OPEN &&
        client_put_reply(p, r->c, r->request->xid, p->zxid, err))
        client_count_reply(p, r->c, r->request->op, p->zxid, r->heard_ms);
}
