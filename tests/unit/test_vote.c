/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about election/vote.c: the order of votes, and their bytes. */
#include "tests/unit/unit.h"

#include <errno.h>

#include "election/vote.h"

static struct quorum two = {.count = 2, .member = {{.sid = 1}, {.sid = 2}}};

/* Captured from Apache 3.8.0: spec/quorum-protocol.md 16.1. */
static const char config[] =
    "server.1=127.0.0.1:23101:23201:participant\n"
    "server.2=127.0.0.1:23102:23202:participant\n"
    "server.3=127.0.0.1:23103:23203:participant\nversion=0";

static const uint8_t head[] = "\0\0\0\0"
                              "\0\0\0\0\0\0\0\2"
                              "\0\0\0\0\0\0\0\0"
                              "\0\0\0\0\0\0\0\1"
                              "\0\0\0\0\0\0\0\0"
                              "\0\0\0\2"
                              "\0\0\0\x8a";

static uint8_t note[44 + sizeof config - 1];

static struct bytes
captured(void)
{
    memcpy(note, head, 44);
    memcpy(note + 44, config, sizeof config - 1);
    return (struct bytes){note, sizeof note};
}

static void
reads_what_apache_sends(void)
{
    struct vote v;
    struct bytes c;

    CU_ASSERT_EQUAL_FATAL(note_get(captured(), &v, &c), 0);
    CU_ASSERT_EQUAL(v.state, SERVER_LOOKING);
    CU_ASSERT_EQUAL(v.leader, 2);
    CU_ASSERT_EQUAL(v.round, 1);
    CU_ASSERT_EQUAL(v.version, 2);
    CU_ASSERT_TRUE(bytes_are(c, config));
}

static void
writes_what_apache_sends(void)
{
    struct vote v = {.state = SERVER_LOOKING, .leader = 2, .round = 1};
    uint8_t buffer[NOTE_BYTES_MAX];
    struct jute_out out = jute_out_of(buffer, sizeof buffer);

    note_put(&out, &v, bytes_of(config));
    CU_ASSERT_FALSE(out.bad);
    CU_ASSERT_TRUE(bytes_equal(
        (struct bytes){buffer, (int32_t)jute_out_size(&out)}, captured()));
}

/* Apache reads up to the end of the config. */
static void
the_ensemble_stands_behind_the_config(void)
{
    struct vote v = {.leader = 2, .round = 1, .ensemble = UINT64_MAX - 5}, read;
    uint8_t buffer[NOTE_BYTES_MAX];
    struct jute_out out = jute_out_of(buffer, sizeof buffer);
    struct bytes c, whole = captured();

    note_put(&out, &v, bytes_of(config));
    CU_ASSERT_EQUAL(jute_out_size(&out), (size_t)whole.size + 12);
    CU_ASSERT_EQUAL(memcmp(buffer, whole.data, (size_t)whole.size), 0);
    CU_ASSERT_EQUAL(memcmp(buffer + whole.size, "zabd\xff\xff\xff\xff", 8), 0);
    for (int32_t more = 0; more <= 12; more++) {
        struct bytes part = {buffer, whole.size + more};

        read.ensemble = 1;
        CU_ASSERT_EQUAL(note_get(part, &read, &c), 0);
        CU_ASSERT_TRUE(bytes_are(c, config));
        CU_ASSERT_EQUAL(read.ensemble, more < 12 ? 0 : v.ensemble);
    }
    buffer[whole.size] = 'Z';
    CU_ASSERT_EQUAL(
        note_get((struct bytes){buffer, whole.size + 12}, &read, &c), 0);
    CU_ASSERT_EQUAL(read.ensemble, 0);
}

static void
drops_every_cut_note_but_the_old_layouts(void)
{
    struct bytes whole = captured(), c;
    struct vote v;

    for (int32_t size = 0; size < whole.size; size++) {
        int rc = note_get((struct bytes){whole.data, size}, &v, &c);

        CU_ASSERT_EQUAL(rc, size == 28 || size == 40 ? 0 : -EBADMSG);
    }
}

static void
drops_states_that_are_none(void)
{
    struct bytes b = captured(), c;
    struct vote v;

    note[3] = 4;
    CU_ASSERT_EQUAL(note_get(b, &v, &c), -EBADMSG);
    note[0] = 0xff;
    CU_ASSERT_EQUAL(note_get(b, &v, &c), -EBADMSG);
}

/* Trap 14.2.1: epoch first, then zxid, then sid. */
static void
an_epoch_weighs_more_than_a_zxid(void)
{
    struct vote a = {.leader = 1, .epoch = 3, .zxid = ZXID(1, 1)};
    struct vote b = {.leader = 2, .epoch = 2, .zxid = ZXID(2, 9)};

    CU_ASSERT_TRUE(vote_beats(&two, &a, &b));
    CU_ASSERT_FALSE(vote_beats(&two, &b, &a));
    CU_ASSERT_FALSE(vote_beats(&two, &a, &a));
}

/* Of one who looks, to the zxid; of two that have decided, by the epoch, which
   Apache's oldest servers do not tell. */
static void
votes_agree_as_far_as_their_states_go(void)
{
    struct vote looks = {.state = SERVER_LOOKING,
                         .leader = 3,
                         .zxid = 5,
                         .round = 1,
                         .epoch = 1,
                         .version = 2};
    struct vote follows = looks, other;

    follows.state = SERVER_FOLLOWING;
    CU_ASSERT_TRUE(vote_agrees(&follows, &looks));
    other = follows;
    other.zxid = 6;
    CU_ASSERT_FALSE(vote_agrees(&other, &looks));
    CU_ASSERT_FALSE(vote_agrees(&looks, &other));
    CU_ASSERT_TRUE(vote_agrees(&follows, &other));
    other.epoch = 2;
    CU_ASSERT_FALSE(vote_agrees(&follows, &other));
    other.version = 0;
    CU_ASSERT_TRUE(vote_agrees(&follows, &other));
    other.leader = 4;
    CU_ASSERT_FALSE(vote_agrees(&follows, &other));
}

static void
nobody_votes_for_a_stranger(void)
{
    struct vote a = {.leader = 7, .epoch = 9}, b = {.leader = 1};

    CU_ASSERT_FALSE(vote_beats(&two, &a, &b));
}

UNIT_SUITE(vote)
{
    unit_suite("vote");
    UNIT(reads_what_apache_sends);
    UNIT(writes_what_apache_sends);
    UNIT(the_ensemble_stands_behind_the_config);
    UNIT(drops_every_cut_note_but_the_old_layouts);
    UNIT(drops_states_that_are_none);
    UNIT(an_epoch_weighs_more_than_a_zxid);
    UNIT(votes_agree_as_far_as_their_states_go);
    UNIT(nobody_votes_for_a_stranger);
}
