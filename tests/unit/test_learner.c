/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_learner.c - discovery, and how a learner is brought up; then comes
 * test_learner_txn.c, and all the while test_learner_time.c.
 */
#include "tests/unit/learner_given.h"

#include <errno.h>

static struct given g;

/* --- discovery ----------------------------------------------------------- */

/* 16.2: FOLLOWER_INFO; what Apache does not read stands behind it. */
static void
says_who_it_is_as_apache_does(void)
{
    static const uint8_t info[20] = {[7] = 1, [9] = 1};
    struct learner_conf conf = conf_with(0);
    const struct learner_act *a;

    conf.accepted = conf.current = 0;
    connect_with(&g, conf);
    CU_ASSERT_EQUAL(g.out.count, 1);
    a = sent(&g, 0, Q_FOLLOWER_INFO, 0);
    CU_ASSERT_EQUAL_FATAL(a->packet.data.size, 28);
    CU_ASSERT_EQUAL(memcmp(a->packet.data.data, info, sizeof info), 0);
    CU_ASSERT_EQUAL(a->packet.authinfo.size, -1);
}

static void
tells_a_zabd_leader_what_it_can_do(void)
{
    struct learner_info info;

    connect_with(&g, conf_with(OLD(3)));
    sent(&g, 0, Q_FOLLOWER_INFO, OLD(0));
    CU_ASSERT_EQUAL(learner_info_get(g.out.act[0].packet.data, &info), 0);
    CU_ASSERT_TRUE(info.is_zabd);
    CU_ASSERT_EQUAL(info.flags, LEARNER_QUICK);
}

/* Trap 14.1.10: a leader refuses whose is newer than its own. */
static void
tells_the_version_of_its_configuration(void)
{
    struct learner_conf conf = conf_with(OLD(3));
    struct learner_info info;

    conf.config_version = OLD(2);
    connect_with(&g, conf);
    CU_ASSERT_EQUAL(learner_info_get(g.out.act[0].packet.data, &info), 0);
    CU_ASSERT_EQUAL(info.config_version, OLD(2));
}

/* Trap 14.3: epochs accepted by observers raise the next epoch as well. */
static void
an_observer_names_its_accepted_epoch_too(void)
{
    connect_with(&g, observer_with(OLD(3)));
    sent(&g, 0, Q_OBSERVER_INFO, OLD(0));
}

/* 4.5: acceptedEpoch to disk before ACK_EPOCH. */
static void
promises_a_new_epoch_only_when_it_is_on_disk(void)
{
    connect_with(&g, conf_with(OLD(3)));
    hear_leader_info(&g, EPOCH);
    CU_ASSERT_EQUAL(g.out.count, 1);
    CU_ASSERT_EQUAL(did(&g, 0, LEARNER_STORE_ACCEPTED)->epoch, EPOCH);
    stored(&g);
    CU_ASSERT_EQUAL(g.out.count, 1);
    sent(&g, 0, Q_ACK_EPOCH, OLD(3));
}

/* Trap 14.1.9: current epoch as an int of 4 bytes, zxid the last logged. */
static void
ack_epoch_carries_the_current_epoch_as_an_int(void)
{
    struct learner_conf conf = conf_with(OLD(3));
    const struct learner_act *a;

    conf.current = 4;
    given_awaiting(&g, conf);
    a = sent(&g, 0, Q_ACK_EPOCH, OLD(3));
    CU_ASSERT_EQUAL_FATAL(a->packet.data.size, 4);
    CU_ASSERT_EQUAL(load_be32(a->packet.data.data), 4);
}

/* Trap 14.1.9: -1 says that this epoch was promised before. */
static void
an_epoch_promised_before_is_answered_with_minus_one(void)
{
    struct learner_conf conf = conf_with(NEW(15));
    const struct learner_act *a;

    conf.accepted = conf.current = EPOCH;
    connect_with(&g, conf);
    hear_leader_info(&g, EPOCH);
    CU_ASSERT_EQUAL(g.out.count, 1);
    a = sent(&g, 0, Q_ACK_EPOCH, NEW(15));
    CU_ASSERT_EQUAL(load_be32(a->packet.data.data), UINT32_MAX);
}

/* 13.3, EPOCH-PROMISE */
static void
an_epoch_below_the_promise_is_left(void)
{
    connect_with(&g, conf_with(OLD(3)));
    hear_leader_info(&g, EPOCH - 2);
    gave_up(&g);
}

