/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about net/repl/repl_session.c: how sessions end. */
#include "net/repl/repl_session.h"

#include "daemon/clock.h"
#include "daemon/log.h"
#include "net/repl/repl_prepare.h"
#include "net/repl/repl_role.h"
#include "tests/unit/memory_given.h"
#include "tests/unit/tree_given.h"

enum { RING = 1 << 20, MANY = 1000 };

static struct repl r;

/* A server of its own, with many sessions that end in this very tick. */
static void
given_many_that_are_silent(void)
{
    static struct shm_super super;
    static struct shm_replication replication;
    static struct shm shm = {.super = &super, .replication = &replication};

    if (!shm.ring.base)
        shm.ring = (struct txring){memory_twice(RING), RING};
    given_tree();
    for (session_id_t id = 1; id <= MANY; id++)
        CU_ASSERT_PTR_NOT_NULL(session_take(sessions, id));
    r = (struct repl){.shm = &shm,
                      .role = &role_standalone,
                      .tree = tree,
                      .sessions = sessions};
    r.conf.tick_time_ms = 1;
    r.conf.jute_maxbuffer = 4096;
    r.conf.container_check_interval_ms = 60000;
    r.conf.container_max_per_minute = 10000;
    r.loop = ev_loop_new(0);
    repl_prepare_init(&r);
    repl_prepare_from(&r, 0);
    while (clock_mono_ms() < r.expiry.due)
        ;
}

/*
 * What they leave pending is looked through for each of them, and all others
 * wait: it must be applied in between.
 */
static void
a_storm_of_endings_lets_others_have_their_turn(void)
{
    static const _Atomic int quiet = LOG_ERROR, usual = LOG_INFO;
    uint32_t ended = 0;

    given_many_that_are_silent();
    log_open(&quiet); /* each ending has its line */
    while (ended < MANY) {
        CU_ASSERT_TRUE(r.expiry.due <= clock_mono_ms()); /* the timer rings */
        repl_session_expire(&r);
        CU_ASSERT_TRUE_FATAL(r.outstanding > ended);
        CU_ASSERT_TRUE(r.outstanding <= ended + MANY / 4);
        ended = (uint32_t)r.outstanding;
    }
    log_open(&usual);
    CU_ASSERT_EQUAL(ended, MANY);
    repl_prepare_end(&r);
    ev_loop_destroy(r.loop);
}

UNIT_SUITE(repl_session)
{
    unit_suite("repl_session");
    UNIT(a_storm_of_endings_lets_others_have_their_turn);
}
