/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about daemon/ring_readers.c: what a reader of the ring has begun with
 * stays until it has read it.
 *
 * RING_READERS_ROUNDS chooses a longer run.
 */
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdlib.h>

#include "daemon/ring_readers.h"

enum { LOOKS = 20 };

static struct shm shm;
static struct shm_replication replication;
static struct shm_client client[2];
static _Atomic ring_pos_t gone; /* all below was given away */
static atomic_bool is_over;

static void
given_readers(void)
{
    static struct shm_super super = {.client_count = 2};

    shm = (struct shm){.super = &super,
                       .replication = &replication,
                       .client = {&client[0], &client[1]}};
    atomic_store(&replication.applied, 1);
    atomic_store(&gone, 0);
    atomic_store(&is_over, false);
    for (uint32_t w = 0; w < 2; w++)
        ring_readers_leave(&shm, w);
}

static void
without_readers_all_that_is_applied_may_go(void)
{
    given_readers();
    CU_ASSERT_EQUAL(ring_readers_slowest(&shm, 700), 700);
}

static void
the_slowest_reader_bounds_the_ring(void)
{
    given_readers();
    atomic_store(&replication.applied, 500);
    ring_readers_join(&shm, 1);
    CU_ASSERT_EQUAL(ring_readers_slowest(&shm, 700), 500);
    atomic_store(&client[1].delivered, 600);
    CU_ASSERT_EQUAL(ring_readers_slowest(&shm, 700), 600);
    ring_readers_leave(&shm, 1);
    CU_ASSERT_EQUAL(ring_readers_slowest(&shm, 700), 700);
}

/* --- threads ------------------------------------------------------------- */

/* Replication, which applies all the time and gives away what it can. */
static void *
give_away(void *unused)
{
    ring_pos_t applied = 1;

    while (!atomic_load(&is_over)) {
        atomic_store_explicit(&replication.applied, ++applied,
                              memory_order_release);
        atomic_store_explicit(&gone, ring_readers_slowest(&shm, applied),
                              memory_order_release);
    }
    return unused;
}

/* How often what lies behind its beginning is gone. */
static uint64_t
read_a_little(void)
{
    ring_pos_t begin;
    uint64_t faults = 0;

    ring_readers_join(&shm, 0);
    begin = atomic_load_explicit(&replication.applied, memory_order_acquire);
    for (int i = 0; i < LOOKS; i++)
        faults += atomic_load_explicit(&gone, memory_order_acquire) > begin;
    ring_readers_leave(&shm, 0);
    return faults;
}

static void
what_a_reader_begins_with_stays(void)
{
    const char *more = getenv("RING_READERS_ROUNDS");
    uint32_t rounds = more ? (uint32_t)strtoul(more, NULL, 0) : 5000000;
    ring_pos_t before, met = 0;
    uint64_t faults = 0;
    pthread_t producer;

    given_readers();
    if (pthread_create(&producer, NULL, give_away, NULL) != 0)
        abort();
    for (uint32_t i = 0; i < rounds || met < 20; i++) {
        before = atomic_load(&replication.applied);
        faults += read_a_little();
        met += atomic_load(&replication.applied) != before;
    }
    atomic_store(&is_over, true);
    pthread_join(producer, NULL);
    CU_ASSERT_EQUAL(faults, 0);
}

UNIT_SUITE(ring_readers)
{
    unit_suite("ring_readers");
    UNIT(without_readers_all_that_is_applied_may_go);
    UNIT(the_slowest_reader_bounds_the_ring);
    UNIT(what_a_reader_begins_with_stays);
}
