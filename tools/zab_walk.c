/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zab_walk.c - see zab_walk.h.
 *
 * For each node three requests go out together: its data, its ACL, its
 * children.  A server answers in order, so replies need no table: they belong
 * to the oldest node that is not complete.
 *
 * Source: spec/client-protocol.md 1.4, 2, 5.
 */
#include "tools/zab_walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/check.h"
#include "daemon/zk.h"
#include "tools/bench/bench_frame.h"
#include "tools/zab_dial.h"
#include "tools/zab_text.h"

enum {
    SESSION_MS = 30000,
    /* Asked for and not answered yet.  What fits no buffer of the sockets may
       wait for a server that waits for us to read: few bytes, then. */
    WINDOW = 64, /* nodes */
    WINDOW_BYTES = 64 << 10,
    REPLIES = 3,        /* for each node */
    REQUEST_BYTES = 17, /* length, xid, op, the path's length, a watch or not */
    FRAME_FIRST = 64 << 10,
};

static const uint64_t FNV_BASIS = 0xcbf29ce484222325, FNV_PRIME = 0x100000001b3;

struct walker {
    struct zab_walk *w;
    const char *me, *where;
    int fd;
    int32_t xid;
    size_t asked, answered; /* nodes */
    size_t under_way;       /* bytes of those in between */
    uint8_t *in;            /* what came and is not taken yet */
    size_t in_from, in_size, in_room;
};

static uint64_t
fnv(uint64_t h, const void *data, size_t size)
{
    const uint8_t *p = data;

    for (size_t i = 0; i < size; i++)
        h = (h ^ p[i]) * FNV_PRIME;
    return h;
}

static int
failed(const struct walker *k, int rc, const char *what)
{
    zab_complain(k->me, "%s: %s: %s", k->where, what, zab_dial_why(-rc));
    return rc;
}

static void *
grown(void *p, size_t size)
{
    p = realloc(p, size);
    check(p != NULL);
    return p;
}

/* --- frames --------------------------------------------------------------- */

static int
send_all(struct walker *k, const struct jute_out *out)
{
    size_t size = jute_out_size(out), done = 0;

    while (done < size) {
        ssize_t n = send(k->fd, out->base + done, size - done, MSG_NOSIGNAL);

        if (n < 0)
            return failed(k, -errno, "cannot be asked");
        done += (size_t)n;
    }
    return 0;
}

/* The next whole frame, borrowed until the next call. */
static int
next_frame(struct walker *k, struct bytes *frame)
{
    for (;;) {
        int64_t size =
            bench_frame_cut(k->in + k->in_from, k->in_size - k->in_from, frame);
        ssize_t n;

        if (size < 0)
            return failed(k, -EBADMSG, "sent a frame of no possible length");
        if (size > 0) {
            k->in_from += (size_t)size;
            return 0;
        }
        memmove(k->in, k->in + k->in_from, k->in_size - k->in_from);
        k->in_size -= k->in_from;
        k->in_from = 0;
        if (k->in_size == k->in_room)
            k->in = grown(k->in, k->in_room *= 2);
        n = recv(k->fd, k->in + k->in_size, k->in_room - k->in_size, 0);
        if (n <= 0)
            return failed(k, n < 0 ? -errno : -ECONNRESET, "has no answer");
        k->in_size += (size_t)n;
    }
}

static int
next_reply(struct walker *k, struct bench_reply *reply)
{
    struct bytes frame;
    int rc = next_frame(k, &frame);

    if (rc == 0 && !bench_read_reply(frame, reply))
        rc = failed(k, -EBADMSG, "sent no reply");
    return rc;
}

/* --- the nodes ------------------------------------------------------------ */

static bool
is_walked(const char *path)
{
    return strncmp(path, "/zookeeper/", 11) != 0;
}

static void
add(struct zab_walk *w, const char *parent, struct bytes name)
{
    size_t above = parent[1] ? strlen(parent) : 0;
    size_t size = above + 1 + (size_t)name.size;
    char *path = grown(NULL, size + 1);

    memcpy(path, parent, above);
    path[above] = '/';
    if (name.size > 0)
        memcpy(path + above + 1, name.data, (size_t)name.size);
    path[size] = '\0';
    if (!is_walked(path)) {
        free(path);
        return;
    }
    if (w->count == w->room) {
        w->room = w->room ? w->room * 2 : 1024;
        w->node = grown(w->node, w->room * sizeof *w->node);
    }
    w->node[w->count++] = (struct zab_walk_node){.path = path};
}

static size_t
bytes_to_ask(const char *path)
{
    return REPLIES * (REQUEST_BYTES + strlen(path));
}

static bool
may_ask(const struct walker *k)
{
    return k->asked < k->w->count && k->asked - k->answered < WINDOW &&
           k->under_way < WINDOW_BYTES;
}

