/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_local.c - sessions of this server, which no transaction makes.
 *
 * Replication keeps them (repl_local.c) and says in shm->words what becomes
 * of an open or a resume, and which connections have to go.  A close is ours:
 * when it is its turn, all earlier requests are answered, so the session can
 * end at once.
 *
 * Client processes.  Facts: spec/client-protocol.md 8.6, 12.
 */
#include "net/client/client_connect.h"

#include "net/client/client_answer.h"
#include "net/client/client_ask.h"
#include "net/client/client_lease.h"
#include "net/client/client_session.h"
#include "net/client/client_table.h"
#include "storage/tree/txn.h"

void
client_local_init(struct client_proc *p)
{
    const struct reqring *words = &p->shm->words[p->worker];

    atomic_store(&p->own->words_taken, atomic_load(words->tail));
}

static void
hear(struct client_proc *p, const struct req *w)
{
    struct client *c = w->life == p->life ? client_find(p, w->conn) : NULL;

    if (!c)
        return;
    if (w->kind == WORD_DROP) {
        client_drop(p, c);
        return;
    }
    if (c->state != CLIENT_CONNECTING)
        return;
    if (w->kind == WORD_REFUSED) {
        client_refused(p, c);
        return;
    }
    c->is_local = true;
    client_accepted(p, c, w->session, w->slot, w->timeout_ms);
}

void
client_local_hear(struct client_proc *p)
{
    const struct reqring *words = &p->shm->words[p->worker];
    ring_pos_t pos =
        atomic_load_explicit(&p->own->words_taken, memory_order_relaxed);
    const struct req *w;

    while (reqring_next(words, pos, &w) == 0 && w) {
        hear(p, w);
        pos += w->size;
        atomic_store_explicit(&p->own->words_taken, pos, memory_order_release);
    }
}

void
client_local_close(struct client_proc *p, struct client *c,
                   const struct request *r, uint32_t heard_ms)
{
    client_ask_local_close(p, c); /* no room: it ends when nobody hears of it */
    if (!client_put_reply(p, c, r->xid, p->zxid, ZK_OK))
        return;
    client_count_reply(p, c, r->op, p->zxid, heard_ms);
    client_close(p, c);
}

void
client_local_upgraded(struct client_proc *p, struct client *c)
{
    c->is_local = false;
    c->slot = client_find_slot(p, c->session);
    client_lease_begin(p, c);
}

/*
 * ZK: FinalRequestProcessor: who let it pass without an upgrade knows better
 * than the leader.
 */
bool
client_local_is_refused(const struct client *c, const struct ring_entry *e)
{
    return c->is_local && (e->op == ZK_OP_CREATE || e->op == ZK_OP_CREATE2) &&
           txn_peek_error(ring_payload(e)) == ZK_SESSION_EXPIRED;
}
