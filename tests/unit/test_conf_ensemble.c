/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about daemon/conf/conf_ensemble.c: what the server lines mean. */
#include <errno.h>

#include "tests/unit/conf_given.h"
#include "tests/unit/tempdir.h"

static char dir[DATA_PATH_MAX];

#define LIMITS "clientPort=2181\ninitLimit=10\nsyncLimit=5\n"
#define THREE "server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\n"
#define OBSERVED THREE "server.4=d:1:2:observer\n"

/*
 * A file of line 1 dataDir, in which `myid` stands if it is not NULL, and
 * then `text`.
 */
static int
given_member(const char *myid, const char *text)
{
    char path[DATA_PATH_MAX], whole[2048];
    int rc;

    tempdir_make(dir);
    data_path(path, dir, "myid");
    if (myid)
        file_write(path, myid, strlen(myid));
    snprintf(whole, sizeof whole, "dataDir=%s\n%s", dir, text);
    rc = given(whole);
    tempdir_remove(dir);
    return rc;
}

static void
several_voters_are_an_ensemble(void)
{
    CU_ASSERT_EQUAL_FATAL(
        given_member("2\n", LIMITS
                     "server.3=c:1:2\nserver.1=a:1:2\nserver.2=b:1:2;2181\n"),
        0);
    CU_ASSERT_EQUAL(report.count, 0);
    CU_ASSERT_EQUAL(conf.member_count, 3);
    CU_ASSERT_EQUAL(conf.ring_bytes, 64 << 20);
    CU_ASSERT_EQUAL(conf.my_sid, 2);
    CU_ASSERT_FALSE(conf.is_observer);
    for (uint32_t i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(conf.member[i].sid, (sid_t)i + 1);
        CU_ASSERT_EQUAL(conf.member[i].weight, 1);
        CU_ASSERT_EQUAL(conf.member[i].group, 0);
    }
    CU_ASSERT_STRING_EQUAL(conf.member[2].host, "c");
}

static void
its_keys_have_zookeepers_defaults(void)
{
    CU_ASSERT_EQUAL_FATAL(given_member("1", LIMITS THREE), 0);
    CU_ASSERT_EQUAL(conf.election_alg, 3);
    CU_ASSERT_TRUE(conf.leader_serves);
    CU_ASSERT_FALSE(conf.listen_on_all_ips);
    CU_ASSERT_EQUAL(conf.cnx_timeout_ms, 5000);
    CU_ASSERT_EQUAL(conf.election_bind_retry, 3);
    CU_ASSERT_EQUAL(conf.election_max_notification_ms, 60000);
    CU_ASSERT_EQUAL(conf.learner_connect_ticks, 0);
    CU_ASSERT_EQUAL(conf.observer_master_port, 0);
    CU_ASSERT_EQUAL(conf.observer_election_delay_ms, 200);
    CU_ASSERT_FALSE(conf.force_snap_sync);
    CU_ASSERT_DOUBLE_EQUAL(conf.snap_size_factor, 0.33, 1e-9);
    CU_ASSERT_EQUAL(conf.leader_silence_ms, 600);
}

static void
its_keys_are_taken_in(void)
{
    CU_ASSERT_EQUAL_FATAL(
        given_member("1", LIMITS THREE
                     "leaderServes=no\nquorumListenOnAllIPs=true\n"
                     "cnxTimeout=100\nelectionPortBindRetry=0\n"
                     "fastleader.maxNotificationInterval=1000\n"
                     "connectToLearnerMasterLimit=3\n"
                     "forceSnapshotSync=true\nsnapshotSizeFactor=-1\n"
                     "leader.silence=0\nobserver.election.DelayMs=0\n"),
        0);
    CU_ASSERT_EQUAL(report.count, 0);
    CU_ASSERT_FALSE(conf.leader_serves);
    CU_ASSERT_TRUE(conf.listen_on_all_ips);
    CU_ASSERT_EQUAL(conf.cnx_timeout_ms, 100);
    CU_ASSERT_EQUAL(conf.election_bind_retry, 0);
    CU_ASSERT_EQUAL(conf.election_max_notification_ms, 1000);
    CU_ASSERT_EQUAL(conf.learner_connect_ticks, 3);
    CU_ASSERT_TRUE(conf.force_snap_sync);
    CU_ASSERT_TRUE(conf.snap_size_factor < 0);
    CU_ASSERT_EQUAL(conf.leader_silence_ms, 0);
    CU_ASSERT_EQUAL(conf.observer_election_delay_ms, 0);
}

