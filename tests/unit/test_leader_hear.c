/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about net/zab/leader_discover.c and leader_hear.c: what learners may
 * say, and when.
 */
#include "tests/unit/leader_given.h"

/* --- who it is ----------------------------------------------------------- */

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
    CU_ASSERT_TRUE(is_refused(follower(2), -1));
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

static void
the_newer_connection_of_a_server_wins(void)
{
    struct learner_info info = follower(2);

    given_led();
    joins(7);
    hears_info(7, Q_FOLLOWER_INFO, EPOCH(5), &info);
    CU_ASSERT_TRUE(closed(2));
    CU_ASSERT_EQUAL(leader.peer[7].stage, PEER_INFORMED);
    CU_ASSERT_TRUE(sends(7, Q_LEADER_INFO, EPOCH(5)));
    promises(7, 5, ZXID(4, 3));
    is_brought_up(7);
    CU_ASSERT_TRUE(sends(7, Q_UP_TO_DATE, -1));
}

/* Whoever lost a connection was silent before; a twin was not. */
static void
a_connection_that_was_alive_is_known_when_another_comes(void)
{
    struct learner_info info = follower(2);

    given_led();
    hears(2, Q_PING, EPOCH(5), BYTES_NULL);
    now += 100;
    joins(7);
    hears_info(7, Q_FOLLOWER_INFO, EPOCH(5), &info);
    CU_ASSERT_TRUE(closed(2));
    CU_ASSERT_TRUE(act(LEADER_CLOSE)->was_alive);
    now += 600;
    joins(2);
    hears_info(2, Q_FOLLOWER_INFO, EPOCH(5), &info);
    CU_ASSERT_TRUE(closed(7));
    CU_ASSERT_FALSE(act(LEADER_CLOSE)->was_alive);
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

/* --- out of turn --------------------------------------------------------- */

static void
an_ack_epoch_without_an_epoch_is_refused(void)
{
    uint8_t data[3] = {0};

    given();
    comes(2, 4);
    stored();
    CU_ASSERT_TRUE(next(2));
    hears(2, Q_ACK_EPOCH, 0, BYTES_NULL);
    CU_ASSERT_TRUE(closed(2));
    comes(2, 5);
    CU_ASSERT_TRUE(next(2));
    hears(2, Q_ACK_EPOCH, 0, (struct bytes){data, sizeof data});
    CU_ASSERT_TRUE(closed(2));
    comes(2, 5);
    CU_ASSERT_TRUE(next(2));
    promises(2, -2, ZXID(4, 3));
    CU_ASSERT_TRUE(closed(2));
    CU_ASSERT_EQUAL(leader.state, LEADER_EPOCH_ACKS);
}

/* Server 2 in each stage before steady state. */
static void
given_stage(enum peer_stage stage)
{
    given();
    joins(2);
    if (stage >= PEER_INFORMED) {
        struct learner_info info = follower(2);

        hears_info(2, Q_FOLLOWER_INFO, EPOCH(4), &info);
    }
    if (stage >= PEER_PROMISED) {
        stored();
        CU_ASSERT_TRUE_FATAL(sends(2, Q_LEADER_INFO, EPOCH(5)));
    }
    if (stage >= PEER_ACCEPTED)
        promises(2, 4, ZXID(4, 1));
    if (stage >= PEER_SYNCING) {
        stored();
        CU_ASSERT_TRUE_FATAL(sends(2, Q_DIFF, ZXID(4, 3)));
    }
    if (stage >= PEER_SEALING) {
        CU_ASSERT_TRUE_FATAL(sends_pair(2, ZXID(4, 2)));
        CU_ASSERT_TRUE_FATAL(sends_pair(2, ZXID(4, 3)));
        CU_ASSERT_TRUE_FATAL(sends(2, Q_NEW_LEADER, EPOCH(5)));
    }
    if (stage >= PEER_SEALED)
        acks(2, EPOCH(5));
    if (stage >= PEER_UP_TO_DATE) {
        is_durable(ZXID(4, 3));
        CU_ASSERT_TRUE_FATAL(sends(2, Q_UP_TO_DATE, -1));
    }
    CU_ASSERT_EQUAL_FATAL(leader.peer[2].stage, stage);
}

/* What a learner may say, stage by stage: all else closes. */
static const struct {
    enum peer_stage stage;
    uint32_t types; /* bit n: type n */
} may_say[] = {
    {PEER_NEW, 1 << Q_FOLLOWER_INFO | 1 << Q_OBSERVER_INFO},
    {PEER_INFORMED, 0},
    {PEER_PROMISED, 1 << Q_ACK_EPOCH},
    {PEER_ACCEPTED, 0},
    {PEER_SYNCING, 1 << Q_ACK},
    {PEER_SEALING, 1 << Q_ACK | 1 << Q_PING},
    {PEER_SEALED, 1 << Q_ACK | 1 << Q_PING},
    {PEER_UP_TO_DATE,
     1 << Q_ACK | 1 << Q_PING | 1 << Q_REQUEST | 1 << Q_REVALIDATE},
};

static void
a_packet_out_of_stage_closes(void)
{
    uint8_t data[20] = {[7] = 2, [9] = 1};

    for (uint32_t i = 0; i < ARRAY_COUNT(may_say); i++)
        for (int32_t type = 1; type <= Q_INFORM_ACTIVATE; type++) {
            given_stage(may_say[i].stage);
            hears(2, type, EPOCH(4), (struct bytes){data, sizeof data});
            CU_ASSERT_EQUAL(closed(2), (may_say[i].types >> type & 1) == 0);
        }
}

/* A stranger must not make us hold more than it takes to say who it is. */
static void
who_is_brought_up_has_few_words(void)
{
    for (uint32_t i = 0; i < ARRAY_COUNT(may_say); i++) {
        bool is_up = may_say[i].stage == PEER_UP_TO_DATE;

        given_stage(may_say[i].stage);
        CU_ASSERT_EQUAL(leader_data_max(&leader, 2),
                        is_up ? QPACKET_DATA_MAX : QPACKET_WORD_MAX);
    }
}

static void
an_unknown_packet_is_ignored(void)
{
    static const int32_t unknown[] = {0, -1, 20, INT32_MAX, INT32_MIN};

    for (uint32_t i = PEER_INFORMED; i <= PEER_UP_TO_DATE; i++)
        for (uint32_t k = 0; k < ARRAY_COUNT(unknown); k++) {
            given_stage((enum peer_stage)i);
            hears(2, unknown[k], 0, BYTES_NULL);
            CU_ASSERT_EQUAL(last.count, 0);
            CU_ASSERT_EQUAL(leader.peer[2].stage, i);
        }
}

/* --- ACK ----------------------------------------------------------------- */

static void
only_the_exact_ack_seals(void)
{
    static const zxid_t others[] = {0,          -1,         EPOCH(4), EPOCH(6),
                                    ZXID(4, 3), ZXID(5, 1), INT64_MIN};

    given_stage(PEER_SEALING);
    for (uint32_t i = 0; i < ARRAY_COUNT(others); i++) {
        acks(2, others[i]);
        CU_ASSERT_EQUAL(leader.peer[2].stage, PEER_SEALING);
    }
    acks(2, EPOCH(5));
    CU_ASSERT_EQUAL(leader.peer[2].stage, PEER_SEALED);
}

/* Server 3 comes late to proposals (5,1) and (5,2), durable here only. */
static void
given_a_latecomer(void)
{
    given_led();
    proposes(ZXID(5, 1));
    proposes(ZXID(5, 2));
    is_durable(ZXID(5, 2));
    comes_late(3, 4, 4, ZXID(4, 3));
    CU_ASSERT_TRUE_FATAL(sends(3, Q_DIFF, ZXID(4, 3)));
    CU_ASSERT_TRUE_FATAL(sends(3, Q_NEW_LEADER, EPOCH(5)));
}

/* Its ring may not hold them all, and no COMMIT comes before it is asked. */
static void
what_is_not_committed_goes_behind_up_to_date(void)
{
    given_a_latecomer();
    CU_ASSERT_FALSE(next(3));
    acks(3, EPOCH(5));
    CU_ASSERT_TRUE(sends(3, Q_UP_TO_DATE, -1));
    CU_ASSERT_TRUE(sends(3, Q_PROPOSAL, ZXID(5, 1)));
    CU_ASSERT_TRUE(sends(3, Q_PROPOSAL, ZXID(5, 2)));
    CU_ASSERT_FALSE(next(3));
}

/* Trap 14.1.2, ZOOKEEPER-4685: remembered, and the real one still awaited. */
static void
an_ack_that_overtakes_the_one_for_new_leader_is_remembered(void)
{
    given_a_latecomer();
    CU_ASSERT_TRUE(sends(2, Q_PROPOSAL, ZXID(5, 1)));
    acks(2, ZXID(5, 1));
    CU_ASSERT_EQUAL_FATAL(act(LEADER_COMMIT)->zxid, ZXID(5, 1));
    CU_ASSERT_TRUE(sends_pair(3, ZXID(5, 1)));
    acks(3, ZXID(5, 1));
    CU_ASSERT_EQUAL(leader.peer[3].stage, PEER_SEALING);
    acks(3, EPOCH(5));
    CU_ASSERT_EQUAL(leader.peer[3].stage, PEER_SEALED);
    CU_ASSERT_EQUAL(leader.peer[3].acked, ZXID(5, 1));
}

static void
an_early_ack_of_what_was_not_sent_is_not_believed_later(void)
{
    given_a_latecomer();
    acks(3, ZXID(5, 2));
    acks(3, EPOCH(5));
    CU_ASSERT_PTR_NULL(act(LEADER_COMMIT));
    CU_ASSERT_TRUE(sends(3, Q_UP_TO_DATE, -1));
    CU_ASSERT_TRUE(sends(3, Q_PROPOSAL, ZXID(5, 1)));
    CU_ASSERT_TRUE(sends(3, Q_PROPOSAL, ZXID(5, 2)));
    acks(3, ZXID(5, 2));
    CU_ASSERT_EQUAL_FATAL(last.count, 1);
    CU_ASSERT_EQUAL(act(LEADER_COMMIT)->zxid, ZXID(5, 2));
}

/* Apache logs its history and acknowledges each: spec 15.3.4. */
static void
acks_of_the_history_are_ignored_at_any_time(void)
{
    given_stage(PEER_SYNCING);
    acks(2, ZXID(4, 2));
    CU_ASSERT_EQUAL(last.count, 0);
    given_stage(PEER_SEALED);
    acks(2, ZXID(4, 3));
    CU_ASSERT_EQUAL(last.count, 0);
    given_led();
    proposes(ZXID(5, 1));
    is_durable(ZXID(5, 1));
    CU_ASSERT_TRUE(sends(2, Q_PROPOSAL, ZXID(5, 1)));
    acks(2, ZXID(4, 3));
    CU_ASSERT_EQUAL(last.count, 0);
}

static void
acks_with_counter_0_are_ignored(void)
{
    given_led();
    proposes(ZXID(5, 1));
    is_durable(ZXID(5, 1));
    CU_ASSERT_TRUE(sends(2, Q_PROPOSAL, ZXID(5, 1)));
    acks(2, EPOCH(5)); /* for UP_TO_DATE */
    acks(2, EPOCH(6));
    CU_ASSERT_EQUAL(last.count, 0);
    CU_ASSERT_EQUAL(leader.peer[2].acked, ZXID(4, 3));
}

static void
an_ack_of_what_was_not_sent_is_ignored(void)
{
    given_led();
    proposes(ZXID(5, 1));
    is_durable(ZXID(5, 1));
    acks(2, ZXID(5, 1));
    acks(2, ZXID(5, 7));
    acks(2, ZXID(6, 1));
    CU_ASSERT_EQUAL(last.count, 0);
    CU_ASSERT_EQUAL(leader.committed, ZXID(4, 3));
}

static void
an_older_ack_takes_nothing_back(void)
{
    given_led();
    proposes(ZXID(5, 1));
    proposes(ZXID(5, 2));
    CU_ASSERT_TRUE(sends(2, Q_PROPOSAL, ZXID(5, 1)));
    CU_ASSERT_TRUE(sends(2, Q_PROPOSAL, ZXID(5, 2)));
    acks(2, ZXID(5, 2));
    acks(2, ZXID(5, 1));
    CU_ASSERT_EQUAL(leader.peer[2].acked, ZXID(5, 2));
}

static void
a_strangers_ack_does_not_commit(void)
{
    given_led();
    comes_late(77, 4, 4, ZXID(4, 3));
    is_brought_up(77);
    CU_ASSERT_TRUE(sends(77, Q_UP_TO_DATE, -1));
    proposes(ZXID(5, 1));
    is_durable(ZXID(5, 1));
    CU_ASSERT_TRUE(sends(77, Q_PROPOSAL, ZXID(5, 1)));
    acks(77, ZXID(5, 1));
    CU_ASSERT_EQUAL(last.count, 0);
}

/* --- requests ------------------------------------------------------------ */

static void
hears_request(uint32_t slot, int32_t op, uint32_t size)
{
    uint8_t data[32] = {0};
    struct jute_out out = jute_out_of(data, sizeof data);

    jute_put_i64(&out, 0x1234);
    jute_put_i32(&out, 7);
    jute_put_i32(&out, op);
    hears(slot, Q_REQUEST, -1, (struct bytes){data, (int32_t)size});
}

static void
a_request_is_passed_on_as_it_came(void)
{
    given_led();
    hears_request(2, 1, 32);
    CU_ASSERT_EQUAL_FATAL(last.count, 1);
    CU_ASSERT_EQUAL(last.act[0].kind, LEADER_REQUEST);
    CU_ASSERT_EQUAL(last.act[0].slot, 2);
    CU_ASSERT_EQUAL(last.act[0].packet->data.size, 32);
}

/* ZK: closeSession is 16 bytes and no body. */
static void
a_request_without_a_body_is_one(void)
{
    given_led();
    hears_request(2, -11, 16);
    CU_ASSERT_PTR_NOT_NULL(act(LEADER_REQUEST));
}

static void
a_request_that_is_cut_short_closes(void)
{
    given_led();
    hears_request(2, 1, 15);
    CU_ASSERT_TRUE(closed(2));
    given_led();
    hears(2, Q_REQUEST, -1, BYTES_NULL);
    CU_ASSERT_TRUE(closed(2));
}

static void
a_sync_is_not_passed_on(void)
{
    given_led();
    hears_request(2, 9, 20);
    CU_ASSERT_EQUAL(last.count, 0);
    CU_ASSERT_TRUE(sends(2, Q_SYNC, 0));
}

static void
observers_may_ask(void)
{
    uint8_t data[12] = {0};

    given_observer();
    hears_request(9, 1, 32);
    CU_ASSERT_PTR_NOT_NULL(act(LEADER_REQUEST));
    hears(9, Q_REVALIDATE, -1, (struct bytes){data, sizeof data});
    CU_ASSERT_PTR_NOT_NULL(act(LEADER_REVALIDATE));
}

static void
revalidations_are_passed_on(void)
{
    uint8_t data[12] = {0};

    given_led();
    hears(2, Q_REVALIDATE, -1, (struct bytes){data, sizeof data});
    CU_ASSERT_EQUAL_FATAL(last.count, 1);
    CU_ASSERT_EQUAL(last.act[0].kind, LEADER_REVALIDATE);
    CU_ASSERT_EQUAL(last.act[0].slot, 2);
    CU_ASSERT_EQUAL(last.act[0].packet->data.size, 12);
}

/* ZK: LearnerHandler.run dies of an EOFException */
static void
a_question_about_half_a_session_closes(void)
{
    uint8_t data[11] = {0};

    given_led();
    hears(2, Q_REVALIDATE, -1, (struct bytes){data, sizeof data});
    CU_ASSERT_TRUE(closed(2));
    given_led();
    hears(2, Q_REVALIDATE, -1, BYTES_NULL);
    CU_ASSERT_TRUE(closed(2));
}

/* --- PING ---------------------------------------------------------------- */

static void
touched_sessions_are_passed_on(void)
{
    uint8_t data[12] = {0};

    given_led();
    hears(2, Q_PING, EPOCH(5), (struct bytes){data, sizeof data});
    CU_ASSERT_EQUAL_FATAL(last.count, 1);
    CU_ASSERT_EQUAL(last.act[0].kind, LEADER_TOUCH);
    CU_ASSERT_EQUAL(last.act[0].slot, 2);
}

/* Trap 14.1.1: Apache closes on it; there is no reason to. */
static void
a_ping_with_null_data_is_a_sign_of_life(void)
{
    given_led();
    now += 1234;
    hears(2, Q_PING, EPOCH(5), BYTES_NULL);
    CU_ASSERT_EQUAL(last.count, 0);
    CU_ASSERT_EQUAL(leader.peer[2].heard, now);
    hears(2, Q_PING, EPOCH(5), (struct bytes){(const uint8_t *)"", 0});
    CU_ASSERT_EQUAL(last.count, 0);
}

static void
nothing_is_touched_before_up_to_date(void)
{
    uint8_t data[12] = {0};

    given_stage(PEER_SEALED);
    hears(2, Q_PING, EPOCH(5), (struct bytes){data, sizeof data});
    CU_ASSERT_EQUAL(last.count, 0);
}

UNIT_SUITE(leader_hear)
{
    unit_suite("leader_hear");
    UNIT(the_first_packet_says_who_it_is);
    UNIT(an_info_that_is_cut_short_is_refused);
    UNIT(a_protocol_before_3_4_is_refused);
    UNIT(our_own_sid_is_refused);
    UNIT(a_newer_configuration_is_refused);
    UNIT(a_configuration_of_a_later_version_is_known);
    UNIT(an_epoch_that_none_can_follow_is_refused);
    UNIT(an_epoch_that_nobody_can_have_reached_is_refused);
    UNIT(who_leaps_into_a_term_is_only_refused);
    UNIT(a_member_that_promised_a_later_epoch_ends_the_term);
    UNIT(the_next_term_begins_above_all_that_was_heard);
    UNIT(a_stranger_that_promised_a_later_epoch_is_only_refused);
    UNIT(the_newer_connection_of_a_server_wins);
    UNIT(a_connection_that_was_alive_is_known_when_another_comes);
    UNIT(one_server_is_one_voter_however_often_it_comes);
    UNIT(the_first_slot_is_one_like_the_others);
    UNIT(a_zabd_learner_is_recognised_with_what_both_can);
    UNIT(an_ack_epoch_without_an_epoch_is_refused);
    UNIT(a_packet_out_of_stage_closes);
    UNIT(who_is_brought_up_has_few_words);
    UNIT(an_unknown_packet_is_ignored);
    UNIT(only_the_exact_ack_seals);
    UNIT(what_is_not_committed_goes_behind_up_to_date);
    UNIT(an_ack_that_overtakes_the_one_for_new_leader_is_remembered);
    UNIT(an_early_ack_of_what_was_not_sent_is_not_believed_later);
    UNIT(acks_of_the_history_are_ignored_at_any_time);
    UNIT(acks_with_counter_0_are_ignored);
    UNIT(an_ack_of_what_was_not_sent_is_ignored);
    UNIT(an_older_ack_takes_nothing_back);
    UNIT(a_strangers_ack_does_not_commit);
    UNIT(a_request_is_passed_on_as_it_came);
    UNIT(a_request_without_a_body_is_one);
    UNIT(a_request_that_is_cut_short_closes);
    UNIT(a_sync_is_not_passed_on);
    UNIT(observers_may_ask);
    UNIT(revalidations_are_passed_on);
    UNIT(a_question_about_half_a_session_closes);
    UNIT(touched_sessions_are_passed_on);
    UNIT(a_ping_with_null_data_is_a_sign_of_life);
    UNIT(nothing_is_touched_before_up_to_date);
}
