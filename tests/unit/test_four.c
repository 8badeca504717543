/* SPDX-License-Identifier: Apache-2.0 */
/* test_four.c - claims about four letter words and the numbers in them. */
#include "net/admin/four.h"

#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static struct conn_info connections[2];
static struct shm_client client;
static struct shm_super super;
static struct shm shm = {.super = &super};
static struct figures figures;
static struct conf conf;

static const struct four four = {
    .shm = &shm, .conf = &conf, .figures = &figures, .self = &connections[1]};

/* The answer to `word`; good until the next one. */
static const char *
answer(enum conf_word word)
{
    static char *text;
    size_t size;
    FILE *out;

    free(text);
    out = open_memstream(&text, &size);
    CU_ASSERT_TRUE(four_print(&four, word, out));
    fclose(out);
    return text;
}

static void
given_a_server(void)
{
    static alignas(8) uint8_t memory[2 * CONN_INFO_BYTES];

    memset(memory, 0, sizeof memory);
    super.client_count = 1;
    shm.client[0] = &client;
    shm.conns[0] = (struct conn_info *)(void *)memory;
    client.stats.conn_end = 2;
    figures = (struct figures){.is_serving = true,
                               .role = ROLE_STANDALONE,
                               .received = 3,
                               .sent = 2,
                               .connections = 2,
                               .latency_count = 3,
                               .latency_total_ms = 10,
                               .latency_max_ms = 9,
                               .tree = {.zxid = 0x1f, .node_count = 5}};
}

static void
words_are_told_from_lengths(void)
{
    enum conf_word word;

    CU_ASSERT_EQUAL(four_kind((const uint8_t *)"ruok", &word), FOUR_WORD);
    CU_ASSERT_EQUAL(word, CONF_WORD_RUOK);
    CU_ASSERT_EQUAL(four_kind((const uint8_t *)"\0\0\0\55", &word),
                    FOUR_LENGTH);
    CU_ASSERT_EQUAL(four_kind((const uint8_t *)"RUOK", &word), FOUR_LENGTH);
    CU_ASSERT_EQUAL(four_kind((const uint8_t *)"\377\364\377\375", &word),
                    FOUR_BREAK);
}

static void
averages_have_one_to_four_digits(void)
{
    char text[32];

    figures_format(0, text);
    CU_ASSERT_STRING_EQUAL(text, "0.0");
    figures_format(4.2, text);
    CU_ASSERT_STRING_EQUAL(text, "4.2");
    figures_format(10.0 / 3, text);
    CU_ASSERT_STRING_EQUAL(text, "3.3333");
    figures_format(15.0 / 14, text);
    CU_ASSERT_STRING_EQUAL(text, "1.0714");
}

static void
ruok_and_isro_have_no_newline(void)
{
    given_a_server();
    CU_ASSERT_STRING_EQUAL(answer(CONF_WORD_RUOK), "imok");
    CU_ASSERT_STRING_EQUAL(answer(CONF_WORD_ISRO), "rw");
    figures.is_serving = false;
    CU_ASSERT_STRING_EQUAL(answer(CONF_WORD_ISRO), "null");
}

static void
srvr_has_its_lines_in_order(void)
{
    const char *text;

    given_a_server();
    text = answer(CONF_WORD_SRVR);
    CU_ASSERT_EQUAL(strncmp(text, "Zookeeper version: 3.8.0-", 25), 0);
    CU_ASSERT_STRING_EQUAL(strchr(text, '\n') + 1,
                           "Latency min/avg/max: 0/3.3333/9\n"
                           "Received: 3\nSent: 2\nConnections: 2\n"
                           "Outstanding: 0\nZxid: 0x1f\nMode: standalone\n"
                           "Node count: 5\n");
}

