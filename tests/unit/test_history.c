/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about net/zab/history.c: DIFF, TRUNC or SNAP. */
#include "net/zab/history.h"

#include "tests/unit/unit.h"

/* Our history: (3,1..7), (5,1..9); what is readable begins at (3,4). */
static struct sync_plan
plan_for(zxid_t learner, zxid_t floor, zxid_t ceiling)
{
    struct sync_facts f = {.learner = learner,
                           .end = ZXID(5, 9),
                           .floor = floor,
                           .ceiling = ceiling};

    return sync_decide(&f);
}

static bool
is_plan(struct sync_plan plan, enum sync_op op, zxid_t zxid, zxid_t from)
{
    return plan.op == op && plan.zxid == zxid && plan.from == from;
}

static void
who_is_in_step_gets_an_empty_diff(void)
{
    struct sync_plan plan = plan_for(ZXID(5, 9), ZXID(5, 9), 0);

    CU_ASSERT_TRUE(is_plan(plan, SYNC_DIFF, ZXID(5, 9), ZXID(5, 9)));
}

static void
two_empty_servers_are_in_step(void)
{
    struct sync_facts f = {0};

    CU_ASSERT_TRUE(is_plan(sync_decide(&f), SYNC_DIFF, 0, 0));
}

static void
who_is_behind_gets_the_rest(void)
{
    struct sync_plan plan = plan_for(ZXID(5, 2), ZXID(5, 2), ZXID(5, 3));

    CU_ASSERT_TRUE(is_plan(plan, SYNC_DIFF, ZXID(5, 9), ZXID(5, 2)));
}

static void
a_diff_crosses_epochs(void)
{
    struct sync_plan plan = plan_for(ZXID(3, 7), ZXID(3, 7), ZXID(5, 1));

    CU_ASSERT_TRUE(is_plan(plan, SYNC_DIFF, ZXID(5, 9), ZXID(3, 7)));
}

static void
who_is_behind_what_we_can_read_gets_a_snapshot(void)
{
    CU_ASSERT_EQUAL(plan_for(ZXID(3, 2), 0, ZXID(3, 4)).op, SYNC_SNAP);
}

/* What it has beyond that goes with the snapshot, and may be acknowledged. */
static void
who_is_ahead_is_told_what_is_common_with_a_snapshot(void)
{
    struct sync_facts f = {.learner = ZXID(3, 9),
                           .end = ZXID(5, 9),
                           .floor = ZXID(3, 7),
                           .ceiling = ZXID(5, 1),
                           .must_snap = true};

    CU_ASSERT_EQUAL(sync_decide(&f).op, SYNC_SNAP);
    CU_ASSERT_EQUAL(sync_decide(&f).common, ZXID(3, 7));
    f.learner = ZXID(3, 7); /* ours */
    CU_ASSERT_EQUAL(sync_decide(&f).common, 0);
    f.learner = ZXID(4, 0); /* no transaction */
    CU_ASSERT_EQUAL(sync_decide(&f).common, 0);
    CU_ASSERT_EQUAL(plan_for(ZXID(4, 1), 0, ZXID(5, 1)).common, 0);
}

static void
an_empty_learner_gets_a_snapshot(void)
{
    CU_ASSERT_EQUAL(plan_for(0, 0, ZXID(3, 4)).op, SYNC_SNAP);
}

/* (1,1) alone does not show that nothing was before it. */
static void
an_empty_learner_gets_a_snapshot_though_the_first_epoch_is_readable(void)
{
    CU_ASSERT_EQUAL(plan_for(0, 0, 1).op, SYNC_SNAP);
}

static void
who_is_ahead_is_cut_to_our_end(void)
{
    struct sync_plan plan = plan_for(ZXID(5, 11), ZXID(5, 9), 0);

    CU_ASSERT_TRUE(is_plan(plan, SYNC_TRUNC, ZXID(5, 9), ZXID(5, 9)));
}

