/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about storage/tree/znode.c. */
#include "storage/tree/znode.h"

#include "tests/unit/unit.h"

static const struct znode_stat distinct = {
    .czxid = 1,
    .mzxid = 2,
    .ctime = 3,
    .mtime = 4,
    .pzxid = 5,
    .version = 6,
    .cversion = 7,
    .aversion = 8,
    .owner = 9,
    .data_size = 10,
    .child_count = 11,
};

/* Vectors of client-protocol.md 10.5. */
static void
digests_are_those_of_java(void)
{
    struct znode_stat stat = {0};
    uint32_t crc = znode_path_crc(bytes_of("/"), bytes_of(""));

    CU_ASSERT_EQUAL(znode_digest(crc, &stat), 68323592);
    crc = znode_path_crc(bytes_of(""), BYTES_NULL);
    CU_ASSERT_EQUAL(znode_digest(crc, &stat), 68323592);
    crc = znode_path_crc(bytes_of("/zookeeper"), bytes_of(""));
    CU_ASSERT_EQUAL(znode_digest(crc, &stat), 1303661912);
    stat = (struct znode_stat){
        .czxid = 2, .mzxid = 2, .pzxid = 2, .ctime = 1000, .mtime = 1000};
    crc = znode_path_crc(bytes_of("/a"), BYTES_NULL);
    CU_ASSERT_EQUAL(znode_digest(crc, &stat), 2324717246);
    crc = znode_path_crc(bytes_of("/a"), bytes_of("hello"));
    CU_ASSERT_EQUAL(znode_digest(crc, &stat), 3051960798);
}

static void
only_what_is_below_zookeeper_is_not_digested(void)
{
    CU_ASSERT_TRUE(path_is_digested(bytes_of("/")));
    CU_ASSERT_TRUE(path_is_digested(bytes_of("/zookeeper")));
    CU_ASSERT_TRUE(path_is_digested(bytes_of("/zookeepers/a")));
    CU_ASSERT_FALSE(path_is_digested(bytes_of("/zookeeper/config")));
}

static void
the_sent_stat_counts_changes_of_children(void)
{
    static const uint8_t expected[ZK_STAT_BYTES] = {
        0, 0, 0, 0, 0, 0, 0, 1, 0, 0,  0, 0, 0, 0,  0, 2, 0, 0, 0, 0, 0, 0, 0,
        3, 0, 0, 0, 0, 0, 0, 0, 4, 0,  0, 0, 6, 0,  0, 0, 3, 0, 0, 0, 8, 0, 0,
        0, 0, 0, 0, 0, 9, 0, 0, 0, 10, 0, 0, 0, 11, 0, 0, 0, 0, 0, 0, 0, 5};
    uint8_t room[ZK_STAT_BYTES];
    struct jute_out out = jute_out_of(room, sizeof room);

    znode_stat_put(&out, &distinct); /* cversion 2 * 7 - 11 */
    CU_ASSERT_FALSE(out.bad);
    CU_ASSERT_EQUAL(memcmp(room, expected, sizeof room), 0);
}

static int64_t
sent_owner(int64_t owner)
{
    struct znode_stat stat = {.owner = owner};
    uint8_t room[ZK_STAT_BYTES];
    struct jute_out out = jute_out_of(room, sizeof room);

    znode_stat_put(&out, &stat);
    return (int64_t)load_be64(room + 44);
}

static void
containers_and_ttl_nodes_show_no_owner(void)
{
    CU_ASSERT_EQUAL(sent_owner(0x100000000000001), 0x100000000000001);
    CU_ASSERT_EQUAL(sent_owner(ZK_OWNER_CONTAINER), 0);
    CU_ASSERT_EQUAL(sent_owner(ZK_OWNER_TTL_MASK | 5), 0);
    CU_ASSERT_EQUAL(znode_ttl_ms(ZK_OWNER_TTL_MASK | ZK_TTL_MAX_MS),
                    ZK_TTL_MAX_MS);
    CU_ASSERT_EQUAL(znode_ttl_ms(ZK_OWNER_CONTAINER), 0);
}

/* Where there is a server 255, 0xff begins the ids of its sessions. */
static void
a_ttl_is_a_session_of_server_255(void)
{
    int64_t owner = ZK_OWNER_TTL_MASK | 5;

    znode_set_ttl(false);
    CU_ASSERT_TRUE(znode_is_ephemeral(owner));
    CU_ASSERT_EQUAL(sent_owner(owner), owner);
    CU_ASSERT_FALSE(znode_is_ephemeral(ZK_OWNER_CONTAINER));
    znode_set_ttl(true);
    CU_ASSERT_FALSE(znode_is_ephemeral(owner));
}

static void
the_persisted_stat_reads_back(void)
{
    uint8_t room[ZK_STAT_BYTES];
    struct jute_out out = jute_out_of(room, sizeof room);
    struct jute_in in = jute_in_of(room, ZK_STAT_PERSISTED_BYTES);
    struct znode_stat stat;

    znode_stat_put_persisted(&out, &distinct);
    CU_ASSERT_EQUAL(jute_out_size(&out), ZK_STAT_PERSISTED_BYTES);
    znode_stat_get_persisted(&in, &stat);
    CU_ASSERT_FALSE(in.bad);
    CU_ASSERT_EQUAL(stat.czxid, 1);
    CU_ASSERT_EQUAL(stat.mzxid, 2);
    CU_ASSERT_EQUAL(stat.ctime, 3);
    CU_ASSERT_EQUAL(stat.mtime, 4);
    CU_ASSERT_EQUAL(stat.version, 6);
    CU_ASSERT_EQUAL(stat.cversion, 7);
    CU_ASSERT_EQUAL(stat.aversion, 8);
    CU_ASSERT_EQUAL(stat.owner, 9);
    CU_ASSERT_EQUAL(stat.pzxid, 5);
    CU_ASSERT_EQUAL(load_be64(room + 52), 5); /* pzxid is last */
}

UNIT_SUITE(znode)
{
    unit_suite("znode");
    UNIT(digests_are_those_of_java);
    UNIT(only_what_is_below_zookeeper_is_not_digested);
    UNIT(the_sent_stat_counts_changes_of_children);
    UNIT(containers_and_ttl_nodes_show_no_owner);
    UNIT(a_ttl_is_a_session_of_server_255);
    UNIT(the_persisted_stat_reads_back);
}