static void
stat_and_cons_list_connections_in_use(void)
{
    struct conn_info *c;

    given_a_server();
    c = conn_info_at(&shm, 0, 1);
    *c = (struct conn_info){
        .id = 1, .port = 567, .address = {127, 0, 0, 1}, .received = 9};
    CU_ASSERT_PTR_NOT_NULL(
        strstr(answer(CONF_WORD_STAT),
               "Clients:\n /127.0.0.1:567[1](queued=0,recved=9,sent=0)\n\n"
               "Latency"));
    c->session = 0x10;
    c->last_op = ZK_OP_GET_DATA;
    c->last_cxid = 7;
    c->timeout_ms = 4000;
    CU_ASSERT_STRING_EQUAL(
        answer(CONF_WORD_CONS),
        " /127.0.0.1:567[1](queued=0,recved=9,sent=0,sid=0x10,lop=GETD,est=0,"
        "to=4000,lcxid=0x7,lzxid=0x0,lresp=0,llat=0,minlat=0,avglat=0,"
        "maxlat=0)\n\n");
}

static void
an_ipv6_peer_is_written_out(void)
{
    struct conn_info *c;

    given_a_server();
    c = conn_info_at(&shm, 0, 0);
    *c = (struct conn_info){.id = 1, .port = 5, .is_v6 = 1};
    c->address[15] = 1;
    CU_ASSERT_PTR_NOT_NULL(
        strstr(answer(CONF_WORD_CONS), " /[0:0:0:0:0:0:0:1]:5[1]("));
}

/* Some scripts read no more than 2048 bytes. */
static void
mntr_is_pairs_and_its_important_ones_come_first(void)
{
    const char *text, *at;

    given_a_server();
    text = answer(CONF_WORD_MNTR);
    CU_ASSERT_EQUAL(strncmp(text, "zk_version\t3.8.0-", 17), 0);
    at = strstr(text, "zk_server_state\tstandalone\n");
    CU_ASSERT_PTR_NOT_NULL(at);
    at = strstr(text, "\nzk_avg_latency\t3.3333\n");
    CU_ASSERT_PTR_NOT_NULL(at);
    at = strstr(text, "\nzk_ephemerals_count\t0\n");
    CU_ASSERT_PTR_NOT_NULL(at);
    CU_ASSERT_TRUE(at - text < 2048);
}

static void
given_a_member(enum server_role role)
{
    given_a_server();
    figures.role = role;
    figures.ensemble = (struct ensemble_figures){
        .zab_state = ZAB_BROADCAST,
        .quorum_size = 3,
        .leader = 2,
        .epoch = 5,
        .learners = 3,
        .synced_followers = 2,
        .synced_observers = 1,
        .foreign = 1,
        .leader_uptime_ms = 77,
        .proposal_last = 48,
        .proposal_min = 40,
        .proposal_max = 190,
    };
}

static void
envi_names_the_user_and_where_we_are(void)
{
    const struct passwd *user = getpwuid(geteuid());
    char expected[8192], cwd[4096];

    snprintf(expected, sizeof expected,
             "\nuser.name=%s\nuser.home=%s\nuser.dir=%s\n", user->pw_name,
             user->pw_dir, getcwd(cwd, sizeof cwd));
    given_a_server();
    CU_ASSERT_PTR_NOT_NULL(strstr(answer(CONF_WORD_ENVI), expected));
}

static long
open_files(void)
{
    const char *at =
        strstr(answer(CONF_WORD_MNTR), "zk_open_file_descriptor_count\t");

    return at ? atol(strchr(at, '\t')) : -1;
}

/* In the words of who is asked, at the moment it is. */
static void
files_are_counted_when_they_are_told(void)
{
    long before;
    int fd[10];

    given_a_server();
    before = open_files();
    for (size_t i = 0; i < ARRAY_COUNT(fd); i++)
        fd[i] = dup(0);
    CU_ASSERT_EQUAL(open_files(), before + 10);
    for (size_t i = 0; i < ARRAY_COUNT(fd); i++)
        close(fd[i]);
}

static bool
mntr_has(const char *line)
{
    const char *at = strstr(answer(CONF_WORD_MNTR), line);

    return at && at[-1] == '\n' && at[strlen(line)] == '\n';
}

