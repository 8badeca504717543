/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about storage/log/log_orders.c: what replication orders is done in its
 * turn, and answered when it is durable.  Cuts: test_log_replace.c.
 */
#include <errno.h>

#include "tests/unit/log_given.h"

/* --- epochs -------------------------------------------------------------- */

static void
an_epoch_is_durable_when_it_is_answered(void)
{
    given_server();
    CU_ASSERT_EQUAL(given_answer(LOG_ACCEPT_EPOCH, 5), 0);
    CU_ASSERT_EQUAL(given_epochs().accepted, 5);
    CU_ASSERT_EQUAL(given_epochs().current, 0);
    CU_ASSERT_EQUAL(given_answer(LOG_CURRENT_EPOCH, 5), 0);
    CU_ASSERT_EQUAL(given_epochs().current, 5);
    CU_ASSERT_EQUAL(atomic_load(&given_log.current_epoch), 5);
    given_successor();
    CU_ASSERT_EQUAL(atomic_load(&given_log.accepted_epoch), 5);
    given_end();
}

static void
epochs_never_fall_nor_run_ahead_of_the_promise(void)
{
    given_server();
    CU_ASSERT_EQUAL(given_answer(LOG_ACCEPT_EPOCH, 5), 0);
    CU_ASSERT_EQUAL(given_answer(LOG_ACCEPT_EPOCH, 4), -EINVAL);
    CU_ASSERT_EQUAL(given_answer(LOG_CURRENT_EPOCH, 6), -EINVAL);
    CU_ASSERT_EQUAL(given_answer(LOG_CURRENT_EPOCH, 5), 0);
    CU_ASSERT_EQUAL(given_answer(LOG_CURRENT_EPOCH, 4), -EINVAL);
    CU_ASSERT_EQUAL(given_epochs().accepted, 5);
    CU_ASSERT_EQUAL(given_epochs().current, 5);
    given_end();
}

/* ZOOKEEPER-4643, -4646, -3911: history first, then the epoch, then the ACK. */
static void
an_epoch_waits_for_the_history_before_it(void)
{
    given_server();
    CU_ASSERT_EQUAL(given_answer(LOG_ACCEPT_EPOCH, 2), 0);
    given_order(LOG_CURRENT_EPOCH, 2);
    atomic_store(&given_replication.log_order.behind, given.appended + 640);
    CU_ASSERT_EQUAL(log_orders_work(&given), 0);
    CU_ASSERT_EQUAL(given_epochs().current, 0);
    given.appended += 640; /* durable, as the group's write says */
    CU_ASSERT_EQUAL(log_orders_work(&given), 1);
    CU_ASSERT_EQUAL(given_epochs().current, 2);
    given_end();
}

/* What a new leader sends behind a cut must not be cut with the old. */
static void
what_comes_behind_an_order_waits_for_it(void)
{
    given_server();
    given.appended = 640;
    given_order(LOG_ACCEPT_EPOCH, 2);
    CU_ASSERT_EQUAL(log_orders_limit(&given, 1280), 640);
    CU_ASSERT_EQUAL(log_orders_work(&given), 1);
    CU_ASSERT_EQUAL(log_orders_limit(&given, 1280), 1280);
    atomic_store(&given_replication.log_order.behind, 64);
    CU_ASSERT_EQUAL(log_orders_limit(&given, 1280), 1280);
    given_end();
}

static void
an_epoch_that_cannot_be_written_fails_the_log(void)
{
    given_server();
    txlog_close(&given.log);
    tempdir_remove(given.dirs.snap);
    given_order(LOG_ACCEPT_EPOCH, 5);
    CU_ASSERT(log_orders_work(&given) < 0);
    CU_ASSERT_EQUAL(atomic_load(&given_log.failed), ENOENT);
    CU_ASSERT_FALSE(given_is_answered());
    CU_ASSERT_EQUAL(atomic_load(&given_log.accepted_epoch), 0);
    tempdir_remove(given_dir);
}

/* --- the ensemble's id --------------------------------------------------- */

static struct identity
identity_on_disk(void)
{
    struct identity found = {.id = UINT64_MAX};
    struct data_error e;

    CU_ASSERT_EQUAL(identity_load(&found, given.dirs.snap, &e), 0);
    return found;
}

/* The answer to an order that names an id. */
static int
names(enum log_order kind, int64_t epoch, uint64_t id, bool is_confirmed)
{
    struct identity order = {id, epoch, is_confirmed};

    identity_share(&given_replication.log_order.identity, &order);
    return given_answer(kind, epoch);
}