/* ZK: P > max needs no common epoch; it holds our end, see history.c. */
static void
who_is_an_epoch_ahead_is_cut_to_our_end(void)
{
    struct sync_plan plan = plan_for(ZXID(6, 1), ZXID(5, 9), 0);

    CU_ASSERT_TRUE(is_plan(plan, SYNC_TRUNC, ZXID(5, 9), ZXID(5, 9)));
}

static void
an_unknown_zxid_is_cut_to_the_one_before(void)
{
    struct sync_plan plan = plan_for(ZXID(3, 8), ZXID(3, 7), ZXID(5, 1));

    CU_ASSERT_TRUE(is_plan(plan, SYNC_TRUNC, ZXID(3, 7), ZXID(3, 7)));
}

/* Whoever proposed (4,1) began with all that is before it here. */
static void
an_unknown_epoch_is_cut_to_what_its_leader_began_with(void)
{
    struct sync_plan plan = plan_for(ZXID(4, 1), ZXID(3, 7), ZXID(5, 1));

    CU_ASSERT_TRUE(is_plan(plan, SYNC_TRUNC, ZXID(3, 7), ZXID(3, 7)));
}

static void
an_unknown_epoch_older_than_all_we_can_read_gets_a_snapshot(void)
{
    CU_ASSERT_EQUAL(plan_for(ZXID(4, 1), 0, ZXID(5, 1)).op, SYNC_SNAP);
}

/* Trap 14.3: epoch<<32 is not a transaction to cut away. */
static void
counter_0_ahead_of_us_is_never_cut(void)
{
    CU_ASSERT_EQUAL(plan_for(ZXID(6, 0), ZXID(5, 9), 0).op, SYNC_SNAP);
}

static void
counter_0_between_epochs_is_never_cut(void)
{
    CU_ASSERT_EQUAL(plan_for(ZXID(4, 0), ZXID(3, 7), ZXID(5, 1)).op, SYNC_SNAP);
}

static void
counter_0_before_its_first_transaction_gets_a_diff(void)
{
    struct sync_plan plan = plan_for(ZXID(5, 0), ZXID(3, 7), ZXID(5, 1));

    CU_ASSERT_TRUE(is_plan(plan, SYNC_DIFF, ZXID(5, 9), ZXID(5, 0)));
}

static void
counter_0_gets_a_diff_where_older_ones_are_gone(void)
{
    struct sync_plan plan = plan_for(ZXID(5, 0), 0, ZXID(5, 1));

    CU_ASSERT_TRUE(is_plan(plan, SYNC_DIFF, ZXID(5, 9), ZXID(5, 0)));
}

static void
counter_0_gets_a_snapshot_when_its_first_transaction_is_gone(void)
{
    CU_ASSERT_EQUAL(plan_for(ZXID(5, 0), 0, ZXID(5, 3)).op, SYNC_SNAP);
}

/* A log cut where no transaction is may keep one too many. */
static void
nobody_is_cut_to_counter_0(void)
{
    struct sync_facts f = {.learner = ZXID(1, 2)};

    CU_ASSERT_EQUAL(sync_decide(&f).op, SYNC_SNAP);
    f.end = ZXID(1, 0);
    CU_ASSERT_EQUAL(sync_decide(&f).op, SYNC_SNAP);
    f = (struct sync_facts){.learner = ZXID(2, 4),
                            .end = ZXID(3, 1),
                            .floor = ZXID(2, 0),
                            .ceiling = ZXID(3, 1)};
    CU_ASSERT_EQUAL(sync_decide(&f).op, SYNC_SNAP);
}

/* A history that ends in a snapshot taken at the start of an epoch. */
static void
no_transactions_lead_to_an_end_with_counter_0(void)
{
    struct sync_facts f = {
        .learner = ZXID(4, 7), .end = ZXID(5, 0), .floor = ZXID(4, 7)};

    CU_ASSERT_EQUAL(sync_decide(&f).op, SYNC_SNAP);
    f.learner = f.end;
    CU_ASSERT_TRUE(is_plan(sync_decide(&f), SYNC_DIFF, f.end, f.end));
}

