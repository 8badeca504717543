/* SPDX-License-Identifier: Apache-2.0 */
/* test_client_table.c - claims about what connections take of a process. */
#include "net/client/client_watch.h"
#include "tests/unit/client_given.h"

/* A connection comes, sets a watch or none, and goes. */
static bool
touches_its_set(unsigned modes)
{
    const struct watch_set *set;
    struct client *c;

    given_process();
    c = given_client();
    set = &p.watch.set[client_place(c)];
    if (modes)
        CU_ASSERT_TRUE(client_watch(&p, c, bytes_of("/a"), modes));
    no_process();
    CU_ASSERT_EQUAL(p.watch.paths, 0);
    return memory_is_touched(set);
}

/* Of large memory a page that is only read is charged, too: daemon/memory.c. */
static void
who_watches_nothing_takes_no_memory_for_watches(void)
{
    CU_ASSERT_FALSE(touches_its_set(0));
    CU_ASSERT_TRUE(touches_its_set(WATCH_DATA));
}

UNIT_SUITE(client_table)
{
    unit_suite("client_table");
    UNIT(who_watches_nothing_takes_no_memory_for_watches);
}