static void
an_id_is_on_disk_when_its_epoch_is(void)
{
    given_server();
    CU_ASSERT_EQUAL(given_answer(LOG_ACCEPT_EPOCH, 5), 0);
    CU_ASSERT_EQUAL(identity_on_disk().id, 0);
    CU_ASSERT_EQUAL(names(LOG_CURRENT_EPOCH, 5, 0xa1, false), 0);
    CU_ASSERT_EQUAL(given_epochs().current, 5);
    CU_ASSERT_EQUAL(identity_on_disk().id, 0xa1);
    CU_ASSERT_EQUAL(identity_on_disk().epoch, 5);
    CU_ASSERT_FALSE(identity_on_disk().is_confirmed);
    CU_ASSERT_EQUAL(names(LOG_IDENTITY, 5, 0xa1, true), 0);
    CU_ASSERT_TRUE(identity_on_disk().is_confirmed);
    given_log.identity.id = 0;
    given_successor();
    CU_ASSERT_EQUAL(atomic_load(&given_log.identity.id), 0xa1);
    CU_ASSERT_EQUAL(atomic_load(&given_log.identity.is_confirmed), 1);
    given_end();
}

/* An Apache leader names none; a new proposal takes the place of an old. */
static void
a_proposal_stays_until_another_comes(void)
{
    given_server();
    CU_ASSERT_EQUAL(given_answer(LOG_ACCEPT_EPOCH, 9), 0);
    CU_ASSERT_EQUAL(names(LOG_CURRENT_EPOCH, 5, 0xa1, false), 0);
    CU_ASSERT_EQUAL(names(LOG_CURRENT_EPOCH, 6, 0, false), 0);
    CU_ASSERT_EQUAL(identity_on_disk().id, 0xa1);
    CU_ASSERT_EQUAL(names(LOG_CURRENT_EPOCH, 9, 0xb2, false), 0);
    CU_ASSERT_EQUAL(identity_on_disk().id, 0xb2);
    CU_ASSERT_EQUAL(identity_on_disk().epoch, 9);
    given_end();
}

static void
a_confirmed_id_stays_for_good(void)
{
    given_server();
    CU_ASSERT_EQUAL(given_answer(LOG_ACCEPT_EPOCH, 9), 0);
    CU_ASSERT_EQUAL(names(LOG_IDENTITY, 5, 0xa1, true), 0);
    CU_ASSERT_EQUAL(names(LOG_CURRENT_EPOCH, 6, 0xa1, false), 0);
    CU_ASSERT_TRUE(identity_on_disk().is_confirmed);
    CU_ASSERT_EQUAL(identity_on_disk().epoch, 5);
    CU_ASSERT_EQUAL(names(LOG_CURRENT_EPOCH, 7, 0xb2, true), -EINVAL);
    CU_ASSERT_EQUAL(identity_on_disk().id, 0xa1);
    CU_ASSERT_EQUAL(given_epochs().current, 6);
    given_end();
}

static void
an_id_that_cannot_be_written_fails_the_log(void)
{
    given_server();
    CU_ASSERT_EQUAL(given_answer(LOG_ACCEPT_EPOCH, 5), 0);
    txlog_close(&given.log);
    tempdir_remove(given.dirs.snap);
    atomic_store(&given_replication.log_order.identity.id, 0xa1);
    given_order(LOG_CURRENT_EPOCH, 5);
    CU_ASSERT(log_orders_work(&given) < 0);
    CU_ASSERT_EQUAL(atomic_load(&given_log.failed), ENOENT);
    CU_ASSERT_FALSE(given_is_answered());
    CU_ASSERT_EQUAL(atomic_load(&given_log.identity.id), 0);
    CU_ASSERT_EQUAL(atomic_load(&given_log.current_epoch), 0);
    tempdir_remove(given_dir);
}

UNIT_SUITE(log_orders)
{
    unit_suite("log_orders");
    UNIT(an_epoch_is_durable_when_it_is_answered);
    UNIT(epochs_never_fall_nor_run_ahead_of_the_promise);
    UNIT(an_epoch_waits_for_the_history_before_it);
    UNIT(what_comes_behind_an_order_waits_for_it);
    UNIT(an_epoch_that_cannot_be_written_fails_the_log);
    UNIT(an_id_is_on_disk_when_its_epoch_is);
    UNIT(a_proposal_stays_until_another_comes);
    UNIT(a_confirmed_id_stays_for_good);
    UNIT(an_id_that_cannot_be_written_fails_the_log);
}
