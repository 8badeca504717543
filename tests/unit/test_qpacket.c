/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about net/wire/qpacket.c: packets of the quorum port, byte by byte. */
#include "tests/unit/unit.h"

#include <errno.h>

#include "net/wire/qpacket.h"

/* Captured from Apache 3.8.0: spec/quorum-protocol.md 16.2, 16.3. */
static const uint8_t follower_info[] =
    "\0\0\0\x0b\0\0\0\0\0\0\0\0\0\0\0\x14"
    "\0\0\0\0\0\0\0\1\0\1\0\0\0\0\0\0\0\0\0\0"
    "\xff\xff\xff\xff";
static const uint8_t request[] =
    "\0\0\0\1\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\x3e"
    "\1\0\0\x17\xeb\3\0\0\0\0\0\1\0\0\0\1"
    "\0\0\0\2/a\0\0\0\5hello"
    "\0\0\0\1\0\0\0\x1f\0\0\0\5world\0\0\0\6anyone\0\0\0\0"
    "\0\0\0\1\0\0\0\2ip\0\0\0\x09"
    "127.0.0.1";
static const uint8_t ping_answer[] =
    "\0\0\0\5\0\0\0\1\0\0\0\0\0\0\0\0\xff\xff\xff\xff";

#define CAPTURED(a) ((struct bytes){(a), sizeof(a) - 1})

static void
written_again_it_is_the_same(struct bytes wire, struct qpacket *p)
{
    uint8_t buffer[256];
    struct jute_out out = jute_out_of(buffer, sizeof buffer);

    CU_ASSERT_EQUAL_FATAL(qpacket_get(wire, 1000, p), wire.size);
    qpacket_put(&out, p);
    CU_ASSERT_TRUE(bytes_equal(
        (struct bytes){buffer, (int32_t)jute_out_size(&out)}, wire));
}

static void
reads_and_writes_what_apache_sends(void)
{
    struct learner_info info;
    struct qpacket p;

    written_again_it_is_the_same(CAPTURED(follower_info), &p);
    CU_ASSERT_EQUAL(p.type, Q_FOLLOWER_INFO);
    CU_ASSERT_EQUAL(learner_info_get(p.data, &info), 0);
    CU_ASSERT_EQUAL(info.sid, 1);
    CU_ASSERT_EQUAL(info.protocol, LEARNER_PROTOCOL);
    written_again_it_is_the_same(CAPTURED(request), &p);
    CU_ASSERT_EQUAL(p.zxid, -1);
    CU_ASSERT_EQUAL(p.authinfo.size, 23);
}

/* Trap 14.1.1: a PING's answer has empty data, and null is something else. */
static void
empty_data_is_not_null(void)
{
    struct qpacket p;

    written_again_it_is_the_same(CAPTURED(ping_answer), &p);
    CU_ASSERT_EQUAL(p.data.size, 0);
    CU_ASSERT_EQUAL(p.authinfo.size, -1);
}

static void
a_cut_packet_asks_for_more(void)
{
    struct bytes whole[] = {CAPTURED(request), CAPTURED(ping_answer)};
    struct qpacket p;

    for (size_t i = 0; i < ARRAY_COUNT(whole); i++)
        for (int32_t size = 0; size < whole[i].size; size++) {
            struct bytes part = {whole[i].data, size};

            CU_ASSERT_EQUAL_FATAL(qpacket_get(part, 1000, &p), 0);
        }
}

