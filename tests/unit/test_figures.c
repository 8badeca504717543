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

UNIT_SUITE(figures)
{
    unit_suite("figures");
    UNIT(who_holds_its_clients_does_not_serve);
    UNIT(processes_are_known_by_their_pids);
}
