/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about net/repl/repl_session.c: how sessions end. */
#include "net/repl/repl_session.h"

#include "daemon/clock.h"
#include "daemon/log.h"
#include "net/repl/repl_prepare.h"
#include "net/repl/repl_role.h"
#include "tests/unit/memory_given.h"
#include "tests/unit/tree_given.h"

enum { RING = 1 << 20, MANY = 1000, TICK_MS = 1000, TIMEOUT_MS = 10000 };

static struct repl r;

/* A server of its own, with no sessions yet. */
static void
given_server(int32_t tick_ms)
{
    static struct shm_super super;
    static struct shm_replication replication;
    static struct shm shm = {.super = &super, .replication = &replication};

    if (!shm.ring.base)
        shm.ring = (struct txring){memory_twice(RING), RING};
    given_tree();
    r = (struct repl){.shm = &shm,
                      .role = &role_standalone,
                      .tree = tree,
                      .sessions = sessions};
    r.conf.tick_time_ms = tick_ms;
    r.conf.jute_maxbuffer = 4096;
    r.conf.container_check_interval_ms = 60000;
    r.conf.container_max_per_minute = 10000;
    r.loop = ev_loop_new(0);
    repl_prepare_init(&r);
}

/* Each ending has its line. */
static void
be_quiet(bool is_quiet)
{
    static const _Atomic int quiet = LOG_ERROR, usual = LOG_INFO;

    log_open(is_quiet ? &quiet : &usual);
}

static void
gone(void)
{
    repl_prepare_end(&r);
    ev_loop_destroy(r.loop);
}

/* --- when they end -------------------------------------------------------- */

static struct session *
given_session(bool is_alive)
{
    struct session *s = session_take(sessions, 1);

    s->timeout_ms = TIMEOUT_MS;
    s->is_alive = is_alive;
    return s;
}

static mono_ms_t
never_heard(void *arg, uint32_t slot, mono_ms_t now)
{
    (void)arg, (void)slot, (void)now;
    return 0;
}

static struct session *
ends_by(mono_ms_t now)
{
    return expiry_next(&r.expiry, now, never_heard, NULL);
}

/* Trap 14.4.10: nobody knows how long it was silent under the last leader. */
static void
a_term_begins_with_a_full_timeout_for_all(void)
{
    mono_ms_t before;
    struct session *s;

    given_server(TICK_MS);
    s = given_session(true);
    before = clock_mono_ms();
    repl_prepare_from(&r, 0);
    CU_ASSERT_PTR_NULL(ends_by(before + TIMEOUT_MS));
    CU_ASSERT_PTR_EQUAL(ends_by(clock_mono_ms() + TIMEOUT_MS + TICK_MS), s);
    gone();
}

/* Trap 14.3: by a transaction, where Apache's leader deletes on its own. */
static void
an_owner_that_is_no_session_ends_with_the_first_tick(void)
{
    given_server(1);
    given_session(false);
    repl_prepare_from(&r, 0);
    while (clock_mono_ms() < r.expiry.due)
        ;
    be_quiet(true);
    repl_session_expire(&r);
    be_quiet(false);
    CU_ASSERT_EQUAL(r.outstanding, 1);
    gone();
}

/* Many sessions that end in this very tick. */
static void
given_many_that_are_silent(void)
{
    given_server(1);
    for (session_id_t id = 1; id <= MANY; id++)
        CU_ASSERT_PTR_NOT_NULL(session_take(sessions, id));
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
    uint32_t ended = 0;

    given_many_that_are_silent();
    be_quiet(true);
    while (ended < MANY) {
        CU_ASSERT_TRUE(r.expiry.due <= clock_mono_ms()); /* the timer rings */
        repl_session_expire(&r);
        CU_ASSERT_TRUE_FATAL(r.outstanding > ended);
        CU_ASSERT_TRUE(r.outstanding <= ended + MANY / 4);
        ended = (uint32_t)r.outstanding;
    }
    be_quiet(false);
    CU_ASSERT_EQUAL(ended, MANY);
    gone();
}

UNIT_SUITE(repl_session)
{
    unit_suite("repl_session");
    UNIT(a_term_begins_with_a_full_timeout_for_all);
    UNIT(an_owner_that_is_no_session_ends_with_the_first_tick);
    UNIT(a_storm_of_endings_lets_others_have_their_turn);
}
