/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about daemon/conf/conf_rules.c: what keys mean together. */
#include "tests/unit/conf_given.h"

#include <errno.h>

#include "daemon/conf/conf_machine.h"
#include "daemon/shm.h"

static void
derived_values_are_resolved(void)
{
    CU_ASSERT_EQUAL(given(BASE "tickTime=1000\n"), 0);
    CU_ASSERT_EQUAL(conf.min_session_timeout_ms, 2000);
    CU_ASSERT_EQUAL(conf.max_session_timeout_ms, 20000);
    CU_ASSERT_STRING_EQUAL(conf.data_log_dir, "/d");
    CU_ASSERT_EQUAL(conf.listen_backlog, 4096);
    CU_ASSERT_EQUAL(conf.jute_maxbuffer_extra, conf.jute_maxbuffer);
    CU_ASSERT_TRUE(conf.client_processes >= 1);
    CU_ASSERT_TRUE(conf.client_processes <= CONF_CLIENTS_MAX);
    CU_ASSERT_TRUE(conf.memory_limit > 0);
}

static void
rings_become_powers_of_two(void)
{
    CU_ASSERT_EQUAL(given(BASE "ring.size=5M\nrequest.ring.size=1M\n"), 0);
    CU_ASSERT_EQUAL(conf.ring_bytes, 8 << 20);
    CU_ASSERT_EQUAL(conf.request_ring_bytes, 1 << 20);
    CU_ASSERT_EQUAL(given(BASE), 0);
    CU_ASSERT_EQUAL(conf.ring_bytes, 16 << 20);
}

static void
data_dir_and_client_port_must_be_set(void)
{
    CU_ASSERT_EQUAL(given("clientPort=2181\n"), -EINVAL);
    CU_ASSERT_TRUE(says("dataDir is not set"));
    CU_ASSERT_EQUAL(given("dataDir=/d\n"), -EINVAL);
    CU_ASSERT_TRUE(says("clientPort is not set"));
    CU_ASSERT_EQUAL(given("dataDir=/d\nclientPortAddress=::1\n"), -EINVAL);
    CU_ASSERT_TRUE(says("clientPortAddress is set but clientPort is not set"));
}

static void
session_bounds_must_be_in_order(void)
{
    CU_ASSERT_EQUAL(given(BASE "minSessionTimeout=61000\n"), -EINVAL);
    CU_ASSERT_TRUE(finds(CONF_ERROR, 3, "minSessionTimeout"));
    CU_ASSERT_EQUAL(given(BASE "maxSessionTimeout=5999\n"), -EINVAL);
    CU_ASSERT_TRUE(finds(CONF_ERROR, 3, "maxSessionTimeout"));
    CU_ASSERT_EQUAL(given(BASE "maxSessionTimeout=6000\n"), 0);
}

static void
what_is_dangerous_is_warned_of(void)
{
    CU_ASSERT_EQUAL(given(BASE "forceSync=no\nskipACL=yes\n"
                               "admin.serverAddress=0.0.0.0\n"),
                    0);
    CU_ASSERT_TRUE(finds(CONF_WARNING, 3, "forceSync"));
    CU_ASSERT_TRUE(finds(CONF_WARNING, 4, "skipACL"));
    CU_ASSERT_TRUE(finds(CONF_WARNING, 5, "admin.serverAddress"));
    CU_ASSERT_EQUAL(given(BASE), 0);
    CU_ASSERT_EQUAL(report.warnings, 0);
}

/* Without an address it listens as with the default one. */
static void
an_empty_admin_address_opens_nothing(void)
{
    CU_ASSERT_EQUAL(given(BASE "admin.serverAddress=\n"), 0);
    CU_ASSERT_EQUAL(report.warnings, 0);
}

static void
relative_folders_are_warned_of(void)
{
    CU_ASSERT_EQUAL(given("dataDir=d\ndataLogDir=l\nclientPort=1\n"), 0);
    CU_ASSERT_TRUE(finds(CONF_WARNING, 1, "dataDir"));
    CU_ASSERT_TRUE(finds(CONF_WARNING, 2, "dataLogDir"));
}

static void
read_only_mode_allows_isro(void)
{
    CU_ASSERT_EQUAL(given(BASE), 0);
    CU_ASSERT_FALSE(conf_allows_word(&conf, "isro"));
    CU_ASSERT_EQUAL(given(BASE "readonlymode.enabled=true\n"), 0);
    CU_ASSERT_TRUE(conf_allows_word(&conf, "isro"));
}

