/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_life.c - following replication.
 *
 * While replication serves, our cursor bounds the ring.  When it is gone (its
 * life number changed, or it serves no more), the tree may be half-written:
 * all connections are closed, and repl_life says that nobody here looks at
 * the tree any more.
 */
#include "net/client.h"

#include "daemon/log.h"

enum { BEGIN_TRIES = 100 }; /* per turn: the tree may be busy */

/*
 * Our cursor starts at what is applied now.  The producer may not know of it
 * yet and overwrite: so look again once it is visible.  False: later.
 */
static bool
begin(struct client_proc *p, uint32_t life)
{
    struct shm_replication *r = p->shm->replication;
    struct tree_totals totals;
    uint64_t seq = tree_read_begin(p->tree);

    if (seq == 0)
        return false;
    p->delivered = tree_applied(p->tree);
    tree_totals(p->tree, &totals);
    if (tree_read_retry(p->tree, seq))
        return false;
    p->zxid = totals.zxid;
    atomic_store(&p->own->delivered, p->delivered);
    atomic_thread_fence(memory_order_seq_cst);
    if (r->published - p->delivered >= p->shm->ring.size / 2)
        return false;
    p->repl_life = life;
    return true;
}

static void
lose(struct client_proc *p, uint32_t life)
{
    if (p->repl_life && p->client_count > 0)
        log_warn("%u connections closed: replication is gone", p->client_count);
    if (p->repl_life) /* else nobody has a session yet */
        client_drop_all(p);
    p->repl_life = 0;
    atomic_store(&p->own->delivered, RING_POS_NONE);
    atomic_store(&p->own->wants_tree, 0);
    p->wants_tree = false;
    atomic_store(&p->own->repl_life, life);
    bell_ring(p->shm, PROC_SUPER);
}

void
client_follow(struct client_proc *p)
{
    uint32_t life = p->shm->super->life[PROC_REPLICATION];
    uint32_t serving = p->shm->replication->serving;

    if (p->is_lost || (p->repl_life && serving != p->repl_life) ||
        p->own->repl_life != life) {
        p->is_lost = false;
        lose(p, life);
    }
    for (int i = 0; i < BEGIN_TRIES && !p->repl_life; i++)
        if (serving == 0 || serving != life || begin(p, life))
            break;
}
