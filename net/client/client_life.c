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
#include "daemon/ring_readers.h"
#include "net/client/client_lease.h"
#include "net/client/client_table.h"

enum { BEGIN_TRIES = 100 }; /* per turn: the tree may be busy */

/* What is in the tree at one moment.  False: not now. */
static bool
look_at_tree(const struct client_proc *p, ring_pos_t *applied, zxid_t *zxid)
{
    struct tree_totals totals;
    uint64_t seq = tree_read_begin(p->tree);

    if (seq == 0)
        return false;
    *applied = tree_applied(p->tree);
    tree_totals(p->tree, &totals);
    *zxid = totals.zxid;
    return !tree_read_retry(p->tree, seq);
}

void
client_reach(struct client_proc *p)
{
    ring_pos_t applied;
    zxid_t zxid;

    if (look_at_tree(p, &applied, &zxid) && applied == p->delivered)
        p->zxid = zxid;
}

/*
 * Begin to follow, at what is applied now.  False: not yet, try again.
 *
 * First we say that we are there, then we look again whether the period lasts:
 * replication may have ended it before it saw us.  For a moment after each
 * batch the tree is ahead of `applied`, and no cursor may be.
 */
static bool
begin(struct client_proc *p, uint32_t period)
{
    struct shm_replication *r = p->shm->replication;

    atomic_store(&p->own->attached, period);
    ring_readers_join(p->shm, p->worker); /* with a fence: then look again */
    p->is_read_only = r->role == ROLE_READ_ONLY;
    if (r->serving != period)
        return false;
    if (!look_at_tree(p, &p->delivered, &p->zxid) || r->applied != p->delivered)
        return false;
    client_lease_start(p);
    atomic_store(&p->own->delivered, p->delivered);
    p->period = period;
    return true;
}

/* Nobody here has a session, or looks at tree and ring. */
static void
detach(struct client_proc *p)
{
    p->period = 0;
    p->is_read_only = false;
    ring_readers_leave(p->shm, p->worker);
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
