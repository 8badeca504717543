/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about net/zab/leader_identity.c: which ensemble a leader's term is of.
 */
#include "tests/unit/leader_given.h"

static const struct identity none = {0};
static const struct identity early = {0xe1, 2, false};
static const struct identity late = {0x1a, 4, false};
static const struct identity ours = {0x05, 3, true};
static const struct identity foreign = {0xa1, 9, true};

enum { FRESH = 0xf5 };

/* Voters 1, 2, 3; we are 1, and know this of our ensemble. */
static void
given_with(const struct identity *id)
{
    struct leader_conf conf;

    has_past();
    conf = usual();
    conf.identity = *id;
    conf.fresh_id = FRESH;
    conf.flags |= LEARNER_IDENTITY;
    begins(&conf);
}

/* A zabd connects, and this is what it knows. */
static void
zabd_comes(sid_t sid, int64_t accepted, const struct identity *id)
{
    struct learner_info info = {.sid = sid,
                                .protocol = LEARNER_PROTOCOL,
                                .is_zabd = true,
                                .flags = LEARNER_IDENTITY,
                                .identity = *id};

    joins((uint32_t)sid);
    hears_info((uint32_t)sid, sid == 9 ? Q_OBSERVER_INFO : Q_FOLLOWER_INFO,
               EPOCH(accepted), &info);
}

/* Server 2 came, and may promise. */
static void
given_asked(const struct identity *id, const struct identity *of_2)
{
    given_with(id);
    zabd_comes(2, 4, of_2);
    stored();
    given_leader_info(2);
}

/* ... and promised: what our disk is to learn of the ensemble. */
static struct identity
fixed(const struct identity *id, const struct identity *of_2)
{
    given_asked(id, of_2);
    promises(2, 4, ZXID(4, 3));
    if (leader.state == LEADER_EPOCH_ACKS)
        passes(1000);
    CU_ASSERT_PTR_NOT_NULL_FATAL(act(LEADER_STORE_CURRENT));
    return act(LEADER_STORE_CURRENT)->identity;
}

/* We lead; server 2 is a zabd, and knew this. */
static void
given_led_with(const struct identity *id, const struct identity *of_2)
{
    (void)fixed(id, of_2);
    stored();
    is_durable(ZXID(4, 3));
    is_brought_up(2);
    CU_ASSERT_EQUAL_FATAL(leader.state, LEADER_BROADCAST);
}

/* A zabd leads an Apache follower. */
static void
given_led_beside_apache(void)
{
    given_with(&none);
    comes(2, 4);
    stored();
    given_leader_info(2);
    promises(2, 4, ZXID(4, 3));
    passes(1000);
    stored();
    is_durable(ZXID(4, 3));
    is_brought_up(2);
    CU_ASSERT_EQUAL_FATAL(leader.state, LEADER_BROADCAST);
}

static void
late_comes(sid_t sid, const struct identity *id)
{
    zabd_comes(sid, 4, id);
    CU_ASSERT_TRUE_FATAL(sends((uint32_t)sid, Q_LEADER_INFO, EPOCH(5)));
    promises((uint32_t)sid, 4, ZXID(4, 3));
}

/* The packet that came last says this of the ensemble. */
static bool
signs(uint64_t id, bool is_confirmed)
{
    struct signature said;

    return signature_get(item.packet.data, &said) && said.identity.id == id &&
           said.identity.epoch == 5 &&
           said.identity.is_confirmed == is_confirmed;
}

/* --- which one ----------------------------------------------------------- */

static void
the_latest_of_ours_and_of_the_promises_is_proposed_again(void)
{
    struct identity id = fixed(&early, &late);

    CU_ASSERT_EQUAL(id.id, late.id);
    CU_ASSERT_EQUAL(id.epoch, 5);
    CU_ASSERT_FALSE(id.is_confirmed);
    CU_ASSERT_EQUAL(fixed(&late, &early).id, late.id);
    CU_ASSERT_EQUAL(fixed(&none, &early).id, early.id);
}