static void
one_voter_serves_alone(void)
{
    CU_ASSERT_EQUAL(given(BASE "server.1=h:2888:3888\n"), 0);
    CU_ASSERT_TRUE(finds(CONF_WARNING, 3, "server.1"));
    CU_ASSERT_EQUAL(conf.member_count, 0);
    CU_ASSERT_EQUAL(given("dataDir=/d\nserver.1=h:1:2;127.0.0.1:2185\n"), 0);
    CU_ASSERT_EQUAL(conf.client_port, 2185);
    CU_ASSERT_STRING_EQUAL(conf.client_address, "127.0.0.1");
    CU_ASSERT_EQUAL(given(BASE "server.1=h:1:2;2185\n"), -EINVAL);
    CU_ASSERT_EQUAL(given(BASE "server.1=a:1:2;2181;2281\n"), -EINVAL);
}

static void
one_voter_may_be_an_ensemble(void)
{
    CU_ASSERT_EQUAL(given_member("1", LIMITS "server.1=a:1:2\n"
                                             "server.2=b:1:2:observer\n"
                                             "standaloneEnabled=false\n"),
                    0);
    CU_ASSERT_EQUAL(conf.member_count, 2);
    CU_ASSERT_EQUAL(given(BASE "standaloneEnabled=false\n"), -EINVAL);
    CU_ASSERT_TRUE(finds(CONF_ERROR, 3, "standaloneEnabled"));
}

static void
observers_need_voters(void)
{
    CU_ASSERT_EQUAL(given(BASE "server.1=a:1:2:observer\n"), -EINVAL);
    CU_ASSERT_TRUE(says("Observers w/o participants"));
    CU_ASSERT_EQUAL(given(BASE "server.1=a:1:2\nserver.2=b:1:2:observer\n"),
                    -EINVAL);
    CU_ASSERT_TRUE(says("standaloneEnabled=false"));
}

static void
a_member_given_twice_is_one_member(void)
{
    CU_ASSERT_EQUAL(given("dataDir=/d\nserver.1=a:1:2;2181\n"
                          "server.1=b:1:2;2182\n"),
                    0);
    CU_ASSERT_EQUAL(conf.client_port, 2182);
}

static void
an_ensemble_needs_its_limits(void)
{
    CU_ASSERT_EQUAL(given_member("1", "clientPort=2181\n" THREE), -EINVAL);
    CU_ASSERT_TRUE(finds(CONF_ERROR, 0, "initLimit"));
    CU_ASSERT_TRUE(finds(CONF_ERROR, 0, "syncLimit"));
    CU_ASSERT_EQUAL(report.errors, 2);
}

static void
an_ensemble_without_patience_is_warned(void)
{
    CU_ASSERT_EQUAL(given_member("1", "clientPort=2181\ninitLimit=10\n"
                                      "tickTime=50\nsyncLimit=9\n"
                                      "leader.silence=199\n" THREE),
                    0);
    CU_ASSERT_TRUE(finds(CONF_WARNING, 5, "syncLimit"));
    CU_ASSERT_TRUE(says("450 ms in all"));
    CU_ASSERT_TRUE(finds(CONF_WARNING, 6, "leader.silence"));
    CU_ASSERT_EQUAL(given_member("1", "clientPort=2181\ninitLimit=10\n"
                                      "tickTime=50\nsyncLimit=10\n"
                                      "leader.silence=200\n" THREE),
                    0);
    CU_ASSERT_EQUAL(report.count, 0);
    CU_ASSERT_EQUAL(given_member("1", LIMITS "leader.silence=0\n" THREE), 0);
    CU_ASSERT_EQUAL(report.count, 0);
}

