/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about net/client/client_answer.c: what is counted of answers. */
#include "net/client/client_answer.h"

#include "tests/unit/client_given.h"

static void
answered_after(struct client *c, uint32_t ms)
{
    p.now_ms = 5000 + ms;
    client_count_reply(&p, c, ZK_OP_GET_DATA, 1, 5000);
}

static void
a_connection_knows_its_latencies(void)
{
    const struct conn_info *info;
    struct client *c;

    given_process();
    c = given_client();
    info = client_info(&p, c);
    answered_after(c, 3);
    answered_after(c, 0);
    answered_after(c, 9);
    CU_ASSERT_EQUAL(info->latency_count, 3);
    CU_ASSERT_EQUAL(info->latency_total_ms, 12);
    CU_ASSERT_EQUAL(info->latency_min_ms, 0);
    CU_ASSERT_EQUAL(info->latency_max_ms, 9);
    CU_ASSERT_EQUAL(info->latency_last_ms, 9);
    no_process();
}

/* At 10,000 a second after five days. */
static void
more_answers_than_can_be_counted_leave_the_average(void)
{
    struct conn_info *info;
    struct client *c;

    given_process();
    c = given_client();
    info = client_info(&p, c);
    answered_after(c, 1);
    info->latency_count = UINT32_MAX;
    info->latency_total_ms = 2 * (uint64_t)UINT32_MAX;
    for (int i = 0; i < 3; i++)
        answered_after(c, 7);
    CU_ASSERT_EQUAL_FATAL(info->latency_count, UINT32_MAX / 2 + 3);
    CU_ASSERT_EQUAL(info->latency_total_ms / info->latency_count, 2);
    CU_ASSERT_EQUAL(info->latency_min_ms, 1);
    no_process();
}

UNIT_SUITE(client_answer)
{
    unit_suite("client_answer");
    UNIT(a_connection_knows_its_latencies);
    UNIT(more_answers_than_can_be_counted_leave_the_average);
}
