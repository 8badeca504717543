/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prep.h - request preparation: from what a client asks to the transaction
 * that answers it.
 *
 *      request --> checks against committed tree + pending nodes
 *                      |                     |
 *                  transaction           error transaction
 *                      `---- bytes in the ring ----'
 *
 * Every accepted change is noted as pending, so the next request is judged
 * as if it were applied already.  Checks come in Apache's order; the first
 * that fails names the error; a failure is a transaction as well and takes
 * a zxid.  Only the server that orders transactions prepares: standalone or
 * leader.
 *
 * Pure but for two marks in the session table: a session whose closeSession was
 * prepared becomes is_closing, and one without an owner gets who asks first.
 * The replication process.
 * ZK: PrepRequestProcessor.  Facts: spec/client-protocol.md 2.7, 4, 5, 8.4,
 * 10.5; spec/quorum-protocol.md 5.3, 10.
 */
#ifndef NET_PREP_PREP_H
#define NET_PREP_PREP_H

#include "daemon/conf/conf.h"
#include "daemon/txring.h"
#include "net/prep/pending.h"

/* What the configuration says about it. */
struct prep_rules {
    unsigned acl_flags; /* enum acl_flags */
    bool digest_enabled;
    bool extended_types;
    bool enforce_quota;
    bool reconfig_enabled;
    bool local_sessions;   /* other servers may have sessions of their own */
    sid_t me;              /* in the top byte of those that are ours */
    uint64_t memory_limit; /* bytes of the tree's arena */
    uint32_t txn_max;      /* bytes of one transaction */
};

void prep_rules_of(const struct conf *conf, struct prep_rules *rules);

/* One request, borrowed until prep_step returns. */
struct prep_request {
    int32_t op; /* enum zk_op */
    int32_t xid;
    session_id_t session;
    struct origin origin; /* RING_NOBODY: the server's own, no owner check */
    struct bytes body;    /* the request record */
    struct bytes ids;     /* vector<Id>, as when the frame was read */
    zxid_t zxid;          /* the next, taken if PREP_TXN */
    wall_ms_t now;
    uint64_t in_flight; /* bytes published and not yet applied */
    bool is_remote;     /* a learner's: it waits for a transaction, so what
                           would be dropped or refused becomes an error */
    bool is_local;      /* of a local session of this server: local.h */
};

enum prep_verdict {
    PREP_TXN,    /* the transaction is in the buffer: publish it */
    PREP_REFUSE, /* no transaction: answer `err`, in order */
    PREP_DROP,   /* nothing happens; a client's connection is closed */
    PREP_WAIT,   /* too much is pending: again when something was applied */
};

struct prep_result {
    uint32_t size;            /* bytes of the transaction */
    uint32_t outcome_count;   /* as txn_count will say */
    const int32_t *reply_ops; /* of a multi, outcome_count of them; else NULL;
                                 good until the next prep_step */
    int32_t err;     /* of PREP_REFUSE or of the error transaction; 0: none */
    bool is_partial; /* PREP_TXN: nobody's; step the same request again */
};

/*
 * Sessions whose createSession is not applied yet.  A local session becomes
 * global with a request right behind, and a learner may have applied what we
 * have not, so they count.  A ring.
 */
enum { PREP_OPENINGS = 1 << 12 };

struct prep_openings {
    uint32_t oldest, newest; /* count all there ever were */
    struct prep_opening {
        session_id_t id;
        zxid_t zxid;
    } at[PREP_OPENINGS];
};

/*
 * Sessions that ended in this term: by a hash of the id, and the last one with
 * that hash counts.  What a learner had asked for one of them comes behind its
 * end, and would pass for a request of a local session there.
 */
enum { PREP_ENDED_LOG2 = 12 };

struct prep {
    const struct tree *tree;
    struct session_table *sessions;
    struct prep_rules rules;
    struct pending pending;
    struct prep_op *ops; /* of the multi at hand, as they were asked */
    int32_t *reply_ops;  /* and what the reply calls them */
    uint32_t ops_max;
    zxid_t prepared, applied;     /* zxids of the last such transaction */
    uint64_t digest;              /* of the tree once all is applied */
    const struct prep_request *r; /* at hand */
    bool is_local;                /* its session owns no ephemerals */
    struct prep_openings openings;
    session_id_t ended[1 << PREP_ENDED_LOG2];
};

/* Memory for requests of at most `maxbuffer` bytes. */
size_t prep_bytes(uint32_t maxbuffer);

/*
 * Start over the tree as it is, nothing pending.  `memory` is zero and
 * aligned to 8; it, tree and sessions are borrowed for the life of `p`.
 * `seed` is random, for the hash of pending paths.
 */
void prep_init(struct prep *p, void *memory, uint32_t maxbuffer,
               const struct tree *tree, struct session_table *sessions,
               const struct prep_rules *rules, uint64_t seed);

/*
 * What the ring must have room for before prep_step: bytes of a transaction,
 * and outcomes.  A bound, not the exact size.
 */
struct prep_need {
    uint32_t payload;
    uint32_t outcomes;
    bool has_ops;
};
struct prep_need prep_need(const struct prep *p, int32_t op, int32_t body_size);

/*
 * Prepare one request into `buffer`, which has `need.payload` bytes and
 * stays as written until prep_applied has passed its zxid: pending nodes
 * borrow from it.
 */
enum prep_verdict prep_step(struct prep *p, const struct prep_request *r,
                            void *buffer, uint32_t size,
                            struct prep_result *result);

/*
 * The operations of a multi request as the client named them, at most `max`.
 * How many, or -1: not legible, or too many.  For a learner, which does not
 * prepare but answers.
 */
int32_t prep_multi_ops(struct bytes body, int32_t *ops, uint32_t max);

/*
 * Whether the request is a create or create2 of an ephemeral, or a multi in
 * which a create has such flags, and none before it flags that are none;
 * other requests are never asked.
 * ZK: QuorumZooKeeperServer.checkUpgradeSession
 */
bool prep_makes_ephemeral(int32_t op, struct bytes body);

/* What a multi's reply calls the result of `op` that became `txn_type`. */
int32_t prep_reply_op(int32_t op, int32_t txn_type);

/* The tree has applied everything up to `zxid`. */
void prep_applied(struct prep *p, zxid_t zxid);

/* Its createSession is prepared and not applied: not in the table yet. */
bool prep_is_opening(const struct prep *p, session_id_t id);

#endif