static void
myid_is_the_first_line_of_its_file(void)
{
    CU_ASSERT_EQUAL(given_member(" 3 \r\nmore\n", LIMITS THREE), 0);
    CU_ASSERT_EQUAL(conf.my_sid, 3);
}

static void
a_bad_myid_is_told_with_what_is_allowed(void)
{
    static const char *const bad[] = {
        "", "\n1\n", "abc\n", "1x\n", "-1\n", "99999999999999999999\n"};

    CU_ASSERT_EQUAL(given_member(NULL, LIMITS THREE), -EINVAL);
    CU_ASSERT_TRUE(says("myid: error: myid file is missing; allowed: this "
                        "server's number, one of 1, 2, 3"));
    CU_ASSERT_EQUAL(given_member("4\n", LIMITS THREE), -EINVAL);
    CU_ASSERT_TRUE(says("myid:1: error: My id 4 not in the peer list"));
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        CU_ASSERT_EQUAL(given_member(bad[i], LIMITS THREE), -EINVAL);
        CU_ASSERT_TRUE(says("is not a number"));
    }
}

static void
our_own_line_says_our_role_and_port(void)
{
    CU_ASSERT_EQUAL(given_member("4", LIMITS OBSERVED), 0);
    CU_ASSERT_TRUE(conf.is_observer);
    CU_ASSERT_EQUAL(report.warnings, 0);
    CU_ASSERT_EQUAL(given_member("4", LIMITS OBSERVED "peerType=observer\n"),
                    0);
    CU_ASSERT_EQUAL(report.warnings, 0);
    CU_ASSERT_EQUAL(given_member("1", LIMITS THREE "peerType=observer\n"), 0);
    CU_ASSERT_FALSE(conf.is_observer);
    CU_ASSERT_TRUE(finds(CONF_WARNING, 8, "peerType"));
    CU_ASSERT_EQUAL(given_member("1", LIMITS "server.1=a:1:2;10.0.0.1:2181\n"
                                             "server.2=b:1:2;2199\n"),
                    0);
    CU_ASSERT_STRING_EQUAL(conf.client_address, "10.0.0.1");
    CU_ASSERT_EQUAL(given_member("2", LIMITS "server.1=a:1:2;10.0.0.1:2181\n"
                                             "server.2=b:1:2;2199\n"),
                    -EINVAL);
    CU_ASSERT_TRUE(finds(CONF_ERROR, 6, "server.2"));
}

/* Its quorum port is nobody's while it follows, and so it may be the same. */
static void
a_port_for_observers_that_is_taken_is_warned_of(void)
{
    CU_ASSERT_EQUAL(given_member("1", LIMITS THREE "observerMasterPort=2\n"),
                    0);
    CU_ASSERT_TRUE(finds(CONF_WARNING, 8, "observerMasterPort"));
    CU_ASSERT_EQUAL(given_member("1", LIMITS THREE "observerMasterPort=2181\n"),
                    0);
    CU_ASSERT_TRUE(finds(CONF_WARNING, 8, "observerMasterPort"));
    CU_ASSERT_EQUAL(given_member("1", LIMITS THREE "observerMasterPort=1\n"),
                    0);
    CU_ASSERT_EQUAL(report.warnings, 0);
    CU_ASSERT_EQUAL(given_member("4", LIMITS OBSERVED "observerMasterPort=2\n"),
                    0);
    CU_ASSERT_EQUAL(report.warnings, 0);
}

static void
few_and_even_voters_are_warned_of(void)
{
    CU_ASSERT_EQUAL(given_member("1", LIMITS "server.1=a:1:2\n"
                                             "server.2=b:1:2\n"),
                    0);
    CU_ASSERT_TRUE(says("No server failure will be tolerated"));
    CU_ASSERT_EQUAL(given_member("1", LIMITS THREE "server.4=d:1:2\n"), 0);
    CU_ASSERT_TRUE(says("consider an odd number of servers"));
    CU_ASSERT_EQUAL(given_member("1", LIMITS OBSERVED), 0);
    CU_ASSERT_EQUAL(report.count, 0);
}

