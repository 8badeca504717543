/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client_life.c - following replication.
 *
 * While replication serves, our cursor bounds the ring.  When that period of
 * service is over (it died, or lost its role), the tree may be half-written or
 * replaced: all connections are closed, and `attached` says that nobody here
 * looks at the tree any more.
 */
#include "net/client/client_deliver.h"

#include "daemon/log.h"
#include "net/client/client_table.h"

enum { BEGIN_TRIES = 100 }; /* per turn: the tree may be busy */

/*
 * Our cursor starts at what is applied now.  The producer may not know of it
 * yet, and overwrite what we are to read: so look again once the cursor is
 * visible.  And replication may end the period before it knows of us: so look
 * again whether it lasts.  False: later.
 */
static bool
begin(struct client_proc *p, uint32_t period)
{
    struct shm_replication *r = p->shm->replication;
    struct tree_totals totals;
    uint64_t seq;

    atomic_store(&p->own->attached, period);
    atomic_thread_fence(memory_order_seq_cst);
    p->is_read_only = r->role == ROLE_READ_ONLY;
    if (r->serving != period)
        return false;
    seq = tree_read_begin(p->tree);
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
    p->period = period;
    return true;
}

/* Nobody here has a session, or looks at tree and ring. */
static void
detach(struct client_proc *p)
{
    p->period = 0;
    p->is_read_only = false;
    atomic_store(&p->own->delivered, RING_POS_NONE);
    client_pace_end(p);
    atomic_store(&p->own->attached, 0);
}

static void
lose(struct client_proc *p)
{
    if (p->client_count > 0)
        log_warn("%u connections closed: this server stopped serving",
                 p->client_count);
    client_drop_all(p);
    detach(p);
    bell_ring(p->shm, PROC_SUPER);
    bell_ring(p->shm, PROC_REPLICATION);
}

void
client_follow(struct client_proc *p)
{
    uint32_t serving = p->shm->replication->serving;

    if (p->period && (p->is_lost || serving != p->period))
        lose(p);
    p->is_lost = false;
    for (int i = 0; i < BEGIN_TRIES && serving != 0 && !p->period; i++)
        if (begin(p, serving))
            return;
    if (!p->period && p->own->attached != 0)
        detach(p);
}
