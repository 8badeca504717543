/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_prep_local.c - claims about net/prep/prep*.c: sessions that no
 * transaction has made.
 */
#include "tests/unit/prep_given.h"

enum { ME = 1 };

#define MINE INT64_C(0x100000000000077)   /* of server 1 */
#define THEIRS INT64_C(0x300000000000077) /* of server 3 */

static struct kit *
given_local_sessions(void)
{
    struct kit *k = kit_open();

    k->prep.rules.local_sessions = true;
    k->prep.rules.me = ME;
    return k;
}

static int32_t
create(struct kit *k, session_id_t session, int32_t op, const char *path,
       int32_t flags)
{
    struct jute_out out = kit_record();

    put_create(&out, path, "data", acl_open_to_all, flags);
    return kit_step(k, op, session, kit_bytes(&out), 0);
}

static int32_t
open_session(struct kit *k, session_id_t session)
{
    static const uint8_t timeout[] = {0, 0, 0x10, 0};

    return kit_step(k, ZK_OP_CREATE_SESSION, session,
                    (struct bytes){timeout, sizeof timeout}, 0);
}

static void
a_local_session_writes_but_owns_nothing(void)
{
    struct kit *k = given_local_sessions();

    k->is_local = true;
    CU_ASSERT_EQUAL(create(k, MINE, ZK_OP_CREATE, "/a", 0), ZK_OK);
    CU_ASSERT_EQUAL(k->verdict, PREP_TXN);
    CU_ASSERT_EQUAL(create(k, MINE, ZK_OP_CREATE, "/b", ZK_EPHEMERAL),
                    ZK_EPHEMERAL_ON_LOCAL_SESSION);
    CU_ASSERT_EQUAL(
        create(k, MINE, ZK_OP_CREATE2, "/b", ZK_EPHEMERAL_SEQUENTIAL),
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
    struct kit *k = given_local_sessions();

    k->is_remote = true;
    CU_ASSERT_EQUAL(create(k, THEIRS, ZK_OP_CREATE, "/a", 0), ZK_OK);
    CU_ASSERT_EQUAL(create(k, THEIRS, ZK_OP_CREATE, "/b", ZK_EPHEMERAL),
                    ZK_SESSION_EXPIRED);
    kit_close(k);
}

/* Nobody else can have a session that this server made. */
static void
ours_that_we_do_not_know_are_over(void)
{
    struct kit *k = given_local_sessions();

    k->is_remote = true;
    CU_ASSERT_EQUAL(create(k, MINE, ZK_OP_CREATE, "/a", 0), ZK_SESSION_EXPIRED);
    k->is_remote = false;
    create(k, MINE, ZK_OP_CREATE, "/a", 0);
    CU_ASSERT_EQUAL(k->verdict, PREP_DROP);
    kit_close(k);
}

static void
without_local_sessions_an_unknown_session_is_expired(void)
{
    struct kit *k = kit_open();

    k->is_remote = true;
    CU_ASSERT_EQUAL(create(k, THEIRS, ZK_OP_CREATE, "/a", 0),
                    ZK_SESSION_EXPIRED);
    kit_close(k);
}

/* The upgrade: createSession, and the write right behind it. */
static void
a_session_counts_from_when_its_opening_is_prepared(void)
{
    struct kit *k = given_local_sessions();
    struct znode_view view;

    k->is_local = true;
    CU_ASSERT_EQUAL(open_session(k, MINE), ZK_OK);
    CU_ASSERT_EQUAL(create(k, MINE, ZK_OP_CREATE, "/e", ZK_EPHEMERAL), ZK_OK);
    kit_apply_all(k);
    CU_ASSERT_TRUE(kit_view(k, "/e", &view));
    CU_ASSERT_EQUAL(view.stat.owner, MINE);
    CU_ASSERT_PTR_NOT_NULL(session_find(k->sessions, MINE));
    kit_close(k);
}

static void
a_learners_session_counts_from_there_too(void)
{
    struct kit *k = given_local_sessions();

    k->is_remote = true;
    CU_ASSERT_EQUAL(open_session(k, THEIRS), ZK_OK);
    CU_ASSERT_EQUAL(create(k, THEIRS, ZK_OP_CREATE, "/e", ZK_EPHEMERAL), ZK_OK);
    kit_close(k);
}

/* The learner may have applied it, and its client asks, before we did. */
static void
a_learners_session_counts_so_without_local_sessions(void)
{
    struct kit *k = kit_open();

    k->is_remote = true;
    CU_ASSERT_EQUAL(open_session(k, THEIRS), ZK_OK);
    CU_ASSERT_EQUAL(create(k, THEIRS, ZK_OP_CREATE, "/e", ZK_EPHEMERAL), ZK_OK);
    ask_close(k, THEIRS);
    CU_ASSERT_EQUAL(k->verdict, PREP_WAIT);
    kit_apply_all(k);
    CU_ASSERT_EQUAL(ask_close(k, THEIRS), ZK_OK);
    CU_ASSERT_EQUAL(create(k, THEIRS, ZK_OP_CREATE, "/late", 0),
                    ZK_SESSION_EXPIRED);
    kit_close(k);
}

/* There is nothing in the table to close. */
static void
a_session_that_opens_waits_to_be_closed(void)
{
    struct kit *k = given_local_sessions();

    open_session(k, THEIRS);
    create(k, THEIRS, ZK_OP_CREATE, "/e", ZK_EPHEMERAL);
    ask_close(k, THEIRS);
    CU_ASSERT_EQUAL(k->verdict, PREP_WAIT);
    kit_apply_all(k);
    CU_ASSERT_EQUAL(ask_close(k, THEIRS), ZK_OK);
    CU_ASSERT_EQUAL(k->verdict, PREP_TXN);
    kit_apply_all(k);
    CU_ASSERT_FALSE(kit_has(k, "/e"));
    CU_ASSERT_PTR_NULL(session_find(k->sessions, THEIRS));
    kit_close(k);
}

/* As many as can be remembered; then one has to be applied first. */
static void
openings_are_bounded(void)
{
    struct kit *k = given_local_sessions();

    for (int i = 0; i < PREP_OPENINGS; i++)
        CU_ASSERT_EQUAL(open_session(k, THEIRS + i), ZK_OK);
    open_session(k, THEIRS - 1);
    CU_ASSERT_EQUAL(k->verdict, PREP_WAIT);
    CU_ASSERT_TRUE(kit_apply(k));
    open_session(k, THEIRS - 1);
    CU_ASSERT_EQUAL(k->verdict, PREP_TXN);
    kit_close(k);
}

/* A failed opening is none. */
static void
no_session_opens_by_a_request_that_fails(void)
{
    struct kit *k = given_local_sessions();
    struct bytes none = {(const uint8_t *)"", 0};

    k->is_remote = true;
    CU_ASSERT_EQUAL(kit_step(k, ZK_OP_CREATE_SESSION, THEIRS, none, 0),
                    ZK_MARSHALLING);
    CU_ASSERT_EQUAL(create(k, THEIRS, ZK_OP_CREATE, "/e", ZK_EPHEMERAL),
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
    UNIT(ours_that_we_do_not_know_are_over);
    UNIT(without_local_sessions_an_unknown_session_is_expired);
    UNIT(a_session_counts_from_when_its_opening_is_prepared);
    UNIT(a_learners_session_counts_from_there_too);
    UNIT(a_learners_session_counts_so_without_local_sessions);
    UNIT(a_session_that_opens_waits_to_be_closed);
    UNIT(openings_are_bounded);
    UNIT(no_session_opens_by_a_request_that_fails);
    UNIT(creates_of_ephemerals_ask);
    UNIT(a_multi_with_one_asks);
    UNIT(flags_that_are_none_end_the_look);
    UNIT(what_is_cut_off_does_not_ask);
}
