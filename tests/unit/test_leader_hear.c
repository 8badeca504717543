/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about net/zab/leader_hear.c: what learners may say, and when. */
#include "tests/unit/leader_given.h"

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
    if (stage >= PEER_INFORMED)
        comes(2, 4);
    else
        joins(2);
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
