/* SPDX-License-Identifier: Apache-2.0 */
/* test_prep_session.c - claims about net/prep/prep_session.c. */
#include "tests/unit/prep_given.h"

/* Is `path` listed by the last transaction? */
static bool
lists(const struct kit *k, const char *path)
{
    struct txn t = kit_last(k);
    struct change c;

    while (txn_next(&t, &c))
        if (c.kind == CHANGE_DELETE && bytes_are(c.path, path))
            return true;
    return false;
}

static void
committed_minus_deleted_plus_created_are_listed(void)
{
    struct kit *k = kit_open();
    struct txn t;

    ask_create(k, "/keep", 0);
    ask_create(k, "/old", ZK_EPHEMERAL);
    ask_create(k, "/set", ZK_EPHEMERAL);
    ask_create(k, "/gone", ZK_EPHEMERAL);
    kit_apply_all(k);
    ask_delete(k, "/gone", -1);
    ask_set(k, "/set", "x", -1);
    ask_create(k, "/new", ZK_EPHEMERAL);
    ask_create(k, "/keep/new", ZK_EPHEMERAL);
    CU_ASSERT_EQUAL(ask_close(k, KIT_SESSION), 0);
    t = kit_last(k);
    CU_ASSERT_EQUAL(t.header.type, ZK_OP_CLOSE_SESSION);
    CU_ASSERT_EQUAL(txn_count(&t), 5);
    CU_ASSERT_EQUAL(k->result.outcome_count, 5);
    CU_ASSERT_TRUE(lists(k, "/old"));
    CU_ASSERT_TRUE(lists(k, "/set"));
    CU_ASSERT_TRUE(lists(k, "/new"));
    CU_ASSERT_TRUE(lists(k, "/keep/new"));
    kit_apply_all(k);
    CU_ASSERT_EQUAL((uint64_t)t.digest, kit_digest(k));
    CU_ASSERT_FALSE(kit_has(k, "/old"));
    CU_ASSERT_TRUE(kit_has(k, "/keep"));
    CU_ASSERT_PTR_NULL(session_find(k->sessions, KIT_SESSION));
    kit_close(k);
}

static void
others_keep_theirs(void)
{
    struct kit *k = kit_open();

    ask_create(k, "/mine", ZK_EPHEMERAL);
    CU_ASSERT_EQUAL(ask_close(k, KIT_OTHER), 0);
    CU_ASSERT_EQUAL(k->result.outcome_count, 1);
    kit_apply_all(k);
    CU_ASSERT_TRUE(kit_has(k, "/mine"));
    kit_close(k);
}

/* Deleted and made again by another session: not the first one's any more. */
static void
a_node_made_again_by_another_is_not_listed(void)
{
    struct kit *k = kit_open();
    struct jute_out out;

    ask_create(k, "/x", ZK_EPHEMERAL);
    kit_apply_all(k);
    ask_delete(k, "/x", -1);
    out = kit_record();
    put_create(&out, "/x", "", acl_open_to_all, ZK_EPHEMERAL);
    kit_step(k, ZK_OP_CREATE, KIT_OTHER, kit_bytes(&out), 0);
    ask_close(k, KIT_SESSION);
    CU_ASSERT_EQUAL(k->result.outcome_count, 1);
    kit_apply_all(k);
    CU_ASSERT_TRUE(kit_has(k, "/x"));
    kit_close(k);
}

/* What is too much for one transaction goes before, in multis. */
static void
a_session_with_very_many_ephemerals_closes_in_steps(void)
{
    enum { MANY = 20000 };
    struct kit *k = kit_open();
    char path[64];
    int steps = 0;

    ask_create(k, "/p", 0);
    for (int i = 0; i < MANY; i++) {
        snprintf(path, sizeof path, "/p/n%d", i);
        ask_create(k, path, ZK_EPHEMERAL);
        if (i == MANY / 2)
            kit_apply_all(k);
    }
    do {
        CU_ASSERT_EQUAL(ask_close(k, KIT_SESSION), 0);
        CU_ASSERT_EQUAL(kit_last(k).header.type, k->result.is_partial
                                                     ? ZK_OP_MULTI
                                                     : ZK_OP_CLOSE_SESSION);
        steps++;
    } while (k->result.is_partial && steps < 10);
    CU_ASSERT_EQUAL(steps, 3);
    kit_apply_all(k);
    CU_ASSERT_FALSE(kit_has(k, "/p/n1"));
    CU_ASSERT_EQUAL(ask_delete(k, "/p", -1), ZK_OK);
    CU_ASSERT_PTR_NULL(session_find(k->sessions, KIT_SESSION));
    kit_close(k);
}

/* Long paths fill a transaction before there are many. */
static void
a_session_with_long_paths_closes_in_steps(void)
{
    enum { MANY = 3000, LONG = 1000 };
    struct kit *k = kit_open();
    char path[LONG + 1];
    int steps = 0;

    for (int i = 0; i < MANY; i++) {
        snprintf(path, sizeof path, "/%0*d", LONG - 1, i);
        ask_create(k, path, ZK_EPHEMERAL);
    }
    kit_apply_all(k);
    do {
        CU_ASSERT_EQUAL(ask_close(k, KIT_SESSION), 0);
        CU_ASSERT_TRUE(k->result.size <= k->prep.rules.txn_max);
        steps++;
    } while (k->result.is_partial && steps < 10);
    CU_ASSERT_EQUAL(steps, 2);
    kit_apply_all(k);
    CU_ASSERT_FALSE(kit_has(k, path));
    CU_ASSERT_PTR_NULL(session_find(k->sessions, KIT_SESSION));
    kit_close(k);
}

/* The path was made when jute.maxbuffer was larger. */
static void
a_path_longer_than_a_transaction_may_be_goes_alone(void)
{
    enum { LONG = 5000 };
    struct kit *k = kit_open();
    char path[LONG + 1];
    int steps = 0;

    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "/%0*d", LONG - 1, i);
        ask_create(k, path, ZK_EPHEMERAL);
    }
    kit_apply_all(k);
    k->prep.rules.txn_max = 1;
    do {
        CU_ASSERT_EQUAL(ask_close(k, KIT_SESSION), 0);
        CU_ASSERT_TRUE(k->result.size < 2 * LONG);
        kit_apply_all(k);
        steps++;
    } while (k->result.is_partial && steps < 10);
    CU_ASSERT_EQUAL(steps, 2);
    CU_ASSERT_FALSE(kit_has(k, path));
    CU_ASSERT_PTR_NULL(session_find(k->sessions, KIT_SESSION));
    kit_close(k);
}

UNIT_SUITE(prep_session)
{
    unit_suite("prep_session");
    UNIT(committed_minus_deleted_plus_created_are_listed);
    UNIT(others_keep_theirs);
    UNIT(a_node_made_again_by_another_is_not_listed);
    UNIT(a_session_with_very_many_ephemerals_closes_in_steps);
    UNIT(a_session_with_long_paths_closes_in_steps);
    UNIT(a_path_longer_than_a_transaction_may_be_goes_alone);
}
