/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bareserver.c - the yardstick: what a ZooKeeper server that does nothing
 * costs.
 *
 * It reads the same frames from the same sockets and answers as many bytes as
 * a server would for 100-byte values, but has no tree, no sessions, no log.
 * One process, one epoll.  Whatever zabd needs more than this is ours;
 * the rest is the kernel's.
 *
 *     bareserver [PORT]        listens on 127.0.0.1, 2182 by default
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/jute.h"
#include "daemon/zk.h"

enum {
    IN_BYTES = 256 * 1024,
    OUT_BYTES = 4 * IN_BYTES, /* a ping of 12 bytes is answered with 20 */
    VALUE_BYTES = 100,
    FILES_MAX = 1 << 20,
    EVENTS_MAX = 512,
};

/* A connection; `part` is half a frame that came, mostly NULL. */
struct peer {
    uint8_t *part;
    size_t part_size;
    bool has_session;
};

static struct peer *peers;
static uint8_t in[IN_BYTES];
static uint8_t out[OUT_BYTES];

static noreturn void
die(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

/* Any new session is granted what it asks for. */
static void
answer_connect(struct jute_in *request, struct jute_out *reply)
{
    static const uint8_t password[ZK_PASSWORD_BYTES];

    jute_take(request, 12);
    jute_put_i32(reply, 0);
    jute_put_i32(reply, jute_get_i32(request));
    jute_put_i64(reply, 1);
    jute_put_bytes(reply, (struct bytes){password, ZK_PASSWORD_BYTES});
    jute_put_bool(reply, false);
}

/* The body that a server would send after its tree was asked. */
static void
put_body(struct jute_out *reply, int32_t op)
{
    static const uint8_t zeroes[VALUE_BYTES];

    if (op == ZK_OP_GET_DATA)
        jute_put_bytes(reply, (struct bytes){zeroes, VALUE_BYTES});
    if (op == ZK_OP_GET_DATA || op == ZK_OP_EXISTS || op == ZK_OP_SET_DATA)
        jute_put_raw(reply, zeroes, ZK_STAT_BYTES);
    if (op == ZK_OP_GET_CHILDREN || op == ZK_OP_CREATE)
        jute_put_i32(reply, 0); /* an empty vector, an empty path */
    if (op == ZK_OP_MULTI) {
        jute_put_i32(reply, -1);
        jute_put_bool(reply, true);
        jute_put_i32(reply, -1);
    }
}

/* Answer one frame; false when the connection is over after it. */
static bool
answer(struct peer *p, struct jute_in request, struct jute_out *reply)
{
    uint8_t *length = jute_room(reply, 4);
    int32_t xid, op = 0;

    if (!p->has_session) {
        answer_connect(&request, reply);
        p->has_session = true;
    } else {
        xid = jute_get_i32(&request);
        op = jute_get_i32(&request);
        jute_put_i32(reply, xid);
        jute_put_i64(reply, 1);
        jute_put_i32(reply, ZK_OK);
        put_body(reply, op);
    }
    if (request.bad || reply->bad)
        return false;
    store_be32(length, (uint32_t)(reply->at - length - 4));
    return op != ZK_OP_CLOSE_SESSION;
}

static bool
keep_part(struct peer *p, const uint8_t *data, size_t size)
{
    p->part_size = size;
    p->part = size ? malloc(size) : NULL;
    if (p->part)
        memcpy(p->part, data, size);
    return !size || p->part;
}

/* Answer what came; the socket buffers are as patient as we need. */
static bool
serve(int fd, struct peer *p)
{
    size_t kept = p->part_size, size, at = 0;
    struct jute_out reply = jute_out_of(out, sizeof out);
    bool goes_on = true;
    ssize_t n;

    if (kept)
        memcpy(in, p->part, kept);
    free(p->part);
    p->part = NULL;
    n = recv(fd, in + kept, sizeof in - kept, 0);
    if (n <= 0)
        return n < 0 && errno == EAGAIN && keep_part(p, in, kept);
    size = kept + (size_t)n;
    while (goes_on && size - at >= 4 && size - at - 4 >= load_be32(in + at)) {
        size_t length = load_be32(in + at);

        goes_on = answer(p, jute_in_of(in + at + 4, length), &reply);
        at += 4 + length;
    }
    size_t wanted = jute_out_size(&reply);
    if (wanted && send(fd, out, wanted, MSG_NOSIGNAL) != (ssize_t)wanted)
        return false;
    return goes_on && keep_part(p, in + at, size - at);
}

static void
hang_up(int fd)
{
    free(peers[fd].part);
    peers[fd] = (struct peer){0};
    close(fd);
}

static void
welcome(int epoll_fd, int listen_fd)
{
    struct epoll_event ev = {.events = EPOLLIN};
    int on = 1, fd;

    while ((fd = accept4(listen_fd, NULL, NULL,
                         SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        ev.data.fd = fd;
        if (fd >= FILES_MAX || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0)
            close(fd);
    }
}

static int
listen_on(uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
        bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, 4096))
        die("bareserver: listen");
    return fd;
}

int
main(int argc, char **argv)
{
    struct epoll_event ev[EVENTS_MAX] = {{.events = EPOLLIN}};
    int listen_fd = listen_on((uint16_t)atoi(argc > 1 ? argv[1] : "2182"));
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct rlimit files;

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    peers = calloc(FILES_MAX, sizeof *peers);
    ev[0].data.fd = listen_fd;
    if (!peers || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listen_fd, ev) < 0)
        die("bareserver");
    for (;;) {
        int n = epoll_wait(epoll_fd, ev, EVENTS_MAX, -1);

        for (int i = 0; i < n; i++)
            if (ev[i].data.fd == listen_fd)
                welcome(epoll_fd, listen_fd);
            else if (!serve(ev[i].data.fd, &peers[ev[i].data.fd]))
                hang_up(ev[i].data.fd);
    }
}
