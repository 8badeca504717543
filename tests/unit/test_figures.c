/* SPDX-License-Identifier: Apache-2.0 */
/* test_figures.c - claims about net/admin/figures.c: numbers collected. */
#include "net/admin/figures.h"

#include "tests/unit/unit.h"

static struct shm_super super;
static struct shm_replication replication;
static struct shm_log log_part;
static struct shm_image image;
static struct shm_election election;
static struct shm shm = {.super = &super,
                         .replication = &replication,
                         .log = &log_part,
                         .image = &image,
                         .election = &election};

/*
 * While its leader is replaced a member keeps its clients, in the period of
 * service that they know; but it serves nobody, and is no standalone.
 */
static void
who_holds_its_clients_does_not_serve(void)
{
    struct figures f;

    replication.serving = 5;
    replication.role = ROLE_NONE;
    figures_collect(&shm, &f);
    CU_ASSERT_FALSE(f.is_serving);
}

/* Words and metrics that look into /proc need them. */
static void
processes_are_known_by_their_pids(void)
{
    struct figures f;

    super.pid[PROC_CLIENT + 1] = 77;
    figures_collect(&shm, &f);
    CU_ASSERT_EQUAL(f.pid[PROC_CLIENT + 1], 77);
    CU_ASSERT_EQUAL(f.pid[PROC_CLIENT], 0);
    super.pid[PROC_CLIENT + 1] = 0;
}

/* Writes by who orders them, watches by the process that keeps them. */
static void
what_memory_limit_refuses_is_one_number(void)
{
    static struct shm_client client[2];
    struct figures f;

    super.client_count = 2;
    super.conf.memory_limit = 1 << 30;
    shm.client[0] = &client[0];
    shm.client[1] = &client[1];
    replication.writes_refused = 3;
    client[0].stats.watches_refused = 20;
    client[1].stats.watches_refused = 100;
    figures_collect(&shm, &f);
    CU_ASSERT_EQUAL(f.limit_refusals, 123);
    CU_ASSERT_EQUAL(f.memory_limit, 1 << 30);
    super.client_count = 0;
}

UNIT_SUITE(figures)
{
    unit_suite("figures");
    UNIT(who_holds_its_clients_does_not_serve);
    UNIT(processes_are_known_by_their_pids);
    UNIT(what_memory_limit_refuses_is_one_number);
}