static void
a_confirmed_one_stands_before_a_later_proposal(void)
{
    CU_ASSERT_EQUAL(fixed(&late, &ours).id, ours.id);
    CU_ASSERT_EQUAL(fixed(&ours, &late).id, ours.id);
    CU_ASSERT_TRUE(fixed(&ours, &late).is_confirmed);
}

static void
where_nobody_knows_one_it_is_new(void)
{
    struct identity id = fixed(&none, &none);

    CU_ASSERT_EQUAL(id.id, FRESH);
    CU_ASSERT_EQUAL(id.epoch, 5);
    CU_ASSERT_FALSE(id.is_confirmed);
}

/* Server 3 may be late, and know the id that others have forgotten. */
static void
a_new_one_waits_for_the_voters_for_a_moment(void)
{
    given_asked(&none, &none);
    promises(2, 4, ZXID(4, 3));
    CU_ASSERT_EQUAL(leader.state, LEADER_EPOCH_ACKS);
    zabd_comes(3, 4, &ours);
    given_leader_info(3);
    promises(3, 4, ZXID(4, 3));
    CU_ASSERT_EQUAL(act(LEADER_STORE_CURRENT)->identity.id, ours.id);
    given_asked(&none, &none);
    promises(2, 4, ZXID(4, 3));
    passes(900);
    CU_ASSERT_PTR_NULL(act(LEADER_STORE_CURRENT));
    passes(100);
    CU_ASSERT_EQUAL(act(LEADER_STORE_CURRENT)->identity.id, FRESH);
}

static void
a_new_one_waits_no_longer_once_all_have_spoken(void)
{
    given_asked(&none, &none);
    zabd_comes(3, 4, &none);
    given_leader_info(3);
    promises(2, 4, ZXID(4, 3));
    CU_ASSERT_PTR_NULL(act(LEADER_STORE_CURRENT));
    promises(3, 4, ZXID(4, 3));
    CU_ASSERT_PTR_NOT_NULL_FATAL(act(LEADER_STORE_CURRENT));
    CU_ASSERT_EQUAL(act(LEADER_STORE_CURRENT)->identity.id, FRESH);
}

/* Where initLimit is short the term would be over before. */
static void
a_new_one_waits_for_half_of_init_limit_at_most(void)
{
    struct leader_conf conf;

    has_past();
    conf = usual();
    conf.fresh_id = FRESH;
    conf.flags |= LEARNER_IDENTITY;
    conf.tick_ms = 80;
    begins(&conf);
    zabd_comes(2, 4, &none);
    stored();
    given_leader_info(2);
    promises(2, 4, ZXID(4, 3));
    passes(390);
    CU_ASSERT_PTR_NULL(act(LEADER_STORE_CURRENT));
    passes(100);
    CU_ASSERT_PTR_NOT_NULL_FATAL(act(LEADER_STORE_CURRENT));
    CU_ASSERT_EQUAL(act(LEADER_STORE_CURRENT)->identity.id, FRESH);
}

static void
a_known_one_waits_for_nobody(void)
{
    given_asked(&early, &none);
    promises(2, 4, ZXID(4, 3));
    CU_ASSERT_PTR_NOT_NULL(act(LEADER_STORE_CURRENT));
}

/* Whose promise does not count is not believed either. */
static void
one_that_is_ahead_of_us_has_no_say(void)
{
    given_asked(&none, &foreign);
    promises(2, 7, ZXID(7, 3));
    CU_ASSERT_TRUE(closed(2));
    zabd_comes(3, 4, &early);
    given_leader_info(3);
    promises(3, 4, ZXID(4, 3));
    CU_ASSERT_EQUAL(act(LEADER_STORE_CURRENT)->identity.id, early.id);
}

/* --- who is told --------------------------------------------------------- */

