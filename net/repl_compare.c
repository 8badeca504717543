/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_compare.c - is our tree what its leader's is?
 *
 * A transaction carries the digest that the leader's tree has after it, a sum
 * over all nodes.  A few times a second the last one that was applied is
 * compared with the tree that clients read; that misses nothing, for what
 * differs once differs in all sums that follow.  The image process compares
 * its image with every batch.
 *
 * It is told, and counted for those who watch; nobody acts on it.
 *
 * The replication process, in an ensemble.
 * ZK: DataTree.compareDigest (spec/quorum-protocol.md 10.5)
 */
#include <inttypes.h>

#include "daemon/log.h"
#include "net/repl_history.h"

enum { DIGEST_VERSION = 2 };

/*
 * A tree that began as another server's snapshot may hold more than its zxid
 * says; from `exact_zxid` on it is what it says.
 */
static bool
is_exact(const struct repl *r, zxid_t zxid)
{
    return zxid >= atomic_load(&r->shm->log->exact_zxid);
}

/* What the leader's tree was after `zxid`; false: nobody can say. */
static bool
leaders_digest(struct repl_history *h, zxid_t zxid, uint64_t *digest)
{
    struct bytes bytes;
    struct txn txn;

    if (!repl_history_in_ring(h, zxid, &bytes) || txn_open(&txn, bytes) < 0 ||
        !txn.has_digest || txn.digest_version != DIGEST_VERSION)
        return false;
    *digest = (uint64_t)txn.digest;
    return true;
}

void
repl_compare_tick(struct repl *r)
{
    struct shm_replication *shared = r->shm->replication;
    zxid_t zxid = atomic_load(&shared->applied_zxid);
    struct tree_totals totals;
    uint64_t expected;

    if (!r->history || zxid == r->compared || !is_exact(r, zxid) ||
        !leaders_digest(r->history, zxid, &expected))
        return;
    r->compared = zxid;
    tree_totals(r->tree, &totals);
    if (totals.digest == expected) {
        r->has_differed = false;
        return;
    }
    atomic_fetch_add(&shared->ensemble.digest_mismatches, 1);
    if (!r->has_differed)
        log_error("First digest mismatch on txn: 0x%" PRIx64
                  ", expected digest is %" PRIu64 ", actual digest is %" PRIu64
                  ": what this server shows is not what its leader has; stop "
                  "it, move its data directory away but for myid, start it",
                  (uint64_t)zxid, expected, totals.digest);
    r->has_differed = true;
}