static void
a_member_tells_its_mode(void)
{
    given_a_member(ROLE_FOLLOWING);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(answer(CONF_WORD_SRVR), "\nMode: follower\n"));
    CU_ASSERT_TRUE(mntr_has("zk_server_state\tfollower"));
    CU_ASSERT_TRUE(mntr_has("zk_peer_state\tfollowing - broadcast"));
    CU_ASSERT_TRUE(mntr_has("zk_quorum_size\t3"));
    CU_ASSERT_TRUE(mntr_has("zk_foreign_members\t1"));
    given_a_member(ROLE_OBSERVING);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(answer(CONF_WORD_STAT), "\nMode: observer\n"));
    CU_ASSERT_TRUE(mntr_has("zk_peer_state\tobserving - broadcast"));
    CU_ASSERT_TRUE(mntr_has("zk_observer_master_id\t2"));
}

/* ZK: FollowerZooKeeperServer, where there is an ObserverMaster. */
static void
a_follower_with_a_port_for_observers_tells_how_many_there_are(void)
{
    given_a_member(ROLE_FOLLOWING);
    CU_ASSERT_FALSE(mntr_has("zk_synced_observers"));
    figures.ensemble.master_port = 2191;
    CU_ASSERT_TRUE(mntr_has("zk_synced_observers\t1"));
    CU_ASSERT_FALSE(mntr_has("zk_learners"));
}

