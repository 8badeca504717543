/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_ask.c - what this process asks of replication.
 *
 * Each question is a message in our request ring (daemon/reqring.h), in the
 * name of a connection of this life of the process.  Its answer is an entry of
 * the transaction ring, or a word about a local session.
 */
#include "net/client/client_ask.h"

/* A message of `c`, to be filled and sent; NULL: the ring is full. */
static struct req *
begin(struct client_proc *p, const struct client *c, enum req_kind kind,
      uint32_t ids_size, uint32_t body_size)
{
    struct req *req =
        reqring_reserve(&p->shm->requests[p->worker], ids_size, body_size);

    if (!req)
        return NULL;
    req->kind = (uint16_t)kind;
    req->life = p->life;
    req->conn = c->id;
    req->period = p->period;
    req->session = c->session;
    return req;
}

static void
end(struct client_proc *p, struct req *req)
{
    reqring_send(&p->shm->requests[p->worker], req);
    p->must_ring = true;
}

bool
client_ask_session(struct client_proc *p, const struct client *c,
                   session_id_t session, int32_t timeout_ms)
{
    struct req *req =
        begin(p, c, session == 0 ? REQ_SESSION_OPEN : REQ_SESSION_RESUME, 0, 0);

    if (!req)
        return false;
    req->session = session;
    req->op = ZK_OP_CREATE_SESSION;
    req->timeout_ms = timeout_ms;
    end(p, req);
    return true;
}

bool
client_ask_local_close(struct client_proc *p, const struct client *c)
{
    struct req *req = begin(p, c, REQ_LOCAL_CLOSE, 0, 0);

    if (!req)
        return false;
    end(p, req);
    return true;
}

/* --- requests ------------------------------------------------------------- */

/*
 * Where a server stands alone, a sync waits for nothing but its turn.  In an
 * ensemble it goes out, also on the leader: its followers may have applied, and
 * answered, what it has not yet.
 * Ours: Apache's leader answers it as a read.
 */
bool
client_goes_out(const struct client_proc *p, const struct client *c, int32_t op)
{
    enum request_kind kind = request_kind(op);

    if (op == ZK_OP_CLOSE_SESSION && c->is_local)
        return false;
    return kind == REQUEST_WRITE ||
           (kind == REQUEST_SYNC &&
            p->shm->replication->role != ROLE_STANDALONE);
}

bool
client_may_ask(struct client_proc *p, uint32_t ids_size, uint32_t body_size)
{
    return reqring_reserve(&p->shm->requests[p->worker], ids_size, body_size) !=
           NULL;
}

bool
client_ask(struct client_proc *p, const struct client *c,
           const struct request *r, struct bytes ids)
{
    struct req *req = begin(p, c, r->op == ZK_OP_SYNC ? REQ_SYNC : REQ_WRITE,
                            (uint32_t)ids.size, (uint32_t)r->body.size);

    if (!req)
        return false;
    req->xid = r->xid;
    req->op = r->op;
    memcpy(req->bytes, ids.data, (size_t)ids.size);
    memcpy(req->bytes + ids.size, r->body.data, (size_t)r->body.size);
    end(p, req);
    COUNT(p->own->stats.outstanding, 1);
    return true;
}
