/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two clients of the fault tests, on Debian's C library.
 *
 *   client lodge HOSTS PATH TIMEOUT_MS
 *       opens a session, makes the ephemeral PATH, prints "lodged SESSION"
 *       and stays until it is killed: a client that dies without a word.
 *   client write HOSTS WRITER TIMEOUT_MS DEPTH
 *       keeps DEPTH writes on their way, alternately a create and a set (see
 *       ledger.py), until its standard input ends; then waits for the last
 *       answers and closes.  It tells what it does, times in ns of the
 *       monotonic clock:
 *           session ID
 *           sent KIND N NS
 *           done KIND N RC ZXID VERSION NS
 *           lost              the session expired: a new one is not opened
 *           end
 */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zookeeper/zookeeper.h>

#define PACE_US 600 /* for each write: a load, not a benchmark */
#define BURST 32    /* writes sent without a pause */

static atomic_int outstanding;
static atomic_bool is_lost;

static int64_t
now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void
on_session(zhandle_t *zh, int type, int state, const char *path, void *context)
{
    (void)zh, (void)path, (void)context;
    if (type == ZOO_SESSION_EVENT && state == ZOO_EXPIRED_SESSION_STATE) {
        is_lost = true;
        printf("lost\n");
        fflush(stdout);
    }
}

static zhandle_t *
connect_to(const char *hosts, int timeout_ms)
{
    zhandle_t *zh =
        zookeeper_init(hosts, on_session, timeout_ms, NULL, NULL, 0);

    while (zh && zoo_state(zh) != ZOO_CONNECTED_STATE)
        usleep(2000);
    return zh;
}

static int
lodge(const char *hosts, const char *path, int timeout_ms)
{
    zhandle_t *zh = connect_to(hosts, timeout_ms);
    int rc = zoo_create(zh, path, "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL,
                        NULL, 0);

    if (rc != ZOK) {
        printf("refused %d\n", rc);
        return 1;
    }
    printf("lodged %lld\n", (long long)zoo_client_id(zh)->client_id);
    fflush(stdout);
    pause();
    return 0;
}

static void
done(const char *kind, const void *n, int rc, int64_t zxid, int version)
{
    printf("done %s %d %d %lld %d %lld\n", kind, (int)(intptr_t)n, rc,
           (long long)zxid, version, (long long)now_ns());
    outstanding--;
}

static void
on_created(int rc, const char *value, const void *n)
{
    (void)value;
    done("create", n, rc, 0, 0);
}

static void
on_set(int rc, const struct Stat *st, const void *n)
{
    done("set", n, rc, rc == ZOK ? st->mzxid : 0, rc == ZOK ? st->version : 0);
}

static int
send_one(zhandle_t *zh, const char *writer, int i)
{
    bool is_set = i % 2 == 1;
    intptr_t n = i / 2 + 1;
    char path[128], data[128];
    int rc, len;

    printf("sent %s %d %lld\n", is_set ? "set" : "create", (int)n,
           (long long)now_ns());
    outstanding++;
    if (is_set) {
        snprintf(path, sizeof(path), "/load/s/%s", writer);
        len = snprintf(data, sizeof(data), "%d", (int)n);
        rc = zoo_aset(zh, path, data, len, -1, on_set, (void *)n);
    } else {
        snprintf(path, sizeof(path), "/load/c/%s-%d", writer, (int)n);
        len = snprintf(data, sizeof(data), "%s create %d", writer, (int)n);
        rc = zoo_acreate(zh, path, data, len, &ZOO_OPEN_ACL_UNSAFE, 0,
                         on_created, (void *)n);
    }
    if (rc != ZOK)
        outstanding--; /* it was never sent, and stays unknown */
    return rc;
}

static bool
input_ended(void)
{
    struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};

    return poll(&p, 1, 0) > 0;
}

static int
write_on(const char *hosts, const char *writer, int timeout_ms, int depth)
{
    zhandle_t *zh = connect_to(hosts, timeout_ms);
    int i = 0;

    printf("session %lld\n", (long long)zoo_client_id(zh)->client_id);
    while (!input_ended() && !is_lost) {
        for (int k = 0; k < BURST && outstanding < depth &&
                        zoo_state(zh) == ZOO_CONNECTED_STATE;
             k++)
            send_one(zh, writer, i++);
        fflush(stdout);
        usleep(BURST * PACE_US);
    }
    for (int tries = 0; outstanding > 0 && tries < 20000; tries++)
        usleep(1000);
    printf("end\n");
    fflush(stdout);
    zookeeper_close(zh);
    return 0;
}

int
main(int argc, char **argv)
{
    zoo_set_debug_level(0);
    if (argc == 5 && strcmp(argv[1], "lodge") == 0)
        return lodge(argv[2], argv[3], atoi(argv[4]));
    if (argc == 6 && strcmp(argv[1], "write") == 0)
        return write_on(argv[2], argv[3], atoi(argv[4]), atoi(argv[5]));
    fprintf(stderr, "usage: see the head of client.c\n");
    return 2;
}
