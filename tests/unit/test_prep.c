/* SPDX-License-Identifier: Apache-2.0 */
/* test_prep.c - claims about net/prep/prep.c: failures, digests, bounds. */
#include "daemon/shm.h"
#include "net/prep/prep_op.h"
#include "tests/unit/prep_given.h"
#include "tests/unit/random.h"

static void
a_failure_takes_a_zxid_and_has_no_digest(void)
{
    struct kit *k = kit_open();
    struct txn t;

    CU_ASSERT_EQUAL(ask_delete(k, "/nope", -1), ZK_NO_NODE);
    CU_ASSERT_EQUAL(k->verdict, PREP_TXN);
    t = kit_last(k);
    CU_ASSERT_EQUAL(t.header.type, ZK_OP_ERROR);
    CU_ASSERT_EQUAL(t.header.zxid, 1);
    CU_ASSERT_EQUAL(t.header.cxid, 7);
    CU_ASSERT_EQUAL(t.header.session, KIT_SESSION);
    CU_ASSERT_EQUAL(k->result.size, 36);
    CU_ASSERT_EQUAL(load_be32(t.body.data), (uint32_t)ZK_NO_NODE);
    CU_ASSERT_FALSE(t.has_digest);
    CU_ASSERT_EQUAL(k->result.outcome_count, txn_count(&t));
    kit_close(k);
}

static void
a_record_that_does_not_parse_is_a_failure(void)
{
    static const int32_t ops[] = {
        ZK_OP_CREATE,   ZK_OP_CREATE2, ZK_OP_CREATE_CONTAINER, ZK_OP_DELETE,
        ZK_OP_SET_DATA, ZK_OP_SET_ACL, ZK_OP_CREATE_TTL,       ZK_OP_MULTI,
    };
    static const uint8_t half[] = {0, 0, 0, 2, '/'};
    struct kit *k = kit_open();

    for (size_t i = 0; i < ARRAY_COUNT(ops); i++) {
        CU_ASSERT_EQUAL(kit_step(k, ops[i], KIT_SESSION,
                                 (struct bytes){half, sizeof half}, 0),
                        ZK_MARSHALLING);
        CU_ASSERT_EQUAL(
            kit_step(k, ops[i], KIT_SESSION, (struct bytes){half, 0}, 0),
            ZK_MARSHALLING);
    }
    kit_close(k);
}

/* Apache reads this record before it counts; the others after. */
static void
a_reconfig_that_does_not_parse_takes_no_zxid(void)
{
    struct kit *k = kit_open();

    kit_step(k, ZK_OP_RECONFIG, KIT_SESSION, (struct bytes){NULL, 0}, 0);
    CU_ASSERT_EQUAL(k->verdict, PREP_REFUSE);
    CU_ASSERT_EQUAL(k->result.err, ZK_MARSHALLING);
    CU_ASSERT_EQUAL(k->zxid, 0);
    kit_close(k);
}

/* A learner waits for what its request came to. */
static void
a_learners_reconfig_that_does_not_parse_is_a_failure(void)
{
    struct kit *k = kit_open();

    k->is_remote = true;
    CU_ASSERT_EQUAL(
        kit_step(k, ZK_OP_RECONFIG, KIT_SESSION, (struct bytes){NULL, 0}, 0),
        ZK_MARSHALLING);
    CU_ASSERT_EQUAL(k->verdict, PREP_TXN);
    kit_close(k);
}

static void
what_is_no_write_is_unimplemented(void)
{
    struct kit *k = kit_open();

    CU_ASSERT_EQUAL(kit_step(k, ZK_OP_GET_DATA, KIT_SESSION, BYTES_NULL, 0),
                    ZK_UNIMPLEMENTED);
    CU_ASSERT_EQUAL(kit_step(k, 4711, KIT_SESSION, BYTES_NULL, 0),
                    ZK_UNIMPLEMENTED);
    kit_close(k);
}

static void
the_digest_is_that_of_the_tree_after_the_transaction(void)
{
    struct kit *k = kit_open();
    uint64_t first;

    ask_create(k, "/a", 0);
    first = (uint64_t)kit_last(k).digest;
    ask_create(k, "/a/b", 0);
    CU_ASSERT_NOT_EQUAL(first, (uint64_t)kit_last(k).digest);
    kit_apply(k);
    CU_ASSERT_EQUAL(first, kit_digest(k));
    kit_close(k);
}

/* The vector of quorum-protocol.md 16.3 and 16.7, at its own zxid. */
static void
the_digest_is_apaches(void)
{
    struct kit *k = kit_open();

    CU_ASSERT_EQUAL(kit_digest(k), 0x51c6d660);
    k->zxid = ZXID(1, 1);
    k->now = INT64_C(0x1a2061e56a3) - 1;
    ask_create_as(k, ZK_OP_CREATE, "/a", "hello", acl_open_to_all, 0);
    CU_ASSERT_EQUAL((uint64_t)kit_last(k).digest, 0x142a2347f);
    kit_close(k);
}

