/* SPDX-License-Identifier: Apache-2.0 */
/* test_client_read.c - claims about reads while the tree changes. */
#include "net/client/client_read.h"

#include <signal.h>
#include <stdio.h>
#include <sys/time.h>

#include "tests/unit/client_given.h"
#include "tests/unit/tree_given.h"

enum { CHILDREN = 100000, BETWEEN_US = 200, BATCHES_MAX = 10000 };

static volatile sig_atomic_t batches;

/* Replication has something to apply all the time; it may give up some day. */
static void
on_alarm(int signal)
{
    (void)signal;
    if (p.own->apply_until != 0 || batches == BATCHES_MAX)
        return;
    tree_batch_begin(tree);
    tree_batch_end(tree, p.delivered);
    batches++;
}

static void
others_write(int every_us)
{
    struct itimerval timer = {{0, every_us}, {0, every_us}};

    signal(SIGALRM, on_alarm);
    setitimer(ITIMER_REAL, &timer, NULL);
}

static void
given_a_long_list(void)
{
    char path[32];

    given_tree();
    create("/list", NULL);
    for (int i = 0; i < CHILDREN; i++) {
        snprintf(path, sizeof path, "/list/child-%07d", i);
        create(path, NULL);
    }
    given_process();
    p.tree = tree;
    shm.replication->applied = applied;
    p.delivered = applied;
}

static void
is_asked(struct client *c, int32_t op, const char *path)
{
    uint8_t body[64];
    struct jute_out out = jute_out_of(body, sizeof body);
    struct request r = {.xid = 1, .op = op};

    jute_put_bytes(&out, bytes_of(path));
    jute_put_bool(&out, false);
    r.body = (struct bytes){body, (int32_t)jute_out_size(&out)};
    client_read(&p, c, &r, auth_bytes(&c->ids), 0);
}

/* It takes longer than there is between two batches. */
static void
a_long_list_is_read_while_others_write(void)
{
    struct client *c;

    given_a_long_list();
    c = given_client();
    others_write(BETWEEN_US);
    is_asked(c, ZK_OP_GET_CHILDREN, "/list");
    others_write(0);
    CU_ASSERT_TRUE(batches < BATCHES_MAX);
    CU_ASSERT_EQUAL(c->state, CLIENT_OPEN);
    CU_ASSERT_EQUAL(conn_unsent(&c->conn), 4 + 16 + 4 + CHILDREN * (4 + 13));
    CU_ASSERT_EQUAL(p.own->apply_until, 0); /* and now they go on */
    CU_ASSERT_TRUE(p.must_ring);
    no_process();
}

UNIT_SUITE(client_read)
{
    unit_suite("client_read");
    UNIT(a_long_list_is_read_while_others_write);
}
