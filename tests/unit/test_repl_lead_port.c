/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about net/repl/repl_lead_port.c: how often a leader looks around. */
#include "net/repl/repl_lead.h"

#include "tests/unit/unit.h"

static struct repl r;
static struct repl_lead lead;

static int32_t
pings_every_ms(int32_t tick_ms)
{
    r.conf.tick_time_ms = tick_ms;
    lead.r = &r;
    return lead_conf(&lead).ping_ms;
}

/* So two of them fit into a syncLimit of one tick. */
static void
pings_go_twice_a_tick_at_least(void)
{
    CU_ASSERT_EQUAL(pings_every_ms(3000), 100);
    CU_ASSERT_EQUAL(pings_every_ms(200), 100);
    CU_ASSERT_EQUAL(pings_every_ms(50), 25);
    CU_ASSERT_EQUAL(pings_every_ms(3), 1);
    CU_ASSERT_EQUAL(pings_every_ms(1), 1);
}

UNIT_SUITE(repl_lead_port)
{
    unit_suite("repl_lead_port");
    UNIT(pings_go_twice_a_tick_at_least);
}
