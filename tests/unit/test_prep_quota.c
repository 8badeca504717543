/* SPDX-License-Identifier: Apache-2.0 */
/* test_prep_quota.c - claims about net/prep/prep_quota.c. */
#include "tests/unit/prep_given.h"

#define QUOTA "/zookeeper/quota/q"

/* A hard quota on /q, which holds one node of four bytes. */
static struct kit *
given(const char *limits)
{
    struct kit *k = kit_open();

    k->prep.rules.enforce_quota = true;
    ask_create(k, "/q", 0);
    ask_create(k, QUOTA, 0);
    ask_create_as(k, ZK_OP_CREATE, QUOTA "/zookeeper_limits", limits,
                  acl_open_to_all, 0);
    ask_create_as(k, ZK_OP_CREATE, QUOTA "/zookeeper_stats", "",
                  acl_open_to_all, 0);
    kit_apply_all(k);
    return k;
}

static void
a_node_too_many_is_refused(void)
{
    struct kit *k = given("count=-1,bytes=-1=;countHardLimit=2");

    CU_ASSERT_EQUAL(ask_create(k, "/q/a", 0), ZK_OK);
    kit_apply_all(k);
    CU_ASSERT_EQUAL(ask_create(k, "/q/b", 0), ZK_QUOTA_EXCEEDED);
    CU_ASSERT_EQUAL(ask_create(k, "/elsewhere", 0), ZK_OK);
    CU_ASSERT_EQUAL(ask_set(k, "/q/a", "much longer than before", -1), ZK_OK);
    kit_close(k);
}

static void
a_byte_too_many_is_refused(void)
{
    struct kit *k = given("count=-1,bytes=-1=;byteHardLimit=8");

    CU_ASSERT_EQUAL(ask_create(k, "/q/a", 0), ZK_OK);
    kit_apply_all(k);
    CU_ASSERT_EQUAL(
        ask_create_as(k, ZK_OP_CREATE, "/q/b", "", acl_open_to_all, 0), ZK_OK);
    CU_ASSERT_EQUAL(ask_create(k, "/q/c", 0), ZK_QUOTA_EXCEEDED);
    CU_ASSERT_EQUAL(ask_set(k, "/q/a", "12345", 9), ZK_QUOTA_EXCEEDED);
    CU_ASSERT_EQUAL(ask_set(k, "/q/a", "123", -1), ZK_OK);
    kit_close(k);
}

/* As Apache: whatever changes the number must leave it within the limit. */
static void
shrinking_is_refused_until_it_is_enough(void)
{
    struct kit *k = given("count=-1,bytes=-1=;byteHardLimit=2");

    CU_ASSERT_EQUAL(ask_set(k, "/q", "123", -1), ZK_QUOTA_EXCEEDED);
    CU_ASSERT_EQUAL(ask_set(k, "/q", "4321", -1), ZK_OK);
    CU_ASSERT_EQUAL(ask_set(k, "/q", "12", -1), ZK_OK);
    kit_close(k);
}

/* Pending creations are not counted: as Apache, the committed state is. */
static void
what_is_pending_is_not_counted(void)
{
    struct kit *k = given("count=-1,bytes=-1=;countHardLimit=2");

    CU_ASSERT_EQUAL(ask_create(k, "/q/a", 0), ZK_OK);
    CU_ASSERT_EQUAL(ask_create(k, "/q/b", 0), ZK_OK);
    kit_close(k);
}

static void
soft_limits_and_the_switch_let_pass(void)
{
    struct kit *k = given("count=1,bytes=1");

    CU_ASSERT_EQUAL(ask_create(k, "/q/a", 0), ZK_OK);
    kit_close(k);
    k = given("count=-1,bytes=-1=;countHardLimit=1");
    CU_ASSERT_EQUAL(ask_create(k, "/q/a", 0), ZK_QUOTA_EXCEEDED);
    k->prep.rules.enforce_quota = false;
    CU_ASSERT_EQUAL(ask_create(k, "/q/a", 0), ZK_OK);
    kit_close(k);
}

/* Anybody may write statistics; the sum wraps, as Apache's does. */
static void
statistics_of_the_largest_number_break_nothing(void)
{
    struct kit *k = given("count=-1,bytes=-1=;countHardLimit=1");

    CU_ASSERT_EQUAL(ask_set(k, QUOTA "/zookeeper_stats",
                            "count=9223372036854775807,bytes=0", -1),
                    ZK_OK);
    kit_apply_all(k);
    CU_ASSERT_EQUAL(ask_create(k, "/q/a", 0), ZK_OK);
    kit_close(k);
}

UNIT_SUITE(prep_quota)
{
    unit_suite("prep_quota");
    UNIT(a_node_too_many_is_refused);
    UNIT(a_byte_too_many_is_refused);
    UNIT(shrinking_is_refused_until_it_is_enough);
    UNIT(what_is_pending_is_not_counted);
    UNIT(soft_limits_and_the_switch_let_pass);
    UNIT(statistics_of_the_largest_number_break_nothing);
}