static void
enforced_schemes_must_exist(void)
{
    static const char on[] = BASE "enforce.auth.enabled=true\n";
    char text[256];

    CU_ASSERT_EQUAL(given(on), -EINVAL);
    snprintf(text, sizeof text, "%senforce.auth.schemes=digest, ip\n", on);
    CU_ASSERT_EQUAL(given(text), 0);
    CU_ASSERT_EQUAL(conf.enforce_auth_schemes,
                    CONF_SCHEME_DIGEST | CONF_SCHEME_IP);
    snprintf(text, sizeof text, "%senforce.auth.schemes=ip,sasl\n", on);
    CU_ASSERT_EQUAL(given(text), -EINVAL);
    CU_ASSERT_TRUE(finds(CONF_ERROR, 4, "enforce.auth.schemes"));
    CU_ASSERT_EQUAL(given(BASE "enforce.auth.schemes=sasl\n"), 0);
    CU_ASSERT_EQUAL(conf.enforce_auth_schemes, 0);
}

static void
a_scheme_that_is_off_cannot_be_enforced(void)
{
    CU_ASSERT_EQUAL(given(BASE "enforce.auth.enabled=true\n"
                               "enforce.auth.schemes=digest\n"
                               "DigestAuthenticationProvider.enabled=false\n"),
                    -EINVAL);
}

static void
throttle_weights_must_be_ordered_if_used(void)
{
    static const char weight[] = "connection_throttle_local_session_weight=3\n";
    char text[256];

    snprintf(text, sizeof text, BASE "%s", weight);
    CU_ASSERT_EQUAL(given(text), 0);
    snprintf(text, sizeof text,
             BASE "%sconnection_throttle_weight_enabled=true\n", weight);
    CU_ASSERT_EQUAL(given(text), -EINVAL);
    snprintf(text + strlen(text), sizeof text - strlen(text),
             "connection_throttle_renew_session_weight=3\n");
    CU_ASSERT_EQUAL(given(text), 0); /* as large is no larger */
    snprintf(text + strlen(text), sizeof text - strlen(text),
             "connection_throttle_global_session_weight=2\n");
    CU_ASSERT_EQUAL(given(text), -EINVAL);
}

static void
the_admin_port_is_not_the_clients(void)
{
    CU_ASSERT_EQUAL(given(BASE "admin.serverPort=2181\n"), -EINVAL);
    CU_ASSERT_EQUAL(given(BASE "admin.serverPort=2181\n"
                               "admin.enableServer=false\n"),
                    0);
}

static void
tokens_must_do_for_each_kind_of_session(void)
{
    static const char on[] = BASE "connection_throttle_tokens=2\n";
    char text[256];

    CU_ASSERT_EQUAL(given(on), 0);
    snprintf(text, sizeof text,
             "%sconnection_throttle_weight_enabled=true\n"
             "connection_throttle_global_session_weight=3\n"
             "connection_throttle_renew_session_weight=6\n",
             on);
    CU_ASSERT_EQUAL(given(text), 0);
    snprintf(text, sizeof text,
             "%sconnection_throttle_weight_enabled=true\n"
             "connection_throttle_global_session_weight=1\n"
             "connection_throttle_renew_session_weight=3\n",
             on);
    CU_ASSERT_EQUAL(given(text), -EINVAL);
    CU_ASSERT_TRUE(
        finds(CONF_ERROR, 6, "connection_throttle_renew_session_weight"));
}

static void
tokens_that_are_taken_must_come_back(void)
{
    static const char never[] = BASE "connection_throttle_fill_count=0\n";
    char text[256];

    CU_ASSERT_EQUAL(given(never), 0);
    snprintf(text, sizeof text, "%sconnection_throttle_tokens=2\n", never);
    CU_ASSERT_EQUAL(given(text), -EINVAL);
    CU_ASSERT_TRUE(finds(CONF_ERROR, 3, "connection_throttle_fill_count"));
}

/* What a ConnectRequest takes. */
static void
a_client_can_at_least_say_hello(void)
{
    CU_ASSERT_EQUAL(given(BASE "jute.maxbuffer=44\n"), -EINVAL);
    CU_ASSERT_TRUE(finds(CONF_ERROR, 3, "jute.maxbuffer"));
    CU_ASSERT_TRUE(says("45 to 2147483647"));
    CU_ASSERT_EQUAL(given(BASE "jute.maxbuffer=45\n"), 0);
}

