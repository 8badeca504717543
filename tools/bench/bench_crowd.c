/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_crowd.c - the connections of a loop: made, opened, kept open, closed.
 *
 * Opening all and closing all are jobs like others; see bench_loop.h.
 */
#include "tools/bench/bench_crowd.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "daemon/check.h"
#include "tools/zab_dial.h"

enum { RETRY_MS = 200, SPARE_FILES = 24 };

/* --- keeping connections open --------------------------------------------- */

static void
open_one(struct bench_loop *l, struct bench_conn *c)
{
    unsigned host = c->index % l->host_count;
    unsigned source = 0;
    int rc;

    if (l->opts->sources > 1)
        source = 1 + c->index / l->host_count % (unsigned)l->opts->sources;
    l->greeting_count++;
    rc = bench_conn_open(c, &l->io, (struct sockaddr *)&l->host[host],
                         l->host_size[host], source);
    if (rc < 0) {
        l->greeting_count--;
        l->down_errno = -rc;
        c->retry_ns = l->io.now_ns + RETRY_MS * NS_PER_MS;
    }
}

void
bench_crowd_open(struct bench_loop *l)
{
    struct bench_conn *c;

    while (l->wants_open && l->open_next < l->conn_count &&
           l->greeting_count < l->opts->parallel) {
        c = &l->conn[l->open_next++];
        if (c->state == CONN_DOWN && c->retry_ns <= l->io.now_ns)
            open_one(l, c);
    }
}

static void
on_ready(struct bench_io *io, struct bench_conn *c)
{
    struct bench_loop *l = io->owner;

    l->greeting_count--;
    l->ready_count++;
    l->heard_ns = io->now_ns;
    if (l->job && l->job->ready)
        l->job->ready(l->job, c);
    bench_crowd_open(l);
}

static void
count_down(struct bench_loop *l, enum bench_down how)
{
    l->errors.lost_connections += how == DOWN_LOST;
    l->errors.refused_sessions += how == DOWN_REFUSED;
    l->errors.garbage += how == DOWN_GARBAGE;
}

static void
on_down(struct bench_io *io, struct bench_conn *c, enum bench_down how, int err,
        unsigned lost)
{
    struct bench_loop *l = io->owner;

    if (c->was_ready)
        l->ready_count--;
    else
        l->greeting_count--;
    l->in_flight -= lost;
    l->errors.lost_requests += lost;
    c->retry_ns = 0;
    if (how == DOWN_CLOSED) {
        l->heard_ns = io->now_ns;
        if (l->job && l->job->closed)
            l->job->closed(l->job, c);
    } else {
        l->down_errno = err;
        c->retry_ns = io->now_ns + RETRY_MS * NS_PER_MS;
        count_down(l, how);
    }
    if (l->open_next > c->index)
        l->open_next = c->index;
    bench_crowd_open(l);
}

/* Sessions that would be forgotten say that they live. */
static void
ping_quiet_ones(struct bench_loop *l)
{
    for (unsigned i = 0; i < l->conn_count; i++) {
        struct bench_conn *c = &l->conn[i];

        if (c->state == CONN_READY && c->unsent_size == 0 &&
            l->io.now_ns - c->sent_ns > c->timeout_ms * NS_PER_MS / 3)
            bench_conn_ping(c, &l->io);
    }
}

void
bench_crowd_tick(struct bench_loop *l)
{
    l->open_next = 0;
    bench_crowd_open(l);
    ping_quiet_ones(l);
}

void
bench_crowd_forget(struct bench_loop *l)
{
    for (unsigned i = 0; i < l->conn_count && l->in_flight > 0; i++) {
        struct bench_conn *c = &l->conn[i];
        unsigned waiting = bench_conn_in_flight(c);

        if (c->state == CONN_CLOSING)
            waiting--; /* closeSession is not counted */
        if (waiting == 0)
            continue;
        l->errors.unanswered += waiting;
        l->in_flight -= waiting;
        l->ready_count--;
        bench_conn_drop(c);
    }
}

/* --- opening and closing all ---------------------------------------------- */

static void
all_are_open(struct bench_job *job, int64_t now_ns)
{
    struct bench_loop *l = job->state;

    (void)now_ns;
    job->answered = l->ready_count;
    job->is_dry = l->ready_count == l->conn_count;
}

