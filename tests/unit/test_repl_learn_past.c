/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about net/repl/repl_learn_past.c, _cut, _snap and _full: a learner's
 * past is changed.
 */
#include "net/repl/repl_learn.h"

#include <sys/wait.h>
#include <unistd.h>

#include "daemon/log.h"
#include "net/repl/repl_apply.h"
#include "net/repl/repl_ring.h"
#include "net/repl/repl_role.h"
#include "net/repl/repl_serve.h"
#include "tests/unit/forward_given.h"
#include "tests/unit/history_given.h"

static struct repl_learn learn;

/* A learner whose history ends with E(10); what it ordered is done. */
static void
given_learner(enum learn_order order, enum learner_state state)
{
    given_past(E(10));
    r.history = past;
    r.role = &role_learning;
    learn = (struct repl_learn){
        .r = &r, .order = order, .core = {.state = state, .epoch = 4}};
    r.learn = &learn;
    r.is_ordering = true;
    r.order = 1;
    atomic_store(&shm.log->order_done, 1);
    atomic_store(&shm.log->order_result, 0);
}

static void
given_snapshot(zxid_t end)
{
    given_learner(LEARN_REBASE, LEARNER_SNAPPING);
    learn.snap = LEARN_SNAP_FLOWS;
    learn.snap_zxid = end;
}

/* Its clients are held; E(11), of `worker`, is in its log and cut off. */
static void
given_cut(uint16_t worker)
{
    struct req next = {.size = sizeof next, .kind = REQ_WRITE, .xid = 2};

    given_learner(LEARN_CUT, LEARNER_CUTTING);
    learn.cut = learn.core.seal = E(10);
    r.service.state = SERVICE_HELD;
    r.forward = forward_given();
    forward_keep(r.forward, &next, 0, 0);
    propose(E(11));
    txring_at(&shm.ring, 0)->worker = worker;
}

static void
turns(void)
{
    struct learner_out out = {.count = 0};

    learn_past_turn(&learn, &out, 1000);
}

static void
a_snapshot_ends_what_was_said_of_the_tree_before(void)
{
    given_snapshot(E(20));
    r.has_differed = true;
    r.snap_from = 2;
    turns();
    CU_ASSERT_EQUAL(learn.core.state, LEARNER_SYNCING);
    CU_ASSERT_EQUAL(r.last, E(20));
    CU_ASSERT_FALSE(r.has_differed);
    CU_ASSERT_EQUAL(r.snap_from, SID_NONE);
    no_past();
}

/* A client process that had more to read than to tell had held it up. */
static void
nothing_of_the_past_is_applied_to_a_snapshot(void)
{
    given_learner(LEARN_NO_ORDER, LEARNER_SNAPPING);
    r.is_ordering = false;
    r.sessions = sessions;
    learn.snap = LEARN_SNAP_WAITS;
    learn.snap_zxid = E(20);
    propose_up_to(E(11));
    repl_commit(&r, E(11));
    turns();
    CU_ASSERT_EQUAL(learn.snap, LEARN_SNAP_FLOWS);
    CU_ASSERT_EQUAL(r.applied, r.published);
    snap_intake_abort(&learn.intake);
    no_past();
}

/* How a process ends whose role does. */
static int
status_at_the_end_of_the_role(void)
{
    int status = 0;
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child == 0) {
        learn_past_end(&learn);
        _exit(EXIT_OK);
    }
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    return WEXITSTATUS(status);
}

/* SNAP came, and its file cannot be made: the tree is not emptied yet. */
static void
a_snapshot_that_cannot_begin_leaves_the_tree(void)
{
    given_learner(LEARN_NO_ORDER, LEARNER_SNAPPING);
    r.sessions = sessions;
    learn.snap = LEARN_SNAP_WAITS;
    snprintf(r.conf.data_dir, sizeof r.conf.data_dir, "/none");
    turns();
    CU_ASSERT_PTR_NOT_NULL(learn.why);
    CU_ASSERT_EQUAL(status_at_the_end_of_the_role(), EXIT_OK);
    no_past();
}

static void
a_snapshot_that_has_not_begun_leaves_the_tree(void)
{
    given_learner(LEARN_NO_ORDER, LEARNER_SNAPPING);
    learn.snap = LEARN_SNAP_WAITS;
    CU_ASSERT_EQUAL(status_at_the_end_of_the_role(), EXIT_OK);
    no_past();
}

