/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about election/link.c: which connection of two stays. */
#include "tests/unit/unit.h"

#include "election/link.h"

static const struct vote first = {.leader = 1, .round = 1};
static const struct vote second = {.leader = 2, .round = 1};

/* We are 2. */
static struct link
with(sid_t peer)
{
    struct link l;

    link_init(&l, 2, peer);
    return l;
}

static struct link
connected_with(sid_t peer)
{
    struct link l = with(peer);

    link_dial(&l);
    link_dialled(&l);
    if (peer > 2)
        link_met(&l, false);
    CU_ASSERT_EQUAL(l.state, LINK_UP);
    return l;
}

static void
keeps_the_connection_that_the_larger_opened(void)
{
    struct link l = with(1);

    link_dial(&l);
    CU_ASSERT_EQUAL(link_dialled(&l), LINK_KEEP);
    CU_ASSERT_EQUAL(l.state, LINK_UP);
    l = with(3);
    CU_ASSERT_EQUAL(link_met(&l, false), LINK_KEEP);
    CU_ASSERT_EQUAL(l.state, LINK_UP);
}

static void
waits_for_the_larger_to_call_back(void)
{
    struct link l = with(3);

    link_dial(&l);
    CU_ASSERT_EQUAL(link_dialled(&l), LINK_CLOSE);
    CU_ASSERT_EQUAL(l.state, LINK_EXPECTED);
    CU_ASSERT_FALSE(link_tell(&l, &first)); /* no second hello meanwhile */
    CU_ASSERT_EQUAL(link_met(&l, false), LINK_KEEP);
    CU_ASSERT_PTR_NOT_NULL(link_take_note(&l));
}

static void
calls_the_smaller_back(void)
{
    struct link l = with(1);

    CU_ASSERT_EQUAL(link_met(&l, false), LINK_REDIAL);
    CU_ASSERT_EQUAL(l.state, LINK_DOWN);
}

/* ZOOKEEPER-2164: or a restarted server never gets back in. */
static void
drops_an_older_connection_of_a_smaller_that_comes_anew(void)
{
    struct link l = connected_with(1);

    CU_ASSERT_EQUAL(link_met(&l, false), LINK_REDIAL);
    CU_ASSERT_EQUAL(l.state, LINK_DOWN);
    CU_ASSERT_TRUE(link_may_answer(&l, false));
}

static void
does_not_dial_twice_at_a_time(void)
{
    struct link l = with(1);

    CU_ASSERT_TRUE(link_tell(&l, &first));
    link_dial(&l);
    CU_ASSERT_FALSE(link_tell(&l, &second));
    CU_ASSERT_EQUAL(link_met(&l, false), LINK_LEAVE);
    CU_ASSERT_EQUAL(l.state, LINK_DIALLING);
}

static void
sends_only_the_newest_note(void)
{
    struct link l = with(1);

    link_tell(&l, &first);
    link_dial(&l);
    link_tell(&l, &second);
    CU_ASSERT_PTR_NULL(link_take_note(&l));
    link_dialled(&l);
    CU_ASSERT_EQUAL(link_take_note(&l)->leader, 2);
    CU_ASSERT_PTR_NULL(link_take_note(&l));
}

static void
tells_the_last_note_again_on_a_new_connection(void)
{
    struct link l = connected_with(3);

    CU_ASSERT_PTR_NULL(link_take_note(&l)); /* nothing was told ever */
    link_tell(&l, &first);
    CU_ASSERT_PTR_NOT_NULL(link_take_note(&l));
    link_lost(&l);
    link_met(&l, false);
    CU_ASSERT_EQUAL(link_take_note(&l)->leader, 1);
}

static void
leaves_alone_what_crossed_a_hello(void)
{
    struct link l = connected_with(1);

    CU_ASSERT_EQUAL(link_met(&l, true), LINK_LEAVE);
    CU_ASSERT_EQUAL(l.state, LINK_UP);
    l = connected_with(3); /* the larger knows best */
    CU_ASSERT_EQUAL(link_met(&l, true), LINK_KEEP);
    l = with(1); /* nothing that it could have crossed */
    CU_ASSERT_EQUAL(link_met(&l, true), LINK_REDIAL);
}

static void
expects_an_answer_until_it_knows_better(void)
{
    struct link l = with(3);

    CU_ASSERT_TRUE(link_may_answer(&l, false));
    link_dial(&l);
    CU_ASSERT_TRUE(link_may_answer(&l, false));
    link_lost(&l);
    CU_ASSERT_FALSE(link_may_answer(&l, false));
    link_dial(&l); /* it was not there a moment ago */
    CU_ASSERT_FALSE(link_may_answer(&l, false));
    link_dialled(&l); /* but now it is, and calls back */
    CU_ASSERT_TRUE(link_may_answer(&l, false));
}

/* Or the first of seven that start together decide without the others. */
static void
is_patient_in_the_beginning(void)
{
    struct link l = with(1);

    link_dial(&l);
    link_lost(&l);
    CU_ASSERT_TRUE(link_may_answer(&l, true));
    l = connected_with(1);
    link_lost(&l);
    CU_ASSERT_FALSE(link_may_answer(&l, true));
}

static void
knows_at_once_that_a_connection_broke(void)
{
    struct link l = connected_with(1);

    CU_ASSERT_TRUE(link_may_answer(&l, false));
    link_lost(&l);
    CU_ASSERT_FALSE(link_may_answer(&l, false));
}

UNIT_SUITE(link)
{
    unit_suite("link");
    UNIT(keeps_the_connection_that_the_larger_opened);
    UNIT(waits_for_the_larger_to_call_back);
    UNIT(calls_the_smaller_back);
    UNIT(drops_an_older_connection_of_a_smaller_that_comes_anew);
    UNIT(does_not_dial_twice_at_a_time);
    UNIT(sends_only_the_newest_note);
    UNIT(tells_the_last_note_again_on_a_new_connection);
    UNIT(leaves_alone_what_crossed_a_hello);
    UNIT(expects_an_answer_until_it_knows_better);
    UNIT(is_patient_in_the_beginning);
    UNIT(knows_at_once_that_a_connection_broke);
}
