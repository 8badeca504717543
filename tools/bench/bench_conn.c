/* SPDX-License-Identifier: Apache-2.0 */
/* bench_conn.c - see bench_conn.h.  Source: spec/client-protocol.md 1, 2. */
#include "tools/bench/bench_conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "daemon/check.h"
#include "daemon/zk.h"

enum { IN_BYTES = 256 * 1024, IN_ROOM = 64 * 1024, KIND_CLOSE = -1 };

int64_t
bench_now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int
bench_io_open(struct bench_io *io, size_t out_size)
{
    int rc = 0;

    io->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (io->epoll_fd < 0)
        rc = -errno;
    io->in_size = IN_BYTES;
    io->out_size = out_size;
    io->in = malloc(io->in_size);
    io->out = malloc(io->out_size);
    if (rc == 0 && (!io->in || !io->out))
        rc = -ENOMEM;
    if (rc < 0)
        bench_io_close(io);
    return rc;
}

void
bench_io_close(struct bench_io *io)
{
    if (io->epoll_fd >= 0)
        close(io->epoll_fd);
    io->epoll_fd = -1;
    free(io->in);
    free(io->out);
    io->in = io->out = NULL;
}

int
bench_conn_new(struct bench_conn *c, unsigned index, unsigned depth)
{
    uint32_t slots = 2; /* one spare, for closeSession */

    while (slots < depth + 1)
        slots *= 2;
    *c = (struct bench_conn){.fd = -1, .index = index};
    c->flight_mask = slots - 1;
    c->flight = calloc(slots, sizeof *c->flight);
    return c->flight ? 0 : -ENOMEM;
}

void
bench_conn_free(struct bench_conn *c)
{
    bench_conn_drop(c);
    free(c->flight);
    c->flight = NULL;
}

void
bench_conn_drop(struct bench_conn *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    c->state = CONN_DOWN;
    c->flight_first = c->flight_end;
    free(c->part);
    free(c->unsent);
    c->part = c->unsent = NULL;
    c->part_size = c->unsent_size = 0;
}

static void
go_down(struct bench_conn *c, struct bench_io *io, enum bench_down how, int err)
{
    unsigned lost = bench_conn_in_flight(c);

    if (c->state == CONN_CLOSING && lost > 0)
        lost--; /* closeSession itself is nobody's request */
    bench_conn_drop(c);
    io->on_down(io, c, how, err, lost);
}

/* --- sending -------------------------------------------------------------- */

static void
watch_writable(struct bench_conn *c, struct bench_io *io, bool wanted)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};

    if (c->wants_write == wanted)
        return;
    if (wanted)
        ev.events |= EPOLLOUT;
    c->wants_write = wanted;
    epoll_ctl(io->epoll_fd, EPOLL_CTL_MOD, c->fd, &ev);
}

/* Keep what the socket did not take. */
static int
keep_unsent(struct bench_conn *c, const uint8_t *data, size_t size)
{
    uint8_t *grown = realloc(c->unsent, c->unsent_size + size);

    if (!grown)
        return -ENOMEM;
    memcpy(grown + c->unsent_size, data, size);
    c->unsent = grown;
    c->unsent_size += size;
    return 0;
}

static void
send_bytes(struct bench_conn *c, struct bench_io *io, const uint8_t *data,
           size_t size)
{
    ssize_t n = 0;

    c->sent_ns = io->now_ns;
    if (c->unsent_size == 0)
        n = send(c->fd, data, size, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) {
        go_down(c, io, DOWN_LOST, errno);
        return;
    }
    n = n < 0 ? 0 : n;
    if ((size_t)n == size)
        return;
    if (keep_unsent(c, data + n, size - (size_t)n) < 0)
        go_down(c, io, DOWN_LOST, ENOMEM);
    else
        watch_writable(c, io, true);
}

void
bench_conn_send(struct bench_conn *c, struct bench_io *io, size_t size)
{
    check(size <= io->out_size);
    send_bytes(c, io, io->out, size);
}

