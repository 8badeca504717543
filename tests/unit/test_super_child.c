/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about daemon/super_child.c: what a death costs the others. */
#include "tests/unit/unit.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "daemon/super.h"

static struct super super;

/* A supervisor with one client process, which has read the ring to 64. */
static struct super *
given_super(void)
{
    static struct shm_super super_part;
    static struct shm_client client_part;
    static struct shm shm = {.super = &super_part, .client = {&client_part}};

    memset(&super, 0, sizeof super);
    super.shm = &shm;
    super_part.client_count = 1;
    atomic_store(&client_part.delivered, 64);
    atomic_store(&client_part.attached, 1);
    return &super;
}

/* The client process ends by itself, and the supervisor sees it. */
static void
reaps_its_client(struct super *s)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(EXIT_OK);
    s->child[PROC_CLIENT].pid = pid;
    while (s->child[PROC_CLIENT].pid > 0)
        super_reap(s, 1000);
}

static void
a_client_process_that_is_gone_holds_up_no_ring(void)
{
    struct super *s = given_super();

    reaps_its_client(s);
    CU_ASSERT_EQUAL(atomic_load(&s->shm->client[0]->delivered), RING_POS_NONE);
    CU_ASSERT_EQUAL(atomic_load(&s->shm->client[0]->attached), 0);
}

/* The others still answer what they have read. */
static void
nor_does_it_while_the_server_stops(void)
{
    struct super *s = given_super();

    s->is_stopping = true;
    reaps_its_client(s);
    CU_ASSERT_EQUAL(atomic_load(&s->shm->client[0]->delivered), RING_POS_NONE);
    CU_ASSERT_EQUAL(s->child[PROC_CLIENT].fork_at, 0);
}

UNIT_SUITE(super_child)
{
    unit_suite("super_child");
    UNIT(a_client_process_that_is_gone_holds_up_no_ring);
    UNIT(nor_does_it_while_the_server_stops);
}
