/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about net/zab/learner_identity.c: of which ensemble a learner is. */
#include "tests/unit/learner_given.h"

static const struct identity none = {0};
static const struct identity proposed = {0x1a, 4, false};
static const struct identity other = {0x2b, EPOCH, false};
static const struct identity ours = {0x05, 3, true};
static const struct identity foreign = {0xa1, 2, true};

static struct given g;

static struct learner_conf
conf_of(const struct identity *id)
{
    struct learner_conf conf = conf_with(OLD(3));

    conf.identity = *id;
    conf.flags |= LEARNER_IDENTITY;
    return conf;
}

/* LEADER_INFO of a zabd that says this of itself. */
static void
hear_leader_of(const struct identity *id)
{
    struct leader_info info = {.protocol = LEARNER_PROTOCOL,
                               .is_zabd = true,
                               .flags = LEARNER_IDENTITY,
                               .identity = *id};
    uint8_t buffer[LEADER_INFO_BYTES_MAX];
    struct jute_out data = jute_out_of(buffer, sizeof buffer);

    leader_info_put(&data, &info);
    hear_packet(
        &g, (struct qpacket){
                Q_LEADER_INFO, NEW(0), {buffer, sizeof buffer}, BYTES_NULL});
}

static void
hear_signed(int32_t type, zxid_t zxid, const struct identity *id)
{
    struct signature signature = {.identity = *id};
    uint8_t buffer[SIGNATURE_BYTES];
    struct jute_out data = jute_out_of(buffer, sizeof buffer);

    signature_put(&data, &signature);
    hear_packet(
        &g, (struct qpacket){type, zxid, {buffer, sizeof buffer}, BYTES_NULL});
}

/* We know `id` and have promised ourselves to a zabd that knows `theirs`. */
static void
given_promised(const struct identity *id, const struct identity *theirs)
{
    connect_with(&g, conf_of(id));
    hear_leader_of(theirs);
    CU_ASSERT_EQUAL_FATAL(g.l.state, LEARNER_PROMISING);
    stored(&g);
}

/* ... whose plan says `named`; what our disk is to learn with the epoch. */
static struct identity
taken_over(const struct identity *id, const struct identity *named)
{
    given_promised(id, &none);
    hear_signed(Q_DIFF, OLD(3), named);
    hear(&g, Q_NEW_LEADER, NEW(0));
    return did(&g, 0, LEARNER_STORE_CURRENT)->identity;
}

static void
given_serving(const struct identity *id, const struct identity *named)
{
    (void)taken_over(id, named);
    stored(&g);
    hear(&g, Q_UP_TO_DATE, -1);
    CU_ASSERT_EQUAL_FATAL(g.l.state, LEARNER_BROADCAST);
}

static bool
left_foreign(void)
{
    gave_up(&g);
    return strstr(g.out.act[0].why, "another ensemble") != NULL;
}

/* --- what is taken over -------------------------------------------------- */

static void
says_what_it_knows(void)
{
    struct learner_info info;

    connect_with(&g, conf_of(&proposed));
    sent(&g, 0, Q_FOLLOWER_INFO, OLD(0));
    CU_ASSERT_EQUAL(learner_info_get(g.out.act[0].packet.data, &info), 0);
    CU_ASSERT_EQUAL(info.identity.id, proposed.id);
    CU_ASSERT_EQUAL(info.identity.epoch, proposed.epoch);
    CU_ASSERT_FALSE(info.identity.is_confirmed);
}

/* With the epoch, before the ACK of NEW_LEADER. */
static void
the_plans_id_is_stored_before_new_leader_is_acknowledged(void)
{
    struct identity id = taken_over(&none, &other);

    CU_ASSERT_EQUAL(id.id, other.id);
    CU_ASSERT_EQUAL(id.epoch, EPOCH);
    CU_ASSERT_FALSE(id.is_confirmed);
    CU_ASSERT_EQUAL(g.out.count, 1);
    stored(&g);
    sent(&g, 0, Q_ACK, NEW(0));
    CU_ASSERT_EQUAL(g.l.conf.identity.id, other.id);
}

static void
a_proposal_gives_way_without_a_word(void)
{
    CU_ASSERT_EQUAL(taken_over(&proposed, &other).id, other.id);
    CU_ASSERT_EQUAL(taken_over(&proposed, &foreign).id, foreign.id);
    CU_ASSERT_TRUE(taken_over(&proposed, &foreign).is_confirmed);
}

static void
what_is_known_for_good_is_not_stored_again(void)
{
    CU_ASSERT_EQUAL(taken_over(&ours, &ours).id, 0);
    stored(&g);
    CU_ASSERT_EQUAL(g.l.conf.identity.id, ours.id);
    CU_ASSERT_EQUAL(g.l.conf.identity.epoch, ours.epoch);
}