static void
lengths_that_cannot_be_are_refused(void)
{
    uint8_t wire[sizeof request];
    struct bytes b = {wire, sizeof request - 1};
    struct qpacket p;

    memcpy(wire, request, sizeof wire);
    CU_ASSERT_EQUAL(qpacket_get(b, 61, &p), -EBADMSG);
    store_be32(wire + 12, (uint32_t)-2);
    CU_ASSERT_EQUAL(qpacket_get(b, 1000, &p), -EBADMSG);
    memcpy(wire, request, sizeof wire);
    store_be32(wire + 16 + 62, (uint32_t)-7);
    CU_ASSERT_EQUAL(qpacket_get(b, 1000, &p), -EBADMSG);
    store_be32(wire + 16 + 62, QPACKET_IDS_MAX + 1);
    CU_ASSERT_EQUAL(qpacket_get(b, 1000, &p), -EBADMSG);
    store_be32(wire + 16 + 62, 1);
    store_be32(wire + 16 + 62 + 4, (uint32_t)-2);
    CU_ASSERT_EQUAL(qpacket_get(b, 1000, &p), -EBADMSG);
}

/* Nor may identities take what data may not: they are waited for as well. */
static void
identities_are_bounded_as_data_is(void)
{
    uint8_t wire[20 + 4 + 100] = {[3] = Q_REQUEST};
    struct qpacket p;

    store_be32(wire + 12, UINT32_MAX); /* no data */
    store_be32(wire + 16, 1);          /* and one identity */
    store_be32(wire + 20, 101);        /* whose scheme is too long */
    CU_ASSERT_EQUAL(qpacket_get((struct bytes){wire, 24}, 100, &p), -EBADMSG);
    store_be32(wire + 20, 100); /* or with what is before it */
    CU_ASSERT_EQUAL(qpacket_get((struct bytes){wire, 24}, 100, &p), 0);
    CU_ASSERT_EQUAL(qpacket_get((struct bytes){wire, 116}, 100, &p), 0);
    CU_ASSERT_EQUAL(qpacket_get((struct bytes){wire, 117}, 100, &p), -EBADMSG);
    store_be32(wire + 20, 80); /* it is all there */
    store_be32(wire + 104, 8);
    CU_ASSERT_EQUAL(qpacket_get((struct bytes){wire, 116}, 100, &p), 116);
    CU_ASSERT_EQUAL(qpacket_get((struct bytes){wire, 116}, 99, &p), -EBADMSG);
}

/* Whoever judges a multi looks through them once for each operation. */
static void
nobody_has_as_many_identities_as_data(void)
{
    static uint8_t wire[20 + 4 + QPACKET_IDS_BYTES_MAX] = {[3] = Q_REQUEST};
    struct bytes all = {wire, sizeof wire};
    struct qpacket p;

    store_be32(wire + 12, UINT32_MAX); /* no data */
    store_be32(wire + 16, 1);          /* one identity, of the largest size */
    store_be32(wire + 20, QPACKET_IDS_BYTES_MAX - 12);
    all.size -= 8;
    CU_ASSERT_EQUAL(qpacket_get(all, QPACKET_DATA_MAX, &p), all.size);
    store_be32(wire + 20, QPACKET_IDS_BYTES_MAX - 11);
    all.size += 1;
    CU_ASSERT_EQUAL(qpacket_get(all, QPACKET_DATA_MAX, &p), -EBADMSG);
}

/* 16.2: the data of FOLLOWER_INFO and LEADER_INFO, to the byte. */
static void
without_our_extension_both_infos_are_as_apache_writes_them(void)
{
    struct learner_info info = {.sid = 1, .protocol = LEARNER_PROTOCOL};
    struct leader_info leader = {.protocol = LEARNER_PROTOCOL};
    uint8_t buffer[64];
    struct jute_out out = jute_out_of(buffer, sizeof buffer);

    learner_info_put(&out, &info);
    CU_ASSERT_EQUAL(jute_out_size(&out), 20);
    CU_ASSERT_EQUAL(memcmp(buffer, follower_info + 16, 20), 0);
    out = jute_out_of(buffer, sizeof buffer);
    leader_info_put(&out, &leader);
    CU_ASSERT_EQUAL(jute_out_size(&out), 4);
    CU_ASSERT_EQUAL(memcmp(buffer, "\0\1\0\0", 4), 0);
}