/* One leader must not use up all epochs there are. */
static void
an_epoch_that_cannot_have_been_reached_is_left(void)
{
    int64_t accepted = conf_with(OLD(3)).accepted;

    connect_with(&g, conf_with(OLD(3)));
    hear_leader_info(&g, accepted + EPOCH_LEAP_MAX + 1);
    gave_up(&g);
    connect_with(&g, conf_with(OLD(3)));
    hear_leader_info(&g, accepted + EPOCH_LEAP_MAX);
    CU_ASSERT_EQUAL(g.l.state, LEARNER_PROMISING);
}

/* Who is new cannot know where the others are. */
static void
an_empty_server_comes_to_any_epoch_but_the_one_behind_all(void)
{
    struct learner_conf conf = conf_with(0);

    conf.accepted = conf.current = 0;
    connect_with(&g, conf);
    hear_leader_info(&g, EPOCH_MAX);
    CU_ASSERT_EQUAL(g.l.state, LEARNER_PROMISING);
    connect_with(&g, conf);
    hear_leader_info(&g, EPOCH_MAX + 1);
    gave_up(&g);
}

static void
a_leader_info_that_is_cut_short_is_left(void)
{
    connect_with(&g, conf_with(OLD(3)));
    hear(&g, Q_LEADER_INFO, NEW(0));
    gave_up(&g);
}

/* Another server has our number: what it promised, we must not promise. */
static void
nothing_is_promised_where_our_number_is_taken(void)
{
    struct leader_info info = {
        .protocol = LEARNER_PROTOCOL, .is_zabd = true, .flags = LEARNER_TAKEN};
    uint8_t buffer[LEADER_INFO_BYTES_MAX];
    struct jute_out data = jute_out_of(buffer, sizeof buffer);

    leader_info_put(&data, &info);
    connect_with(&g, conf_with(OLD(3)));
    CU_ASSERT_FALSE(g.l.is_taken);
    hear_packet(&g, (struct qpacket){Q_LEADER_INFO,
                                     NEW(0),
                                     {buffer, (int32_t)jute_out_size(&data)},
                                     BYTES_NULL});
    gave_up(&g);
    CU_ASSERT_TRUE(g.l.is_taken);
}

/* 4.3: the handshake from before 3.4 begins with NEW_LEADER. */
static void
a_leader_that_begins_otherwise_is_left(void)
{
    connect_with(&g, conf_with(OLD(3)));
    hear(&g, Q_NEW_LEADER, NEW(0));
    gave_up(&g);
}

static void
a_leader_that_does_not_wait_for_the_promise_is_left(void)
{
    connect_with(&g, conf_with(OLD(3)));
    hear_leader_info(&g, EPOCH);
    hear(&g, Q_DIFF, OLD(3));
    gave_up(&g);
}

/* --- DIFF, TRUNC, SNAP --------------------------------------------------- */

/* Trap ZOOKEEPER-3104: NEW_LEADER strictly behind the history. */
static void
new_leader_before_any_history_is_refused(void)
{
    given_awaiting(&g, conf_with(OLD(3)));
    hear(&g, Q_NEW_LEADER, NEW(0));
    gave_up(&g);
}

/* 4.7: whatever zxid DIFF has. */
static void
diff_keeps_what_we_have(void)
{
    given_awaiting(&g, conf_with(OLD(3)));
    hear(&g, Q_DIFF, OLD(9));
    did_nothing(&g);
    CU_ASSERT_EQUAL(g.l.state, LEARNER_SYNCING);
    CU_ASSERT_EQUAL(g.l.last, OLD(3));
}

/* Trap ZOOKEEPER-1154: cut inclusively, what is named stays. */
static void
trunc_cuts_behind_what_it_names(void)
{
    given_awaiting(&g, conf_with(OLD(15)));
    hear(&g, Q_TRUNC, OLD(12));
    CU_ASSERT_EQUAL(did(&g, 0, LEARNER_TRUNCATE)->zxid, OLD(12));
    truncated(&g, 0);
    did_nothing(&g);
    CU_ASSERT_EQUAL(g.l.last, OLD(12));
    CU_ASSERT_EQUAL(g.l.durable, OLD(12));
    hear_pair(&g, OLD(13));
    CU_ASSERT_EQUAL(g.l.last, OLD(13));
}

