/* SPDX-License-Identifier: Apache-2.0 */
/* test_prep_admit.c - claims about net/prep/prep_admit.c: whose requests. */
#include "tests/unit/prep_given.h"

static void
unknown_and_closing_sessions_are_dropped(void)
{
    struct kit *k = kit_open();

    kit_step(k, ZK_OP_DELETE, 99, BYTES_NULL, 0);
    CU_ASSERT_EQUAL(k->verdict, PREP_DROP);
    ask_close(k, KIT_SESSION);
    CU_ASSERT_EQUAL(k->verdict, PREP_TXN);
    ask_create(k, "/a", 0);
    CU_ASSERT_EQUAL(k->verdict, PREP_DROP);
    ask_close(k, KIT_SESSION);
    CU_ASSERT_EQUAL(k->verdict, PREP_DROP);
    CU_ASSERT_EQUAL(k->zxid, 1);
    kit_close(k);
}

/* Only the connection that owns a session writes; any may close it. */
static void
a_moved_session_is_dropped_but_may_be_closed(void)
{
    struct kit *k = kit_open();
    struct jute_out out = kit_record();

    put_create(&out, "/a", "", acl_open_to_all, 0);
    kit_step(k, ZK_OP_CREATE, KIT_SESSION, kit_bytes(&out), 1);
    CU_ASSERT_EQUAL(k->verdict, PREP_DROP);
    session_find(k->sessions, KIT_SESSION)->conn = 5;
    kit_step(k, ZK_OP_CREATE, KIT_SESSION, kit_bytes(&out), 0);
    CU_ASSERT_EQUAL(k->verdict, PREP_DROP);
    kit_step(k, ZK_OP_CLOSE_SESSION, KIT_SESSION, BYTES_NULL, 1);
    CU_ASSERT_EQUAL(k->verdict, PREP_TXN);
    kit_close(k);
}

/* As after a change of leader: an older connection's may come behind it. */
static void
who_asks_first_owns_a_session_without_owner(void)
{
    struct kit *k = kit_open();
    struct jute_out out = kit_record();

    put_create(&out, "/a", "", acl_open_to_all, 0);
    session_find(k->sessions, KIT_SESSION)->worker = RING_NOBODY;
    kit_step(k, ZK_OP_CREATE, KIT_SESSION, kit_bytes(&out), 1);
    CU_ASSERT_EQUAL(k->verdict, PREP_TXN);
    kit_step(k, ZK_OP_CREATE, KIT_SESSION, kit_bytes(&out), 0);
    CU_ASSERT_EQUAL(k->verdict, PREP_DROP);
    kit_step(k, ZK_OP_CREATE, KIT_SESSION, kit_bytes(&out), 1);
    CU_ASSERT_EQUAL(k->verdict, PREP_TXN);
    kit_close(k);
}

/* Nobody else can have a session that this server made. */
static void
ours_that_we_do_not_know_are_over(void)
{
    struct kit *k = kit_open_local();

    k->is_remote = true;
    CU_ASSERT_EQUAL(ask_create_by(k, KIT_MINE, ZK_OP_CREATE, "/a", 0),
                    ZK_SESSION_EXPIRED);
    k->is_remote = false;
    ask_create_by(k, KIT_MINE, ZK_OP_CREATE, "/a", 0);
    CU_ASSERT_EQUAL(k->verdict, PREP_DROP);
    kit_close(k);
}

/*
 * What another member had asked for it, and asks again, comes behind its end
 * and is no request of a local session of its own.
 */
static void
a_session_that_has_ended_is_not_local_now(void)
{
    struct kit *k = kit_open_local();

    k->is_remote = true;
    kit_session(k, KIT_THEIRS);
    ask_close(k, KIT_THEIRS);
    CU_ASSERT_EQUAL(k->verdict, PREP_TXN);
    kit_apply(k);
    CU_ASSERT_PTR_NULL(session_find(k->sessions, KIT_THEIRS));
    CU_ASSERT_EQUAL(ask_create_by(k, KIT_THEIRS, ZK_OP_CREATE, "/a", 0),
                    ZK_SESSION_EXPIRED);
    CU_ASSERT_EQUAL(ask_create_by(k, KIT_THEIRS + 1, ZK_OP_CREATE, "/a", 0),
                    ZK_OK); /* it never was global */
    kit_close(k);
}

static void
without_local_sessions_an_unknown_session_is_expired(void)
{
    struct kit *k = kit_open();

    k->is_remote = true;
    CU_ASSERT_EQUAL(ask_create_by(k, KIT_THEIRS, ZK_OP_CREATE, "/a", 0),
                    ZK_SESSION_EXPIRED);
    kit_close(k);
}

/* The upgrade: createSession, and the write right behind it. */
static void
a_session_counts_from_when_its_opening_is_prepared(void)
{
    struct kit *k = kit_open_local();
    struct znode_view view;

    k->is_local = true;
    CU_ASSERT_EQUAL(ask_open(k, KIT_MINE), ZK_OK);
    CU_ASSERT_EQUAL(
        ask_create_by(k, KIT_MINE, ZK_OP_CREATE, "/e", ZK_EPHEMERAL), ZK_OK);
    kit_apply_all(k);
    CU_ASSERT_TRUE(kit_view(k, "/e", &view));
    CU_ASSERT_EQUAL(view.stat.owner, KIT_MINE);
    CU_ASSERT_PTR_NOT_NULL(session_find(k->sessions, KIT_MINE));
    kit_close(k);
}

