/* SPDX-License-Identifier: Apache-2.0 */
/*
 * node.c - the election process of one server, and nothing else of it.
 *
 *   node ZOO.CFG
 *
 * Plays supervisor and replication for the real elect_main: on stdin come
 * orders, on stdout what is seen in shared memory, a line each.
 *
 *   look ZXID EPOCH     look for a leader       > decided N LEADER ROUND EPOCH
 *   established EPOCH   the leader leads us
 *   over                that role is over
 *   connected           > connected MASK
 *   kill                SIGKILL and fork again  > forked
 *   die                 the replication process dies; the next look is that
 *                       of another
 *   hang                it does nothing any more
 *   fail                the log process cannot write
 *   load                another begins, which does not look yet
 *   reload              read ZOO.CFG again      > reloaded
 *   quit, or the end of stdin
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/bell.h"
#include "daemon/conf/conf_log.h"
#include "daemon/log.h"
#include "daemon/proc.h"

enum { BEAT_US = 100 * 1000 };

static struct shm *shm;
static pid_t child, replication;

static const char *conf_path;
static struct conf conf;

static void
load_conf(void)
{
    static struct conf_report report;

    if (conf_load(conf_path, &conf, &report) < 0) {
        conf_log(&report, "", LOG_DEBUG);
        exit(EXIT_CONFIG);
    }
}

static void
load(void)
{
    load_conf();
    if (shm_map(&conf, 4096, 1, &shm) < 0)
        exit(EXIT_UNEXPECTED);
    log_open(&shm->super->log_level);
    atomic_store(&shm->super->pid[PROC_SUPER], (int32_t)getpid());
    for (int id = 0; id < PROC_CLIENT; id++)
        shm->super->bell_fd[id] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

/* As daemon/super_conf.c does it. */
static void
reload(void)
{
    load_conf();
    atomic_fetch_add(&shm->super->conf_version, 1);
    conf_take_live(&shm->super->conf, &conf);
    atomic_fetch_add(&shm->super->conf_version, 1);
    bell_ring(shm, PROC_ELECTION);
}

static void
start(void)
{
    child = fork();
    if (child == 0) {
        proc_enter(PROC_ELECTION, shm);
        elect_main(shm);
    }
}

static void
end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* Somebody must be there to die, and to live: who does not beat hangs. */
static void
start_replication(void)
{
    pid_t parent = getpid();

    replication = fork();
    if (replication == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (getppid() == parent) { /* it may have died before the prctl */
            atomic_fetch_add(&shm->replication->proc.beats, 1);
            usleep(BEAT_US);
        }
        _exit(EXIT_OK);
    }
    atomic_store(&shm->super->pid[PROC_REPLICATION], (int32_t)replication);
}

/* --- words --------------------------------------------------------------- */

static void
look_for_leader(zxid_t zxid, int64_t epoch)
{
    struct shm_look *look = &shm->replication->look;

    if (replication == 0)
        start_replication();
    atomic_store(&look->zxid, zxid);
    atomic_store(&look->epoch, epoch);
    atomic_fetch_add(&look->number, 1);
    bell_ring(shm, PROC_ELECTION);
}

static void
is_established(int64_t epoch)
{
    struct shm_look *look = &shm->replication->look;

    atomic_store(&look->established_epoch, epoch);
    atomic_store(&look->established, atomic_load(&look->number));
    bell_ring(shm, PROC_ELECTION);
}

static void
is_over(void)
{
    struct shm_look *look = &shm->replication->look;

    atomic_store(&look->ended, atomic_load(&look->number));
}

static void
replication_dies(void)
{
    end(replication);
    replication = 0;
    atomic_fetch_add(&shm->super->life[PROC_REPLICATION], 1);
}

static void
replication_hangs(void)
{
    kill(replication, SIGSTOP);
}

static void
tell_connected(void)
{
    printf("connected %llu\n",
           (unsigned long long)atomic_load(&shm->election->connected));
}

static void
log_fails(void)
{
    atomic_store(&shm->log->failed, ENOSPC);
    bell_ring(shm, PROC_ELECTION);
}

static void
another_takes_over(void)
{
    end(child);
    start();
}

static void
quit(void)
{
    end(child);
    exit(EXIT_OK);
}

/* What is said by a word alone, and what is answered, if anything. */
static const struct {
    const char *word;
    void (*obey)(void);
    const char *answer;
} words[] = {
    {"over", is_over, NULL},
    {"kill", another_takes_over, "forked"},
    {"die", replication_dies, NULL},
    {"hang", replication_hangs, NULL},
    {"fail", log_fails, NULL},
    {"load", start_replication, NULL},
    {"reload", reload, "reloaded"},
    {"connected", tell_connected, NULL},
    {"quit", quit, NULL},
};

static void
obey_word(const char *word)
{
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        if (strcmp(word, words[i].word) != 0)
            continue;
        words[i].obey();
        if (words[i].answer)
            puts(words[i].answer);
    }
}

static void
obey(const char *line)
{
    long long a = 0, b = 0;
    char word[32] = "";

    if (sscanf(line, "look %lli %lli", &a, &b) == 2)
        look_for_leader(a, b);
    else if (sscanf(line, "established %lli", &a) == 1)
        is_established(a);
    else if (sscanf(line, "%31s", word) == 1)
        obey_word(word);
    fflush(stdout);
}

/* What the election process stored since we last looked. */
static void
tell_decided(void)
{
    static uint64_t told;
    const struct shm_election *e = shm->election;
    uint64_t decided = atomic_load(&e->decided);

    if (decided == told)
        return;
    told = decided;
    printf("decided %llu %lld %lld %lld\n", (unsigned long long)decided,
           (long long)atomic_load(&e->leader),
           (long long)atomic_load(&e->round),
           (long long)atomic_load(&e->epoch));
    fflush(stdout);
}

int
main(int argc, char **argv)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    char line[256];

    if (argc != 2)
        return EXIT_CONFIG;
    proc_title_init(argc, argv);
    conf_path = argv[1];
    load();
    start();
    atomic_store(&shm->super->life[PROC_REPLICATION], 1);
    setvbuf(stdin, NULL, _IONBF, 0);
    for (;;) {
        if (poll(&in, 1, 2) > 0) {
            if (!fgets(line, sizeof line, stdin))
                break;
            obey(line);
        }
        tell_decided();
    }
    end(child);
    return EXIT_OK;
}