/* Spec 16.3: what lies below /zookeeper differs from server to server. */
static void
what_is_the_servers_own_is_not_digested(void)
{
    struct kit *k = kit_open();

    CU_ASSERT_EQUAL(ask_create(k, "/zookeeper/quota/a", 0), ZK_OK);
    CU_ASSERT_EQUAL(ask_set(k, "/zookeeper/quota/a", "x", 0), ZK_OK);
    CU_ASSERT_EQUAL((uint64_t)kit_last(k).digest, kit_digest(k));
    kit_apply_all(k);
    kit_close(k);
}

static void
digests_can_be_off(void)
{
    struct kit *k = kit_open();

    k->prep.rules.digest_enabled = false;
    ask_create(k, "/a", 0);
    CU_ASSERT_FALSE(kit_last(k).has_digest);
    kit_apply(k);
    ask_set(k, "/a", "x", -1);
    CU_ASSERT_FALSE(kit_last(k).has_digest);
    kit_close(k);
}

/* A place for the node and one for its parent, though that is pending. */
static void
too_much_pending_waits_until_it_is_applied(void)
{
    struct kit *k = kit_open();
    char path[16];

    for (int i = 0; k->verdict == PREP_TXN && i < KIT_QUEUE - 1; i++) {
        snprintf(path, sizeof path, "/n%d", i);
        ask_create(k, path, 0);
    }
    CU_ASSERT_EQUAL(k->verdict, PREP_WAIT);
    CU_ASSERT_EQUAL(pending_room(&k->prep.pending), 1);
    kit_apply_all(k);
    ask_create(k, "/after", 0);
    CU_ASSERT_EQUAL(k->verdict, PREP_TXN);
    kit_close(k);
}

static void
opening_a_session_writes_its_timeout(void)
{
    static const uint8_t body[] = {0, 0, 0x27, 0x10};
    struct kit *k = kit_open();
    struct session *s;
    struct change c;
    struct txn t;

    kit_step(k, ZK_OP_CREATE_SESSION, 77, (struct bytes){body, 4}, 0);
    t = kit_last(k);
    CU_ASSERT_TRUE_FATAL(txn_next(&t, &c));
    CU_ASSERT_EQUAL(c.kind, CHANGE_OPEN_SESSION);
    CU_ASSERT_EQUAL(c.timeout_ms, 10000);
    CU_ASSERT_TRUE(t.has_digest);
    kit_apply(k);
    s = session_find(k->sessions, 77);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    CU_ASSERT_EQUAL(s->timeout_ms, 10000);
    kit_close(k);
}

/* With its digest, which goes behind all that is written. */
static void
no_transaction_is_larger_than_may_be(void)
{
    enum { LIMIT = 2048 };
    struct kit *k = kit_open();
    char data[LIMIT + 1] = "";

    k->prep.rules.txn_max = LIMIT;
    for (int size = 0; size < LIMIT; size++) {
        int32_t err =
            ask_create_as(k, ZK_OP_CREATE, "/a", data, acl_open_to_all, 0);

        CU_ASSERT_TRUE(k->result.size <= LIMIT);
        CU_ASSERT_EQUAL(err == ZK_OK, size <= LIMIT - 86);
        if (err == ZK_OK)
            ask_delete(k, "/a", -1);
        kit_apply_all(k);
        data[size] = 'x';
    }
    kit_close(k);
}

static void
a_need_is_a_bound_for_any_request(void)
{
    struct kit *k = kit_open();
    struct prep_need need;

    need = prep_need(&k->prep, ZK_OP_MULTI, KIT_MAXBUFFER);
    CU_ASSERT_EQUAL(need.payload, k->prep.rules.txn_max);
    CU_ASSERT_TRUE(need.has_ops);
    CU_ASSERT_TRUE(need.outcomes * 2 <= k->prep.pending.capacity);
    need = prep_need(&k->prep, ZK_OP_DELETE, 10);
    CU_ASSERT_EQUAL(need.outcomes, 1);
    CU_ASSERT_FALSE(need.has_ops);
    kit_close(k);
}

/* A whole multi, and single records at its operations' places. */
static struct jute_out
seed_record(void)
{
    struct jute_out out = kit_record();

    put_multi_header(&out, ZK_OP_CREATE);
    put_create(&out, "/a", "d", acl_open_to_all, (int32_t)random_below(5));
    put_multi_header(&out, ZK_OP_CREATE2);
    put_create(&out, "/a/b", "d", acl_of(31, "ip", "1.2.3.4"), 2);
    put_multi_header(&out, ZK_OP_SET_DATA);
    put_text(&out, "/a");
    put_text(&out, "more");
    jute_put_i32(&out, -1);
    put_multi_header(&out, ZK_OP_CHECK);
    put_text(&out, "/a");
    jute_put_i32(&out, 1);
    put_multi_header(&out, ZK_OP_DELETE);
    put_text(&out, "/c");
    jute_put_i32(&out, -1);
    put_multi_header(&out, -1);
    return out;
}