/* ZK: ReadOnlyZooKeeperServer is no QuorumZooKeeperServer, it has no peer. */
static void
a_member_without_a_leader_tells_that_it_is_read_only(void)
{
    const char *text;

    given_a_member(ROLE_READ_ONLY);
    text = answer(CONF_WORD_SRVR);
    CU_ASSERT_PTR_NOT_NULL(strstr(
        text, "UTC\nREAD-ONLY mode; serving only read-only clients\nLatency"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\nMode: read-only\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(
        answer(CONF_WORD_STAT),
        "UTC\nREAD-ONLY mode; serving only read-only clients\nClients:"));
    CU_ASSERT_STRING_EQUAL(answer(CONF_WORD_ISRO), "ro");
    CU_ASSERT_TRUE(mntr_has("zk_server_state\tread-only"));
    CU_ASSERT_PTR_NULL(strstr(answer(CONF_WORD_MNTR), "zk_peer_state"));
}

static void
only_a_leader_tells_of_learners_and_proposals(void)
{
    const char *text;

    given_a_member(ROLE_LEADING);
    text = answer(CONF_WORD_SRVR);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\nMode: leader\nNode count: 5\n"));
    CU_ASSERT_STRING_EQUAL(strstr(text, "Proposal"),
                           "Proposal sizes last/min/max: 48/40/190\n");
    CU_ASSERT_TRUE(mntr_has("zk_peer_state\tleading - broadcast"));
    CU_ASSERT_TRUE(mntr_has("zk_learners\t3"));
    CU_ASSERT_TRUE(mntr_has("zk_synced_followers\t2"));
    CU_ASSERT_TRUE(mntr_has("zk_synced_observers\t1"));
    CU_ASSERT_TRUE(mntr_has("zk_pending_syncs\t0"));
    CU_ASSERT_TRUE(mntr_has("zk_leader_uptime\t77"));
    CU_ASSERT_TRUE(mntr_has("zk_max_proposal_size\t190"));
    text = answer(CONF_WORD_MNTR);
    CU_ASSERT_TRUE(strstr(text, "zk_pending_syncs") - text < 2048);
    given_a_member(ROLE_FOLLOWING);
    CU_ASSERT_PTR_NULL(strstr(answer(CONF_WORD_SRVR), "Proposal"));
    CU_ASSERT_PTR_NULL(strstr(answer(CONF_WORD_MNTR), "synced_followers"));
}

static void
a_server_of_its_own_tells_nothing_of_an_ensemble(void)
{
    given_a_server();
    CU_ASSERT_PTR_NULL(strstr(answer(CONF_WORD_MNTR), "zk_peer_state"));
    CU_ASSERT_PTR_NULL(strstr(answer(CONF_WORD_MNTR), "zk_quorum_size"));
    CU_ASSERT_PTR_NULL(strstr(answer(CONF_WORD_CONF), "membership"));
    CU_ASSERT_STRING_EQUAL(figures_zab_state(&figures), "");
}

/* ZK: the answer ends without a newline. */
static void
conf_of_a_member_ends_in_the_membership(void)
{
    given_a_member(ROLE_FOLLOWING);
    conf = (struct conf){.my_sid = 2,
                         .member_count = 2,
                         .init_limit_ticks = 10,
                         .sync_limit_ticks = 5,
                         .election_alg = 3};
    for (uint32_t i = 0; i < 2; i++)
        conf.member[i] = (struct conf_member){.sid = (sid_t)i + 1,
                                              .host = "h",
                                              .quorum_port = 10 + (int32_t)i,
                                              .election_port = 20 + (int32_t)i};
    CU_ASSERT_STRING_EQUAL(
        strstr(answer(CONF_WORD_CONF), "serverId="),
        "serverId=2\ninitLimit=10\nsyncLimit=5\nelectionAlg=3\n"
        "electionPort=21\nquorumPort=11\npeerType=0\nmembership: \n"
        "server.1=h:10:20:participant\nserver.2=h:11:21:participant\n"
        "version=0");
    conf = (struct conf){0};
}

static void
a_state_has_zookeepers_name(void)
{
    given_a_member(ROLE_NONE);
    CU_ASSERT_STRING_EQUAL(figures_peer_state(&figures), "looking");
    given_a_member(ROLE_LEADING);
    figures.ensemble.zab_state = ZAB_DISCOVERY;
    CU_ASSERT_STRING_EQUAL(figures_peer_state(&figures), "leading - discovery");
    CU_ASSERT_STRING_EQUAL(figures_zab_state(&figures), "discovery");
}

/* Who asks is somewhere else; Apache's getAbsolutePath does the same. */
static void
conf_names_folders_from_the_root(void)
{
    char cwd[PATH_MAX], expected[2 * PATH_MAX];

    given_a_server();
    conf = (struct conf){.data_dir = "data", .data_log_dir = "/logs"};
    CU_ASSERT_PTR_NOT_NULL_FATAL(getcwd(cwd, sizeof cwd));
    snprintf(expected, sizeof expected, "\ndataDir=%s/data/version-2\n", cwd);
    CU_ASSERT_PTR_NOT_NULL(strstr(answer(CONF_WORD_CONF), expected));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(answer(CONF_WORD_CONF), "\ndataLogDir=/logs/version-2\n"));
}

UNIT_SUITE(four)
{
    unit_suite("four");
    UNIT(words_are_told_from_lengths);
    UNIT(averages_have_one_to_four_digits);
    UNIT(ruok_and_isro_have_no_newline);
    UNIT(srvr_has_its_lines_in_order);
    UNIT(stat_and_cons_list_connections_in_use);
    UNIT(an_ipv6_peer_is_written_out);
    UNIT(mntr_is_pairs_and_its_important_ones_come_first);
    UNIT(envi_names_the_user_and_where_we_are);
    UNIT(files_are_counted_when_they_are_told);
    UNIT(a_member_tells_its_mode);
    UNIT(a_follower_with_a_port_for_observers_tells_how_many_there_are);
    UNIT(a_member_without_a_leader_tells_that_it_is_read_only);
    UNIT(only_a_leader_tells_of_learners_and_proposals);
    UNIT(a_server_of_its_own_tells_nothing_of_an_ensemble);
    UNIT(conf_of_a_member_ends_in_the_membership);
    UNIT(conf_names_folders_from_the_root);
    UNIT(a_state_has_zookeepers_name);
}
