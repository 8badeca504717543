/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about net/zab/leader_discover.c: who comes to be a learner, and what
 * it may say of itself.
 */
#include "election/twin.h"
#include "tests/unit/leader_given.h"

static struct learner_info
follower(sid_t sid)
{
    return (struct learner_info){.sid = sid, .protocol = LEARNER_PROTOCOL};
}

/* Server `sid` joins in slot 2 and is refused. */
static bool
is_refused(struct learner_info info, zxid_t zxid)
{
    joins(2);
    hears_info(2, Q_FOLLOWER_INFO, zxid, &info);
    return closed(2) && last.count == 1;
}

static void
the_first_packet_says_who_it_is(void)
{
    static const int32_t others[] = {Q_ACK_EPOCH, Q_ACK, Q_PING, Q_REQUEST,
                                     0,           -1,    99,     Q_PROPOSAL};

    given();
    for (uint32_t i = 0; i < ARRAY_COUNT(others); i++) {
        joins(2);
        hears(2, others[i], 0, BYTES_NULL);
        CU_ASSERT_TRUE(closed(2));
    }
}

static void
an_info_that_is_cut_short_is_refused(void)
{
    uint8_t data[7] = {0};

    given();
    joins(2);
    hears(2, Q_FOLLOWER_INFO, 0, BYTES_NULL);
    CU_ASSERT_TRUE(closed(2));
    joins(2);
    hears(2, Q_FOLLOWER_INFO, 0, (struct bytes){data, sizeof data});
    CU_ASSERT_TRUE(closed(2));
}

static void
a_protocol_before_3_4_is_refused(void)
{
    given();
    CU_ASSERT_TRUE(is_refused((struct learner_info){.sid = 2}, EPOCH(4)));
}

static void
our_own_sid_is_refused(void)
{
    given();
    CU_ASSERT_TRUE(is_refused(follower(1), EPOCH(4)));
    CU_ASSERT_EQUAL(leader.state, LEADER_DISCOVERY);
}

/* Trap 14.1.10. */
static void
a_newer_configuration_is_refused(void)
{
    struct learner_info info = follower(2);

    given();
    leader.conf.config_version = ZXID(3, 1);
    info.config_version = ZXID(3, 2);
    CU_ASSERT_TRUE(is_refused(info, EPOCH(4)));
    info.config_version = ZXID(3, 1);
    joins(2);
    hears_info(2, Q_FOLLOWER_INFO, EPOCH(4), &info);
    CU_ASSERT_EQUAL(leader.peer[2].stage, PEER_INFORMED);
}

/* It is the same, says the election, and we call it so from now on. */
static void
a_configuration_of_a_later_version_is_known(void)
{
    struct learner_info info = follower(2);

    given();
    info.config_version = ZXID(3, 2);
    CU_ASSERT_TRUE(is_refused(info, EPOCH(4)));
    leader_know_config(&leader, ZXID(3, 2), bytes_of("version=300000002"));
    joins(2);
    hears_info(2, Q_FOLLOWER_INFO, EPOCH(4), &info);
    CU_ASSERT_EQUAL(leader.peer[2].stage, PEER_INFORMED);
    CU_ASSERT_TRUE(bytes_are(leader.conf.config, "version=300000002"));
}

static void
an_epoch_that_none_can_follow_is_refused(void)
{
    struct learner_info info = follower(2);

    given();
    CU_ASSERT_TRUE(is_refused(follower(2), INT64_MIN));
    CU_ASSERT_TRUE(is_refused(follower(2), -EPOCH(2)));
    CU_ASSERT_TRUE(is_refused(follower(2), EPOCH(INT32_MAX)));
    CU_ASSERT_EQUAL(leader.accepted_max, 4);
    leader.accepted_max = EPOCH_MAX - 2; /* none of these is a leap */
    CU_ASSERT_TRUE(is_refused(follower(2), EPOCH(EPOCH_MAX)));
    joins(2);
    hears_info(2, Q_FOLLOWER_INFO, EPOCH(EPOCH_MAX - 1), &info);
    CU_ASSERT_EQUAL(leader.epoch, EPOCH_MAX);
    joins(3); /* it was here before, and has promised this one */
    hears_info(3, Q_FOLLOWER_INFO, EPOCH(EPOCH_MAX), &info);
    CU_ASSERT_FALSE(closed(3));
}

/* ZK: its disk is empty, and db.autocreate=false: it has no vote, no epoch. */
static void
a_server_without_data_is_given_all(void)
{
    struct learner_info info = follower(3);

    given_epoch(ZXID(4, 3));
    is_durable(ZXID(4, 3));
    joins(3);
    hears_info(3, Q_FOLLOWER_INFO, -EPOCH(1), &info);
    CU_ASSERT_TRUE(sends(3, Q_LEADER_INFO, EPOCH(5)));
    promises(3, -1, -1);
    CU_ASSERT_TRUE(sends_snapshot(3));
    snapped(3, ZXID(4, 3));
    CU_ASSERT_TRUE(sends(3, Q_NEW_LEADER, EPOCH(5)));
    CU_ASSERT_NOT_EQUAL(leader.state, LEADER_OVER);
}

