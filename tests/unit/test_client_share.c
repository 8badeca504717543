/* SPDX-License-Identifier: Apache-2.0 */
/* test_client_share.c - claims about whose turn it is to accept. */
#include "net/client/client_accept.h"

#include "tests/unit/unit.h"

enum { PROCESSES = 3, BLOCK = 64, NOW = 10000 };

static struct shm_super super;
static struct shm_client own[PROCESSES];
static struct shm shm;
static struct client_proc p;

/* All are ready and their loops turn; we are the first of them. */
static void
given_processes(void)
{
    super = (struct shm_super){.client_count = PROCESSES};
    shm = (struct shm){.super = &super};
    p = (struct client_proc){
        .shm = &shm, .own = &own[0], .self = PROC_CLIENT, .now_ms = NOW};
    for (uint32_t w = 0; w < PROCESSES; w++) {
        own[w] = (struct shm_client){.proc.is_ready = true};
        shm.client[w] = &own[w];
    }
    client_share_init(&p);
}

static uint32_t
whose(void)
{
    return (uint32_t)client_share_whose(&p) - PROC_CLIENT;
}

static void
connections_are_handed_out_in_blocks(void)
{
    given_processes();
    for (uint32_t n = 0; n < 4 * PROCESSES * BLOCK; n++) {
        uint32_t w = whose();

        CU_ASSERT_EQUAL_FATAL(w, n / BLOCK % PROCESSES);
        own[w].stats.connections++;
    }
}

static void
who_cannot_is_passed_over(void)
{
    given_processes();
    own[0].is_out_of_files = true;
    CU_ASSERT_EQUAL(whose(), 1);
    own[1].proc.is_ready = false;
    CU_ASSERT_EQUAL(whose(), 2);
    own[0].is_out_of_files = false;
    CU_ASSERT_EQUAL(whose(), 0);
}

static void
whose_loop_stands_still_is_passed_over(void)
{
    given_processes();
    own[0].stats.connections = BLOCK;
    p.now_ms += 2000;
    own[2].proc.beats++;
    client_share_tick(&p);
    CU_ASSERT_EQUAL(whose(), 2);
}

static void
nobody_else_is_asked_when_no_process_can(void)
{
    given_processes();
    for (uint32_t w = 0; w < PROCESSES; w++)
        own[w].is_out_of_files = true;
    CU_ASSERT_EQUAL(whose(), 0);
}

UNIT_SUITE(client_share)
{
    unit_suite("client_share");
    UNIT(connections_are_handed_out_in_blocks);
    UNIT(who_cannot_is_passed_over);
    UNIT(whose_loop_stands_still_is_passed_over);
    UNIT(nobody_else_is_asked_when_no_process_can);
}