static void
a_learner_that_is_zabd_is_recognised(void)
{
    struct learner_info info = {.sid = 3,
                                .protocol = LEARNER_PROTOCOL,
                                .config_version = 7,
                                .is_zabd = true,
                                .flags = LEARNER_ZSTD | LEARNER_QUICK};
    struct learner_info read;
    uint8_t buffer[LEARNER_INFO_BYTES_MAX];
    struct jute_out out = jute_out_of(buffer, sizeof buffer);

    learner_info_put(&out, &info);
    CU_ASSERT_FALSE(out.bad);
    CU_ASSERT_EQUAL(learner_info_get((struct bytes){buffer, 28}, &read), 0);
    CU_ASSERT_EQUAL(read.sid, 3);
    CU_ASSERT_EQUAL(read.config_version, 7);
    CU_ASSERT_TRUE(read.is_zabd);
    CU_ASSERT_EQUAL(read.flags, LEARNER_ZSTD | LEARNER_QUICK);
}

static void
a_leader_that_is_zabd_is_recognised(void)
{
    struct leader_info info = {
        .protocol = LEARNER_PROTOCOL, .is_zabd = true, .flags = LEARNER_QUICK};
    struct leader_info read;
    uint8_t buffer[LEADER_INFO_BYTES_MAX];
    struct jute_out out = jute_out_of(buffer, sizeof buffer);

    leader_info_put(&out, &info);
    CU_ASSERT_FALSE(out.bad);
    CU_ASSERT_EQUAL(leader_info_get((struct bytes){buffer, 12}, &read), 0);
    CU_ASSERT_EQUAL(read.protocol, LEARNER_PROTOCOL);
    CU_ASSERT_TRUE(read.is_zabd);
    CU_ASSERT_EQUAL(read.flags, LEARNER_QUICK);
}

static const struct identity some_id = {UINT64_MAX - 5, 12, true};

static bool
is_some_id(const struct identity *id)
{
    return id->id == some_id.id && id->epoch == some_id.epoch &&
           id->is_confirmed;
}

/* To the byte: other versions of ours read it. */
static void
who_knows_its_ensemble_says_so_behind_the_flags(void)
{
    static const uint8_t bytes[] =
        "zabd\0\0\0\4\xff\xff\xff\xff\xff\xff\xff\xfa"
        "\0\0\0\0\0\0\0\x0c\1";
    struct learner_info info = {
        .is_zabd = true, .flags = LEARNER_IDENTITY, .identity = some_id};
    struct leader_info leader = {
        .is_zabd = true, .flags = LEARNER_IDENTITY, .identity = some_id};
    uint8_t buffer[LEARNER_INFO_BYTES_MAX];
    struct jute_out out = jute_out_of(buffer, sizeof buffer);

    learner_info_put(&out, &info);
    CU_ASSERT_EQUAL(jute_out_size(&out), LEARNER_INFO_BYTES_MAX);
    CU_ASSERT_EQUAL(memcmp(buffer + 20, bytes, sizeof bytes - 1), 0);
    memset(&info, 0, sizeof info);
    CU_ASSERT_EQUAL(learner_info_get((struct bytes){buffer, 45}, &info), 0);
    CU_ASSERT_EQUAL(info.flags, LEARNER_IDENTITY);
    CU_ASSERT_TRUE(is_some_id(&info.identity));
    out = jute_out_of(buffer, LEADER_INFO_BYTES_MAX);
    leader_info_put(&out, &leader);
    CU_ASSERT_FALSE(out.bad);
    CU_ASSERT_EQUAL(memcmp(buffer + 4, bytes, sizeof bytes - 1), 0);
    memset(&leader, 0, sizeof leader);
    CU_ASSERT_EQUAL(leader_info_get((struct bytes){buffer, 29}, &leader), 0);
    CU_ASSERT_TRUE(is_some_id(&leader.identity));
}

