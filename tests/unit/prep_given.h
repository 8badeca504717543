/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prep_given.h - a tree, sessions and preparation, for tests of prep*.c.
 *
 * Transactions go into a long buffer as they would go into the ring;
 * kit_apply applies the oldest that is not applied yet.  `ask_*` build the
 * record, step, and return the error that the request came to.
 */
#ifndef TESTS_UNIT_PREP_GIVEN_H
#define TESTS_UNIT_PREP_GIVEN_H

#include "daemon/check.h"
#include "net/access/acl.h"
#include "net/prep/prep.h"
#include "tests/unit/memory_given.h"
#include "tests/unit/unit.h"

enum {
    KIT_BUFFER = 256 << 20,
    KIT_QUEUE = 1 << 18,
    KIT_MAXBUFFER = 0xfffff,
    KIT_TREE = 1 << 30,
};

#define KIT_SESSION INT64_C(0x100000000000001)
#define KIT_OTHER INT64_C(0x100000000000002)

/* That nobody knows yet. */
#define KIT_MINE INT64_C(0x100000000000077)   /* of server 1 */
#define KIT_THEIRS INT64_C(0x300000000000077) /* of server 3 */

struct kit {
    struct tree *tree;
    struct session_table *sessions;
    struct prep prep;
    void *arena, *session_memory, *prep_memory;
    uint8_t *buffer;
    size_t at;
    zxid_t zxid;
    wall_ms_t now;
    struct bytes ids;
    bool is_local, is_remote; /* whose requests come now */
    uint64_t in_flight;
    struct prep_result result;
    enum prep_verdict verdict;
    struct bytes txn[KIT_QUEUE];
    uint32_t first, last; /* of those not applied */
    struct outcome outcomes[70000];
};

static inline struct session *
kit_session(struct kit *k, session_id_t id)
{
    struct session *s = session_take(k->sessions, id);

    s->is_alive = 1;
    s->worker = 0;
    return s;
}

static inline struct kit *
kit_open(void)
{
    struct prep_rules rules = {
        .digest_enabled = true,
        .extended_types = true,
        .memory_limit = KIT_TREE,
        .txn_max = 2 * KIT_MAXBUFFER,
    };
    struct kit *k = memory_reserved(sizeof *k);

    k->arena = memory_reserved(KIT_TREE);
    k->session_memory = memory_reserved(session_table_bytes());
    k->prep_memory = memory_reserved(prep_bytes(KIT_MAXBUFFER));
    k->buffer = memory_reserved(KIT_BUFFER);
    k->sessions = session_table_init(k->session_memory, session_table_bytes());
    k->tree = tree_init(k->arena, KIT_TREE, k->sessions);
    prep_init(&k->prep, k->prep_memory, KIT_MAXBUFFER, k->tree, k->sessions,
              &rules, UINT64_C(0x243f6a8885a308d3));
    k->now = 1000;
    k->ids = BYTES_NULL;
    kit_session(k, KIT_SESSION);
    kit_session(k, KIT_OTHER);
    return k;
}

/* Server 1, beside which others may have sessions of their own. */
static inline struct kit *
kit_open_local(void)
{
    struct kit *k = kit_open();

    k->prep.rules.local_sessions = true;
    k->prep.rules.me = 1;
    return k;
}

static inline void
kit_close(struct kit *k)
{
    munmap(k->arena, KIT_TREE);
    munmap(k->session_memory, session_table_bytes());
    munmap(k->prep_memory, prep_bytes(KIT_MAXBUFFER));
    munmap(k->buffer, KIT_BUFFER);
    munmap(k, sizeof *k);
}

/* One request; returns the error it came to. */
static inline int32_t
kit_step(struct kit *k, int32_t op, session_id_t session, struct bytes body,
         uint16_t worker)
{
    struct prep_need need = prep_need(&k->prep, op, body.size);
    struct prep_request r = {
        .op = op,
        .xid = 7,
        .session = session,
        .origin = {.worker = worker},
        .body = body,
        .ids = k->ids,
        .zxid = k->zxid + 1,
        .now = ++k->now,
        .in_flight = k->in_flight,
        .is_local = k->is_local,
        .is_remote = k->is_remote,
    };

    if (k->first == k->last)
        k->at = 0;
    check(k->at + need.payload <= KIT_BUFFER && k->last < KIT_QUEUE);
    k->verdict =
        prep_step(&k->prep, &r, k->buffer + k->at, need.payload, &k->result);
    if (k->verdict != PREP_TXN)
        return 0;
    k->zxid++;
    k->txn[k->last++] =
        (struct bytes){k->buffer + k->at, (int32_t)k->result.size};
    k->at += ALIGN_UP(k->result.size, 8u);
    return k->result.err;
}

/* The transaction prepared last, taken apart. */
static inline struct txn
kit_last(const struct kit *k)
{
    struct txn t;

    check(k->last > 0);
    check(txn_open(&t, k->txn[k->last - 1]) == 0);
    return t;
}

static inline uint64_t
kit_digest(const struct kit *k)
{
    struct tree_totals totals;

    tree_totals(k->tree, &totals);
    return totals.digest;
}

/*
 * Apply the oldest; false if there is none.  The digest that it was prepared
 * with is the tree's then: preparation foresaw all that it does.
 */
static inline bool
kit_apply(struct kit *k)
{
    struct txn t;

    if (k->first == k->last)
        return false;
    check(txn_open(&t, k->txn[k->first++]) == 0);
    tree_batch_begin(k->tree);
    tree_apply_txn(k->tree, &t, k->outcomes);
    tree_batch_end(k->tree, 0);
    check(!t.has_digest || (uint64_t)t.digest == kit_digest(k));
    prep_applied(&k->prep, t.header.zxid);
    if (k->first == k->last)
        k->first = k->last = 0;
    return true;
}

