/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_learner_time.c - how long a learner waits for its leader, and what
 * counts as a sign of life.
 */
#include "tests/unit/learner_given.h"

static struct given g;

/* --- limits -------------------------------------------------------------- */

/* In steps as a shell makes them; true if it gave up within `ms`. */
static bool
silence_of(int64_t ms, int64_t step)
{
    for (int64_t at = 0; at < ms; at += step) {
        tick_after(&g, step);
        if (g.out.count > 0)
            return true;
    }
    return false;
}

/* 6.3 */
static void
waits_init_limit_until_new_leader(void)
{
    given_syncing(&g, conf_with(OLD(3)));
    CU_ASSERT_FALSE(silence_of(INIT_MS - 100, 100));
    tick_after(&g, 100);
    gave_up(&g);
}

static void
waits_sync_limit_afterwards(void)
{
    given_sealed(&g, conf_with(OLD(3)));
    CU_ASSERT_FALSE(silence_of(SYNC_MS - 100, 100));
    tick_after(&g, 100);
    gave_up(&g);
}

/* 6.3: any packet; 14.1.4: even one that is not answered. */
static void
any_packet_begins_the_time_again(void)
{
    given_sealed(&g, conf_with(OLD(3)));
    CU_ASSERT_FALSE(silence_of(SYNC_MS - 100, 100));
    hear(&g, Q_PING, NEW(0));
    did_nothing(&g);
    CU_ASSERT_FALSE(silence_of(SYNC_MS - 100, 100));
}

static void
bytes_of_a_snapshot_begin_the_time_again(void)
{
    given_awaiting(&g, conf_with(0));
    hear(&g, Q_SNAP, OLD(9));
    CU_ASSERT_FALSE(silence_of(INIT_MS - 100, 100));
    learner_stirs(&g.l, g.now);
    CU_ASSERT_FALSE(silence_of(INIT_MS - 100, 100));
    CU_ASSERT_TRUE(silence_of(100, 100));
}

/* The leader is silent because it waits for us. */
static void
our_own_disk_is_no_silence_of_the_leader(void)
{
    connect_with(&g, conf_with(OLD(15)));
    hear_leader_info(&g, EPOCH);
    CU_ASSERT_FALSE(silence_of(3 * INIT_MS, 100));
    stored(&g);
    hear(&g, Q_TRUNC, OLD(3));
    CU_ASSERT_FALSE(silence_of(3 * INIT_MS, 100));
    truncated(&g, 0);
    CU_ASSERT_FALSE(silence_of(INIT_MS - 100, 100));
    hear(&g, Q_NEW_LEADER, NEW(0));
    CU_ASSERT_FALSE(silence_of(3 * INIT_MS, 100));
    stored(&g);
    CU_ASSERT_FALSE(silence_of(SYNC_MS - 100, 100));
    CU_ASSERT_TRUE(silence_of(100, 100));
}

/* What a snapshot brought took long to write, and nobody said so. */
static void
an_end_of_our_own_work_begins_the_time_again(void)
{
    given_awaiting(&g, conf_with(OLD(3)));
    hear(&g, Q_SNAP, OLD(9));
    CU_ASSERT_FALSE(silence_of(INIT_MS - 100, 100));
    snapped(&g, OLD(9));
    CU_ASSERT_FALSE(silence_of(INIT_MS - 100, 100));
    given_awaiting(&g, conf_with(OLD(9)));
    hear(&g, Q_TRUNC, OLD(3));
    g.now += 2000;
    truncated(&g, 0);
    tick_after(&g, 100);
    CU_ASSERT_EQUAL(g.l.words.ms, 100);
}

/* --- a leader that is left early ----------------------------------------- */

/* The leader says `theirs` of itself, we say `ours` of us. */
static void
given_flags(int32_t theirs, int32_t ours, int32_t silence_ms)
{
    struct learner_conf conf = conf_with(OLD(3));
    struct leader_info info = {
        .protocol = LEARNER_PROTOCOL, .is_zabd = true, .flags = theirs};
    uint8_t buffer[LEADER_INFO_BYTES_MAX];
    struct jute_out data = jute_out_of(buffer, sizeof buffer);

    conf.flags = ours;
    conf.silence_ms = silence_ms;
    connect_with(&g, conf);
    leader_info_put(&data, &info);
    hear_packet(
        &g, (struct qpacket){
                Q_LEADER_INFO, NEW(0), {buffer, sizeof buffer}, BYTES_NULL});
    stored(&g);
    hear(&g, Q_DIFF, OLD(3));
    hear(&g, Q_NEW_LEADER, NEW(0));
    stored(&g);
    hear(&g, Q_UP_TO_DATE, -1);
    CU_ASSERT_EQUAL_FATAL(g.l.state, LEARNER_BROADCAST);
}

static void
given_quick(void)
{
    given_flags(LEARNER_QUICK, LEARNER_QUICK, 600);
}

