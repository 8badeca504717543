/* SPDX-License-Identifier: Apache-2.0 */
/* test_client_read_watch.c - claims about requests about watches. */
#include "net/client/client_read.h"

#include "tests/unit/memory_given.h"
#include "tests/unit/unit.h"

enum { ARENA = 1 << 20 };

static struct client_proc p;
static struct client c;

static void
given_a_connection(void)
{
    p = (struct client_proc){0};
    c = (struct client){.id = 1U << WATCH_CONN_BITS};
    watch_init(&p.watch, memory_reserved(watch_bytes(1, ARENA)), 1, ARENA, 1);
}

/* A batch went by while the answer was written: it is written again. */
static void
what_was_removed_is_removed_at_the_second_look_too(void)
{
    static const char *const paths[] = {"/a", ""};
    struct jute_out none = jute_out_of(NULL, 0);
    uint8_t body[16];

    for (size_t i = 0; i < ARRAY_COUNT(paths); i++) {
        struct jute_out out = jute_out_of(body, sizeof body);
        struct request request = {.op = ZK_OP_REMOVE_WATCHES};
        struct read r = {.p = &p, .c = &c, .request = &request};

        given_a_connection();
        watch_add(&p.watch, c.id, bytes_of(paths[i]), WATCH_PERSISTENT);
        jute_put_bytes(&out, bytes_of(paths[i]));
        jute_put_i32(&out, 3);
        request.body = (struct bytes){body, (int32_t)jute_out_size(&out)};
        CU_ASSERT_EQUAL(read_remove_watches(&r, &none), ZK_OK);
        CU_ASSERT_EQUAL(read_remove_watches(&r, &none), ZK_OK);
        CU_ASSERT_EQUAL(watch_modes(&p.watch, c.id, bytes_of(paths[i])), 0);
    }
}

UNIT_SUITE(client_read_watch)
{
    unit_suite("client_read_watch");
    UNIT(what_was_removed_is_removed_at_the_second_look_too);
}
