/* SPDX-License-Identifier: Apache-2.0 */
/* mesh_socket.c - sockets between election ports: their options. */
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "election/mesh_part.h"

/*
 * A silent peer is asked after 5 s, and given up 6 s later; so is one that
 * does not acknowledge what it was sent.  If it has another address, that is
 * tried sooner.  ZK: multiAddress.reachabilityCheckTimeoutMs
 */
enum {
    KEEP_IDLE_S = 5,
    KEEP_EVERY_S = 2,
    KEEP_COUNT = 3,
    UNACKED_MS = 1000 * (KEEP_IDLE_S + KEEP_EVERY_S * KEEP_COUNT),
    IMPATIENT_MS = 1000,
};

_Static_assert((int)MESH_HURRY_S <= (int)KEEP_IDLE_S,
               "no keep-alive is on its way in a hurry");

void
mesh_socket_options(int fd)
{
    int on = 1, idle = KEEP_IDLE_S, every = KEEP_EVERY_S, count = KEEP_COUNT;
    unsigned unacked_ms = UNACKED_MS;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof every);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacked_ms,
               sizeof unacked_ms);
}

void
mesh_be_impatient(int fd, bool is_impatient)
{
    unsigned unacked_ms = is_impatient ? IMPATIENT_MS : UNACKED_MS;

    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacked_ms,
               sizeof unacked_ms);
}

bool
mesh_is_acked(int fd)
{
    int unacked = 0;

    return ioctl(fd, SIOCOUTQ, &unacked) == 0 && unacked == 0;
}