/* Back in the epoch we left: what was outstanding goes, and comes again. */
static void
trunc_in_the_leaders_own_epoch_is_obeyed(void)
{
    struct learner_conf conf = conf_with(NEW(15));

    conf.accepted = conf.current = EPOCH;
    given_awaiting(&g, conf);
    hear(&g, Q_TRUNC, NEW(12));
    CU_ASSERT_EQUAL(did(&g, 0, LEARNER_TRUNCATE)->zxid, NEW(12));
    truncated(&g, 0);
    hear(&g, Q_PROPOSAL, NEW(13));
    did(&g, 0, LEARNER_APPEND);
}

static void
trunc_to_our_own_end_needs_no_cut(void)
{
    given_awaiting(&g, conf_with(OLD(15)));
    hear(&g, Q_TRUNC, OLD(15));
    did_nothing(&g);
    CU_ASSERT_EQUAL(g.l.state, LEARNER_SYNCING);
}

/* Trap 14.3: TRUNC to a zxid absent from the log wants a snapshot. */
static void
trunc_to_what_is_not_in_the_log_wants_a_snapshot(void)
{
    given_awaiting(&g, conf_with(OLD(15)));
    hear(&g, Q_TRUNC, ZXID(3, 2));
    truncated(&g, -ENOENT);
    gave_up(&g);
    CU_ASSERT_TRUE(g.l.needs_snap);
}

static void
trunc_beyond_our_end_wants_a_snapshot(void)
{
    given_awaiting(&g, conf_with(OLD(15)));
    hear(&g, Q_TRUNC, OLD(16));
    gave_up(&g);
    CU_ASSERT_TRUE(g.l.needs_snap);
}

static void
a_cut_that_fails_ends_the_connection(void)
{
    given_awaiting(&g, conf_with(OLD(15)));
    hear(&g, Q_TRUNC, OLD(12));
    truncated(&g, -EIO);
    gave_up(&g);
    CU_ASSERT_FALSE(g.l.needs_snap);
}

/* ZK: db.autocreate=false: no epoch, no zxid, so no promise (11.7). */
static void
who_lost_all_promises_nothing(void)
{
    struct learner_conf conf = conf_with(0);
    const struct learner_act *a;

    conf.current = -1;
    given_awaiting(&g, conf);
    a = sent(&g, 0, Q_ACK_EPOCH, -1);
    CU_ASSERT_EQUAL(load_be32(a->packet.data.data), UINT32_MAX);
    conf.last = OLD(15); /* it was given that, and perhaps not all */
    given_awaiting(&g, conf);
    a = sent(&g, 0, Q_ACK_EPOCH, OLD(15));
    CU_ASSERT_EQUAL(load_be32(a->packet.data.data), UINT32_MAX);
    hear(&g, Q_DIFF, OLD(15));
    hear(&g, Q_NEW_LEADER, NEW(0));
    CU_ASSERT_EQUAL(did(&g, 0, LEARNER_STORE_CURRENT)->epoch, EPOCH);
}

/* 13.18, NO-TRUNC-COMMITTED */
static void
trunc_below_what_is_committed_is_refused(void)
{
    struct learner_conf conf = conf_with(OLD(15));

    conf.committed = OLD(13);
    given_awaiting(&g, conf);
    hear(&g, Q_TRUNC, OLD(12));
    gave_up(&g);
    CU_ASSERT_TRUE(g.l.is_ahead);
    given_awaiting(&g, conf);
    hear(&g, Q_TRUNC, OLD(13));
    did(&g, 0, LEARNER_TRUNCATE);
    CU_ASSERT_FALSE(g.l.is_ahead);
}

/* What a start loaded is not known to be committed. */
static void
what_was_only_loaded_may_all_be_cut(void)
{
    given_awaiting(&g, conf_with(OLD(15)));
    hear(&g, Q_TRUNC, 0);
    CU_ASSERT_EQUAL(did(&g, 0, LEARNER_TRUNCATE)->zxid, 0);
    truncated(&g, 0);
    hear_pair(&g, 1);
    CU_ASSERT_EQUAL(g.l.last, 1);
}

/* Trap 14.3: a fresh leader's zxid is no transaction, but a snapshot's. */
static void
a_snapshot_replaces_what_we_have(void)
{
    given_awaiting(&g, conf_with(OLD(15)));
    hear(&g, Q_SNAP, NEW(0));
    CU_ASSERT_EQUAL(did(&g, 0, LEARNER_TAKE_SNAP)->zxid, NEW(0));
    snapped(&g, NEW(0));
    did_nothing(&g);
    CU_ASSERT_EQUAL(g.l.last, NEW(0));
    hear_pair(&g, NEW(1));
    CU_ASSERT_EQUAL(g.l.last, NEW(1));
}

