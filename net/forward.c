/* SPDX-License-Identifier: Apache-2.0 */
/* forward.c - see forward.h.  Pure. */
#include "net/forward.h"

#include "daemon/check.h"
#include "daemon/zk.h"

static uint32_t
bucket_of(session_id_t session, int32_t xid)
{
    uint64_t h = ((uint64_t)session ^ (uint64_t)(uint32_t)xid << 20) *
                 UINT64_C(0x9e3779b97f4a7c15);

    return (uint32_t)(h >> 40) % FORWARD_BUCKETS;
}

static struct forwarded *
place_at(struct forward *f, uint64_t n)
{
    return &f->place[n % FORWARD_PLACES];
}

void
forward_clear(struct forward *f)
{
    memset(f->bucket, 0, sizeof f->bucket);
    f->oldest = f->newest = f->op_end = 0;
}

/* Operations are freed with the place that has them. */
static uint64_t
ops_begin(const struct forward *f)
{
    return f->oldest == f->newest ? f->op_end
                                  : f->place[f->oldest % FORWARD_PLACES].op_at;
}

bool
forward_has_room(const struct forward *f, uint32_t op_count)
{
    return f->newest - f->oldest < FORWARD_PLACES &&
           f->op_end - ops_begin(f) + op_count <= FORWARD_OPS;
}

void
forward_put(struct forward *f, const struct forwarded *what, const int32_t *ops)
{
    struct forwarded *to = place_at(f, f->newest);
    uint32_t *bucket = &f->bucket[bucket_of(what->session, what->xid)];

    check(forward_has_room(f, what->op_count));
    *to = *what;
    to->is_answered = false;
    to->op_at = f->op_end;
    to->next = *bucket;
    *bucket = (uint32_t)(f->newest % FORWARD_PLACES) + 1;
    for (uint32_t i = 0; i < what->op_count; i++)
        f->ops[(f->op_end + i) % FORWARD_OPS] = ops[i];
    f->op_end += what->op_count;
    f->newest++;
}

/* Opening and closing a session never answers anything else. */
static bool
answers(int32_t type, int32_t op)
{
    bool is_session = op == ZK_OP_CREATE_SESSION || op == ZK_OP_CLOSE_SESSION;

    if (type == ZK_OP_ERROR)
        return true;
    if (type == ZK_OP_CREATE_SESSION || type == ZK_OP_CLOSE_SESSION)
        return type == op;
    return !is_session;
}

/* The link to the oldest that fits: the newest is first in its bucket. */
static uint32_t *
find(struct forward *f, session_id_t session, int32_t cxid, int32_t type)
{
    uint32_t *link = &f->bucket[bucket_of(session, cxid)], *found = NULL;

    for (; *link; link = &f->place[*link - 1].next) {
        const struct forwarded *p = &f->place[*link - 1];

        if (p->session == session && p->xid == cxid && answers(type, p->op))
            found = link;
    }
    return found;
}

bool
forward_take(struct forward *f, session_id_t session, int32_t cxid,
             int32_t type, struct forwarded *what)
{
    uint32_t *link = find(f, session, cxid, type);
    struct forwarded *p;

    if (!link)
        return false;
    p = &f->place[*link - 1];
    *link = p->next;
    p->is_answered = true;
    *what = *p;
    while (f->oldest != f->newest && place_at(f, f->oldest)->is_answered)
        f->oldest++;
    return true;
}

int32_t
forward_op(const struct forward *f, const struct forwarded *what, uint32_t i)
{
    check(i < what->op_count);
    return f->ops[(what->op_at + i) % FORWARD_OPS];
}

uint64_t
forward_waiting(const struct forward *f)
{
    return f->newest - f->oldest;
}