static bool
flush_unsent(struct bench_conn *c, struct bench_io *io)
{
    ssize_t n = send(c->fd, c->unsent, c->unsent_size, MSG_NOSIGNAL);

    if (n < 0 && errno != EAGAIN) {
        go_down(c, io, DOWN_LOST, errno);
        return false;
    }
    n = n < 0 ? 0 : n;
    c->unsent_size -= (size_t)n;
    memmove(c->unsent, c->unsent + n, c->unsent_size);
    if (c->unsent_size == 0)
        watch_writable(c, io, false);
    return true;
}

int32_t
bench_conn_note(struct bench_conn *c, int32_t kind, int64_t start_ns)
{
    struct bench_flight *f = &c->flight[c->flight_end++ & c->flight_mask];

    check(bench_conn_in_flight(c) <= c->flight_mask + 1);
    c->xid = c->xid == INT32_MAX ? 1 : c->xid + 1;
    *f = (struct bench_flight){start_ns, c->xid, kind};
    return c->xid;
}

static void
send_bare(struct bench_conn *c, struct bench_io *io, int32_t xid, int32_t op)
{
    uint8_t frame[12];
    struct jute_out out = jute_out_of(frame, sizeof frame);

    bench_end(&out, bench_begin(&out, xid, op));
    send_bytes(c, io, frame, sizeof frame);
}

void
bench_conn_ping(struct bench_conn *c, struct bench_io *io)
{
    send_bare(c, io, BENCH_XID_PING, ZK_OP_PING);
}

void
bench_conn_close(struct bench_conn *c, struct bench_io *io)
{
    check(c->state == CONN_READY);
    c->state = CONN_CLOSING;
    send_bare(c, io, bench_conn_note(c, KIND_CLOSE, io->now_ns),
              ZK_OP_CLOSE_SESSION);
}

/* --- opening -------------------------------------------------------------- */

static int
bind_source(int fd, unsigned source)
{
    struct sockaddr_in from = {.sin_family = AF_INET};
    int on = 1;

    if (source == 0)
        return 0;
    from.sin_addr.s_addr = htonl(0x7f000000U + source);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    return bind(fd, (struct sockaddr *)&from, sizeof from) < 0 ? -errno : 0;
}

/*
 * Said at once: on loopback connect() has mostly succeeded already, and if
 * not, the bytes wait until the socket turns writable.
 */
static void
greet(struct bench_conn *c, struct bench_io *io)
{
    uint8_t frame[BENCH_CONNECT_FRAME_BYTES];
    struct jute_out out = jute_out_of(frame, sizeof frame);

    bench_put_connect(&out, io->timeout_ms);
    send_bytes(c, io, frame, sizeof frame);
}

int
bench_conn_open(struct bench_conn *c, struct bench_io *io,
                const struct sockaddr *to, socklen_t to_size, unsigned source)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
    int on = 1, rc;

    check(c->state == CONN_DOWN);
    c->fd =
        socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    rc = c->fd < 0 ? -errno : bind_source(c->fd, source);
    if (rc == 0) {
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (connect(c->fd, to, to_size) < 0 && errno != EINPROGRESS)
            rc = -errno;
    }
    if (rc == 0 && epoll_ctl(io->epoll_fd, EPOLL_CTL_ADD, c->fd, &ev) < 0)
        rc = -errno;
    if (rc < 0) {
        bench_conn_drop(c);
        return rc;
    }
    c->state = CONN_GREETING;
    c->life++;
    c->was_ready = c->wants_write = false;
    c->xid = 0;
    c->opened_ns = io->now_ns;
    greet(c, io);
    return 0;
}

/* --- receiving ------------------------------------------------------------ */

static void
on_grant(struct bench_conn *c, struct bench_io *io, struct bytes frame)
{
    struct bench_grant grant;

    if (!bench_read_grant(frame, &grant)) {
        go_down(c, io, DOWN_GARBAGE, EPROTO);
        return;
    }
    if (grant.timeout_ms <= 0) {
        go_down(c, io, DOWN_REFUSED, ECONNREFUSED);
        return;
    }
    c->timeout_ms = grant.timeout_ms;
    c->session_id = grant.session_id;
    c->state = CONN_READY;
    c->was_ready = true;
    io->on_ready(io, c);
}