static void
a_snapshot_may_be_older_than_an_uncommitted_log(void)
{
    given_awaiting(&g, conf_with(OLD(15)));
    hear(&g, Q_SNAP, OLD(9));
    snapped(&g, OLD(9));
    CU_ASSERT_EQUAL(g.l.last, OLD(9));
    CU_ASSERT_EQUAL(g.l.durable, OLD(9));
}

static void
a_snapshot_older_than_what_is_committed_is_refused(void)
{
    struct learner_conf conf = conf_with(OLD(15));

    conf.committed = OLD(13);
    given_awaiting(&g, conf);
    hear(&g, Q_SNAP, OLD(12));
    gave_up(&g);
    CU_ASSERT_TRUE(g.l.is_ahead);
    given_awaiting(&g, conf);
    hear(&g, Q_SNAP, OLD(13));
    snapped(&g, OLD(13));
    CU_ASSERT_EQUAL(g.l.state, LEARNER_SYNCING);
}

/* A SNAP of NEW(5), of a leader whose history has `common` of ours. */
static void
hear_snap_beyond(zxid_t common)
{
    struct signature signature = {.common = common};
    uint8_t buffer[SIGNATURE_BYTES_MAX];
    struct jute_out data = jute_out_of(buffer, sizeof buffer);

    signature_put(&data, &signature);
    hear_packet(&g, (struct qpacket){Q_SNAP,
                                     NEW(5),
                                     {buffer, (int32_t)jute_out_size(&data)},
                                     BYTES_NULL});
}

/* Its zxid is larger, for its epoch is later. */
static void
a_snapshot_without_what_is_committed_is_refused(void)
{
    struct learner_conf conf = conf_with(OLD(15));

    conf.committed = OLD(13);
    given_awaiting(&g, conf);
    hear_snap_beyond(OLD(12));
    gave_up(&g);
    CU_ASSERT_TRUE(g.l.is_ahead);
    given_awaiting(&g, conf);
    hear_snap_beyond(OLD(13));
    snapped(&g, NEW(5));
    CU_ASSERT_EQUAL(g.l.state, LEARNER_SYNCING);
    given_awaiting(&g, conf);
    hear_snap_beyond(0); /* it does not say */
    snapped(&g, NEW(5));
    CU_ASSERT_EQUAL(g.l.state, LEARNER_SYNCING);
}

/* What that leader began with ends somewhere in an earlier epoch. */
static void
an_epoch_that_begins_is_not_what_a_snapshot_lacks(void)
{
    struct learner_conf conf = conf_with(OLD(2));

    conf.committed = OLD(0);
    given_awaiting(&g, conf);
    hear_snap_beyond(ZXID(EPOCH - 2, 9));
    snapped(&g, NEW(5));
    CU_ASSERT_EQUAL(g.l.state, LEARNER_SYNCING);
}

/* Its bytes come from the wire, too. */
static void
a_snapshot_other_than_announced_is_refused(void)
{
    struct learner_conf conf = conf_with(OLD(15));

    conf.committed = OLD(13);
    given_awaiting(&g, conf);
    hear(&g, Q_SNAP, OLD(13));
    snapped(&g, OLD(12));
    gave_up(&g);
    given_awaiting(&g, conf);
    hear(&g, Q_SNAP, OLD(13));
    snapped(&g, ZXID(EPOCH + 1, 1));
    gave_up(&g);
}

/* Trap ZOOKEEPER-4712: what is on disk of the log that goes. */
static void
the_disk_of_the_old_log_does_not_count(void)
{
    given_awaiting(&g, conf_with(OLD(15)));
    durable(&g, OLD(15));
    hear(&g, Q_SNAP, OLD(20));
    durable(&g, OLD(99));
    did_nothing(&g);
    snapped(&g, OLD(20));
    CU_ASSERT_EQUAL(g.l.durable, OLD(20));
}

static void
history_of_a_later_epoch_than_the_leaders_is_refused(void)
{
    given_awaiting(&g, conf_with(OLD(15)));
    hear(&g, Q_SNAP, ZXID(EPOCH + 1, 1));
    gave_up(&g);
    given_awaiting(&g, conf_with(ZXID(EPOCH + 1, 5)));
    hear(&g, Q_TRUNC, ZXID(EPOCH + 1, 1));
    gave_up(&g);
    given_awaiting(&g, conf_with(ZXID(EPOCH + 1, 5)));
    hear(&g, Q_DIFF, 0);
    gave_up(&g);
}