int
bench_loop_connect(struct bench_loop *l)
{
    struct bench_job job = {.label = "connecting",
                            .goal = l->conn_count,
                            .state = l,
                            .tick = all_are_open};
    int rc;

    l->wants_open = true;
    l->open_next = 0;
    rc = bench_loop_run(l, &job);
    if (rc < 0 && rc != -EINTR) {
        size_t used = strlen(l->why);

        snprintf(l->why + used, sizeof l->why - used, " (%u of %u are open)",
                 l->ready_count, l->conn_count);
    }
    return rc;
}

/* Close as many at one time as may open at one time. */
static void
close_some(struct bench_job *job, int64_t now_ns)
{
    struct bench_loop *l = job->state;
    unsigned closing = 0;

    (void)now_ns;
    job->answered = l->conn_count - l->ready_count;
    job->is_dry = l->ready_count + l->greeting_count == 0;
    for (unsigned i = 0; i < l->conn_count; i++)
        closing += l->conn[i].state == CONN_CLOSING;
    for (unsigned i = 0; i < l->conn_count && closing < l->opts->parallel; i++)
        if (l->conn[i].state == CONN_READY) {
            bench_conn_close(&l->conn[i], &l->io);
            closing++;
        }
}

void
bench_loop_disconnect(struct bench_loop *l)
{
    struct bench_job job = {.label = "closing",
                            .goal = l->conn_count,
                            .state = l,
                            .tick = close_some};

    l->wants_open = false;
    bench_loop_run(l, &job);
    for (unsigned i = 0; i < l->conn_count; i++)
        bench_conn_drop(&l->conn[i]);
    l->ready_count = l->greeting_count = 0;
}

/* --- life ----------------------------------------------------------------- */

static int
resolve(struct bench_loop *l, const char *hosts)
{
    struct addrinfo *found;
    char text[BENCH_HOSTS_SIZE], why[128], *rest = text, *one;

    snprintf(text, sizeof text, "%s", hosts);
    while ((one = strsep(&rest, ",")) != NULL) {
        check(l->host_count < BENCH_HOSTS_MAX);
        found = zab_resolve(one, why, sizeof why);
        if (!found) {
            snprintf(l->why, sizeof l->why, "%.200s: %s", one, why);
            return -EHOSTUNREACH;
        }
        memcpy(&l->host[l->host_count], found->ai_addr, found->ai_addrlen);
        l->host_size[l->host_count++] = found->ai_addrlen;
        freeaddrinfo(found);
    }
    return 0;
}

/* One descriptor a connection; the soft limit is ours to raise. */
static int
raise_files(struct bench_loop *l)
{
    struct rlimit files;

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_max >= l->conn_count + SPARE_FILES)
        return 0;
    snprintf(l->why, sizeof l->why,
             "%u connections need %u open files, the limit is %llu "
             "(ulimit -Hn)",
             l->conn_count, l->conn_count + SPARE_FILES,
             (unsigned long long)files.rlim_max);
    return -EMFILE;
}

static int
allocate(struct bench_loop *l, size_t out_size)
{
    int rc = bench_io_open(&l->io, out_size);

    l->conn = calloc(l->conn_count, sizeof *l->conn);
    if (!l->conn)
        return -ENOMEM;
    for (unsigned i = 0; i < l->conn_count && rc == 0; i++)
        rc = bench_conn_new(&l->conn[i], i,
                            l->opts->depth < BENCH_DEPTH_MIN
                                ? BENCH_DEPTH_MIN
                                : (unsigned)l->opts->depth);
    return rc;
}

int
bench_crowd_new(struct bench_loop *l, size_t out_size)
{
    int rc = resolve(l, l->opts->hosts);

    l->io.on_ready = on_ready;
    l->io.on_down = on_down;
    if (rc == 0)
        rc = raise_files(l);
    if (rc < 0)
        return rc;
    rc = allocate(l, out_size);
    if (rc < 0)
        snprintf(l->why, sizeof l->why, "%s", strerror(-rc));
    return rc;
}

void
bench_crowd_free(struct bench_loop *l)
{
    for (unsigned i = 0; l->conn && i < l->conn_count; i++)
        bench_conn_free(&l->conn[i]);
    free(l->conn);
    l->conn = NULL;
}