/* What is cut short is no id, and who sends it is not asked to know one. */
static void
an_id_that_is_cut_short_is_none(void)
{
    struct learner_info info = {.is_zabd = true,
                                .flags = LEARNER_IDENTITY | LEARNER_QUICK,
                                .identity = some_id};
    uint8_t buffer[LEARNER_INFO_BYTES_MAX];
    struct jute_out out = jute_out_of(buffer, sizeof buffer);

    learner_info_put(&out, &info);
    for (int32_t size = 28; size < LEARNER_INFO_BYTES_MAX; size++) {
        CU_ASSERT_EQUAL(learner_info_get((struct bytes){buffer, size}, &info),
                        0);
        CU_ASSERT_EQUAL(info.flags, LEARNER_QUICK);
        CU_ASSERT_EQUAL(info.identity.id, 0);
    }
    buffer[36] = 0x80; /* an epoch below 0 */
    CU_ASSERT_EQUAL(learner_info_get((struct bytes){buffer, 45}, &info), 0);
    CU_ASSERT_EQUAL(info.identity.id, 0);
    memset(buffer + 28, 0, 8);
    buffer[36] = 0; /* no id, and yet confirmed */
    CU_ASSERT_EQUAL(learner_info_get((struct bytes){buffer, 45}, &info), 0);
    CU_ASSERT_FALSE(info.identity.is_confirmed);
    CU_ASSERT_EQUAL(info.flags, LEARNER_QUICK);
}

static void
a_signature_is_data_of_its_own(void)
{
    struct signature ours = {.identity = some_id}, s;
    uint8_t buffer[SIGNATURE_BYTES];
    struct jute_out out = jute_out_of(buffer, sizeof buffer);

    signature_put(&out, &ours);
    CU_ASSERT_FALSE(out.bad);
    CU_ASSERT_EQUAL(jute_out_size(&out), SIGNATURE_BYTES);
    CU_ASSERT_TRUE(signature_get((struct bytes){buffer, SIGNATURE_BYTES}, &s));
    CU_ASSERT_TRUE(is_some_id(&s.identity));
    CU_ASSERT_EQUAL(s.common, 0);
    CU_ASSERT_FALSE(
        signature_get((struct bytes){buffer, SIGNATURE_BYTES - 1}, &s));
    CU_ASSERT_EQUAL(s.identity.id, 0);
    CU_ASSERT_FALSE(signature_get(BYTES_NULL, &s));
    buffer[0] = 'Z';
    CU_ASSERT_FALSE(signature_get((struct bytes){buffer, SIGNATURE_BYTES}, &s));
}

/* What is common may be known where no id is. */
static void
a_signature_may_say_what_is_common(void)
{
    struct signature ours = {.common = ZXID(1, 16)}, s;
    uint8_t buffer[SIGNATURE_BYTES_MAX];
    struct jute_out out = jute_out_of(buffer, sizeof buffer);

    signature_put(&out, &ours);
    CU_ASSERT_FALSE(out.bad);
    CU_ASSERT_TRUE(
        signature_get((struct bytes){buffer, SIGNATURE_BYTES_MAX}, &s));
    CU_ASSERT_EQUAL(s.common, ZXID(1, 16));
    CU_ASSERT_EQUAL(s.identity.id, 0);
    CU_ASSERT_FALSE(
        signature_get((struct bytes){buffer, SIGNATURE_BYTES_MAX - 1}, &s));
}

/* A future member may add something of its own, or be cut short. */
static void
other_bytes_behind_an_info_are_not_our_extension(void)
{
    static const uint8_t wire[28] = {[7] = 5, [9] = 1, [20] = 'z', 'a', 'b'};
    struct learner_info info;
    struct leader_info leader;

    for (int32_t size = 20; size <= 28; size++) {
        struct bytes b = {wire, size};

        CU_ASSERT_EQUAL(learner_info_get(b, &info), 0);
        CU_ASSERT_EQUAL(info.sid, 5);
        CU_ASSERT_FALSE(info.is_zabd);
        CU_ASSERT_EQUAL(info.flags, 0);
    }
    CU_ASSERT_EQUAL(leader_info_get((struct bytes){wire + 16, 12}, &leader), 0);
    CU_ASSERT_FALSE(leader.is_zabd);
}