static void
ports_on_one_host_must_differ(void)
{
    static const char *const bad[] = {
        "server.1=a:1:2\nserver.2=a:1:3\nserver.3=c:1:2\n",
        "server.1=a:1:2\nserver.2=a:3:2\nserver.3=c:1:2\n",
        "server.1=a:1:2\nserver.2=a:3:1\nserver.3=c:1:2\n",
        "server.1=a:1:2;2181\nserver.2=a:3:4;2181\nserver.3=c:1:2\n",
        "server.1=a:1:2\nserver.2=b:5:5\nserver.3=c:1:2\n",
        "server.1=a:1:2\nserver.2=b:5:6;6\nserver.3=c:1:2\n",
    };

    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        char text[256];

        snprintf(text, sizeof text, LIMITS "%s", bad[i]);
        CU_ASSERT_EQUAL(given_member("1", text), -EINVAL);
        CU_ASSERT_EQUAL(report.errors, 1);
        CU_ASSERT_TRUE(finds(CONF_ERROR, 6, "server.2"));
    }
    CU_ASSERT_EQUAL(given_member("1", LIMITS "server.1=a:1:2\n"
                                             "server.2=a:3:4\n"
                                             "server.3=a:5:6\n"),
                    0);
    CU_ASSERT_EQUAL(given_member("1", LIMITS "server.1=a:2181:2\n"
                                             "server.2=b:1:2\n"
                                             "server.3=c:1:2\n"),
                    -EINVAL);
}

static void
groups_and_weights_are_taken_in(void)
{
    CU_ASSERT_EQUAL_FATAL(
        given_member("1", LIMITS OBSERVED
                     "group.1=1:2\ngroup.7=3\nweight.2=0\nweight.3=5\n"),
        0);
    CU_ASSERT_EQUAL(conf.member[0].group, 1);
    CU_ASSERT_EQUAL(conf.member[0].weight, 1);
    CU_ASSERT_EQUAL(conf.member[1].group, 1);
    CU_ASSERT_EQUAL(conf.member[1].weight, 0);
    CU_ASSERT_EQUAL(conf.member[2].group, 7);
    CU_ASSERT_EQUAL(conf.member[2].weight, 5);
    CU_ASSERT_EQUAL(conf.member[3].group, 0);
}

static void
every_voter_is_in_exactly_one_group(void)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"group.1=1:2\n", "server.3: is in no group"},
        {"weight.1=2\n", "server.1: is in no group"},
        {"group.1=1:2\ngroup.2=2:3\n", "names 2, which is in group.1 already"},
        {"group.1=1:2:2:3\n", "names 2, which is in group.1 already"},
        {"group.1=1:2:3:9\n", "and there is no server.9"},
        {"group.1=1:2:3:4\n", "names 4, an observer"},
        {"group.1=1:2:3:4\nweight.4=2\n", "names 4, an observer"},
        {"group.1=1:2:3:4\ngroup.2=4\nweight.4=0\n",
         "names 4, which is in group.1 already"},
        {"group.1=1:2:3\nweight.9=1\n", "weight.9: there is no server.9"},
        {"group.1=1:2:3\nweight.1=0\nweight.2=0\nweight.3=0\n",
         "no voter has any weight"},
        {"group.16=1:2:3\n", "a group's number is not between"},
        {"group.0=1:2:3\n", "a group's number is not between"},
        {"group.1=1;2;3\n", "is not a list of servers"},
        {"group.1=1:2:3\nweight.1=-1\n", "is not a number of votes"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        char text[256];

        snprintf(text, sizeof text, LIMITS OBSERVED "%s", bad[i].text);
        CU_ASSERT_EQUAL(given_member("1", text), -EINVAL);
        CU_ASSERT_TRUE(says(bad[i].says));
    }
}

