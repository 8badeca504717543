/* SPDX-License-Identifier: Apache-2.0 */
/* test_limits.c - claims about counts per address and connection tokens. */
#include "net/access/limits.h"

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
all_of_an_ipv6_address_counts(void)
{
    struct sockaddr_in6 a = {.sin6_family = AF_INET6}, b = a;

    inet_pton(AF_INET6, "2001:db8::1", &a.sin6_addr);
    inet_pton(AF_INET6, "2001:db9::1", &b.sin6_addr);
    CU_ASSERT_NOT_EQUAL(limits_address((const struct sockaddr *)&a),
                        limits_address((const struct sockaddr *)&b));
}

static void
connections_of_an_address_are_counted(void)
{
    uint16_t first, second;

    memset(slots, 0, sizeof slots);
    first = limits_ip_add(slots, 5);
    second = limits_ip_add(slots, 5);
    limits_ip_add(slots, 6);
    CU_ASSERT_EQUAL(limits_ip_count(slots, 5), 2);
    limits_ip_drop(slots, first);
    CU_ASSERT_EQUAL(limits_ip_count(slots, 5), 1);
    limits_ip_drop(slots, second);
    CU_ASSERT_EQUAL(limits_ip_count(slots, 5), 0);
    CU_ASSERT_EQUAL(limits_ip_count(slots, 6), 1);
    CU_ASSERT_EQUAL(limits_ip_count(slots, 7), 0);
}

/* All of these begin to look for a slot at the same one. */
static uint64_t
neighbour(uint64_t n)
{
    return n * IP_SLOTS + 3;
}

/* Each takes the next slot, and leaves the others theirs. */
static void
addresses_that_collide_are_counted_apart(void)
{
    uint64_t a = neighbour(1), b = neighbour(2), c = neighbour(3);
    uint16_t of_a, of_b;

    memset(slots, 0, sizeof slots);
    of_a = limits_ip_add(slots, a);
    of_b = limits_ip_add(slots, b);
    limits_ip_add(slots, b);
    limits_ip_add(slots, c);
    CU_ASSERT_EQUAL(limits_ip_count(slots, a), 1);
    CU_ASSERT_EQUAL(limits_ip_count(slots, b), 2);
    limits_ip_drop(slots, of_a);
    limits_ip_drop(slots, of_b);
    CU_ASSERT_EQUAL(limits_ip_count(slots, b), 1);
    CU_ASSERT_EQUAL(limits_ip_count(slots, c), 1);
    /* where it was, though there is room before */
    limits_ip_drop(slots, limits_ip_add(slots, c));
    CU_ASSERT_EQUAL(limits_ip_count(slots, c), 1);
}

/* Slots of those that left serve others, also behind a collision. */
static void
slots_are_used_again(void)
{
    memset(slots, 0, sizeof slots);
    for (uint64_t a = 1; a <= 100000; a++) {
        uint16_t slot = limits_ip_add(slots, neighbour(a));

        CU_ASSERT_EQUAL(limits_ip_count(slots, neighbour(a)), 1);
        limits_ip_drop(slots, slot);
    }
}