static void
a_quick_leader_is_left_after_a_short_silence(void)
{
    given_quick();
    CU_ASSERT_FALSE(silence_of(500, 100));
    tick_after(&g, 100);
    gave_up(&g);
}

/* It pings often if both say that they are quick. */
static void
a_leader_is_left_early_only_if_both_are_quick(void)
{
    given_flags(LEARNER_ZSTD, LEARNER_QUICK, 600);
    CU_ASSERT_FALSE(silence_of(SYNC_MS - 100, 100));
    given_flags(LEARNER_QUICK, LEARNER_ZSTD, 600);
    CU_ASSERT_FALSE(silence_of(SYNC_MS - 100, 100));
    CU_ASSERT_TRUE(silence_of(100, 100));
}

/*
 * A packet is lost on the way: TCP has the next ones, and keeps them until that
 * one has come again, which takes a round trip or several.  Who pings lives.
 */
static void
a_quick_leader_whose_words_wait_for_a_lost_one_is_kept(void)
{
    given_quick();
    CU_ASSERT_FALSE(silence_of(500, 100));
    learner_link_lives(&g.l, g.now);
    CU_ASSERT_FALSE(silence_of(500, 100));
    tick_after(&g, 100);
    gave_up(&g);
}

/* Something on the way lets small packets pass, and the large one never. */
static void
what_never_comes_is_waited_for_as_long_as_syncLimit(void)
{
    given_quick();
    for (int64_t at = 0; at < SYNC_MS - 100; at += 100) {
        learner_link_lives(&g.l, g.now);
        CU_ASSERT_FALSE(silence_of(100, 100));
    }
    learner_link_lives(&g.l, g.now);
    tick_after(&g, 100);
    gave_up(&g);
}

static void
a_leader_is_left_early_only_if_asked(void)
{
    given_flags(LEARNER_QUICK, LEARNER_QUICK, 0);
    CU_ASSERT_FALSE(silence_of(SYNC_MS - 100, 100));
    CU_ASSERT_TRUE(silence_of(100, 100));
}

/* Stopped for a minute and continued: it was not the leader that slept. */
static void
time_in_which_we_did_not_run_does_not_count(void)
{
    given_quick();
    tick_after(&g, 60000);
    did_nothing(&g);
    hear(&g, Q_PING, NEW(0));
    did(&g, 0, LEARNER_PONG);
    CU_ASSERT_FALSE(silence_of(500, 100));
}

/* The first tick after a packet counts from the packet. */
static void
time_before_the_last_packet_does_not_count(void)
{
    given_quick();
    g.now += 100;
    hear(&g, Q_PING, NEW(0));
    tick_after(&g, 50);
    CU_ASSERT_EQUAL(g.l.words.ms, 50);
}

static void
ticks_that_are_rare_still_find_a_dead_leader(void)
{
    given_quick();
    CU_ASSERT_FALSE(silence_of(3000, 1000));
    tick_after(&g, 1000);
    gave_up(&g);
}

/* Trap ZOOKEEPER-4712: nothing of an old role reaches a new one. */
static void
when_it_is_over_nothing_happens_any_more(void)
{
    given_broadcast(&g, conf_with(OLD(3)));
    hear(&g, Q_PROPOSAL, NEW(1));
    hear(&g, Q_SNAP, NEW(0));
    gave_up(&g);
    durable(&g, NEW(1));
    did_nothing(&g);
    hear(&g, Q_PROPOSAL, NEW(2));
    did_nothing(&g);
    stored(&g);
    did_nothing(&g);
    truncated(&g, 0);
    did_nothing(&g);
    snapped(&g, NEW(5));
    did_nothing(&g);
    CU_ASSERT_FALSE(silence_of(3 * INIT_MS, 1000));
}

UNIT_SUITE(learner_time)
{
    unit_suite("learner_time");
    UNIT(waits_init_limit_until_new_leader);
    UNIT(waits_sync_limit_afterwards);
    UNIT(any_packet_begins_the_time_again);
    UNIT(bytes_of_a_snapshot_begin_the_time_again);
    UNIT(our_own_disk_is_no_silence_of_the_leader);
    UNIT(an_end_of_our_own_work_begins_the_time_again);
    UNIT(a_quick_leader_is_left_after_a_short_silence);
    UNIT(a_leader_is_left_early_only_if_both_are_quick);
    UNIT(a_quick_leader_whose_words_wait_for_a_lost_one_is_kept);
    UNIT(what_never_comes_is_waited_for_as_long_as_syncLimit);
    UNIT(a_leader_is_left_early_only_if_asked);
    UNIT(time_in_which_we_did_not_run_does_not_count);
    UNIT(time_before_the_last_packet_does_not_count);
    UNIT(ticks_that_are_rare_still_find_a_dead_leader);
    UNIT(when_it_is_over_nothing_happens_any_more);
}
