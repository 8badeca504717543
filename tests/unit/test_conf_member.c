/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about daemon/conf/conf_member.c. */
#include "daemon/conf/conf_member.h"

#include "tests/unit/unit.h"

static struct conf_member m;

static bool
reads(const char *value)
{
    return conf_member_read("server.7", value, &m) == NULL;
}

static void
a_plain_line_is_a_participant(void)
{
    CU_ASSERT_TRUE(reads("zk1.example.org:2888:3888"));
    CU_ASSERT_EQUAL(m.sid, 7);
    CU_ASSERT_STRING_EQUAL(m.host, "zk1.example.org");
    CU_ASSERT_EQUAL(m.quorum_port, 2888);
    CU_ASSERT_EQUAL(m.election_port, 3888);
    CU_ASSERT_FALSE(m.is_observer);
    CU_ASSERT_EQUAL(m.client_port, 0);
}

static void
role_and_client_address_are_optional(void)
{
    CU_ASSERT_TRUE(reads("h:1:2:observer"));
    CU_ASSERT_TRUE(m.is_observer);
    CU_ASSERT_TRUE(reads("h:1:2:PARTICIPANT;2181"));
    CU_ASSERT_FALSE(m.is_observer);
    CU_ASSERT_EQUAL(m.client_port, 2181);
    CU_ASSERT_STRING_EQUAL(m.client_host, "");
    CU_ASSERT_TRUE(reads("h:1:2;10.0.0.1:2182"));
    CU_ASSERT_STRING_EQUAL(m.client_host, "10.0.0.1");
    CU_ASSERT_EQUAL(m.client_port, 2182);
    CU_ASSERT_TRUE(reads("h:1:2;0.0.0.0:2182"));
    CU_ASSERT_STRING_EQUAL(m.client_host, "");
}

static void
ipv6_stands_in_brackets(void)
{
    CU_ASSERT_TRUE(reads("[2001:db8::1]:2888:3888;[::1]:2181"));
    CU_ASSERT_STRING_EQUAL(m.host, "2001:db8::1");
    CU_ASSERT_STRING_EQUAL(m.client_host, "::1");
    CU_ASSERT_FALSE(reads("2001:db8::1:2888:3888"));
    CU_ASSERT_FALSE(reads("[::1:2888:3888"));
}

static bool
has_address(uint32_t i, const char *host, int32_t quorum, int32_t election)
{
    struct conf_address a;

    return conf_member_address(&m, i, &a) && strcmp(a.host, host) == 0 &&
           a.quorum_port == quorum && a.election_port == election;
}

static void
several_addresses_are_kept_in_order(void)
{
    struct conf_address a;

    CU_ASSERT_TRUE(reads("c:1:2|[::1]:3:4|b:5:6:observer;2181"));
    CU_ASSERT_TRUE(has_address(0, "c", 1, 2));
    CU_ASSERT_TRUE(has_address(1, "::1", 3, 4));
    CU_ASSERT_TRUE(has_address(2, "b", 5, 6));
    CU_ASSERT_FALSE(conf_member_address(&m, 3, &a));
    CU_ASSERT_TRUE(m.is_observer);
    CU_ASSERT_EQUAL(m.client_port, 2181);
    CU_ASSERT_TRUE(reads("a:1:2"));
    CU_ASSERT_FALSE(conf_member_address(&m, 1, &a));
}

static void
no_more_addresses_than_there_is_room_for(void)
{
    char value[700], name[260];

    CU_ASSERT_TRUE(reads("a:1:2|b:1:2|c:1:2|d:1:2"));
    CU_ASSERT_FALSE(reads("a:1:2|b:1:2|c:1:2|d:1:2|e:1:2"));
    CU_ASSERT_FALSE(reads("a:1:2|b:3"));
    CU_ASSERT_FALSE(reads("a:1:2|b:3|c:1:2"));
    CU_ASSERT_FALSE(reads("[::1\0:1:2"));
    snprintf(name, sizeof name, "%0250d", 0);
    snprintf(value, sizeof value, "%s:1:2|%s:1:2", name, name + 3);
    CU_ASSERT_TRUE(reads(value));
    snprintf(value, sizeof value, "%s:1:2|%s:1:2|b:1:2", name, name);
    CU_ASSERT_FALSE(reads(value));
}