/* ZK: QuorumHierarchical starts with it; only a weight would count. */
static void
an_observer_without_weight_may_be_in_a_group(void)
{
    CU_ASSERT_EQUAL_FATAL(
        given_member("1",
                     LIMITS OBSERVED "group.1=1:2:3\ngroup.2=4\nweight.4=0\n"),
        0);
    CU_ASSERT_EQUAL(conf.member[3].group, 2);
    CU_ASSERT_EQUAL(conf.member[3].weight, 0);
}

static void
one_voter_may_have_all_the_weight(void)
{
    CU_ASSERT_EQUAL(given_member("1", LIMITS OBSERVED
                                 "group.1=1:2:3\nweight.2=0\nweight.3=0\n"),
                    0);
}

static void
polling_is_allowed_and_warned_of(void)
{
    CU_ASSERT_EQUAL(given_member("1", LIMITS THREE "electionAlg=0\n"), 0);
    CU_ASSERT_EQUAL(conf.election_alg, 0);
    CU_ASSERT_TRUE(finds(CONF_WARNING, 8, "electionAlg"));
    CU_ASSERT_EQUAL(given_member("1", LIMITS THREE "electionAlg=1\n"), -EINVAL);
    CU_ASSERT_TRUE(says("Invalid electionAlg value"));
    CU_ASSERT_EQUAL(given_member("1", LIMITS THREE "electionAlg=0\n"
                                                   "group.1=1:2:3\n"),
                    -EINVAL);
    CU_ASSERT_TRUE(finds(CONF_ERROR, 8, "electionAlg"));
}

/* Said, not silently passed over. */
static void
what_an_ensemble_lacks_is_warned_of(void)
{
    CU_ASSERT_EQUAL(given_member("1",
                                 LIMITS THREE "db.autocreate=false\n"
                                              "localSessionsUpgradingEnabled"
                                              "=true\n"),
                    0);
    CU_ASSERT_FALSE(finds(CONF_WARNING, 8, "db.autocreate"));
    CU_ASSERT_TRUE(finds(CONF_WARNING, 9, "localSessionsUpgradingEnabled"));
}

static void
numbers_fit_a_session_id(void)
{
    CU_ASSERT_EQUAL(given_member("1", LIMITS "server.1=a:1:2\n"
                                             "server.255=b:1:2\n"),
                    0);
    CU_ASSERT_EQUAL(given_member("1", LIMITS "server.1=a:1:2\n"
                                             "server.256=b:1:2\n"),
                    -EINVAL);
    CU_ASSERT_EQUAL(given_member("1", LIMITS "server.1=a:1:2\n"
                                             "server.255=b:1:2\n"
                                             "extendedTypesEnabled=true\n"),
                    -EINVAL);
    CU_ASSERT_TRUE(says("allowed: 0 to 254"));
}

static void
ports_of_all_addresses_are_compared(void)
{
    CU_ASSERT_EQUAL(given_member("1", LIMITS "server.1=a:1:2|aa:1:2\n"
                                             "server.2=b:1:2|bb:1:2\n"
                                             "server.3=c:1:2\n"),
                    0);
    CU_ASSERT_EQUAL(report.count, 0);
    CU_ASSERT_EQUAL(given_member("1", LIMITS "server.1=a:1:2|aa:1:2\n"
                                             "server.2=b:1:2|aa:2:3\n"),
                    -EINVAL);
    CU_ASSERT_TRUE(says("has the port 2 of server.1 on the same host"));
    CU_ASSERT_EQUAL(given_member("1", LIMITS "server.1=a:1:2|aa:7:7\n"
                                             "server.2=b:1:2\n"),
                    -EINVAL);
    CU_ASSERT_TRUE(says("quorum and election port are the same, 7"));
}

