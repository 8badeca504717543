/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prep_session.c - createSession, and closeSession with what it removes.
 *
 * A closeSession lists the session's ephemerals as they will be: committed,
 * minus pending deletions, plus pending creations.  A session that owns more
 * than one transaction should hold (PREP_CLOSE_PATHS_MAX paths, or txn_max
 * bytes) loses the rest first, in multis of deletions; the last step is the
 * closeSession.
 *
 * Pure.  The replication process.
 * Facts: spec/client-protocol.md 8.2, 8.4.
 */
#include "daemon/check.h"
#include "net/access/path.h"
#include "net/prep/prep_op.h"

enum zk_code
prep_run_open(struct prep *p, struct jute_out *out)
{
    struct jute_in in = jute_in_bytes(p->r->body);
    int32_t timeout_ms = jute_get_i32(&in);

    jute_put_i32(out, timeout_ms);
    if (in.bad || out->bad)
        return ZK_MARSHALLING;
    prep_note_opening(p);
    return ZK_OK;
}

/* --- closing ------------------------------------------------------------- */

/* One walk over what a session will own: counting, then removing. */
struct close {
    struct prep *p;
    session_id_t session;
    struct jute_out *out; /* NULL: only count */
    uint32_t count, count_max;
    size_t bytes, bytes_max, room;
    bool as_multi; /* each path is a deletion of its own */
    bool is_full;  /* there was more */
};

/*
 * False: this transaction is full.  One path goes, however long it is: it was
 * taken once, and the session could never end.
 */
static bool
take(struct close *c, struct bytes path)
{
    size_t bytes = (size_t)path.size + (c->as_multi ? 12 : 4);
    size_t max = c->count == 0 ? c->room : c->bytes_max;

    c->is_full |= c->count == c->count_max || c->bytes + bytes > max;
    if (c->is_full)
        return false;
    c->count++;
    c->bytes += bytes;
    return true;
}

static void
remove_one(struct close *c, struct bytes path, struct pnode *n)
{
    struct pnode scratch, *parent;

    if (c->as_multi) {
        jute_put_i32(c->out, ZK_OP_DELETE);
        jute_put_i32(c->out, path.size + 4);
    }
    path = prep_put_path(c->out, path);
    parent = prep_look(c->p, path_parent(path), &scratch);
    prep_remove(c->p, parent, n, path);
}

static bool
visit(struct close *c, struct bytes path)
{
    struct pnode scratch, *n = prep_look(c->p, path, &scratch);

    if (!n->exists || n->stat.owner != c->session)
        return true;
    if (!take(c, path))
        return false;
    if (c->out)
        remove_one(c, path, n);
    return true;
}

static bool
visit_committed(void *arg, struct bytes path, const struct znode_view *view)
{
    (void)view;
    return visit(arg, path);
}

/* A node that is committed as the session's was visited already. */
static bool
is_new(const struct close *c, const struct pnode *n)
{
    struct znode_view view;

    return n->exists && n->stat.owner == c->session &&
           !(tree_view(c->p->tree, n->path, &view) &&
             view.stat.owner == c->session);
}

/*
 * Pending nodes do not move while the transaction is open, and those it adds
 * are not in the list yet.  What others have pending is not looked at: where
 * thousands of sessions end together, each would look at what all the ones
 * before it left there.
 */
static void
visit_pending(struct close *c)
{
    const struct pending *pending = &c->p->pending;
    const struct pnode *n = pending_owned(pending, c->session);

    for (; n && !c->is_full; n = pending_owned_next(pending, n))
        if (is_new(c, n))
            visit(c, n->path);
}

static void
walk(struct close *c, const struct session *s)
{
    if (s->ephemeral_count > 0)
        tree_visit_owned(c->p->tree, c->session, visit_committed, c);
    visit_pending(c);
}

static struct close
close_of(struct prep *p, const struct session *s, const struct jute_out *out)
{
    size_t room = (size_t)(out->end - out->at) - 4; /* the count */
    size_t rest = ZK_TXN_HEADER_BYTES + 4 + ZK_TXN_DIGEST_BYTES;
    size_t most = p->rules.txn_max > rest ? p->rules.txn_max - rest : 0;

    return (struct close){
        .p = p,
        .session = s->id,
        .count_max = PREP_CLOSE_PATHS_MAX,
        .bytes_max = most < room ? most : room,
        .room = room,
    };
}

int32_t
prep_run_close(struct prep *p, struct session *s, struct jute_out *out,
               struct prep_result *result)
{
    struct close count = close_of(p, s, out);
    struct close c = count;
    uint8_t *head = jute_room(out, 4);
    bool fits;

    check(head != NULL);
    walk(&count, s);
    fits = !count.is_full;
    c.out = out;
    c.as_multi = !fits;
    walk(&c, s);
    store_be32(head, c.count);
    result->is_partial = !fits;
    result->outcome_count = c.count + (fits ? 1 : 0);
    if (fits)
        prep_note_end(p, s);
    return fits ? ZK_OP_CLOSE_SESSION : ZK_OP_MULTI;
}