/* The next epoch would find it as it is: who has a vote is waited for. */
static void
a_server_without_a_vote_does_not_end_the_term(void)
{
    struct learner_info info = follower(3);

    given();
    joins(3);
    hears_info(3, Q_FOLLOWER_INFO, -EPOCH(1), &info);
    stored();
    CU_ASSERT_TRUE(sends(3, Q_LEADER_INFO, EPOCH(5)));
    promises(3, -1, -1);
    CU_ASSERT_EQUAL(leader.state, LEADER_EPOCH_ACKS);
    info = follower(2);
    joins(2);
    hears_info(2, Q_FOLLOWER_INFO, EPOCH(4), &info);
    CU_ASSERT_TRUE(sends(2, Q_LEADER_INFO, EPOCH(5)));
    promises(2, 4, ZXID(4, 3));
    CU_ASSERT_EQUAL(leader.state, LEADER_TAKING_OVER);
}

/* A file that is broken must not use up all epochs there are. */
static void
an_epoch_that_nobody_can_have_reached_is_refused(void)
{
    struct learner_info info = follower(2);
    int64_t most = 4 + EPOCH_LEAP_MAX;

    given();
    CU_ASSERT_TRUE(is_refused(info, EPOCH(most + 1)));
    CU_ASSERT_EQUAL(leader.accepted_max, 4);
    joins(2);
    hears_info(2, Q_FOLLOWER_INFO, EPOCH(most), &info);
    CU_ASSERT_EQUAL(leader.epoch, most + 1);
}

/* Nor may it end a term. */
static void
who_leaps_into_a_term_is_only_refused(void)
{
    struct learner_info info = follower(3);

    given_epoch(ZXID(4, 3));
    joins(3);
    hears_info(3, Q_FOLLOWER_INFO, EPOCH(INT32_MAX - 1), &info);
    CU_ASSERT_TRUE(closed(3));
    CU_ASSERT_NOT_EQUAL(leader.state, LEADER_OVER);
}

/* Trap 14.5: it can join after the next election only, so there is one. */
static void
a_member_that_promised_a_later_epoch_ends_the_term(void)
{
    struct learner_info info = follower(3);

    given_epoch(ZXID(4, 3));
    joins(3);
    hears_info(3, Q_FOLLOWER_INFO, EPOCH(6), &info);
    CU_ASSERT_TRUE(closed(3));
    CU_ASSERT_EQUAL(leader.state, LEADER_OVER);
    CU_ASSERT_EQUAL(leader.accepted_max, 6);
}

static void
the_next_term_begins_above_all_that_was_heard(void)
{
    struct leader_conf conf;

    has_past();
    conf = usual();
    conf.heard = 6;
    begins(&conf);
    comes(2, 4);
    CU_ASSERT_EQUAL(leader.epoch, 7);
}

static void
a_stranger_that_promised_a_later_epoch_is_only_refused(void)
{
    struct learner_info info = follower(77);

    given_led();
    joins(7);
    hears_info(7, Q_FOLLOWER_INFO, EPOCH(6), &info);
    CU_ASSERT_TRUE(closed(7));
    CU_ASSERT_EQUAL(leader.state, LEADER_BROADCAST);
}

/* Observer `sid`, of whom our configuration does not know, joins `slot`. */
static bool
stranger_stays(uint32_t slot, sid_t sid)
{
    struct learner_info info = follower(sid);

    joins(slot);
    hears_info(slot, Q_OBSERVER_INFO, EPOCH(5), &info);
    return !closed(slot);
}

static void
strangers_leave_a_place_for_each_member_and_for_one_more(void)
{
    given_led();
    for (uint32_t slot = three.count; slot < LEADER_PEERS_MAX; slot++)
        CU_ASSERT_TRUE_FATAL(stranger_stays(slot, 1000 + slot));
    CU_ASSERT_FALSE(stranger_stays(0, 77));
    CU_ASSERT_TRUE(stranger_stays(0, 1010)); /* it is here again */
    passes(TWIN_ANSWER_MS);
    CU_ASSERT_TRUE(closed(10));
    CU_ASSERT_EQUAL(leader.peer[0].stage, PEER_INFORMED);
    comes(3, 5);
    CU_ASSERT_EQUAL(leader.peer[3].stage, PEER_INFORMED);
}

/* --- two connections of one number --------------------------------------- */

