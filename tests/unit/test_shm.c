/* SPDX-License-Identifier: Apache-2.0 */
/* Claims about daemon/shm.c: whose memory it is. */
#include "tests/unit/unit.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/bell.h"
#include "daemon/shm.h"

static struct shm *
given_shm(void)
{
    static struct shm *shm;
    struct conf conf = {.jute_maxbuffer = 0xfffff, .client_processes = 2};

    if (shm)
        return shm;
    CU_ASSERT_EQUAL_FATAL(shm_map(&conf, 4096, 1024, &shm), 0);
    for (int id = 0; id < PROC_CLIENT + 2; id++)
        shm->super->bell_fd[id] = eventfd(0, EFD_NONBLOCK);
    return shm;
}

/* Whether a child that is process `id` survives a store to `where`. */
static bool
may_store(enum proc_id id, void *where)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        signal(SIGSEGV, SIG_DFL);
        shm_protect(id);
        *(volatile uint8_t *)where = *(volatile uint8_t *)where;
        _exit(0);
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void
a_process_stores_to_its_own_parts(void)
{
    struct shm *shm = given_shm();

    CU_ASSERT_TRUE(may_store(PROC_LOG, &shm->log->durable));
    CU_ASSERT_TRUE(may_store(PROC_REPLICATION, shm->tree_arena));
    CU_ASSERT_TRUE(may_store(PROC_REPLICATION, shm->ring.base));
    CU_ASSERT_TRUE(may_store(PROC_CLIENT + 1, shm->client[1]));
    CU_ASSERT_TRUE(may_store(PROC_CLIENT + 1, shm->requests[1].base));
    CU_ASSERT_TRUE(may_store(PROC_REPLICATION, shm->words[1].base));
}

static void
a_stray_store_kills_the_culprit(void)
{
    struct shm *shm = given_shm();

    CU_ASSERT_FALSE(may_store(PROC_LOG, &shm->replication->published));
    CU_ASSERT_FALSE(may_store(PROC_CLIENT, shm->tree_arena));
    CU_ASSERT_FALSE(may_store(PROC_CLIENT, shm->client[1]));
    CU_ASSERT_FALSE(may_store(PROC_CLIENT, shm->requests[1].base));
    CU_ASSERT_FALSE(may_store(PROC_CLIENT + 1, shm->words[1].base));
    CU_ASSERT_FALSE(may_store(PROC_IMAGE, shm->super));
    CU_ASSERT_FALSE(may_store(PROC_ADMIN, shm));
}

static void
a_ring_lies_twice_in_a_row(void)
{
    struct shm *shm = given_shm();

    shm->ring.base[shm->ring.size - 1] = 1;
    shm->ring.base[0] = 2;
    CU_ASSERT_EQUAL(shm->ring.base[2 * shm->ring.size - 1], 1);
    CU_ASSERT_EQUAL(shm->ring.base[shm->ring.size], 2);
}

static void
rings_hold_several_of_the_largest(void)
{
    struct shm *shm = given_shm();

    CU_ASSERT_TRUE(shm->requests[0].size >= 4 * 0xfffff);
    CU_ASSERT_TRUE(shm->ring.size >= 8 * 0xfffff);
}

static void
only_a_sleeper_is_rung(void)
{
    struct shm *shm = given_shm();
    eventfd_t count;

    atomic_store(&shm->log->proc.sleeping, 0);
    bell_ring(shm, PROC_LOG);
    CU_ASSERT_TRUE(eventfd_read(shm->super->bell_fd[PROC_LOG], &count) < 0);
    atomic_store(&shm->log->proc.sleeping, 1);
    bell_ring(shm, PROC_LOG);
    CU_ASSERT_EQUAL(eventfd_read(shm->super->bell_fd[PROC_LOG], &count), 0);
}

/* Ping-pong over two processes' loops: one lost wake-up would hang it. */
struct player {
    struct shm *shm;
    struct ev_loop *loop;
    enum proc_id other;
    uint32_t wait_for; /* parity of our turns */
    _Atomic uint64_t *ball;
};

enum { ROUNDS = 20000 };

static bool
play(void *arg)
{
    struct player *p = arg;
    uint64_t ball = atomic_load(p->ball);

    if (ball >= ROUNDS) {
        ev_break(p->loop, EVBREAK_ALL);
        return true;
    }
    if (ball % 2 != p->wait_for)
        return false;
    atomic_store(p->ball, ball + 1);
    bell_ring(p->shm, p->other);
    return false;
}

static void
play_until_done(enum proc_id self, enum proc_id other, uint32_t parity)
{
    struct shm *shm = given_shm();
    struct player p = {
        .shm = shm,
        .loop = ev_loop_new(EVFLAG_AUTO),
        .other = other,
        .wait_for = parity,
        .ball = &shm->replication->proposals,
    };
    struct bell bell;

    bell_attach(&bell, p.loop, shm, self, play, &p);
    ev_run(p.loop, 0);
    ev_loop_destroy(p.loop);
    bell_ring(shm, other);
}

static void
no_wake_up_is_lost(void)
{
    struct shm *shm = given_shm();
    int status = -1;
    pid_t pid;

    atomic_store(&shm->replication->proposals, 0);
    pid = fork();
    if (pid == 0) {
        alarm(60);
        play_until_done(PROC_IMAGE, PROC_LOG, 1);
        _exit(0);
    }
    alarm(60);
    play_until_done(PROC_LOG, PROC_IMAGE, 0);
    alarm(0);
    waitpid(pid, &status, 0);
    CU_ASSERT_EQUAL(status, 0);
    CU_ASSERT_TRUE(atomic_load(&shm->replication->proposals) >= ROUNDS);
}

/* Who remembers it sees every reload that comes behind the copy. */
static void
a_copy_of_the_configuration_knows_its_version(void)
{
    struct shm *shm = given_shm();
    struct conf conf;
    uint32_t version = shm_conf(shm, &conf);

    CU_ASSERT_FALSE(shm_has_new_conf(shm, version));
    shm->super->conf.tick_time_ms = 77;
    atomic_fetch_add(&shm->super->conf_version, 2);
    CU_ASSERT_TRUE(shm_has_new_conf(shm, version));
    version = shm_conf(shm, &conf);
    CU_ASSERT_EQUAL(conf.tick_time_ms, 77);
    CU_ASSERT_FALSE(shm_has_new_conf(shm, version));
}

UNIT_SUITE(shm)
{
    unit_suite("shm");
    UNIT(a_process_stores_to_its_own_parts);
    UNIT(a_stray_store_kills_the_culprit);
    UNIT(a_ring_lies_twice_in_a_row);
    UNIT(rings_hold_several_of_the_largest);
    UNIT(only_a_sleeper_is_rung);
    UNIT(no_wake_up_is_lost);
    UNIT(a_copy_of_the_configuration_knows_its_version);
}