static void
the_plan_tells_it_to_who_listens(void)
{
    (void)fixed(&late, &none);
    stored();
    CU_ASSERT_TRUE(sends(2, Q_DIFF, ZXID(4, 3)));
    CU_ASSERT_TRUE(signs(late.id, false));
    comes_late(3, 4, 4, ZXID(4, 3));
    CU_ASSERT_TRUE(sends(3, Q_DIFF, ZXID(4, 3)));
    CU_ASSERT_EQUAL(item.packet.data.size, -1);
}

static void
trunc_and_snap_tell_it_too(void)
{
    (void)fixed(&late, &none);
    stored();
    zabd_comes(3, 4, &none);
    given_leader_info(3);
    promises(3, 4, ZXID(4, 9));
    CU_ASSERT_TRUE(sends(3, Q_TRUNC, ZXID(4, 3)));
    CU_ASSERT_TRUE(signs(late.id, false));
    past.must_snap = true;
    CU_ASSERT_TRUE(sends_snapshot(2));
    CU_ASSERT_TRUE(signs(late.id, false));
    item = (struct leader_item){.packet = {Q_SNAP, 7, BYTES_NULL, BYTES_NULL}};
    leader_sign(&leader, 2, &item); /* as the shell does */
    CU_ASSERT_TRUE(signs(late.id, false));
}

/* What is common of server 3's history and ours, as SNAP says; or 0. */
static zxid_t
common_told_to_3(int32_t flags)
{
    struct signature said = {0};

    (void)fixed(&late, &none);
    stored();
    zabd_comes(3, 4, &none);
    leader.peer[3].flags |= flags;
    given_leader_info(3);
    promises(3, 4, ZXID(4, 9));
    past.must_snap = true;
    CU_ASSERT_TRUE(sends_snapshot(3));
    CU_ASSERT_TRUE(signature_get(item.packet.data, &said));
    return said.common;
}

static void
a_snapshot_says_what_it_lacks_to_who_listens(void)
{
    CU_ASSERT_EQUAL(common_told_to_3(LEARNER_COMMON), ZXID(4, 3));
    CU_ASSERT_EQUAL(common_told_to_3(0), 0);
}

static void
leader_info_tells_what_we_know_so_far(void)
{
    struct leader_info info;

    given_asked(&early, &none);
    CU_ASSERT_EQUAL(leader_info_get(item.packet.data, &info), 0);
    CU_ASSERT_EQUAL(info.identity.id, early.id);
    CU_ASSERT_EQUAL(info.identity.epoch, early.epoch);
    CU_ASSERT_FALSE(info.identity.is_confirmed);
}

/* --- confirmed ----------------------------------------------------------- */

static void
a_quorum_of_zabds_confirms_it(void)
{
    given_led_with(&none, &none);
    CU_ASSERT_TRUE(act(LEADER_KEEP_IDENTITY)->identity.is_confirmed);
    CU_ASSERT_EQUAL(act(LEADER_KEEP_IDENTITY)->identity.id, FRESH);
    CU_ASSERT_EQUAL(act(LEADER_KEEP_IDENTITY)->identity.epoch, 5);
}

/* All that we began with has to be there, as anywhere. */
static void
our_own_disk_may_be_the_last_of_that_quorum(void)
{
    (void)fixed(&none, &none);
    stored();
    is_brought_up(2);
    CU_ASSERT_PTR_NULL(act(LEADER_KEEP_IDENTITY));
    is_durable(ZXID(4, 3));
    CU_ASSERT_PTR_NOT_NULL_FATAL(act(LEADER_KEEP_IDENTITY));
    CU_ASSERT_TRUE(act(LEADER_KEEP_IDENTITY)->identity.is_confirmed);
}

/* A new leader tells at once what is confirmed, and stores nothing more. */
static void
what_is_confirmed_is_not_confirmed_again(void)
{
    given_led_with(&ours, &none);
    CU_ASSERT_PTR_NULL(act(LEADER_KEEP_IDENTITY));
    CU_ASSERT_TRUE(leader.identity.is_confirmed);
    CU_ASSERT_TRUE(leader.peer[2].knows_identity);
}