/*
 * Whatever a client sends: the answer is a transaction that opens, applies,
 * and leaves the tree with the digest it carries.
 */
static void
no_request_breaks_it(void)
{
    static const int32_t ops[] = {1, 2, 5, 7, 13, 14, 14, 14, 15, 19, 21};
    struct kit *k = kit_open();

    for (int i = 0; i < 40000; i++) {
        struct jute_out out = seed_record();
        struct bytes body = kit_bytes(&out);
        int32_t op = ops[random_below(ARRAY_COUNT(ops))];
        uint32_t at = op == ZK_OP_MULTI ? 0 : 9;
        struct txn t;

        for (uint32_t n = random_below(4); n > 0; n--)
            out.base[random_below((uint32_t)body.size)] =
                (uint8_t)random_below(random_below(2) ? 256 : 8);
        body.size -= (int32_t)random_below(random_below(8) ? 1 : 40);
        body.data += at;
        body.size -= (int32_t)at;
        kit_step(k, op, KIT_SESSION, body, 0);
        CU_ASSERT_EQUAL_FATAL(k->verdict, PREP_TXN);
        t = kit_last(k);
        CU_ASSERT_EQUAL_FATAL(txn_count(&t), k->result.outcome_count);
        if (random_below(3) == 0)
            kit_apply_all(k);
    }
    kit_apply_all(k);
    CU_ASSERT_EQUAL(k->prep.pending.used, 0);
    kit_close(k);
}

/* Who waits for more than the ring holds waits for ever. */
static void
the_ring_has_the_room(const struct conf *conf)
{
    static const int32_t ops[] = {ZK_OP_SET_DATA, ZK_OP_MULTI,
                                  ZK_OP_CLOSE_SESSION};
    struct kit *k = kit_open();

    prep_rules_of(conf, &k->prep.rules);
    k->prep.ops_max = prep_multi_ops_max(conf->jute_maxbuffer);
    for (size_t i = 0; i < ARRAY_COUNT(ops); i++) {
        struct prep_need need =
            prep_need(&k->prep, ops[i], conf->jute_maxbuffer);

        CU_ASSERT_TRUE(ring_entry_size(need.payload, need.outcomes,
                                       need.has_ops) <= shm_ring_bytes(conf));
    }
    kit_close(k);
}

/* A leader's end of a session may list more than its bytes have room for. */
static void
no_ring_has_the_room_for_more_than_a_size_can_tell(void)
{
    uint32_t count = UINT32_MAX / sizeof(struct outcome) + 2;

    CU_ASSERT_TRUE(ring_entry_size(4 * count, count, false) > UINT32_MAX);
}

static void
the_ring_has_the_room_whatever_extrasize_is(void)
{
    the_ring_has_the_room(&(struct conf){.jute_maxbuffer = KIT_MAXBUFFER,
                                         .jute_maxbuffer_extra = INT32_MAX});
}

static void
and_however_short_requests_are(void)
{
    for (int32_t bytes = 1; bytes < KIT_MAXBUFFER; bytes += 3000)
        the_ring_has_the_room(&(struct conf){.jute_maxbuffer = bytes,
                                             .jute_maxbuffer_extra = bytes,
                                             .ring_bytes = 4096});
}

UNIT_SUITE(prep)
{
    unit_suite("prep");
    UNIT(a_failure_takes_a_zxid_and_has_no_digest);
    UNIT(a_record_that_does_not_parse_is_a_failure);
    UNIT(a_reconfig_that_does_not_parse_takes_no_zxid);
    UNIT(a_learners_reconfig_that_does_not_parse_is_a_failure);
    UNIT(what_is_no_write_is_unimplemented);
    UNIT(the_digest_is_that_of_the_tree_after_the_transaction);
    UNIT(the_digest_is_apaches);
    UNIT(what_is_the_servers_own_is_not_digested);
    UNIT(digests_can_be_off);
    UNIT(too_much_pending_waits_until_it_is_applied);
    UNIT(opening_a_session_writes_its_timeout);
    UNIT(no_transaction_is_larger_than_may_be);
    UNIT(a_need_is_a_bound_for_any_request);
    UNIT(no_request_breaks_it);
    UNIT(no_ring_has_the_room_for_more_than_a_size_can_tell);
    UNIT(the_ring_has_the_room_whatever_extrasize_is);
    UNIT(and_however_short_requests_are);
}