/* Server 2 follows; somebody with its number comes, in slot 7. */
static void
given_rival(const struct learner_info *info)
{
    joins(7);
    hears_info(7, Q_FOLLOWER_INFO, EPOCH(5), info);
    CU_ASSERT_EQUAL_FATAL(leader.peer[7].stage, PEER_RIVAL);
    CU_ASSERT_EQUAL_FATAL(leader.peer[2].stage, PEER_UP_TO_DATE);
    CU_ASSERT_FALSE(next(7));
}

static void
answers(uint32_t slot)
{
    hears(slot, Q_PING, 0, BYTES_NULL);
}

static void
the_newer_connection_of_a_silent_server_wins(void)
{
    struct learner_info info = follower(2);

    given_led();
    given_rival(&info);
    passes(TWIN_ANSWER_MS - 1);
    CU_ASSERT_EQUAL(leader.peer[7].stage, PEER_RIVAL);
    passes(1);
    CU_ASSERT_TRUE(closed(2));
    CU_ASSERT_PTR_NULL(act(LEADER_TWIN));
    CU_ASSERT_EQUAL(leader.peer[7].stage, PEER_INFORMED);
    CU_ASSERT_TRUE(sends(7, Q_LEADER_INFO, EPOCH(5)));
    promises(7, 5, ZXID(4, 3));
    is_brought_up(7);
    CU_ASSERT_TRUE(sends(7, Q_UP_TO_DATE, -1));
}

/* It had lost the older one, of which we hear late. */
static void
a_server_takes_the_place_that_it_left(void)
{
    struct learner_info info = follower(2);

    given_led();
    given_rival(&info);
    leaves(2);
    passes(1);
    CU_ASSERT_EQUAL(leader.peer[7].stage, PEER_INFORMED);
}

