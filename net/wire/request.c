/* SPDX-License-Identifier: Apache-2.0 */
/* request.c - see request.h.  Pure; client processes. */
#include "net/wire/request.h"

/*
 * check, error and the notification are no requests of their own; creating
 * a session and deleting a container are a server's own business.
 */
enum request_kind
request_kind(int32_t op)
{
    switch (op) {
    case ZK_OP_EXISTS:
    case ZK_OP_GET_DATA:
    case ZK_OP_GET_ACL:
    case ZK_OP_GET_CHILDREN:
    case ZK_OP_GET_CHILDREN2:
    case ZK_OP_CHECK_WATCHES:
    case ZK_OP_REMOVE_WATCHES:
    case ZK_OP_MULTI_READ:
    case ZK_OP_SET_WATCHES:
    case ZK_OP_SET_WATCHES2:
    case ZK_OP_ADD_WATCH:
    case ZK_OP_GET_EPHEMERALS:
    case ZK_OP_GET_ALL_CHILDREN_NUMBER:
    case ZK_OP_WHO_AM_I:
        return REQUEST_READ;
    case ZK_OP_CREATE:
    case ZK_OP_CREATE2:
    case ZK_OP_CREATE_CONTAINER:
    case ZK_OP_CREATE_TTL:
    case ZK_OP_DELETE:
    case ZK_OP_SET_DATA:
    case ZK_OP_SET_ACL:
    case ZK_OP_MULTI:
    case ZK_OP_RECONFIG:
    case ZK_OP_CLOSE_SESSION:
        return REQUEST_WRITE;
    case ZK_OP_SYNC:
        return REQUEST_SYNC;
    case ZK_OP_PING:
        return REQUEST_PING;
    case ZK_OP_AUTH:
        return REQUEST_AUTH;
    case ZK_OP_SASL:
        return REQUEST_SASL;
    default:
        return REQUEST_UNKNOWN;
    }
}

const char *
request_word(int32_t op)
{
    switch (op) {
#define WORD(name, number, word)                                               \
    case number:                                                               \
        return word;
        ZK_OP_TABLE(WORD)
#undef WORD
    default:
        return "????";
    }
}

bool
request_open(struct bytes frame, struct request *r)
{
    if (frame.size < REQUEST_HEADER_BYTES)
        return false;
    r->xid = (int32_t)load_be32(frame.data);
    r->op = (int32_t)load_be32(frame.data + 4);
    r->body = (struct bytes){frame.data + REQUEST_HEADER_BYTES,
                             frame.size - REQUEST_HEADER_BYTES};
    return true;
}

bool
request_connect(struct bytes frame, struct connect_request *r)
{
    struct jute_in in = jute_in_bytes(frame);

    jute_get_i32(&in); /* protocol version: always 0 */
    r->last_zxid = jute_get_i64(&in);
    r->timeout_ms = jute_get_i32(&in);
    r->session = jute_get_i64(&in);
    r->password = jute_get_bytes(&in);
    r->has_read_only = !in.bad && jute_in_left(&in) > 0;
    r->read_only = r->has_read_only && jute_get_bool(&in);
    return !in.bad;
}

bool
request_watched(struct bytes body, struct watched_request *r)
{
    struct jute_in in = jute_in_bytes(body);

    r->path = jute_get_bytes(&in);
    r->watch = jute_get_bool(&in);
    return !in.bad && r->path.size >= 0;
}

bool
request_path(struct bytes body, struct bytes *path)
{
    struct jute_in in = jute_in_bytes(body);

    *path = jute_get_bytes(&in);
    return !in.bad;
}

bool
request_path_number(struct bytes body, struct bytes *path, int32_t *number)
{
    struct jute_in in = jute_in_bytes(body);

    *path = jute_get_bytes(&in);
    *number = jute_get_i32(&in);
    return !in.bad && path->size >= 0;
}

bool
request_auth(struct bytes body, struct auth_request *r)
{
    struct jute_in in = jute_in_bytes(body);

    jute_get_i32(&in); /* a type that nobody uses */
    r->scheme = jute_get_bytes(&in);
    r->auth = jute_get_bytes(&in);
    return !in.bad;
}

bool
request_sasl(struct bytes body, struct bytes *token)
{
    struct jute_in in = jute_in_bytes(body);

    *token = jute_get_bytes(&in);
    return !in.bad && token->size >= 0;
}

/* Start the next list that has something; a null list spoils the record. */
static bool
next_list(struct set_watches *s)
{
    while (s->left == 0 && s->list < s->list_count - 1) {
        s->list++;
        s->left = jute_get_count(&s->at);
        if (s->at.bad || s->left < 0) {
            s->at.bad = true;
            return false;
        }
    }
    return s->left > 0;
}

bool
request_set_watches_next(struct set_watches *s, enum watch_list *list,
                         struct bytes *path)
{
    if (!next_list(s))
        return false;
    s->left--;
    *list = (enum watch_list)s->list;
    *path = jute_get_bytes(&s->at);
    if (path->size < 0)
        s->at.bad = true;
    return !s->at.bad;
}

bool
request_set_watches(struct bytes body, int32_t op, struct set_watches *s)
{
    struct set_watches probe;
    enum watch_list list;
    struct bytes path;

    *s = (struct set_watches){.at = jute_in_bytes(body), .list = -1};
    s->list_count = op == ZK_OP_SET_WATCHES2 ? LIST_COUNT : LIST_PERSISTENT;
    s->relative = jute_get_i64(&s->at);
    probe = *s;
    while (request_set_watches_next(&probe, &list, &path))
        ;
    return !probe.at.bad;
}

bool
request_multi_read_next(struct multi_read *m, int32_t *op, struct bytes *path)
{
    int32_t type = jute_get_i32(&m->at);
    bool done = jute_get_bool(&m->at);

    jute_get_i32(&m->at); /* an error code: -1 in a request */
    if (m->at.bad || done)
        return false;
    *op = type;
    *path = jute_get_bytes(&m->at);
    jute_get_bool(&m->at); /* a watch flag that does nothing here */
    if ((type != ZK_OP_GET_DATA && type != ZK_OP_GET_CHILDREN) ||
        path->size < 0)
        m->at.bad = true;
    return !m->at.bad;
}

bool
request_multi_read(struct bytes body, struct multi_read *m)
{
    struct multi_read probe;
    struct bytes path;
    int32_t op;

    m->at = jute_in_bytes(body);
    probe = *m;
    while (request_multi_read_next(&probe, &op, &path))
        ;
    return !probe.at.bad;
}
