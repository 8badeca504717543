/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about election/quorum_conf.c: members as text. */
#include "tests/unit/unit.h"

#include "election/quorum_conf.h"

static struct conf conf;
static char text[CONFIG_TEXT_MAX];

static struct conf_member *
add(sid_t sid)
{
    struct conf_member *m = &conf.member[conf.member_count++];

    *m = (struct conf_member){
        .sid = sid,
        .quorum_port = (int32_t)(23100 + sid % 100),
        .election_port = (int32_t)(23200 + sid % 100),
        .weight = 1,
    };
    strcpy(m->host, "127.0.0.1");
    return m;
}

static void
given_members(sid_t count)
{
    conf = (struct conf){.my_sid = 1};
    for (sid_t sid = 1; sid <= count; sid++)
        add(sid);
}

static void
says(const char *expected)
{
    size_t n = config_text(&conf, 0, text, sizeof text);

    CU_ASSERT_STRING_EQUAL(text, expected);
    CU_ASSERT_EQUAL(n, strlen(expected));
}

/* spec/quorum-protocol.md 16.1, captured from Apache ZooKeeper 3.8.0. */
static void
writes_what_apache_writes(void)
{
    given_members(3);
    says("server.1=127.0.0.1:23101:23201:participant\n"
         "server.2=127.0.0.1:23102:23202:participant\n"
         "server.3=127.0.0.1:23103:23203:participant\nversion=0");
}

static void
writes_observers_client_ports_and_ipv6(void)
{
    given_members(2);
    conf.member[0].client_port = 2181;
    conf.member[1].is_observer = true;
    conf.member[1].client_port = 2182;
    strcpy(conf.member[1].host, "fe80::1");
    strcpy(conf.member[1].client_host, "::1");
    says("server.1=127.0.0.1:23101:23201:participant;0.0.0.0:2181\n"
         "server.2=[fe80:0:0:0:0:0:0:1]:23102:23202:observer;"
         "[0:0:0:0:0:0:0:1]:2182\nversion=0");
}

/* spec/quorum-protocol.md 9.1: printed by host, whatever the file's order. */
static void
writes_several_addresses_by_host(void)
{
    given_members(1);
    strcpy(conf.member[0].more, "10.0.0.9:3:4|10.0.0.10:5:6");
    says("server.1=10.0.0.10:5:6|10.0.0.9:3:4|127.0.0.1:23101:23201:"
         "participant\nversion=0");
}

static void
writes_groups_and_weights(void)
{
    given_members(4);
    conf.member[0].group = conf.member[2].group = 7;
    conf.member[1].group = 2;
    conf.member[1].weight = 0;
    conf.member[3].is_observer = true;
    says("server.1=127.0.0.1:23101:23201:participant\n"
         "server.2=127.0.0.1:23102:23202:participant\n"
         "server.3=127.0.0.1:23103:23203:participant\n"
         "server.4=127.0.0.1:23104:23204:observer\n"
         "group.2=2\ngroup.7=1:3\n"
         "weight.1=1\nweight.2=0\nweight.3=1\nversion=0");
}

/* Captured from Apache ZooKeeper 3.8.0. */
static void
writes_observers_that_are_in_a_group(void)
{
    given_members(4);
    conf.member[0].group = conf.member[1].group = conf.member[2].group = 1;
    conf.member[3].group = 2;
    conf.member[3].weight = 0;
    conf.member[3].is_observer = true;
    says("server.1=127.0.0.1:23101:23201:participant\n"
         "server.2=127.0.0.1:23102:23202:participant\n"
         "server.3=127.0.0.1:23103:23203:participant\n"
         "server.4=127.0.0.1:23104:23204:observer\n"
         "group.1=1:2:3\ngroup.2=4\n"
         "weight.1=1\nweight.2=1\nweight.3=1\nweight.4=0\nversion=0");
}

static void
fits_the_largest_ensemble(void)
{
    given_members(0);
    for (int i = 0; i < CONF_MEMBERS_MAX; i++) {
        struct conf_member *m = add(INT64_MAX - 100 + i);

        memset(m->host, ':', CONF_ADDRESS_MAX - 1);
        memset(m->client_host, ':', CONF_ADDRESS_MAX - 1);
        strcpy(m->more, "[::1]:65535:65535|[::2]:65535:65535|[::3]:65535:"
                        "65535");
        m->quorum_port = m->election_port = m->client_port = 65535;
        m->weight = INT64_MAX;
        m->group = INT32_MAX - i;
    }
    CU_ASSERT(config_text(&conf, 0, text, sizeof text) < CONFIG_TEXT_MAX);
}

static void
counts_voters_only(void)
{
    struct quorum q;

    given_members(3);
    conf.member[2].is_observer = true;
    quorum_of_conf(&conf, &q);
    CU_ASSERT_EQUAL(q.count, 3);
    CU_ASSERT_EQUAL(q.groups, 0);
    CU_ASSERT_EQUAL(quorum_all(&q), 3);
    CU_ASSERT_FALSE(quorum_is_met(&q, 1));
    CU_ASSERT_TRUE(quorum_is_met(&q, 3));
}

/* One group of voters, one of observers, which is none. */
static void
counts_no_group_of_observers(void)
{
    struct quorum q;

    given_members(5);
    for (int i = 0; i < 5; i++) {
        conf.member[i].group = i < 3 ? 1 : 2;
        conf.member[i].is_observer = i >= 3;
        conf.member[i].weight = i < 3;
    }
    quorum_of_conf(&conf, &q);
    CU_ASSERT_EQUAL(q.groups, 1);
    CU_ASSERT_FALSE(quorum_is_met(&q, 1));
    CU_ASSERT_TRUE(quorum_is_met(&q, 3));
}

