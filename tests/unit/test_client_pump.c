/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about net/client/client_pump.c: whose turn it is, and who is late. */
#include "net/client/client_request.h"

#include "net/client/client_answer.h"
#include "tests/unit/client_given.h"
#include "tests/unit/tree_given.h"

enum { NOW = 5000, LIMIT = 100 };

static struct client *
given_a_slow_server(int32_t limit_ms)
{
    given_tree();
    create("/a", NULL);
    given_process();
    p.tree = tree;
    shm.replication->applied = p.delivered = applied;
    p.now_ms = NOW;
    p.conf.throttled_op_wait_ms = limit_ms;
    return given_client();
}

/* It came `ms` ago, and has waited for a write of its session until now. */
static void
waited(struct client *c, int32_t op, uint32_t ms)
{
    uint8_t body[16];
    struct jute_out out = jute_out_of(body, sizeof body);
    struct queued q = {.kind = QUEUED_WAIT, .op = op, .heard_ms = NOW - ms};

    jute_put_bytes(&out, bytes_of("/a"));
    jute_put_bool(&out, false);
    q.body_size = (uint32_t)jute_out_size(&out);
    CU_ASSERT_TRUE(client_enqueue(&p, c, &q, body));
    client_pump(&p, c);
}

/* The code in the header of the only answer. */
static int32_t
answer(const struct client *c)
{
    const struct buf *out = c->conn.out;

    CU_ASSERT_FATAL(buf_used(out) >= 4 + 16);
    return (int32_t)load_be32(out->data + out->start + 4 + 12);
}

static void
a_read_that_waited_too_long_is_not_done(void)
{
    struct client *c = given_a_slow_server(LIMIT);

    waited(c, ZK_OP_EXISTS, LIMIT + 1);
    CU_ASSERT_EQUAL(answer(c), ZK_THROTTLED);
    CU_ASSERT_EQUAL(conn_unsent(&c->conn), 4 + 16);
    CU_ASSERT_EQUAL(p.own->stats.throttled, 1);
    CU_ASSERT_EQUAL(c->queue.count, 0);
    no_process();
}

static void
one_that_waited_as_long_as_it_may_is(void)
{
    struct client *c = given_a_slow_server(LIMIT);

    waited(c, ZK_OP_EXISTS, LIMIT);
    CU_ASSERT_EQUAL(answer(c), ZK_OK);
    CU_ASSERT_EQUAL(p.own->stats.throttled, 0);
    no_process();
}

static void
nobody_waits_too_long_without_a_limit(void)
{
    struct client *c = given_a_slow_server(0);

    waited(c, ZK_OP_EXISTS, NOW);
    CU_ASSERT_EQUAL(answer(c), ZK_OK);
    no_process();
}

UNIT_SUITE(client_pump)
{
    unit_suite("client_pump");
    UNIT(a_read_that_waited_too_long_is_not_done);
    UNIT(one_that_waited_as_long_as_it_may_is);
    UNIT(nobody_waits_too_long_without_a_limit);
}
