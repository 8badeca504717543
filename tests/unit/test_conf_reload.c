/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about daemon/conf/conf_reload.c. */
#include "tests/unit/conf_given.h"

static struct conf running, wanted;

/* Load both, and take the findings of the difference. */
static uint32_t
pending(const char *before, const char *after)
{
    CU_ASSERT_EQUAL_FATAL(given(before), 0);
    running = conf;
    CU_ASSERT_EQUAL_FATAL(given(after), 0);
    wanted = conf;
    memset(&report, 0, sizeof report);
    return conf_diff(&running, &wanted, &report);
}

static void
the_same_file_changes_nothing(void)
{
    CU_ASSERT_EQUAL(pending(BASE, BASE "# a comment\n"), 0);
    CU_ASSERT_EQUAL(report.count, 0);
}

static void
a_live_key_is_taken_and_noted(void)
{
    CU_ASSERT_EQUAL(pending(BASE, BASE "maxClientCnxns=7\n"), 0);
    CU_ASSERT_TRUE(finds(CONF_NOTE, 3, "maxClientCnxns"));
    CU_ASSERT_TRUE(says("60 is now 7"));
    conf_take_live(&running, &wanted);
    CU_ASSERT_EQUAL(running.max_client_cnxns, 7);
}

static void
a_restart_key_keeps_its_value_and_is_named(void)
{
    CU_ASSERT_EQUAL(pending(BASE, "dataDir=/e\nclientPort=2181\n"), 2);
    CU_ASSERT_TRUE(finds(CONF_WARNING, 1, "dataDir"));
    CU_ASSERT_TRUE(says("needs a restart (running: /d, file: /e)"));
    CU_ASSERT_TRUE(finds(CONF_WARNING, 0, "dataLogDir"));
    conf_take_live(&running, &wanted);
    CU_ASSERT_STRING_EQUAL(running.data_dir, "/d");
    CU_ASSERT_STRING_EQUAL(running.data_log_dir, "/d");
}

static void
both_kinds_in_one_file_each_go_their_way(void)
{
    CU_ASSERT_EQUAL(pending(BASE, BASE "forceSync=no\nlog.level=debug\n"), 1);
    conf_take_live(&running, &wanted);
    CU_ASSERT_TRUE(running.force_sync);
    CU_ASSERT_EQUAL(running.log_level, 3);
}

/* Nor would a restart give it one. */
static void
what_has_no_effect_waits_for_no_restart(void)
{
    CU_ASSERT_EQUAL(pending(BASE, BASE "flushDelay=3\n"
                                       "commitLogCount=900\n"),
                    0);
    CU_ASSERT_EQUAL(report.count, 0);
}

static void
a_pending_key_stays_pending(void)
{
    pending(BASE, BASE "skipACL=yes\n");
    conf_take_live(&running, &wanted);
    CU_ASSERT_EQUAL(conf_diff(&running, &wanted, &report), 1);
}

/* maxSessionTimeout is 20 ticks of the tick that runs. */
static void
derived_bounds_wait_for_the_tick(void)
{
    CU_ASSERT_EQUAL(pending(BASE "tickTime=2000\n", BASE "tickTime=1000\n"), 1);
    conf_take_live(&running, &wanted);
    CU_ASSERT_EQUAL(running.tick_time_ms, 2000);
    CU_ASSERT_EQUAL(running.min_session_timeout_ms, 4000);
    CU_ASSERT_EQUAL(running.max_session_timeout_ms, 40000);
}

static void
given_bounds_do_not_wait(void)
{
    pending(BASE, BASE "tickTime=1000\nmaxSessionTimeout=50000\n");
    conf_take_live(&running, &wanted);
    CU_ASSERT_EQUAL(running.max_session_timeout_ms, 50000);
    CU_ASSERT_EQUAL(running.min_session_timeout_ms, 6000);
}

static void
larger_requests_wait_if_the_rings_cannot_carry_them(void)
{
    CU_ASSERT_EQUAL(pending(BASE, BASE "jute.maxbuffer=500000\n"), 0);
    CU_ASSERT_EQUAL(pending(BASE "ring.size=1G\nrequest.ring.size=64M\n",
                            BASE "ring.size=1G\nrequest.ring.size=64M\n"
                                 "jute.maxbuffer=4194304\n"
                                 "jute.maxbuffer.extrasize=1048575\n"),
                    0);
    CU_ASSERT_EQUAL(pending(BASE, BASE "jute.maxbuffer=4194304\n"
                                       "jute.maxbuffer.extrasize=1048575\n"),
                    1);
    conf_take_live(&running, &wanted);
    CU_ASSERT_EQUAL(running.jute_maxbuffer, 1048575);
}