/* Groups 9 (1, 2, 3), 4 (4, 5, 6) and 5 (7): two of three groups are met. */
static void
counts_groups(void)
{
    struct quorum q;

    given_members(7);
    for (int i = 0; i < 7; i++)
        conf.member[i].group = i < 3 ? 9 : i < 6 ? 4 : 5;
    quorum_of_conf(&conf, &q);
    CU_ASSERT_EQUAL(q.groups, 3);
    CU_ASSERT_TRUE(quorum_is_met(&q, 1 | 2 | 8 | 16));
    CU_ASSERT_TRUE(quorum_is_met(&q, 64 | 8 | 16));
    CU_ASSERT_FALSE(quorum_is_met(&q, 1 | 2 | 4 | 8));
}

static struct bytes line;

static bool
same(const char *theirs, const char *ours)
{
    return config_is_same(bytes_of(theirs), bytes_of(ours), &line);
}

static void
compares_members(void)
{
    CU_ASSERT_TRUE(same("a=1\nb=2\nversion=0", "b=2\na=1\nversion=100"));
    CU_ASSERT_TRUE(same("a=1;2181\nversion=0", "a=1\n"));
    CU_ASSERT_FALSE(same("a=1\nversion=0", "a=1\nb=2\nversion=0"));
    CU_ASSERT_FALSE(same("a=1\nb=2", "a=1"));
    CU_ASSERT_TRUE(bytes_are(line, "b=2"));
    CU_ASSERT_FALSE(same("a=1", "a=11"));
}

static bool
same_quorum(const char *a, const char *b)
{
    return config_is_same_quorum(bytes_of(a), bytes_of(b), &line);
}

/* Who moved has the vote that it had; who is another, or observes, has not. */
static void
compares_voters(void)
{
#define ONE "server.1=a:1:2:participant\n"
#define TWO "server.2=b:1:2:participant\n"
    CU_ASSERT_TRUE(same_quorum(ONE TWO "version=0", TWO ONE "version=10"));
    CU_ASSERT_TRUE(same_quorum(
        ONE TWO, ONE "server.2=[::1]:3:4|c:5:6:participant;2181\nversion=1"));
    CU_ASSERT_FALSE(same_quorum(ONE TWO, ONE));
    CU_ASSERT_TRUE(bytes_are(line, "server.2=b:1:2:participant"));
    CU_ASSERT_FALSE(same_quorum(ONE, ONE TWO));
    CU_ASSERT_FALSE(same_quorum(ONE TWO, ONE "server.2=b:1:2:observer"));
    CU_ASSERT_FALSE(same_quorum(ONE TWO, ONE "server.3=b:1:2:participant"));
    CU_ASSERT_FALSE(
        same_quorum(ONE "group.1=1\nweight.1=1", ONE "group.1=1\nweight.1=2"));
    CU_ASSERT_FALSE(same_quorum(ONE "group.1=1:2", ONE "group.2=1:2"));
    CU_ASSERT_FALSE(same_quorum("", ONE));
    CU_ASSERT_FALSE(same_quorum("server.1", ONE));
#undef ONE
#undef TWO
}

static int64_t
version_in(const char *config)
{
    return config_version(bytes_of(config));
}

/* spec/quorum-protocol.md 9.1: hexadecimal, in the last line. */
static void
reads_the_version(void)
{
    CU_ASSERT_EQUAL(version_in("a=1\nversion=0"), 0);
    CU_ASSERT_EQUAL(version_in("a=1\nversion=10000000f"), ZXID(1, 15));
    CU_ASSERT_EQUAL(version_in("a=1\nversion=7fffffffffffffff"), INT64_MAX);
    CU_ASSERT_EQUAL(version_in("a=1\n"), 0);
    CU_ASSERT_EQUAL(version_in(""), 0);
    CU_ASSERT_EQUAL(version_in("version="), 0);
    CU_ASSERT_EQUAL(version_in("version=1g"), 0);
    CU_ASSERT_EQUAL(version_in("version=-1"), 0);
    CU_ASSERT_EQUAL(version_in("version=8000000000000000"), 0);
    CU_ASSERT_EQUAL(version_in("version=10000000000000000"), 0);
}

/* What it writes it reads. */
static void
writes_the_version(void)
{
    size_t n;

    given_members(3);
    n = config_text(&conf, ZXID(1, 0), text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text + n - 18, "\nversion=100000000");
    config_text(&conf, INT64_MAX, text, sizeof text);
    CU_ASSERT_EQUAL(version_in(text), INT64_MAX);
}

UNIT_SUITE(quorum_conf)
{
    unit_suite("quorum_conf");
    UNIT(writes_what_apache_writes);
    UNIT(writes_observers_client_ports_and_ipv6);
    UNIT(writes_several_addresses_by_host);
    UNIT(writes_groups_and_weights);
    UNIT(writes_observers_that_are_in_a_group);
    UNIT(fits_the_largest_ensemble);
    UNIT(counts_voters_only);
    UNIT(counts_no_group_of_observers);
    UNIT(counts_groups);
    UNIT(compares_members);
    UNIT(compares_voters);
    UNIT(reads_the_version);
    UNIT(writes_the_version);
}
