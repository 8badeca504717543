/* SPDX-License-Identifier: Apache-2.0 */
/*
 * txn.c - a transaction's one encoding, taken apart into changes.
 *
 * Pure; any process.  Facts: quorum-protocol.md 10.1, 10.2 and 14.4.
 */
#include "storage/tree/txn.h"

#include <errno.h>

#include "storage/tree/znode.h"

/* --- bodies --------------------------------------------------------------- */

/*
 * No server lets any other path through, and tree and image would not agree
 * where a node of that name is.
 */
static bool
names_node(struct bytes path)
{
    return path.size > 1 && path.data[0] == '/' && path.data[1] != '/' &&
           path.data[path.size - 1] != '/';
}

/* Of a node that comes or goes, which the root does not. */
static void
get_path(struct jute_in *in, struct change *c)
{
    c->path = jute_get_bytes(in);
    if (!names_node(c->path))
        in->bad = true;
}

/* Of one that stays. */
static void
get_any_path(struct jute_in *in, struct change *c)
{
    c->path = jute_get_bytes(in);
    if (!names_node(c->path) && !bytes_are(c->path, "/"))
        in->bad = true;
}

/*
 * The four kinds of create.  Logs of before 3.4 have no parentCVersion.
 * ZK: CreateTxn, CreateTxnV0, CreateContainerTxn, CreateTTLTxn
 */
static void
get_create(struct jute_in *in, int32_t type, session_id_t session,
           struct change *c)
{
    bool is_ephemeral = false;
    int64_t ttl_ms;

    c->kind = CHANGE_CREATE;
    get_path(in, c);
    c->data = jute_get_bytes(in);
    c->acl = acl_take(in);
    if (type == ZK_OP_CREATE || type == ZK_OP_CREATE2)
        is_ephemeral = jute_get_bool(in);
    if (type == ZK_OP_CREATE && jute_in_left(in) == 0)
        c->parent_cversion = -1;
    else
        c->parent_cversion = jute_get_i32(in);
    c->owner = is_ephemeral ? session : 0;
    if (type == ZK_OP_CREATE_CONTAINER)
        c->owner = ZK_OWNER_CONTAINER;
    if (type == ZK_OP_CREATE_TTL) {
        ttl_ms = jute_get_i64(in);
        if (ttl_ms < 1 || ttl_ms > ZK_TTL_MAX_MS)
            in->bad = true;
        c->owner = ZK_OWNER_TTL_MASK | ttl_ms;
    }
}

/* The body of a type that stands alone or in a multi. */
static void
get_body(struct jute_in *in, int32_t type, session_id_t session,
         struct change *c)
{
    switch (type) {
    case ZK_OP_CREATE:
    case ZK_OP_CREATE2:
    case ZK_OP_CREATE_CONTAINER:
    case ZK_OP_CREATE_TTL:
        get_create(in, type, session, c);
        return;
    case ZK_OP_DELETE:
    case ZK_OP_DELETE_CONTAINER:
        c->kind = CHANGE_DELETE;
        get_path(in, c);
        return;
    case ZK_OP_SET_DATA:
        c->kind = CHANGE_SET_DATA;
        get_any_path(in, c);
        c->data = jute_get_bytes(in);
        c->version = jute_get_i32(in);
        return;
    case ZK_OP_CHECK:
        get_any_path(in, c);
        c->version = jute_get_i32(in);
        return;
    case ZK_OP_ERROR:
        c->err = jute_get_i32(in);
        return;
    default:
        in->bad = true;
    }
}

/* The body of a type that only stands alone. */
static void
get_single(struct jute_in *in, const struct txn_header *h, struct change *c)
{
    switch (h->type) {
    case ZK_OP_RECONFIG:
        get_body(in, ZK_OP_SET_DATA, h->session, c);
        return;
    case ZK_OP_SET_ACL:
        c->kind = CHANGE_SET_ACL;
        get_any_path(in, c);
        c->acl = acl_take(in);
        c->version = jute_get_i32(in);
        return;
    case ZK_OP_CREATE_SESSION:
        c->kind = CHANGE_OPEN_SESSION;
        c->timeout_ms = jute_get_i32(in);
        return;
    default:
        get_body(in, h->type, h->session, c);
    }
}

