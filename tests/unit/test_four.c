/* SPDX-License-Identifier: Apache-2.0 */
/* test_four.c - claims about four letter words and the numbers in them. */
#include "net/four.h"

#include <stdlib.h>

#include "tests/unit/unit.h"

static struct conn_info connections[2];
static struct shm_client client;
static struct shm_super super;
static struct shm shm = {.super = &super};
static struct figures figures;
static struct conf conf;

static const struct four four = {
    .shm = &shm, .conf = &conf, .figures = &figures, .self = &connections[1]};

/* The answer to `word`; good until the next one. */
static const char *
answer(enum conf_word word)
{
    static char *text;
    size_t size;
    FILE *out;

    free(text);
    out = open_memstream(&text, &size);
    CU_ASSERT_TRUE(four_print(&four, word, out));
    fclose(out);
    return text;
}

static void
given_a_server(void)
{
    static alignas(8) uint8_t memory[2 * CONN_INFO_BYTES];

    memset(memory, 0, sizeof memory);
    super.client_count = 1;
    shm.client[0] = &client;
    shm.conns[0] = (struct conn_info *)(void *)memory;
    client.stats.conn_end = 2;
    figures = (struct figures){.is_serving = true,
                               .role = ROLE_STANDALONE,
                               .received = 3,
                               .sent = 2,
                               .connections = 2,
                               .latency_count = 3,
                               .latency_total_ms = 10,
                               .latency_max_ms = 9,
                               .tree = {.zxid = 0x1f, .node_count = 5}};
}

static void
words_are_told_from_lengths(void)
{
    enum conf_word word;

    CU_ASSERT_EQUAL(four_kind((const uint8_t *)"ruok", &word), FOUR_WORD);
    CU_ASSERT_EQUAL(word, CONF_WORD_RUOK);
    CU_ASSERT_EQUAL(four_kind((const uint8_t *)"\0\0\0\55", &word),
                    FOUR_LENGTH);
    CU_ASSERT_EQUAL(four_kind((const uint8_t *)"RUOK", &word), FOUR_LENGTH);
    CU_ASSERT_EQUAL(four_kind((const uint8_t *)"\377\364\377\375", &word),
                    FOUR_BREAK);
}

static void
averages_have_one_to_four_digits(void)
{
    char text[32];

    figures_format(0, text);
    CU_ASSERT_STRING_EQUAL(text, "0.0");
    figures_format(4.2, text);
    CU_ASSERT_STRING_EQUAL(text, "4.2");
    figures_format(10.0 / 3, text);
    CU_ASSERT_STRING_EQUAL(text, "3.3333");
    figures_format(15.0 / 14, text);
    CU_ASSERT_STRING_EQUAL(text, "1.0714");
}

static void
ruok_and_isro_have_no_newline(void)
{
    given_a_server();
    CU_ASSERT_STRING_EQUAL(answer(CONF_WORD_RUOK), "imok");
    CU_ASSERT_STRING_EQUAL(answer(CONF_WORD_ISRO), "rw");
    figures.is_serving = false;
    CU_ASSERT_STRING_EQUAL(answer(CONF_WORD_ISRO), "null");
}

static void
srvr_has_its_lines_in_order(void)
{
    const char *text;

    given_a_server();
    text = answer(CONF_WORD_SRVR);
    CU_ASSERT_EQUAL(strncmp(text, "Zookeeper version: 3.8.0-", 25), 0);
    CU_ASSERT_STRING_EQUAL(strchr(text, '\n') + 1,
                           "Latency min/avg/max: 0/3.3333/9\n"
                           "Received: 3\nSent: 2\nConnections: 2\n"
                           "Outstanding: 0\nZxid: 0x1f\nMode: standalone\n"
                           "Node count: 5\n");
}

static void
stat_and_cons_list_connections_in_use(void)
{
    struct conn_info *c;

    given_a_server();
    c = conn_info_at(&shm, 0, 1);
    *c = (struct conn_info){.is_used = 1,
                            .port = 567,
                            .interest = 1,
                            .address = {127, 0, 0, 1},
                            .received = 9};
    CU_ASSERT_PTR_NOT_NULL(
        strstr(answer(CONF_WORD_STAT),
               "Clients:\n /127.0.0.1:567[1](queued=0,recved=9,sent=0)\n\n"
               "Latency"));
    c->session = 0x10;
    c->last_op = ZK_OP_GET_DATA;
    c->last_cxid = 7;
    c->timeout_ms = 4000;
    CU_ASSERT_STRING_EQUAL(
        answer(CONF_WORD_CONS),
        " /127.0.0.1:567[1](queued=0,recved=9,sent=0,sid=0x10,lop=GETD,est=0,"
        "to=4000,lcxid=0x7,lzxid=0x0,lresp=0,llat=0,minlat=0,avglat=0,"
        "maxlat=0)\n\n");
}

static void
an_ipv6_peer_is_written_out(void)
{
    struct conn_info *c;

    given_a_server();
    c = conn_info_at(&shm, 0, 0);
    *c = (struct conn_info){.is_used = 1, .port = 5, .is_v6 = 1};
    c->address[15] = 1;
    CU_ASSERT_PTR_NOT_NULL(
        strstr(answer(CONF_WORD_CONS), " /[0:0:0:0:0:0:0:1]:5[0]("));
}

/* Some scripts read no more than 2048 bytes. */
static void
mntr_is_pairs_and_its_important_ones_come_first(void)
{
    const char *text, *at;

    given_a_server();
    text = answer(CONF_WORD_MNTR);
    CU_ASSERT_EQUAL(strncmp(text, "zk_version\t3.8.0-", 17), 0);
    at = strstr(text, "zk_server_state\tstandalone\n");
    CU_ASSERT_PTR_NOT_NULL(at);
    at = strstr(text, "\nzk_avg_latency\t3.3333\n");
    CU_ASSERT_PTR_NOT_NULL(at);
    at = strstr(text, "\nzk_ephemerals_count\t0\n");
    CU_ASSERT_PTR_NOT_NULL(at);
    CU_ASSERT_TRUE(at - text < 2048);
}

UNIT_SUITE(four)
{
    unit_suite("four");
    UNIT(words_are_told_from_lengths);
    UNIT(averages_have_one_to_four_digits);
    UNIT(ruok_and_isro_have_no_newline);
    UNIT(srvr_has_its_lines_in_order);
    UNIT(stat_and_cons_list_connections_in_use);
    UNIT(an_ipv6_peer_is_written_out);
    UNIT(mntr_is_pairs_and_its_important_ones_come_first);
}