static void
a_negative_zxid_gets_a_snapshot(void)
{
    CU_ASSERT_EQUAL(plan_for(-1, 0, ZXID(3, 4)).op, SYNC_SNAP);
}

static void
who_must_have_a_snapshot_gets_one(void)
{
    struct sync_facts f = {
        .learner = ZXID(5, 9), .end = ZXID(5, 9), .must_snap = true};

    CU_ASSERT_EQUAL(sync_decide(&f).op, SYNC_SNAP);
}

/*
 * Every learner that can exist beside this history, against the answer found
 * by cutting and adding: what it ends with is our history or a snapshot.
 */
static void
whatever_the_plan_the_learner_ends_with_our_history(void)
{
    static const zxid_t ours[] = {ZXID(1, 1), ZXID(1, 2), ZXID(3, 1),
                                  ZXID(3, 2), ZXID(3, 3)};
    static const uint32_t size = sizeof ours / sizeof ours[0];

    for (int64_t epoch = 1; epoch <= 4; epoch++)
        for (uint32_t counter = 1; counter <= 5; counter++) {
            struct sync_facts f = {.learner = ZXID(epoch, counter),
                                   .end = ours[size - 1]};
            struct sync_plan plan;
            bool is_common = false;

            for (uint32_t i = 0; i < size; i++)
                if (ours[i] <= f.learner)
                    f.floor = ours[i];
                else if (!f.ceiling)
                    f.ceiling = ours[i];
            plan = sync_decide(&f);
            for (uint32_t i = 0; i < size; i++)
                is_common |= plan.from == ours[i];
            CU_ASSERT_TRUE(plan.op == SYNC_SNAP || is_common);
            CU_ASSERT_TRUE(plan.op != SYNC_DIFF || f.floor == f.learner);
            CU_ASSERT_TRUE(plan.op != SYNC_TRUNC || plan.from < f.learner);
        }
}

UNIT_SUITE(history)
{
    unit_suite("history");
    UNIT(who_is_in_step_gets_an_empty_diff);
    UNIT(two_empty_servers_are_in_step);
    UNIT(who_is_behind_gets_the_rest);
    UNIT(a_diff_crosses_epochs);
    UNIT(who_is_behind_what_we_can_read_gets_a_snapshot);
    UNIT(who_is_ahead_is_told_what_is_common_with_a_snapshot);
    UNIT(an_empty_learner_gets_a_snapshot);
    UNIT(an_empty_learner_gets_a_snapshot_though_the_first_epoch_is_readable);
    UNIT(who_is_ahead_is_cut_to_our_end);
    UNIT(who_is_an_epoch_ahead_is_cut_to_our_end);
    UNIT(an_unknown_zxid_is_cut_to_the_one_before);
    UNIT(an_unknown_epoch_is_cut_to_what_its_leader_began_with);
    UNIT(an_unknown_epoch_older_than_all_we_can_read_gets_a_snapshot);
    UNIT(counter_0_ahead_of_us_is_never_cut);
    UNIT(counter_0_between_epochs_is_never_cut);
    UNIT(counter_0_before_its_first_transaction_gets_a_diff);
    UNIT(counter_0_gets_a_diff_where_older_ones_are_gone);
    UNIT(counter_0_gets_a_snapshot_when_its_first_transaction_is_gone);
    UNIT(nobody_is_cut_to_counter_0);
    UNIT(no_transactions_lead_to_an_end_with_counter_0);
    UNIT(a_negative_zxid_gets_a_snapshot);
    UNIT(who_must_have_a_snapshot_gets_one);
    UNIT(whatever_the_plan_the_learner_ends_with_our_history);
}
