/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prep.c - request preparation: the entry, and the table of operations.
 *
 * Pure but for what prep.h says of sessions.  The replication process.
 * Facts: spec/client-protocol.md 2.7, 2.9.
 */
#include "net/prep/prep.h"

#include "daemon/check.h"
#include "net/access/acl.h"
#include "net/prep/prep_op.h"

enum {
    PENDING_MIN = 1 << 16,
    ERROR_BYTES = ZK_TXN_HEADER_BYTES + 4,
    OVERHEAD = 1024,              /* header, digest, suffix, counters */
    ACL_GROWTH = 64 * 1024,       /* what `auth` may expand to, at least */
    CLOSE_BYTES_MIN = 128 * 1024, /* for a path of a larger jute.maxbuffer */
    CLOSE_OUTCOMES = PREP_CLOSE_PATHS_MAX + 1,
};

#define KIND(op, parse, run, in_multi)                                         \
    [ZK_OP_##op] = {prep_parse_##parse, prep_run_##run, in_multi}

/* clang-format off */
static const struct prep_kind kinds[] = {
    /*   operation         its record  who runs it       may be in a multi */
    KIND(CREATE,           create,     create,           true),
    KIND(CREATE2,          create,     create,           true),
    KIND(CREATE_CONTAINER, create,     create,           true),
    KIND(CREATE_TTL,       create_ttl, create,           true),
    KIND(DELETE,           delete,     delete,           true),
    KIND(DELETE_CONTAINER, path,       delete_container, false),
    KIND(SET_DATA,         set_data,   set_data,         true),
    KIND(SET_ACL,          set_acl,    set_acl,          false),
    KIND(CHECK,            check,      check,            true),
    KIND(RECONFIG,         reconfig,   reconfig,         false),
};
/* clang-format on */

const struct prep_kind *
prep_kind_of(int32_t op)
{
    return op >= 0 && op < (int32_t)ARRAY_COUNT(kinds) && kinds[op].run
               ? &kinds[op]
               : NULL;
}

/*
 * ZK: jute.maxbuffer.extrasize bounds what is read, not what is written.  Ours:
 * of it no more is written than a request may have.  For the ring has room for
 * RING_HOLDS requests, and what needs more than it has waits for ever: a
 * closeSession, before anybody knows how little it lists.
 */
static uint32_t
txn_max_of(const struct conf *conf)
{
    uint32_t request = (uint32_t)conf->jute_maxbuffer;
    uint32_t extra = (uint32_t)conf->jute_maxbuffer_extra;

    return request + (extra < request ? extra : request);
}

void
prep_rules_of(const struct conf *conf, struct prep_rules *rules)
{
    *rules = (struct prep_rules){
        .acl_flags = acl_flags_of(conf),
        .digest_enabled = conf->digest_enabled,
        .extended_types = conf->extended_types,
        .enforce_quota = conf->enforce_quota,
        .reconfig_enabled = conf->reconfig_enabled,
        .local_sessions = conf->local_sessions && conf->member_count > 0,
        .me = conf->my_sid,
        .memory_limit = (uint64_t)conf->memory_limit,
        .txn_max = txn_max_of(conf),
    };
}

/* --- memory --------------------------------------------------------------- */

/* An operation touches its node and the parent. */
static uint32_t
capacity_for(uint32_t maxbuffer)
{
    uint32_t need = 2 * prep_multi_ops_max((int32_t)maxbuffer);
    uint32_t capacity = PENDING_MIN;

    while (capacity < need)
        capacity *= 2;
    return capacity;
}

size_t
prep_bytes(uint32_t maxbuffer)
{
    return pending_bytes(capacity_for(maxbuffer)) +
           prep_multi_ops_max((int32_t)maxbuffer) *
               (sizeof(struct prep_op) + sizeof(int32_t));
}

/* Everything prepared is applied. */
static bool
is_idle(const struct prep *p)
{
    return p->prepared <= p->applied;
}

/* The digest that counts is the tree's whenever nothing is pending. */
static void
follow_tree(struct prep *p)
{
    struct tree_totals totals;

    tree_totals(p->tree, &totals);
    p->digest = totals.digest;
}

void
prep_init(struct prep *p, void *memory, uint32_t maxbuffer,
          const struct tree *tree, struct session_table *sessions,
          const struct prep_rules *rules, uint64_t seed)
{
    uint32_t capacity = capacity_for(maxbuffer);

    *p = (struct prep){.tree = tree, .sessions = sessions, .rules = *rules};
    pending_init(&p->pending, memory, capacity, seed);
    p->ops_max = prep_multi_ops_max((int32_t)maxbuffer);
    p->ops =
        (struct prep_op *)(void *)((uint8_t *)memory + pending_bytes(capacity));
    p->reply_ops = (int32_t *)(void *)(p->ops + p->ops_max);
    follow_tree(p);
}

/* --- bounds --------------------------------------------------------------- */

static uint64_t
payload_needed(const struct prep *p, int32_t op, int32_t body_size)
{
    uint64_t body = body_size < 0 ? 0 : (uint64_t)body_size;
    uint64_t most = p->rules.txn_max, needed = 4 * body + ACL_GROWTH;

    if (op == ZK_OP_CLOSE_SESSION)
        return most < CLOSE_BYTES_MIN ? CLOSE_BYTES_MIN : most;
    if (needed > most)
        needed = most;
    return needed < OVERHEAD ? OVERHEAD : needed;
}

/* One of more is refused as a whole, whoever sent it: prep_run_multi. */
static uint32_t
ops_needed(const struct prep *p, int32_t body_size)
{
    uint32_t ops = prep_multi_ops_max(body_size);

    return ops < p->ops_max ? ops : p->ops_max;
}

struct prep_need
prep_need(const struct prep *p, int32_t op, int32_t body_size)
{
    struct prep_need need = {
        .payload = (uint32_t)payload_needed(p, op, body_size),
        .outcomes = 1,
        .has_ops = op == ZK_OP_MULTI,
    };

    if (op == ZK_OP_MULTI)
        need.outcomes = ops_needed(p, body_size);
    if (op == ZK_OP_CLOSE_SESSION)
        need.outcomes = CLOSE_OUTCOMES;
    return need;
}

static uint32_t
nodes_needed(const struct prep *p, const struct prep_request *r)
{
    struct prep_need need = prep_need(p, r->op, r->body.size);

    return 2 * need.outcomes;
}

/* --- one request ---------------------------------------------------------- */

static enum zk_code
run_single(struct prep *p, struct jute_out *out, int32_t *type)
{
    const struct prep_kind *kind = prep_kind_of(p->r->op);
    struct jute_in in = jute_in_bytes(p->r->body);
    struct prep_op o = {.op = p->r->op};
    enum zk_code err;

    if (!kind)
        return ZK_UNIMPLEMENTED;
    if (!kind->parse(&in, &o))
        return ZK_MARSHALLING;
    err = kind->run(p, &o, out);
    *type = o.txn_type;
    return err;
}

/* Check, write the body, note; `type` is the transaction's. */
static enum zk_code
run(struct prep *p, struct session *s, struct jute_out *out, int32_t *type,
    struct prep_result *result)
{
    result->outcome_count = 1;
    *type = p->r->op;
    switch (p->r->op) {
    case ZK_OP_CREATE_SESSION:
        return prep_run_open(p, out);
    case ZK_OP_CLOSE_SESSION:
        *type = prep_run_close(p, s, out, result);
        return ZK_OK;
    case ZK_OP_MULTI:
        return prep_run_multi(p, out, result);
    default:
        return run_single(p, out, type);
    }
}

/* The head goes in last: only then is the type known. */
static void
put_head(const struct prep_request *r, uint8_t *head, int32_t type,
         bool is_partial)
{
    struct jute_out out = jute_out_of(head, ZK_TXN_HEADER_BYTES);
    struct txn_header h = {
        .session = r->session,
        .cxid = is_partial ? 0 : r->xid,
        .zxid = r->zxid,
        .time = r->now,
        .type = type,
    };

    txn_put_header(&out, &h);
}

/* What is in `out` becomes a whole transaction, and its changes count. */
static void
become_txn(struct prep *p, uint8_t *head, int32_t type, struct jute_out *out,
           struct prep_result *result)
{
    prep_commit(p);
    put_head(p->r, head, type, result->is_partial);
    out->end += ZK_TXN_DIGEST_BYTES; /* kept until now */
    if (p->rules.digest_enabled)
        txn_put_digest(out, (int64_t)p->digest);
    check(!out->bad);
    result->size = (uint32_t)jute_out_size(out);
}

/* The transaction that a failure becomes: a code, no digest. */
static void
become_error(struct prep *p, uint8_t *head, enum zk_code err,
             struct prep_result *result)
{
    pending_rollback(&p->pending);
    put_head(p->r, head, ZK_OP_ERROR, false);
    store_be32(head + ZK_TXN_HEADER_BYTES, (uint32_t)err);
    *result = (struct prep_result){
        .size = ERROR_BYTES,
        .outcome_count = 1,
        .err = err,
    };
}

/* Most failures are transactions. */
static enum prep_verdict
verdict_of_error(const struct prep_request *r, enum zk_code err)
{
    if (r->op == ZK_OP_RECONFIG && err == ZK_MARSHALLING && !r->is_remote)
        return PREP_REFUSE; /* Apache parses this one before it counts */
    if (r->op == ZK_OP_DELETE_CONTAINER && r->origin.worker == RING_NOBODY)
        return PREP_DROP; /* nobody waits for the error */
    return PREP_TXN;
}

static bool
waits(const struct prep *p, const struct prep_request *r,
      const struct session *s, enum zk_code admitted)
{
    if (nodes_needed(p, r) > pending_room(&p->pending) && !is_idle(p))
        return true;
    return admitted == ZK_OK && prep_waits_for_session(p, r, s);
}

enum prep_verdict
prep_step(struct prep *p, const struct prep_request *r, void *buffer,
          uint32_t size, struct prep_result *result)
{
    struct jute_out out = jute_out_of(buffer, size - ZK_TXN_DIGEST_BYTES);
    uint8_t *head = jute_room(&out, ZK_TXN_HEADER_BYTES);
    enum prep_verdict verdict = PREP_TXN;
    struct session *s;
    enum zk_code err;
    int32_t type;

    check(size >= OVERHEAD);
    check(r->zxid > p->prepared);
    err = prep_admit(p, r, &s);
    if (err != ZK_OK && !r->is_remote)
        return PREP_DROP;
    if (waits(p, r, s, err))
        return PREP_WAIT;
    *result = (struct prep_result){0};
    p->r = r;
    pending_begin(&p->pending);
    if (err == ZK_OK)
        err = run(p, s, &out, &type, result);
    if (err == ZK_OK) {
        become_txn(p, head, type, &out, result);
    } else {
        become_error(p, head, err, result);
        verdict = verdict_of_error(r, err);
    }
    if (verdict == PREP_TXN)
        p->prepared = r->zxid;
    return verdict;
}

void
prep_applied(struct prep *p, zxid_t zxid)
{
    p->applied = zxid;
    pending_release(&p->pending, zxid);
    prep_drop_openings(p, zxid);
    if (is_idle(p))
        follow_tree(p);
}
