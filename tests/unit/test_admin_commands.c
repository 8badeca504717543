/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about net/admin/admin_commands.c and admin_ensemble.c: what the HTTP
 * server tells.
 */
#include "net/admin/admin_commands.h"

#include <stdlib.h>

#include "tests/unit/unit.h"

static struct figures figures;
static struct conf conf;
static struct admin_answer answer;
static char *text;

static void
given_a_server(void)
{
    conf = (struct conf){.client_port = 2181, .data_dir = "/d"};
    figures = (struct figures){.is_serving = true,
                               .role = ROLE_STANDALONE,
                               .tree = {.zxid = 7, .node_count = 5}};
}

/* Member 2 of two voters and an observer. */
static void
given_a_member(enum server_role role)
{
    given_a_server();
    figures.role = role;
    figures.tree.zxid = 0x50000002a;
    figures.ensemble = (struct ensemble_figures){.zab_state = ZAB_BROADCAST,
                                                 .quorum_size = 2,
                                                 .leader = 2,
                                                 .epoch = 5,
                                                 .synced_followers = 1,
                                                 .proposal_last = 48};
    conf.my_sid = 2;
    conf.member_count = 3;
    for (uint32_t i = 0; i < 3; i++)
        conf.member[i] = (struct conf_member){.sid = (sid_t)i + 1,
                                              .host = "127.0.0.1",
                                              .quorum_port = 10 + (int32_t)i,
                                              .election_port = 20 + (int32_t)i,
                                              .is_observer = i == 2};
    conf.member[1].client_port = 2182;
}

/* Ask; what is said is in `answer` and, on one line, in `text`. */
static void
asks(const char *name)
{
    struct admin_view view = {
        .figures = &figures, .conf = &conf, .leader_address = "127.0.0.1"};

    free(text);
    admin_command(&view, name, &answer);
    text = json_dumps(answer.fields, JSON_COMPACT);
    json_decref(answer.fields);
}

static bool
tells(const char *what)
{
    return strstr(text, what) != NULL;
}

/* Whose bytes are no UTF-8, as Linux allows. */
static void
a_folder_of_any_name_is_told(void)
{
    given_a_server();
    snprintf(conf.data_dir, sizeof conf.data_dir, "/d\xe9");
    asks("configuration");
    CU_ASSERT_TRUE(tells("\"data_dir\":\"/d\xef\xbf\xbd/version-2\""));
}

static void
an_alias_is_answered_under_the_primary_name(void)
{
    given_a_server();
    asks("mntr");
    CU_ASSERT_STRING_EQUAL(answer.command, "monitor");
    CU_ASSERT_STRING_EQUAL(answer.error, "");
    CU_ASSERT_TRUE(tells("\"server_state\":\"standalone\""));
    CU_ASSERT_TRUE(tells("\"znode_count\":5"));
    CU_ASSERT_FALSE(tells("peer_state"));
}

static void
what_is_not_known_is_an_error_under_its_own_name(void)
{
    given_a_server();
    asks("nothing");
    CU_ASSERT_STRING_EQUAL(answer.command, "nothing");
    CU_ASSERT_STRING_EQUAL(answer.error, "Unknown command: nothing");
    CU_ASSERT_STRING_EQUAL(text, "{}");
}

/* Or the answer would have no name and no error at all. */
static void
any_bytes_are_a_text(void)
{
    json_t *odd = admin_text("a\xff\xc3");

    CU_ASSERT_STRING_EQUAL(json_string_value(odd), "a\uFFFD\uFFFD");
    json_decref(odd);
}

static void
a_server_that_does_not_serve_says_so(void)
{
    given_a_member(ROLE_NONE);
    figures.is_serving = false;
    asks("leader");
    CU_ASSERT_STRING_EQUAL(
        answer.error,
        "This ZooKeeper instance is not currently serving requests");
    asks("ruok");
    CU_ASSERT_STRING_EQUAL(answer.error, "");
    asks("zabstate");
    CU_ASSERT_STRING_EQUAL(text, "{\"voting\":false,\"zabstate\":\"\"}");
}

