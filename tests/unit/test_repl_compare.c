/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about net/repl_compare.c: who notices that its tree is another. */
#include "tests/unit/history_kit.h"

#define E(counter) ZXID(3, counter)

static uint64_t
digest_of_tree(void)
{
    struct tree_totals totals;

    tree_totals(tree, &totals);
    return totals.digest;
}

/* A transaction after which the leader's tree has this digest. */
static void
apply_one(zxid_t z, uint64_t digest)
{
    static uint8_t room[256];
    struct jute_out out = jute_out_of(room, sizeof room);
    struct bytes txn = txn_of(z, 10);

    jute_put_raw(&out, txn.data, (size_t)txn.size);
    txn_put_digest(&out, (int64_t)digest);
    append_kind(RING_TXN, z,
                (struct bytes){room, (int32_t)jute_out_size(&out)});
    atomic_store(&shm.replication->applied_zxid, z);
}

static void
apply_without_digest(zxid_t z)
{
    append_kind(RING_TXN, z, txn_of(z, 10));
    atomic_store(&shm.replication->applied_zxid, z);
}

/* How many differences were found when the clock ticked. */
static uint64_t
found(void)
{
    _Atomic uint64_t *count = &shm.replication->ensemble.digest_mismatches;
    uint64_t before = atomic_load(count);

    repl_compare_tick(&r);
    return atomic_load(count) - before;
}

static void
given_member(void)
{
    given_past(E(10));
    r.history = past;
    atomic_store(&shm.log->exact_zxid, 0);
}

static void
the_same_tree_is_not_told_of(void)
{
    given_member();
    apply_one(E(11), digest_of_tree());
    CU_ASSERT_EQUAL(found(), 0);
    CU_ASSERT_FALSE(r.has_differed);
    no_past();
}

static void
another_tree_is_found_once_for_each_look(void)
{
    given_member();
    apply_one(E(11), digest_of_tree() + 1);
    CU_ASSERT_EQUAL(found(), 1);
    CU_ASSERT_TRUE(r.has_differed);
    CU_ASSERT_EQUAL(found(), 0); /* nothing was applied since */
    apply_one(E(12), digest_of_tree() + 1);
    CU_ASSERT_EQUAL(found(), 1);
    no_past();
}

static void
what_carries_no_digest_says_nothing(void)
{
    given_member();
    apply_one(E(11), digest_of_tree() + 1);
    apply_without_digest(E(12));
    CU_ASSERT_EQUAL(found(), 0);
    no_past();
}

/* What it holds of later transactions is in its digest, too early. */
static void
a_fuzzy_tree_is_not_compared(void)
{
    given_member();
    atomic_store(&shm.log->exact_zxid, INT64_MAX);
    apply_one(E(11), digest_of_tree() + 1);
    CU_ASSERT_EQUAL(found(), 0);
    atomic_store(&shm.log->exact_zxid, E(12));
    CU_ASSERT_EQUAL(found(), 0);
    apply_one(E(12), digest_of_tree() + 1);
    CU_ASSERT_EQUAL(found(), 1);
    no_past();
}

/* After a leader's snapshot nothing of the ring is ours. */
static void
a_transaction_that_is_gone_is_not_compared(void)
{
    given_member();
    apply_one(E(11), digest_of_tree() + 1);
    repl_history_begin(past, E(20));
    atomic_store(&shm.replication->applied_zxid, E(20));
    CU_ASSERT_EQUAL(found(), 0);
    no_past();
}

UNIT_SUITE(repl_compare)
{
    unit_suite("repl_compare");
    UNIT(the_same_tree_is_not_told_of);
    UNIT(another_tree_is_found_once_for_each_look);
    UNIT(what_carries_no_digest_says_nothing);
    UNIT(a_fuzzy_tree_is_not_compared);
    UNIT(a_transaction_that_is_gone_is_not_compared);
}