static void
who_answers_keeps_its_number(void)
{
    struct learner_info info = follower(2);

    given_led();
    given_rival(&info);
    CU_ASSERT_TRUE(sends(2, Q_PING, EPOCH(5)));
    answers(2);
    passes(1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(act(LEADER_TWIN));
    CU_ASSERT_EQUAL(act(LEADER_TWIN)->slot, 7);
    CU_ASSERT_EQUAL(act(LEADER_TWIN)->first, 2);
    CU_ASSERT_TRUE(closed(7));
    CU_ASSERT_EQUAL(leader.peer[2].stage, PEER_UP_TO_DATE);
}

/* It says only that there was somebody before the other one came. */
static void
the_answer_to_an_earlier_ping_is_none(void)
{
    struct learner_info info = follower(2);

    given_led();
    passes(TICK_MS);
    CU_ASSERT_TRUE(sends(2, Q_PING, EPOCH(5)));
    now += 10;
    given_rival(&info);
    answers(2);
    passes(TWIN_ANSWER_MS);
    CU_ASSERT_TRUE(closed(2));
    CU_ASSERT_EQUAL(leader.peer[7].stage, PEER_INFORMED);
}

/* Its machine acknowledges what it is sent; it answers no ping yet. */
static void
who_is_brought_up_keeps_its_number(void)
{
    struct learner_info info = follower(3);

    given_led();
    comes_late(3, 4, 4, ZXID(4, 3));
    joins(7);
    hears_info(7, Q_FOLLOWER_INFO, EPOCH(5), &info);
    passes(100);
    leader_link_lives(&leader, 3);
    passes(100);
    CU_ASSERT_PTR_NOT_NULL(act(LEADER_TWIN));
    CU_ASSERT_TRUE(closed(7));
}

static void
a_twin_that_is_zabd_is_told_why(void)
{
    struct learner_info info = follower(2);
    struct leader_info told;

    info.is_zabd = true;
    given_led();
    given_rival(&info);
    CU_ASSERT_TRUE(sends(2, Q_PING, EPOCH(5)));
    answers(2);
    passes(1);
    CU_ASSERT_FALSE(closed(7));
    CU_ASSERT_TRUE_FATAL(sends(7, Q_LEADER_INFO, EPOCH(5)));
    CU_ASSERT_EQUAL(leader_info_get(item.packet.data, &told), 0);
    CU_ASSERT_TRUE(told.flags & LEARNER_TAKEN);
    CU_ASSERT_FALSE(next(7));
    promises(7, 5, ZXID(4, 3));
    CU_ASSERT_TRUE(closed(7));
}

/* An epoch that only a twin knows ends no term. */
static void
the_promise_of_a_twin_is_of_no_weight(void)
{
    struct learner_info info = follower(2);

    given_led();
    joins(7);
    hears_info(7, Q_FOLLOWER_INFO, EPOCH(6), &info);
    CU_ASSERT_TRUE(sends(2, Q_PING, EPOCH(5)));
    answers(2);
    passes(1);
    CU_ASSERT_TRUE(closed(7));
    CU_ASSERT_EQUAL(leader.state, LEADER_BROADCAST);
}

/* ... but the server's own does, when it is known to be that. */
static void
the_promise_of_a_server_that_came_anew_counts(void)
{
    struct learner_info info = follower(2);

    given_led();
    joins(7);
    hears_info(7, Q_FOLLOWER_INFO, EPOCH(6), &info);
    passes(TWIN_ANSWER_MS);
    CU_ASSERT_TRUE(gave_up());
}

static void
one_server_is_one_voter_however_often_it_comes(void)
{
    static struct quorum five = {
        .count = 5,
        .member = {{.sid = 1}, {.sid = 2}, {.sid = 3}, {.sid = 4}, {.sid = 5}}};
    struct learner_info info = follower(2);
    struct leader_conf conf;

    has_past();
    conf = usual();
    conf.quorum = &five;
    begins(&conf);
    for (uint32_t slot = 10; slot < 20; slot++) {
        joins(slot);
        hears_info(slot, Q_FOLLOWER_INFO, EPOCH(4), &info);
    }
    CU_ASSERT_EQUAL(leader.state, LEADER_DISCOVERY);
}

/* Slots count from 0, sids mostly do not. */
static void
the_first_slot_is_one_like_the_others(void)
{
    struct learner_info info = follower(2);

    given();
    joins(0);
    hears_info(0, Q_FOLLOWER_INFO, EPOCH(4), &info);
    stored();
    CU_ASSERT_TRUE_FATAL(sends(0, Q_LEADER_INFO, EPOCH(5)));
    promises(0, 4, ZXID(4, 3));
    stored();
    is_durable(ZXID(4, 3));
    is_brought_up(0);
    CU_ASSERT_TRUE(sends(0, Q_UP_TO_DATE, -1));
    proposes(ZXID(5, 1));
    CU_ASSERT_TRUE(sends(0, Q_PROPOSAL, ZXID(5, 1)));
    is_durable(ZXID(5, 1));
    acks(0, ZXID(5, 1));
    CU_ASSERT_EQUAL(leader.committed, ZXID(5, 1));
    passes(SYNC_MS);
    CU_ASSERT_EQUAL(leader.state, LEADER_BROADCAST);
    joins(7);
    hears_info(7, Q_FOLLOWER_INFO, EPOCH(5), &info);
    passes(TWIN_ANSWER_MS);
    CU_ASSERT_TRUE(closed(0));
}

static void
a_zabd_learner_is_recognised_with_what_both_can(void)
{
    struct learner_info info = follower(2);

    given();
    info.is_zabd = true;
    info.flags = LEARNER_ZSTD | 1 << 20;
    joins(2);
    hears_info(2, Q_FOLLOWER_INFO, EPOCH(4), &info);
    CU_ASSERT_TRUE(leader.peer[2].is_zabd);
    CU_ASSERT_EQUAL(leader.peer[2].flags, LEARNER_ZSTD);
    comes(3, 4);
    CU_ASSERT_FALSE(leader.peer[3].is_zabd);
    CU_ASSERT_EQUAL(leader.peer[3].flags, 0);
}

UNIT_SUITE(leader_discover)
{
    unit_suite("leader_discover");
    UNIT(the_first_packet_says_who_it_is);
    UNIT(an_info_that_is_cut_short_is_refused);
    UNIT(a_protocol_before_3_4_is_refused);
    UNIT(our_own_sid_is_refused);
    UNIT(a_newer_configuration_is_refused);
    UNIT(a_configuration_of_a_later_version_is_known);
    UNIT(an_epoch_that_none_can_follow_is_refused);
    UNIT(a_server_without_data_is_given_all);
    UNIT(a_server_without_a_vote_does_not_end_the_term);
    UNIT(an_epoch_that_nobody_can_have_reached_is_refused);
    UNIT(who_leaps_into_a_term_is_only_refused);
    UNIT(a_member_that_promised_a_later_epoch_ends_the_term);
    UNIT(the_next_term_begins_above_all_that_was_heard);
    UNIT(a_stranger_that_promised_a_later_epoch_is_only_refused);
    UNIT(strangers_leave_a_place_for_each_member_and_for_one_more);
    UNIT(the_newer_connection_of_a_silent_server_wins);
    UNIT(a_server_takes_the_place_that_it_left);
    UNIT(who_answers_keeps_its_number);
    UNIT(the_answer_to_an_earlier_ping_is_none);
    UNIT(who_is_brought_up_keeps_its_number);
    UNIT(a_twin_that_is_zabd_is_told_why);
    UNIT(the_promise_of_a_twin_is_of_no_weight);
    UNIT(the_promise_of_a_server_that_came_anew_counts);
    UNIT(one_server_is_one_voter_however_often_it_comes);
    UNIT(the_first_slot_is_one_like_the_others);
    UNIT(a_zabd_learner_is_recognised_with_what_both_can);
}
