/* SPDX-License-Identifier: Apache-2.0 */
/* test_limits.c - claims about counts per address and connection tokens. */
#include "net/limits.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "tests/unit/unit.h"

static struct ip_slot slots[IP_SLOTS];

static uint64_t
v4(const char *text, uint16_t port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};

    inet_pton(AF_INET, text, &a.sin_addr);
    return limits_address((const struct sockaddr *)&a);
}

static void
an_address_has_no_port(void)
{
    CU_ASSERT_EQUAL(v4("10.0.0.1", 1), v4("10.0.0.1", 2));
    CU_ASSERT_NOT_EQUAL(v4("10.0.0.1", 1), v4("10.0.0.2", 1));
}

static void
connections_of_an_address_are_counted(void)
{
    memset(slots, 0, sizeof slots);
    limits_ip_add(slots, 5);
    limits_ip_add(slots, 5);
    limits_ip_add(slots, 6);
    CU_ASSERT_EQUAL(limits_ip_count(slots, 5), 2);
    limits_ip_drop(slots, 5);
    CU_ASSERT_EQUAL(limits_ip_count(slots, 5), 1);
    CU_ASSERT_EQUAL(limits_ip_count(slots, 7), 0);
}

/* Slots of those that left serve others, also behind a collision. */
static void
slots_are_used_again(void)
{
    memset(slots, 0, sizeof slots);
    for (uint64_t a = 1; a <= 100000; a++) {
        limits_ip_add(slots, a * IP_SLOTS + 3);
        CU_ASSERT_EQUAL(limits_ip_count(slots, a * IP_SLOTS + 3), 1);
        limits_ip_drop(slots, a * IP_SLOTS + 3);
    }
}

static struct conf
given_tokens(int32_t tokens)
{
    return (struct conf){.connect_tokens = tokens,
                         .connect_fill_time_ms = 10,
                         .connect_fill_count = 1};
}

static void
no_tokens_no_limit(void)
{
    struct conf conf = given_tokens(0);
    struct token_bucket b = {0};

    for (int i = 0; i < 100; i++)
        CU_ASSERT_TRUE(limits_connect(&b, &conf, 1, CONNECT_NEW, 1));
}

static void
a_bucket_empties_and_fills(void)
{
    struct conf conf = given_tokens(2);
    struct token_bucket b = {0};

    CU_ASSERT_TRUE(limits_connect(&b, &conf, 1, CONNECT_NEW, 100));
    CU_ASSERT_TRUE(limits_connect(&b, &conf, 1, CONNECT_NEW, 100));
    CU_ASSERT_FALSE(limits_connect(&b, &conf, 1, CONNECT_NEW, 109));
    CU_ASSERT_TRUE(limits_connect(&b, &conf, 1, CONNECT_NEW, 110));
    CU_ASSERT_FALSE(limits_connect(&b, &conf, 1, CONNECT_NEW, 110));
}

static void
weights_cost_more_for_new_sessions(void)
{
    struct conf conf = given_tokens(6);
    struct token_bucket b = {0};

    conf.connect_weight_enabled = true;
    conf.connect_weight_global = 3;
    conf.connect_weight_renew = 2;
    conf.connect_weight_local = 1;
    CU_ASSERT_TRUE(limits_connect(&b, &conf, 1, CONNECT_NEW, 1));
    CU_ASSERT_TRUE(limits_connect(&b, &conf, 1, CONNECT_LOCAL, 1));
    CU_ASSERT_FALSE(limits_connect(&b, &conf, 1, CONNECT_NEW, 1));
    CU_ASSERT_TRUE(limits_connect(&b, &conf, 1, CONNECT_RENEW, 1));
    CU_ASSERT_FALSE(limits_connect(&b, &conf, 1, CONNECT_LOCAL, 1));
}

UNIT_SUITE(limits)
{
    unit_suite("limits");
    UNIT(an_address_has_no_port);
    UNIT(connections_of_an_address_are_counted);
    UNIT(slots_are_used_again);
    UNIT(no_tokens_no_limit);
    UNIT(a_bucket_empties_and_fills);
    UNIT(weights_cost_more_for_new_sessions);
}