static void
the_first_ping_behind_it_says_so(void)
{
    given_led_with(&none, &none);
    passes(200);
    CU_ASSERT_TRUE(sends(2, Q_PING, EPOCH(5)));
    CU_ASSERT_EQUAL(item.packet.data.size, -1); /* it would not be heard */
    CU_ASSERT_TRUE(sends(2, Q_UP_TO_DATE, -1));
    passes(1000);
    CU_ASSERT_TRUE(sends(2, Q_PING, EPOCH(5)));
    CU_ASSERT_TRUE(signs(FRESH, true));
    passes(1000);
    CU_ASSERT_TRUE(sends(2, Q_PING, EPOCH(5)));
    CU_ASSERT_EQUAL(item.packet.data.size, -1);
}

/* Apache's servers remember no id: another leader may find another one. */
static void
apaches_servers_confirm_nothing(void)
{
    given_led_beside_apache();
    CU_ASSERT_PTR_NULL(act(LEADER_KEEP_IDENTITY));
    CU_ASSERT_FALSE(leader.identity.is_confirmed);
    CU_ASSERT_TRUE(sends(2, Q_UP_TO_DATE, -1));
    passes(1000);
    CU_ASSERT_TRUE(sends(2, Q_PING, EPOCH(5)));
    CU_ASSERT_EQUAL(item.packet.data.size, -1);
}

/* ... until enough of ours have come. */
static void
a_later_zabd_makes_a_quorum_of_them(void)
{
    given_led_beside_apache();
    late_comes(3, &none);
    CU_ASSERT_PTR_NULL(act(LEADER_KEEP_IDENTITY));
    is_brought_up(3);
    CU_ASSERT_TRUE(act(LEADER_KEEP_IDENTITY)->identity.is_confirmed);
}

static void
an_observer_confirms_nothing(void)
{
    given_led_beside_apache();
    late_comes(9, &none);
    is_brought_up(9);
    CU_ASSERT_FALSE(leader.identity.is_confirmed);
}

/* --- giving way ---------------------------------------------------------- */

/*
 * Two members became Apache's and forgot the id, which a third still has: it
 * is no stranger.
 */
static void
a_proposal_gives_way_to_what_a_latecomer_knows_for_good(void)
{
    given_led_beside_apache();
    late_comes(3, &ours);
    CU_ASSERT_EQUAL(act(LEADER_KEEP_IDENTITY)->identity.id, ours.id);
    CU_ASSERT_TRUE(act(LEADER_KEEP_IDENTITY)->identity.is_confirmed);
    CU_ASSERT_TRUE(sends(3, Q_DIFF, ZXID(4, 3)));
    CU_ASSERT_TRUE(signs(ours.id, true));
}

/* A backup may leave the record of a later epoch, with our own id. */
static void
what_we_know_for_good_is_not_learned_again(void)
{
    struct identity again = {0x05, 99, true};

    given_led_with(&ours, &ours);
    late_comes(3, &again);
    CU_ASSERT_PTR_NULL(act(LEADER_KEEP_IDENTITY));
    CU_ASSERT_EQUAL(leader.identity.epoch, 5);
}

static void
a_latecomers_proposal_gives_way_to_ours(void)
{
    given_led_beside_apache();
    late_comes(3, &late);
    CU_ASSERT_EQUAL(leader.identity.id, FRESH);
    CU_ASSERT_TRUE(sends(3, Q_DIFF, ZXID(4, 3)));
    CU_ASSERT_TRUE(signs(FRESH, false));
}

/* The log process does one thing at a time. */
static void
what_is_learned_while_our_disk_works_is_kept_behind_that(void)
{
    (void)fixed(&late, &none);
    late_comes(3, &ours);
    CU_ASSERT_EQUAL(leader.state, LEADER_TAKING_OVER);
    CU_ASSERT_PTR_NULL(act(LEADER_KEEP_IDENTITY));
    stored();
    CU_ASSERT_EQUAL(act(LEADER_KEEP_IDENTITY)->identity.id, ours.id);
}