static void
a_secure_address_is_noticed(void)
{
    CU_ASSERT_TRUE(reads("a:1:2;2181;2281"));
    CU_ASSERT_TRUE(m.is_secure);
    CU_ASSERT_TRUE(reads("a:1:2;;2281"));
    CU_ASSERT_TRUE(m.is_secure);
    CU_ASSERT_EQUAL(m.client_port, 0);
}

static void
a_missing_election_port_is_said_in_zookeepers_words(void)
{
    const char *why = conf_member_read("server.1", "h:2888", &m);

    CU_ASSERT_PTR_NOT_NULL_FATAL(why);
    CU_ASSERT_STRING_EQUAL(why, "Missing election port for server");
}

static void
what_is_no_member_is_refused(void)
{
    static const char *const bad[] = {
        "",
        "h",
        ":1:2",
        "h:0:2",
        "h:1:65536",
        "h:x:2",
        "h:1:2:king",
        "h:1:2:",
        "h:1:2;x",
        "h:1:2;:2181",
        "h:1:2;0",
        "h:1:2x",
        "h:1:2|",
        "h:1:2:observer:participant",
        "h:1:2:participanx",
    };

    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        CU_ASSERT_FALSE(reads(bad[i]));
    CU_ASSERT_PTR_NOT_NULL(conf_member_read("server.x", "h:1:2", &m));
    CU_ASSERT_PTR_NOT_NULL(conf_member_read("server.", "h:1:2", &m));
}

static bool
formats(const char *value, const char *expected)
{
    char text[CONF_MEMBER_TEXT_MAX];

    return reads(value) &&
           conf_member_format(&m, text, sizeof text) == strlen(expected) &&
           strcmp(text, expected) == 0;
}

static void
a_formatted_line_spells_everything_out(void)
{
    CU_ASSERT_TRUE(formats("a:1:2", "a:1:2:participant"));
    CU_ASSERT_TRUE(
        formats("a:1:2:observer;2181", "a:1:2:observer;0.0.0.0:2181"));
    CU_ASSERT_TRUE(formats("b:1:2|[::1]:3:4", "b:1:2|[::1]:3:4:participant"));
    CU_ASSERT_TRUE(
        formats("[::1]:1:2;[fe80::2]:3", "[::1]:1:2:participant;[fe80::2]:3"));
}

static void
the_longest_line_can_be_formatted(void)
{
    char text[CONF_MEMBER_TEXT_MAX];

    CU_ASSERT_TRUE(reads("a:1:2;3"));
    m.quorum_port = m.election_port = m.client_port = 65535;
    memset(m.host, ':', sizeof m.host - 1);
    memset(m.client_host, ':', sizeof m.client_host - 1);
    CU_ASSERT_TRUE(conf_member_format(&m, text, sizeof text) < sizeof text);
}

static void
our_own_line_is_the_one_of_our_number(void)
{
    static struct conf conf = {
        .my_sid = 2, .member_count = 2, .member = {{.sid = 1}, {.sid = 2}}};

    CU_ASSERT_PTR_EQUAL(conf_myself(&conf), &conf.member[1]);
    conf.my_sid = 9;
    CU_ASSERT_PTR_NULL(conf_myself(&conf));
}

UNIT_SUITE(conf_member)
{
    unit_suite("conf_member");
    UNIT(a_plain_line_is_a_participant);
    UNIT(role_and_client_address_are_optional);
    UNIT(ipv6_stands_in_brackets);
    UNIT(several_addresses_are_kept_in_order);
    UNIT(no_more_addresses_than_there_is_room_for);
    UNIT(a_secure_address_is_noticed);
    UNIT(a_missing_election_port_is_said_in_zookeepers_words);
    UNIT(what_is_no_member_is_refused);
    UNIT(a_formatted_line_spells_everything_out);
    UNIT(the_longest_line_can_be_formatted);
    UNIT(our_own_line_is_the_one_of_our_number);
}