static void
a_learners_session_counts_from_there_too(void)
{
    struct kit *k = kit_open_local();

    k->is_remote = true;
    CU_ASSERT_EQUAL(ask_open(k, KIT_THEIRS), ZK_OK);
    CU_ASSERT_EQUAL(
        ask_create_by(k, KIT_THEIRS, ZK_OP_CREATE, "/e", ZK_EPHEMERAL), ZK_OK);
    kit_close(k);
}

/* The learner may have applied it, and its client asks, before we did. */
static void
a_learners_session_counts_so_without_local_sessions(void)
{
    struct kit *k = kit_open();

    k->is_remote = true;
    CU_ASSERT_EQUAL(ask_open(k, KIT_THEIRS), ZK_OK);
    CU_ASSERT_EQUAL(
        ask_create_by(k, KIT_THEIRS, ZK_OP_CREATE, "/e", ZK_EPHEMERAL), ZK_OK);
    ask_close(k, KIT_THEIRS);
    CU_ASSERT_EQUAL(k->verdict, PREP_WAIT);
    kit_apply_all(k);
    CU_ASSERT_EQUAL(ask_close(k, KIT_THEIRS), ZK_OK);
    CU_ASSERT_EQUAL(ask_create_by(k, KIT_THEIRS, ZK_OP_CREATE, "/late", 0),
                    ZK_SESSION_EXPIRED);
    kit_close(k);
}

/* There is nothing in the table to close. */
static void
a_session_that_opens_waits_to_be_closed(void)
{
    struct kit *k = kit_open_local();

    ask_open(k, KIT_THEIRS);
    ask_create_by(k, KIT_THEIRS, ZK_OP_CREATE, "/e", ZK_EPHEMERAL);
    ask_close(k, KIT_THEIRS);
    CU_ASSERT_EQUAL(k->verdict, PREP_WAIT);
    kit_apply_all(k);
    CU_ASSERT_EQUAL(ask_close(k, KIT_THEIRS), ZK_OK);
    CU_ASSERT_EQUAL(k->verdict, PREP_TXN);
    kit_apply_all(k);
    CU_ASSERT_FALSE(kit_has(k, "/e"));
    CU_ASSERT_PTR_NULL(session_find(k->sessions, KIT_THEIRS));
    kit_close(k);
}

/* As many as can be remembered; then one has to be applied first. */
static void
openings_are_bounded(void)
{
    struct kit *k = kit_open_local();

    for (int i = 0; i < PREP_OPENINGS; i++)
        CU_ASSERT_EQUAL(ask_open(k, KIT_THEIRS + i), ZK_OK);
    ask_open(k, KIT_THEIRS - 1);
    CU_ASSERT_EQUAL(k->verdict, PREP_WAIT);
    CU_ASSERT_TRUE(kit_apply(k));
    ask_open(k, KIT_THEIRS - 1);
    CU_ASSERT_EQUAL(k->verdict, PREP_TXN);
    kit_close(k);
}

/* A failed opening is none. */
static void
no_session_opens_by_a_request_that_fails(void)
{
    struct kit *k = kit_open_local();
    struct bytes none = {(const uint8_t *)"", 0};

    k->is_remote = true;
    CU_ASSERT_EQUAL(kit_step(k, ZK_OP_CREATE_SESSION, KIT_THEIRS, none, 0),
                    ZK_MARSHALLING);
    CU_ASSERT_EQUAL(
        ask_create_by(k, KIT_THEIRS, ZK_OP_CREATE, "/e", ZK_EPHEMERAL),
        ZK_SESSION_EXPIRED);
    kit_close(k);
}

/* Those in flight must find a place when they are applied. */
static void
no_session_opens_when_the_table_is_nearly_full(void)
{
    enum { SPARE = 1 << 14 }; /* as in prep_admit.c */
    static const uint8_t body[] = {0, 0, 0x27, 0x10};
    struct kit *k = kit_open();
    session_id_t id = 1;

    while (session_count(k->sessions) < SESSIONS_MAX - SPARE)
        kit_session(k, id++);
    kit_step(k, ZK_OP_CREATE_SESSION, 0, (struct bytes){body, 4}, 0);
    CU_ASSERT_EQUAL(k->verdict, PREP_DROP);
    session_give(k->sessions, session_find(k->sessions, 1));
    kit_step(k, ZK_OP_CREATE_SESSION, 1, (struct bytes){body, 4}, 0);
    CU_ASSERT_EQUAL(k->verdict, PREP_TXN);
    kit_close(k);
}

UNIT_SUITE(prep_admit)
{
    unit_suite("prep_admit");
    UNIT(unknown_and_closing_sessions_are_dropped);
    UNIT(a_moved_session_is_dropped_but_may_be_closed);
    UNIT(who_asks_first_owns_a_session_without_owner);
    UNIT(ours_that_we_do_not_know_are_over);
    UNIT(a_session_that_has_ended_is_not_local_now);
    UNIT(without_local_sessions_an_unknown_session_is_expired);
    UNIT(a_session_counts_from_when_its_opening_is_prepared);
    UNIT(a_learners_session_counts_from_there_too);
    UNIT(a_learners_session_counts_so_without_local_sessions);
    UNIT(a_session_that_opens_waits_to_be_closed);
    UNIT(openings_are_bounded);
    UNIT(no_session_opens_by_a_request_that_fails);
    UNIT(no_session_opens_when_the_table_is_nearly_full);
}