/* An IPv6 address has many spellings, and so has a name. */
static void
a_host_is_the_same_however_it_is_spelled(void)
{
    CU_ASSERT_EQUAL(given_member("1", LIMITS "server.1=[::1]:1:2\n"
                                             "server.2=[0:0::1]:2:3\n"),
                    -EINVAL);
    CU_ASSERT_TRUE(says("has the port 2 of server.1 on the same host"));
    CU_ASSERT_EQUAL(given_member("1", LIMITS "server.1=zk.example.org:1:2\n"
                                             "server.2=ZK.Example.org:2:3\n"),
                    -EINVAL);
    CU_ASSERT_EQUAL(given_member("1", LIMITS "server.1=[::1]:1:2\n"
                                             "server.2=[::2]:1:2\n"),
                    0);
}

static void
the_polling_election_knows_one_address(void)
{
    CU_ASSERT_EQUAL(given_member("1", LIMITS "electionAlg=0\n"
                                             "server.1=a:1:2|aa:1:2\n"
                                             "server.2=b:1:2\n"),
                    -EINVAL);
    CU_ASSERT_TRUE(says("knows one address of each server; allowed: 3"));
}

static void
a_number_that_is_given_twice_is_warned_of(void)
{
    CU_ASSERT_EQUAL(given_member("1", LIMITS THREE "server.2=d:1:2\n"), 0);
    CU_ASSERT_TRUE(says(":8: warning: server.2: is given in line 6 already: "
                        "this one counts"));
    CU_ASSERT_STRING_EQUAL(conf.member[1].host, "d");
}

static void
a_wrong_line_says_what_is_allowed(void)
{
    CU_ASSERT_EQUAL(given_member("1", LIMITS "server.1=a:1\n"), -EINVAL);
    CU_ASSERT_TRUE(says("server.1: Missing election port for server; allowed: "
                        "host:quorumPort:electionPort"));
}

/* etc/zoo-ensemble.cfg, but with a data folder of the test. */
static void
the_sample_is_an_ensemble_without_a_finding(void)
{
    char text[2000] = "";
    FILE *f = fopen("etc/zoo-ensemble.cfg", "r");
    char *data_dir;

    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_TRUE(fread(text, 1, sizeof text - 1, f) < sizeof text - 1);
    fclose(f);
    data_dir = strstr(text, "\ndataDir=");
    CU_ASSERT_PTR_NOT_NULL_FATAL(data_dir);
    data_dir[1] = '#';
    CU_ASSERT_EQUAL(given_member("3", text), 0);
    CU_ASSERT_EQUAL(report.count, 0);
    CU_ASSERT_EQUAL(conf.member_count, 3);
}

UNIT_SUITE(conf_ensemble)
{
    unit_suite("conf_ensemble");
    UNIT(several_voters_are_an_ensemble);
    UNIT(its_keys_have_zookeepers_defaults);
    UNIT(its_keys_are_taken_in);
    UNIT(one_voter_serves_alone);
    UNIT(one_voter_may_be_an_ensemble);
    UNIT(observers_need_voters);
    UNIT(a_member_given_twice_is_one_member);
    UNIT(an_ensemble_needs_its_limits);
    UNIT(an_ensemble_without_patience_is_warned);
    UNIT(myid_is_the_first_line_of_its_file);
    UNIT(a_bad_myid_is_told_with_what_is_allowed);
    UNIT(our_own_line_says_our_role_and_port);
    UNIT(a_port_for_observers_that_is_taken_is_warned_of);
    UNIT(few_and_even_voters_are_warned_of);
    UNIT(ports_on_one_host_must_differ);
    UNIT(groups_and_weights_are_taken_in);
    UNIT(every_voter_is_in_exactly_one_group);
    UNIT(an_observer_without_weight_may_be_in_a_group);
    UNIT(one_voter_may_have_all_the_weight);
    UNIT(polling_is_allowed_and_warned_of);
    UNIT(what_an_ensemble_lacks_is_warned_of);
    UNIT(numbers_fit_a_session_id);
    UNIT(ports_of_all_addresses_are_compared);
    UNIT(a_host_is_the_same_however_it_is_spelled);
    UNIT(the_polling_election_knows_one_address);
    UNIT(a_number_that_is_given_twice_is_warned_of);
    UNIT(a_wrong_line_says_what_is_allowed);
    UNIT(the_sample_is_an_ensemble_without_a_finding);
}
