/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_loop.h - all connections of the generator, driven through one job
 * after another.
 *
 * A job says which requests to send and looks at the answers; the loop keeps
 * the connections open, their pipelines full, their sessions alive, and every
 * job bounded in time: one that gets no answer for STALL_S seconds is ended,
 * and so is everything at --limit or at SIGINT and SIGTERM.
 */
#ifndef TOOLS_BENCH_BENCH_LOOP_H
#define TOOLS_BENCH_BENCH_LOOP_H

#include "tools/bench/bench_conn.h"
#include "tools/bench/bench_opts.h"

/* Any job may have so many requests in flight, whatever --depth says. */
enum { BENCH_DEPTH_MIN = 4, BENCH_CODES = 256 };

/* What went wrong, how often. */
struct bench_errors {
    uint64_t by_code[BENCH_CODES]; /* [-code], enum zk_code */
    uint64_t lost_requests;        /* their connection went down */
    uint64_t unanswered;           /* given up on */
    uint64_t lost_connections;
    uint64_t refused_sessions;
    uint64_t garbage;
};

struct bench_request {
    struct jute_out *out; /* for the record */
    int32_t op;
    int32_t kind; /* comes back with the answer */
};

struct bench_answer {
    struct bench_conn *conn;
    struct jute_in body;
    int32_t kind;
    int32_t code;
    int64_t start_ns; /* sent, or in an open loop: due */
    int64_t end_ns;
};

struct bench_loop;

struct bench_job {
    const char *label; /* for the progress line */
    uint64_t goal;     /* answers expected; 0: nobody knows */
    uint32_t depth;
    double rate;        /* requests a second; 0: closed loop */
    uint64_t answered;  /* what the progress line counts */
    bool is_dry;        /* nothing more to send: ends when all is answered */
    bool keeps_running; /* being idle is no reason to end it */
    void *state;

    /*
     * Hooks; any may be NULL.  `make` writes one request for `c`, or says
     * false: nothing for this connection now.
     */
    bool (*make)(struct bench_job *job, struct bench_conn *c,
                 struct bench_request *rq);
    void (*answer)(struct bench_job *job, const struct bench_answer *a);
    void (*event)(struct bench_job *job, struct bench_conn *c);
    void (*ready)(struct bench_job *job, struct bench_conn *c);
    void (*closed)(struct bench_job *job, struct bench_conn *c);
    void (*tick)(struct bench_job *job, int64_t now_ns);
};

struct bench_loop {
    const struct bench_opts *opts; /* borrowed */
    struct bench_io io;
    struct bench_conn *conn;
    unsigned conn_count;
    unsigned ready_count;
    unsigned greeting_count;
    unsigned open_next; /* where to look for a DOWN one */
    unsigned pace_next;
    uint64_t in_flight;
    bool wants_open; /* DOWN connections are opened again */

    struct sockaddr_storage host[BENCH_HOSTS_MAX];
    socklen_t host_size[BENCH_HOSTS_MAX];
    unsigned host_count;

    struct bench_job *job;
    struct bench_errors errors;
    int down_errno; /* why the last connection went down */
    int64_t job_started_ns;
    int64_t heard_ns; /* the last time a server said something */
    int64_t give_up_ns;
    int64_t tick_ns;
    uint64_t paced;      /* requests of the job sent so far in open loop */
    int interrupts_seen; /* one signal ends one job, not the cleaning up */
    int64_t interrupted_ns;
    char why[400]; /* what made the last call fail */

    int64_t shown_ns;
    uint64_t shown_answered;
    bool is_terminal;
};

/*
 * Resolve opts->hosts, allocate opts->connections.  `request_max` bounds the
 * bytes of one request.  From now on each SIGINT or SIGTERM ends the job that
 * is running.  0 or -errno, with l->why set.
 */
int bench_loop_new(struct bench_loop *l, const struct bench_opts *opts,
                   size_t request_max);
void bench_loop_free(struct bench_loop *l);

/* Open all connections; 0 or -errno with l->why. */
int bench_loop_connect(struct bench_loop *l);

/* Close all sessions, politely as long as the server goes along. */
void bench_loop_disconnect(struct bench_loop *l);

/*
 * Drive `job` until it is dry and answered.  0, or -errno with l->why:
 * -ETIMEDOUT, -ENOTCONN, -EINTR.  Afterwards no request is in flight.
 */
int bench_loop_run(struct bench_loop *l, struct bench_job *job);

/* Say in l->why what `label` failed of, and what a connection did; -err. */
int bench_loop_fail(struct bench_loop *l, const char *label, int err,
                    const char *what);

void bench_errors_add(struct bench_errors *e, int32_t code);

/* All of them together. */
uint64_t bench_errors_sum(const struct bench_errors *e);

#endif
