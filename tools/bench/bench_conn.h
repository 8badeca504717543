/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_conn.h - one client connection of the generator, with its session.
 *
 *     DOWN --open--> GREETING --> READY --close--> CLOSING
 *      ^                |           |                 |
 *      +----------------+-----------+-----------------+
 *
 * GREETING   the ConnectRequest is out, or will be once TCP is connected
 * READY      requests may be sent; replies come in the order of requests
 * CLOSING    closeSession is out, we wait for the server to hang up
 *
 * All connections of a process share the buffers of one `struct bench_io`;
 * a connection keeps only what is left over: half a frame, unsent bytes.
 */
#ifndef TOOLS_BENCH_BENCH_CONN_H
#define TOOLS_BENCH_BENCH_CONN_H

#include <sys/socket.h>

#include "tools/bench/bench_frame.h"

enum bench_conn_state { CONN_DOWN, CONN_GREETING, CONN_READY, CONN_CLOSING };

enum bench_down {
    DOWN_CLOSED,  /* as we asked for */
    DOWN_LOST,    /* the server or the network hung up */
    DOWN_REFUSED, /* the server gave us no session */
    DOWN_GARBAGE, /* what came is no reply to what we sent */
};

/* A request on its way. */
struct bench_flight {
    int64_t start_ns;
    int32_t xid;
    int32_t kind; /* the job's own number for it */
};

struct bench_conn {
    int fd;
    enum bench_conn_state state;
    unsigned index;
    unsigned life;      /* how often it was opened */
    bool was_ready;     /* in this life */
    bool wants_write;   /* registered for EPOLLOUT */
    int32_t xid;        /* of the last request */
    int32_t timeout_ms; /* granted */
    int64_t session_id;
    int64_t opened_ns; /* when connect() was called */
    int64_t sent_ns;   /* the last time something was */
    int64_t retry_ns;  /* DOWN: not before */

    struct bench_flight *flight; /* a ring, oldest first */
    uint32_t flight_mask;
    uint32_t flight_first, flight_end; /* only grow */

    uint8_t *part; /* the beginning of a frame */
    size_t part_size;
    uint8_t *unsent;
    size_t unsent_size;

    uint64_t work; /* the job's: how far this connection is */
};

/* What all connections share, and whom they tell. */
struct bench_io {
    int epoll_fd;
    int64_t now_ns; /* as of the event being handled */
    uint8_t *in;
    size_t in_size;
    uint8_t *out; /* for the caller of bench_conn_send to fill */
    size_t out_size;
    int32_t timeout_ms; /* to ask for */

    void *owner;
    void (*on_ready)(struct bench_io *io, struct bench_conn *c);
    void (*on_reply)(struct bench_io *io, struct bench_conn *c,
                     const struct bench_flight *f, struct bench_reply *r);
    void (*on_event)(struct bench_io *io, struct bench_conn *c);
    /*
     * `c` is DOWN and may be opened again; `lost` requests will never be
     * answered; err is an errno.
     */
    void (*on_down)(struct bench_io *io, struct bench_conn *c,
                    enum bench_down how, int err, unsigned lost);
    /* All that was readable has been handled: time to send more. */
    void (*on_idle)(struct bench_io *io, struct bench_conn *c);
};

/* Buffers and epoll; 0 or -errno.  Close takes a half-open one. */
int bench_io_open(struct bench_io *io, size_t out_size);
void bench_io_close(struct bench_io *io);

/* CLOCK_MONOTONIC in ns. */
int64_t bench_now_ns(void);

#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

/* Room for `depth` flights; 0 or -ENOMEM. */
int bench_conn_new(struct bench_conn *c, unsigned index, unsigned depth);
void bench_conn_free(struct bench_conn *c);

/*
 * Begin to connect to `to`, from the IPv4 loopback address 127.0.0.`source`
 * if that is not 0.  Returns -errno, with the connection DOWN and nobody told,
 * when the socket cannot even try; 0 otherwise, though it may have ended in
 * on_down.
 */
int bench_conn_open(struct bench_conn *c, struct bench_io *io,
                    const struct sockaddr *to, socklen_t to_size,
                    unsigned source);

/* What epoll reported.  Calls the on_ functions. */
void bench_conn_handle(struct bench_conn *c, struct bench_io *io,
                       uint32_t events);

static inline uint32_t
bench_conn_in_flight(const struct bench_conn *c)
{
    return c->flight_end - c->flight_first;
}

static inline bool
bench_conn_has_room(const struct bench_conn *c, uint32_t depth)
{
    return c->state == CONN_READY && c->unsent_size == 0 &&
           bench_conn_in_flight(c) < depth;
}

/* Count a request as sent at `start_ns`; gives its xid. */
int32_t bench_conn_note(struct bench_conn *c, int32_t kind, int64_t start_ns);

/* Send the first `size` bytes of io->out.  May end in on_down. */
void bench_conn_send(struct bench_conn *c, struct bench_io *io, size_t size);

void bench_conn_ping(struct bench_conn *c, struct bench_io *io);

/* Close the session politely (READY only) or just hang up, telling nobody. */
void bench_conn_close(struct bench_conn *c, struct bench_io *io);
void bench_conn_drop(struct bench_conn *c);

#endif