static int
ask(struct walker *k, const char *path)
{
    static const int32_t op[REPLIES] = {ZK_OP_GET_DATA, ZK_OP_GET_ACL,
                                        ZK_OP_GET_CHILDREN};
    size_t size = bytes_to_ask(path);
    uint8_t *room = grown(NULL, size);
    struct jute_out out = jute_out_of(room, size);
    int rc;

    for (size_t i = 0; i < REPLIES; i++) {
        size_t at = bench_begin(&out, ++k->xid, op[i]);

        jute_put_bytes(&out, bytes_of(path));
        if (op[i] != ZK_OP_GET_ACL)
            jute_put_bool(&out, false);
        bench_end(&out, at);
    }
    check(!out.bad);
    k->under_way += size;
    rc = send_all(k, &out);
    free(room);
    return rc;
}

static void
add_children(struct zab_walk *w, size_t parent, struct jute_in *in)
{
    int32_t count = jute_get_i32(in);

    for (int32_t i = 0; i < count && !in->bad; i++) {
        struct bytes name = jute_get_bytes(in);

        if (!in->bad)
            add(w, w->node[parent].path, name);
    }
}

/* Of node `i`: its data or its ACL, each with the Stat, or its children. */
static int
hear_part(struct walker *k, size_t i, int part, uint64_t *hash)
{
    struct zab_walk *w = k->w;
    struct bench_reply r;
    int rc = next_reply(k, &r);

    if (rc < 0)
        return rc;
    w->last = r.zxid > w->last ? r.zxid : w->last;
    if (r.code == ZK_NO_NODE) {
        w->node[i].is_gone = true;
    } else if (r.code == ZK_NO_AUTH) {
        w->node[i].is_hidden = true;
    } else if (r.code != ZK_OK) {
        zab_complain(k->me, "%s: a read is refused with %d", k->where,
                     (int)r.code);
        return -EACCES;
    } else if (part < 2) {
        *hash = fnv(*hash, r.body.at, jute_in_left(&r.body));
    } else {
        add_children(w, i, &r.body);
    }
    return 0;
}

/* The three replies for the oldest node asked. */
static int
hear(struct walker *k)
{
    struct zab_walk *w = k->w;
    size_t i = k->answered++;
    uint64_t hash = fnv(FNV_BASIS, w->node[i].path, strlen(w->node[i].path));
    int rc = 0;

    for (int part = 0; rc == 0 && part < REPLIES; part++)
        rc = hear_part(k, i, part, &hash);
    if (rc < 0)
        return rc;
    w->node[i].hash = hash;
    w->hidden += w->node[i].is_hidden;
    k->under_way -= bytes_to_ask(w->node[i].path);
    if (!w->node[i].is_gone)
        w->digest += hash;
    return 0;
}

/* --- the session ---------------------------------------------------------- */

/* A session that has seen all that was committed before it began. */
static int
open_session(struct walker *k)
{
    uint8_t room[256];
    struct jute_out out = jute_out_of(room, sizeof room);
    struct bench_grant grant;
    struct bench_reply reply;
    struct bytes frame;
    size_t at;
    int rc;

    bench_put_connect(&out, SESSION_MS);
    at = bench_begin(&out, ++k->xid, ZK_OP_SYNC);
    jute_put_bytes(&out, bytes_of("/"));
    bench_end(&out, at);
    rc = send_all(k, &out);
    if (rc == 0)
        rc = next_frame(k, &frame);
    if (rc == 0 && (!bench_read_grant(frame, &grant) || grant.timeout_ms <= 0))
        rc = failed(k, -EACCES, "gives no session");
    if (rc == 0)
        rc = next_reply(k, &reply);
    if (rc == 0 && reply.code != ZK_OK)
        rc = failed(k, -EIO, "does not sync");
    if (rc == 0)
        k->w->first = k->w->last = reply.zxid;
    return rc;
}

static void
close_session(struct walker *k)
{
    uint8_t room[32];
    struct jute_out out = jute_out_of(room, sizeof room);
    struct bench_reply reply;

    bench_end(&out, bench_begin(&out, ++k->xid, ZK_OP_CLOSE_SESSION));
    if (send_all(k, &out) == 0)
        next_reply(k, &reply);
}

static int
by_path(const void *a, const void *b)
{
    return strcmp(((const struct zab_walk_node *)a)->path,
                  ((const struct zab_walk_node *)b)->path);
}

static int
walk(struct walker *k)
{
    struct zab_walk *w = k->w;
    int rc = open_session(k);

    if (rc < 0)
        return rc;
    add(w, "/", (struct bytes){NULL, 0});
    while (rc == 0 && k->answered < w->count) {
        if (may_ask(k))
            rc = ask(k, w->node[k->asked++].path);
        else
            rc = hear(k);
    }
    if (rc == 0)
        close_session(k);
    qsort(w->node, w->count, sizeof *w->node, by_path);
    return rc;
}

int
zab_walk(struct zab_walk *w, const char *me, const char *where)
{
    struct walker k = {
        .w = w, .me = me, .where = where, .in_room = FRAME_FIRST};
    int rc;

    *w = (struct zab_walk){0};
    k.fd = zab_dial(me, where);
    if (k.fd < 0)
        return -ENOTCONN;
    k.in = grown(NULL, k.in_room);
    rc = walk(&k);
    close(k.fd);
    free(k.in);
    return rc;
}

void
zab_walk_free(struct zab_walk *w)
{
    for (size_t i = 0; i < w->count; i++)
        free(w->node[i].path);
    free(w->node);
    *w = (struct zab_walk){0};
}