/* --- the walk ------------------------------------------------------------- */

static void
take_of_multi(struct txn *t, struct change *c)
{
    struct bytes body;
    struct jute_in in;

    c->op = jute_get_i32(&t->at);
    body = jute_get_bytes(&t->at);
    if (body.size < 0) {
        t->at.bad = true;
        return;
    }
    in = jute_in_bytes(body);
    get_body(&in, c->op, t->header.session, c);
    if (in.bad)
        t->at.bad = true;
    if (c->op == ZK_OP_ERROR)
        t->is_past_error = true;
    else if (t->is_failed)
        c->err = t->is_past_error ? ZK_RUNTIME_INCONSISTENCY : ZK_OK;
    if (t->is_failed)
        c->kind = CHANGE_NONE;
}

/* Over one operation, without a look into it. */
static void
pass_of_multi(struct txn *t)
{
    if (jute_get_i32(&t->at) == ZK_OP_ERROR)
        t->is_past_error = true;
    if (jute_get_bytes(&t->at).size < 0)
        t->at.bad = true;
    t->left--;
}

static void
take_of_close(struct txn *t, struct change *c)
{
    if (t->left > 0) {
        c->kind = CHANGE_DELETE;
        get_path(&t->at, c);
    } else {
        c->kind = CHANGE_CLOSE_SESSION;
    }
}

static bool
is_over(const struct txn *t)
{
    return t->left == 0 && !t->closes;
}

static void
take_change(struct txn *t, struct change *c)
{
    *c = (struct change){
        .op = t->header.type,
        .data = BYTES_NULL,
        .acl = BYTES_NULL,
        .path = BYTES_NULL,
    };
    if (t->header.type == ZK_OP_MULTI)
        take_of_multi(t, c);
    else if (t->header.type == ZK_OP_CLOSE_SESSION)
        take_of_close(t, c);
    else
        get_single(&t->at, &t->header, c);
    if (t->left > 0)
        t->left--;
    else
        t->closes = false;
}

bool
txn_next(struct txn *t, struct change *change)
{
    if (is_over(t))
        return false;
    take_change(t, change);
    return !t->at.bad;
}

static int32_t
get_length(struct jute_in *in)
{
    int32_t count = jute_get_count(in);

    return count < 0 ? 0 : count;
}

void
txn_rewind(struct txn *t)
{
    t->at = jute_in_bytes(t->body);
    t->closes = t->header.type == ZK_OP_CLOSE_SESSION;
    t->is_past_error = false;
    t->left = 1;
    if (t->closes)
        t->left = t->body.size == 0 ? 0 : get_length(&t->at);
    else if (t->header.type == ZK_OP_MULTI)
        t->left = get_length(&t->at);
}

uint32_t
txn_count(const struct txn *t)
{
    struct txn walk = *t;

    txn_rewind(&walk);
    return (uint32_t)walk.left + (walk.closes ? 1 : 0);
}

/* --- the whole ------------------------------------------------------------ */

static struct txn_header
get_header(struct jute_in *in)
{
    struct txn_header h;

    h.session = jute_get_i64(in);
    h.cxid = jute_get_i32(in);
    h.zxid = jute_get_i64(in);
    h.time = jute_get_i64(in);
    h.type = jute_get_i32(in);
    return h;
}

/*
 * A closeSession without a list may be followed by a digest at once; a list
 * of exactly a digest's size would have to name two empty paths, and what was
 * cut to that size begins with a length and a slash.
 */
static bool
is_digest(struct bytes rest)
{
    return rest.size == ZK_TXN_DIGEST_BYTES &&
           load_be32(rest.data) == ZK_DIGEST_VERSION && rest.data[8] != '/';
}

/*
 * An Apache follower with closeSessionTxn.enabled=false reads no list: of the
 * one that its leader sends it takes the first twelve bytes for the digest.
 * That is what it logs, and sends to others when it leads.
 *
 * ZK: SerializeUtils.deserializeTxn, where a list that ends too early is none.
 */
