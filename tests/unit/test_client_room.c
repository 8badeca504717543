/* SPDX-License-Identifier: Apache-2.0 */
/* test_client_room.c - claims about who gives buffers back when all are in use.
 */
#include "net/client/client_table.h"

#include "tests/unit/client_given.h"

enum { MUCH = 100 << 10, LITTLE = 10 << 10, NOW_MS = 60000 };

/* It has so many bytes unsent, and was heard of last at `heard_ms`. */
static struct client *
given_holder(size_t bytes, mono_ms_t heard_ms)
{
    struct client *c = given_client();
    struct jute_out out;

    c->slot = p.client_count;
    p.heard[c->slot] = (uint32_t)heard_ms;
    CU_ASSERT_TRUE_FATAL(conn_out(&c->conn, bytes, &out));
    out.at += bytes;
    conn_out_end(&c->conn, &out);
    return c;
}

/* conn_ops know one process only. */
static bool
makes_room(struct client *asker)
{
    bool did;

    p.now_ms = NOW_MS;
    p.no_room_at = 0;
    client_proc = p;
    did = client_make_room(&asker->conn);
    p = client_proc;
    return did;
}

static bool
stays(const struct client *c)
{
    return conn_holds(&c->conn) > 0 && !c->is_deaf;
}

static void
who_is_silent_longest_goes_first(void)
{
    struct client *newest, *oldest, *asker;

    given_process();
    newest = given_holder(MUCH, NOW_MS - 2000);
    oldest = given_holder(MUCH, NOW_MS - 9000);
    asker = given_holder(MUCH, NOW_MS - 30000);
    CU_ASSERT_TRUE(makes_room(asker));
    CU_ASSERT_TRUE(stays(newest) && !stays(oldest));
    CU_ASSERT_TRUE(makes_room(asker));
    CU_ASSERT_TRUE(!stays(newest) && stays(asker));
    CU_ASSERT_FALSE(makes_room(asker));
    no_process();
}

static void
who_moves_stays(void)
{
    struct client *mover, *asker;

    given_process();
    mover = given_holder(MUCH, NOW_MS - 500);
    asker = given_holder(MUCH, NOW_MS);
    CU_ASSERT_FALSE(makes_room(asker));
    CU_ASSERT_TRUE(stays(mover));
    no_process();
}

static void
who_holds_little_stays(void)
{
    struct client *small, *asker;

    given_process();
    small = given_holder(LITTLE, NOW_MS - 9000);
    asker = given_holder(MUCH, NOW_MS);
    CU_ASSERT_FALSE(makes_room(asker));
    CU_ASSERT_TRUE(stays(small));
    no_process();
}

/* It has no session that could have been heard of. */
static void
without_a_session_it_is_silent_since_it_came(void)
{
    struct client *stranger, *asker;

    given_process();
    stranger = given_holder(MUCH, 0);
    stranger->slot = UINT32_MAX;
    stranger->since_ms = NOW_MS - 500;
    asker = given_holder(MUCH, NOW_MS);
    CU_ASSERT_FALSE(makes_room(asker));
    stranger->since_ms = NOW_MS - 5000;
    CU_ASSERT_TRUE(makes_room(asker));
    CU_ASSERT_FALSE(stays(stranger));
    no_process();
}

/* Where there are very many, a look at all of them takes its time. */
static void
a_look_in_vain_is_not_repeated_at_once(void)
{
    struct client *holder, *asker;

    given_process();
    holder = given_holder(MUCH, NOW_MS - 500);
    asker = given_holder(MUCH, NOW_MS);
    CU_ASSERT_FALSE(makes_room(asker));
    p.heard[holder->slot] = 1;
    p.now_ms = NOW_MS + 50;
    client_proc = p;
    CU_ASSERT_FALSE(client_make_room(&asker->conn));
    client_proc.now_ms = NOW_MS + 150;
    CU_ASSERT_TRUE(client_make_room(&asker->conn));
    p = client_proc;
    no_process();
}

UNIT_SUITE(client_room)
{
    unit_suite("client_room");
    UNIT(who_is_silent_longest_goes_first);
    UNIT(who_moves_stays);
    UNIT(who_holds_little_stays);
    UNIT(without_a_session_it_is_silent_since_it_came);
    UNIT(a_look_in_vain_is_not_repeated_at_once);
}