static void
a_secret_that_changes_is_not_shown(void)
{
    static const char with[] =
        BASE "DigestAuthenticationProvider.superDigest=super:hush\n";

    CU_ASSERT_EQUAL(pending(BASE, with), 0);
    CU_ASSERT_EQUAL(report.count, 1);
    CU_ASSERT_FALSE(says("hush"));
    conf_take_live(&running, &wanted);
    CU_ASSERT_STRING_EQUAL(running.super_digest, "super:hush");
}

/* Members change by restarts, one server after the other. */
static void
changed_members_need_a_restart(void)
{
    struct conf_member *m;

    CU_ASSERT_EQUAL_FATAL(given(BASE), 0);
    running = conf;
    running.member_count = 3;
    for (uint32_t i = 0; i < 3; i++)
        running.member[i] = (struct conf_member){
            .sid = (sid_t)i + 1, .host = "h", .quorum_port = 1, .weight = 1};
    wanted = running;
    memset(&report, 0, sizeof report);
    CU_ASSERT_EQUAL(conf_diff(&running, &wanted, &report), 0);
    m = wanted.member;
    m[0].quorum_port = 7;
    m[1].group = 1;
    m[2].sid = 4;
    m[2].line = 9;
    CU_ASSERT_EQUAL(conf_diff(&running, &wanted, &report), 4);
    CU_ASSERT_TRUE(finds(CONF_WARNING, 0, "server.1"));
    CU_ASSERT_TRUE(finds(CONF_WARNING, 0, "server.2"));
    CU_ASSERT_TRUE(finds(CONF_WARNING, 0, "server.3"));
    CU_ASSERT_TRUE(finds(CONF_WARNING, 9, "server.4"));
    CU_ASSERT_TRUE(says("file: none"));
    conf_take_live(&running, &wanted);
    CU_ASSERT_EQUAL(running.member[0].quorum_port, 1);
}

/* What is given counts, where a bound of the old tick is on its wrong side. */
static void
session_bounds_do_not_cross_while_the_tick_stays(void)
{
    given(BASE "tickTime=2000\n");
    running = conf;
    given(BASE "tickTime=100\nmaxSessionTimeout=3000\n");
    conf_take_live(&running, &conf);
    CU_ASSERT_EQUAL(running.max_session_timeout_ms, 3000);
    CU_ASSERT_EQUAL(running.min_session_timeout_ms, 3000);
    given(BASE "tickTime=100\n");
    running = conf;
    given(BASE "tickTime=2000\nminSessionTimeout=4000\n");
    conf_take_live(&running, &conf);
    CU_ASSERT_EQUAL(running.min_session_timeout_ms, 4000);
    CU_ASSERT_EQUAL(running.max_session_timeout_ms, 4000);
}

static void
the_largest_request_is_what_both_rings_carry(void)
{
    given(BASE);
    CU_ASSERT_EQUAL(conf_request_max(&conf), conf.jute_maxbuffer);
    given(BASE "ring.size=64M\nrequest.ring.size=16M\n");
    CU_ASSERT_EQUAL(conf_request_max(&conf), (4 << 20) - 4096);
    given(BASE "ring.size=16M\nrequest.ring.size=16M\n");
    CU_ASSERT_EQUAL(conf_request_max(&conf), (2 << 20) - 4096);
    given(BASE "ring.size=16M\njute.maxbuffer=9000000\n");
    CU_ASSERT_EQUAL(conf_request_max(&conf), 9000000);
}

/* What it takes of the memory was decided at the start. */
static void
a_larger_request_is_no_other_memory_limit(void)
{
    CU_ASSERT_EQUAL(pending(BASE "ring.size=64M\nrequest.ring.size=64M\n",
                            BASE "ring.size=64M\nrequest.ring.size=64M\n"
                                 "jute.maxbuffer=4194304\n"),
                    0);
    CU_ASSERT_EQUAL(pending(BASE, BASE "jute.maxbuffer=100000000\n"), 1);
}

UNIT_SUITE(conf_reload)
{
    unit_suite("conf_reload");
    UNIT(the_same_file_changes_nothing);
    UNIT(a_live_key_is_taken_and_noted);
    UNIT(a_restart_key_keeps_its_value_and_is_named);
    UNIT(both_kinds_in_one_file_each_go_their_way);
    UNIT(what_has_no_effect_waits_for_no_restart);
    UNIT(a_pending_key_stays_pending);
    UNIT(derived_bounds_wait_for_the_tick);
    UNIT(given_bounds_do_not_wait);
    UNIT(larger_requests_wait_if_the_rings_cannot_carry_them);
    UNIT(a_secret_that_changes_is_not_shown);
    UNIT(changed_members_need_a_restart);
    UNIT(session_bounds_do_not_cross_while_the_tick_stays);
    UNIT(the_largest_request_is_what_both_rings_carry);
    UNIT(a_larger_request_is_no_other_memory_limit);
}