static void
a_member_without_a_leader_is_read_only(void)
{
    given_a_member(ROLE_FOLLOWING);
    asks("isro");
    CU_ASSERT_STRING_EQUAL(text, "{\"read_only\":false}");
    given_a_member(ROLE_READ_ONLY);
    asks("isro");
    CU_ASSERT_STRING_EQUAL(text, "{\"read_only\":true}");
    asks("stats");
    CU_ASSERT_TRUE(tells("\"read_only\":true"));
}

static void
a_server_of_its_own_has_no_leader(void)
{
    given_a_server();
    asks("lead");
    CU_ASSERT_STRING_EQUAL(answer.error, "server is not initialized");
    asks("voting_view");
    CU_ASSERT_STRING_EQUAL(text, "{\"current_config\":{}}");
}

static void
a_member_tells_who_leads(void)
{
    given_a_member(ROLE_LEADING);
    asks("leader");
    CU_ASSERT_STRING_EQUAL(text, "{\"is_leader\":true,\"leader_id\":2,"
                                 "\"leader_ip\":\"127.0.0.1\"}");
    given_a_member(ROLE_FOLLOWING);
    figures.ensemble.leader = 1;
    asks("leader");
    CU_ASSERT_TRUE(tells("\"is_leader\":false,\"leader_id\":1"));
}

static void
a_member_tells_how_far_it_is(void)
{
    given_a_member(ROLE_LEADING);
    asks("zabstate");
    CU_ASSERT_TRUE(tells("\"myid\":2,\"is_leader\":true"));
    CU_ASSERT_TRUE(tells("\"all_addresses\":[\"127.0.0.1:11\"]"));
    CU_ASSERT_TRUE(tells("\"client_address\":\"0.0.0.0:2182\""));
    CU_ASSERT_TRUE(tells("\"voting\":true,\"last_zxid\":\"0x50000002a\","
                         "\"zab_epoch\":5,\"zab_counter\":42,"
                         "\"zabstate\":\"broadcast\""));
}

static void
the_view_has_voters_only(void)
{
    given_a_member(ROLE_FOLLOWING);
    asks("voting_view");
    CU_ASSERT_STRING_EQUAL(
        text, "{\"current_config\":{"
              "\"1\":{\"server_addresses\":[\"127.0.0.1:10\"],"
              "\"election_addresses\":[\"127.0.0.1:20\"],"
              "\"client_address\":\"\",\"learner_type\":\"participant\"},"
              "\"2\":{\"server_addresses\":[\"127.0.0.1:11\"],"
              "\"election_addresses\":[\"127.0.0.1:21\"],"
              "\"client_address\":\"0.0.0.0:2182\","
              "\"learner_type\":\"participant\"}}}");
}

static void
only_a_leader_has_proposal_stats(void)
{
    given_a_member(ROLE_LEADING);
    asks("server_stats");
    CU_ASSERT_TRUE(tells("\"proposal_stats\":{\"last_buffer_size\":48"));
    asks("monitor");
    CU_ASSERT_TRUE(tells("\"peer_state\":\"leading - broadcast\""));
    CU_ASSERT_TRUE(tells("\"synced_followers\":1"));
    given_a_member(ROLE_FOLLOWING);
    asks("server_stats");
    CU_ASSERT_FALSE(tells("proposal_stats"));
}

static void
the_configuration_names_folders_from_the_root(void)
{
    given_a_server();
    snprintf(conf.data_log_dir, sizeof conf.data_log_dir, "logs");
    asks("configuration");
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"data_dir\":\"/d/version-2\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"data_log_dir\":\"/"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "/logs/version-2\""));
}

UNIT_SUITE(admin_commands)
{
    unit_suite("admin_commands");
    UNIT(a_folder_of_any_name_is_told);
    UNIT(an_alias_is_answered_under_the_primary_name);
    UNIT(what_is_not_known_is_an_error_under_its_own_name);
    UNIT(any_bytes_are_a_text);
    UNIT(a_server_that_does_not_serve_says_so);
    UNIT(a_member_without_a_leader_is_read_only);
    UNIT(a_server_of_its_own_has_no_leader);
    UNIT(a_member_tells_who_leads);
    UNIT(a_member_tells_how_far_it_is);
    UNIT(the_view_has_voters_only);
    UNIT(only_a_leader_has_proposal_stats);
    UNIT(the_configuration_names_folders_from_the_root);
}