/* --- who is of another ensemble ------------------------------------------ */

static bool
is_dismissed(uint32_t slot)
{
    struct leader_info info;

    return act(LEADER_FOREIGN) && act(LEADER_FOREIGN)->slot == slot &&
           act(LEADER_FOREIGN)->identity.id == foreign.id &&
           leader.peer[slot].sid == (sid_t)slot && next(slot) &&
           item.packet.type == Q_LEADER_INFO &&
           leader_info_get(item.packet.data, &info) == 0 &&
           info.identity.id == ours.id && info.identity.is_confirmed &&
           !next(slot);
}

static void
a_foreigner_is_told_our_id_and_nothing_else(void)
{
    given_with(&ours);
    zabd_comes(2, 4, &foreign);
    CU_ASSERT_TRUE(is_dismissed(2));
    promises(2, 4, ZXID(4, 3));
    CU_ASSERT_TRUE(closed(2));
}

static void
a_foreigner_makes_no_quorum(void)
{
    given_with(&ours);
    zabd_comes(2, 4, &foreign);
    CU_ASSERT_EQUAL(leader.state, LEADER_DISCOVERY);
    CU_ASSERT_PTR_NULL(act(LEADER_STORE_ACCEPTED));
    zabd_comes(3, 4, &ours);
    CU_ASSERT_PTR_NOT_NULL(act(LEADER_STORE_ACCEPTED));
}

/* Else its epoch would end our terms, one after the other. */
static void
a_foreigners_later_epoch_is_of_no_weight(void)
{
    given_led_with(&ours, &ours);
    zabd_comes(3, 77, &foreign);
    CU_ASSERT_FALSE(gave_up());
    CU_ASSERT_TRUE(is_dismissed(3));
    CU_ASSERT_EQUAL(leader.accepted_max, 4);
    given_with(&ours);
    zabd_comes(3, 77, &foreign);
    zabd_comes(2, 4, &ours);
    CU_ASSERT_EQUAL(leader.epoch, 5);
}

static void
a_foreign_observer_is_dismissed_too(void)
{
    given_led_with(&ours, &ours);
    zabd_comes(9, 4, &foreign);
    CU_ASSERT_TRUE(is_dismissed(9));
}

static void
a_dismissed_one_that_does_not_hang_up_is_closed(void)
{
    given_led_with(&ours, &ours);
    zabd_comes(3, 4, &foreign);
    CU_ASSERT_TRUE(is_dismissed(3));
    for (int i = 0; i <= INIT_TICKS; i++)
        passes(TICK_MS);
    CU_ASSERT_TRUE(closed(3));
}

/* Both came before we knew which of them is of our ensemble. */
static void
who_turns_out_to_be_foreign_goes(void)
{
    given_asked(&none, &ours);
    zabd_comes(3, 4, &foreign);
    given_leader_info(3);
    promises(2, 4, ZXID(4, 3));
    CU_ASSERT_EQUAL(act(LEADER_FOREIGN)->slot, 3);
    CU_ASSERT_TRUE(closed(3));
    CU_ASSERT_EQUAL(act(LEADER_STORE_CURRENT)->identity.id, ours.id);
}

static void
who_has_left_before_is_not_sent_away(void)
{
    given_asked(&none, &ours);
    zabd_comes(3, 4, &foreign);
    leaves(3);
    promises(2, 4, ZXID(4, 3));
    CU_ASSERT_PTR_NULL(act(LEADER_FOREIGN));
    CU_ASSERT_PTR_NULL(act(LEADER_CLOSE));
}

static void
apaches_servers_are_never_judged(void)
{
    given_with(&ours);
    comes(2, 4);
    CU_ASSERT_PTR_NOT_NULL(act(LEADER_STORE_ACCEPTED));
    CU_ASSERT_PTR_NULL(act(LEADER_FOREIGN));
}