static inline void
kit_apply_all(struct kit *k)
{
    while (kit_apply(k))
        ;
}

/* --- records ------------------------------------------------------------- */

static inline struct jute_out
kit_record(void)
{
    static uint8_t record[KIT_MAXBUFFER];

    return jute_out_of(record, sizeof record);
}

static inline struct bytes
kit_bytes(const struct jute_out *out)
{
    check(!out->bad);
    return (struct bytes){out->base, (int32_t)jute_out_size(out)};
}

static inline void
put_text(struct jute_out *out, const char *text)
{
    jute_put_bytes(out, text ? bytes_of(text) : BYTES_NULL);
}

static inline void
put_acl(struct jute_out *out, struct bytes acl)
{
    jute_put_raw(out, acl.data, (size_t)acl.size);
}

/* vector<ACL> of one entry; good until the second next call. */
static inline struct bytes
acl_of(int32_t perms, const char *scheme, const char *id)
{
    static uint8_t memory[2][512];
    static int turn;
    struct jute_out out = jute_out_of(memory[turn ^= 1], sizeof memory[0]);

    jute_put_i32(&out, 1);
    jute_put_i32(&out, perms);
    put_text(&out, scheme);
    put_text(&out, id);
    return kit_bytes(&out);
}

static inline struct bytes
ids_of(const char *scheme, const char *id)
{
    static uint8_t memory[512];
    struct jute_out out = jute_out_of(memory, sizeof memory);

    jute_put_i32(&out, 1);
    put_text(&out, scheme);
    put_text(&out, id);
    return kit_bytes(&out);
}

static inline void
put_create(struct jute_out *out, const char *path, const char *data,
           struct bytes acl, int32_t flags)
{
    put_text(out, path);
    put_text(out, data);
    put_acl(out, acl);
    jute_put_i32(out, flags);
}

static inline int32_t
ask_create_as(struct kit *k, int32_t op, const char *path, const char *data,
              struct bytes acl, int32_t flags)
{
    struct jute_out out = kit_record();

    put_create(&out, path, data, acl, flags);
    return kit_step(k, op, KIT_SESSION, kit_bytes(&out), 0);
}

static inline int32_t
ask_create(struct kit *k, const char *path, int32_t flags)
{
    return ask_create_as(k, ZK_OP_CREATE, path, "data", acl_open_to_all, flags);
}

static inline int32_t
ask_create_by(struct kit *k, session_id_t session, int32_t op, const char *path,
              int32_t flags)
{
    struct jute_out out = kit_record();

    put_create(&out, path, "data", acl_open_to_all, flags);
    return kit_step(k, op, session, kit_bytes(&out), 0);
}

static inline int32_t
ask_create_ttl(struct kit *k, const char *path, int32_t flags, int64_t ttl)
{
    struct jute_out out = kit_record();

    put_create(&out, path, "data", acl_open_to_all, flags);
    jute_put_i64(&out, ttl);
    return kit_step(k, ZK_OP_CREATE_TTL, KIT_SESSION, kit_bytes(&out), 0);
}

static inline int32_t
ask_delete(struct kit *k, const char *path, int32_t version)
{
    struct jute_out out = kit_record();

    put_text(&out, path);
    jute_put_i32(&out, version);
    return kit_step(k, ZK_OP_DELETE, KIT_SESSION, kit_bytes(&out), 0);
}

static inline int32_t
ask_set(struct kit *k, const char *path, const char *data, int32_t version)
{
    struct jute_out out = kit_record();

    put_text(&out, path);
    put_text(&out, data);
    jute_put_i32(&out, version);
    return kit_step(k, ZK_OP_SET_DATA, KIT_SESSION, kit_bytes(&out), 0);
}

static inline int32_t
ask_set_acl(struct kit *k, const char *path, struct bytes acl, int32_t version)
{
    struct jute_out out = kit_record();

    put_text(&out, path);
    put_acl(&out, acl);
    jute_put_i32(&out, version);
    return kit_step(k, ZK_OP_SET_ACL, KIT_SESSION, kit_bytes(&out), 0);
}

static inline int32_t
ask_delete_container(struct kit *k, const char *path)
{
    struct jute_out out = kit_record();

    put_text(&out, path);
    return kit_step(k, ZK_OP_DELETE_CONTAINER, 0, kit_bytes(&out), RING_NOBODY);
}

static inline int32_t
ask_open(struct kit *k, session_id_t session)
{
    static const uint8_t timeout[] = {0, 0, 0x10, 0};

    return kit_step(k, ZK_OP_CREATE_SESSION, session,
                    (struct bytes){timeout, sizeof timeout}, 0);
}

static inline int32_t
ask_close(struct kit *k, session_id_t session)
{
    return kit_step(k, ZK_OP_CLOSE_SESSION, session, BYTES_NULL, 0);
}

static inline void
put_multi_header(struct jute_out *out, int32_t op)
{
    jute_put_i32(out, op);
    jute_put_bool(out, op == -1);
    jute_put_i32(out, -1);
}

static inline bool
kit_view(const struct kit *k, const char *path, struct znode_view *view)
{
    return tree_view(k->tree, bytes_of(path), view);
}

static inline bool
kit_has(const struct kit *k, const char *path)
{
    struct znode_view view;

    return kit_view(k, path, &view);
}

/* The path of the first change of the last transaction. */
static inline struct bytes
kit_path(const struct kit *k)
{
    struct txn t = kit_last(k);
    struct change c;

    check(txn_next(&t, &c));
    return c.path;
}

#endif