static bool
is_cut_list(struct bytes rest)
{
    struct jute_in in = jute_in_bytes(rest);
    int32_t count = jute_get_count(&in);

    if (rest.size != ZK_TXN_DIGEST_BYTES || is_digest(rest))
        return false;
    while (count-- > 0 && !in.bad)
        (void)jute_get_bytes(&in);
    return in.bad;
}

/*
 * Walk all of the body; what is left of it is a digest.  A multi with an error
 * in it has failed, and did nothing.
 */
static int
walk_body(struct txn *t, bool is_known)
{
    bool passes = is_known && t->header.type == ZK_OP_MULTI;
    struct change c;

    if (t->header.type == ZK_OP_CLOSE_SESSION && is_digest(t->body))
        t->body.size = 0;
    txn_rewind(t);
    while (!is_over(t) && !t->at.bad)
        if (passes)
            pass_of_multi(t);
        else
            take_change(t, &c);
    if (t->at.bad)
        return -EBADMSG;
    t->is_failed = t->is_past_error;
    t->body.size = (int32_t)(t->at.at - t->body.data);
    return 0;
}

static int
take_apart(struct txn *t, struct bytes data, bool is_known)
{
    struct jute_in in = jute_in_bytes(data);
    int rc;

    *t = (struct txn){.header = get_header(&in)};
    if (in.bad)
        return -EBADMSG;
    t->body = (struct bytes){in.at, (int32_t)jute_in_left(&in)};
    if (t->header.type == ZK_OP_CLOSE_SESSION && is_cut_list(t->body)) {
        t->body.size = 0;
        in.end = in.at;
    }
    rc = walk_body(t, is_known);
    if (rc < 0)
        return rc;
    in.at = t->body.data + t->body.size;
    if (jute_in_left(&in) >= ZK_TXN_DIGEST_BYTES) {
        t->has_digest = true;
        t->digest_version = jute_get_i32(&in);
        t->digest = jute_get_i64(&in);
    }
    txn_rewind(t);
    return 0;
}

int
txn_open(struct txn *t, struct bytes data)
{
    return take_apart(t, data, false);
}

int
txn_open_known(struct txn *t, struct bytes data)
{
    return take_apart(t, data, true);
}

bool
txn_peek_path(struct bytes data, struct bytes *path)
{
    struct jute_in in;

    switch (txn_peek_type(data)) {
    case ZK_OP_CREATE:
    case ZK_OP_CREATE2:
    case ZK_OP_CREATE_CONTAINER:
    case ZK_OP_CREATE_TTL:
    case ZK_OP_DELETE:
    case ZK_OP_DELETE_CONTAINER:
    case ZK_OP_SET_DATA:
    case ZK_OP_SET_ACL:
        in = jute_in_of(data.data + ZK_TXN_HEADER_BYTES,
                        (size_t)data.size - ZK_TXN_HEADER_BYTES);
        *path = jute_get_bytes(&in);
        return !in.bad && path->size >= 0;
    default:
        return false;
    }
}

int32_t
txn_peek_error(struct bytes data)
{
    struct jute_in in = jute_in_bytes(data);
    int32_t type = get_header(&in).type, err = ZK_OK;

    if (type == ZK_OP_MULTI && jute_get_i32(&in) > 0) {
        type = jute_get_i32(&in);
        jute_get_i32(&in); /* the size of what it says */
    }
    if (type == ZK_OP_ERROR)
        err = jute_get_i32(&in);
    return in.bad ? ZK_OK : err;
}

void
txn_put_header(struct jute_out *out, const struct txn_header *h)
{
    jute_put_i64(out, h->session);
    jute_put_i32(out, h->cxid);
    jute_put_i64(out, h->zxid);
    jute_put_i64(out, h->time);
    jute_put_i32(out, h->type);
}

void
txn_put_digest(struct jute_out *out, int64_t digest)
{
    jute_put_i32(out, ZK_DIGEST_VERSION);
    jute_put_i64(out, digest);
}