/* 4.3: by length, 8 the sid, 12 the protocol, 20 the configuration. */
static void
an_older_info_is_read_as_far_as_it_goes(void)
{
    static const uint8_t wire[20] = {[7] = 5, [9] = 1, [19] = 9};
    struct learner_info info;

    CU_ASSERT_EQUAL(learner_info_get(BYTES_NULL, &info), -EBADMSG);
    CU_ASSERT_EQUAL(learner_info_get((struct bytes){wire, 7}, &info), -EBADMSG);
    CU_ASSERT_EQUAL(learner_info_get((struct bytes){wire, 11}, &info), 0);
    CU_ASSERT_EQUAL(info.sid, 5);
    CU_ASSERT_EQUAL(info.protocol, 0);
    CU_ASSERT_EQUAL(learner_info_get((struct bytes){wire, 19}, &info), 0);
    CU_ASSERT_EQUAL(info.protocol, LEARNER_PROTOCOL);
    CU_ASSERT_EQUAL(info.config_version, 0);
    CU_ASSERT_EQUAL(learner_info_get((struct bytes){wire, 20}, &info), 0);
    CU_ASSERT_EQUAL(info.config_version, 9);
}

static void
a_leader_info_without_a_protocol_is_refused(void)
{
    struct leader_info info;

    CU_ASSERT_EQUAL(leader_info_get(BYTES_NULL, &info), -EBADMSG);
    CU_ASSERT_EQUAL(leader_info_get(bytes_of("abc"), &info), -EBADMSG);
}

static struct bytes
txn_of(int32_t type, struct bytes data)
{
    struct qpacket p = {.type = type, .data = data};

    return qpacket_txn(&p);
}

/* What room a transaction needs is asked before the core sees the packet. */
static void
a_designated_leader_stands_before_a_transaction(void)
{
    CU_ASSERT_TRUE(bytes_are(txn_of(Q_PROPOSAL, bytes_of("txn")), "txn"));
    CU_ASSERT_TRUE(bytes_are(txn_of(Q_INFORM, bytes_of("txn")), "txn"));
    CU_ASSERT_TRUE(
        bytes_are(txn_of(Q_INFORM_ACTIVATE, bytes_of("leader..txn")), "txn"));
    CU_ASSERT_EQUAL(txn_of(Q_INFORM_ACTIVATE, bytes_of("short")).size, -1);
    CU_ASSERT_EQUAL(txn_of(Q_INFORM_ACTIVATE, BYTES_NULL).size, -1);
    CU_ASSERT_EQUAL(txn_of(Q_COMMIT, bytes_of("txn")).size, -1);
}

UNIT_SUITE(qpacket)
{
    unit_suite("qpacket");
    UNIT(reads_and_writes_what_apache_sends);
    UNIT(empty_data_is_not_null);
    UNIT(a_cut_packet_asks_for_more);
    UNIT(lengths_that_cannot_be_are_refused);
    UNIT(identities_are_bounded_as_data_is);
    UNIT(nobody_has_as_many_identities_as_data);
    UNIT(without_our_extension_both_infos_are_as_apache_writes_them);
    UNIT(a_learner_that_is_zabd_is_recognised);
    UNIT(a_leader_that_is_zabd_is_recognised);
    UNIT(who_knows_its_ensemble_says_so_behind_the_flags);
    UNIT(an_id_that_is_cut_short_is_none);
    UNIT(a_signature_is_data_of_its_own);
    UNIT(a_signature_may_say_what_is_common);
    UNIT(other_bytes_behind_an_info_are_not_our_extension);
    UNIT(an_older_info_is_read_as_far_as_it_goes);
    UNIT(a_leader_info_without_a_protocol_is_refused);
    UNIT(a_designated_leader_stands_before_a_transaction);
}