/* An Apache leader, or an older zabd. */
static void
a_leader_that_says_nothing_is_followed(void)
{
    given_syncing(&g, conf_of(&ours));
    hear(&g, Q_NEW_LEADER, NEW(0));
    CU_ASSERT_EQUAL(did(&g, 0, LEARNER_STORE_CURRENT)->identity.id, 0);
    given_syncing(&g, conf_of(&proposed));
    hear(&g, Q_NEW_LEADER, NEW(0));
    CU_ASSERT_EQUAL(did(&g, 0, LEARNER_STORE_CURRENT)->identity.id, 0);
    stored(&g);
    CU_ASSERT_EQUAL(g.l.conf.identity.id, proposed.id);
}

/* --- confirmed ----------------------------------------------------------- */

static void
a_ping_tells_that_it_is_confirmed(void)
{
    struct identity confirmed = {other.id, EPOCH, true};

    given_serving(&none, &other);
    hear_signed(Q_PING, NEW(0), &confirmed);
    CU_ASSERT_EQUAL(g.out.count, 2);
    CU_ASSERT_EQUAL(did(&g, 0, LEARNER_KEEP_IDENTITY)->identity.id, other.id);
    CU_ASSERT_TRUE(g.out.act[0].identity.is_confirmed);
    CU_ASSERT_EQUAL(g.out.act[0].identity.epoch, EPOCH);
    did(&g, 1, LEARNER_PONG);
    hear_signed(Q_PING, NEW(0), &confirmed);
    CU_ASSERT_EQUAL(g.out.count, 1);
    did(&g, 0, LEARNER_PONG);
}

static void
a_ping_that_confirms_nothing_is_a_ping(void)
{
    given_serving(&none, &other);
    hear_signed(Q_PING, NEW(0), &other);
    CU_ASSERT_EQUAL(g.out.count, 1);
    did(&g, 0, LEARNER_PONG);
    hear_packet(&g, (struct qpacket){Q_PING, NEW(0), bytes_of("other data"),
                                     BYTES_NULL});
    CU_ASSERT_EQUAL(g.out.count, 1);
    did(&g, 0, LEARNER_PONG);
}

/* --- a foreign leader ---------------------------------------------------- */

static void
nothing_is_promised_to_a_foreign_leader(void)
{
    connect_with(&g, conf_of(&ours));
    hear_leader_of(&foreign);
    CU_ASSERT_TRUE(left_foreign());
}

static void
nothing_is_taken_from_a_foreign_leader(void)
{
    static const int32_t plan[] = {Q_DIFF, Q_TRUNC, Q_SNAP};

    for (size_t i = 0; i < ARRAY_COUNT(plan); i++) {
        given_promised(&ours, &none);
        hear_signed(plan[i], OLD(1), &foreign);
        CU_ASSERT_TRUE(left_foreign());
    }
}

static void
a_leader_that_turns_out_to_be_foreign_is_left(void)
{
    given_syncing(&g, conf_of(&ours));
    hear(&g, Q_NEW_LEADER, NEW(0));
    stored(&g);
    hear(&g, Q_UP_TO_DATE, -1);
    hear_signed(Q_PING, NEW(0), &foreign);
    CU_ASSERT_TRUE(left_foreign());
}

/* Only for good is there another ensemble. */
static void
a_leader_that_only_proposes_another_id_is_followed(void)
{
    given_promised(&ours, &other);
    hear_signed(Q_DIFF, OLD(3), &other);
    CU_ASSERT_EQUAL(g.l.state, LEARNER_SYNCING);
    hear(&g, Q_NEW_LEADER, NEW(0));
    CU_ASSERT_EQUAL(did(&g, 0, LEARNER_STORE_CURRENT)->identity.id, 0);
}

UNIT_SUITE(learner_identity)
{
    unit_suite("learner_identity");
    UNIT(says_what_it_knows);
    UNIT(the_plans_id_is_stored_before_new_leader_is_acknowledged);
    UNIT(a_proposal_gives_way_without_a_word);
    UNIT(what_is_known_for_good_is_not_stored_again);
    UNIT(a_leader_that_says_nothing_is_followed);
    UNIT(a_ping_tells_that_it_is_confirmed);
    UNIT(a_ping_that_confirms_nothing_is_a_ping);
    UNIT(nothing_is_promised_to_a_foreign_leader);
    UNIT(nothing_is_taken_from_a_foreign_leader);
    UNIT(a_leader_that_turns_out_to_be_foreign_is_left);
    UNIT(a_leader_that_only_proposes_another_id_is_followed);
}