/* A history of no use: zxid 0 is claimed, whatever the log holds. */
static void
who_wants_a_snapshot_claims_no_history(void)
{
    struct learner_conf conf = conf_with(OLD(15));

    conf.wants_snap = true;
    connect_with(&g, conf);
    hear_leader_info(&g, EPOCH);
    stored(&g);
    sent(&g, 0, Q_ACK_EPOCH, 0);
    hear(&g, Q_SNAP, OLD(20));
    snapped(&g, OLD(20));
    CU_ASSERT_EQUAL(g.l.last, OLD(20));
    conf.last = 0;
    given_syncing(&g, conf);
    did_nothing(&g);
}

/* A leader without history gives DIFF to a claim of none (4.6, P == L). */
static void
a_claim_of_no_history_comes_true_when_diff_answers_it(void)
{
    struct learner_conf conf = conf_with(OLD(15));

    conf.wants_snap = true;
    given_awaiting(&g, conf);
    hear(&g, Q_DIFF, 0);
    CU_ASSERT_EQUAL(did(&g, 0, LEARNER_TRUNCATE)->zxid, 0);
    truncated(&g, 0);
    CU_ASSERT_EQUAL(g.l.last, 0);
    conf.committed = OLD(2);
    given_awaiting(&g, conf);
    hear(&g, Q_DIFF, 0);
    gave_up(&g);
}

static void
a_claim_of_no_history_is_not_cut(void)
{
    struct learner_conf conf = conf_with(OLD(15));

    conf.wants_snap = true;
    given_awaiting(&g, conf);
    hear(&g, Q_TRUNC, OLD(12));
    gave_up(&g);
    CU_ASSERT_TRUE(g.l.needs_snap);
}

UNIT_SUITE(learner)
{
    unit_suite("learner");
    UNIT(says_who_it_is_as_apache_does);
    UNIT(tells_a_zabd_leader_what_it_can_do);
    UNIT(tells_the_version_of_its_configuration);
    UNIT(an_observer_names_its_accepted_epoch_too);
    UNIT(promises_a_new_epoch_only_when_it_is_on_disk);
    UNIT(ack_epoch_carries_the_current_epoch_as_an_int);
    UNIT(an_epoch_promised_before_is_answered_with_minus_one);
    UNIT(an_epoch_below_the_promise_is_left);
    UNIT(an_epoch_that_cannot_have_been_reached_is_left);
    UNIT(an_empty_server_comes_to_any_epoch_but_the_one_behind_all);
    UNIT(a_leader_info_that_is_cut_short_is_left);
    UNIT(nothing_is_promised_where_our_number_is_taken);
    UNIT(a_leader_that_begins_otherwise_is_left);
    UNIT(a_leader_that_does_not_wait_for_the_promise_is_left);
    UNIT(new_leader_before_any_history_is_refused);
    UNIT(diff_keeps_what_we_have);
    UNIT(trunc_cuts_behind_what_it_names);
    UNIT(trunc_in_the_leaders_own_epoch_is_obeyed);
    UNIT(trunc_to_our_own_end_needs_no_cut);
    UNIT(trunc_to_what_is_not_in_the_log_wants_a_snapshot);
    UNIT(trunc_beyond_our_end_wants_a_snapshot);
    UNIT(a_cut_that_fails_ends_the_connection);
    UNIT(who_lost_all_promises_nothing);
    UNIT(trunc_below_what_is_committed_is_refused);
    UNIT(what_was_only_loaded_may_all_be_cut);
    UNIT(a_snapshot_replaces_what_we_have);
    UNIT(a_snapshot_may_be_older_than_an_uncommitted_log);
    UNIT(a_snapshot_older_than_what_is_committed_is_refused);
    UNIT(a_snapshot_without_what_is_committed_is_refused);
    UNIT(an_epoch_that_begins_is_not_what_a_snapshot_lacks);
    UNIT(a_snapshot_other_than_announced_is_refused);
    UNIT(the_disk_of_the_old_log_does_not_count);
    UNIT(history_of_a_later_epoch_than_the_leaders_is_refused);
    UNIT(who_wants_a_snapshot_claims_no_history);
    UNIT(a_claim_of_no_history_comes_true_when_diff_answers_it);
    UNIT(a_claim_of_no_history_is_not_cut);
}