static void
on_frame(struct bench_conn *c, struct bench_io *io, struct bytes frame)
{
    struct bench_flight flight;
    struct bench_reply reply;

    if (c->state == CONN_GREETING) {
        on_grant(c, io, frame);
        return;
    }
    if (!bench_read_reply(frame, &reply)) {
        go_down(c, io, DOWN_GARBAGE, EPROTO);
        return;
    }
    if (reply.xid == BENCH_XID_EVENT) {
        io->on_event(io, c);
        return;
    }
    if (reply.xid == BENCH_XID_PING)
        return;
    flight = c->flight[c->flight_first & c->flight_mask];
    if (bench_conn_in_flight(c) == 0 || flight.xid != reply.xid) {
        go_down(c, io, DOWN_GARBAGE, EPROTO);
        return;
    }
    c->flight_first++;
    if (flight.kind != KIND_CLOSE)
        io->on_reply(io, c, &flight, &reply);
}

/* Handle all whole frames of io->in; keep the rest for the next time. */
static void
take_frames(struct bench_conn *c, struct bench_io *io, size_t size)
{
    size_t at = 0;
    struct bytes frame;
    int64_t used = 0;
    unsigned life = c->life;

    while (c->life == life && c->state != CONN_DOWN) {
        used = bench_frame_cut(io->in + at, size - at, &frame);
        if (used <= 0)
            break;
        at += (size_t)used;
        on_frame(c, io, frame);
    }
    if (c->life != life || c->state == CONN_DOWN)
        return; /* what is left was for the connection that was */
    if (used < 0) {
        go_down(c, io, DOWN_GARBAGE, EPROTO);
        return;
    }
    if (at < size) {
        c->part_size = size - at;
        c->part = malloc(c->part_size);
        if (!c->part) {
            go_down(c, io, DOWN_LOST, ENOMEM);
            return;
        }
        memcpy(c->part, io->in + at, c->part_size);
    }
}

/* Put the kept part in front; make room for all of its frame. */
static bool
restore_part(struct bench_conn *c, struct bench_io *io)
{
    size_t wanted = c->part_size + IN_ROOM;
    uint8_t *grown;

    if (c->part_size >= 4 && load_be32(c->part) + (size_t)IN_ROOM > wanted)
        wanted = load_be32(c->part) + (size_t)IN_ROOM;
    if (wanted > io->in_size) {
        grown = realloc(io->in, wanted);
        if (!grown)
            return false;
        io->in = grown;
        io->in_size = wanted;
    }
    if (c->part_size)
        memcpy(io->in, c->part, c->part_size);
    free(c->part);
    c->part = NULL;
    c->part_size = 0;
    return true;
}

static void
read_some(struct bench_conn *c, struct bench_io *io)
{
    size_t kept = c->part_size;
    ssize_t n;

    if (!restore_part(c, io)) {
        go_down(c, io, DOWN_LOST, ENOMEM);
        return;
    }
    n = recv(c->fd, io->in + kept, io->in_size - kept, 0);
    io->now_ns = bench_now_ns();
    if (n > 0 || (n < 0 && errno == EAGAIN))
        take_frames(c, io, kept + (n > 0 ? (size_t)n : 0));
    else
        go_down(c, io, c->state == CONN_CLOSING ? DOWN_CLOSED : DOWN_LOST,
                n < 0 ? errno : ECONNRESET);
}

void
bench_conn_handle(struct bench_conn *c, struct bench_io *io, uint32_t events)
{
    if (c->state == CONN_DOWN)
        return; /* closed by an earlier event of the same batch */
    if ((events & (EPOLLOUT | EPOLLERR)) && c->unsent_size &&
        !flush_unsent(c, io))
        return;
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        read_some(c, io);
    if (c->state == CONN_READY)
        io->on_idle(io, c);
}