/* --- an observer master -------------------------------------------------- */

static void
given_master(const struct identity *id)
{
    static struct quorum alone = {.count = 1, .member = {{.sid = 1}}};
    struct leader_conf conf;

    has_past();
    conf = usual();
    conf.quorum = &alone;
    conf.accepted = conf.current = 5;
    conf.identity = *id;
    conf.flags |= LEARNER_IDENTITY;
    now = 100000;
    leader_init_master(&leader, &conf, &past_history, now);
    leader_check(&leader);
}

static void
a_master_tells_its_observers_what_its_leader_told(void)
{
    struct identity confirmed = {late.id, 5, true};

    given_master(&late);
    late_comes(9, &none);
    is_brought_up(9);
    CU_ASSERT_PTR_NULL(act(LEADER_KEEP_IDENTITY));
    CU_ASSERT_TRUE(sends(9, Q_UP_TO_DATE, -1));
    leader_identified(&leader, &confirmed, &last);
    passes(1000);
    CU_ASSERT_TRUE(sends(9, Q_PING, EPOCH(5)));
    CU_ASSERT_TRUE(signs(late.id, true));
}

static void
a_master_dismisses_foreign_observers(void)
{
    given_master(&late);
    late_comes(9, &foreign);
    last.count = 0;
    leader_identified(&leader, &ours, &last);
    leader_check(&leader);
    CU_ASSERT_EQUAL(act(LEADER_FOREIGN)->slot, 9);
    CU_ASSERT_TRUE(closed(9));
    zabd_comes(9, 4, &foreign);
    CU_ASSERT_TRUE(is_dismissed(9));
}

UNIT_SUITE(leader_identity)
{
    unit_suite("leader_identity");
    UNIT(the_latest_of_ours_and_of_the_promises_is_proposed_again);
    UNIT(a_confirmed_one_stands_before_a_later_proposal);
    UNIT(where_nobody_knows_one_it_is_new);
    UNIT(a_new_one_waits_for_the_voters_for_a_moment);
    UNIT(a_new_one_waits_no_longer_once_all_have_spoken);
    UNIT(a_new_one_waits_for_half_of_init_limit_at_most);
    UNIT(a_known_one_waits_for_nobody);
    UNIT(one_that_is_ahead_of_us_has_no_say);
    UNIT(the_plan_tells_it_to_who_listens);
    UNIT(trunc_and_snap_tell_it_too);
    UNIT(a_snapshot_says_what_it_lacks_to_who_listens);
    UNIT(leader_info_tells_what_we_know_so_far);
    UNIT(a_quorum_of_zabds_confirms_it);
    UNIT(our_own_disk_may_be_the_last_of_that_quorum);
    UNIT(what_is_confirmed_is_not_confirmed_again);
    UNIT(the_first_ping_behind_it_says_so);
    UNIT(apaches_servers_confirm_nothing);
    UNIT(a_later_zabd_makes_a_quorum_of_them);
    UNIT(an_observer_confirms_nothing);
    UNIT(a_proposal_gives_way_to_what_a_latecomer_knows_for_good);
    UNIT(what_we_know_for_good_is_not_learned_again);
    UNIT(a_latecomers_proposal_gives_way_to_ours);
    UNIT(what_is_learned_while_our_disk_works_is_kept_behind_that);
    UNIT(a_foreigner_is_told_our_id_and_nothing_else);
    UNIT(a_foreigner_makes_no_quorum);
    UNIT(a_foreigners_later_epoch_is_of_no_weight);
    UNIT(a_foreign_observer_is_dismissed_too);
    UNIT(a_dismissed_one_that_does_not_hang_up_is_closed);
    UNIT(who_turns_out_to_be_foreign_goes);
    UNIT(who_has_left_before_is_not_sent_away);
    UNIT(apaches_servers_are_never_judged);
    UNIT(a_master_tells_its_observers_what_its_leader_told);
    UNIT(a_master_dismisses_foreign_observers);
}
