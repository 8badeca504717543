/* SPDX-License-Identifier: Apache-2.0 */
/* test_repl_apply.c - claims about how far the tree goes with the ring. */
#include "net/repl/repl_apply.h"

#include "net/repl/repl_role.h"
#include "tests/unit/tree_given.h"
#include "tests/unit/txn_given.h"

enum { RING = 1 << 20, ENTRY = RING_ALIGN, ENTRIES = 2000 };

static struct shm shm;
static struct shm_client client[2];
static struct repl r;

/* Committed words without a transaction, and two client processes. */
static void
given_committed(void)
{
    static struct shm_super super = {.client_count = 2};
    static struct shm_replication replication;
    static struct shm_log log_part;

    if (!shm.ring.base)
        shm.ring = (struct txring){memory_twice(RING), RING};
    given_tree();
    shm.super = &super;
    shm.replication = &replication;
    shm.log = &log_part;
    for (uint32_t w = 0; w < 2; w++) {
        client[w] = (struct shm_client){.delivered = RING_POS_NONE};
        shm.client[w] = &client[w];
    }
    replication = (struct shm_replication){0};
    r = (struct repl){.shm = &shm, .tree = tree, .role = &role_standalone};
    for (uint32_t i = 0; i < ENTRIES; i++)
        *txring_at(&shm.ring, i * ENTRY) =
            (struct ring_entry){.size = ENTRY, .kind = RING_VOID};
    log_part.durable = ENTRIES * ENTRY;
    r.published = ENTRIES * ENTRY;
}

static bool
applies(void)
{
    r.is_stalled = false;
    while (repl_apply(&r))
        ;
    return r.is_stalled;
}

static void
everything_is_applied_when_nobody_minds(void)
{
    given_committed();
    CU_ASSERT_FALSE(applies());
    CU_ASSERT_EQUAL(r.applied, ENTRIES * ENTRY);
    CU_ASSERT_EQUAL(shm.replication->applied, ENTRIES * ENTRY);
}

static void
the_slowest_client_process_says_how_far(void)
{
    given_committed();
    client[0].apply_until = 100 * ENTRY;
    client[1].apply_until = 50 * ENTRY;
    CU_ASSERT_TRUE(applies());
    CU_ASSERT_EQUAL(r.applied, 50 * ENTRY);
    CU_ASSERT_EQUAL(tree_applied(tree), 50 * ENTRY);
    client[1].apply_until = 0;
    CU_ASSERT_TRUE(applies());
    CU_ASSERT_EQUAL(r.applied, 100 * ENTRY);
    client[0].apply_until = INT64_MAX;
    CU_ASSERT_FALSE(applies());
    CU_ASSERT_EQUAL(r.applied, ENTRIES * ENTRY);
}

/* Held up, it is committed all the same. */
static void
what_waits_is_committed(void)
{
    given_committed();
    client[0].apply_until = ENTRY;
    applies();
    CU_ASSERT_EQUAL(shm.replication->committed, ENTRIES * ENTRY);
}

/* A role that ends waits for no client. */
static void
the_end_of_a_role_applies_all(void)
{
    given_committed();
    client[0].apply_until = ENTRY;
    repl_apply_all(&r);
    CU_ASSERT_EQUAL(r.applied, ENTRIES * ENTRY);
}

/* --- a reconfig ----------------------------------------------------------- */

#define ONE "server.1=a:1:2:participant\n"
#define TWO "server.2=b:1:2:participant\n"

/* Server 1 of two, which have zoo.cfg's ports, and a reconfig to `text`. */
static void
given_reconfigured(const char *text)
{
    struct jute_out out = txn_begun(0, 1, ZK_OP_RECONFIG);
    struct ring_entry *e;
    struct bytes txn;

    jute_put_bytes(&out, bytes_of("/zookeeper/config"));
    jute_put_bytes(&out, bytes_of(text));
    jute_put_i32(&out, -1);
    txn = whole(&out);
    given_committed();
    r.conf.member_count = 2;
    for (int i = 0; i < 2; i++)
        r.conf.member[i] = (struct conf_member){.sid = i + 1,
                                                .host = {(char)('a' + i)},
                                                .quorum_port = 1,
                                                .election_port = 2};
    e = txring_at(&shm.ring, 0);
    *e = (struct ring_entry){
        .size = (uint32_t)ring_entry_size((uint32_t)txn.size, 1, false),
        .kind = RING_TXN,
        .worker = RING_NOBODY,
        .zxid = 1,
        .payload_size = (uint32_t)txn.size,
        .outcome_count = 1};
    memcpy(e + 1, txn.data, (size_t)txn.size);
    r.published = e->size;
    shm.log->durable = e->size;
}

static bool
is_outdated(void)
{
    applies();
    return atomic_load(&shm.replication->ensemble.is_outdated);
}

/* Apache's clients may change the members, and zoo.cfg does not know. */
static void
other_voters_make_it_outdated(void)
{
    given_reconfigured(ONE TWO "server.3=c:1:2:participant\nversion=1");
    CU_ASSERT_TRUE(is_outdated());
    given_reconfigured(ONE "version=1");
    CU_ASSERT_TRUE(is_outdated());
}

/* Then those who count for a quorum are who they were. */
static void
other_addresses_of_the_same_voters_do_not(void)
{
    given_reconfigured(ONE "server.2=z:7:8:participant;2181\nversion=1");
    CU_ASSERT_FALSE(is_outdated());
}

#undef ONE
#undef TWO

UNIT_SUITE(repl_apply)
{
    unit_suite("repl_apply");
    UNIT(everything_is_applied_when_nobody_minds);
    UNIT(the_slowest_client_process_says_how_far);
    UNIT(what_waits_is_committed);
    UNIT(the_end_of_a_role_applies_all);
    UNIT(other_voters_make_it_outdated);
    UNIT(other_addresses_of_the_same_voters_do_not);
}
