/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about net/repl/repl_prepare.c: what a term begins with, and how an
 * epoch ends. */
#include "net/repl/repl_prepare.h"

#include "net/repl/repl_role.h"
#include "tests/unit/tree_given.h"

enum { RING = 64 * 1024 };

static struct shm shm;
static struct repl r;

/* Replication, with a tree and nobody in it. */
static void
given_replication(void)
{
    given_tree();
    r = (struct repl){.tree = tree, .sessions = sessions};
    r.conf.tick_time_ms = 2000;
    r.conf.jute_maxbuffer = 4096;
    r.conf.container_check_interval_ms = 60000;
    r.conf.container_max_per_minute = 10000;
    r.loop = ev_loop_new(0);
    repl_prepare_init(&r);
}

/* Zero is what prep_init takes for tables that are empty. */
static void
a_term_begins_with_nothing_pending(void)
{
    static const struct pnode node = {.exists = true, .hash = 7};

    given_replication();
    repl_prepare_from(&r, 0);
    pending_begin(&r.prep.pending);
    pending_add(&r.prep.pending, &node);
    repl_prepare_end(&r);

    repl_prepare_from(&r, 1);
    CU_ASSERT_TRUE(memory_is_zero(r.prep_memory, r.prep_size));
    repl_prepare_end(&r);
    ev_loop_destroy(r.loop);
}

/* The next transaction but one would be the last of epoch 3. */
static void
given_the_end_of_an_epoch(const struct role *role)
{
    static struct shm_super super;
    static struct shm_replication replication;
    static struct shm_log log_part;

    if (!shm.ring.base)
        shm.ring = (struct txring){memory_twice(RING), RING};
    shm.super = &super;
    shm.replication = &replication;
    shm.log = &log_part;
    given_replication();
    r.shm = &shm;
    r.role = role;
    repl_prepare_from(&r, ZXID(3, 0xfffffffc));
}

static void
ends(void)
{
    repl_prepare_end(&r);
    ev_loop_destroy(r.loop);
}

/* A session opens: the zxid that it gets; 0: it has to wait. */
static zxid_t
next_zxid(void)
{
    static session_id_t last_session;
    struct prep_request q = {.op = ZK_OP_CREATE_SESSION,
                             .session = ++last_session,
                             .body = BYTES_NULL,
                             .ids = BYTES_NULL};
    int32_t err;

    return repl_prepare(&r, &q, 4000, &err) == PREP_TXN ? r.last : 0;
}

/* Trap ZOOKEEPER-1277, 5.3.3: a new term brings another epoch. */
static void
a_leader_uses_no_counter_of_all_ones(void)
{
    given_the_end_of_an_epoch(&role_leading);
    CU_ASSERT_EQUAL(next_zxid(), ZXID(3, 0xfffffffd));
    CU_ASSERT_EQUAL(next_zxid(), ZXID(3, 0xfffffffe));
    CU_ASSERT_FALSE(r.is_worn);
    CU_ASSERT_EQUAL(next_zxid(), 0);
    CU_ASSERT_TRUE(r.is_worn);
    CU_ASSERT_EQUAL(r.zxid, ZXID(3, 0xfffffffe));
    ends();
}

static void
who_is_alone_goes_on_in_the_next_epoch(void)
{
    given_the_end_of_an_epoch(&role_standalone);
    CU_ASSERT_EQUAL(next_zxid(), ZXID(3, 0xfffffffd));
    CU_ASSERT_EQUAL(next_zxid(), ZXID(3, 0xfffffffe));
    CU_ASSERT_EQUAL(next_zxid(), ZXID(4, 1));
    CU_ASSERT_FALSE(r.is_worn);
    ends();
}

UNIT_SUITE(repl_prepare)
{
    unit_suite("repl_prepare");
    UNIT(a_term_begins_with_nothing_pending);
    UNIT(a_leader_uses_no_counter_of_all_ones);
    UNIT(who_is_alone_goes_on_in_the_next_epoch);
}