/* Trap ZOOKEEPER-3642: what is in the tree is no history, and no base. */
static void
half_a_snapshot_is_thrown_away(void)
{
    given_learner(LEARN_NO_ORDER, LEARNER_SNAPPING);
    learn.snap = LEARN_SNAP_FLOWS;
    CU_ASSERT_EQUAL(status_at_the_end_of_the_role(), EXIT_RELOAD);
    no_past();
}

/* Whether the log process did it before, nobody waits to hear. */
static void
a_tree_whose_log_is_being_changed_is_loaded_again(void)
{
    static const enum learn_order orders[] = {LEARN_CUT, LEARN_CUT_RELOAD,
                                              LEARN_REBASE};

    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        given_learner(orders[i], LEARNER_OVER);
        CU_ASSERT_EQUAL(status_at_the_end_of_the_role(), EXIT_RELOAD);
        no_past();
    }
}

/*
 * Its client asked for more behind it, which must not be done without it:
 * nobody can say any more what of all that is in order.
 */
static void
who_asked_for_what_is_cut_off_is_let_go(void)
{
    given_cut(0);
    turns();
    CU_ASSERT_EQUAL(learn.core.state, LEARNER_SYNCING);
    CU_ASSERT_EQUAL(r.last, E(10));
    CU_ASSERT_EQUAL(txring_at(&shm.ring, 0)->kind, RING_VOID);
    CU_ASSERT_EQUAL(r.service.state, SERVICE_NONE);
    CU_ASSERT_EQUAL(forward_waiting(r.forward), 0);
    no_past();
}

static void
what_others_asked_for_is_cut_off_in_silence(void)
{
    given_cut(RING_NOBODY);
    turns();
    CU_ASSERT_EQUAL(txring_at(&shm.ring, 0)->kind, RING_VOID);
    CU_ASSERT_EQUAL(r.service.state, SERVICE_HELD);
    CU_ASSERT_EQUAL(forward_waiting(r.forward), 1);
    no_past();
}

/* Its last role left the ring full of what nobody has committed. */
static void
given_full_ring(enum learner_state state)
{
    struct req nothing = {.kind = REQ_SYNC};
    struct origin nobody = {.worker = RING_NOBODY};

    given_learner(LEARN_NO_ORDER, state);
    for (zxid_t z = E(11); repl_reserve(&r, KIT_RING / 8); z++)
        propose(z);
    while (repl_put_word(&r, RING_SYNCED, &nothing, &nobody, ZK_OK))
        ;
}

static bool
has_room_for(int32_t type)
{
    struct qpacket p = {type, E(11), BYTES_NULL, BYTES_NULL};

    return learn_has_room(&learn, &p);
}

/* How we are brought up is what makes room, and so is a COMMIT. */
static void
a_full_ring_does_not_keep_us_from_hearing_the_leader(void)
{
    given_full_ring(LEARNER_DISCOVERY);
    CU_ASSERT_TRUE(has_room_for(Q_LEADER_INFO));
    CU_ASSERT_TRUE(has_room_for(Q_TRUNC));
    CU_ASSERT_TRUE(has_room_for(Q_SNAP));
    CU_ASSERT_TRUE(has_room_for(Q_COMMIT));
    CU_ASSERT_TRUE(has_room_for(Q_PING));
    no_past();
}

static void
what_goes_into_a_full_ring_waits(void)
{
    given_full_ring(LEARNER_BROADCAST);
    CU_ASSERT_FALSE(has_room_for(Q_SYNC));
    CU_ASSERT_FALSE(has_room_for(Q_REVALIDATE));
    no_past();
}

/* A server that lacks more than its ring holds; nothing has been applied. */
static void
given_more_than_a_ring(void)
{
    static struct shm_client client;

    given_full_ring(LEARNER_SYNCING);
    r.published = r.head;
    atomic_store(&shm.log->durable, r.head);
    r.is_ordering = false;
    r.sessions = sessions;
    r.forward = forward_given();
    r.known_committed = r.apply_to = E(10);
    shm.super->client_count = 1;
    shm.client[0] = &client;
    atomic_store(&client.attached, 0);
    atomic_store(&client.delivered, RING_POS_NONE);
    learn.core.committed = E(10);
    learn.core.last = learn.core.agreed = appended;
}

static void
gone(void)
{
    shm.super->client_count = 0;
    atomic_store(&shm.log->durable, 0);
    no_past();
}

