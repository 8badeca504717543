/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about daemon/conf_membership.c: what /zookeeper/config says. */
#include "daemon/conf_member.h"

#include "tests/unit/unit.h"

static struct conf conf;
static char text[CONF_MEMBERSHIP_MAX];

/* Add a member as a server line says it. */
static void
given_line(const char *key, const char *value)
{
    CU_ASSERT_PTR_NULL(
        conf_member_read(key, value, &conf.member[conf.member_count++]));
}

static void
the_role_is_spelled_out_and_the_version_is_last(void)
{
    static const char expected[] = "server.1=a:2888:3888:participant\n"
                                   "server.2=b:2888:3888:observer\n"
                                   "version=100000000";

    conf = (struct conf){0};
    given_line("server.1", "a:2888:3888");
    given_line("server.2", "b:2888:3888:observer");
    CU_ASSERT_EQUAL(conf_membership_text(&conf, 0x100000000, text, sizeof text),
                    sizeof expected - 1);
    CU_ASSERT_STRING_EQUAL(text, expected);
}

static void
a_client_address_of_the_line_is_told_in_full(void)
{
    conf = (struct conf){0};
    given_line("server.1", "a:1:2;2181");
    given_line("server.2", "[::1]:1:2;[fe80::2]:2181");
    given_line("server.3", "c:1:2:observer;10.0.0.1:2181");
    conf_membership_text(&conf, 0, text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text,
                           "server.1=a:1:2:participant;0.0.0.0:2181\n"
                           "server.2=[::1]:1:2:participant;[fe80::2]:2181\n"
                           "server.3=c:1:2:observer;10.0.0.1:2181\n"
                           "version=0");
}

static void
groups_come_with_every_weight(void)
{
    conf = (struct conf){0};
    given_line("server.1", "a:1:2");
    given_line("server.2", "b:1:2");
    given_line("server.5", "c:1:2");
    for (uint32_t i = 0; i < 3; i++)
        conf.member[i].weight = 1;
    conf.member[0].group = conf.member[2].group = 1;
    conf.member[1].group = 2;
    conf.member[2].weight = 3;
    conf_membership_text(&conf, 255, text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "server.1=a:1:2:participant\n"
                                 "server.2=b:1:2:participant\n"
                                 "server.5=c:1:2:participant\n"
                                 "group.1=1:5\ngroup.2=2\n"
                                 "weight.1=1\nweight.2=1\nweight.5=3\n"
                                 "version=ff");
}

/* The longest lines there can be: the bound holds. */
static void
the_largest_membership_fits(void)
{
    struct conf_member m = {.sid = CONF_SID_MAX,
                            .is_observer = false,
                            .quorum_port = 65535,
                            .election_port = 65535,
                            .client_port = 65535,
                            .group = CONF_GROUPS_MAX,
                            .weight = INT32_MAX};
    size_t n;

    memset(m.host, ':', sizeof m.host - 1);
    memset(m.client_host, ':', sizeof m.client_host - 1);
    conf = (struct conf){.member_count = CONF_MEMBERS_MAX};
    for (uint32_t i = 0; i < CONF_MEMBERS_MAX; i++)
        conf.member[i] = m;
    n = conf_membership_text(&conf, -1, text, sizeof text);
    CU_ASSERT_TRUE(n < CONF_MEMBERSHIP_MAX);
    CU_ASSERT_EQUAL(strlen(text), n);
}

UNIT_SUITE(conf_membership)
{
    unit_suite("conf_membership");
    UNIT(the_role_is_spelled_out_and_the_version_is_last);
    UNIT(a_client_address_of_the_line_is_told_in_full);
    UNIT(groups_come_with_every_weight);
    UNIT(the_largest_membership_fits);
}
