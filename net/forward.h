/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forward.h - requests that were sent to the leader and have not come back.
 *
 * A learner sends its clients' writes to the leader and knows the answer when
 * the transaction comes back, with the same session and cxid.  Nearly always
 * that is the oldest one sent: the leader takes a learner's requests in
 * order, and every one becomes a transaction.
 *
 *      place[]   oldest .. newest      a ring, answered ones are skipped
 *      bucket[]  (session, cxid) -> place -> place
 *      ops[]     a multi's operations, in the order of the places
 *
 * Pure; memory is given.  The replication process, learning.
 * ZK: CommitProcessor (spec/quorum-protocol.md 5.2)
 */
#ifndef NET_FORWARD_H
#define NET_FORWARD_H

#include "daemon/txring.h"

enum {
    FORWARD_PLACES = 1 << 15,
    FORWARD_BUCKETS = 1 << 16,
    FORWARD_OPS = 1 << 19,
};

struct forwarded {
    session_id_t session;
    int32_t xid;
    int32_t op; /* as the client asked */
    int32_t timeout_ms;
    struct origin origin;
    uint32_t op_count; /* of a multi, else 0 */
    uint64_t op_at;    /* where they begin, counted from the first ever */
    uint32_t next;     /* in the bucket: place + 1 */
    bool is_answered;
};

struct forward {
    uint64_t oldest, newest; /* count places ever used */
    uint64_t op_end;
    struct forwarded place[FORWARD_PLACES];
    uint32_t bucket[FORWARD_BUCKETS]; /* place + 1 */
    int32_t ops[FORWARD_OPS];
};

/* Nothing is on its way.  Also the first life of zeroed memory. */
void forward_clear(struct forward *f);

/* Whether one more with `op_count` operations can be kept. */
bool forward_has_room(const struct forward *f, uint32_t op_count);

/* Keep `what`, and the operations of a multi; there is room. */
void forward_put(struct forward *f, const struct forwarded *what,
                 const int32_t *ops);

/*
 * The transaction of `type` came with this session and cxid: was it ours?
 * Returns a copy in `what` and forgets it; operations by forward_op.
 */
bool forward_take(struct forward *f, session_id_t session, int32_t cxid,
                  int32_t type, struct forwarded *what);

/* Operation `i` of what was taken last. */
int32_t forward_op(const struct forward *f, const struct forwarded *what,
                   uint32_t i);

uint64_t forward_waiting(const struct forward *f);

#endif