/* It found no slot; then one was free, and its next connection took it. */
static void
who_was_not_counted_is_not_taken_off(void)
{
    uint16_t first;
    uint64_t n = 1;

    memset(slots, 0, sizeof slots);
    first = limits_ip_add(slots, neighbour(n));
    while (limits_ip_add(slots, neighbour(++n)) != IP_SLOT_NONE)
        ;
    CU_ASSERT_EQUAL(limits_ip_count(slots, neighbour(n)), 0);
    limits_ip_drop(slots, first);
    CU_ASSERT_EQUAL(limits_ip_add(slots, neighbour(n)), first);
    limits_ip_drop(slots, IP_SLOT_NONE);
    CU_ASSERT_EQUAL(limits_ip_count(slots, neighbour(n)), 1);
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

/* What was filled meanwhile has more than 63 bits from the 50th day on. */
static void
a_bucket_is_full_however_long_nobody_asked(void)
{
    const mono_ms_t day = 24 * 3600 * 1000;
    struct conf conf = given_tokens(2);

    conf.connect_fill_time_ms = 1;
    conf.connect_fill_count = INT32_MAX;
    for (mono_ms_t days = 40; days < 60; days++) {
        struct token_bucket b = {.filled = 1};

        CU_ASSERT_TRUE(limits_connect(&b, &conf, 1, CONNECT_NEW, days * day));
        CU_ASSERT_EQUAL(b.tokens, 1);
        CU_ASSERT_EQUAL(b.filled, days * day);
    }
}

/* The bucket, and what falls into it, is told in new sessions. */
static void
weights_cost_more_for_new_sessions(void)
{
    struct conf conf = given_tokens(2);
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
    CU_ASSERT_TRUE(limits_connect(&b, &conf, 1, CONNECT_NEW, 11));
    CU_ASSERT_FALSE(limits_connect(&b, &conf, 1, CONNECT_LOCAL, 11));
}

/* Of many, that four processes let in from `from` to `to`. */
static int
accepted_by_four(struct token_bucket b[4], const struct conf *conf,
                 mono_ms_t from, mono_ms_t to)
{
    int n = 0;

    for (mono_ms_t now = from; now <= to; now++)
        for (int i = 0; i < 40; i++)
            n += limits_connect(&b[i / 10], conf, 4, CONNECT_NEW, now);
    return n;
}

static void
all_processes_together_get_what_is_filled(void)
{
    struct conf conf = given_tokens(8);
    struct token_bucket b[4] = {{0}};

    CU_ASSERT_EQUAL(accepted_by_four(b, &conf, 1, 1), 8);
    CU_ASSERT_EQUAL(accepted_by_four(b, &conf, 2, 1001), 100);
    conf.connect_fill_count = 6;
    CU_ASSERT_EQUAL(accepted_by_four(b, &conf, 1002, 2001), 600);
}

/* Else nobody would ever get in. */
static void
a_share_is_enough_for_one_connection(void)
{
    struct conf conf = given_tokens(4);
    struct token_bucket b[4] = {{0}};

    conf.connect_weight_enabled = true;
    conf.connect_weight_global = 3;
    CU_ASSERT_EQUAL(accepted_by_four(b, &conf, 1, 1), 4);
    CU_ASSERT_EQUAL(accepted_by_four(b, &conf, 2, 1201), 120);
}

/* --- dropped at random --------------------------------------------------- */

static struct conf
given_dice(void)
{
    struct conf conf = given_tokens(10);

    conf.connect_fill_time_ms = 1000000;
    conf.connect_freeze_time_ms = 100;
    conf.connect_drop_increase = 0.25;
    conf.connect_drop_decrease = 0.1;
    return conf;
}

/* Of 100 ConnectRequests at one moment, with tokens for all. */
static int
accepted_of_100(struct token_bucket *b, struct conf *conf, mono_ms_t now)
{
    int n = 0;

    for (int i = 0; i < 100; i++) {
        b->tokens = 5;
        n += limits_connect(b, conf, 1, CONNECT_NEW, now);
    }
    return n;
}

static void
an_empty_bucket_drops_more_and_more(void)
{
    struct conf conf = given_dice();
    struct token_bucket b = {.filled = 1};

    for (mono_ms_t now = 200; now <= 800; now += 200) {
        CU_ASSERT_FALSE(limits_connect(&b, &conf, 1, CONNECT_NEW, now));
        CU_ASSERT_FALSE(limits_connect(&b, &conf, 1, CONNECT_NEW, now + 50));
        CU_ASSERT_DOUBLE_EQUAL(b.drop, 0.25 * (double)now / 200, 1e-9);
    }
    CU_ASSERT_EQUAL(accepted_of_100(&b, &conf, 850), 0);
    CU_ASSERT_FALSE(limits_connect(&b, &conf, 1, CONNECT_NEW, 1000));
    CU_ASSERT_DOUBLE_EQUAL(b.drop, 1, 1e-9);
}

static void
a_part_is_dropped_though_there_are_tokens(void)
{
    struct conf conf = given_dice();
    struct token_bucket b = {.filled = 1, .drop = 0.5, .judged = 1};
    int n = accepted_of_100(&b, &conf, 50);

    CU_ASSERT(n > 25 && n < 75);
}

static void
a_full_bucket_drops_less_and_less(void)
{
    struct conf conf = given_dice();
    struct token_bucket b = {.filled = 1, .drop = 0.15, .tokens = 10};

    limits_connect(&b, &conf, 1, CONNECT_NEW, 200);
    CU_ASSERT_DOUBLE_EQUAL(b.drop, 0.05, 1e-9);
    b.tokens = 9; /* not full any more, and not empty */
    limits_connect(&b, &conf, 1, CONNECT_NEW, 400);
    CU_ASSERT_DOUBLE_EQUAL(b.drop, 0.05, 1e-9);
    conf.connect_decrease_ratio = 0.5;
    b.tokens = 5;
    limits_connect(&b, &conf, 1, CONNECT_NEW, 600);
    CU_ASSERT_DOUBLE_EQUAL(b.drop, 0, 1e-9);
}

static void
without_a_freeze_time_nothing_is_dropped_at_random(void)
{
    struct conf conf = given_dice();
    struct token_bucket b = {.filled = 1, .drop = 1};

    conf.connect_freeze_time_ms = -1;
    CU_ASSERT_EQUAL(accepted_of_100(&b, &conf, 50), 100);
}

/* --- requests in work ---------------------------------------------------- */

static void
a_small_limit_is_not_none(void)
{
    struct conf conf = {.global_outstanding_limit = 1000};

    CU_ASSERT_EQUAL(limits_outstanding(&conf, 0), 1000);
    CU_ASSERT_EQUAL(limits_outstanding(&conf, 2), 1000);
    CU_ASSERT_EQUAL(limits_outstanding(&conf, 3), 500);
    conf.global_outstanding_limit = 1;
    CU_ASSERT_EQUAL(limits_outstanding(&conf, 3), 1);
}

UNIT_SUITE(limits)
{
    unit_suite("limits");
    UNIT(an_address_has_no_port);
    UNIT(all_of_an_ipv6_address_counts);
    UNIT(connections_of_an_address_are_counted);
    UNIT(addresses_that_collide_are_counted_apart);
    UNIT(slots_are_used_again);
    UNIT(who_was_not_counted_is_not_taken_off);
    UNIT(no_tokens_no_limit);
    UNIT(a_bucket_empties_and_fills);
    UNIT(a_bucket_is_full_however_long_nobody_asked);
    UNIT(weights_cost_more_for_new_sessions);
    UNIT(all_processes_together_get_what_is_filled);
    UNIT(a_share_is_enough_for_one_connection);
    UNIT(an_empty_bucket_drops_more_and_more);
    UNIT(a_part_is_dropped_though_there_are_tokens);
    UNIT(a_full_bucket_drops_less_and_less);
    UNIT(without_a_freeze_time_nothing_is_dropped_at_random);
    UNIT(a_small_limit_is_not_none);
}
