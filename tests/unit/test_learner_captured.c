/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_learner_captured.c - conversations captured from Apache 3.8.0, from a
 * learner's side (spec/quorum-protocol.md 16).
 */
#include "tests/unit/learner_given.h"

static struct given g;

/* 16.2: an empty follower joins a new leader of epoch 1. */
static void
joins_as_captured(void)
{
    struct learner_conf conf = conf_with(0);

    conf.accepted = conf.current = 0;
    connect_with(&g, conf);
    sent(&g, 0, Q_FOLLOWER_INFO, 0);
    hear_leader_info(&g, 1);
    stored(&g);
    sent(&g, 0, Q_ACK_EPOCH, 0);
    CU_ASSERT_EQUAL(load_be32(g.out.act[0].packet.data.data), 0);
    hear(&g, Q_DIFF, 0);
    hear_packet(&g, (struct qpacket){Q_NEW_LEADER, ZXID(1, 0),
                                     bytes_of("version=0"), BYTES_NULL});
    stored(&g);
    sent(&g, 0, Q_ACK, ZXID(1, 0));
    hear(&g, Q_UP_TO_DATE, -1);
    committed(&g, 0, 0);
    did(&g, 1, LEARNER_SERVE);
    sent(&g, 2, Q_ACK, ZXID(1, 0));
    hear(&g, Q_PING, ZXID(1, 0));
    CU_ASSERT_EQUAL(did(&g, 0, LEARNER_PONG)->zxid, ZXID(1, 0));
}

/* 16.2: DIFF 10000000b, the pairs 7 to b, NEW_LEADER. */
static void
takes_a_difference_as_captured(void)
{
    struct learner_conf conf = conf_with(ZXID(1, 6));

    conf.accepted = conf.current = 1;
    connect_with(&g, conf);
    hear_leader_info(&g, 1);
    sent(&g, 0, Q_ACK_EPOCH, ZXID(1, 6));
    hear(&g, Q_DIFF, ZXID(1, 0xb));
    for (int i = 7; i <= 0xb; i++)
        hear_pair(&g, ZXID(1, i));
    hear(&g, Q_NEW_LEADER, ZXID(1, 0));
    durable(&g, ZXID(1, 0xb));
    stored(&g);
    sent(&g, 0, Q_ACK, ZXID(1, 0));
    hear(&g, Q_UP_TO_DATE, -1);
    committed(&g, 0, ZXID(1, 0xb));
}

/* 16.2: the uncommitted d, e, f of an old leader go. */
static void
is_cut_as_captured(void)
{
    struct learner_conf conf = conf_with(ZXID(1, 0xf));

    conf.accepted = conf.current = 1;
    conf.committed = ZXID(1, 0xc);
    connect_with(&g, conf);
    hear_leader_info(&g, 2);
    stored(&g);
    sent(&g, 0, Q_ACK_EPOCH, ZXID(1, 0xf));
    hear(&g, Q_TRUNC, ZXID(1, 0xc));
    CU_ASSERT_EQUAL(did(&g, 0, LEARNER_TRUNCATE)->zxid, ZXID(1, 0xc));
    truncated(&g, 0);
    hear(&g, Q_NEW_LEADER, ZXID(2, 0));
    stored(&g);
    sent(&g, 0, Q_ACK, ZXID(2, 0));
    hear(&g, Q_UP_TO_DATE, -1);
    committed(&g, 0, ZXID(1, 0xc));
}

/* 16.2: SNAP at 6, one pair, NEW_LEADER. */
static void
takes_a_snapshot_as_captured(void)
{
    given_awaiting(&g, conf_with(0));
    hear(&g, Q_SNAP, OLD(6));
    snapped(&g, OLD(6));
    hear_pair(&g, OLD(7));
    hear(&g, Q_NEW_LEADER, NEW(0));
    durable(&g, OLD(7));
    stored(&g);
    sent(&g, 0, Q_ACK, NEW(0));
    hear(&g, Q_UP_TO_DATE, -1);
    CU_ASSERT_EQUAL(g.out.count, 3);
    committed(&g, 0, OLD(7));
}

/* 16.3: create("/a", "hello"), after the session's own transaction. */
static void
takes_a_create_as_captured(void)
{
    static const uint8_t create[] =
        "\1\0\0\x17\xeb\3\0\0\0\0\0\1\0\0\0\1\0\0\0\2"
        "\0\0\1\xa2\6\x1e\x56\xa3\0\0\0\1"
        "\0\0\0\2/a\0\0\0\5hello\0\0\0\1\0\0\0\x1f"
        "\0\0\0\5world\0\0\0\6anyone\0\0\0\0\1"
        "\0\0\0\2\0\0\0\1\x42\xa2\x34\x7f";
    struct bytes txn = {create, sizeof create - 1};
    struct learner_conf conf = conf_with(ZXID(1, 1));

    CU_ASSERT_EQUAL(txn.size, 0x5b);
    conf.accepted = conf.current = 1;
    connect_with(&g, conf);
    hear_leader_info(&g, 1);
    hear(&g, Q_DIFF, ZXID(1, 1));
    hear(&g, Q_NEW_LEADER, ZXID(1, 0));
    stored(&g);
    hear(&g, Q_UP_TO_DATE, -1);
    hear_packet(&g, (struct qpacket){Q_PROPOSAL, ZXID(1, 2), txn, BYTES_NULL});
    CU_ASSERT_TRUE(bytes_equal(did(&g, 0, LEARNER_APPEND)->packet.data, txn));
    durable(&g, ZXID(1, 2));
    acked(&g, 0, ZXID(1, 2), ZXID(1, 2));
    hear(&g, Q_COMMIT, ZXID(1, 2));
    committed(&g, 0, ZXID(1, 2));
}

UNIT_SUITE(learner_captured)
{
    unit_suite("learner_captured");
    UNIT(joins_as_captured);
    UNIT(takes_a_difference_as_captured);
    UNIT(is_cut_as_captured);
    UNIT(takes_a_snapshot_as_captured);
    UNIT(takes_a_create_as_captured);
}
