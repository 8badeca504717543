/* SPDX-License-Identifier: Apache-2.0 */
/* test_figures.c - claims about the numbers that words and metrics show. */
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

UNIT_SUITE(figures)
{
    unit_suite("figures");
    UNIT(who_holds_its_clients_does_not_serve);
}
