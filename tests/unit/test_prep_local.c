/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_prep_local.c - claims about net/prep/prep*.c: what sessions that no
 * transaction has made may write, and what makes them global.
 */
#include "tests/unit/prep_given.h"

static void
a_local_session_writes_but_owns_nothing(void)
{
    struct kit *k = kit_open_local();

    k->is_local = true;
    CU_ASSERT_EQUAL(ask_create_by(k, KIT_MINE, ZK_OP_CREATE, "/a", 0), ZK_OK);
    CU_ASSERT_EQUAL(k->verdict, PREP_TXN);
    CU_ASSERT_EQUAL(
        ask_create_by(k, KIT_MINE, ZK_OP_CREATE, "/b", ZK_EPHEMERAL),
        ZK_EPHEMERAL_ON_LOCAL_SESSION);
    CU_ASSERT_EQUAL(ask_create_by(k, KIT_MINE, ZK_OP_CREATE2, "/b",
                                  ZK_EPHEMERAL_SEQUENTIAL),
                    ZK_EPHEMERAL_ON_LOCAL_SESSION);
    CU_ASSERT_EQUAL(kit_last(k).header.type, ZK_OP_ERROR);
    kit_apply_all(k);
    CU_ASSERT_TRUE(kit_has(k, "/a"));
    CU_ASSERT_FALSE(kit_has(k, "/b"));
    kit_close(k);
}

/* A learner vouches for sessions of its server; it knows the true reason. */
static void
a_learners_local_session_is_expired_for_an_ephemeral(void)
{
    struct kit *k = kit_open_local();

    k->is_remote = true;
    CU_ASSERT_EQUAL(ask_create_by(k, KIT_THEIRS, ZK_OP_CREATE, "/a", 0), ZK_OK);
    CU_ASSERT_EQUAL(
        ask_create_by(k, KIT_THEIRS, ZK_OP_CREATE, "/b", ZK_EPHEMERAL),
        ZK_SESSION_EXPIRED);
    kit_close(k);
}

/* --- what has to be asked for an upgrade --------------------------------- */

static bool
asks(int32_t op, int32_t flags)
{
    struct jute_out out = kit_record();

    put_create(&out, "/a", "data", acl_open_to_all, flags);
    jute_put_i64(&out, 1000);
    return prep_makes_ephemeral(op, kit_bytes(&out));
}

static void
creates_of_ephemerals_ask(void)
{
    CU_ASSERT_TRUE(asks(ZK_OP_CREATE, ZK_EPHEMERAL));
    CU_ASSERT_TRUE(asks(ZK_OP_CREATE, ZK_EPHEMERAL_SEQUENTIAL));
    CU_ASSERT_TRUE(asks(ZK_OP_CREATE2, ZK_EPHEMERAL));
    CU_ASSERT_FALSE(asks(ZK_OP_CREATE, ZK_PERSISTENT));
    CU_ASSERT_FALSE(asks(ZK_OP_CREATE, ZK_CONTAINER));
    CU_ASSERT_FALSE(asks(ZK_OP_CREATE_CONTAINER, ZK_EPHEMERAL));
    CU_ASSERT_FALSE(asks(ZK_OP_CREATE_TTL, ZK_EPHEMERAL));
    CU_ASSERT_FALSE(asks(ZK_OP_SET_DATA, ZK_EPHEMERAL));
}

static bool
multi_asks(int32_t op, int32_t flags, bool is_whole)
{
    struct jute_out out = kit_record();

    put_multi_header(&out, ZK_OP_DELETE);
    put_text(&out, "/x");
    jute_put_i32(&out, -1);
    put_multi_header(&out, op);
    put_create(&out, "/a", "data", acl_open_to_all, flags);
    if (op == ZK_OP_CREATE_TTL)
        jute_put_i64(&out, 1000);
    if (is_whole)
        put_multi_header(&out, -1);
    return prep_makes_ephemeral(ZK_OP_MULTI, kit_bytes(&out));
}

static void
a_multi_with_one_asks(void)
{
    CU_ASSERT_TRUE(multi_asks(ZK_OP_CREATE, ZK_EPHEMERAL, true));
    CU_ASSERT_TRUE(multi_asks(ZK_OP_CREATE2, ZK_EPHEMERAL_SEQUENTIAL, true));
    CU_ASSERT_FALSE(multi_asks(ZK_OP_CREATE, ZK_PERSISTENT, true));
    CU_ASSERT_TRUE(multi_asks(ZK_OP_CREATE_CONTAINER, ZK_EPHEMERAL, true));
    CU_ASSERT_FALSE(multi_asks(ZK_OP_CREATE_CONTAINER, ZK_CONTAINER, true));
    CU_ASSERT_TRUE(multi_asks(ZK_OP_CREATE_TTL, ZK_EPHEMERAL, true));
    CU_ASSERT_FALSE(multi_asks(ZK_OP_CREATE_TTL, ZK_PERSISTENT_TTL, true));
}

static bool
asks_with(int32_t first, int32_t second)
{
    struct jute_out out = kit_record();

    put_multi_header(&out, ZK_OP_CREATE);
    put_create(&out, "/a", "data", acl_open_to_all, first);
    put_multi_header(&out, ZK_OP_CREATE);
    put_create(&out, "/b", "data", acl_open_to_all, second);
    put_multi_header(&out, -1);
    return prep_makes_ephemeral(ZK_OP_MULTI, kit_bytes(&out));
}

/* Whose turn comes behind flags that are none fails whatever it asks. */
static void
flags_that_are_none_end_the_look(void)
{
    CU_ASSERT_TRUE(asks_with(ZK_PERSISTENT, ZK_EPHEMERAL));
    CU_ASSERT_FALSE(asks_with(-1, ZK_EPHEMERAL));
    CU_ASSERT_FALSE(asks_with(7, ZK_EPHEMERAL));
    CU_ASSERT_TRUE(asks_with(ZK_EPHEMERAL, -1));
}

/* What is not legible becomes no session of all servers. */
static void
what_is_cut_off_does_not_ask(void)
{
    struct bytes none = {NULL, 0};

    CU_ASSERT_FALSE(multi_asks(ZK_OP_CREATE, ZK_PERSISTENT, false));
    CU_ASSERT_FALSE(multi_asks(ZK_OP_CREATE, ZK_EPHEMERAL, false));
    CU_ASSERT_FALSE(prep_makes_ephemeral(ZK_OP_CREATE, none));
    CU_ASSERT_FALSE(prep_makes_ephemeral(ZK_OP_MULTI, none));
    CU_ASSERT_FALSE(prep_makes_ephemeral(ZK_OP_CREATE, BYTES_NULL));
}

UNIT_SUITE(prep_local)
{
    unit_suite("prep_local");
    UNIT(a_local_session_writes_but_owns_nothing);
    UNIT(a_learners_local_session_is_expired_for_an_ephemeral);
    UNIT(creates_of_ephemerals_ask);
    UNIT(a_multi_with_one_asks);
    UNIT(flags_that_are_none_end_the_look);
    UNIT(what_is_cut_off_does_not_ask);
}