/* As a start would do with all that is in the log. */
static void
a_full_ring_goes_into_the_tree_before_up_to_date(void)
{
    given_more_than_a_ring();
    learn_full(&learn);
    while (repl_apply(&r))
        ;
    CU_ASSERT_EQUAL(r.applied, r.published);
    CU_ASSERT_EQUAL(atomic_load(&shm.replication->applied_zxid), appended);
    CU_ASSERT_TRUE(has_room_for(Q_SYNC));
    gone();
}

/* The image must not hold what may be cut off, nor a leader be told of it. */
static void
what_is_in_the_tree_early_is_not_known_to_be_committed(void)
{
    given_more_than_a_ring();
    learn_full(&learn);
    while (repl_apply(&r))
        ;
    CU_ASSERT_EQUAL(atomic_load(&shm.replication->committed_zxid), E(10));
    CU_ASSERT_EQUAL(r.known_committed, E(10));
    repl_commit(&r, appended);
    repl_serve(&r, ROLE_FOLLOWING, 4);
    CU_ASSERT_EQUAL(atomic_load(&shm.replication->committed_zxid), appended);
    repl_end_serving(&r);
    gone();
}

/* No more than UP_TO_DATE will make count. */
static void
what_the_leader_has_not_committed_does_not_go_into_the_tree(void)
{
    given_more_than_a_ring();
    learn.core.agreed = E(12);
    learn_full(&learn);
    while (repl_apply(&r))
        ;
    CU_ASSERT_EQUAL(atomic_load(&shm.replication->applied_zxid), E(12));
    gone();
}

static void
nobody_sees_a_tree_that_is_ahead(void)
{
    given_more_than_a_ring();
    r.service.state = SERVICE_HELD;
    atomic_store(&shm.replication->serving, 7);
    atomic_store(&shm.client[0]->attached, 7);
    learn_full(&learn);
    CU_ASSERT_EQUAL(r.service.state, SERVICE_NONE);
    CU_ASSERT_EQUAL(atomic_load(&shm.replication->serving), 0);
    CU_ASSERT_FALSE(repl_apply(&r)); /* it has not let go yet */
    CU_ASSERT_EQUAL(r.applied, 0);
    atomic_store(&shm.client[0]->attached, 0);
    learn_full(&learn);
    repl_apply(&r);
    CU_ASSERT(r.applied > 0);
    gone();
}

/* Trap ZOOKEEPER-3023. */
static void
who_is_served_sees_all_that_came_before_up_to_date(void)
{
    static struct shm_election election;
    struct learner_out out = {
        .count = 2,
        .act = {{.kind = LEARNER_COMMIT, .zxid = E(15)},
                {.kind = LEARNER_SERVE}},
    };

    given_more_than_a_ring();
    r.loop = ev_loop_new(0);
    resolver_init(&r.resolver, r.loop);
    shm.election = &election;
    learn_perform(&learn, &out);
    CU_ASSERT_NOT_EQUAL(atomic_load(&shm.replication->serving), 0);
    CU_ASSERT_EQUAL(atomic_load(&shm.replication->applied_zxid), E(15));
    repl_end_serving(&r);
    ev_loop_destroy(r.loop);
    gone();
}

UNIT_SUITE(repl_learn_past)
{
    unit_suite("repl_learn_past");
    UNIT(a_snapshot_ends_what_was_said_of_the_tree_before);
    UNIT(nothing_of_the_past_is_applied_to_a_snapshot);
    UNIT(a_snapshot_that_cannot_begin_leaves_the_tree);
    UNIT(a_snapshot_that_has_not_begun_leaves_the_tree);
    UNIT(half_a_snapshot_is_thrown_away);
    UNIT(a_tree_whose_log_is_being_changed_is_loaded_again);
    UNIT(who_asked_for_what_is_cut_off_is_let_go);
    UNIT(what_others_asked_for_is_cut_off_in_silence);
    UNIT(a_full_ring_does_not_keep_us_from_hearing_the_leader);
    UNIT(what_goes_into_a_full_ring_waits);
    UNIT(a_full_ring_goes_into_the_tree_before_up_to_date);
    UNIT(what_is_in_the_tree_early_is_not_known_to_be_committed);
    UNIT(what_the_leader_has_not_committed_does_not_go_into_the_tree);
    UNIT(nobody_sees_a_tree_that_is_ahead);
    UNIT(who_is_served_sees_all_that_came_before_up_to_date);
}
