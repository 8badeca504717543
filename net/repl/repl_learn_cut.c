/* SPDX-License-Identifier: Apache-2.0 */
/*
 * repl_learn_cut.c - TRUNC: the end of our history is cut off.
 *
 * The log process cuts its files; what the ring still holds of it is voided,
 * and if a client of ours asked for some of it all are let go (repl_serve.c).
 * After a start the tree may hold some of it, for nobody knew what was
 * committed: then this process ends, and its successor loads again.
 *
 * The replication process, learning.
 * Facts: spec/quorum-protocol.md 4.7, 14.3.
 */
#include <inttypes.h>

#include "daemon/log.h"
#include "net/repl/repl_learn.h"
#include "net/repl/repl_order.h"
#include "net/repl/repl_serve.h"

void
learn_cut(struct repl_learn *l, zxid_t zxid)
{
    struct repl *r = l->r;
    zxid_t in_tree = atomic_load(&r->shm->replication->applied_zxid);

    log_warn("learner: the leader has less than we: cutting what is behind "
             "zxid=0x%" PRIx64 " last=0x%" PRIx64,
             (uint64_t)zxid, (uint64_t)r->last);
    conn_pause(&l->conn, CONN_PAUSE_WAITING);
    l->cut = zxid;
    l->order = zxid < in_tree ? LEARN_CUT_RELOAD : LEARN_CUT;
    repl_order(r, LOG_TRUNCATE, zxid);
}

bool
learn_void(struct repl *r, zxid_t zxid)
{
    bool has_own = false;

    for (ring_pos_t pos = r->committed; pos < r->head;) {
        struct ring_entry *e = txring_at(&r->shm->ring, pos);

        if (e->kind == RING_TXN && e->zxid > zxid) {
            has_own |= e->worker < CLIENTS_MAX;
            e->kind = RING_VOID;
            r->outstanding--;
        }
        pos += e->size;
    }
    return has_own;
}

void
learn_cut_done(struct repl_learn *l, int result, struct learner_out *out,
               mono_ms_t now)
{
    struct repl *r = l->r;

    if (result == 0) {
        if (learn_void(r, l->cut))
            repl_end_serving(r);
        r->last = r->zxid = l->cut;
        repl_history_cut(r->history, l->cut);
    }
    learner_truncated(&l->core, result, now, out);
}