/* To a client a timeout of 0 says that its session is no more. */
static void
a_session_has_a_timeout(void)
{
    CU_ASSERT_EQUAL(given(BASE "minSessionTimeout=0\nmaxSessionTimeout=0\n"),
                    -EINVAL);
    CU_ASSERT_TRUE(finds(CONF_ERROR, 4, "maxSessionTimeout"));
    CU_ASSERT_EQUAL(given(BASE "minSessionTimeout=0\nmaxSessionTimeout=1\n"),
                    0);
}

static void
the_path_of_commands_is_a_path(void)
{
    CU_ASSERT_EQUAL(given(BASE "admin.commandURL=commands\n"), -EINVAL);
    CU_ASSERT_TRUE(finds(CONF_ERROR, 3, "admin.commandURL"));
    CU_ASSERT_EQUAL(given(BASE "admin.commandURL=commands\n"
                               "admin.enableServer=false\n"),
                    0);
    CU_ASSERT_EQUAL(given(BASE "admin.commandURL=/a/b/\n"), 0);
    CU_ASSERT_STRING_EQUAL(conf.admin_command_url, "/a/b");
    CU_ASSERT_EQUAL(given(BASE "admin.commandURL=/\n"), 0);
    CU_ASSERT_STRING_EQUAL(conf.admin_command_url, "");
}

/* An entry of the transaction ring has 32 bits for its size. */
static void
a_request_is_no_longer_than_a_ring_can_tell(void)
{
    CU_ASSERT_EQUAL(given(BASE "jute.maxbuffer=536866816\n"), 0);
    CU_ASSERT_FALSE(finds(CONF_WARNING, 3, "jute.maxbuffer"));
    CU_ASSERT_EQUAL(given(BASE "jute.maxbuffer=2147483647\n"), 0);
    CU_ASSERT_TRUE(finds(CONF_WARNING, 3, "jute.maxbuffer"));
    CU_ASSERT_EQUAL(conf.jute_maxbuffer, 536866816);
    CU_ASSERT_EQUAL(conf.jute_maxbuffer_extra, 536866816);
}

/* Rings that jute.maxbuffer makes larger take of what the tree may have. */
static void
the_tree_has_what_is_beside_the_rings(void)
{
    static const char one[] = BASE "client.processes=1\n";
    char text[256];
    int64_t machine = conf_machine_memory();

    CU_ASSERT_EQUAL(given(one), 0);
    CU_ASSERT_EQUAL(conf.memory_limit,
                    conf_memory_beside(machine, (16 << 20) + (8 << 20)));
    snprintf(text, sizeof text, "%sjute.maxbuffer=100000000\n", one);
    CU_ASSERT_EQUAL(given(text), 0);
    CU_ASSERT_EQUAL(conf.memory_limit,
                    conf_memory_beside(machine, (1 << 30) + (512 << 20)));
}

static void
an_empty_tree_fits_into_memory_limit(void)
{
    CU_ASSERT_EQUAL(given(BASE "memory.limit=8\n"), -EINVAL);
    CU_ASSERT_TRUE(finds(CONF_ERROR, 3, "memory.limit"));
    CU_ASSERT_EQUAL(given(BASE "memory.limit=1023K\n"), -EINVAL);
    CU_ASSERT_EQUAL(given(BASE "memory.limit=1M\n"), 0);
}

UNIT_SUITE(conf_rules)
{
    unit_suite("conf_rules");
    UNIT(derived_values_are_resolved);
    UNIT(rings_become_powers_of_two);
    UNIT(data_dir_and_client_port_must_be_set);
    UNIT(session_bounds_must_be_in_order);
    UNIT(what_is_dangerous_is_warned_of);
    UNIT(an_empty_admin_address_opens_nothing);
    UNIT(relative_folders_are_warned_of);
    UNIT(read_only_mode_allows_isro);
    UNIT(enforced_schemes_must_exist);
    UNIT(a_scheme_that_is_off_cannot_be_enforced);
    UNIT(throttle_weights_must_be_ordered_if_used);
    UNIT(the_admin_port_is_not_the_clients);
    UNIT(tokens_must_do_for_each_kind_of_session);
    UNIT(tokens_that_are_taken_must_come_back);
    UNIT(a_client_can_at_least_say_hello);
    UNIT(a_session_has_a_timeout);
    UNIT(the_path_of_commands_is_a_path);
    UNIT(a_request_is_no_longer_than_a_ring_can_tell);
    UNIT(the_tree_has_what_is_beside_the_rings);
    UNIT(an_empty_tree_fits_into_memory_limit);
}
