/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about net/zab/leader_vouch.c: since when nobody may follow us. */
#include "tests/unit/leader_given.h"

static void
is_pinged(uint32_t slot)
{
    passes(TICK_MS / 2);
    CU_ASSERT_TRUE_FATAL(sends(slot, Q_PING, EPOCH(5)));
}

static void
answers(uint32_t slot)
{
    hears(slot, Q_PING, 0, BYTES_NULL);
}

static void
who_answers_followed_when_it_was_asked(void)
{
    mono_ms_t asked;

    given_led();
    CU_ASSERT_EQUAL(leader_vouched(&leader), 0);
    is_pinged(2);
    asked = now;
    passes(300);
    answers(2);
    CU_ASSERT_EQUAL(leader_vouched(&leader), asked);
}

/* We stood still, or the link did: the answer is of long ago. */
static void
an_answer_is_to_the_ping_before_it_and_not_to_the_last(void)
{
    mono_ms_t first, second;

    given_led();
    is_pinged(2);
    first = now;
    is_pinged(2);
    second = now;
    answers(2);
    CU_ASSERT_EQUAL(leader_vouched(&leader), first);
    is_pinged(2);
    answers(2);
    CU_ASSERT_TRUE(leader_vouched(&leader) < second);
    answers(2);
    CU_ASSERT_TRUE(leader_vouched(&leader) > second);
}

static void
another_packet_is_no_answer(void)
{
    given_led();
    is_pinged(2);
    acks(2, EPOCH(5));
    CU_ASSERT_EQUAL(leader_vouched(&leader), 0);
}

static void
what_it_says_unasked_vouches_for_nothing(void)
{
    given_led();
    answers(2);
    answers(2);
    is_pinged(2);
    CU_ASSERT_EQUAL(leader_vouched(&leader), 0);
    answers(2);
    CU_ASSERT_EQUAL(leader_vouched(&leader), now);
}

/* A ping before UP_TO_DATE has no answer that could be taken for a later. */
static void
an_answer_before_up_to_date_vouches_for_nothing(void)
{
    given_led();
    comes_late(3, 4, 4, ZXID(4, 3));
    CU_ASSERT_TRUE_FATAL(next(3) && item.packet.type == Q_DIFF);
    CU_ASSERT_TRUE_FATAL(sends(3, Q_NEW_LEADER, EPOCH(5)));
    is_pinged(3);
    acks(3, EPOCH(5));
    CU_ASSERT_TRUE_FATAL(sends(3, Q_UP_TO_DATE, -1));
    answers(3);
    CU_ASSERT_EQUAL(leader_vouched(&leader), 0);
}

/* It came back for a snapshot, and says nothing until it has that on disk. */
static void
who_is_brought_up_vouches_by_its_link(void)
{
    given_led();
    leaves(2);
    comes_late(2, 5, 5, ZXID(4, 3));
    passes(100);
    leader_link_lives(&leader, 2);
    CU_ASSERT_EQUAL(leader_vouched(&leader), now);
    is_brought_up(2);
    passes(100);
    CU_ASSERT_EQUAL(leader_vouched(&leader), now - 100);
}

static void
who_has_not_promised_vouches_for_nothing(void)
{
    given_led();
    leaves(2);
    comes(2, 5);
    passes(100);
    leader_link_lives(&leader, 2);
    CU_ASSERT_EQUAL(leader_vouched(&leader), 0);
}

/* The other end of the link may be a proxy. */
static void
who_answers_pings_does_not_vouch_by_its_link(void)
{
    given_led();
    passes(100);
    leader_link_lives(&leader, 2);
    CU_ASSERT_EQUAL(leader_vouched(&leader), 0);
}

static void
an_observer_vouches_for_nothing(void)
{
    given_observer();
    is_pinged(9);
    answers(9);
    CU_ASSERT_EQUAL(leader_vouched(&leader), 0);
}

/* Two of three others are needed: the later one of them counts. */
static void
a_quorum_vouches_as_of_its_oldest_word(void)
{
    static struct quorum five = {
        .count = 5,
        .member = {{.sid = 1}, {.sid = 2}, {.sid = 3}, {.sid = 4}, {.sid = 5}},
    };

    given_led_by_all();
    leader.conf.quorum = &five;
    leader.peer[2].vote = quorum_bit(&five, 2);
    leader.peer[3].vote = quorum_bit(&five, 3);
    leader.peer[2].vouched = 700;
    CU_ASSERT_EQUAL(leader_vouched(&leader), 0);
    leader.peer[3].vouched = 600;
    CU_ASSERT_EQUAL(leader_vouched(&leader), 600);
    leader.peer[3].vouched = 800;
    CU_ASSERT_EQUAL(leader_vouched(&leader), 700);
}

static void
who_is_a_quorum_alone_needs_nobodys_word(void)
{
    static struct quorum one = {.count = 1, .member = {{.sid = 1}}};

    given_led();
    leader.conf.quorum = &one;
    CU_ASSERT_EQUAL(leader_vouched(&leader), MONO_MS_MAX);
}

UNIT_SUITE(leader_vouch)
{
    unit_suite("leader_vouch");
    UNIT(who_answers_followed_when_it_was_asked);
    UNIT(an_answer_is_to_the_ping_before_it_and_not_to_the_last);
    UNIT(another_packet_is_no_answer);
    UNIT(what_it_says_unasked_vouches_for_nothing);
    UNIT(an_answer_before_up_to_date_vouches_for_nothing);
    UNIT(who_is_brought_up_vouches_by_its_link);
    UNIT(who_has_not_promised_vouches_for_nothing);
    UNIT(who_answers_pings_does_not_vouch_by_its_link);
    UNIT(an_observer_vouches_for_nothing);
    UNIT(a_quorum_vouches_as_of_its_oldest_word);
    UNIT(who_is_a_quorum_alone_needs_nobodys_word);
}
