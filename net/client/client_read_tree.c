/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_read_tree.c - what each read answers: nodes, lists, identities.
 *
 * Facts: spec/client-protocol.md 2.8, 5.5, 10.4.  ZK: FinalRequestProcessor
 */
#include "net/client/client_read.h"

#include "net/access/acl.h"
#include "net/access/path.h"
#include "net/wire/reply.h"

static bool
allows(const struct read *r, tree_ref_t acl, int perm)
{
    return acl_allows_ref(r->p->tree, acl, perm, r->ids, r->p->acl_flags);
}

/* Find a node that may be read. */
static enum zk_code
find_readable(const struct read *r, struct bytes path, struct znode_view *v)
{
    if (!tree_view(r->p->tree, path, v))
        return ZK_NO_NODE;
    return allows(r, v->acl, ZK_PERM_READ) ? ZK_OK : ZK_NO_AUTH;
}

/* The same of the node that a request names which may ask for a watch. */
static enum zk_code
find_watched(const struct read *r, struct watched_request *w,
             struct znode_view *v)
{
    return request_watched(r->request->body, w) ? find_readable(r, w->path, v)
                                                : ZK_MARSHALLING;
}

/* A request of a path alone. */
static bool
get_path(const struct read *r, struct bytes *path)
{
    return request_path(r->request->body, path) && path->size >= 0;
}

static void
want_watch(struct read *r, const struct watched_request *w, unsigned mode)
{
    if (!w->watch)
        return;
    r->watch_path = w->path;
    r->watch_modes = mode;
}

/* Ours: READ is needed, as in 3.8.4; a missing node is watched as well. */
enum zk_code
read_exists(struct read *r, struct jute_out *out)
{
    struct watched_request w;
    struct znode_view v;
    enum zk_code err = find_watched(r, &w, &v);

    if (err == ZK_MARSHALLING)
        return err;
    if (path_has_nul(w.path))
        return ZK_BAD_ARGUMENTS;
    if (err != ZK_NO_AUTH)
        want_watch(r, &w, WATCH_DATA);
    if (err == ZK_OK)
        znode_stat_put(out, &v.stat);
    return err;
}

enum zk_code
read_get_data(struct read *r, struct jute_out *out)
{
    struct watched_request w;
    struct znode_view v;
    enum zk_code err = find_watched(r, &w, &v);

    if (err != ZK_OK)
        return err;
    jute_put_bytes(out, v.data);
    znode_stat_put(out, &v.stat);
    want_watch(r, &w, WATCH_DATA);
    return ZK_OK;
}

enum zk_code
read_get_children(struct read *r, struct jute_out *out)
{
    struct watched_request w;
    struct znode_view v;
    enum zk_code err = find_watched(r, &w, &v);

    if (err != ZK_OK)
        return err;
    tree_put_children(r->p->tree, &v, out);
    if (r->request->op == ZK_OP_GET_CHILDREN2)
        znode_stat_put(out, &v.stat);
    want_watch(r, &w, WATCH_CHILD);
    return ZK_OK;
}

enum zk_code
read_get_acl(struct read *r, struct jute_out *out)
{
    struct znode_view v;
    struct bytes path;

    if (!get_path(r, &path))
        return ZK_MARSHALLING;
    if (!tree_view(r->p->tree, path, &v))
        return ZK_NO_NODE;
    if (!allows(r, v.acl, ZK_PERM_READ | ZK_PERM_ADMIN))
        return ZK_NO_AUTH;
    acl_put(tree_acl(r->p->tree, v.acl), !allows(r, v.acl, ZK_PERM_ADMIN), out);
    znode_stat_put(out, &v.stat);
    return ZK_OK;
}

enum zk_code
read_children_number(struct read *r, struct jute_out *out)
{
    struct znode_view v;
    struct bytes path;
    enum zk_code err;

    if (!get_path(r, &path))
        return ZK_MARSHALLING;
    err = find_readable(r, path, &v);
    if (err == ZK_OK)
        jute_put_i32(out, tree_descendants(r->p->tree, &v));
    return err;
}

/* A prefix that is blank, or `/` between blanks, means all. */
static bool
means_all(struct bytes prefix)
{
    uint32_t slashes = 0;

    for (int32_t i = 0; i < prefix.size; i++) {
        slashes += prefix.data[i] == '/';
        if (prefix.data[i] > ' ' && prefix.data[i] != '/')
            return false;
    }
    return slashes <= 1;
}

enum zk_code
read_ephemerals(struct read *r, struct jute_out *out)
{
    struct bytes prefix;

    if (!request_path(r->request->body, &prefix))
        return ZK_MARSHALLING;
    if (means_all(prefix))
        prefix = BYTES_NULL;
    tree_put_ephemerals(r->p->tree, r->c->session, prefix, out);
    return ZK_OK;
}

enum zk_code
read_who_am_i(struct read *r, struct jute_out *out)
{
    auth_put_clients(r->ids, out);
    return ZK_OK;
}

/* Where this server stands alone: client_goes_out. */
enum zk_code
read_sync(struct read *r, struct jute_out *out)
{
    struct bytes path;

    if (!request_path(r->request->body, &path))
        return ZK_MARSHALLING;
    jute_put_bytes(out, path);
    return ZK_OK;
}

static void
put_one_result(struct read *r, int32_t op, struct bytes path,
               struct jute_out *out)
{
    struct znode_view v;
    enum zk_code err = find_readable(r, path, &v);

    if (err != ZK_OK) {
        reply_put_multi_header(out, ZK_OP_ERROR, false, (int32_t)err);
        jute_put_i32(out, (int32_t)err);
        return;
    }
    reply_put_multi_header(out, op, false, 0);
    if (op == ZK_OP_GET_CHILDREN) {
        tree_put_children(r->p->tree, &v, out);
    } else {
        jute_put_bytes(out, v.data);
        znode_stat_put(out, &v.stat);
    }
}

enum zk_code
read_multi(struct read *r, struct jute_out *out)
{
    struct multi_read m;
    struct bytes path;
    int32_t op;

    if (!request_multi_read(r->request->body, &m))
        return ZK_MARSHALLING;
    while (!out->bad && request_multi_read_next(&m, &op, &path))
        put_one_result(r, op, path, out);
    reply_put_multi_header(out, -1, true, -1);
    return ZK_OK;
}
